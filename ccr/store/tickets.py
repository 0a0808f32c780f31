"""The row of each ticket: its state today, written in the transaction of the entry that changed it."""

from functools import cache
from typing import NamedTuple

import msgspec

from ccr.desk.commands import Priority
from ccr.desk.people import Person, Role
from ccr.desk.ticket import Heads, Status, Ticket, WaitingOn
from ccr.store.connection import Connection, Row
from ccr.store.receipts import Receipt

COLUMNS = """
    t.id, t.query, t.customer_id, t.agent_id, t.status, t.priority, t.waiting_on, t.waiting_since, t.opened_at,
    t.outline_seq, t.outline_at, t.conversation_seq, t.conversation_at, t.last_seq, t.updated_at,
    t.stars, t.rating_comment
"""
WIDTH = 17

_ACTOR = "p.id, p.role, p.first_name, p.last_name, p.active, p.email, p.mobile"

# Not a column more than a decision needs: every message begins with it.
_LOCKED = (
    f"SELECT {COLUMNS}, p.id, p.role, p.first_name, p.last_name, p.active, "
    "k.command_hash, k.ticket_id, k.seq, k.entries, k.answered_at "
    "FROM tickets t JOIN people p ON p.id = ? "
    "LEFT JOIN receipts k ON k.scope = t.id AND k.person_id = p.id AND k.client_key = ? WHERE t.id = ?"
)

_STATUS = {status.value: status for status in Status}
_PRIORITY = {priority.value: priority for priority in Priority}
_WAITING = {waiting.value: waiting for waiting in WaitingOn} | {None: None}
_ROLE = {role.value: role for role in Role}


class Locked(NamedTuple):
    """What a command is decided by."""

    ticket: Ticket
    person: Person
    receipt: Receipt | None


def lock(
    connection: Connection, ticket_id: int, person_id: int, key: str, *, stays: bool = False
) -> Locked | None:
    """The ticket, nobody else changing it until this transaction ends; the person as they are now, but for how to
    reach them, and if need be as they stay until then; what their key was answered with.
    """
    connection.dialect.lock_ticket(connection, ticket_id)
    sql = _LOCKED + connection.dialect.held if stays else _LOCKED
    row = connection.row(sql, person_id, key, ticket_id)
    if row is None:
        return None
    receipt = Receipt(*row[-5:]) if row[-1] is not None else None
    return Locked(from_row(row), _actor(row[WIDTH:]), receipt)


def actor(connection: Connection, person_id: int, *, stays: bool = False) -> Person | None:
    """The person as they are now, and if need be as they stay until this transaction ends."""
    held = connection.dialect.held if stays else ""
    row = connection.row(f"SELECT {_ACTOR} FROM people p WHERE p.id = ?{held}", person_id)
    return _actor(row, *row[5:]) if row else None


def find(connection: Connection, ticket_id: int, person: Person) -> Ticket | None:
    """The ticket, if it is there and this person's to see; it and its timeline stay so until the transaction ends."""
    row = connection.row(
        f"SELECT {COLUMNS} FROM tickets t WHERE t.id = ? AND {of_person(person)}{connection.dialect.held}",
        ticket_id,
        *owner(person),
    )
    return from_row(row) if row else None


def stands(connection: Connection, ticket_id: int) -> Ticket | None:
    """The ticket, whoever may see it; it and its timeline stay so until the transaction ends."""
    row = connection.row(
        f"SELECT {COLUMNS} FROM tickets t WHERE t.id = ?{connection.dialect.held}", ticket_id
    )
    return from_row(row) if row else None


def some(connection: Connection, ids: list[int]) -> list[Ticket]:
    """These tickets, whoever may see them; some of it may not be committed yet."""
    marks = ", ".join("?" * len(ids))
    unlocked = connection.dialect.unlocked
    return [
        from_row(row)
        for row in connection.rows(f"SELECT {COLUMNS} FROM tickets t WHERE t.id IN ({marks}){unlocked}", *ids)
    ]


def of_person(person: Person) -> str:
    """The condition by which a ticket is this person's; its parameters are `owner(person)`."""
    return {Role.CUSTOMER: "t.customer_id = ?", Role.AGENT: "t.agent_id = ?", Role.ADMIN: "1 = 1"}.get(
        person.role, "1 = 0"
    )


def owner(person: Person) -> tuple[int, ...]:
    """What belongs to the `?` of `of_person(person)`."""
    return (person.id,) if person.role in (Role.CUSTOMER, Role.AGENT) else ()


def insert(connection: Connection, ticket: Ticket) -> Ticket:
    """The ticket with the id it was given."""
    names = ", ".join(("query", "customer_id", "opened_at", *_MUTABLE))
    marks = ", ".join("?" * (3 + len(_mutable(ticket))))
    new_id = connection.insert(
        f"INSERT INTO tickets ({names}) VALUES ({marks})",
        ticket.query,
        ticket.customer_id,
        ticket.opened_at,
        *_mutable(ticket),
    )
    return msgspec.structs.replace(ticket, id=new_id)


def save(connection: Connection, before: Ticket, after: Ticket) -> None:
    """What of it changed, and nothing else: a column that is set costs its indexes and foreign keys again."""
    was, now = _mutable(before), _mutable(after)
    changed = [place for place in _PLACES if was[place] != now[place]]
    connection.run(_update(tuple(changed)), *[now[place] for place in changed], after.id)


@cache
def _update(places: tuple[int, ...]) -> str:
    names = [_MUTABLE[place] for place in places]
    return f"UPDATE tickets SET {' = ?, '.join(names)} = ? WHERE id = ?"


_MUTABLE = (
    "agent_id",
    "status",
    "priority",
    "waiting_on",
    "waiting_since",
    "outline_seq",
    "outline_at",
    "conversation_seq",
    "conversation_at",
    "last_seq",
    "updated_at",
    "stars",
    "rating_comment",
)
_PLACES = range(len(_MUTABLE))


def _mutable(ticket: Ticket) -> tuple[object, ...]:
    everyone, conversation, staff = ticket.heads.seqs
    everyone_at, conversation_at, staff_at = ticket.heads.times
    return (
        ticket.agent_id,
        ticket.status,
        ticket.priority,
        ticket.waiting_on,
        ticket.waiting_since,
        everyone,
        everyone_at,
        conversation,
        conversation_at,
        staff,
        staff_at,
        ticket.stars,
        ticket.rating_comment,
    )


def from_row(row: Row) -> Ticket:
    """A ticket from the columns `COLUMNS`."""
    return Ticket(
        id=row[0],
        query=row[1],
        customer_id=row[2],
        agent_id=row[3],
        status=_STATUS[row[4]],
        priority=_PRIORITY[row[5]],
        waiting_on=_WAITING[row[6]],
        waiting_since=row[7],
        opened_at=row[8],
        heads=Heads((row[9], row[11], row[13]), (row[10], row[12], row[14])),
        stars=row[15],
        rating_comment=row[16],
    )


def _actor(row: Row, email: str | None = None, mobile: str | None = None) -> Person:
    return Person(
        id=row[0],
        role=_ROLE[row[1]],
        first_name=row[2],
        last_name=row[3],
        email=email,
        mobile=mobile,
        active=bool(row[4]),
    )
