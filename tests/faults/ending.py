"""All over: everybody reads to the end, by every node, before and after a restart; and the database is opened."""

import contextlib
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from tests.faults.clients import Person
from tests.faults.history import Asked, Owed, Row, Truth
from tests.faults.lines import call
from tests.faults.talkers import Talker
from tests.waiting import until

if TYPE_CHECKING:
    from tests.faults.story import Story


NEVER = 240
"""Seconds after which it will not come any more, on a very busy machine."""


async def hear_the_rest(story: "Story") -> None:
    """Note down who, connected and with nothing more to come, is not told of the last entries, or of who is there."""
    heads: dict[str, int] = {}
    for client in story.clients:
        if client.ticket:
            path = f"tickets/{client.ticket}/timeline?limit=1"
            found = await _get(story, story.nodes[0].url, path, client.person)
            heads[client.name] = found.get("head", 0)

    def unaware() -> list[str]:
        behind = [client.name for client in story.clients if client.head < heads.get(client.name, 0)]
        return behind + [
            f"{one.name} of {other.name}" for one, other in _together(story) if not _sees(one, other)
        ]

    await _note(story, unaware)


async def see_somebody_go(story: "Story") -> None:
    """Note down who is on the last ticket and not told that its customer has closed all tabs."""
    gone = [talker for talker in story.talkers if talker.person is story.cast.customers[-1]]
    left = [one for one, other in _together(story) if other in gone and one not in gone]
    for talker in gone:
        await story.goes(talker)

    def unaware() -> list[str]:
        return [f"{one.name} of the going of {gone[0].name}" for one in left if _sees(one, gone[0])]

    await _note(story, unaware)


async def _note(story: "Story", unaware: Callable[[], list[str]]) -> None:
    with contextlib.suppress(TimeoutError):
        await until(lambda: not unaware(), within=NEVER)
    story.history.unaware += unaware()


def _together(story: "Story") -> Iterator[tuple[Talker, Talker]]:
    for one, other in permutations(story.talkers, 2):
        if one.joined and other.joined and one.ticket == other.ticket and one.person is not other.person:
            yield one, other


def _sees(one: Talker, other: Talker) -> bool:
    return one.online.get(other.person.id, False)


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
        found = await _get(story, story.nodes[-1].url, f"{path}{client.head}", client.person)
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
        begun = monotonic()
        path = f"tickets/{ticket}/timeline?limit=200&after={numbers[-1] if numbers else 0}"
        found = await _get(story, url, path, person)
        if not found["ok"]:
            return None
        reads = {read["person"]["id"]: read["seq"] for read in found["reads"]}
        story.history.asked.append(Asked(person.id, ticket, begun, monotonic(), reads))
        for entry in found["entries"]:
            story.history.saw(way, person.id, entry)
            numbers.append(entry["seq"])
        if not found["more"]:
            return numbers


async def _get(story: "Story", url: str, path: str, person: Person) -> dict[str, Any]:
    """Nothing is wrong any more: who is not answered soon is answered late, and does not ask again."""
    return await call(story.session, "GET", url, path, person.token, within=NEVER)


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
        marks = database.execute("SELECT ticket_id, person_id, seq FROM read_marks")
        truth.marks = {(ticket, person): seq for ticket, person, seq in marks}
        truth.customers = dict(database.execute("SELECT id, customer_id FROM tickets"))
    finally:
        database.close()
    truth.carried = Counter(_outbox_number(letter) for letter in (folder / "mail").glob("*.eml"))


def _outbox_number(letter: Path) -> int:
    with letter.open(encoding="utf-8") as lines:
        return next(int(line.split(":")[1]) for line in lines if line.startswith("X-CCR-Outbox:"))
