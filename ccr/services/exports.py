"""Everything held about one person, for them to take along: told in parts, each read and written out by a reader.

However much it is, only a page of it is in memory at a time, and nobody else waits for it.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from functools import partial
from typing import Any

import msgspec

from ccr.desk.people import Person, Role
from ccr.services.held_data import deeds_after, held_beside_talk, tickets_of, timeline_after
from ccr.store import holdings
from ccr.store.connection import Connection
from ccr.store.database import Database

PageAfter = Callable[[Connection, int, Person, int], list[dict[str, Any]]]
"""A page of a ticket behind a number; the last one is empty."""


class Exports:
    """Tells people what is held about them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def told(self, person: Person) -> AsyncGenerator[bytes, None]:
        """One JSON object, a line for each thing."""
        yield await self._database.read(lambda connection: _beside_talk(connection, person))
        async for part in self._talk(person):
            yield part
        yield b"\n]}\n"

    async def _talk(self, person: Person) -> AsyncIterator[bytes]:
        """What was said on a customer's tickets, each with its timeline; of staff what they did on any."""
        if person.role is Role.CUSTOMER:
            yield b',\n"tickets":['
            for n, ticket in enumerate(await self._database.read(lambda c: tickets_of(c, person))):
                yield _after(n) + msgspec.json.encode(ticket)[:-1] + b',"timeline":['
                async for lines in self._lines(timeline_after, ticket["id"], person):
                    yield lines
                yield b"]}"
            return
        yield b',\n"entries":['
        begun = False
        for ticket_id in await self._database.read(lambda c: holdings.tickets_with_deeds(c, person.id)):
            async for lines in self._lines(deeds_after, ticket_id, person, begun=begun):
                yield lines
                begun = True

    async def _lines(
        self, page_after: PageAfter, ticket_id: int, person: Person, *, begun: bool = False
    ) -> AsyncIterator[bytes]:
        """A ticket's pages as they stand in a list, which may have `begun` with others."""
        seq = 0
        while found := await self._database.read(partial(_page, page_after, ticket_id, person, seq)):
            lines, last = found
            yield _after(begun or seq) + lines
            seq = last


def _beside_talk(connection: Connection, person: Person) -> bytes:
    held = held_beside_talk(connection, person)
    fields = [f'"{name}":'.encode() + msgspec.json.encode(value) for name, value in held.items()]
    return b"{" + b",\n".join(fields)


def _page(
    page_after: PageAfter, ticket_id: int, person: Person, seq: int, connection: Connection
) -> tuple[bytes, int] | None:
    """The next page and the number of its last; written out here, in the reader's thread."""
    page = page_after(connection, ticket_id, person, seq)
    return (b",\n".join(map(msgspec.json.encode, page)), page[-1]["seq"]) if page else None


def _after(anything: object) -> bytes:
    """What stands between two things of a list; in front of the first one just a new line."""
    return b",\n" if anything else b"\n"
