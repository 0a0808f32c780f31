"""How many messages a second are stored durably on DB2, beside SQLite, and how much of a message is the wire.

    python -m tests.bench.db2
    python -m tests.bench.db2 'db2://USER:PASSWORD@HOST:PORT/DATABASE?schema=…'

64 customers write on a ticket each, in a closed loop through `Changes`, which every door leads to: everybody writes
the next message when the last is acknowledged. Without an address, DB2 is Apache Derby behind the tests' shim, on a
disk, by IBM's driver over a real DRDA connection. Derby's one processor and the shim's are the same as ours, so the
figures say how our half behaves, not what a DB2 server can do.
"""

import argparse
import asyncio
import contextlib
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import mean, median, quantiles
from time import perf_counter
from typing import NamedTuple

import uvloop

from ccr import metrics, operating
from ccr.desk.commands import OpenTicket, PostMessage
from ccr.settings import Settings
from tests import databases
from tests.accounts_house import House, open_house, with_password
from tests.db2 import derby

BODY = "Hello there, how are you doing today? Did the parcel come in the end?"
TALKERS = 64
WRITERS = (1, 4, 16)
TRIPS = 300


class Figures(NamedTuple):
    """Of one run: `trips` are exchanges with the server for each message, where they can be counted."""

    name: str
    writers: int
    rate: float
    p50: float
    p99: float
    together: float
    trips: float | None


async def measure(
    name: str, writers: int, url: str, folder: Path, seconds: float, shim: derby.Shim | None
) -> Figures:
    """Everybody writes, after a second to warm up."""
    with databases.chosen(url):
        async with open_house(folder) as house:
            places = [await _settled(house, number) for number in range(TALKERS)]
            await _talk(house, places, 1)
            before, counted = _committed(), _exchanges(shim)
            waits, took = await _talk(house, places, seconds)
            units, batches = (now - then for now, then in zip(_committed(), before, strict=True))
            trips = (_exchanges(shim) - counted) / len(waits) if shim else None
    cuts = quantiles(waits, n=100)
    return Figures(name, writers, len(waits) / took, cuts[49], cuts[98], units / max(1, batches), trips)


async def _settled(house: House, number: int) -> tuple[object, int]:
    given = {"first_name": "Carla", "last_name": f"N{number}", "email": f"{secrets.token_hex(6)}@example.org"}
    carla = await house.accounts.register(with_password(given | {"mobile": "+1 555 0100"}))
    opening = OpenTicket(query="Where is it?")
    answer = await house.changes.carry_out(carla, None, secrets.token_urlsafe(9), opening)
    return carla, answer.ticket


async def _talk(house: House, places: list[tuple[object, int]], seconds: float) -> tuple[list[float], float]:
    waits: list[float] = []
    begun = perf_counter()

    async def one(person: object, ticket: int) -> None:
        while perf_counter() < begun + seconds:
            started = perf_counter()
            key = secrets.token_urlsafe(12)
            await house.changes.carry_out(person, ticket, key, PostMessage(body=BODY))  # type: ignore[arg-type]
            waits.append(perf_counter() - started)

    await asyncio.gather(*(one(*place) for place in places))
    house.publisher.changes.clear()
    return waits, perf_counter() - begun


def trip(url: str) -> float:
    """Seconds of one bare exchange: nothing is read but a constant."""
    with operating.connected(Settings(database_url=url)) as connection:
        times = []
        for _ in range(TRIPS):
            started = perf_counter()
            connection.row("VALUES (1)")
            times.append(perf_counter() - started)
    return median(times)


def _committed() -> tuple[float, float]:
    """Units and batches so far."""
    [family] = metrics.COMMIT_UNITS.collect()
    found = {sample.name.rpartition("_")[2]: sample.value for sample in family.samples}
    return found["sum"], found["count"]


def _exchanges(shim: derby.Shim | None) -> int:
    return int(shim.tell("count")) if shim else 0


@contextlib.contextmanager
def _db2(given: str | None, folder: Path) -> Iterator[tuple[str, derby.Shim | None]]:
    if given:
        yield given, None
        return
    with derby.running(folder / "derby", memory=False) as (_, shim):
        yield shim.url(derby.new_name()), shim


async def main(asked: argparse.Namespace) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sqlite = f"sqlite:///{folder / 'registry.db'}"
        rows = [await measure("SQLite, 1 writer", 1, sqlite, folder, asked.seconds, None)]
        with _db2(asked.url, folder) as (url, shim):
            operating.migrate(Settings(database_url=url))
            chosen = f"{url}{'&' if '?' in url else '?'}writers="
            # A virtual machine compiles what it has run for a while.
            await measure("", 4, f"{chosen}4", folder, 4, None)
            for writers in WRITERS:
                named = f"DB2, {writers} writer{'s' * (writers > 1)}"
                rows.append(await measure(named, writers, f"{chosen}{writers}", folder, asked.seconds, shim))
            bare = mean([trip(url) for _ in range(3)])
    report(rows, bare)


def report(rows: list[Figures], bare: float) -> None:
    """The table."""
    heads = ("messages/s", "ack p50 ms", "p99 ms", "in a commit", "each ms", "round trips", "wire ms")
    print(f"{'':18}" + "".join(f"{head:>13}" for head in heads))
    for row in rows:
        figures = [f"{row.rate:,.0f}", f"{row.p50 * 1e3:.1f}", f"{row.p99 * 1e3:.1f}", f"{row.together:.1f}"]
        figures.append(f"{row.writers / row.rate * 1e3:.2f}")
        if row.trips is not None:
            figures += [f"{row.trips:.1f}", f"{row.trips * bare * 1e3:.2f}"]
        print(f"{row.name:18}" + "".join(f"{figure:>13}" for figure in figures))
    print(
        "\nin a commit: messages committed together; each: a writer's time for a message; wire: its round trips, at "
        f"{bare * 1e3:.2f} ms for a bare one"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url", nargs="?", help="of a real DB2, in a schema of its own")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each measurement")
    uvloop.run(main(parser.parse_args()))
