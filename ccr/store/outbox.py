"""The notices that are owed.

A row is put in the transaction that caused it, so none is owed for what was taken back. A row that has more than one
channel to go by is spread over them first (`spreading`); what then waits is one thing to carry by one channel. It waits
until a postman claims it for a while and settles it (`claims`); the claim of a postman who died runs out by itself, on
the database's clock, which is the same for all of them.
"""

from typing import Any

import msgspec

from ccr.desk.notices import Channel, Kind, Notice
from ccr.store.connection import Connection

FAULT_LENGTH = 300
"""Bytes of what went wrong that are kept."""

TOLD = 50
"""Rows looked at for the newest message that was told of."""

SENT = "sent"
POINTLESS = "pointless"
DEAD = "dead"

# Written so that no index leads there: SQLite would go through what there is of that kind for everybody, not through
# what there is for one person on one ticket.
_SUCH = "kind || '' = ? AND channel || '' = ?"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


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
        f"SELECT target_id FROM outbox WHERE ticket_id = ? AND person_id = ? AND state = 'waiting' AND {_SUCH}",
        ticket,
        person,
        kind,
        channel,
    )
    return (target,) in [tuple(row) for row in rows]


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
    """The number of the last message that this person was told of by this channel (and at this place), 0 for none.

    The newest row need not know it: what was sent again is an older one, and of one that a provider alone knows to have
    arrived nobody noted what it told.
    """
    place, where = ("", []) if target is None else ("AND target_id = ? ", [target])
    rows = connection.up_to(
        TOLD,
        f"SELECT data FROM outbox WHERE ticket_id = ? AND person_id = ? AND state = 'sent' AND {_SUCH} "
        f"{place}ORDER BY id DESC",
        ticket,
        person,
        Kind.MESSAGE_WAITING.value,
        channel,
        *where,
    )
    return max((int(_decode(row[0]).get("up_to", 0)) for row in rows), default=0)


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
