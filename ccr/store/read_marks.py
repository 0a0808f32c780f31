"""How far each person has read each ticket: one row each, which only ever moves on."""

from ccr.desk.people import Person
from ccr.store.connection import Connection


def move(connection: Connection, ticket_id: int, person_id: int, seq: int, now: int) -> bool:
    """Put the mark at `seq`, unless it is there or further. Whether it moved."""
    moved = connection.run(
        "UPDATE read_marks SET seq = ?, read_at = ? WHERE ticket_id = ? AND person_id = ? AND seq < ?",
        seq,
        now,
        ticket_id,
        person_id,
        seq,
    )
    if moved:
        return True
    if find(connection, ticket_id, person_id) is not None:
        return False
    connection.run(
        "INSERT INTO read_marks (ticket_id, person_id, seq, read_at) VALUES (?, ?, ?, ?)",
        ticket_id,
        person_id,
        seq,
        now,
    )
    return True


def find(connection: Connection, ticket_id: int, person_id: int) -> int | None:
    """Where the mark is."""
    row = connection.row(
        "SELECT seq FROM read_marks WHERE ticket_id = ? AND person_id = ?", ticket_id, person_id
    )
    return int(row[0]) if row else None


def moved_since(connection: Connection, ticket_id: int, person_id: int, at: int) -> bool:
    """Whether the person has read something on the ticket since then, in milliseconds UTC."""
    row = connection.row(
        "SELECT 1 FROM read_marks WHERE ticket_id = ? AND person_id = ? AND read_at >= ?",
        ticket_id,
        person_id,
        at,
    )
    return row is not None


def of_others(connection: Connection, ticket_id: int, person: Person) -> list[tuple[int, int]]:
    """Person and seq of those on the other side of the conversation, whose reading the ticks show."""
    rows = connection.rows(
        "SELECT r.person_id, r.seq FROM read_marks r JOIN tickets t ON t.id = r.ticket_id "
        "WHERE r.ticket_id = ? AND r.person_id <> ? AND (r.person_id = t.customer_id OR r.person_id = t.agent_id)",
        ticket_id,
        person.id,
    )
    return [(int(row[0]), int(row[1])) for row in rows]
