"""What one client can make the server hold: little, whatever they do; and nobody else notices."""

import json
import sys
from collections.abc import Callable
from typing import Any, Self

import pytest
from websockets.exceptions import ConnectionClosed

from ccr.desk.people import Role
from ccr.realtime import transport
from ccr.realtime.server import MAX_FRAME
from ccr.realtime.sockets import MOST_HELD, ticket_room
from ccr.realtime.transport import MOST_UNSENT, Transport
from tests.live import Live, RawSocket, new_key
from tests.waiting import until

MOST = 2_000_000
"""Bytes, as promised."""


def held(live: Live, name: str) -> int:
    """Bytes that this person's connections hold, as they are: queued for them, and waiting to be carried out."""
    registry = live.registry
    total = 0
    for socket in registry.sockets.all():
        if socket.person.id == live.id(name):
            eio_sid = registry.server.manager.eio_sid_from_sid(socket.sid, "/")
            found: Transport | None = registry.server.eio.sockets.get(eio_sid)
            queued = [packet for packet in found.queue._queue if packet is not None] if found else []
            total += sum(sys.getsizeof(packet.data) + sys.getsizeof(packet) for packet in queued)
            total += sum(sys.getsizeof(asked.text) + sys.getsizeof(asked) for asked in socket.waiting)
    return total


class Peak:
    """The most that was held while it watched, looked at whenever it grows: an event comes, or something is queued."""

    def __init__(self, live: Live, name: str) -> None:
        self._live, self._name = live, name
        self._changes = pytest.MonkeyPatch()
        self.bytes = 0

    def __enter__(self) -> Self:
        server = self._live.registry.server
        self._changes.setattr(server, "_listener", self._watched(server._listener))
        self._changes.setattr(Transport, "put", self._watched(Transport.put))
        return self

    def __exit__(self, *_: object) -> None:
        self._changes.undo()

    def _watched(self, grow: Callable[..., None]) -> Callable[..., None]:
        def grows(*given: Any) -> None:
            grow(*given)
            self.bytes = max(self.bytes, held(self._live, self._name))

        return grows


async def gone(live: Live, name: str) -> None:
    """The server has closed all connections of theirs."""
    await until(lambda: not live.registry.sockets.is_online(live.id(name)))


async def long_talk(live: Live) -> int:
    """A ticket on which much was said: 2.4 MB of it."""
    ticket = await live.ticket_with_agent()
    for _ in range(200):
        await live.do("carla", ticket, "post_message", body="語" * 4_000)
    return ticket


async def test_who_stops_reading_is_cut_off_at_a_megabyte_and_the_others_notice_nothing(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LINGERS", 0.01)
    ticket = await live.ticket_with_agent()
    deaf = await live.raw("amir")
    await deaf.ask(0, "join", {"ticket": ticket})
    [carla] = await live.on_ticket(ticket, "carla")
    said = 0
    with Peak(live, "amir") as peak:
        while live.registry.sockets.is_online(live.id("amir")):
            assert (await carla.do(ticket, "post_message", body="x" * 4_000))["ok"]
            said += 1
            # And much else, so that the system's own buffers are full soon.
            live.registry.server.deliver(ticket_room(ticket, Role.AGENT), "more", "x" * 300_000)
    deaf._wire.transport.abort()

    assert MOST_UNSENT / 2 < peak.bytes < MOST
    # Back again, Amir catches up by number.
    amir = await live.connect("amir")
    caught_up = await amir.ask("join", {"ticket": ticket, "after": 2})
    seen = caught_up["entries"]
    while caught_up["more"]:
        caught_up = await amir.ask("sync", {"ticket": ticket, "after": seen[-1]["seq"]})
        seen += caught_up["entries"]
    assert [entry["seq"] for entry in seen] == [*range(3, 3 + said)]


async def test_who_asks_for_page_after_page_and_reads_none_is_cut_off(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LINGERS", 0.01)
    ticket = await long_talk(live)
    deaf = await live.raw("carla")
    with Peak(live, "carla") as peak:
        await flood(live, deaf, "carla", f'["sync",{{"ticket":{ticket},"after":0,"limit":200}}]')
        await gone(live, "carla")
    deaf._wire.transport.abort()

    assert MOST_UNSENT / 2 < peak.bytes < MOST


async def test_events_without_end_are_refused_and_held_no_longer(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    [carla] = await live.on_ticket(ticket, "carla")
    deaf = await live.raw("amir")
    # As much as fits, of what takes most memory once it is read; one letter makes Python keep four bytes for each.
    body = "{}," * 18_000
    frame = f'["do",{{"ticket":1,"key":"{new_key()}","command":{{"😀":[{body}{{}}]}}}}]'
    assert len(frame.encode()) < MAX_FRAME
    with Peak(live, "amir") as peak:
        for number in range(500):
            await deaf.say(f"42{number}{frame}")
        assert (await carla.do(ticket, "post_message", body="Hello"))["ok"]
        await deaf.ask(1_000, "leave", {"ticket": ticket})
        answers: list[str] = []
        while not any(answer.startswith("431000") for answer in answers):
            answers.append(await deaf.hear())

    assert peak.bytes < MOST_HELD + 500 * 1_000  # and their refusals
    codes = {json.loads(answer[answer.index("[") :])[0].get("code") for answer in answers}
    assert codes <= {"invalid", "rate_limited", None}
    await deaf.cut()


async def test_attachments_that_are_announced_are_not_waited_for(live: Live) -> None:
    announcing = await live.raw("amir")
    await announcing.say('451-["do",{"_placeholder":true,"num":0}]')
    await gone(live, "amir")

    assert held(live, "amir") == 0
    assert await announcing.hear_all() in ([], ["41"], ["1"], ["41", "1"])


async def test_a_page_is_no_larger_than_a_megabyte_and_the_pages_have_everything(live: Live) -> None:
    ticket = await long_talk(live)
    carla = await live.connect("carla")
    page = await carla.ask("join", {"ticket": ticket, "after": 0})
    assert len(json.dumps(page, ensure_ascii=False).encode()) < 400_000
    seen, more = page["entries"], page["more"]
    while more:
        page = await carla.ask("sync", {"ticket": ticket, "after": seen[-1]["seq"]})
        seen, more = seen + page["entries"], page["more"]
    back: list[Any] = []
    more = True
    while more:
        before = back[0]["seq"] if back else 10_000
        page = await carla.ask("sync", {"ticket": ticket, "before": before})
        back, more = page["entries"] + back, page["more"]

    assert [entry["seq"] for entry in seen] == [*range(1, 203)]
    assert [entry["prev"] for entry in seen] == [*range(202)]
    assert back == seen


async def flood(live: Live, socket: RawSocket, name: str, event: str) -> None:
    """The same event until the server has had enough."""
    sent: list[Any] = []
    while live.registry.sockets.is_online(live.id(name)) and len(sent) < 2_000:
        sent.append(event)
        try:
            await socket.say(f"42{len(sent)}{event}")
        except (OSError, ConnectionClosed):
            return
