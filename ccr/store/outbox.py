"""The notices that are owed.

A row is put in the transaction that caused it, so none is owed for what was taken back. A row that has more than one
channel to go by is spread over them first (`spreading`); what then waits is one thing to carry by one channel. It waits
until a postman claims it for a while and settles it; the claim of a postman who died runs out by itself, on the
database's clock, which is the same for all of them.
"""

from typing import Any

import msgspec

from ccr.desk.notices import Channel, Kind, Notice
from ccr.store.connection import Connection, Row

FAULT_LENGTH = 300
"""Bytes of what went wrong that are kept."""

SENT = "sent"
POINTLESS = "pointless"
DEAD = "dead"

_COLUMNS = (
    "id, kind, channel, target_id, person_id, address, ticket_id, data, created_at, due_at, fresh_at, tries, "
    "unsure, claimed_by"
)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed row. Times in milliseconds since 1970 UTC.

    `tries` counts the failed tries, `unsure` those of which nobody knows whether they arrived; patience is counted
    from `fresh_at` on. `target` tells which of several places of a channel is meant.
    """

    id: int
    kind: str
    channel: str = Channel.MAIL.value
    target: int | None = None
    person: int | None
    address: str | None
    ticket: int | None
    data: dict[str, Any]
    created_at: int
    due_at: int
    fresh_at: int
    tries: int
    unsure: int = 0


def put(connection: Connection, notice: Notice, now: int, target: int | None = None) -> None:
    """Owe this notice, unless it is one of which one waiting row is enough and there is one."""
    channel = notice.way.value
    if notice.once and waits(connection, notice.ticket, notice.to, notice.kind, channel, target):
        return
    connection.run(
        "INSERT INTO outbox (kind, channel, target_id, person_id, address, ticket_id, data, state, created_at, "
        "due_at, tries, claimed_until) VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', ?, ?, 0, 0)",
        notice.kind.value,
        channel,
        target,
        notice.to,
        notice.address,
        notice.ticket,
        _encode(notice.data).decode() if notice.data else "{}",
        now,
        now + notice.delay,
    )


def waits(
    connection: Connection,
    ticket: int | None,
    person: int | None,
    kind: str,
    channel: str,
    target: int | None = None,
) -> bool:
    """Whether a row of this kind waits for this person, ticket and channel."""
    rows = connection.rows(
        "SELECT target_id FROM outbox WHERE ticket_id = ? AND person_id = ? AND state = 'waiting' AND kind = ? "
        "AND channel = ?",
        ticket,
        person,
        kind,
        channel,
    )
    return (target,) in [tuple(row) for row in rows]


def claim(
    connection: Connection, worker: str, now: int, lease: int, most: int, channel: str = Channel.MAIL.value
) -> list[Owed]:
    """At most `most` rows of a channel that are due `now`, the longest due first; nobody else's for `lease` ms.

    A row whose last claim ran out may have been sent: that counts as a try of which nobody is sure.
    """
    clock = connection.dialect.clock(connection)
    rows = connection.up_to(
        most,
        f"SELECT {_COLUMNS} FROM outbox WHERE state = 'waiting' AND channel = ? AND due_at <= ? "
        "AND claimed_until <= ? ORDER BY due_at, id",
        channel,
        now,
        clock,
    )
    return [_from_row(row) for row in rows if _take(connection, row, worker, clock, clock + lease)]


def settle(
    connection: Connection,
    row: int,
    worker: str,
    state: str,
    now: int,
    data: dict[str, Any] | None = None,
    provider_id: str | None = None,
) -> bool:
    """It is `sent` or `pointless`; what it told and whom goes, but for `data`.

    False if the claim ran out and the row is somebody else's by now, or settled.
    """
    changed = connection.run(
        "UPDATE outbox SET state = ?, settled_at = ?, data = ?, provider_id = ?, fault = NULL, address = NULL, "
        "claimed_by = NULL, claimed_until = 0 WHERE id = ? AND claimed_by = ? AND state = 'waiting'",
        state,
        now,
        _encode(data or {}).decode(),
        provider_id,
        row,
        worker,
    )
    return changed == 1


def push_back(connection: Connection, row: int, worker: str, now: int, due_at: int) -> bool:
    """Not yet: give the row back, due at another time, with fresh patience. It does not count as a try."""
    changed = connection.run(
        "UPDATE outbox SET fresh_at = ?, due_at = ?, claimed_by = NULL, claimed_until = 0 "
        "WHERE id = ? AND claimed_by = ? AND state = 'waiting'",
        now,
        due_at,
        row,
        worker,
    )
    return changed == 1


def fail(
    connection: Connection,
    row: int,
    worker: str,
    fault: str,
    now: int,
    again_at: int | None,
    *,
    unsure: bool = False,
) -> bool:
    """A try failed; `unsure` if it may have arrived all the same.

    Due again at `again_at`; `None` gives it up: the row is dead and stays, so that an admin may send it again.
    """
    over = again_at is None
    changed = connection.run(
        "UPDATE outbox SET state = ?, settled_at = ?, due_at = ?, tries = tries + 1, unsure = unsure + ?, fault = ?, "
        "claimed_by = NULL, claimed_until = 0 WHERE id = ? AND claimed_by = ? AND state = 'waiting'",
        DEAD if over else "waiting",
        now if over else None,
        now if again_at is None else again_at,
        int(unsure),
        cut(fault),
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


def queues(connection: Connection) -> dict[str, tuple[int, int]]:
    """By channel, how many rows wait and when the first of them is or was due, claimed or not."""
    rows = connection.rows(
        "SELECT channel, COUNT(*), MIN(due_at) FROM outbox WHERE state = 'waiting' GROUP BY channel"
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in rows}


def dead(connection: Connection) -> dict[str, int]:
    """By channel, how many rows were given up and are still kept."""
    rows = connection.rows("SELECT channel, COUNT(*) FROM outbox WHERE state = 'dead' GROUP BY channel")
    return {row[0]: int(row[1]) for row in rows}


def told_up_to(
    connection: Connection,
    ticket: int,
    person: int,
    channel: str = Channel.MAIL.value,
    target: int | None = None,
) -> int:
    """The number of the last message that this person was told of by this channel (and at this place), 0 for none."""
    place, where = ("", []) if target is None else ("AND target_id = ? ", [target])
    rows = connection.up_to(
        1,
        "SELECT data FROM outbox WHERE ticket_id = ? AND person_id = ? AND state = 'sent' AND kind = ? "
        f"AND channel = ? {place}ORDER BY id DESC",
        ticket,
        person,
        Kind.MESSAGE_WAITING.value,
        channel,
        *where,
    )
    return int(_decode(rows[0][0]).get("up_to", 0)) if rows else 0


def hasten(connection: Connection, person: int, now: int) -> None:
    """Spread anew at once what waits for this person: there is another way to them."""
    connection.run(
        "UPDATE outbox SET due_at = ? WHERE state = 'waiting' AND channel = ? AND due_at > ? AND person_id = ?",
        now,
        Channel.EVERY.value,
        now,
        person,
    )


def cut(fault: str) -> str:
    """As much of it as is kept."""
    return fault.encode("utf-8", "replace")[:FAULT_LENGTH].decode("utf-8", "ignore")


def _take(connection: Connection, row: Row, worker: str, clock: int, until: int) -> bool:
    """Another postman may have been quicker: the count says who got it."""
    changed = connection.run(
        "UPDATE outbox SET claimed_by = ?, claimed_until = ?, unsure = ? "
        "WHERE id = ? AND state = 'waiting' AND claimed_until <= ?",
        worker,
        until,
        _unsure(row),
        row[0],
        clock,
    )
    return changed == 1


def _unsure(row: Row) -> int:
    """With the claim that ran out, if there was one: a claim that was given back leaves no name."""
    return int(row[12]) + (row[13] is not None)


def _from_row(row: Row) -> Owed:
    return Owed(
        id=row[0],
        kind=row[1],
        channel=row[2],
        target=row[3],
        person=row[4],
        address=row[5],
        ticket=row[6],
        data=_decode(row[7]),
        created_at=row[8],
        due_at=row[9],
        fresh_at=row[10] or row[8],
        tries=row[11],
        unsure=_unsure(row),
    )
