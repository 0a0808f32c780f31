"""The number of the last batch that each writer committed.

A connection may be lost in the very moment of a commit, and then nobody was told whether it was done. Every batch
carries its number in its own transaction, so that the number there says it: for every unit of it, whatever it did.
"""

from ccr.desk.clock import DAY
from ccr.store.connection import Connection
from ccr.store.dialects import Trouble

KEPT = 7 * DAY
"""A writer unheard of for so long, in milliseconds, is one of a process that ended."""


def enter(connection: Connection, writer: str, now: int) -> bool:
    """Have a row for this writer, and drop those of long ago. False where the schema knows nothing of it yet.

    It is a transaction of its own, for the caller to commit.
    """
    try:
        known = connection.row("SELECT batch FROM commits WHERE writer = ?", writer)
    except Exception as error:
        if connection.dialect.trouble(error) is Trouble.MISSING:
            return False
        raise
    if known is None:
        _tidy(connection, now - KEPT)
        connection.run("INSERT INTO commits (writer, batch, committed_at) VALUES (?, 0, ?)", writer, now)
    return True


def note(connection: Connection, writer: str, batch: int, now: int) -> None:
    """The last thing in the batch's transaction."""
    if not connection.run(
        "UPDATE commits SET batch = ?, committed_at = ? WHERE writer = ?", batch, now, writer
    ):
        connection.run(
            "INSERT INTO commits (writer, batch, committed_at) VALUES (?, ?, ?)", writer, batch, now
        )


def reached(connection: Connection, writer: str, batch: int) -> bool:
    """Whether this batch was committed. Waits until no other transaction of the writer's is left undecided."""
    connection.run("UPDATE commits SET batch = batch WHERE writer = ?", writer)
    row = connection.row("SELECT batch FROM commits WHERE writer = ?", writer)
    return row is not None and int(row[0]) >= batch


def forget(connection: Connection, writer: str) -> None:
    """This writer has ended for good."""
    connection.run("DELETE FROM commits WHERE writer = ?", writer)


def _tidy(connection: Connection, before: int) -> None:
    """Row by row, so as to wait for no other writer's."""
    unlocked = connection.dialect.unlocked
    rows = connection.rows(f"SELECT writer FROM commits WHERE committed_at < ?{unlocked}", before)
    for (writer,) in rows:
        connection.run("DELETE FROM commits WHERE writer = ? AND committed_at < ?", writer, before)
