"""Connections themselves: by polling, upgraded from it, of clients that do not read."""

import asyncio
import itertools
import json
import logging
import threading
from collections import defaultdict
from functools import partial
from typing import Any

import aiohttp
import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import Ping, TextMessage

from ccr import hypercorn_fixes, packing
from ccr.desk.people import Role
from ccr.hypercorn_fixes import framed_text
from ccr.realtime import transport
from ccr.realtime.sockets import MOST_IN_FLIGHT, ticket_room
from ccr.services.identity import Identity
from tests.live import WITHIN, Live, new_key
from tests.waiting import until

SEPARATOR = "\x1e"


class Polling:
    """A client that polls and says what it likes."""

    def __init__(self, live: Live, http: aiohttp.ClientSession) -> None:
        self.url = f"{live.url}/socket.io/?EIO=4&transport=polling"
        self._http = http
        self.sid = ""

    async def open(self) -> None:
        self.sid = json.loads((await self.poll())[0][1:])["sid"]
        self.url += f"&sid={self.sid}"

    async def enter(self, token: str) -> None:
        await self.open()
        assert await self.post(f"40{json.dumps({'token': token})}") == 200
        assert (await self.poll())[0].startswith("40")

    async def poll(self) -> list[str]:
        async with self._http.get(self.url) as answer:
            assert answer.status == 200
            return (await answer.text()).split(SEPARATOR)

    async def post(self, *frames: str | bytes) -> int:
        body = SEPARATOR.join(
            frame if isinstance(frame, str) else frame.decode("latin-1") for frame in frames
        )
        async with self._http.post(self.url, data=body.encode()) as answer:
            return answer.status


async def test_much_by_polling_is_compressed_while_others_are_served(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket, packed = await live.ticket_with_agent(), list[tuple[int, bool]]()
    await live.do("carla", ticket, "post_message", body="short")
    for _ in range(10):
        await live.do("amir", ticket, "post_message", body="x" * 4_000)
    pack, home = packing._gzipped, threading.get_ident()

    def watched(payload: bytes) -> bytes:
        packed.append((len(payload), threading.get_ident() == home))
        return pack(payload)

    monkeypatch.setattr(packing, "_gzipped", watched)
    async with aiohttp.ClientSession() as http:
        carla = Polling(live, http)
        await carla.enter(live.tokens["carla"])
        for limit in (5, 50):
            await carla.post(f'42{limit}["sync",{json.dumps({"ticket": ticket, "limit": limit})}]')
            [said] = await carla.poll()
            assert said.startswith(f"43{limit}")
    async with aiohttp.ClientSession(headers={"Accept-Encoding": "gzip;q=1.0, br"}) as http:
        await Polling(live, http).open()
    async with aiohttp.ClientSession(headers={"Accept-Encoding": "identity"}) as http:
        plain = Polling(live, http)
        await plain.enter(live.tokens["carla"])
        await plain.post(f'421["sync",{json.dumps({"ticket": ticket})}]')
        await plain.poll()

    (little, here), (much, there) = packed
    assert (here, there) == (True, False), "a little is compressed at once, and much by a thread"
    assert little < packing.AT_ONCE < much


@pytest.mark.parametrize("transports", [["polling"], ["polling", "websocket"], ["websocket"]])
async def test_two_people_talk_by_any_transport(live: Live, transports: list[str]) -> None:
    ticket = await live.ticket_with_agent()
    carla = await live.connect("carla", transports=transports)
    amir = await live.connect("amir", transports=transports)
    assert carla.socket.transport() == transports[-1]

    for client in (carla, amir):
        assert (await client.ask("join", {"ticket": ticket}))["ok"]
    assert (await carla.do(ticket, "post_message", body="Hello"))["seq"] == 3
    assert (await amir.heard("entry"))["body"] == "Hello"
    assert (await amir.do(ticket, "post_message", body="Hello!"))["seq"] == 4
    assert (await carla.heard("entry"))["body"] == "Hello!"


async def test_a_hundred_events_in_one_post_are_all_carried_out_in_order(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    async with aiohttp.ClientSession() as http:
        carla = Polling(live, http)
        await carla.enter(live.tokens["carla"])

        events = [
            f"42{n}{json.dumps(['do', message(ticket, f'message {n}')])}" for n in range(MOST_IN_FLIGHT)
        ]
        assert await carla.post(*events) == 200
        answers: list[str] = []
        while len(answers) < MOST_IN_FLIGHT:
            answers += [frame for frame in await carla.poll() if frame != "2"]
        await carla.post("1")

    assert all('"ok":true' in answer for answer in answers)
    rows = await live.rows("SELECT fields FROM entries WHERE seq > 2 ORDER BY seq")
    assert [json.loads(row[0])["body"] for row in rows] == [f"message {n}" for n in range(MOST_IN_FLIGHT)]


@pytest.mark.parametrize(
    "frames",
    [
        ["hello"],
        ["9"],
        ["2"],
        ["4hello"],
        ["b!!!"],
        ['451-["do",{"_placeholder":true,"num":0}]'],
        ["4" + "[" * 50_000],
        ['42["do",' + "[" * 20_000 + "]" * 20_000 + "]"],
        ["40"],
        ['42["do",{}]'] * 201,
        ["4" + "x" * 65_536],
        ["d=4hello"],
        ["d="],
        ["\ud800".encode("utf-8", "surrogatepass")],
    ],
    ids=lambda frames: str(frames[0])[:30],
)
async def test_garbage_by_polling_ends_the_connection(
    live: Live, frames: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with aiohttp.ClientSession() as http:
        carla = Polling(live, http)
        await carla.enter(live.tokens["carla"])

        await carla.post(*frames)

        await until(lambda: live.transports() == 0)
        assert live.registry.sockets.all() == []
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []
    assert len([record for record in caplog.records if record.name.startswith("ccr.realtime")]) == 1
    await (await live.connect("carla")).fence()


async def test_a_poll_that_waits_is_answered_when_its_client_goes(live: Live) -> None:
    async with aiohttp.ClientSession() as http:
        carla = Polling(live, http)
        await carla.enter(live.tokens["carla"])
        [open_transport] = live.registry.server.eio.sockets.values()

        hanging = asyncio.create_task(carla.poll())
        await until(lambda: open_transport.queue._getters)  # it waits for something to be sent
        assert await carla.post("1") == 200

        assert await asyncio.wait_for(hanging, WITHIN) == [""]


async def test_a_poll_that_waits_is_answered_when_its_session_ends(live: Live) -> None:
    async with aiohttp.ClientSession() as http:
        carla = Polling(live, http)
        await carla.enter(live.tokens["carla"])
        [open_transport] = live.registry.server.eio.sockets.values()

        hanging = asyncio.create_task(carla.poll())
        await until(lambda: open_transport.queue._getters)
        await live.registry.signing_in.sign_out(live.identity("carla"))

        assert await asyncio.wait_for(hanging, WITHIN) == ["41"]
        assert live.registry.sockets.all() == []
        await carla.post('42["do",{}]')
        await until(lambda: live.transports() == 0)


async def test_who_polls_and_does_not_go_when_told_is_closed(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LINGERS", 0.01)
    async with aiohttp.ClientSession() as http:
        await Polling(live, http).enter(live.tokens["carla"])

        await live.registry.signing_in.sign_out(live.identity("carla"))

        await until(lambda: live.transports() == 0)


async def test_a_failed_upgrade_harms_nobody(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    async with aiohttp.ClientSession() as http:
        for frames in (
            ["hello"],
            ["2probe", "hello"],
            ["2probe", "42"],
            [b"\x00"],
            ["4" + "[" * 50_000],
            [""],
        ):
            carla = Polling(live, http)
            await carla.enter(live.tokens["carla"])
            raw = await live.raw(query=f"&sid={carla.sid}")
            for frame in frames:
                await raw.say(frame)
            await raw.hear_all()
            await carla.post("1")
    assert "Traceback" not in caplog.text
    await (await live.connect("carla")).fence()


async def test_who_lags_too_far_behind_is_closed(
    live: Live, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(transport, "MOST_UNSENT", 1_300)  # five packets
    monkeypatch.setattr(hypercorn_fixes, "MOST_BUFFERED", -1)  # the system takes nothing
    ticket = await live.ticket_with_agent()
    carla, amir = await live.on_ticket(ticket, "carla", "amir")

    for n in range(8):  # in one step of the loop, so nothing is sent in between
        live.registry.server.deliver(ticket_room(ticket, Role.AGENT), "entry", {"seq": n})

    await amir.disconnected()
    assert [entry["seq"] for entry in amir.got("entry")] == [0, 1, 2, 3, 4]
    await carla.fence()
    closings = [line for line in caplog.messages if "does not read" in line]
    assert closings == ["connection closed: the client does not read what it is sent"]


async def test_who_does_not_read_at_all_is_not_waited_for(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LINGERS", 0.01)
    ticket = await live.ticket_with_agent()
    deaf = await live.raw("amir")
    await deaf.ask(0, "join", {"ticket": ticket})
    await until(lambda: live.registry.sockets.on_ticket(ticket))
    [open_transport] = live.registry.server.eio.sockets.values()

    while open_transport.queue.qsize() < 10:  # until the system's buffers are full, too
        live.registry.server.deliver(ticket_room(ticket, Role.AGENT), "entry", {"body": "x" * 60_000})
        await asyncio.sleep(0)
    await live.registry.signing_in.sign_out(live.identity("amir"))

    await until(lambda: not live.registry.server.eio.sockets)
    deaf._wire.transport.abort()


async def test_what_comes_later_does_not_overtake_what_waits(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await live.ticket_with_agent()
    amir = await live.connect("amir")
    await amir.ask("join", {"ticket": ticket})

    def deliver(seq: int, room_for: int) -> None:
        monkeypatch.setattr(hypercorn_fixes, "MOST_BUFFERED", room_for)
        live.registry.server.deliver(ticket_room(ticket, Role.AGENT), "entry", {"seq": seq})

    deliver(1, -1)
    deliver(2, 16_000)  # while the first is in the queue
    await amir.fence()

    [to_amir] = live.registry.server.eio.sockets.values()
    [connection] = [open_ for open_ in hypercorn_fixes._open if open_.protocol.protocol.stream]
    async with connection.send_lock:
        deliver(3, -1)
        await until(to_amir.queue.empty)
        deliver(4, 16_000)  # while the third is being sent, but for a lock
    await amir.fence()

    assert [entry["seq"] for entry in amir.got("entry")] == [1, 2, 3, 4]


CUTS: dict[str, list[float]] = {
    "one by one": [1, 1, 1, 1, 1, 1],
    "two at a time": [2, 2, 2],
    "all at once": [6],
    "halves": [0.5] * 12,
    "one and a half": [1.5] * 4,
    "whole, halves, whole": [1, 0.5, 0.5, 1, 0.25, 0.75, 1, 1],
    "a byte of the next": [1.01, 0.99, 1, 1.01, 1.99],
}


@pytest.mark.parametrize("cuts", CUTS.values(), ids=CUTS.keys())
@pytest.mark.parametrize("length", [10, 1_000])
async def test_what_comes_in_parts_is_taken_in_order(
    live: Live, cuts: list[float], length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the network cuts it."""
    sent = [b"".join(frames_of(leaving(n, length), 1)) for n in range(6)]
    chunks, at = [], 0.0
    for part in cuts:
        start, at = round(at * len(sent[0])), at + part
        chunks.append(b"".join(sent)[start : round(at * len(sent[0]))])

    looked_at = await answered_in_order(live, chunks, monkeypatch)

    ends = set(itertools.accumulate(map(len, sent), initial=0))
    starts = itertools.accumulate(map(len, chunks), initial=0)
    assert looked_at == [chunk for chunk, start in zip(chunks, starts, strict=False) if start in ends]


@pytest.mark.parametrize("length", [10, 1_000])
async def test_what_comes_in_fragments_is_taken_in_order(
    live: Live, length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And with pings between them."""
    sent = [frames_of(leaving(n, length), 3) for n in range(6)]

    looked_at = await answered_in_order(live, [frame for frames in sent for frame in frames], monkeypatch)

    assert looked_at == [frames[0] for frames in sent]


async def test_the_head_of_a_frame_may_come_alone(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = [frame for n in range(6) for frame in frames_of(leaving(n, 10), 1)]

    looked_at = await answered_in_order(
        live, [part for frame in sent for part in (frame[:6], frame[6:])], monkeypatch
    )

    assert looked_at == [frame[:6] for frame in sent]


async def test_what_follows_connect_at_once_waits_until_it_is_known_who_asks(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, omar = await live.raw(), await live.connect("omar")
    await raw.hear()
    signing_in, known = live.registry.signing_in, asyncio.Event()
    identify = signing_in.identify

    async def slowly(token: str) -> Identity | None:
        await known.wait()
        return await identify(token)

    monkeypatch.setattr(signing_in, "identify", slowly)
    await raw.say(f"40{json.dumps({'token': live.tokens['carla']})}")
    await omar.fence()  # by then it has been read
    await raw.ask(1, "leave", {"ticket": 1})
    await omar.fence()
    known.set()

    assert (await raw.hear()).startswith("40")
    assert await raw.hear() == '431[{"ok":true}]'


async def answered_in_order(live: Live, chunks: list[bytes], monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Those of the chunks that were looked at whether they are a whole message: none while another is under way, since
    a part of it may look like one.
    """
    carla, omar = await live.raw("carla"), await live.connect("omar")
    looked_at = []
    came: defaultdict[object, bytes] = defaultdict(bytes)
    take = hypercorn_fixes._WebSocket.take

    def looking(data: bytes) -> str | None:
        looked_at.append(data)
        return framed_text(data)

    def taking(stream: Any, data: bytes) -> bool:
        came[stream] += data
        return take(stream, data)

    def has_come(sent: bytes) -> bool:
        return sent in came.values()

    monkeypatch.setattr(hypercorn_fixes, "framed_text", looking)
    monkeypatch.setattr(hypercorn_fixes._WebSocket, "take", taking)
    for chunk, sent in zip(chunks, itertools.accumulate(chunks), strict=True):
        carla.say_bytes(chunk)
        await until(partial(has_come, sent))
        await omar.fence()  # by then it has been dealt with

    assert [(await carla.hear())[:3] for _ in range(6)] == [f"43{n}" for n in range(6)]
    return [data for data in looked_at if data in chunks]


def leaving(number: int, length: int) -> str:
    return f"42{number}{json.dumps(['leave', {'ticket': number, 'more': 'ü' * length}])}"


def frames_of(text: str, fragments: int) -> list[bytes]:
    """From a client; with pings between the fragments, if there is more than one."""
    wire = Connection(ConnectionType.CLIENT)
    length = len(text) // fragments + 1
    pieces = [text[start : start + length] for start in range(0, len(text), length)]
    frames = [wire.send(TextMessage(piece, message_finished=piece is pieces[-1])) for piece in pieces]
    return [part for frame in frames for part in (frame, wire.send(Ping()))][:-1]


def message(ticket: int, body: str) -> dict[str, Any]:
    return {"ticket": ticket, "key": new_key(), "command": {"type": "post_message", "body": body}}


async def test_who_answers_pings_is_asked_again(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    carla = await live.raw("carla")
    [socket] = live.registry.server.eio.sockets.values()
    monkeypatch.setattr(live.registry.server.eio, "ping_interval", 0.01)
    socket._ping()  # not sooner: whoever is still entering answers none
    for _ in range(3):
        await carla.pinged()
        await carla.say("3")


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_who_answers_no_ping_is_gone(
    live: Live, monkeypatch: pytest.MonkeyPatch, transport: str
) -> None:
    async with aiohttp.ClientSession() as http:
        if transport == "websocket":
            await live.raw("carla")
        else:
            await Polling(live, http).enter(live.tokens["carla"])
        [socket] = live.registry.server.eio.sockets.values()
        monkeypatch.setattr(live.registry.server.eio, "ping_timeout", 0.01)
        socket._ping()
        await until(lambda: live.transports() == 0 and not live.registry.sockets.all())
