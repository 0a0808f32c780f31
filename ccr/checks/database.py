"""The database: what it is, whether its schema fits, how fast it is, and what waits in it."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

from ccr import adapters
from ccr.checks.finding import Finding
from ccr.desk.clock import now, rfc3339
from ccr.desk.people import Role
from ccr.operating import DatabaseTrouble, connected, explained
from ccr.settings import Settings
from ccr.store import commits, outbox, people, schema
from ccr.store.connection import Connection

ROUND_TRIPS = 20
COMMITS = 5
"""How often each is measured; what is told is the median."""


def database(settings: Settings) -> Iterator[Finding]:
    place = adapters.database_place(settings)
    if settings.database_url.startswith("sqlite:") and not Path(place).exists():
        yield Finding("database", f"{place}, which the first start makes")
        return
    _, dialect, writers, readers = adapters.database_driver(settings)
    with connected(settings) as connection:
        about = dialect.about(connection.driver)
        old = f"serve from version {dialect.floor} or newer, and nothing else"
        yield Finding("database", f"{about.product}, {place}", "" if about.recent else old)
        anew = "make the database anew: CREATE DATABASE … USING CODESET UTF-8 TERRITORY US PAGESIZE 32 K"
        yield Finding("code page", about.encoding, "" if about.unicode else anew)
        yield from _schema(connection)
        yield _times(connection)
        yield _pool(settings, writers, readers)
        if schema.version(connection) == schema.NEWEST:
            yield from _contents(connection)


def _schema(connection: Connection) -> Iterator[Finding]:
    present = schema.version(connection)
    said = (
        f"{present}, as this version needs" if present == schema.NEWEST else f"{present}, not {schema.NEWEST}"
    )
    todo = ""
    if present > schema.NEWEST:
        todo = "serve it with the version that migrated it, or a newer one"
    elif present < schema.NEWEST and connection.dialect.remote:
        todo = (
            "run `ccr migrate` as the owner of the tables, and then the script of `ccr migrate --grants USER`"
        )
    elif present < schema.NEWEST:
        said += ", which the next start mends"
    yield Finding("schema", said, todo)


def _times(connection: Connection) -> Finding:
    """A reading, and a commit of something written, which is what every message waits for."""
    trip = median(_timed(lambda: connection.row("VALUES (1)")) for _ in range(ROUND_TRIPS))
    connection.dialect.rollback(connection.driver)
    said = f"{trip * 1000:.2f} ms to ask and be answered"
    if not connection.dialect.has_table(connection, "commits"):
        return Finding("times", said)
    return Finding("times", f"{said}, {_commit(connection) * 1000:.2f} ms to commit durably")


def _commit(connection: Connection) -> float:
    """Seconds; nothing is left of what is written for it."""
    writer, seconds = f"check-{secrets.token_hex(12)}", []
    dialect, driver = connection.dialect, connection.driver
    dialect.rollback(driver)
    for number in range(COMMITS):
        dialect.begin(driver)
        commits.note(connection, writer, number, now())
        seconds.append(_timed(lambda: dialect.commit(driver)))
    dialect.begin(driver)
    commits.forget(connection, writer)
    dialect.commit(driver)
    return median(seconds)


def _pool(settings: Settings, writers: int, readers: int) -> Finding:
    """As many connections as a process holds, all at once; the one that asks is one of them."""
    connect = adapters.database_driver(settings)[0]
    said = f"{writers + readers} connections for each process: {writers} to write, {readers} to read"
    opened = []
    try:
        with explained():
            opened += [connect() for _ in range(writers + readers - 1)]
    except DatabaseTrouble as trouble:
        return Finding("pool", f"not all of {said}: {trouble.what}", trouble.todo)
    finally:
        for driver in opened:
            driver.close()
    return Finding("pool", said)


def _contents(connection: Connection) -> Iterator[Finding]:
    connection.dialect.begin_reading(connection.driver)
    there_is = people.any_with_role(connection, Role.ADMIN)
    yield Finding(
        "admins", "there is one" if there_is else "none yet: the start of `ccr` prints a link for the first"
    )
    waiting = [
        f"{count} by {channel}, the first due at {rfc3339(due)}"
        for channel, (count, due) in sorted(outbox.queues(connection).items())
    ]
    yield Finding("outbox", "; ".join(waiting) or "nothing waits")


def _timed(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started
