"""What is not an event of a connected client ends its connection, with one calm line in the log, and nothing else."""

import contextlib
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from websockets.exceptions import ConnectionClosed

from ccr.realtime.server import MAX_FRAME
from tests.live import Live, RawSocket, live_registry, new_key
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET_WORDS = "what I told nobody else"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    """One for the whole file: whatever is sent to it, it must go on."""
    folder: Path = tmp_path_factory.mktemp("frames")
    async with live_registry(folder) as served:
        yield served


GARBAGE: dict[str, str | bytes] = {
    "no type of Engine.IO's": "hello",
    "nothing": "",
    "an unknown type": f"9{SECRET_WORDS}",
    "another digit": "²",
    "a type of the server's": '0{"sid":"x"}',
    "a ping": "2",
    "a noop": "6",
    "no Base64": "b!!!",
    "a message without content": "4",
    "no type of Socket.IO's": f"4{SECRET_WORDS}",
    "an unknown type of Socket.IO's": "47[]",
    "JSON alone": '4{"a":1}',
    "an array alone": '4["do"]',
    "a refusal": '44{"message":"no"}',
    "a second CONNECT": "40",
    "a second CONNECT with a token": '40{"token":"x"}',
    "a binary event": '451-["do",{"_placeholder":true,"num":0}]',
    "a binary event without attachments": '450-["do",{}]',
    "a binary event with billions": '459999999999-["do",{}]',
    "a binary acknowledgement": '461-1[{"_placeholder":true,"num":0}]',
    "an event without anything": "42",
    "an empty event": "42[]",
    "an event that is an object": '42{"do":1}',
    "an event that is a text": '42"do"',
    "an event without name": "42[1,{}]",
    "an event with a null for a name": "42[null]",
    "an event with a list for a name": '42[["do"],{}]',
    "broken JSON": f'42["do",{{"body":"{SECRET_WORDS}"',
    "JSON and more": '42["do",{}]x',
    "no JSON": "42['do',{}]",
    "NaN": '42["read",{"ticket":NaN,"seq":1}]',
    "Infinity": '42["read",{"ticket":1,"seq":-Infinity}]',
    "deep JSON": f'42["do",{"[" * 20_000}{"]" * 20_000}]',
    "deep objects": '42["do",' + '{"a":' * 10_000 + "1" + "}" * 10_000 + "]",
    "deep JSON without a type": "4" + "[" * 50_000,
    "an endless number of a number": f'42{"9" * 200}["do",{{}}]',
    "a number in another script": '42²["do",{}]',
    "our own connect": '42["connect",{}]',
    "our own disconnect": '42["disconnect","server"]',
    "our own connect_error": '42["connect_error"]',
    "an event of a namespace that is not": '42/elsewhere,["do",{}]',
    "an event of a namespace that is not, to be acknowledged": '42/elsewhere,7["do",{}]',
    "a binary frame": b"hello",
    "an empty binary frame": b"",
    "a binary frame like an event": b'42["do",{}]',
    "a frame that is too large": f'42["do",{{"key":"{"x" * MAX_FRAME}"}}]',
    "a frame that is far too large": "4" + "x" * 1_000_000,
    "a binary frame that is too large": bytes(MAX_FRAME + 1),
}

EARLY: dict[str, str | bytes] = {
    "an event": f'42["do",{{"body":"{SECRET_WORDS}"}}]',
    "an event to be acknowledged": '420["join",{"ticket":1}]',
    "a binary event": '451-["do",{"_placeholder":true,"num":0}]',
    "broken JSON": "40{",
    "a token that is NaN": "40NaN",
    "deep JSON": "40" + "[" * 50_000,
}


@pytest.mark.parametrize("frame", GARBAGE.values(), ids=GARBAGE.keys())
async def test_garbage_of_a_connected_client(
    live: Live, frame: str | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    raw = await live.raw("carla")
    await ends(live, raw, frame, caplog)


@pytest.mark.parametrize("frame", EARLY.values(), ids=EARLY.keys())
async def test_anything_but_connect_comes_too_early(
    live: Live, frame: str | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    raw = await live.raw()
    await raw.hear()
    await ends(live, raw, frame, caplog)


async def ends(live: Live, raw: RawSocket, frame: str | bytes, caplog: pytest.LogCaptureFixture) -> None:
    """The frame ends this connection and no other, says one line, and stores nothing."""
    others = live.transports() - 1
    omar = await live.raw("omar")
    caplog.set_level(logging.INFO)
    before = [await live.count(table) for table in ("tickets", "entries", "receipts", "read_marks")]

    with contextlib.suppress(ConnectionClosed):  # perhaps before all of a large one is out
        await raw.say(frame)
    said = await raw.hear_all()

    await until(lambda: live.transports() == others + 1)
    assert live.id("carla") not in live.registry.sockets.online()
    assert [line for line in said if line not in ("1", "41")] == []
    lines = [record for record in caplog.records if record.name != "ccr.postman"]
    assert [(line.levelname, line.exc_info) for line in lines] == [("INFO", None)], caplog.text
    assert lines[0].getMessage().startswith("connection closed: the client sent ")
    assert SECRET_WORDS not in caplog.text
    assert "Traceback" not in caplog.text
    after = [await live.count(table) for table in ("tickets", "entries", "receipts", "read_marks")]
    assert after == before
    await omar.ask(1, "leave", {"ticket": 1})
    assert await omar.hear() == '431[{"ok":true}]'
    await omar.cut()
    await until(lambda: live.transports() == others)


@pytest.mark.parametrize(
    "frame",
    [
        "43",
        "430[]",
        '431[{"ok":true}]',
        "43[]",
        "43/elsewhere,1[]",
        "41/elsewhere,",
        "40/elsewhere,",
        '40/elsewhere,{"token":"x"}',
        f'42["read",{{"ticket":{"9" * 400},"seq":1}}]',
        '42["read",{"ticket":1e400,"seq":1}]',
        '42["do",{"a":1,"a":2}]',
        "3",
        "5",
    ],
)
async def test_what_is_odd_harms_nobody(live: Live, frame: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whether it ends the connection or not."""
    others = live.transports()
    carla, omar = await live.raw("carla"), await live.raw("omar")

    await carla.say(frame)
    await omar.ask(1, "leave", {"ticket": 1})

    assert await omar.hear() == '431[{"ok":true}]'
    assert "Traceback" not in caplog.text
    for raw in (carla, omar):
        await raw.cut()
    await until(lambda: live.transports() == others)


async def test_an_event_with_more_than_one_payload_is_answered_that_it_has_none_such(live: Live) -> None:
    others = live.transports()
    raw = await live.raw("carla")
    for event in ("leave", "watch", "nothing"):
        await raw.say(f'421["{event}",{{"ticket":1}},{{}}]')
        assert json.loads((await raw.hear())[3:])[0]["code"] == "invalid"
    await raw.cut()
    await until(lambda: live.transports() == others)


async def test_a_frame_of_the_largest_size_is_taken(live: Live) -> None:
    others = live.transports()
    raw = await live.raw("carla")
    start = f'421["do",{{"ticket":null,"key":"{new_key()}","command":{{"type":"open_ticket","query":"'
    await raw.say(start + "x" * (MAX_FRAME - len(start) - 4) + '"}}]')
    answer = json.loads((await raw.hear())[3:])[0]
    assert (answer["code"], [*answer["fields"]]) == ("invalid", ["query"])
    await raw.cut()
    await until(lambda: live.transports() == others)


async def test_a_client_that_goes_by_any_way_is_forgotten(live: Live) -> None:
    others = live.transports()
    for frame in ("1", "41", None):
        raw = await live.raw("carla")
        await (raw.say(frame) if frame else raw.cut())
        await until(lambda: live.id("carla") not in live.registry.sockets.online())
        await raw.cut()
    await until(lambda: live.transports() == others)
