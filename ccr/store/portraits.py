"""Portraits of agents: which file shows whom."""

from ccr.store import files
from ccr.store.connection import Connection


def put(connection: Connection, person_id: int, file: str, size: int) -> None:
    """From now on this is the person's; the one before goes."""
    remove(connection, person_id)
    connection.run("INSERT INTO portraits (person_id, file, bytes) VALUES (?, ?, ?)", person_id, file, size)


def find(connection: Connection, person_id: int) -> str | None:
    """The file's name."""
    row = connection.row("SELECT file FROM portraits WHERE person_id = ?", person_id)
    return str(row[0]) if row else None


def size(connection: Connection, file: str) -> int | None:
    """Its bytes, if a portrait has this name."""
    row = connection.row("SELECT bytes FROM portraits WHERE file = ?", file)
    return int(row[0]) if row else None


def all_of(connection: Connection) -> dict[int, str]:
    """Every person's that has one."""
    return {row[0]: row[1] for row in connection.rows("SELECT person_id, file FROM portraits")}


def remove(connection: Connection, person_id: int) -> None:
    """They have none any more."""
    old = find(connection, person_id)
    connection.run("DELETE FROM portraits WHERE person_id = ?", person_id)
    files.drop(connection, (old,))
