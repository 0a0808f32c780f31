"""The assistant where a ticket is raised, which it settles or fills in the form for: the embedded one, and Watson's
stand-in behind the real SDK.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.desk import Desk, open_desk
from tests.watson import Watson

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
async def with_watson(tmp_path: Path, chromium_path: Path, watson: Watson) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path, chromium_path, bot=True, assistant=watson.assistant()) as opened:
        yield opened


async def ask(page: Page, text: str) -> None:
    """Type it into the assistant."""
    await page.get_by_label("Your question").fill(text)
    await page.keyboard.press("Enter")


async def test_the_assistant_settles_it_and_there_is_no_ticket(desk: Desk) -> None:
    page = await desk.visit("carla", "/tickets/new", live=False)
    await page.get_by_role("link", name="Ask", exact=True).click()
    await expect(page.get_by_text("What is it about? Tell me")).to_be_visible()

    await ask(page, "can i take back a mesage")
    await expect(page.get_by_role("log").get_by_role("link", name="Taking a message back")).to_be_visible()
    await page.get_by_role("button", name="That settles it").click()

    await expect(page.get_by_text("no ticket is needed")).to_be_visible()
    await page.get_by_role("log").get_by_role("link", name="My tickets").click()
    await page.wait_for_url("**/tickets")
    assert await desk.live.count("tickets") == 0


async def test_what_it_does_not_know_it_puts_into_the_form(desk: Desk) -> None:
    page = await desk.visit("carla", "/tickets/new", live=False)
    await page.get_by_role("link", name="Ask", exact=True).click()
    await ask(page, "My kettle <b>hums</b>")
    await expect(page.get_by_text("I don’t know that")).to_be_visible()
    await expect(page.get_by_text("If you cannot get into yours")).to_have_count(0)
    await expect(page.get_by_role("button", name="That settles it")).to_have_count(0)
    await ask(page, "Since yesterday")

    await page.get_by_role("button", name="Fill in the form for me").click()

    await expect(page.get_by_label("What is it about?")).to_have_value("My kettle <b>hums</b>")
    await expect(page.get_by_label("What is it about?")).to_be_focused()
    await expect(page.get_by_label("Details")).to_have_value("My kettle <b>hums</b>\nSince yesterday")
    await page.get_by_role("button", name="Raise the ticket").click()
    await page.wait_for_url("**/tickets/1")
    await expect(page.locator(".opening .query")).to_have_text("My kettle <b>hums</b>")


async def test_a_greeting_is_not_what_the_ticket_is_about(desk: Desk) -> None:
    page = await desk.visit("carla", "/tickets/new", live=False)
    fill = page.get_by_role("button", name="Fill in the form for me")
    await page.get_by_role("link", name="Ask", exact=True).click()
    await ask(page, "Hello there!")
    await expect(page.get_by_text("Hello, I am the assistant")).to_be_visible()
    await expect(fill).to_have_count(0)
    await ask(page, "My kettle hums")
    await expect(fill).to_have_count(1)
    await ask(page, "Since yesterday")
    await expect(page.get_by_text("I don’t know that")).to_have_count(2)

    await fill.click()

    await expect(page.get_by_label("What is it about?")).to_have_value("My kettle hums")
    await expect(page.get_by_label("Details")).to_have_value("My kettle hums\nSince yesterday")


async def test_what_is_in_the_form_is_not_put_there_again(desk: Desk) -> None:
    page = await desk.visit("carla", "/tickets/new", live=False)
    bubble = page.get_by_role("link", name="Ask", exact=True)
    fill = page.get_by_role("button", name="Fill in the form for me")
    await bubble.click()
    await ask(page, "My kettle hums")
    await fill.click()
    await bubble.click()
    await expect(page.get_by_text("That is in the form now.")).to_be_visible()
    await expect(fill).to_have_count(0)

    await ask(page, "Since yesterday")
    await fill.click()

    await expect(page.get_by_label("What is it about?")).to_have_value("My kettle hums")
    await expect(page.get_by_label("Details")).to_have_value("Since yesterday")


async def test_what_is_said_in_quick_succession_is_offered_to_the_form_once(desk: Desk) -> None:
    page = await desk.visit("carla", "/tickets/new", live=False)
    await page.get_by_role("link", name="Ask", exact=True).click()
    await ask(page, "My kettle hums")
    await ask(page, "Since yesterday")

    await expect(page.get_by_text("I don’t know that")).to_have_count(2)
    await expect(page.get_by_role("button", name="Fill in the form for me")).to_have_count(1)


async def test_the_agent_reads_what_the_assistant_had_asked(with_watson: Desk) -> None:
    page = await with_watson.visit("carla", "/tickets/new", live=False)
    await page.get_by_role("link", name="Ask", exact=True).click()
    await expect(page.get_by_text("What you write here goes to IBM")).to_be_visible()
    await ask(page, "menu")
    await page.get_by_role("button", name="The bill", exact=True).click()
    await expect(page.get_by_text("You said bill")).to_be_visible()

    await page.get_by_role("button", name="Fill in the form for me").click()
    await page.get_by_role("button", name="Raise the ticket").click()

    await page.wait_for_url("**/tickets/1")
    await expect(page.locator(".opening .details")).to_have_text("menu\nAssistant: Which one?\nThe bill")


async def test_where_both_are_too_much_it_is_the_customers_words_that_stay(with_watson: Desk) -> None:
    page = await with_watson.visit("carla", "/tickets/new", live=False)
    details = page.get_by_label("Details")
    await details.fill("x" * 3_980)
    await page.get_by_role("link", name="Ask", exact=True).click()
    await ask(page, "menu")
    await page.get_by_role("button", name="The bill", exact=True).click()
    await expect(page.get_by_text("You said bill")).to_be_visible()

    await page.get_by_role("button", name="Fill in the form for me").click()

    await expect(details).to_have_value("x" * 3_980 + "\n\nmenu\nThe bill")


async def test_no_keyboard_opens_over_the_answer_to_a_choice(with_watson: Desk) -> None:
    page = await with_watson.visit("carla", "/tickets/new", live=False, has_touch=True, is_mobile=True)
    await page.get_by_role("link", name="Ask", exact=True).tap()
    await expect(page.get_by_role("log")).to_be_focused()
    await ask(page, "menu")

    await page.get_by_role("button", name="The bill", exact=True).tap()
    await expect(page.get_by_text("You said bill")).to_be_visible()
    await expect(page.get_by_role("log")).to_be_focused()
    await page.get_by_role("button", name="That settles it").tap()

    await expect(page.get_by_text("no ticket is needed")).to_be_visible()
    await expect(page.get_by_role("log")).to_be_focused()


async def test_a_choice_leaves_the_field_ready_for_the_keys(with_watson: Desk) -> None:
    page = await with_watson.visit("carla", "/tickets/new", live=False)
    await page.get_by_role("link", name="Ask", exact=True).click()
    await ask(page, "menu")

    await page.get_by_role("button", name="The bill", exact=True).press("Enter")

    await expect(page.get_by_label("Your question")).to_be_focused()


async def test_watson_settles_one_thing_and_fills_in_the_form_for_another(
    with_watson: Desk, watson: Watson
) -> None:
    page = await with_watson.visit("carla", "/tickets/new", live=False)
    await page.get_by_role("link", name="Ask", exact=True).click()
    await expect(page.get_by_text("What you write here goes to IBM")).to_be_visible()
    await expect(page.get_by_text("What is it about? Tell me")).to_be_visible()
    assert watson.heard == []
    await ask(page, "Is it open?")
    await expect(page.get_by_text("You said Is it open?")).to_be_visible()
    await page.get_by_role("button", name="That settles it").click()
    await expect(page.get_by_text("no ticket is needed")).to_be_visible()

    await ask(page, "human")
    await expect(page.get_by_text("Somebody is here.")).to_be_visible()
    await expect(page.get_by_role("log").get_by_role("link", name="Raise a ticket")).to_have_count(0)
    await page.get_by_role("button", name="Fill in the form for me").click()

    await expect(page.get_by_label("What is it about?")).to_have_value("human")
    await expect(page.get_by_label("Details")).to_have_value("")
    assert await with_watson.live.count("tickets") == 0
