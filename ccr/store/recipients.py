"""Whom the mails are for that are about to go, and what decides whether they still go: of many at once."""

from typing import NamedTuple

from ccr.desk.people import Person, full_name
from ccr.desk.ticket import Names, Ticket
from ccr.store import bounces, people, places, tickets
from ccr.store.connection import Connection, Row

# As `tickets.of_person` has it, of a person who is in the same statement.
_OWN = "(p.role = 'customer' AND t.customer_id = p.id OR p.role = 'agent' AND t.agent_id = p.id OR p.role = 'admin')"
_FOUND = (
    f"SELECT o.id, {people.COLUMNS}, q.kind, c.first_name, c.last_name, a.first_name, a.last_name, {tickets.COLUMNS} "
    "FROM outbox o JOIN people p ON p.id = o.person_id "
    "LEFT JOIN quiet_kinds q ON q.person_id = p.id AND q.kind = o.kind AND q.channel = o.channel "
    f"LEFT JOIN tickets t ON t.id = o.ticket_id AND {_OWN} "
    "LEFT JOIN people c ON c.id = t.customer_id LEFT JOIN people a ON a.id = t.agent_id "
    "WHERE o.id IN ({rows})"
)
_QUIET = 1 + people.WIDTH
_NAMES = _QUIET + 1
_TICKET = _NAMES + 4


class Recipient(NamedTuple):
    """The person as they are now; whether they turned the kind off; why their address is not mailed, if so.

    The ticket, where the row tells of one that is theirs to see, with who is on it.
    """

    person: Person
    quiet: bool
    bounced: str | None
    ticket: Ticket | None
    names: Names | None


def of(connection: Connection, rows: list[int]) -> dict[int, Recipient]:
    """By row of the outbox; none for who is not there."""
    marks, padded = places.of(rows)
    found = connection.rows(_FOUND.format(rows=marks), *padded)
    readers = {row[0]: people.from_row(row[1:]) for row in found}
    bounced = bounces.of(connection, [person.email for person in readers.values() if person.email])
    return {row[0]: _recipient(row, readers[row[0]], bounced) for row in found}


def _recipient(row: Row, person: Person, bounced: dict[str, str]) -> Recipient:
    first, last, agent_first, agent_last = row[_NAMES:_TICKET]
    there = row[_TICKET] is not None
    agent = full_name(agent_first, agent_last) if agent_first is not None else None
    return Recipient(
        person=person,
        quiet=row[_QUIET] is not None,
        bounced=bounced.get(person.email) if person.email else None,
        ticket=tickets.from_row(row[_TICKET:]) if there else None,
        names=Names(full_name(first, last), agent) if there else None,
    )
