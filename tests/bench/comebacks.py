"""What a deploy is like for 2,000 connected people: one of two nodes goes, and all of them come to the other.

    python -m tests.bench.comebacks

Each waits as long as its own goodbye says, connects to the other node and joins its ticket behind the last number it
has. Meanwhile something is written on each ticket, so that everybody has missed something. Nobody may be refused, or
need a second try; and each may cost the other node one reading of a timeline and no more.
"""

import argparse
import asyncio
import json
import resource
import secrets
import tempfile
from time import perf_counter, process_time

import aiohttp
import uvloop

from tests.bench import servers
from tests.bench.frames import Frames
from tests.bench.servers import Pair, Server
from tests.nodes import running_valkey


class Visitor:
    """One connected page."""

    def __init__(self, pair: Pair, which: int) -> None:
        self.ticket, self.token = pair.ticket, pair.tokens[which]
        self.last = 0
        self.away = 0.0
        """Seconds between the goodbye and having everything again."""
        self.tries = 0
        self.goodbye: asyncio.Future[tuple[float, int]] = asyncio.get_running_loop().create_future()

    async def come(self, http: aiohttp.ClientSession, server: Server) -> Frames:
        """Connected, and up to date."""
        self.tries += 1
        line = await Frames.open(http, server.url, {"token": self.token})
        line.on_push = self._hear
        answer = json.loads(await line.ask("join", {"ticket": self.ticket, "after": self.last}))[0]
        assert answer["ok"], answer
        assert not answer["more"]
        self.last = answer["head"]
        return line

    async def move(self, http: aiohttp.ClientSession, there: Server) -> Frames:
        """When told, to the other node."""
        told_at, milliseconds = await self.goodbye
        await asyncio.sleep(max(0.0, told_at + milliseconds / 1_000 - perf_counter()))
        line = await self.come(http, there)
        self.away = perf_counter() - told_at
        return line

    def _hear(self, text: str) -> None:
        if text.startswith('42["goodbye"'):
            self.goodbye.set_result((perf_counter(), json.loads(text[2:])[1]["reconnect_in_ms"]))


async def main(asked: argparse.Namespace) -> None:
    """Measure and print."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    given = {"CCR_SECRET_KEY": secrets.token_urlsafe(32), "CCR_METRICS": "loopback"}
    with tempfile.TemporaryDirectory() as folder, running_valkey() as valkey:
        given["CCR_REDIS_URL"] = valkey.url
        async with (
            servers.node(folder, **given) as here,
            servers.node(folder, **given) as there,
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
        ):
            pairs = await servers.pairs(http, here, asked.tickets)
            visitors = [Visitor(pairs[n // 2 % len(pairs)], n % 2) for n in range(asked.clients)]
            for some in (visitors[start : start + 100] for start in range(0, len(visitors), 100)):
                await asyncio.gather(*(visitor.come(http, here) for visitor in some))
            before = await there.metric(http, "ccr_timeline_reads_total")
            moving = [asyncio.create_task(visitor.move(http, there)) for visitor in visitors]
            began, burnt, burnt_there, burnt_here = perf_counter(), process_time(), there.cpu(), here.cpu()
            here.process.terminate()
            await asyncio.gather(*(_write(http, there, pair) for pair in pairs))
            lines = await asyncio.gather(*moving)
            took, burnt, burnt_there = (
                perf_counter() - began,
                process_time() - burnt,
                there.cpu() - burnt_there,
            )
            stopped = await here.process.wait()
            ended = resource.getrusage(resource.RUSAGE_CHILDREN)
            burnt_here = ended.ru_utime + ended.ru_stime - burnt_here
            reads = await there.metric(http, "ccr_timeline_reads_total") - before
            await asyncio.gather(*(line.close() for line in lines))
    report(visitors, took, reads, stopped)
    each = 1_000 / len(visitors)
    print(f"processor for each: {burnt_there * each:.2f} ms of the new node, ", end="")
    print(f"{burnt_here * each:.2f} of the old, {burnt * each:.2f} of these clients themselves")


async def _write(http: aiohttp.ClientSession, there: Server, pair: Pair) -> None:
    command = {"type": "post_message", "body": "While you were away"}
    body = {"key": secrets.token_urlsafe(12), "command": command}
    headers = {"Authorization": f"Bearer {pair.tokens[0]}"}
    url = f"{there.url}/api/v1/tickets/{pair.ticket}/commands"
    async with http.post(url, json=body, headers=headers) as answer:
        assert answer.status == 200, await answer.text()


def report(visitors: list[Visitor], took: float, reads: float, stopped: int) -> None:
    """The figures."""
    away = sorted(visitor.away for visitor in visitors)
    again = sum(visitor.tries - 2 for visitor in visitors)
    print(f"{len(visitors):,} clients went over to the other node; {again} needed a second try")
    print(
        f"away for: median {away[len(away) // 2]:.2f} s, 99 % {away[int(len(away) * 0.99)]:.2f} s, ", end=""
    )
    print(f"longest {away[-1]:.2f} s   (goal ≤ 5)")
    print(f"from SIGTERM until all were back: {took:.2f} s; the old node ended with {stopped}")
    print(f"timelines read for each: {reads / len(visitors):.2f}   (goal ≤ 1)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=2_000)
    parser.add_argument("--tickets", type=int, default=50)
    uvloop.run(main(parser.parse_args()))
