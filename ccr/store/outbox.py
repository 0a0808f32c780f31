"""The mails that are owed.

A row is put in the transaction that caused it, so none is owed for what was taken back. It waits until a
postman claims it for a while and settles it; the claim of a postman who died runs out by itself.
"""

from typing import Any

import msgspec

from ccr.desk.notices import Kind, Notice
from ccr.store.connection import Connection, Row

FAULT_LENGTH = 300
"""Bytes of what went wrong that are kept."""

SENT = "sent"
POINTLESS = "pointless"
DEAD = "dead"

_COLUMNS = "id, kind, person_id, address, ticket_id, data, created_at, due_at, tries"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed row. Times in milliseconds since 1970 UTC; `tries` counts the failed ones."""

    id: int
    kind: str
    person: int | None
    address: str | None
    ticket: int | None
    data: dict[str, Any]
    created_at: int
    due_at: int
    tries: int


def put(connection: Connection, notice: Notice, now: int) -> None:
    """Owe this mail, unless it is one of which one waiting row is enough and there is one."""
    if notice.once and _waits(connection, notice):
        return
    connection.run(
        "INSERT INTO outbox (kind, person_id, address, ticket_id, data, state, created_at, due_at, tries, "
        "claimed_until) VALUES (?, ?, ?, ?, ?, 'waiting', ?, ?, 0, 0)",
        notice.kind.value,
        notice.to,
        notice.address,
        notice.ticket,
        _encode(notice.data).decode() if notice.data else "{}",
        now,
        now + notice.delay,
    )


def claim(connection: Connection, worker: str, now: int, lease: int, most: int) -> list[Owed]:
    """At most `most` rows that are due, nobody else's for `lease` milliseconds, the longest due first."""
    rows = connection.up_to(
        most,
        f"SELECT {_COLUMNS} FROM outbox WHERE state = 'waiting' AND due_at <= ? AND claimed_until <= ? "
        "ORDER BY due_at, id",
        now,
        now,
    )
    return [_from_row(row) for row in rows if _take(connection, row[0], worker, now, now + lease)]


def settle(
    connection: Connection, row: int, worker: str, state: str, now: int, data: dict[str, Any] | None = None
) -> bool:
    """The mail is `sent` or `pointless`; what it told and whom goes, but for `data`.

    False if the claim ran out and the row is somebody else's by now, or settled.
    """
    return _end(connection, row, worker, state, now, data or {}, None)


def push_back(connection: Connection, row: int, worker: str, now: int, due_at: int) -> bool:
    """Not yet: give the row back, due at another time, as if put only `now`. It does not count as a try."""
    changed = connection.run(
        "UPDATE outbox SET created_at = ?, due_at = ?, claimed_by = NULL, claimed_until = 0 "
        "WHERE id = ? AND claimed_by = ? AND state = 'waiting'",
        now,
        due_at,
        row,
        worker,
    )
    return changed == 1


def fail(connection: Connection, row: int, worker: str, fault: str, now: int, again_at: int | None) -> bool:
    """A try failed. Due again at `again_at`; `None` gives it up: the row is dead and stays."""
    if again_at is None:
        return _end(connection, row, worker, DEAD, now, {}, _cut(fault))
    changed = connection.run(
        "UPDATE outbox SET due_at = ?, tries = tries + 1, fault = ?, claimed_by = NULL, claimed_until = 0 "
        "WHERE id = ? AND claimed_by = ? AND state = 'waiting'",
        again_at,
        _cut(fault),
        row,
        worker,
    )
    return changed == 1


def release(connection: Connection, worker: str) -> int:
    """Give back what `worker`, about to stop, has claimed and not settled. How many rows that were."""
    return connection.run(
        "UPDATE outbox SET claimed_by = NULL, claimed_until = 0 WHERE claimed_by = ? AND state = 'waiting'",
        worker,
    )


def oldest_due(connection: Connection) -> int | None:
    """When the first waiting row is or was due, claimed or not; `None` if nothing waits."""
    row = connection.row("SELECT MIN(due_at) FROM outbox WHERE state = 'waiting'")
    return row[0] if row else None


def depth(connection: Connection) -> int:
    """How many mails wait to be sent."""
    row = connection.row("SELECT COUNT(*) FROM outbox WHERE state = 'waiting'")
    return int(row[0]) if row else 0


def mailed_up_to(connection: Connection, ticket: int, person: int) -> int:
    """The number of the last message that this person was mailed about, 0 for none."""
    rows = connection.up_to(
        1,
        "SELECT data FROM outbox WHERE ticket_id = ? AND person_id = ? AND state = 'sent' AND kind = ? "
        "ORDER BY id DESC",
        ticket,
        person,
        Kind.MESSAGE_WAITING.value,
    )
    return int(_decode(rows[0][0]).get("up_to", 0)) if rows else 0


def _waits(connection: Connection, notice: Notice) -> bool:
    row = connection.row(
        "SELECT 1 FROM outbox WHERE ticket_id = ? AND person_id = ? AND state = 'waiting' AND kind = ?",
        notice.ticket,
        notice.to,
        notice.kind.value,
    )
    return row is not None


def _take(connection: Connection, row: int, worker: str, now: int, until: int) -> bool:
    """Another postman may have been quicker: the count says who got it."""
    changed = connection.run(
        "UPDATE outbox SET claimed_by = ?, claimed_until = ? "
        "WHERE id = ? AND state = 'waiting' AND claimed_until <= ?",
        worker,
        until,
        row,
        now,
    )
    return changed == 1


def _end(
    connection: Connection,
    row: int,
    worker: str,
    state: str,
    now: int,
    data: dict[str, Any],
    fault: str | None,
) -> bool:
    changed = connection.run(
        "UPDATE outbox SET state = ?, settled_at = ?, data = ?, fault = ?, address = NULL, "
        "claimed_by = NULL, claimed_until = 0 WHERE id = ? AND claimed_by = ? AND state = 'waiting'",
        state,
        now,
        _encode(data).decode(),
        fault,
        row,
        worker,
    )
    return changed == 1


def _cut(fault: str) -> str:
    return fault.encode("utf-8", "replace")[:FAULT_LENGTH].decode("utf-8", "ignore")


def _from_row(row: Row) -> Owed:
    return Owed(
        id=row[0],
        kind=row[1],
        person=row[2],
        address=row[3],
        ticket=row[4],
        data=_decode(row[5]),
        created_at=row[6],
        due_at=row[7],
        tries=row[8],
    )
