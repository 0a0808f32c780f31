"""The whole story by forms alone, in browsers that run no scripts."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BODY = "textarea[name=body]"
PLAIN: dict[str, Any] = {"java_script_enabled": False}


async def send(page: Page, form: str) -> None:
    """Press the form's one button."""
    await page.click(f"{form} button[type=submit]")


async def test_from_registering_to_rating(desk: Desk) -> None:
    # Dora is new, and raises a ticket.
    dora = await desk.newcomer(**PLAIN)
    await dora.click("text=New ticket")
    await dora.fill("[name=query]", "The lamp flickers")
    await send(dora, "main form")
    await expect(dora).to_have_url(f"{desk.live.url}/tickets/1")

    # Ada gives it to Amir from the board.
    ada = await desk.visit("ada", **PLAIN)
    await ada.locator("#t1 select").select_option(label="Amir Azad · 0 open")
    await send(ada, "#t1 .assign")
    await expect(ada.locator("#t1 .status")).to_have_text("Assigned")
    await desk.mailed("agent_assigned", "dora")
    await desk.mailed("ticket_assigned", "amir")
    await dora.reload()
    await expect(dora.locator("#about")).to_contain_text("amir@example.org")

    # Both talk; the newest is in view.
    amir = await desk.visit("amir", "/tickets/1", **PLAIN)
    for number in range(12):
        await amir.fill(BODY, f"Line {number}")
        await send(amir, "message-composer")
    await amir.check("[value=post_note]")
    await amir.fill(BODY, "Bulb or wire?")
    await send(amir, "message-composer")
    await expect(amir.locator(".note .body")).to_be_in_viewport()
    await dora.reload()
    await expect(dora.locator(".entries .body").last).to_have_text("Line 11")
    await expect(dora.locator(".entries .body").last).to_be_in_viewport()
    await dora.click(".entry:last-child .reply")
    await dora.fill(BODY, "Yes, that one")
    await send(dora, "message-composer")
    await expect(dora.locator(".entry").last.locator(".quote")).to_contain_text("Line 11")

    # She takes it back, he closes, she rates.
    await dora.click(".entry:last-child .undo")
    await send(dora, "#panel")
    await expect(dora.locator(".redacted .body")).to_have_text("Message taken back")
    await amir.click("#actions summary")
    await send(amir, "#actions details")
    await expect(amir.locator(BODY)).to_have_count(0)
    await dora.fill(BODY, "Too late")
    await send(dora, "message-composer")
    await expect(dora.locator("#panel")).to_contain_text("Not sent: The ticket is closed.")
    await expect(dora.locator("#panel")).to_contain_text("Too late")
    desk.complaints.clear()  # the browser's own line about the answer's status
    await dora.get_by_role("radio", name="5 stars").check()
    await dora.click("#panel button[type=submit] >> nth=0")
    await expect(dora.locator("#panel")).to_contain_text("5 of 5 stars")
    await ada.goto("/tickets?show=closed")
    await expect(ada.locator("#t1 .rated")).to_have_text("5 of 5 ★")


async def test_a_phone_reaches_the_actions(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}", viewport={"width": 360, "height": 740}, **PLAIN)
    await expect(carla.locator("#actions")).to_be_hidden()

    await carla.get_by_role("button", name="Actions").click()
    await carla.click("#actions summary")
    await send(carla, "#actions")

    await expect(carla.locator("#about .status")).to_have_text("Closed")
    await expect(carla.get_by_role("radio", name="5 stars")).to_be_visible()
