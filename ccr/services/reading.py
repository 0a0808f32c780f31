"""What people look at: a ticket, its timeline, their lists. Nothing here changes a ticket."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from ccr import metrics
from ccr.desk import clock
from ccr.desk.checking import MAX_SEQ, text_fault
from ccr.desk.events import Entry, Reach, entry_wire
from ccr.desk.people import Person, Role, full_name
from ccr.desk.refusals import invalid, not_found
from ccr.desk.rules import allowed, clearance
from ccr.desk.ticket import Ticket
from ccr.ports import Publisher
from ccr.services.portraits import portrait_of
from ccr.store import entries, lists, people, read_marks, tickets
from ccr.store.connection import Connection
from ccr.store.database import Database
from ccr.store.lists import Filters, Seen

__all__ = ["MOST", "PAGE", "Filters", "Reading"]

PAGE = 50
"""Entries and tickets given when no number is asked for."""

MOST = 200
"""Entries and tickets given at most."""


PAGE_CHARACTERS = 100_000
"""Characters of the texts on a page; the entry that goes beyond it is on the next, so that nobody who asks for pages
and reads none makes us hold more than a few hundred kilobytes for each."""


class Standing(NamedTuple):
    """Whose a ticket is, and up to which number each reach of it goes."""

    customer: int
    agent: int | None
    heads: tuple[int, ...]

    @property
    def parties(self) -> tuple[int, int | None]:
        """The two people on it."""
        return self.customer, self.agent


class Reading:
    """Answers questions, each as its asker may know it. Everything returned is ready for the wire."""

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        *,
        admins_read: bool = False,
        now: Callable[[], int] = clock.now,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._admins_read = admins_read
        self._now = now

    def clearance(self, person: Person) -> Reach:
        """How deep this person sees."""
        return clearance(person.role, admins_read=self._admins_read)

    async def ticket(self, person: Person, ticket_id: int) -> dict[str, Any]:
        """The ticket; its customer is told how to reach the agent, too. Raises `not_found`."""
        return await self._database.read(partial(self._ticket, person, ticket_id))

    async def allowed(self, person: Person, ticket_id: int) -> frozenset[str]:
        """The commands this person may give now. Raises `not_found`."""
        return await self._database.read(lambda c: allowed(_mine(c, person, ticket_id), person))

    async def timeline(
        self,
        person: Person,
        ticket_id: int,
        *,
        after: int | None = None,
        before: int | None = None,
        limit: int = PAGE,
    ) -> dict[str, Any]:
        """`{entries, head, more, reads}`, oldest first: what follows `after`, else the newest (in front of `before`).

        `more` says whether there is more in the direction asked for; `reads` how far the other side has read.
        """
        return await self._database.read(partial(self._timeline, person, ticket_id, after, before, limit))

    async def conversation(self, person: Person, ticket_id: int, after: int | None = None) -> dict[str, Any]:
        """`{ticket, entries, head, more, reads}` of one moment: what somebody who comes to the ticket needs.

        Everything behind `after` (at most `MOST`), or without it the newest `PAGE`.
        """

        def both(connection: Connection) -> dict[str, Any]:
            limit = PAGE if after is None else MOST
            body = {"ticket": self._ticket(person, ticket_id, connection)}
            return body | self._timeline(person, ticket_id, after, None, limit, connection)

        return await self._database.read(both)

    async def standing(self, person: Person, ticket_id: int) -> Standing:
        """Whose ticket it is, and how far it has come. Raises `not_found` unless the person may see it."""
        ticket = await self._database.read(lambda c: _mine(c, person, ticket_id))
        return Standing(ticket.customer_id, ticket.agent_id, ticket.heads.seqs)

    async def tickets(
        self, person: Person, filters: Filters | None = None, *, cursor: str | None = None, limit: int = PAGE
    ) -> dict[str, Any]:
        """`{tickets, cursor, more, counts}`, newest activity first; the next page begins at `cursor`, if any."""
        filters, before = filters or Filters(), _read_cursor(cursor)
        if filters.search and (fault := text_fault(filters.search)):
            raise invalid(q=fault)  # SQLite would end the text at a NUL, and find everything
        return await self._database.read(partial(self._tickets, person, filters, before, limit))

    async def summaries(self, person: Person, ids: list[int]) -> list[dict[str, Any]]:
        """Those of these tickets that are still the person's to see."""
        depth = self.clearance(person)
        found = await self._database.read(lambda c: lists.some(c, person, depth, ids))
        return [_wire(seen, depth) for seen in found]

    async def mark_read(self, person: Person, ticket_id: int, seq: int) -> None:
        """The person has read up to `seq`; never moves back, never past the last entry they can see."""
        await self._database.write(
            partial(self._mark_read, person, ticket_id, seq),
            then=partial(self._tell_read, person),
            lane=ticket_id,
        )

    async def agents_load(self) -> list[dict[str, Any]]:
        """Every active agent: `{id, name, open, online}`, `open` counting their tickets that are not closed."""
        online = self._publisher.online()
        rows = await self._database.read(lists.loads)
        return [
            {"id": agent, "name": full_name(first, last), "open": load, "online": agent in online}
            for agent, first, last, load in rows
        ]

    def _ticket(self, person: Person, ticket_id: int, connection: Connection) -> dict[str, Any]:
        depth = self.clearance(person)
        found = lists.some(connection, person, depth, [ticket_id])
        if not found:
            raise not_found("ticket")
        body = _wire(found[0], depth)
        agent = found[0].ticket.agent_id
        if person.role is Role.CUSTOMER and agent:
            body["agent"] = _reachable(people.find(connection, agent), portrait_of(connection, agent))
        elif agent and (portrait := portrait_of(connection, agent)):
            body["agent"]["portrait"] = portrait
        return body

    def _timeline(
        self,
        person: Person,
        ticket_id: int,
        after: int | None,
        before: int | None,
        limit: int,
        connection: Connection,
    ) -> dict[str, Any]:
        metrics.TIMELINE_READS.inc()
        ticket = _mine(connection, person, ticket_id)
        depth = self.clearance(person)
        end = MAX_SEQ if before is None else before
        if after is not None:
            found = entries.page_after(connection, ticket_id, depth, after, limit + 1, end)
            more, found = _cut(found, limit)
        else:
            found = entries.page_before(connection, ticket_id, depth, end, limit + 1)
            more, newest = _cut(found[::-1], limit)
            found = newest[::-1]
        return {
            "entries": _chain(connection, person, depth, found),
            "head": ticket.heads.seqs[depth],
            "more": more,
            "reads": [
                {"person": {"id": reader}, "seq": entries.seq_before(connection, ticket_id, depth, seq + 1)}
                for reader, seq in read_marks.of_others(connection, ticket_id, person)
                if depth >= Reach.CONVERSATION
            ],
        }

    def _tickets(
        self,
        person: Person,
        filters: Filters,
        before: tuple[int, int] | None,
        limit: int,
        connection: Connection,
    ) -> dict[str, Any]:
        depth = self.clearance(person)
        found = lists.page(connection, person, depth, filters, limit + 1, before)
        more, found = len(found) > limit, found[:limit]
        last = found[-1].ticket if more else None
        return {
            "tickets": [_wire(seen, depth) for seen in found],
            "cursor": f"{last.heads.times[depth]}-{last.id}" if last else None,
            "more": more,
            "counts": lists.counts(connection, person),
        }

    def _mark_read(
        self, person: Person, ticket_id: int, seq: int, connection: Connection
    ) -> tuple[Ticket, int] | None:
        ticket = _mine(connection, person, ticket_id)
        seen = min(seq, ticket.heads.seqs[self.clearance(person)])
        before = read_marks.find(connection, ticket_id, person.id) or 0
        moved = read_marks.move(connection, ticket_id, person.id, seen, self._now())
        told = entries.seq_before(connection, ticket_id, Reach.CONVERSATION, seen + 1)
        # What only staff see is nothing for the others: not even that it was read.
        return (ticket, told if told > before else 0) if moved else None

    def _tell_read(self, person: Person, moved: tuple[Ticket, int] | None) -> None:
        if moved is not None:
            self._publisher.read(moved[0], person, moved[1])


def _mine(connection: Connection, person: Person, ticket_id: int) -> Ticket:
    ticket = tickets.find(connection, ticket_id, person)
    if ticket is None:
        raise not_found("ticket")
    return ticket


def _cut(found: list[Entry], limit: int) -> tuple[bool, list[Entry]]:
    """The first of them, no more than a page, by number and by size; and whether there are others."""
    room, count = PAGE_CHARACTERS, 0
    for entry in found[:limit]:
        room -= sum(len(field) for field in entry.fields.values() if isinstance(field, str))
        if room < 0 and count:
            break
        count += 1
    return len(found) > count, found[:count]


def _chain(connection: Connection, person: Person, depth: Reach, found: list[Entry]) -> list[dict[str, Any]]:
    """Each entry knows the number of the visible one in front of it."""
    prev = entries.seq_before(connection, found[0].ticket, depth, found[0].seq) if found else 0
    seen = []
    for entry in found:
        seen.append(entry_wire(entry, prev, person.id))
        prev = entry.seq
    return seen


def _wire(seen: Seen, depth: Reach) -> dict[str, Any]:
    return seen.ticket.wire(depth, seen.names, read_seq=seen.read_seq, unread=seen.unread)


def _reachable(agent: Person | None, portrait: str | None) -> dict[str, Any] | None:
    if agent is None:
        return None
    return {
        "id": agent.id,
        "name": agent.name,
        "email": agent.email,
        "mobile": agent.mobile,
        "portrait": portrait,
    }


def _read_cursor(cursor: str | None) -> tuple[int, int] | None:
    if cursor is None:
        return None
    # No longer than what every database takes as a number.
    form = re.fullmatch(r"([0-9]{1,16})-([0-9]{1,16})", cursor)
    if form is None:
        raise invalid(cursor="is not one that was given out")
    return int(form[1]), int(form[2])
