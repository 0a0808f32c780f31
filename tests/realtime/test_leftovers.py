"""What somebody takes with them who goes: everything, at once, and not at the next ping or collection of garbage."""

import asyncio
import gc
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator

import aiohttp
import pytest
from hypercorn.asyncio.tcp_server import TCPServer

from ccr.realtime import server
from tests.live import Live
from tests.realtime.test_transports import Polling
from tests.waiting import until

CONNECTIONS = ("ccr.hypercorn_fixes", "ccr.realtime", "engineio", "h11", "hypercorn", "socketio", "wsproto")
"""Whose objects a connection is made of. Not `asyncio`: the test itself and the database wait with those."""


@pytest.fixture(autouse=True)
def nothing_comes_by_time(live: Live, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No ping is ever due, nobody's patience ends, and nothing is freed but what nobody holds."""

    async def for_ever(_: TCPServer) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(TCPServer, "_idle_timeout", for_ever)
    monkeypatch.setattr(live.registry.server.eio, "ping_interval", 100_000)
    monkeypatch.setattr(server, "PATIENCE", 100_000)
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def there(live: Live) -> Counter[str]:
    """How many there are of each kind of object that connections are made of, of their tasks, and in the tables."""
    found: Counter[str] = Counter()
    for task in asyncio.all_tasks():
        frame = getattr(task.get_coro(), "cr_frame", None)
        if frame is not None and frame.f_globals["__name__"].startswith(CONNECTIONS):
            found[f"task {frame.f_code.co_qualname}"] += 1
    for each in gc.get_objects():
        kind = each if isinstance(each, type) else type(each)
        if str(kind.__module__).startswith(CONNECTIONS):
            found[f"{'class ' if kind is each else ''}{kind.__qualname__}"] += 1
    registry = live.registry
    for owner in (registry.server, registry.server.eio, registry.server.manager, registry.sockets):
        for name, table in vars(owner).items():
            if isinstance(table, (dict, set, list)):
                found[f"{type(owner).__name__}.{name}"] = len(table)
    return found


async def closes(live: Live) -> None:
    raw = await live.raw("carla")
    await raw.cut()


async def is_cut_off(live: Live) -> None:
    raw = await live.raw("carla")
    raw.drop()


async def is_not_let_in(live: Live) -> None:
    raw = await live.raw()
    await raw.hear()
    await raw.say('40{"token":"nobody"}')
    assert (await raw.hear()).startswith("44")
    await raw.cut()


async def is_sent_away(live: Live) -> None:
    raw = await live.raw("carla")
    [socket] = live.registry.sockets.all()
    await live.registry.server.dismiss(socket.sid)
    assert await raw.hear_all() == ["41", "1"]


async def polls(live: Live) -> None:
    async with aiohttp.ClientSession() as http:
        carla = Polling(live, http)
        await carla.enter(live.tokens["carla"])
        await carla.post("1")


async def reads_a_page(live: Live) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{live.url}/healthz") as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    "visit",
    [closes, is_cut_off, is_not_let_in, is_sent_away, polls, reads_a_page],
    ids=lambda v: v.__name__,
)
async def test_who_comes_and_goes_leaves_nothing(
    live: Live, visit: Callable[[Live], Awaitable[None]]
) -> None:
    before = there(live)
    await visit(live)
    await until(lambda: there(live) <= before)
