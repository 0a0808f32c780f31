"""Coming back: dead lines are noticed, no way is taken for the only one, and however much was missed is there."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Error, Page, WebSocketRoute, expect

from ccr.desk.clock import now
from ccr.desk.events import MessagePosted
from ccr.services.attachments import NewUpload
from ccr.store import entries, tickets
from ccr.store.connection import Connection
from tests.accounts_house import PASSWORD
from tests.browser.desk import LIVE, Desk, comes_true
from tests.browser.lines import BODY, ON_ITS_WAY, back, bad_line, gone, write
from tests.file_corpus import picture
from tests.live import WITHIN, new_key
from tests.proxy import Proxy
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

IN_LOG = "document.querySelector('.log')"
SPOKEN = ".announcer"
HEAR = """() => {
  window.heard = [];
  const place = document.querySelector(".announcer");
  new MutationObserver(() => heard.push(place.textContent)).observe(place, { childList: true });
}"""
"""Whatever is spoken from now on is in `heard`."""
FAR = 450
"""More than is walked through."""


@pytest.fixture
async def line(desk: Desk) -> AsyncIterator[Proxy]:
    async with bad_line(desk) as proxy:
        yield proxy


async def seqs(page: Page) -> list[int]:
    """The numbers that are shown, from top to bottom."""
    shown: list[int] = await page.evaluate(
        "[...document.querySelectorAll('.entries > .entry')].map((item) => Number(item.dataset.seq))"
    )
    return shown


async def many(desk: Desk, ticket: int, count: int) -> None:
    """Amir has had a lot to say, and nobody was there to hear it: stored at once, told to nobody."""
    amir = desk.live.people["amir"]

    def store(connection: Connection) -> None:
        before = after = tickets.stands(connection, ticket)
        assert before
        assert after
        for number in range(count):
            said = MessagePosted(body=f"Line {number}")
            entries.append(connection, ticket, after.last_seq + 1, now(), amir, new_key(), said)
            after = after.after(said, amir, now())
        tickets.save(connection, before, after)

    await desk.live.registry.database.write(store)


async def amir_says(desk: Desk, ticket: int, *texts: str) -> None:
    for text in texts:
        await desk.live.do("amir", ticket, "post_message", body=text)


async def go_up(page: Page) -> None:
    """To the top of what is there, until older ones have come."""
    first = (await seqs(page))[0]
    await page.evaluate(f"{IN_LOG}.scrollTop = -{IN_LOG}.scrollHeight")
    await comes_true(
        page, "(first) => Number(document.querySelector('.entries > .entry').dataset.seq) < first", first
    )


async def stop_clock(page: Page) -> None:
    """A second from now, as nothing that is being waited for may be given up by that."""
    while True:
        soon = await page.evaluate("Date.now() / 1_000 + 1")
        try:
            return await page.clock.pause_at(datetime.fromtimestamp(soon, UTC))
        except Error as error:
            if "to the past" not in error.message:  # on a slow machine it has passed by then
                raise


@pytest.mark.parametrize(("writes", "within"), [(True, 10_000), (False, 45_100)])
async def test_a_line_that_died_unnoticed_is_found_and_mended(
    desk: Desk, line: Proxy, writes: bool, within: int
) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla")
    await carla.clock.install()
    await carla.goto(f"/tickets/{ticket}")
    await carla.wait_for_selector("[data-live]")

    line.black_hole()
    before = line.accepted
    if writes:
        await write(carla, "Are you there?")
        await expect(carla.locator(ON_ITS_WAY)).to_have_count(1)
        await comes_true(carla, "navigator.locks.query().then(({ held }) => held.length > 0)")
    await carla.clock.fast_forward(within - 2_000)
    await carla.clock.fast_forward(2_000)  # by now it is coming back
    await until(lambda: line.accepted > before)
    line.black_hole(on=False)
    await desk.live.do("amir", ticket, "post_message", body="Here I am")

    await expect(carla.locator(".entries .body", has_text="Here I am")).to_have_count(1)
    await expect(carla.locator(ON_ITS_WAY)).to_have_count(0)
    await expect(carla.locator(".entries .body", has_text="Are you there?")).to_have_count(int(writes))


async def test_every_dead_line_is_found_within_ten_seconds_while_something_waits(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla")
    await carla.add_init_script("delete Navigator.prototype.serviceWorker;")  # nobody else sends it
    asked: list[str] = []
    dead = False

    def carry(socket: WebSocketRoute) -> None:
        far = socket.connect_to_server()

        def ask(said: str | bytes) -> None:
            if "join" in str(said) or "do" in str(said):
                asked.append(str(said))
            far.send(said)

        def answer(said: str | bytes) -> None:
            if not (dead and str(said).startswith("43")):
                socket.send(said)

        socket.on_message(ask)
        far.on_message(answer)

    async def has_asked(count: int) -> None:
        await until(lambda: len(asked) == count)

    await carla.route_web_socket("**/socket.io/**", carry)
    await carla.clock.install()
    await carla.goto(f"/tickets/{ticket}")
    await carla.wait_for_selector(LIVE)

    await stop_clock(carla)  # no second passes but those below
    dead = True  # it opens, but no answer comes
    await write(carla, "Are you there?")
    for count in (2, 3, 4):  # the first has joined before, the others ask to
        await has_asked(count)
        await carla.clock.fast_forward(10_000)
        await carla.clock.fast_forward(3_000)  # by now it is coming back
    dead = False
    await carla.clock.resume()
    await expect(carla.locator(".entries .body")).to_have_text(["Are you there?"])
    await expect(carla.locator(ON_ITS_WAY)).to_have_count(0)


async def test_where_websockets_are_blocked_plain_requests_do(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla")
    await carla.context.add_init_script(
        "window.WebSocket = class { constructor() { throw new DOMException('', 'SecurityError') } };"
    )
    await carla.goto(f"/tickets/{ticket}")
    await carla.wait_for_selector("[data-live]")

    await write(carla, "One", "Two")
    await expect(carla.locator(".entries .body")).to_have_text(["One", "Two"])
    await desk.live.do("amir", ticket, "post_message", body="Three")
    await expect(carla.locator(".entries .body")).to_have_text(["One", "Two", "Three"])
    assert all(not socket.upgraded for socket in desk.live.registry.server.eio.sockets.values())


async def test_where_websockets_are_left_hanging_too_until_one_comes_through(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla")
    hanging = True

    def hang(socket: Any) -> None:
        if not hanging:
            socket.connect_to_server()

    await carla.route_web_socket("**/socket.io/**", hang)
    await carla.clock.install()
    await carla.goto(f"/tickets/{ticket}")
    await carla.clock.fast_forward(10_000)
    await carla.clock.fast_forward(2_000)
    await carla.wait_for_selector("[data-live]")
    sockets = desk.live.registry.server.eio.sockets
    assert not any(socket.upgraded for socket in sockets.values())

    hanging = False
    await carla.clock.fast_forward(15_000)
    await carla.clock.fast_forward(2_000)
    await until(lambda: any(socket.upgraded for socket in sockets.values()))
    await write(carla, "Faster now")
    await expect(carla.locator(".entries .body")).to_have_text(["Faster now"])


@pytest.mark.parametrize(("missed", "up_to"), [(FAR, 1), (10_000, 9_834)])
async def test_of_very_much_that_was_missed_the_newest_shows_first_and_the_rest_on_the_way_up(
    desk: Desk, line: Proxy, missed: int, up_to: int
) -> None:
    ticket = await desk.live.ticket_with_agent()
    await many(desk, ticket, 30)
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    assert await seqs(carla) == [*range(1, 33)]

    gone(line)
    await many(desk, ticket, missed)
    await desk.live.do("ada", ticket, "set_priority", priority="urgent")
    await back(line, carla)
    last = 33 + missed
    await expect(carla.locator(f"#e{last}")).to_be_in_viewport()
    assert await seqs(carla) == [*range(last - 49, last + 1)]
    await expect(carla.locator("#about .weight")).to_have_text("Urgent")

    await desk.live.do("carla", ticket, "close_ticket")
    await expect(carla.locator(f"#e{last + 1}")).to_be_attached()
    while (await seqs(carla))[0] > up_to:
        await go_up(carla)
    assert await seqs(carla) == [*range(up_to, last + 2)]


async def test_who_was_reading_further_up_goes_on_reading_there(desk: Desk, line: Proxy) -> None:
    ticket = await desk.live.ticket_with_agent()
    await many(desk, ticket, 40)
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    await carla.evaluate(f"{IN_LOG}.scrollTop = -500")
    where = "document.querySelector('#e20').getBoundingClientRect().top"
    before = await carla.evaluate(where)

    gone(line)
    await many(desk, ticket, FAR)
    await back(line, carla)
    await expect(carla.locator(".newer")).to_be_visible()
    assert abs(await carla.evaluate(where) - before) < 2
    assert await seqs(carla) == [*range(1, 43)]

    await carla.evaluate(f"{IN_LOG}.scrollTop = 0")
    await expect(carla.locator("#e242")).to_be_attached()
    assert await seqs(carla) == [*range(1, 243)]
    await expect(carla.locator("#e42")).to_be_in_viewport()
    await expect(carla.locator(".newer")).to_be_visible()
    await carla.click(".newer")
    last = 42 + FAR
    await expect(carla.locator(f"#e{last}")).to_be_in_viewport()
    assert await seqs(carla) == [*range(last - 49, last + 1)]
    await carla.fill(BODY, "Now I have read it")
    await carla.press(BODY, "Enter")
    await expect(carla.locator(".entries .body").last).to_have_text("Now I have read it")


async def test_whatever_happened_during_an_absence_shows_after_it(desk: Desk) -> None:
    live = desk.live
    ticket = await live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    await write(carla, "Is it blue?")
    await expect(carla.locator("#e3 .ticks")).to_have_text("✓")
    await live.do("amir", ticket, "post_message", body="That is none of your business")
    await expect(carla.locator("#e4")).to_be_attached()

    await desk.cut(carla.context)
    await live.do("amir", ticket, "redact_message", of=4)
    await live.do("ada", ticket, "assign_agent", agent=live.id("bea"))
    await desk.visit("bea", f"/tickets/{ticket}")
    mark = "SELECT seq FROM read_marks WHERE person_id = ? AND seq >= 3"
    async with asyncio.timeout(WITHIN):
        while not await live.rows(mark, live.id("bea")):
            await asyncio.sleep(0.02)
    await expect(carla.locator("#e3 .ticks")).to_have_text("✓")
    await desk.mend(carla.context)

    await expect(carla.locator("#e4 .body")).to_have_text("Message taken back")
    await expect(carla.locator("#e3 .ticks")).to_have_text("✓✓")
    await expect(carla.locator("#e6")).to_contain_text("Ada")
    await expect(carla.locator("#e6 .agent")).to_have_text("Bea Brun")
    await expect(carla.locator("#about")).to_contain_text("bea@example.org")
    await expect(carla.locator(BODY)).to_be_enabled()


async def test_a_screen_reader_says_all_that_was_missed(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    await desk.cut(carla.context)
    await amir_says(desk, ticket, "Do not unplug it.", "Call us.", "Thanks")
    await desk.mend(carla.context)
    said = "Amir Azad: Do not unplug it. Amir Azad: Call us. Amir Azad: Thanks"
    await expect(carla.locator(SPOKEN)).to_have_text(said)

    await desk.cut(carla.context)
    await amir_says(desk, ticket, "One", "Two", "Three", "Four")
    await desk.mend(carla.context)

    await expect(carla.locator(SPOKEN)).to_have_text("4 new messages. The last, Amir Azad: Four")


async def test_a_screen_reader_does_not_say_as_new_what_came_while_the_page_was_opened(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla")
    opening = asyncio.Event()

    async def late(socket: WebSocketRoute) -> None:
        await opening.wait()
        socket.connect_to_server()

    await carla.route_web_socket("**/socket.io/**", late)
    await carla.goto(f"/tickets/{ticket}")
    await carla.evaluate(HEAR)
    await amir_says(desk, ticket, "Just before", "At the same time")
    opening.set()
    await carla.wait_for_selector(LIVE)
    await expect(carla.locator(".entries .body")).to_have_count(2)
    await amir_says(desk, ticket, "And now")

    await expect(carla.locator(SPOKEN)).to_have_text("Amir Azad: And now")
    assert await carla.evaluate("heard") == ["Amir Azad: And now"]


async def test_words_taken_back_go_for_who_is_reading_further_up_as_well(desk: Desk, line: Proxy) -> None:
    live = desk.live
    ticket = await live.ticket_with_agent()
    await many(desk, ticket, 17)
    image = picture("PNG")
    new = NewUpload(name="secret.png", length=len(image))
    shown = await live.registry.attachments.add(live.people["amir"], ticket, new, image)
    await live.do("amir", ticket, "post_message", body="Secret words", attachments=[shown["id"]])
    await live.do("amir", ticket, "post_message", body="Secret, too")
    await live.do("carla", ticket, "post_message", body="Oh, is it?", reply_to=20)
    await many(desk, ticket, 20)
    carla = await desk.visit("carla")
    await desk.worker_at_hand(carla)
    await carla.goto(f"/tickets/{ticket}")
    await carla.wait_for_selector(LIVE)
    await carla.evaluate(f"{IN_LOG}.scrollTop = -1600")
    await expect(carla.locator("#e12")).to_be_in_viewport()
    where = "document.querySelector('#e12').getBoundingClientRect().top"
    before = await carla.evaluate(where)

    gone(line)
    await many(desk, ticket, FAR)
    await live.do("amir", ticket, "redact_message", of=20)
    await back(line, carla)
    await expect(carla.locator("#e20 .body")).to_have_text("Message taken back")
    await expect(carla.locator("#e20 .files")).to_have_count(0)
    await expect(carla.locator("#e22 .quoted-text")).to_have_text("Message taken back")
    kept = (
        "(await (await caches.match(location.href, {ignoreVary: true}))?.text())"  # none while it is put anew
    )
    await comes_true(carla, f"async () => {kept}?.includes('Secret') === false")
    await live.do("amir", ticket, "redact_message", of=21)
    await expect(carla.locator("#e21 .body")).to_have_text("Message taken back")
    assert await seqs(carla) == [*range(1, 43)]

    gone(line)  # once more, as nothing of what follows is here yet
    await live.do("carla", ticket, "redact_message", of=22)
    await back(line, carla)
    await expect(carla.locator("#e22 .body")).to_have_text("Message taken back")
    assert abs(await carla.evaluate(where) - before) < 2
    assert "Secret" not in await carla.content()


async def test_words_taken_back_while_they_are_being_fetched_do_not_show(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await desk.live.ticket_with_agent()
    await many(desk, ticket, 60)
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    reading, read, taken_back = desk.live.registry.reading, asyncio.Event(), asyncio.Event()
    timeline = reading.timeline

    async def slow(*given: Any, **how: Any) -> Any:
        found = await timeline(*given, **how)
        read.set()
        await taken_back.wait()
        return found

    monkeypatch.setattr(reading, "timeline", slow)
    await carla.evaluate(f"{IN_LOG}.scrollTop = -{IN_LOG}.scrollHeight")
    await read.wait()
    await desk.live.do("amir", ticket, "redact_message", of=10)
    await expect(carla.locator("#e63")).to_contain_text("took a message back")
    taken_back.set()

    await expect(carla.locator("#e10 .body")).to_have_text("Message taken back")


async def test_a_page_that_was_one_persons_does_not_go_on_as_anothers(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    beside = await carla.context.new_page()
    await beside.context.clear_cookies()
    await beside.goto("/login")
    await beside.fill("[name=email]", "omar@example.org")
    await beside.fill("[name=password]", PASSWORD)
    await beside.click("button[type=submit]")
    await beside.wait_for_url("**/tickets")

    for transport in list(desk.live.registry.server.eio.sockets):
        await desk.live.registry.server.cut(transport, "was cut off by a test")

    await expect(carla.get_by_role("heading", name="Nothing here")).to_be_visible()
    desk.complaints.clear()  # the page is not Omar's to see
