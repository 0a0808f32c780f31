"""Wrong passwords and codes, counted in buckets: who is tried, and where that is known from which device."""

import hashlib

from ccr.store.connection import Connection


def bucket(*parts: object) -> str:
    """The name under which tries at the same thing are counted; it tells nobody what that is."""
    return hashlib.sha256("\n".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()


def add(connection: Connection, name: str, now: int) -> int:
    """The id of a try at `now`, milliseconds since 1970 UTC."""
    return connection.insert("INSERT INTO wrong_tries (bucket, tried_at) VALUES (?, ?)", name, now)


def times(connection: Connection, name: str, since: int) -> list[int]:
    """When this was tried after `since`, oldest first."""
    rows = connection.rows(
        "SELECT tried_at FROM wrong_tries WHERE bucket = ? AND tried_at > ? ORDER BY tried_at", name, since
    )
    return [row[0] for row in rows]


def take_back(connection: Connection, try_id: int) -> None:
    """It was not wrong after all."""
    connection.run("DELETE FROM wrong_tries WHERE id = ?", try_id)


def clear(connection: Connection, name: str) -> None:
    """Begin counting anew."""
    connection.run("DELETE FROM wrong_tries WHERE bucket = ?", name)


def tidy(connection: Connection, before: int) -> None:
    """Drop what counts for nothing any more."""
    connection.run("DELETE FROM wrong_tries WHERE tried_at < ?", before)
