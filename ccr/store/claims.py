"""How a postman claims rows of the outbox for a while, and settles them.

Many at once, since each statement costs those who write meanwhile: a claim is four statements however many rows it is
for, and settling what was sent is one.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from ccr.desk.notices import URGENT, Channel
from ccr.store import places
from ccr.store.connection import Connection
from ccr.store.outbox import DEAD, cut
from ccr.store.owed import COLUMNS, Owed, from_row

MOST = 64
"""Rows in one statement."""

_DUE = (
    "SELECT id FROM outbox WHERE state = 'waiting' AND channel = ? AND due_at <= ? AND claimed_until <= ? "
    "ORDER BY due_at, id"
)
_URGENT = [kind.value for kind in URGENT]
# Unsorted, so that the index on the kind is taken: it must not look through all that waits.
_URGENT_DUE = (
    "FROM outbox WHERE state = 'waiting' AND channel {channels} "
    f"AND kind IN ({', '.join('?' * len(URGENT))}) AND due_at <= ? AND claimed_until <= ?"
)
# Written so that no index leads there: of several rows SQLite would go through all that waits, not by their numbers.
_WAITS = "state || '' = 'waiting'"
_encode = msgspec.json.Encoder().encode


class Settled(NamedTuple):
    """A row that is over, `sent` or `pointless`. `data` is all that is kept of what it told."""

    row: int
    state: str
    data: dict[str, Any]
    provider_id: str | None


def claim(
    connection: Connection,
    worker: str,
    now: int,
    lease: int,
    most: int,
    channel: str = Channel.MAIL.value,
    kept: int = 0,
) -> list[Owed]:
    """At most `most` rows of a channel that are due `now`; nobody else's for `lease` ms.

    What is urgent comes first, then the longest due; `kept` of the places are only for what is urgent. A row whose
    last claim ran out may have been sent: that counts as a try of which nobody is sure.
    """
    clock = connection.dialect.clock(connection)
    urgent = _urgent(connection, most, channel, now, clock)
    rest = most - max(kept, len(urgent))
    due = [row[0] for row in connection.up_to(rest, _DUE, channel, now, clock)] if rest > 0 else []
    # What is urgent is among the due as well.
    rows = list(dict.fromkeys(urgent + due))
    parts = [rows[start : start + MOST] for start in range(0, len(rows), MOST)]
    return [owed for part in parts for owed in _take(connection, part, worker, clock, clock + lease)]


def urgent(connection: Connection, channels: Sequence[str], now: int) -> set[str]:
    """The channels that have something urgent to be claimed, as far as one can tell without the database's clock."""
    marks, padded = places.of(list(channels))
    found = connection.rows(
        f"SELECT channel {_URGENT_DUE.format(channels=f'IN ({marks})')}", *padded, *_URGENT, now, now
    )
    return {row[0] for row in found}


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
    return settle_all(connection, worker, now, [Settled(row, state, data or {}, provider_id)]) == 1


def settle_all(connection: Connection, worker: str, now: int, settled: list[Settled]) -> int:
    """Settle all of these; how many still were this worker's."""
    alike: dict[tuple[str, str], list[Settled]] = {}
    for each in settled:
        alike.setdefault((each.state, _encode(each.data).decode()), []).append(each)
    return sum(
        _settle(connection, worker, now, state, data, some[start : start + MOST])
        for (state, data), some in alike.items()
        for start in range(0, len(some), MOST)
    )


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


def give_back(connection: Connection, owed: Owed, worker: str, due_at: int) -> bool:
    """Nothing was tried: somebody may claim it anew from `due_at` on. False if the claim ran out meanwhile."""
    changed = connection.run(
        "UPDATE outbox SET due_at = ?, claimed_by = NULL, claimed_until = 0 "
        "WHERE id = ? AND claimed_by = ? AND claimed_until = ? AND state = 'waiting'",
        due_at,
        owed.id,
        worker,
        owed.claimed_until,
    )
    return changed == 1


def fail(
    connection: Connection,
    row: int,
    worker: str | None,
    fault: str,
    now: int,
    again_at: int | None,
    *,
    unsure: bool = False,
) -> bool:
    """A try failed; `unsure` if it may have arrived all the same. Without a `worker` it was to be spread.

    Due again at `again_at`; `None` gives it up: the row is dead and stays, so that an admin may send it again. What was
    reported of the tries until now is no longer its fate, unless that one of them arrived.
    """
    over = again_at is None
    whose, names = ("channel = 'every'", []) if worker is None else ("claimed_by = ?", [worker])
    changed = connection.run(
        "UPDATE outbox SET state = ?, settled_at = ?, due_at = ?, tries = tries + 1, unsure = unsure + ?, fault = ?, "
        "fate = CASE WHEN fate = 'delivered' THEN fate ELSE NULL END, claimed_by = NULL, claimed_until = 0 "
        f"WHERE id = ? AND state = 'waiting' AND {whose}",
        DEAD if over else "waiting",
        now if over else None,
        now if again_at is None else again_at,
        int(unsure),
        cut(fault),
        row,
        *names,
    )
    return changed == 1


def to_spread(connection: Connection, now: int, most: int) -> list[Owed]:
    """Rows that are due `now`, but still without a channel; nobody claims them."""
    rows = connection.up_to(
        most,
        f"SELECT {COLUMNS} FROM outbox WHERE state = 'waiting' AND channel = 'every' AND due_at <= ? "
        "ORDER BY due_at, id",
        now,
    )
    return [from_row(row) for row in rows]


def release(connection: Connection, worker: str, but: Sequence[int] = ()) -> int:
    """Give back what `worker`, about to stop, has claimed and not settled. How many rows that were.

    `but` those: they may have gone out, which only a claim that runs out tells.
    """
    marks, padded = places.of(list(but)) if but else ("0", [])
    return connection.run(
        "UPDATE outbox SET claimed_by = NULL, claimed_until = 0 WHERE claimed_by = ? AND state = 'waiting' "
        f"AND id NOT IN ({marks})",
        worker,
        *padded,
    )


def _urgent(connection: Connection, most: int, channel: str, now: int, clock: int) -> list[int]:
    rows = connection.up_to(
        most, f"SELECT due_at, id {_URGENT_DUE.format(channels='= ?')}", channel, *_URGENT, now, clock
    )
    return [row[1] for row in sorted(rows)]


def _take(connection: Connection, rows: list[int], worker: str, clock: int, until: int) -> list[Owed]:
    """Another postman may have been quicker with some of them: those who now bear our name are ours."""
    if not rows:
        return []
    marks, padded = places.of(rows)
    # A claim that ran out leaves its name, one that was given back does not.
    connection.run(
        "UPDATE outbox SET claimed_by = ?, claimed_until = ?, "
        "unsure = unsure + CASE WHEN claimed_by IS NULL THEN 0 ELSE 1 END "
        f"WHERE id IN ({marks}) AND {_WAITS} AND claimed_until <= ?",
        worker,
        until,
        *padded,
        clock,
    )
    found = connection.rows(
        f"SELECT {COLUMNS} FROM outbox WHERE id IN ({marks}) AND {_WAITS} AND claimed_by = ? "
        "AND claimed_until = ?",
        *padded,
        worker,
        until,
    )
    taken = {row[0]: row for row in found}
    return [from_row(taken[row]) for row in rows if row in taken]


def _settle(
    connection: Connection, worker: str, now: int, state: str, data: str, settled: list[Settled]
) -> int:
    """One statement for rows of which the same is to be kept."""
    named = {each.row: each.provider_id for each in settled if each.provider_id is not None}
    provider, names = "NULL", list[Any]()
    if named:
        cases, padded = places.filled(list(named), " ", "WHEN ? THEN CAST(? AS VARCHAR(100))")
        provider = f"CASE id {cases} ELSE NULL END"
        names = [value for row in padded for value in (row, named[row])]
    marks, rows = places.of([each.row for each in settled])
    return connection.run(
        f"UPDATE outbox SET state = ?, settled_at = ?, data = ?, provider_id = {provider}, fault = NULL, "
        f"address = NULL, claimed_by = NULL, claimed_until = 0 WHERE id IN ({marks}) AND claimed_by = ? "
        f"AND {_WAITS}",
        state,
        now,
        data,
        *names,
        *rows,
        worker,
    )
