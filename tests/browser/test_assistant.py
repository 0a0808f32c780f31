"""The assistant in front of the sign-in, and the help while somebody types: with the embedded one, and with Watson's
stand-in behind the real SDK.
"""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.desk import Desk, open_desk
from tests.watson import ORDER, Watson

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def stranger(desk: Desk, path: str, **look: object) -> Page:
    """Somebody who is not signed in; what the page complains about is heard."""
    context = await desk.browser.new_context(base_url=desk.live.url, **look)  # type: ignore[arg-type]
    page = await context.new_page()
    page.on("pageerror", lambda error: desk.complaints.append(str(error)))
    await page.goto(path)
    return page


async def ask(page: Page, text: str) -> None:
    """Type it into the assistant."""
    await page.get_by_label("Your question").last.fill(text)
    await page.keyboard.press("Enter")


async def test_a_stranger_asks_and_is_answered(desk: Desk) -> None:
    page = await stranger(desk, "/")
    await page.get_by_role("link", name="Ask").click()
    log = page.get_by_role("log")

    await page.get_by_role("button", name="I need a one-time code").click()
    await expect(log.get_by_text("good once and for ten minutes")).to_be_visible()
    await ask(page, "can i take back a mesage")
    await expect(log.get_by_role("link", name="Taking a message back")).to_be_visible()
    await ask(page, "what is the weather in paris")
    await expect(log.get_by_text("I don’t know that")).to_be_visible()
    await expect(log.get_by_text("If you cannot get into yours")).to_be_visible()
    await ask(page, "<img src=x onerror=alert(1)>")
    await expect(log.get_by_text("<img src=x onerror=alert(1)>")).to_be_visible()
    await page.get_by_role("link", name="Have a code mailed").click()

    await page.wait_for_url("**/forgot")


async def test_the_keyboard_opens_and_closes_it(desk: Desk) -> None:
    page = await stranger(desk, "/login")
    bubble = page.get_by_role("link", name="Ask")
    await bubble.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Your question")).to_be_focused()

    await page.keyboard.press("Escape")

    await expect(bubble).to_be_focused()


async def test_what_was_said_last_stays_in_sight_when_a_keyboard_takes_the_room(desk: Desk) -> None:
    page = await stranger(desk, "/", viewport={"width": 390, "height": 844})
    await page.get_by_role("link", name="Ask").click()
    await page.get_by_role("button", name="I cannot sign in").click()
    last = page.get_by_role("button", name="I need a one-time code")
    await expect(last).to_be_in_viewport(ratio=1)

    await page.set_viewport_size({"width": 390, "height": 420})

    await expect(last).to_be_in_viewport(ratio=1)


async def test_without_scripts_it_is_a_link_to_the_help(desk: Desk) -> None:
    page = await stranger(desk, "/", java_script_enabled=False)

    await page.get_by_role("link", name="Ask").click()
    await page.get_by_label("Your question").fill("forgoten pasword")
    await page.get_by_role("button", name="Search").click()

    await expect(page.get_by_role("link", name="Forgotten your password").first).to_be_visible()


async def test_whoever_talks_to_watson_is_told_first(
    tmp_path: Path, chromium_path: Path, watson: Watson
) -> None:
    async with open_desk(tmp_path, chromium_path, assistant=watson.assistant()) as desk:
        page = await stranger(desk, "/register")
        await page.get_by_role("link", name="Ask").click()
        log = page.get_by_role("log")
        await expect(log.get_by_text("What you write here goes to IBM")).to_be_visible()
        assert (watson.made, watson.heard) == (0, [])

        await ask(page, "menu")
        await page.get_by_role("button", name="The bill").click()
        await expect(log.get_by_text("You said bill")).to_be_visible()
        await ask(page, ORDER)
        await page.get_by_role("button", name="I need a drink refill.").click()
        await expect(log.get_by_text("You chose I need a drink refill.")).to_be_visible()
        await ask(page, "picture")
        await expect(log.get_by_role("link", name="The button")).to_have_attribute(
            "rel", "noopener noreferrer"
        )
        await ask(page, "markup")
        await expect(log.get_by_text("<img src=x onerror=alert(1)> [x](javascript:alert(1))")).to_be_visible()
        await expect(log.get_by_text("<b>Pay</b>")).to_be_visible()
        await ask(page, "human")
        await expect(log.get_by_role("link", name="Raise a ticket")).to_be_visible()
        watson.always = 500
        await ask(page, "I forgot my password")
        await expect(log.get_by_text("cannot be reached just now")).to_be_visible()
        await expect(log.get_by_role("link", name="Have a code mailed")).to_be_visible()
        assert await page.evaluate(
            "[...document.querySelectorAll('.ask a')].every((a) => /^http/.test(a.href))"
        )
        assert await page.locator(".ask img").count() == 0


async def test_answers_appear_while_somebody_types(desk: Desk) -> None:
    page = await stranger(desk, "/help")

    await page.get_by_label("Your question").press_sequentially("forgot my pasword")
    await expect(page.locator("#found").get_by_role("link", name="Forgotten your password")).to_be_visible()
    await page.get_by_label("Your question").fill("weather in paris")

    await expect(page.locator("#found").get_by_text("Nothing here answers that")).to_be_visible()


async def test_a_suggestion_settles_it_and_no_ticket_is_raised(desk: Desk) -> None:
    page = await desk.visit("carla", "/tickets/new", live=False)
    await page.get_by_label("What is it about?").press_sequentially("how can I change my password")
    offer = page.locator("#found").get_by_role("link", name="Changing your details")

    async with page.context.expect_page() as opened:
        await offer.click()
    article = await opened.value
    await article.get_by_role("button", name="Yes").click()

    await expect(article.get_by_text("Thank you for saying so")).to_be_visible()
    assert await desk.live.count("tickets") == 0
    assert await desk.live.rows("SELECT helped FROM article_votes") == [(1,)]


async def test_a_question_that_nothing_settles_becomes_a_ticket(desk: Desk) -> None:
    page = await desk.visit("carla", "/tickets/new", live=False)
    await page.get_by_label("What is it about?").press_sequentially("change my password")
    await expect(page.locator("#found").get_by_role("link").first).to_be_visible()
    await page.get_by_label("What is it about?").fill("My kettle hums")
    await expect(page.locator("#found").get_by_role("link")).to_have_count(0)

    await page.get_by_role("button", name="Raise the ticket").click()

    await page.wait_for_url("**/tickets/1")
    await expect(page.get_by_role("heading", name="My kettle hums")).to_be_visible()
