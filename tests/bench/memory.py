"""What a connection costs in memory, and whether it is given back.

    python -m tests.bench.memory

First five waves of 1,000 people who come to a ticket and go again; then 5,000 who come and stay, saying nothing.
"""

import argparse
import asyncio
import resource

import aiohttp
import uvloop

from tests.bench import servers
from tests.bench.frames import Frames
from tests.bench.servers import Pair, Server

SETTLED = 5
"""Seconds after which nothing is left of a closed connection, not even that its person still counted as there."""


class Crowd:
    """Comes and goes."""

    def __init__(self, http: aiohttp.ClientSession, server: Server, pairs: list[Pair]) -> None:
        self._http, self._server, self._pairs = http, server, pairs

    async def come(self, count: int) -> list[Frames]:
        """So many, each on a ticket."""
        lines: list[Frames] = []
        for start in range(0, count, 100):
            lines += await asyncio.gather(*(self._one(n) for n in range(start, min(start + 100, count))))
        return lines

    async def go(self, lines: list[Frames]) -> None:
        """All of them; until the server knows."""
        await asyncio.gather(*(line.close() for line in lines))
        while await self._server.metric(self._http, "ccr_sockets"):
            await asyncio.sleep(0.05)

    async def _one(self, number: int) -> Frames:
        pair = self._pairs[number // 2 % len(self._pairs)]
        line = await Frames.open(self._http, self._server.url, {"token": pair.tokens[number % 2]})
        await line.ask("join", {"ticket": pair.ticket})
        return line


async def main(asked: argparse.Namespace) -> None:
    """Measure and print."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    async with (
        servers.registry() as server,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
    ):
        crowd = Crowd(http, server, await servers.pairs(http, server, asked.tickets))
        after: list[int] = []
        for _ in range(asked.waves):
            await crowd.go(await crowd.come(asked.wave))
            await asyncio.sleep(SETTLED if not after else 0)
            after.append(server.resident())
        await asyncio.sleep(SETTLED)
        after.append(server.resident())
        print(f"after the first wave of {asked.wave:,}: {after[0] / 1e6:.1f} MB; ", end="")
        newcomers = asked.wave * max(asked.waves - 1, 1)
        print(
            f"after {asked.waves}: {after[-1] / 1e6:.1f} MB, {after[-1] / after[0] - 1:+.1%}, "
            f"{(after[-1] - after[0]) / newcomers / 1e3:.2f} kB for each newcomer   (goal ≤ 10 %)"
        )
        empty = server.resident()
        lines = await crowd.come(asked.idle)
        await asyncio.sleep(1)
        each = (server.resident() - empty) / asked.idle
        print(f"{asked.idle:,} idle connections, each on a ticket: {each / 1e3:.1f} kB each   (goal ≤ 50)")
        await crowd.go(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--waves", type=int, default=5)
    parser.add_argument("--wave", type=int, default=1_000)
    parser.add_argument("--idle", type=int, default=5_000)
    parser.add_argument("--tickets", type=int, default=20)
    uvloop.run(main(parser.parse_args()))
