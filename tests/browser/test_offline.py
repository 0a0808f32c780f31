"""Without a network: what was seen last can be opened, says of when it is, and is nobody else's."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from tests.accounts_house import PASSWORD
from tests.browser.desk import UNSETTLED, Desk, comes_true
from tests.browser.lines import BODY, bad_line, gone
from tests.proxy import Proxy

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
async def line(desk: Desk) -> AsyncIterator[Proxy]:
    async with bad_line(desk) as proxy:
        yield proxy


async def kept_pages(page: Page) -> list[str]:
    """The addresses of the pages that this browser keeps."""
    found: list[str] = await page.evaluate(
        """async () => {
            const names = (await caches.keys()).filter((name) => name.startsWith("pages-"));
            const kept = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
            return kept.flat().map(({ url }) => new URL(url).pathname);
        }"""
    )
    return found


async def keeps(page: Page, *paths: str) -> None:
    """Wait until this browser keeps these pages."""
    await comes_true(
        page,
        """async (paths) =>
            (await Promise.all(paths.map((path) => caches.match(path, {ignoreVary: true})))).every(Boolean)""",
        list(paths),
    )


async def test_the_list_and_a_conversation_open_without_a_network_and_say_of_when_they_are(
    desk: Desk, line: Proxy
) -> None:
    ticket = await desk.live.ticket_with_agent()
    await desk.live.do("amir", ticket, "post_message", body="Which address?")
    carla = await desk.visit("carla")
    await desk.worker_at_hand(carla)
    await carla.goto("/tickets")
    await carla.goto(f"/tickets/{ticket}")
    await carla.wait_for_selector("[data-live]")
    await desk.live.do("amir", ticket, "post_message", body="Seen live, after the page was made")
    await expect(carla.locator(".entries .body")).to_have_count(2)
    await keeps(carla, "/tickets", f"/tickets/{ticket}")

    gone(line)
    again = await carla.context.new_page()
    await again.goto("/tickets")
    await expect(again.locator(".line-state")).to_contain_text("As of ")
    await again.click(f"#t{ticket} .subject")
    await expect(again.locator(".entries .body")).to_have_text(
        ["Which address?", "Seen live, after the page was made"]
    )
    await expect(again.locator(".line-state")).to_contain_text("What you write is kept")
    await again.fill(BODY, "12 Harbour Street")
    await again.press(BODY, "Enter")
    await expect(again.get_by_role("img", name="Kept here")).to_be_visible()
    await again.goto("/feedback")
    await expect(again.get_by_role("heading", name="No connection")).to_be_visible()

    await desk.live.do("ada", ticket, "set_priority", priority="high")
    line.heal()
    await again.goto(f"/tickets/{ticket}")
    await expect(again.locator(".entries .body")).to_have_count(3)
    await expect(again.locator(".line-state")).to_be_hidden()
    await expect(again.locator("#about .weight")).to_have_text("High")


@pytest.mark.parametrize(
    "sign_out",
    ["document.querySelector('footer button').click()", "document.querySelector('footer form').submit()"],
)
async def test_what_is_kept_goes_with_the_session(desk: Desk, line: Proxy, sign_out: str) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla")
    await desk.worker_at_hand(carla)
    await keeps(carla, "/tickets", "/tickets/new")
    await carla.goto(f"/tickets/{ticket}")
    await keeps(carla, f"/tickets/{ticket}")  # the last of all: nothing is being put there any more

    await carla.evaluate(sign_out)  # by the page's script, or by the form alone
    await carla.wait_for_url("**/login**")
    assert await kept_pages(carla) == []
    gone(line)
    await carla.goto(f"/tickets/{ticket}")
    await expect(carla.get_by_role("heading", name="No connection")).to_be_visible()


async def test_who_signs_in_next_finds_nothing_of_the_one_before(desk: Desk, line: Proxy) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla")
    await desk.worker_at_hand(carla)
    await carla.goto(f"/tickets/{ticket}")
    await carla.goto("/tickets")
    await keeps(carla, "/tickets", f"/tickets/{ticket}")

    await carla.context.clear_cookies()  # as after a session that has simply run out
    await carla.goto("/tickets")
    await carla.wait_for_url("**/login**")
    await carla.fill("[name=email]", "omar@example.org")
    await carla.fill("[name=password]", PASSWORD)
    await carla.click("button[type=submit]")
    await carla.wait_for_url("**/tickets")
    await keeps(carla, "/tickets", "/tickets/new")
    assert await kept_pages(carla) == ["/tickets", "/tickets/new"]
    gone(line)
    await carla.goto("/tickets")
    await expect(carla.locator("body")).to_contain_text("Signed in as Omar")
    await carla.goto(f"/tickets/{ticket}")
    await expect(carla.get_by_role("heading", name="No connection")).to_be_visible()


async def test_a_line_on_which_nothing_arrives_shows_what_is_kept_after_a_moment(
    desk: Desk, line: Proxy
) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla")
    await desk.worker_at_hand(carla)
    await carla.goto(f"/tickets/{ticket}")
    await keeps(carla, f"/tickets/{ticket}")

    line.black_hole()
    await carla.reload()
    await expect(carla.locator(".line-state")).to_contain_text("As of ")
    line.black_hole(on=False)
    await expect(carla.locator(".line-state")).to_be_hidden()


async def test_words_taken_back_are_not_kept(desk: Desk, line: Proxy) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla")
    await desk.worker_at_hand(carla)
    await carla.goto(f"/tickets/{ticket}")
    await carla.wait_for_selector("[data-live]")
    taken = await desk.live.do("amir", ticket, "post_message", body="Secret words")
    await expect(carla.locator(".entries .body")).to_have_text(["Secret words"])
    await desk.live.do("amir", ticket, "redact_message", of=taken["seq"])

    kept = "await (await caches.match(location.pathname, {ignoreVary: true}))?.text()"  # none while it is put anew
    await comes_true(
        carla,
        f"""async () => {{
            const kept = {kept};
            return kept?.includes("Message taken back") && !kept.includes("Secret words");
        }}""",
    )
    await comes_true(
        carla,
        """() => new Promise((resolve) => indexedDB.open("ccr").onsuccess = ({ target }) =>
            target.result.transaction("news").objectStore("news").getAll().onsuccess = (event) =>
                resolve(!JSON.stringify(event.target.result).includes("Secret words")))""",
    )


async def test_who_loses_a_ticket_keeps_nothing_of_it(desk: Desk, line: Proxy) -> None:
    ticket, other = await desk.live.ticket_with_agent(), await desk.live.ticket_with_agent()
    amir = await desk.visit("amir")
    await desk.worker_at_hand(amir)
    for path in (f"/tickets/{other}", f"/tickets/{ticket}"):
        await amir.goto(path)
        await amir.wait_for_selector("[data-live]")
        await keeps(amir, path)

    await desk.live.do("ada", ticket, "assign_agent", agent=desk.live.id("bea"))
    await expect(amir.get_by_text("no longer yours to see")).to_be_visible()

    await comes_true(
        amir, "(path) => caches.match(path, {ignoreVary: true}).then((kept) => !kept)", f"/tickets/{ticket}"
    )
    assert f"/tickets/{other}" in await kept_pages(amir)
    gone(line)
    await amir.goto(f"/tickets/{ticket}")
    await expect(amir.get_by_role("heading", name="No connection")).to_be_visible()


async def test_a_network_that_goes_while_a_page_settles_is_waited_for(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}", script=UNSETTLED)

    await desk.cut(carla.context)
    await carla.evaluate("new Promise((settled) => { settleNow(); requestIdleCallback(settled); })")
    assert await carla.evaluate("navigator.serviceWorker.getRegistration().then((worker) => !worker)")

    await desk.mend(carla.context)
    await comes_true(carla, "navigator.serviceWorker.getRegistration().then(Boolean)")
