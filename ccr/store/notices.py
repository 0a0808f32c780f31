"""What became of the notices: for the admins who look after them, and for clearing up."""

from enum import StrEnum
from typing import Any

import msgspec

from ccr.desk.clock import DAY
from ccr.desk.people import full_name
from ccr.store import outbox
from ccr.store.connection import Connection

DELIVERED = "delivered"
"""The fate of what the reader's mail server took."""

SETTLED_KEPT = 30 * DAY
DEAD_KEPT = 90 * DAY
"""How long a row stays after it was settled, in milliseconds. Its number is never given to another."""

SWEPT = 500
"""Rows removed in one transaction."""

_COLUMNS = (
    "o.id, o.kind, o.channel, o.state, o.fate, o.fault, o.tries, o.unsure, o.ticket_id, o.created_at, o.due_at, "
    "o.settled_at, o.fate_at, p.id, p.first_name, p.last_name"
)
# A fate of any other kind is that of what had been sent, which says no more what it said.
_CAN_REPEAT = f"state = 'dead' AND (fate IS NULL OR fate = '{DELIVERED}')"
_TOLD = "kind, channel, target_id, data"


class Again(StrEnum):
    """What comes of it when one that was given up is to be sent again."""

    GOES = "goes"
    JOINED = "joined"
    """One that waits tells the same: this one is not needed any more."""
    REFUSED = "refused"


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """What an admin may know of a notice: not what it said. Times in milliseconds since 1970 UTC."""

    id: int
    kind: str
    channel: str
    state: str
    fate: str | None
    fault: str | None
    tries: int
    unsure: int
    ticket: int | None
    created_at: int
    due_at: int
    settled_at: int | None
    fate_at: int | None
    person: int | None
    name: str | None

    @property
    def can_repeat(self) -> bool:
        """Whether it may be sent again: it was given up, and what it said is still there."""
        return self.state == outbox.DEAD and self.fate in (None, DELIVERED)


def newest(connection: Connection, before: int, most: int, *, dead: bool) -> list[Trace]:
    """The notices put before the one with this number, newest first: all of them, or those given up."""
    only = "o.state = 'dead' AND " if dead else ""
    rows = connection.up_to(
        most,
        f"SELECT {_COLUMNS} FROM outbox o LEFT JOIN people p ON p.id = o.person_id "
        f"WHERE {only}o.id < ? ORDER BY o.id DESC",
        before,
    )
    names = Trace.__struct_fields__
    return [
        Trace(
            **dict(zip(names, row[:14], strict=False)), name=full_name(row[14], row[15]) if row[13] else None
        )
        for row in rows
    ]


def count(connection: Connection) -> dict[str, int]:
    """How many wait, and how many were given up."""
    rows = connection.rows(
        "SELECT state, COUNT(*) FROM outbox WHERE state = 'waiting' OR state = 'dead' GROUP BY state"
    )
    return {"waiting": 0, "dead": 0} | {row[0]: int(row[1]) for row in rows}


def ticket(connection: Connection, row: int) -> int | None:
    """Which ticket it is about, if any."""
    found = connection.row("SELECT ticket_id FROM outbox WHERE id = ?", row)
    return found[0] if found else None


def again(connection: Connection, row: int, now: int) -> Again | None:
    """Have one that was given up sent again, with fresh patience; `None` if it is not there.

    What came back after it had been sent is not, since what it said is kept no longer. The ticket is locked, so that
    none that tells the same can be put between the looking and the sending.
    """
    if (about := ticket(connection, row)) is not None:
        connection.dialect.lock_ticket(connection, about)
    if _tells_what_another_does(connection, row):
        changed = connection.run(
            "UPDATE outbox SET state = ?, settled_at = ?, fault = NULL, data = '{}' "
            f"WHERE id = ? AND {_CAN_REPEAT}",
            outbox.POINTLESS,
            now,
            row,
        )
        return Again.JOINED if changed else Again.REFUSED
    changed = connection.run(
        "UPDATE outbox SET state = 'waiting', settled_at = NULL, due_at = ?, fresh_at = ?, tries = 0, unsure = 0, "
        f"claimed_by = NULL, claimed_until = 0 WHERE id = ? AND {_CAN_REPEAT}",
        now,
        now,
        row,
    )
    if changed:
        return Again.GOES
    return Again.REFUSED if connection.row("SELECT id FROM outbox WHERE id = ?", row) else None


def _tells_what_another_does(connection: Connection, row: int) -> bool:
    """Whether one waits that would tell the same person the same of the same ticket, by the same way.

    So do all about messages that wait, of which each tells of whatever is unread when it goes.
    """
    found = connection.row(f"SELECT ticket_id, person_id, {_TOLD} FROM outbox WHERE id = ?", row)
    if found is None or found[0] is None or found[1] is None:
        return False
    waiting = connection.rows(
        f"SELECT {_TOLD} FROM outbox WHERE ticket_id = ? AND person_id = ? AND state = 'waiting' AND id <> ?",
        found[0],
        found[1],
        row,
    )
    return tuple(found[2:]) in [tuple(other) for other in waiting]


def arrived(connection: Connection, row: int, now: int) -> None:
    """The reader's mail server took it, whatever we knew of it until now."""
    changed = connection.run(
        "UPDATE outbox SET fate = ?, fate_at = ? WHERE id = ? AND fate IS NULL", DELIVERED, now, row
    )
    if changed:  # what was given up because nobody had answered is not lost after all
        connection.run(
            "UPDATE outbox SET state = ?, fault = NULL, data = '{}', address = NULL WHERE id = ? AND state = 'dead'",
            outbox.SENT,
            row,
        )


def noted(connection: Connection, row: int, fate: str, now: int) -> None:
    """Its reader had something to say to it."""
    connection.run("UPDATE outbox SET fate = ?, fate_at = ? WHERE id = ?", fate, now, row)


def came_back(connection: Connection, row: int, fate: str, reason: str, now: int) -> None:
    """It was taken, and did not arrive after all: that counts as given up.

    Where nobody noted that it was taken, the report is of a try without an answer. That says why it failed, and decides
    nothing: the next try comes as it would have, and what was given up may still be sent again.
    """
    changed = connection.run(
        "UPDATE outbox SET state = 'dead', settled_at = ?, fate = ?, fate_at = ?, fault = ?, claimed_by = NULL, "
        f"claimed_until = 0 WHERE id = ? AND (state = 'sent' OR state = 'dead' AND NOT ({_CAN_REPEAT}))",
        now,
        fate,
        now,
        outbox.cut(reason),
        row,
    )
    if not changed:
        changed = connection.run(
            f"UPDATE outbox SET fault = ? WHERE id = ? AND ({_CAN_REPEAT} OR state = 'waiting' AND claimed_by IS NULL)",
            outbox.cut(reason),
            row,
        )
    if not changed:  # the report was quicker than our own note that it was taken
        noted(connection, row, fate, now)


def reader(connection: Connection, row: int) -> tuple[int, str] | None:
    """Whose notice it is, and of which kind."""
    found = connection.row("SELECT person_id, kind FROM outbox WHERE id = ?", row)
    return (found[0], found[1]) if found and found[0] is not None else None


def forget(connection: Connection, person: int) -> None:
    """What is still owed to somebody who is gone says nothing about them any more."""
    connection.run(
        "UPDATE outbox SET data = '{}', address = NULL WHERE person_id = ? AND (state = 'waiting' OR state = 'dead')",
        person,
    )
    connection.run("DELETE FROM quiet_kinds WHERE person_id = ?", person)


def sweep(connection: Connection, now: int) -> int:
    """Remove some of what has been kept long enough; how many rows that were. None are left once it is 0."""
    terms: list[tuple[str, Any]] = [
        (outbox.SENT, now - SETTLED_KEPT),
        (outbox.POINTLESS, now - SETTLED_KEPT),
        (outbox.DEAD, now - DEAD_KEPT),
    ]
    removed = 0
    for state, until in terms:
        # Nothing is settled before it is due, and by that there is an index.
        rows = connection.up_to(
            SWEPT,
            "SELECT id FROM outbox WHERE state = ? AND due_at < ? AND settled_at < ?",
            state,
            until,
            until,
        )
        for (row,) in rows:
            connection.run("DELETE FROM outbox WHERE id = ?", row)
        removed += len(rows)
    return removed
