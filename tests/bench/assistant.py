"""What a Watson that hangs or fails costs those who chat: nothing, since no acknowledgement waits for it.

    python -m tests.bench.assistant

Three registries: without an assistant, with a Watson that never answers, with one that always fails. They take turns
in short rounds. Customers write, at even intervals, on so many tickets that the bot still looks at every message; the
time to each acknowledgement is taken.
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
import uvloop

from ccr import serving
from ccr.app import Parts, create_app
from ccr.services.ticket_bot import LOOKS
from ccr.settings import Settings
from tests.bench import servers
from tests.bench.frames import Frames
from tests.bench.servers import ADMIN, Server
from tests.bench.throughput import Side, in_turns
from tests.watson import Watson, watson_served

SIDES = ("off", "hang", "500")
TICKETS = 40
"""Of each customer."""

ROUNDS = LOOKS - 1
"""Messages on each ticket; with its query as many as the bot looks at."""


async def serve(kind: str, url: str, bind: str, folder: str) -> None:
    """A registry in this process. `url` is the stand-in's."""
    settings = Settings(
        data=Path(folder),
        bind=bind,
        assistant="off" if kind == "off" else "embedded",
        admin_email=ADMIN["email"],
        admin_password=ADMIN["password"],
        rate_limits=False,
        log="error",
    )
    stand_in = Watson()
    stand_in.url = url
    registry = create_app(settings, Parts(assistant=None if kind == "off" else stand_in.assistant()))
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
        sides: dict[str, Side] = {}
        for kind in SIDES:
            watson = await open_.enter_async_context(watson_served())
            watson.always = int(kind) if kind.isdigit() else kind
            server = await open_.enter_async_context(registry(kind, watson.url))
            sides[kind] = await talkers(session, kind, server, asked.customers)
        await in_turns(list(sides.values()), ROUNDS, lambda side: talk(side, asked.rate))
        report(sides)
        for side in sides.values():
            await asyncio.gather(*(person.close() for person in {person for _, person in side.people}))


async def talkers(session: aiohttp.ClientSession, kind: str, server: Server, count: int) -> Side:
    """So many customers, each with `TICKETS` that nobody has answered."""
    people = []
    for number, pair in enumerate(await servers.pairs(session, server, count)):
        token = pair.tokens[0]
        person = await Frames.open(session, server.url, {"token": token})
        for n in range(TICKETS):
            opening = {"type": "open_ticket", "query": f"Kettle {n} hums"}
            answer = await person.ask(
                "do", {"ticket": None, "key": f"open-{number:04}-{n:04}", "command": opening}
            )
            people.append((int(answer.partition('"ticket":')[2].partition(",")[0]), person))
    return Side(kind, server, people)


async def talk(side: Side, rate: float) -> None:
    """As much as one round has of it. All was read before: what is written may go to Watson."""
    for ticket, person in side.people:
        await person.ask("read", {"ticket": ticket, "seq": 99})
    await side.paced(len(side.people) / rate, rate)


def report(sides: dict[str, Side]) -> None:
    """The table: round by round compared, since what else the machine does changes from second to second."""
    p99 = {kind: [quantiles(waits, n=100)[98] for waits in rounds_of(side)] for kind, side in sides.items()}
    for kind, words in zip(SIDES, ("no assistant", "Watson hangs", "Watson fails"), strict=True):
        ratio = median(mine / none for mine, none in zip(p99[kind], p99["off"], strict=True))
        milliseconds = median(p99[kind]) * 1e3
        print(f"{words:14} ack p99 {milliseconds:7.2f} ms   of none {ratio:.2f}   (goal ≤ 1.2)")


def rounds_of(side: Side) -> Iterator[list[float]]:
    """What was waited in each of the rounds."""
    length = len(side.waits) // ROUNDS
    for number in range(ROUNDS):
        yield side.waits[number * length : (number + 1) * length]


def _asked() -> Any:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", type=int, default=10)
    parser.add_argument("--rate", type=float, default=100, help="messages a second")
    return parser.parse_args()


if __name__ == "__main__":
    uvloop.run(serve(*sys.argv[2:]) if sys.argv[1:2] == ["serve"] else main(_asked()))
