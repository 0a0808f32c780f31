"""What was written and could not be sent: kept, sent by whoever is there, once, in order, by nobody but its writer."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route, async_playwright, expect

from ccr.desk.refusals import Code, Refusal
from ccr.package_files import static_folder
from tests.accounts_house import PASSWORD
from tests.browser.desk import FLAGS, LIVE, Desk, comes_true
from tests.browser.lines import BODY, ON_ITS_WAY, back, bad_line, gone, outgoing, write, write_unsent
from tests.live import WITHIN
from tests.proxy import Proxy
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TWENTY = [f"Line {number}" for number in range(20)]


@pytest.fixture
async def line(desk: Desk) -> AsyncIterator[Proxy]:
    async with bad_line(desk) as proxy:
        yield proxy


@pytest.fixture
def carried(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each key has come to the desk."""
    keys: Counter[str] = Counter()
    carry_out = desk.live.registry.changes.carry_out

    async def counted(person: Any, ticket: Any, key: str, *rest: Any) -> Any:
        keys[key] += 1
        return await carry_out(person, ticket, key, *rest)

    monkeypatch.setattr(desk.live.registry.changes, "carry_out", counted)
    return keys


async def stored(desk: Desk, ticket: int) -> list[str]:
    """The messages of a ticket, as the desk has them."""
    found = await desk.live.registry.reading.timeline(desk.live.people["carla"], ticket, after=0, limit=200)
    return [entry["body"] for entry in found["entries"] if entry["type"] == "message_posted"]


async def has_stored(desk: Desk, ticket: int, texts: list[str]) -> None:
    """Wait until the desk has as many messages as these; then they must be these."""
    async with asyncio.timeout(60):
        while len(await stored(desk, ticket)) < len(texts):
            await asyncio.sleep(0.05)
    assert await stored(desk, ticket) == texts


async def test_twenty_messages_outlive_the_browser_they_were_written_in(
    desk: Desk, line: Proxy, tmp_path: Path, chromium_path: Path
) -> None:
    ticket = await desk.live.ticket_with_agent()
    async with async_playwright() as playwright:

        async def open_browser() -> Any:
            return await playwright.chromium.launch_persistent_context(
                tmp_path / "profile", executable_path=chromium_path, args=FLAGS, base_url=desk.live.url
            )

        browser = await open_browser()
        page = await browser.new_page()
        await page.goto(f"/login?next=/tickets/{ticket}")
        await page.fill("[name=email]", "carla@example.org")
        await page.fill("[name=password]", PASSWORD)
        await page.click("button[type=submit]")
        await page.wait_for_selector("[data-live]")
        gone(line)
        await write_unsent(page, *TWENTY)
        await page.close()
        await browser.close()

        line.heal()
        browser = await open_browser()
        page = await browser.new_page()
        await page.goto(f"/tickets/{ticket}")
        await expect(page.locator(".entries .body")).to_have_text(TWENTY)
        await expect(page.locator(ON_ITS_WAY)).to_have_count(0)
        assert await stored(desk, ticket) == TWENTY
        await browser.close()


async def test_twenty_messages_through_a_line_that_breaks_every_two_seconds(desk: Desk, line: Proxy) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    line.latency = 0.1
    cuts = 0

    async def keep_cutting() -> None:
        nonlocal cuts
        while True:
            await asyncio.sleep(2)
            cuts += 1
            line.cut()

    cutting = asyncio.create_task(keep_cutting())
    await write(carla, *TWENTY)
    await has_stored(desk, ticket, TWENTY)
    assert cuts
    cutting.cancel()

    await expect(carla.locator(".entries .body")).to_have_text(TWENTY)
    await expect(carla.locator(ON_ITS_WAY)).to_have_count(0)


async def test_two_tabs_and_the_list_send_it_once(desk: Desk, line: Proxy, carried: Counter[str]) -> None:
    ticket, other = await desk.live.ticket_with_agent(), await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    beside = await carla.context.new_page()
    await beside.goto(f"/tickets/{ticket}")
    await beside.wait_for_selector("[data-live]")
    gone(line)
    await write_unsent(carla, "One", "Two")
    await expect(beside.locator(ON_ITS_WAY)).to_have_count(2)  # what is written here shows there
    await write_unsent(beside, "Three")
    carried.clear()

    elsewhere = await carla.context.new_page()
    line.heal()
    await elsewhere.goto(f"/tickets/{other}")
    await asyncio.gather(back(line, carla), back(line, beside))

    for page in (carla, beside):
        await expect(page.locator(".entries .body")).to_have_text(["One", "Two", "Three"])
        await expect(page.locator(ON_ITS_WAY)).to_have_count(0)
    assert await stored(desk, ticket) == ["One", "Two", "Three"]
    assert list(carried.values()) == [1, 1, 1]


async def test_any_page_of_the_site_sends_what_was_left_on_another(desk: Desk, line: Proxy) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    gone(line)
    await write_unsent(carla, "One", "Two")
    elsewhere = await carla.context.new_page()
    await carla.close()

    line.heal()
    await elsewhere.goto("/account")

    await has_stored(desk, ticket, ["One", "Two"])


async def test_the_worker_sends_it_when_no_page_is_open(desk: Desk, line: Proxy) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    await desk.worker_at_hand(carla)
    session = await carla.context.new_cdp_session(carla)
    registrations: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(found["registrationId"] for found in event["registrations"]),
    )
    await session.send("ServiceWorker.enable")
    gone(line)
    await write_unsent(carla, "One", "Two")
    await until(lambda: registrations)
    tags = "navigator.serviceWorker.ready.then(({ sync }) => sync.getTags())"
    await comes_true(carla, f"{tags}.then((tags) => tags.join() === 'outbox')")
    # The page stays open for the browser to be told by, but can say nothing itself: it is the worker that sends.
    await carla.evaluate("Object.defineProperty(WebSocket.prototype, 'send', { value() {} })")

    line.heal()
    event = {
        "origin": desk.live.url,
        "registrationId": registrations[0],
        "tag": "outbox",
        "lastChance": False,
    }
    await session.send("ServiceWorker.dispatchSyncEvent", event)

    await has_stored(desk, ticket, ["One", "Two"])


async def test_nobody_else_sends_it_and_its_writer_does_on_return(desk: Desk, line: Proxy) -> None:
    ticket = await desk.live.ticket_with_agent()
    page = await desk.visit("carla", f"/tickets/{ticket}")
    gone(line)
    await write_unsent(page, "From Carla")
    await page.goto("about:blank")  # a page that comes back and is nobody's reloads, whatever else is opening
    await page.context.clear_cookies()
    line.heal()

    await sign_in(page, "omar")
    built = json.loads((static_folder() / "manifest.json").read_text())["deliver.js"]
    # As the worker does, which cannot know who is signed in: the desk refuses it, and it goes on waiting.
    assert await page.evaluate("async (url) => (await import(url)).deliver()", f"/static/{built}")
    assert await outgoing(page) == 1
    assert await stored(desk, ticket) == []
    desk.complaints.clear()  # the browser's own line about the answer's status
    await sign_out(page)
    assert await outgoing(page) == 1
    await sign_in(page, "carla")

    await has_stored(desk, ticket, ["From Carla"])


async def test_signing_out_forgets_what_one_has_written_and_nobody_elses(desk: Desk) -> None:
    of_omar, of_carla = await desk.live.raise_ticket("omar"), await desk.live.ticket_with_agent()
    page = await desk.visit("carla")
    await page.context.add_init_script(
        "IDBFactory.prototype.open = () => { throw new DOMException('', 'SecurityError') };"
    )  # so that what is unsent lies in local storage, too
    await page.goto(f"/tickets/{of_carla}")
    await page.wait_for_selector(LIVE)
    await desk.cut(page.context)
    await write(page, "From Carla")
    await expect(page.locator(ON_ITS_WAY)).to_have_count(1)
    await page.fill(BODY, "Half written by Carla")
    await page.goto("about:blank")
    await page.context.clear_cookies()
    await desk.mend(page.context)

    await sign_in(page, "omar")
    await page.goto(f"/tickets/{of_omar}")
    await page.fill(BODY, "Half written by Omar")
    await page.wait_for_selector(LIVE)
    await sign_out(page)
    await sign_in(page, "omar")
    await page.goto(f"/tickets/{of_omar}")
    await expect(page.locator(BODY)).to_have_value("")
    await sign_out(page)
    await sign_in(page, "carla")
    await page.goto(f"/tickets/{of_carla}")

    await expect(page.locator(BODY)).to_have_value("Half written by Carla")
    await expect(page.locator(".entries .body")).to_have_text(["From Carla"])


async def sign_in(page: Page, name: str) -> None:
    await page.goto("/login")
    await page.fill("[name=email]", f"{name}@example.org")
    await page.fill("[name=password]", PASSWORD)
    await page.click("button[type=submit]")
    await page.wait_for_selector(LIVE)


async def sign_out(page: Page) -> None:
    await page.click("footer button")
    await page.wait_for_url("**/login**")


async def test_who_signs_out_is_asked_about_what_has_not_been_sent(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")

    async def too_busy(*_: object, **__: object) -> None:
        raise Refusal(Code.UNAVAILABLE, "Not now.")

    monkeypatch.setattr(desk.live.registry.changes, "carry_out", too_busy)
    await write_unsent(carla, "One", "Two")

    await carla.click("footer button")
    await expect(carla.get_by_role("dialog")).to_contain_text("2 messages have not been sent")
    await carla.get_by_role("button", name="Cancel").click()
    assert await outgoing(carla) == 2
    await carla.click("footer button")
    await carla.get_by_role("button", name="Sign out all the same").click()

    await expect(carla.get_by_text("You are signed out.")).to_be_visible()
    assert await outgoing(carla) == 0
    await carla.goto("/account")
    await carla.wait_for_url("**/login**")


@pytest.mark.parametrize("swallows", [False, True])
async def test_on_a_dead_line_nobody_signs_out_and_nothing_is_lost(
    desk: Desk, line: Proxy, swallows: bool
) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla")
    await desk.worker_at_hand(carla)
    await carla.goto(f"/tickets/{ticket}")
    await carla.wait_for_selector(LIVE)
    kept = "caches.match(location.href, {ignoreVary: true}).then(Boolean)"
    await comes_true(carla, kept)
    if swallows:
        line.black_hole()
    else:
        gone(line)
    await write_unsent(carla, "One", "Two")
    await carla.fill(BODY, "Half written")

    await carla.click("footer button")
    await carla.get_by_role("button", name="Sign out all the same").click()
    # That is said ten seconds after nothing has come back.
    needed = "Signing out needs a connection"
    await expect(carla.get_by_role("dialog")).to_contain_text(needed, timeout=WITHIN * 1_000)
    await carla.get_by_role("button", name="Close").click()
    await expect(carla.locator("footer button")).to_be_focused()
    assert await outgoing(carla) == 2
    assert await carla.evaluate(kept)

    line.cut()
    await back(line, carla)
    await has_stored(desk, ticket, ["One", "Two"])
    await expect(carla.locator(ON_ITS_WAY)).to_have_count(0)
    await carla.reload()
    await expect(carla.locator(BODY)).to_have_value("Half written")
    await sign_out(carla)


async def test_signing_out_forgets_all_the_same_when_its_answer_comes_late(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    await carla.fill(BODY, "Half written")
    refused: list[str] = []

    def hear(frame: str | bytes) -> None:
        if str(frame).startswith("44"):
            refused.append(str(frame))

    async def hold(route: Route) -> None:
        answer = await route.fetch(max_redirects=0)
        # By then the page has lost its connection, and been told twice that nobody is signed in.
        await until(lambda: len(refused) == 2)
        await route.fulfill(response=answer)

    carla.on("websocket", lambda socket: socket.on("framereceived", hear))
    await carla.route("**/logout", hold)

    await sign_out(carla)

    await expect(carla.get_by_text("You are signed out.")).to_be_visible()
    assert await carla.evaluate("Object.keys(localStorage)") == []


async def test_too_fast_for_the_desk_goes_slower_and_says_nothing_of_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    carry_out = desk.live.registry.changes.carry_out
    asked = 0

    async def limited(*given: Any, **how: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked in {2, 3}:
            raise Refusal(Code.RATE_LIMITED, "A little slower.", retry_after=1)
        return await carry_out(*given, **how)

    monkeypatch.setattr(desk.live.registry.changes, "carry_out", limited)
    await write(carla, "One", "Two", "Three")

    await expect(carla.locator(".entries .body")).to_have_text(["One", "Two", "Three"])
    await expect(carla.locator(".fault")).to_have_count(0)
    assert asked == 5


async def test_what_an_earlier_version_kept_is_sent_as_well(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla")
    await carla.evaluate(
        """([person, ticket]) => {
            const command = { type: "post_message", body: "Kept long ago" };
            const message = { key: "an-old-key-of-carla", command, at: 1, fault: null };
            localStorage.setItem(`ccr:out:${person}:${ticket}:${message.key}`, JSON.stringify(message));
        }""",
        [desk.live.id("carla"), ticket],
    )

    await carla.goto(f"/tickets/{ticket}")

    await expect(carla.locator(".entries .body")).to_have_text(["Kept long ago"])
    await expect(carla.locator(ON_ITS_WAY)).to_have_count(0)
    assert (
        await carla.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('ccr:out'))") == []
    )


async def test_without_the_browsers_database_all_else_works(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla")
    await carla.context.add_init_script(
        "IDBFactory.prototype.open = () => { throw new DOMException('', 'SecurityError') };"
    )
    await carla.goto(f"/tickets/{ticket}")
    await carla.wait_for_selector("[data-live]")
    await desk.cut(carla.context)
    await write(carla, "One", "Two")
    await expect(carla.locator(ON_ITS_WAY)).to_have_count(2)
    await carla.close()
    await desk.mend(carla.context)

    again = await carla.context.new_page()
    await again.goto(f"/tickets/{ticket}")
    await expect(again.locator(".entries .body")).to_have_text(["One", "Two"])
    await expect(again.locator(BODY)).to_be_enabled()
