"""A question becomes public, is answered, accepted and found; and replies from the help go into the agent's message."""

import asyncio
import re

import pytest
from playwright.async_api import Route, expect

from tests.browser.desk import Desk, comes_true

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TITLE = "How do I get rid of limescale in my kettle?"
MESSAGE = "document.querySelector('message-composer textarea')"


async def settled(desk: Desk) -> int:
    """A ticket of Carla's that Amir had, closed."""
    ticket = await desk.live.raise_ticket(query=TITLE)
    await desk.live.do("ada", ticket, "assign_agent", agent=desk.live.id("amir"))
    await desk.live.do("carla", ticket, "close_ticket")
    return ticket


async def test_a_question_is_published_answered_accepted_and_found(desk: Desk) -> None:
    ticket = await settled(desk)
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    await carla.get_by_role("link", name="publish the question").click()
    await carla.get_by_label("What others need to know").fill("White flakes, call me at +49 30 123456.")
    await carla.get_by_role("button", name="Show me how it looks").click()
    await expect(carla.get_by_label("How it looks")).to_contain_text("Asked by Carla C.")
    await carla.get_by_label("What others need to know").fill("White flakes everywhere.")
    await carla.get_by_role("button", name="Hand it in").click()
    await expect(carla.get_by_text("An agent reads it before anybody else does")).to_be_visible()

    amir = await desk.visit("amir", "/help/questions", live=False)
    await amir.get_by_role("link", name="To be looked at 1").click()
    await amir.get_by_role("button", name="Make it public").click()
    await expect(amir.get_by_text("It is public now")).to_be_visible()

    omar = await desk.visit("omar", "/help/questions", live=False)
    await omar.get_by_role("link", name=re.compile(re.escape(TITLE))).click()
    await omar.get_by_label("Your answer").fill("Boil vinegar in it.\n<b>Rinse</b> it twice.")
    await omar.get_by_role("button", name="Publish the answer").click()
    await expect(omar.get_by_text("Your answer is public")).to_be_visible()
    await expect(omar.get_by_role("button", name="Helpful")).to_have_count(0)

    await carla.goto(omar.url.partition("?")[0])
    await carla.get_by_role("button", name="Helpful").click()
    await expect(carla.get_by_role("button", name="Helpful")).to_have_attribute("aria-pressed", "true")
    await expect(carla.get_by_text("1 found this helpful")).to_be_visible()

    await amir.goto(carla.url.partition("#")[0])
    await amir.get_by_role("button", name="Mark as accepted").click()
    await expect(amir.get_by_text("Accepted answer", exact=True)).to_be_visible()

    await omar.goto("/help")
    await omar.get_by_label("Your question").press_sequentially("limescale in the kettle")
    found = omar.locator("#found").get_by_role("link", name=re.compile(re.escape(TITLE)))
    await expect(found).to_contain_text("Boil vinegar in it. <b>Rinse</b> it twice.")
    await expect(found.get_by_text("Asked by a customer")).to_be_visible()


async def test_what_is_handed_in_can_be_looked_at_again_apart_from_what_is_said_of_it(desk: Desk) -> None:
    ticket = await settled(desk)
    carla = await desk.visit("carla", f"/tickets/{ticket}/publish", live=False)
    await carla.get_by_label("What others need to know").fill("White flakes everywhere.")
    await carla.get_by_role("button", name="Hand it in").click()
    await carla.get_by_role("link", name="Change it").click()
    await carla.get_by_role("button", name="Show me how it looks").click()

    said = await carla.get_by_text("You can still change it.").bounding_box()
    shown = await carla.get_by_label("How it looks").bounding_box()

    assert said is not None
    assert shown is not None
    assert shown["y"] - (said["y"] + said["height"]) >= 8


async def test_a_reply_from_the_help_is_put_where_the_cursor_is_and_can_be_taken_out_again(
    desk: Desk,
) -> None:
    ticket = await desk.live.raise_ticket(query="I forgot my password")
    await desk.live.do("ada", ticket, "assign_agent", agent=desk.live.id("amir"))
    page = await desk.visit("amir", f"/tickets/{ticket}")
    field = page.get_by_role("textbox", name="Message")
    await field.fill("Hello Carla,\nbest wishes")
    await page.evaluate(f"{MESSAGE}.setSelectionRange(0, 12)")  # “Hello Carla,”, which must stay

    insert = page.get_by_role("button", name="Insert “Forgotten your password”")
    await insert.focus()
    await page.keyboard.press("Enter")

    await expect(field).to_be_focused()
    written = await field.input_value()
    first, *between, last = written.split("\n")
    assert (first, last) == ("Hello Carla,", "best wishes")
    assert between[-1] == f"Forgotten your password: {desk.live.url}/help/forgotten-password"
    assert len(between[0]) > 20
    assert await desk.live.rows("SELECT seq FROM entries WHERE type = 'message_posted'") == []
    await page.keyboard.press("Control+z")
    await expect(field).to_have_value("Hello Carla,\nbest wishes")


async def test_what_the_customer_says_next_is_looked_for_too(desk: Desk) -> None:
    ticket = await desk.live.raise_ticket(query="Hm")
    await desk.live.do("ada", ticket, "assign_agent", agent=desk.live.id("amir"))
    page = await desk.visit("amir", f"/tickets/{ticket}", viewport={"width": 390, "height": 844})
    box = page.locator("#suggested")
    await expect(box).not_to_be_visible()
    await page.get_by_role("button", name="Replies", exact=True).click()
    await expect(box.get_by_text("The help knows nothing about this.")).to_be_visible()

    await desk.live.do("carla", ticket, "post_message", body="Can I take back a message?")
    await box.get_by_role("button", name="Insert “Taking a message back”").click()

    await expect(box).not_to_be_visible()
    await comes_true(page, f"{MESSAGE}.value.includes('/help/take-back-a-message')")


async def test_replies_that_are_found_after_the_ticket_was_closed_go_nowhere(desk: Desk) -> None:
    ticket = await desk.live.raise_ticket(query="I forgot my password")
    await desk.live.do("ada", ticket, "assign_agent", agent=desk.live.id("amir"))
    asked, closed = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        asked.set()
        await closed.wait()
        await route.continue_()

    page = await desk.visit("amir")
    await page.route("**/suggestions", hold)
    await page.goto(f"/tickets/{ticket}")
    await page.wait_for_selector("[data-live]")
    await asked.wait()
    await desk.live.do("carla", ticket, "close_ticket")
    await expect(page.locator("#suggested > *")).to_have_count(0)

    async with page.expect_response("**/suggestions") as found:
        closed.set()
    await (await found.value).finished()
    await page.evaluate("fetch('/healthz').then((answer) => answer.text())")  # comes after it

    assert desk.complaints == []


async def test_a_customers_page_loads_nothing_of_it(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    page = await desk.visit("carla", f"/tickets/{ticket}")

    loaded = await page.evaluate("performance.getEntriesByType('resource').map((one) => one.name).join(' ')")

    assert "ticket-" in loaded
    assert "suggest" not in loaded
    await expect(page.locator("#suggested")).to_have_count(0)
