"""Every page as axe judges it, in both themes, narrow and wide; and the keyboard's way through one."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from ccr.desk.commands import PostMessage
from ccr.desk.notices import Kind
from ccr.site.sent_mails import sent_mails
from ccr.store import bots
from tests.accounts_house import ADA, AMIR, BEA, CARLA, PASSWORD
from tests.browser.desk import FLAGS
from tests.live import LASTING, Live, live_registry, new_key

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOOKS = [("light", 1280), ("dark", 390)]
NARROWEST = 360

PAGES: dict[str | None, tuple[str, ...]] = {
    None: (
        "/",
        "/register",
        "/login",
        "/forgot",
        "/reset",
        "/help",
        "/help?q=forgot+password",
        "/help/who-sees-what",
        "/help/questions",
        "/help/questions/1",
        "/offline",
        "/dev/mail",
        "/no/such/page",
    ),
    CARLA["email"]: (
        "/tickets",
        "/tickets?show=open",
        "/tickets?show=closed",
        "/tickets/new",
        "/tickets/1",
        "/tickets/2",
        "/account",
        "/feedback",
        "/agents",
        "/tickets/2/publish",
        "/help/questions",
        "/help/questions/1",
    ),
    AMIR["email"]: (
        "/tickets",
        "/tickets?show=waiting",
        "/tickets?show=closed",
        "/tickets/1",
        "/account",
        "/account/portrait",
        "/feedback",
        "/help/new",
        "/help/register/edit",
        "/help/questions/1",
        "/help/questions/waiting",
    ),
    ADA["email"]: (
        "/tickets",
        "/tickets?show=unassigned",
        "/tickets?show=waiting",
        "/tickets?show=closed",
        "/tickets?q=nothing+like+it",
        "/tickets/1",
        "/agents",
        "/agents/4/portrait",
        "/feedback",
        "/account",
        "/hours",
        "/notices",
        "/notices?show=all",
    ),
}

IN_MAILS = {"/sign-out/<token>", "/unsubscribe/<token>"}
"""Pages whose address only a mail knows."""

NO_PAGES = {
    "/account/export",
    "/dev/mail/<name>/<any(html, text):form>",
    "/healthz",
    "/metrics",
    "/parts/files",
    "/portraits/<id:person_id>/<tag>",
    "/readyz",
    "/static/<name>",
    "/sw.js",
}
"""What is fetched and is no page: files, mails as they were sent, answers to programs."""


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    """Ticket 1 is talked on, ticket 2 is closed and rated, ticket 3 waits; and there is feedback."""
    async with live_registry(tmp_path) as served:
        served.registry.site.register_blueprint(sent_mails(tmp_path / "mail"))  # as `ccr demo` does
        ticket = await served.ticket_with_agent()
        await served.do("carla", ticket, "post_message", body="It has not come, and it is a present.")
        await served.do("amir", ticket, "post_note", body="Courier says Tuesday.")
        await served.do("amir", ticket, "post_message", body="It comes on Tuesday.", reply_to=3)
        closed = await served.raise_ticket(query="An invoice with another's name on it")
        await served.do("carla", closed, "close_ticket", reason="Found it")
        await served.do("carla", closed, "rate_ticket", stars=4, comment="Quick, and kind.")
        await served.raise_ticket("omar", "The export stops half-way")
        await served.registry.feedback.write(
            served.people["carla"], {"about": "service", "body": "Go on so."}
        )
        await _publish(served, closed)
        yield served


async def _publish(served: Live, closed: int) -> None:
    """The question of a closed ticket is public and answered; another waits to be looked at."""
    community, moderation = served.registry.community, served.registry.moderation
    carla, amir, omar = (served.people[name] for name in ("carla", "amir", "omar"))
    words = {"title": "Whose name is on an invoice?", "body": "Mine has another's."}
    question = await community.hand_in(carla, closed, words | {"key": "carla-hands-in"})
    await moderation.approve(amir, question, {"key": "amir-approves", "seen": 1})
    answer = await community.answer(omar, question, {"key": "omar-answers", "body": "Whoever pays."})
    await moderation.accept(amir, question, answer, {"key": "amir-accepts", "seen": 2})
    other = await served.raise_ticket(query="Does it come in green?")
    await served.do("carla", other, "close_ticket")
    await community.hand_in(carla, other, words | {"key": "carla-again"})


@pytest.fixture
async def browser(chromium_path: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield chromium
        await chromium.close()


async def open_page(browser: Browser, live: Live, login: str | None, **look: Any) -> Page:
    """A page of a new browser, signed in as `login` if there is one."""
    context = await browser.new_context(base_url=live.url, **look)
    page = await context.new_page()
    if login:
        await page.goto("/login")
        await page.fill("[name=email]", login)
        await page.fill("[name=password]", LASTING if login in {AMIR["email"], BEA["email"]} else PASSWORD)
        await page.click("button[type=submit]")
        await page.wait_for_url("**/tickets")
    return page


async def faults(page: Page) -> list[str]:
    """What axe finds, a line for each."""
    found = (await Axe().run(page)).response["violations"]
    where = page.url.partition("//")[2].partition("/")[2]
    return [f"/{where}: {fault['id']} at {[node['target'] for node in fault['nodes']]}" for fault in found]


@pytest.mark.parametrize(("theme", "width"), LOOKS)
async def test_no_page_has_a_fault(browser: Browser, live: Live, theme: Any, width: int) -> None:
    look = {"color_scheme": theme, "viewport": {"width": width, "height": 844}}
    found = []
    for login, paths in PAGES.items():
        page = await open_page(browser, live, login, **look)
        for path in paths:
            await page.goto(path)
            found += await faults(page)
    stranger = await open_page(browser, live, None, **look)
    for link in await links_of_mails(live):
        answer = await stranger.goto(link)
        assert answer
        assert answer.status == 200
        found += await faults(stranger)

    assert found == []


async def test_no_page_is_left_out(live: Live) -> None:
    routes = live.registry.site.url_map
    addresses = routes.bind("localhost")
    looked_at = set(IN_MAILS)
    for path in {path.partition("?")[0] for paths in PAGES.values() for path in paths} - {"/no/such/page"}:
        looked_at.add(addresses.match(path, return_rule=True)[0].rule)
    got = {rule.rule for rule in routes.iter_rules() if "GET" in (rule.methods or set())}

    assert {path for path in got if not path.startswith("/api/")} == looked_at | NO_PAGES


async def links_of_mails(live: Live) -> list[str]:
    """To sign a device out, and to hear no more of something: for whoever reads the mail, signed in or not."""
    session = live.sessions["omar"]
    [begun] = await live.rows(
        "SELECT id, created_at, person_id, device_hash FROM sessions WHERE id = ?", session
    )
    return [
        f"/sign-out/{live.registry.alarms.token(*begun)}",
        live.registry.notice_choices.link(live.id("omar"), Kind.MESSAGE_WAITING),
    ]


@pytest.mark.parametrize(("theme", "width"), LOOKS)
async def test_refused_forms_have_no_fault_either(
    browser: Browser, live: Live, theme: Any, width: int
) -> None:
    look = {"color_scheme": theme, "viewport": {"width": width, "height": 844}}
    stranger = await open_page(browser, live, None, **look)
    found = []
    for path in ("/register", "/login", "/forgot", "/reset"):
        await stranger.goto(path)
        await stranger.click("main button[type=submit]")
        await stranger.wait_for_selector("[aria-invalid]")
        found += await faults(stranger)
    ada = await open_page(browser, live, ADA["email"], **look)
    await ada.goto("/agents")
    for summary in await ada.query_selector_all("summary"):
        await summary.click()
    found += await faults(ada)
    await ada.click("main button[type=submit]")
    await ada.wait_for_selector("[aria-invalid]")
    found += await faults(ada)

    assert found == []


@pytest.mark.parametrize(("theme", "width"), LOOKS)
async def test_the_assistant_has_no_fault(browser: Browser, live: Live, theme: Any, width: int) -> None:
    look = {"color_scheme": theme, "viewport": {"width": width, "height": 844}}
    ticket = await live.raise_ticket(query="How do I change my password?")
    bot = await live.registry.database.write(lambda connection: bots.person(connection, 0))
    said = PostMessage(body="Under Account.\n\nMore in the help: (/help/change-details).", reply_to=1)
    await live.registry.changes.carry_out(bot, ticket, new_key(), said)
    found = []
    for login, path in ((None, "/"), (CARLA["email"], "/tickets/new")):
        page = await open_page(browser, live, login, **look)
        await page.goto(path)
        await page.click(".ask-bubble")
        await page.fill(".ask-form input", "can i take back a message")
        await page.keyboard.press("Enter")
        await page.wait_for_selector(".ask-log a")
        found += await faults(page)
    await page.goto(f"/tickets/{ticket}")
    await page.wait_for_selector("[data-live]")
    assert await page.locator(".bot .body a, #assistant button").count() == 2
    found += await faults(page)

    assert found == []


async def test_the_menu_of_a_narrow_screen_opens_and_closes_without_scripts(
    browser: Browser, live: Live
) -> None:
    narrow = ViewportSize(width=NARROWEST, height=640)
    context = await browser.new_context(base_url=live.url, viewport=narrow, java_script_enabled=False)
    page = await context.new_page()
    await page.goto("/login")
    await page.fill("[name=email]", CARLA["email"])
    await page.fill("[name=password]", PASSWORD)
    await page.click("button[type=submit]")
    link = page.get_by_role("link", name="Account")

    assert not await link.is_visible()
    await page.get_by_role("button", name="Menu").click()
    await link.click()

    await page.wait_for_url("**/account")


async def test_the_first_tab_leads_past_the_header(browser: Browser, live: Live) -> None:
    page = await open_page(browser, live, None)
    await page.goto("/login")

    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "Skip to content"
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")

    assert await page.evaluate("document.activeElement.name") == "email"


async def test_a_refused_form_puts_the_focus_on_what_to_mend(browser: Browser, live: Live) -> None:
    page = await open_page(browser, live, None)
    await page.goto("/register")
    await page.fill("[name=first_name]", "Carla")
    await page.fill("[name=last_name]", "Custer")
    await page.fill("[name=email]", "carla@")
    await page.click("main button[type=submit]")
    await page.wait_for_selector("[aria-invalid]")

    assert await page.evaluate("document.activeElement.name") == "email"


async def test_whatever_is_pressed_is_as_large_as_a_finger_and_nothing_is_wider_than_the_screen(
    browser: Browser, live: Live
) -> None:
    found = []
    for login, paths in PAGES.items():
        page = await open_page(
            browser, live, login, viewport={"width": NARROWEST, "height": 640}, has_touch=True
        )
        for path in paths:
            await page.goto(path)
            found += [f"{path}: {control}" for control in await page.evaluate(TOO_SMALL)]
            if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{path}: scrolls sideways")

    assert found == []


TOO_SMALL = """
() => [...document.querySelectorAll("button, input, select, textarea, summary, .button, nav a")]
  .map((control) => control.closest("label") ?? control)
  .filter((control) => control.checkVisibility({ opacityProperty: true }) && !control.matches(".unseen"))
  .filter((control) => {
    const { width, height } = control.getBoundingClientRect();
    return height > 1 && (height < 43.5 || width < 43.5);
  })
  .map((control) => `${control.outerHTML.slice(0, 80)} (${Math.round(control.getBoundingClientRect().height)})`)
"""
