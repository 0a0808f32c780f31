"""What one process of several has to know when others may have changed something: read anew, as it stands."""

from collections.abc import Collection, Iterable, Iterator
from functools import partial
from typing import NamedTuple, TypeVar

from ccr.desk.checking import MAX_SEQ
from ccr.desk.events import Entry, Reach
from ccr.desk.ticket import Ticket
from ccr.store import entries, sessions, tickets
from ccr.store.connection import Connection
from ccr.store.database import Database

T = TypeVar("T")

PUSHED = 100
"""Entries of one ticket that are given at most. Of more only the newest: whoever gets them sees the gap and asks."""

AT_ONCE = 200
"""Rows asked for in one statement."""

Heads = tuple[int, ...]
"""For each reach, the number of the last entry known."""


class Missed(NamedTuple):
    """A ticket with its entries that were not known; `prevs` says for each reach what comes in front of the first."""

    ticket: Ticket
    entries: list[Entry]
    prevs: Heads


class CatchingUp:
    """Reads for nobody in particular: who may see what of it is for the caller to say."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def missed(self, known: dict[int, Heads]) -> list[Missed]:
        """Each of these tickets as it stands, with what came after what is known of it."""
        return await self._database.read(partial(_missed, known))

    async def standing(self, ids: Collection[int]) -> list[Ticket]:
        """These tickets, as they stand."""
        found: list[Ticket] = []
        for some in _parts(ids):
            found += await self._database.read(partial(tickets.some, ids=some))
        return found

    async def ended(self, session_ids: Collection[int]) -> set[int]:
        """Those of these sessions that have ended."""
        alive: set[int] = set()
        for some in _parts(session_ids):
            alive |= await self._database.read(partial(sessions.alive, ids=some))
        return set(session_ids) - alive


def _missed(known: dict[int, Heads], connection: Connection) -> list[Missed]:
    found = []
    for ticket_id, heads in known.items():
        ticket = tickets.stands(connection, ticket_id)
        if ticket is not None:
            found.append(_behind(connection, ticket, heads))
    return found


def _behind(connection: Connection, ticket: Ticket, heads: Heads) -> Missed:
    last = heads[Reach.STAFF]
    most = min(PUSHED, ticket.last_seq - last)
    if most <= 0:
        return Missed(ticket, [], heads)
    new = entries.page_before(connection, ticket.id, Reach.STAFF, MAX_SEQ, most)
    if new[0].seq > last + 1:
        heads = tuple(entries.seq_before(connection, ticket.id, reach, new[0].seq) for reach in Reach)
    return Missed(ticket, new, heads)


def _parts(ids: Iterable[int]) -> Iterator[list[int]]:
    rest = sorted(ids)
    for start in range(0, len(rest), AT_ONCE):
        yield rest[start : start + AT_ONCE]
