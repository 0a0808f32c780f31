"""What lies in the store of files. A name is entered here before its bytes are put there, and leaves after them."""

import secrets
from collections.abc import Iterable

from ccr.desk.clock import DAY
from ccr.store.connection import Connection

UNNAMED_FOR = DAY
"""How long a file may lie there that nothing refers to, in milliseconds."""


def new_name() -> str:
    """Says nothing, and nobody guesses it. Never made from what somebody sent."""
    return secrets.token_hex(16)


def enter(connection: Connection, name: str, now: int) -> None:
    """It is going to be put; unless it is kept, it is swept again after a day."""
    connection.run("INSERT INTO files (name, kept, sweep_at) VALUES (?, 0, ?)", name, now + UNNAMED_FOR)


def keep(connection: Connection, name: str, now: int) -> bool:
    """Something refers to it from now on. False where that is too late: it is swept, or just being swept."""
    changed = connection.run(
        "UPDATE files SET kept = 1 WHERE name = ? AND kept = 0 AND sweep_at > ?", name, now
    )
    return changed == 1


def drop(connection: Connection, names: Iterable[str | None]) -> None:
    """Nothing refers to these any more: they go with the next sweep."""
    for name in names:
        if name is not None:
            connection.run("UPDATE files SET kept = 0, sweep_at = 0 WHERE name = ?", name)


def to_sweep(connection: Connection, now: int, most: int) -> list[str]:
    """At most `most` of those to be removed from the store."""
    rows = connection.up_to(
        most, "SELECT name FROM files WHERE kept = 0 AND sweep_at <= ? ORDER BY sweep_at", now
    )
    return [row[0] for row in rows]


def forget(connection: Connection, name: str) -> None:
    """It is removed from the store."""
    connection.run("DELETE FROM files WHERE name = ? AND kept = 0", name)
