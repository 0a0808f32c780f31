"""All over: everybody reads to the end, by every node, before and after a restart; and the database is opened."""

import contextlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.clients import Person
from tests.faults.history import Owed, Row, Truth
from tests.faults.lines import call
from tests.waiting import until

if TYPE_CHECKING:
    from tests.faults.story import Story


NEVER = 240
"""Seconds after which it will not come any more, on a very busy machine."""


async def hear_the_rest(story: "Story") -> None:
    """Note down who, connected and with nothing more to come, is not told of the last entries."""
    heads: dict[str, int] = {}
    for client in story.clients:
        if client.ticket:
            path = f"tickets/{client.ticket}/timeline?limit=1"
            found = await call(story.session, "GET", story.nodes[0].url, path, client.person.token)
            heads[client.name] = found.get("head", 0)

    def unaware() -> list[str]:
        return [client.name for client in story.clients if client.head < heads.get(client.name, 0)]

    with contextlib.suppress(TimeoutError):
        await until(lambda: not unaware(), within=NEVER)
    story.history.unaware = unaware()


async def read_everything(story: "Story", *, after_restart: bool) -> Truth:
    """Ends with every node stopped."""
    truth = Truth(roles=story.cast.roles(), customers={})
    for client in story.clients:
        await _catch_up(story, client.name)
    for node in story.nodes:
        await _read_by(story, node.url, node.name, truth)
    for node in story.nodes:
        await node.stop()
    if after_restart:
        first = story.nodes[0]
        await first.start()
        await _read_by(story, first.url, "after a restart", truth)
        await first.stop()
    _open_database(story.folder, truth)
    return truth


async def _catch_up(story: "Story", name: str) -> None:
    """As a client that comes once more."""
    client = next(client for client in story.clients if client.name == name)
    if not client.ticket:
        return
    path = f"tickets/{client.ticket}/timeline?limit=200&after="
    while True:
        found = await call(
            story.session, "GET", story.nodes[-1].url, f"{path}{client.head}", client.person.token
        )
        for entry in found.get("entries", ()):
            client.take(entry)
        if not found.get("more"):
            return


async def _read_by(story: "Story", url: str, way: str, truth: Truth) -> None:
    for person, ticket in _who_may_read(story):
        numbers = await _read(story, url, way, person, ticket)
        if numbers is not None:
            truth.timelines[way, person.id, ticket] = numbers


def _who_may_read(story: "Story") -> Iterator[tuple[Person, int]]:
    cast = story.cast
    for customer, ticket in zip(cast.customers, cast.tickets, strict=True):
        for person in (customer, cast.ada, *cast.agents):
            yield person, ticket


async def _read(story: "Story", url: str, way: str, person: Person, ticket: int) -> list[int] | None:
    """Every number, page by page; `None` where it is not theirs."""
    numbers: list[int] = []
    while True:
        path = f"tickets/{ticket}/timeline?limit=200&after={numbers[-1] if numbers else 0}"
        found = await call(story.session, "GET", url, path, person.token)
        if not found["ok"]:
            return None
        for entry in found["entries"]:
            story.history.saw(way, person.id, entry)
            numbers.append(entry["seq"])
        if not found["more"]:
            return numbers


def _open_database(folder: Path, truth: Truth) -> None:
    database = sqlite3.connect(folder / "registry.db")
    try:
        truth.rows = [
            Row._make((*row[:7], json.loads(row[7])))
            for row in database.execute(
                "SELECT ticket_id, seq, happened_at, actor_id, client_key, type, reach, fields FROM entries"
            )
        ]
        truth.owed = [
            Owed(*row)
            for row in database.execute(
                # One row of each notice is its mail, or will be; by other channels it goes in rows of their own. That a
                # ticket was raised no admin is mailed.
                "SELECT id, kind, person_id, ticket_id, state FROM outbox WHERE channel IN ('mail', 'every') "
                "AND kind <> 'ticket_raised'"
            )
        ]
        truth.customers = dict(database.execute("SELECT id, customer_id FROM tickets"))
    finally:
        database.close()
    truth.carried = Counter(_outbox_number(letter) for letter in (folder / "mail").glob("*.eml"))


def _outbox_number(letter: Path) -> int:
    with letter.open(encoding="utf-8") as lines:
        return next(int(line.split(":")[1]) for line in lines if line.startswith("X-CCR-Outbox:"))
