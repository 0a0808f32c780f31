"""How much of a bare room echo's speed is left when every message is stored durably before it is acknowledged.

    python -m tests.bench.throughput

50 tickets with two people each, in a closed loop: everybody sends the next message when the last is acknowledged. The
two servers take turns in short rounds, because what else the machine does changes from second to second. Then the same
people send 300 messages a second between them at even intervals, and the time to each acknowledgement is taken.
"""

import argparse
import asyncio
import itertools
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from statistics import median, quantiles
from time import perf_counter

import aiohttp
import uvloop

from tests.bench import servers
from tests.bench.frames import Frames
from tests.bench.servers import Pair, Server

BODY = "Hello there, how are you doing today? Did the parcel come in the end?"


class Side:
    """One of the two servers with everybody connected to it."""

    def __init__(self, name: str, server: Server, people: list[tuple[int, Frames]]) -> None:
        self.name = name
        self.server = server
        self.people = people
        self.rates: list[float] = []
        self.costs: list[float] = []
        self.waits: list[float] = []
        self._run = secrets.token_hex(4)
        self._numbers = itertools.count()

    async def send(self, ticket: int, person: Frames) -> float:
        """Seconds until the message was acknowledged."""
        key = f"{self._run}-{next(self._numbers):010d}"
        started = perf_counter()
        answer = await person.ask(
            "do", {"ticket": ticket, "key": key, "command": {"type": "post_message", "body": BODY}}
        )
        if '"ok":true' not in answer.replace(" ", "")[:40]:
            raise RuntimeError(f"{self.name} refused: {answer}")
        return perf_counter() - started

    async def closed_loop(self, seconds: float) -> None:
        """Everybody as fast as acknowledgements come."""
        until = perf_counter() + seconds
        sent = 0

        async def talk(ticket: int, person: Frames) -> None:
            nonlocal sent
            while perf_counter() < until:
                await self.send(ticket, person)
                sent += 1

        before, started = self.server.cpu(), perf_counter()
        await asyncio.gather(*(talk(ticket, person) for ticket, person in self.people))
        self.rates.append(sent / (perf_counter() - started))
        self.costs.append((self.server.cpu() - before) / sent)

    async def paced(self, seconds: float, rate: float) -> None:
        """So many messages a second in all, whoever's turn it is."""
        sends: list[asyncio.Task[float]] = []
        turns = itertools.cycle(self.people)
        started = perf_counter()
        for number in range(int(seconds * rate)):
            await asyncio.sleep(max(0.0, started + number / rate - perf_counter()))
            sends.append(asyncio.create_task(self.send(*next(turns))))
        self.waits += await asyncio.gather(*sends)


async def connect(session: aiohttp.ClientSession, name: str, server: Server, pairs: list[Pair]) -> Side:
    """Both people of each pair, joined to their ticket."""
    people = []
    for pair in pairs:
        for token in pair.tokens:
            person = await Frames.open(session, server.url, {"token": token})
            await person.ask("join", {"ticket": pair.ticket})
            people.append((pair.ticket, person))
    return Side(name, server, people)


async def in_turns(sides: list[Side], rounds: int, measure: Callable[[Side], Awaitable[None]]) -> None:
    """Each side measured so often, never one twice in a row for its own luck."""
    for number in range(rounds):
        for side in sides if number % 2 else reversed(sides):
            await measure(side)


async def main(asked: argparse.Namespace) -> None:
    """Measure and print."""
    async with (
        AsyncExitStack() as open_,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
    ):
        bare = await open_.enter_async_context(servers.bare_echo())
        ours = await open_.enter_async_context(servers.registry())
        pairs = await servers.pairs(session, ours, asked.tickets)
        sides = [
            await connect(session, "bare echo, stores nothing", bare, pairs),
            await connect(session, "registry, durable", ours, pairs),
        ]
        await in_turns(sides, 1, lambda side: side.closed_loop(2))
        for side in sides:
            side.rates.clear()
            side.costs.clear()
        await in_turns(sides, asked.rounds, lambda side: side.closed_loop(asked.seconds))
        await in_turns(sides, 4, lambda side: side.paced(4, 300))
        report(sides)
        for side in sides:
            await asyncio.gather(*(person.close() for _, person in side.people))


def report(sides: list[Side]) -> None:
    """The table."""
    print(f"{'':28} {'messages/s':>10} {'CPU µs each':>12} {'paced p50 ms':>13} {'p99 ms':>8}")
    for side in sides:
        cuts = quantiles(side.waits, n=100)
        print(
            f"{side.name:28} {median(side.rates):10,.0f} {median(side.costs) * 1e6:12,.0f} "
            f"{cuts[49] * 1e3:13.2f} {cuts[98] * 1e3:8.2f}"
        )
    bare, ours = sides
    rate = median(mine / theirs for mine, theirs in zip(ours.rates, bare.rates, strict=True))
    slower = quantiles(ours.waits, n=100)[98] / quantiles(bare.waits, n=100)[98]
    print(f"messages a second, ours / bare: {rate:.2f}   (goal ≥ 0.90)")
    print(f"paced p99, ours / bare: {slower:.2f}   (goal ≤ 3)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tickets", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each round")
    uvloop.run(main(parser.parse_args()))
