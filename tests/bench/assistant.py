"""What a Watson that hangs or fails costs those who chat: nothing, since no acknowledgement waits for it.

    python -m tests.bench.assistant

Four registries: without an assistant, with a Watson that never answers, with one that always fails, and once more
without, which shows how much of a difference is chance. They take turns, a quarter of a second each, because what else
the machine does changes from second to second. Customers who have read where it goes write, at even intervals, on many
tickets, and the bot would look at every message; the time to each acknowledgement is taken, and the processor
that the server uses. Each ratio compares the 99th percentiles of a thousand messages on either side, sent in the same
time; what is told is the median of these.
"""

import argparse
import asyncio
import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import aiohttp

from ccr import serving
from ccr.app import Parts, create_app
from ccr.settings import Settings
from tests.bench import servers
from tests.bench.frames import Frames
from tests.bench.servers import ADMIN, Server
from tests.bench.throughput import Side, in_turns
from tests.watson import Watson, watson_served

SIDES = {"off": "no assistant", "hang": "Watson hangs", "500": "Watson fails", "off again": "none, again"}
OFF = ("off", "off again")
EACH = 4
"""Messages on each ticket."""

TURN = 0.25
"""Seconds; not so many messages that what the machine does meanwhile would hit one side alone."""

BLOCK = 1_000
"""Messages whose 99th percentile is one figure."""


async def serve(kind: str, url: str, bind: str, folder: str) -> None:
    """A registry in this process. `url` is the stand-in's."""
    settings = Settings(
        data=Path(folder),
        bind=bind,
        assistant="off" if kind in OFF else "embedded",
        admin_email=ADMIN["email"],
        admin_password=ADMIN["password"],
        rate_limits=False,
        log="error",
    )
    stand_in = Watson()
    stand_in.url = url
    registry = create_app(settings, Parts(assistant=None if kind in OFF else stand_in.assistant()))
    await registry.prepare()
    with serving.listen(settings) as listener:
        await serving.serve(registry, settings, registry.drain, listener=listener, stop=asyncio.Event())


@contextlib.asynccontextmanager
async def registry(kind: str, url: str) -> AsyncIterator[Server]:
    """In a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        async with servers.started("tests.bench.assistant", "serve", kind, url, "{bind}", folder) as server:
            yield server


async def main(asked: argparse.Namespace) -> None:
    """Measure and print."""
    async with (
        AsyncExitStack() as open_,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
    ):
        made = []
        for kind in SIDES:
            watson = await open_.enter_async_context(watson_served())
            watson.always = int(kind) if kind.isdigit() else kind
            server = await open_.enter_async_context(registry(kind, watson.url))
            made.append(talkers(session, kind, server, asked))
        sides = dict(zip(SIDES, await asyncio.gather(*made), strict=True))
        for side in sides.values():
            await mails_sent(session, side.server, asked.customers)
        await in_turns(
            list(sides.values()),
            asked.blocks * int(BLOCK / asked.rate / TURN),
            lambda side: talk(side, asked.rate),
        )
        report(sides)
        for side in sides.values():
            await asyncio.gather(*(person.close() for person in {person for _, person in side.people}))


async def talkers(
    session: aiohttp.ClientSession, kind: str, server: Server, asked: argparse.Namespace
) -> Side:
    """Customers with so many tickets that nobody has answered that each gets `EACH` messages."""
    pairs = await servers.pairs(session, server, asked.customers)
    people = [await Frames.open(session, server.url, {"token": pair.tokens[0]}) for pair in pairs]
    count = asked.blocks * BLOCK // EACH
    opened = [(await raised(people[n % len(people)], n, kind), people[n % len(people)]) for n in range(count)]
    return Side(kind, server, opened)


async def raised(person: Frames, number: int, kind: str) -> int:
    """A ticket whose customer has read where it goes what is written on it."""
    opening = {"type": "open_ticket", "query": f"Kettle {number} hums"}
    answer = await person.ask("do", {"ticket": None, "key": f"kettle-{number:08}", "command": opening})
    ticket = int(_field(answer, "ticket"))
    while kind not in OFF and _field(await person.ask("sync", {"ticket": ticket, "after": 0}), "head") == "1":
        await asyncio.sleep(0.001)
    await person.ask("read", {"ticket": ticket, "seq": 99})
    return ticket


async def mails_sent(session: aiohttp.ClientSession, server: Server, left: int) -> None:
    """Wait until all is sent that the tickets owe, but for so many mails that are not due yet."""
    while await server.metric(session, 'ccr_queue_depth{queue="outbox"}') > left:
        await asyncio.sleep(0.5)


async def talk(side: Side, rate: int) -> None:
    """For one turn."""
    before = side.server.cpu()
    await side.paced(TURN, rate)
    side.costs.append(side.server.cpu() - before)


def report(sides: dict[str, Side]) -> None:
    """The table."""
    p99 = {kind: [quantiles(waits, n=100)[98] for waits in blocks_of(side)] for kind, side in sides.items()}
    for kind, words in SIDES.items():
        ratios = sorted(mine / none for mine, none in zip(p99[kind], p99["off"], strict=True))
        print(
            f"{words:12}  ack p50 {median(sides[kind].waits) * 1e3:5.2f} ms, p99 {median(p99[kind]) * 1e3:5.2f} ms  "
            f"of none {median(ratios):.2f} (from {ratios[0]:.2f} to {ratios[-1]:.2f})  "
            f"CPU {sum(sides[kind].costs) / len(sides[kind].waits) * 1e6:4.0f} µs a message"
        )
    print("goal: of none ≤ 1.2")


def blocks_of(side: Side) -> Iterator[list[float]]:
    """What was waited in each of them."""
    for number in range(len(side.waits) // BLOCK):
        yield side.waits[number * BLOCK : (number + 1) * BLOCK]


def _field(answer: str, name: str) -> str:
    return answer.partition(f'"{name}":')[2].partition(",")[0].rstrip("}]")


def _asked() -> Any:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", type=int, default=10)
    parser.add_argument("--rate", type=int, default=200, help="messages a second")
    parser.add_argument("--blocks", type=int, default=3, help="of a thousand messages on each side")
    return parser.parse_args()


if __name__ == "__main__":
    serving.run(serve(*sys.argv[2:]) if sys.argv[1:2] == ["serve"] else main(_asked()))
