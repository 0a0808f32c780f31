"""How long a thousand notices take through a provider that needs 150 ms for each, and what the chat feels of it.

    python -m tests.bench.notices

Needs the description in ../shared/specs, by which the stand-in checks every mail: it is a process of its own that does
no more than keep what it is sent, and checks it in the end. It has the processor when nobody else wants it, since the
real one would not share this machine. On one registry 300 messages a second are sent at even intervals: in turns with
nothing to mail, and while a thousand notices that are suddenly due go out. Each turn is told, and in the end the
medians.
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import cast

import aiohttp
import uvloop

from ccr import adapters
from ccr.desk import clock
from ccr.desk.notices import Channel, Kind, Notice
from ccr.settings import Settings
from ccr.store import outbox
from ccr.store.connection import Connection
from ccr.store.database import Database
from tests.bench import servers
from tests.bench.throughput import Side, connect
from tests.sendgrid import KEY, Double

DELAY = 0.15

ACCEPTED = b"HTTP/1.1 202 Accepted\r\nX-Message-Id: a-mail-of-the-bench\r\nContent-Length: 0\r\n\r\n"


class Slot(asyncio.Protocol):
    """A connection on which mails are taken as they are: each is answered after the delay, and kept for later."""

    def __init__(self, taken: list[bytes]) -> None:
        self._taken = taken
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has something to send."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """A piece of a request, or all of it."""
        self._read += data
        head, end, body = self._read.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        if end and length and len(body) >= int(length[1]):
            self._taken.append(self._read)
            self._read = b""
            asyncio.get_running_loop().call_later(DELAY, self._transport.write, ACCEPTED)


def wrong(requests: list[bytes]) -> list[str]:
    """What should not have been taken, and why."""
    double = Double()
    faults = []
    for request in requests:
        head, _, body = request.partition(b"\r\n\r\n")
        right = f"Authorization: Bearer {KEY}".encode() in head and b"Content-Type: application/json" in head
        fault = double.fault(json.loads(body)) if right else "the key or the type is wrong"
        faults += [fault] if fault else []
    return faults


async def provide() -> None:
    """The provider, as a process: says where it listens, and then how many mails it has or what is wrong with them."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    taken: list[bytes] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Slot(taken), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    while asked := await loop.run_in_executor(None, sys.stdin.readline):
        print(len(taken) if asked == "count\n" else json.dumps(wrong(taken)), flush=True)


class Provider:
    """The process seen from here."""

    def __init__(self, process: asyncio.subprocess.Process, host: str) -> None:
        self._process = process
        self.host = host

    async def count(self) -> int:
        """How many mails it has accepted."""
        return int(await self._asked("count"))

    async def check(self) -> None:
        """Raise if it should have refused one."""
        if wrong := json.loads(await self._asked("wrong")):
            raise RuntimeError(f"{len(wrong)} mails were wrong: {wrong[0]}")

    async def _asked(self, what: str) -> bytes:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{what}\n".encode())
        return await self._process.stdout.readline()


@contextlib.asynccontextmanager
async def provider() -> AsyncIterator[Provider]:
    """Until it is no longer needed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.notices",
        "--provide",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=servers.ROOT,
    )
    assert process.stdout
    try:
        yield Provider(process, (await process.stdout.readline()).decode().strip())
    finally:
        process.terminate()
        await process.wait()


async def main(count: int, rounds: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        async with provider() as taking, aiohttp.ClientSession() as session:
            environ = {
                "CCR_ADMIN_EMAIL": servers.ADMIN["email"],
                "CCR_ADMIN_PASSWORD": servers.ADMIN["password"],
                "CCR_DATA": folder,
                "CCR_MAIL": "sendgrid",
                "CCR_MAIL_FROM": "Care <care@example.org>",
                "CCR_SENDGRID_API_KEY": KEY,
                "CCR_SENDGRID_HOST": taking.host,
            }
            async with servers.started("ccr", **environ) as server:
                side = await connect(session, "registry", server, await servers.pairs(session, server, 50))
                await side.closed_loop(1)
                turns = [await _turn(side, taking, Path(folder), count) for _ in range(rounds)]
                await taking.check()
                await asyncio.gather(*(person.close() for _, person in side.people))
    took, slower = (median(values) for values in zip(*turns, strict=True))
    print(f"{count} notices at {DELAY * 1000:.0f} ms a call: {took:.2f} s   (goal ≤ 5 for 1,000)")
    print(f"chat p99 meanwhile / before: {slower:.2f}   (goal ≤ 1.5)")


async def _turn(side: Side, taking: Provider, folder: Path, count: int) -> tuple[float, float]:
    """Chat alone, then chat and notices. Seconds until the last was taken, and by what the chat's p99 was longer."""
    before = await _paced(side, 4)
    took, during = await _mailing(side, taking, folder, count)
    print(
        f"{took:.2f} s; chat p50 / p99: {before[49] * 1e3:.2f} / {before[98] * 1e3:.2f} ms before, "
        f"{during[49] * 1e3:.2f} / {during[98] * 1e3:.2f} ms meanwhile",
        flush=True,
    )
    return took, during[98] / before[98]


async def _paced(side: Side, seconds: float) -> list[float]:
    side.waits.clear()
    await side.paced(seconds, 300)
    return quantiles(side.waits, n=100)


async def _chatting(side: Side, over: asyncio.Event) -> list[float]:
    """How long messages take, until it is over."""
    waits: list[float] = []
    while not over.is_set():
        side.waits.clear()
        await side.paced(0.5, 300)
        waits += side.waits
    return waits


async def _mailing(side: Side, taking: Provider, folder: Path, count: int) -> tuple[float, list[float]]:
    """Seconds from when the first was handed over until the last was taken, and how long messages took meanwhile."""
    database = Database(*adapters.database_driver(Settings(data=folder)))
    first = await taking.count()
    over = asyncio.Event()
    await database.write(lambda connection: _owe(connection, count))
    while await taking.count() == first:  # the registry looks by itself, since nobody woke it
        await asyncio.sleep(0.01)
    started = perf_counter() - DELAY
    chat = asyncio.create_task(_chatting(side, over))
    while await taking.count() - first < count:
        await asyncio.sleep(0.05)
    took = perf_counter() - started
    over.set()
    waits = await chat
    while any(channel == "mail" for channel in await database.read(outbox.queues)):
        await asyncio.sleep(0.05)  # what was sent is noted down, too, before the next turn
    await database.close()
    return took, quantiles(waits, n=100)


def _owe(connection: Connection, count: int) -> None:
    people = connection.rows("SELECT customer_id, id FROM tickets")
    for number in range(count):
        person, ticket = people[number % len(people)]
        notice = Notice(kind=Kind.TICKET_OPENED, to=person, ticket=ticket, channel=Channel.MAIL)
        outbox.put(connection, notice, clock.now())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--notices", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--provide", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    uvloop.run(provide() if asked.provide else main(asked.notices, asked.rounds))
