"""The timelines: append, page, blank. Nothing else ever happens to an entry."""

from typing import Any

import msgspec

from ccr.desk.checking import MAX_SEQ
from ccr.desk.events import Actor, Entry, Event, MessagePosted, PersonRequested, Reach
from ccr.desk.people import Person, full_name
from ccr.store.connection import Connection, Row

_COLUMNS = """
    e.ticket_id, e.seq, e.happened_at, e.actor_id, p.first_name, p.last_name, e.actor_role, e.client_key, e.type,
    e.reach, e.fields
"""
_SOURCE = "entries e JOIN people p ON p.id = e.actor_id"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def append(
    connection: Connection, ticket_id: int, seq: int, at: int, person: Person, key: str, event: Event
) -> Entry:
    """Store `event` as entry `seq`; the ticket's row is locked by the caller, so the number is free."""
    fields = _encode(event).decode()
    connection.run(
        "INSERT INTO entries (ticket_id, seq, happened_at, actor_id, actor_role, type, reach, client_key, fields) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ticket_id,
        seq,
        at,
        person.id,
        person.role.value,
        event.type,
        int(event.reach),
        key,
        fields,
    )
    return Entry(
        ticket=ticket_id,
        seq=seq,
        at=at,
        actor=Actor(person.id, person.name, person.role.value),
        key=key,
        type=event.type,
        reach=int(event.reach),
        fields=msgspec.to_builtins(event),
    )


def find(connection: Connection, ticket_id: int, seq: int) -> Entry | None:
    """One entry."""
    row = connection.row(
        f"SELECT {_COLUMNS} FROM {_SOURCE} WHERE e.ticket_id = ? AND e.seq = ?",
        ticket_id,
        seq,
    )
    return from_row(row) if row else None


def page_after(
    connection: Connection, ticket_id: int, clearance: Reach, after: int, most: int, before: int = MAX_SEQ
) -> list[Entry]:
    """At most `most` visible entries behind number `after` (and in front of `before`), oldest first."""
    rows = connection.up_to(
        most,
        f"SELECT {_COLUMNS} FROM {_SOURCE} WHERE e.ticket_id = ? AND e.seq > ? AND e.seq < ? "
        "AND e.reach <= ? ORDER BY e.seq",
        ticket_id,
        after,
        before,
        int(clearance),
    )
    return [from_row(row) for row in rows]


def page_before(
    connection: Connection, ticket_id: int, clearance: Reach, before: int, most: int
) -> list[Entry]:
    """At most `most` visible entries in front of number `before`, the nearest, oldest first."""
    rows = connection.up_to(
        most,
        f"SELECT {_COLUMNS} FROM {_SOURCE} WHERE e.ticket_id = ? AND e.seq < ? AND e.reach <= ? "
        "ORDER BY e.seq DESC",
        ticket_id,
        before,
        int(clearance),
    )
    return [from_row(row) for row in reversed(rows)]


def span(connection: Connection, ticket_id: int, first: int, last: int) -> list[Entry]:
    """The entries `first` to `last`."""
    rows = connection.rows(
        f"SELECT {_COLUMNS} FROM {_SOURCE} WHERE e.ticket_id = ? AND e.seq BETWEEN ? AND ? ORDER BY e.seq",
        ticket_id,
        first,
        last,
    )
    return [from_row(row) for row in rows]


def seq_before(connection: Connection, ticket_id: int, clearance: Reach, seq: int) -> int:
    """The number of the visible entry in front of `seq`, 0 where there is none: what the contract calls `prev`."""
    row = connection.row(
        "SELECT MAX(seq) FROM entries WHERE ticket_id = ? AND seq < ? AND reach <= ?",
        ticket_id,
        seq,
        int(clearance),
    )
    return int(row[0] or 0) if row else 0


def people_talk(connection: Connection, ticket_id: int) -> tuple[bool, bool]:
    """Whether an agent has written to the customer, and whether the customer has asked for a person."""
    rows = connection.rows(
        "SELECT DISTINCT type FROM entries WHERE ticket_id = ? "
        "AND (type = ? OR (type = ? AND actor_role = 'agent'))",
        ticket_id,
        PersonRequested.type,
        MessagePosted.type,
    )
    found = {row[0] for row in rows}
    return MessagePosted.type in found, PersonRequested.type in found


def of_bot(connection: Connection, ticket_id: int) -> list[Entry]:
    """What the bot has said on it, oldest first."""
    rows = connection.rows(
        f"SELECT {_COLUMNS} FROM {_SOURCE} WHERE e.ticket_id = ? AND e.actor_role = 'bot' ORDER BY e.seq",
        ticket_id,
    )
    return [from_row(row) for row in rows]


def blank(connection: Connection, entry: Entry) -> None:
    """Take the words out of an entry and keep its row: the one exception from append-only."""
    fields = entry.fields | {"body": "", "redacted": True}
    fields.pop("attachments", None)
    connection.run(
        "UPDATE entries SET fields = ? WHERE ticket_id = ? AND seq = ?",
        _encode(fields).decode(),
        entry.ticket,
        entry.seq,
    )


def from_row(row: Row) -> Entry:
    """An entry from the columns above."""
    return Entry(
        ticket=row[0],
        seq=row[1],
        at=row[2],
        actor=Actor(row[3], full_name(row[4], row[5]), row[6]),
        key=row[7],
        type=row[8],
        reach=row[9],
        fields=_decode(row[10]),
    )
