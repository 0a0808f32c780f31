"""The assistant on a ticket's timeline: the embedded one, and Watson's stand-in behind the real SDK."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from ccr.desk.clock import HOUR
from tests.browser.desk import Desk, open_desk
from tests.live import WITHIN
from tests.watson import PERSON, Watson

pytestmark = [pytest.mark.browser, pytest.mark.slow]

KNOWN = "How do I change my password?"


@pytest.fixture
async def with_bot(tmp_path: Path, chromium_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path, chromium_path, bot=True) as opened:
        yield opened


@pytest.fixture
async def with_watson(tmp_path: Path, chromium_path: Path, watson: Watson) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path, chromium_path, bot=True, assistant=watson.assistant()) as opened:
        yield opened


async def write(page: Page, text: str) -> None:
    """Send a message, which is stored when this returns."""
    await page.get_by_label("Message", exact=True).fill(text)
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator(".entries .mine .body").get_by_text(text, exact=True).last).to_be_visible()


async def has_read(desk: Desk, seq: int) -> None:
    """Until it is stored that Carla has read this far."""
    async with asyncio.timeout(WITHIN):
        while not await desk.live.rows("SELECT seq FROM read_marks WHERE seq >= ?", seq):
            await asyncio.sleep(0.02)


async def bots_entries(desk: Desk) -> int:
    """How often the bot has said or done something, once it has nothing in the making."""
    bot = desk.live.registry.bot
    assert bot is not None
    await bot.idle()
    return len(await desk.live.rows("SELECT seq FROM entries WHERE actor_role = 'bot'"))


async def tell_how_long(desk: Desk, ticket: int) -> None:
    """Make it true, an hour early, that Carla has waited for an hour; and have her told."""
    database, bot = desk.live.registry.database, desk.live.registry.bot
    assert bot is not None
    await database.write(
        lambda c: c.run("UPDATE tickets SET waiting_since = waiting_since - ? WHERE id = ?", HOUR, ticket)
    )
    await bot.look_around()


async def test_the_bot_answers_until_carla_wants_a_person(with_bot: Desk) -> None:
    desk = with_bot
    carla = await desk.visit("carla", "/tickets/new", live=False)
    await carla.get_by_label("What is it about?").fill(KNOWN)
    await carla.get_by_role("button", name="Raise the ticket").click()
    await carla.wait_for_url("**/tickets/1")
    await expect(carla.locator(".bot .body a")).to_have_attribute("href", "/help/change-details")
    await expect(carla.locator(".bot .by")).to_have_text("Assistant")
    await carla.wait_for_selector("[data-live]")

    await carla.get_by_role("button", name="Talk to a person").click()

    await expect(carla.locator(".line").get_by_text("asked for a person")).to_be_visible()
    await expect(carla.get_by_role("button", name="Talk to a person")).to_have_count(0)
    await expect(carla.get_by_label("Message", exact=True)).to_be_focused()
    await write(carla, "How do I reopen a ticket?")
    await desk.live.do("ada", 1, "assign_agent", agent=desk.live.id("amir"))
    amir = await desk.visit("amir", "/tickets/1")
    await expect(amir.locator(".bot .body")).to_contain_text("More in the help")
    await expect(amir.locator(".line").get_by_text("asked for a person")).to_be_visible()
    assert await bots_entries(desk) == 1


async def test_the_word_is_enough_and_so_is_a_form(with_bot: Desk) -> None:
    desk = with_bot
    first, second = await desk.live.raise_ticket(), await desk.live.raise_ticket()
    carla = await desk.visit("carla", f"/tickets/{first}")
    await write(carla, "Can I talk to a person?")
    await expect(carla.locator(".line").get_by_text("asked for a person")).to_be_visible()
    await expect(carla.get_by_role("button", name="Talk to a person")).to_have_count(0)

    plain = await desk.visit("carla", f"/tickets/{second}", java_script_enabled=False)
    await plain.get_by_role("button", name="Talk to a person").click()

    await expect(plain.locator(".line").get_by_text("asked for a person")).to_be_visible()
    await expect(plain.get_by_role("button", name="Talk to a person")).to_have_count(0)


async def test_watson_talks_on_the_ticket_until_amir_does(with_watson: Desk, watson: Watson) -> None:
    desk = with_watson
    ticket = await desk.live.raise_ticket(query="My kettle hums")
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    await expect(carla.locator(".bot .body")).to_contain_text("run by IBM Watson, a program")
    await has_read(desk, 2)
    assert watson.heard == []

    await write(carla, "menu")
    await expect(carla.locator(".bot .body").last).to_contain_text("Which one?\n1. The bill\n2. The parcel")
    await write(carla, "2")
    await expect(carla.locator(".bot .body").last).to_have_text("You said parcel")
    await write(carla, "markup")
    await expect(carla.locator(".bot .body").last).to_contain_text(
        "<img src=x onerror=alert(1)> [x](javascript:alert(1))"
    )
    await desk.live.do("ada", ticket, "assign_agent", agent=desk.live.id("amir"))
    amir = await desk.visit("amir", f"/tickets/{ticket}")
    await expect(amir.locator(".bot")).to_have_count(4)
    for page in (carla, amir):
        assert await page.locator(".entries .body *, .entries [href^=javascript]").count() == 0
    await write(amir, "Good morning!")
    await expect(carla.get_by_role("button", name="Talk to a person")).to_have_count(0)
    await write(carla, "Good morning, Amir")

    assert await bots_entries(desk) == 4
    assert watson.heard == ["menu", "parcel", "markup"]


async def test_what_watson_offers_can_be_tapped(with_watson: Desk, watson: Watson) -> None:
    desk = with_watson
    ticket = await desk.live.raise_ticket(query="My kettle hums")
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    await expect(carla.locator(".bot .body")).to_contain_text("run by IBM Watson, a program")
    await has_read(desk, 2)
    offered = carla.get_by_role("group", name="Choose an answer").get_by_role("button")

    await write(carla, "tricky menu")
    await expect(offered).to_have_text(["<img src=x onerror=alert(1)>", "The parcel"])
    await write(carla, "menu")
    await expect(offered).to_have_text(["The bill", "The parcel"])
    assert (await Axe().run(carla)).response["violations"] == []
    await tell_how_long(desk, ticket)
    await expect(carla.locator(".bot .body").last).to_contain_text("No agent has answered yet")
    await expect(offered).to_have_text(["The bill", "The parcel"])
    await offered.last.focus()
    await carla.keyboard.press("Enter")
    await expect(carla.locator(".entries .mine .body").last).to_have_text("The parcel")
    await expect(carla.locator(".bot .body").last).to_have_text("You said parcel")
    await expect(offered).to_have_count(0)
    await expect(carla.get_by_label("Message", exact=True)).to_be_focused()

    await write(carla, "unsure")
    await expect(offered).to_have_text(["Paying"])
    await desk.live.do("ada", ticket, "assign_agent", agent=desk.live.id("amir"))
    amir = await desk.visit("amir", f"/tickets/{ticket}")
    await expect(amir.locator(".bot .body").last).to_contain_text("1. Paying")
    await carla.reload()
    await expect(offered).to_have_text(["Paying"])
    await expect(amir.locator(".choices")).to_have_count(0)
    await write(amir, "Good morning!")
    await expect(carla.get_by_text("Good morning!", exact=True)).to_be_visible()
    await expect(offered).to_have_count(0)
    assert watson.heard == ["tricky menu", "menu", "parcel", "unsure"]


async def test_watsons_last_words_stand_before_it_hands_over(with_watson: Desk, watson: Watson) -> None:
    desk = with_watson
    ticket = await desk.live.raise_ticket(query="My kettle hums")
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    await expect(carla.locator(".bot .body")).to_contain_text("run by IBM Watson, a program")
    await has_read(desk, 2)

    warning = {"response_type": "text", "text": "Unplug it now."}
    watson.next = [None, json.dumps({"output": {"generic": [warning, PERSON]}})]

    await write(carla, "It burns")

    await expect(carla.locator(".bot .body").last).to_have_text("Unplug it now.\nSomebody is here.")
    await expect(carla.locator(".line").get_by_text("asked for a person")).to_be_visible()
    await expect(carla.get_by_role("button", name="Talk to a person")).to_have_count(0)


async def test_while_watson_hangs_people_talk(with_watson: Desk, watson: Watson) -> None:
    desk = with_watson
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    await expect(carla.locator(".bot")).to_have_count(1)
    await has_read(desk, 3)
    watson.always = "hang"

    await write(carla, "Any idea?")
    await desk.live.do("amir", ticket, "post_message", body="I am.")

    await expect(carla.get_by_text("I am.", exact=True)).to_be_visible()
    watson.released.set()
    assert await bots_entries(desk) == 1
    assert watson.heard == []
