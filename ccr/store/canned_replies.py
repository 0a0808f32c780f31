"""Texts that agents write again and again, each with the word that brings it up behind a `/`."""

import msgspec

from ccr.store.connection import Connection


class CannedReply(msgspec.Struct, frozen=True):
    """`shortcut` is typed, `body` appears."""

    id: int
    shortcut: str
    body: str


def every(connection: Connection) -> list[CannedReply]:
    """All of them by shortcut."""
    rows = connection.rows("SELECT id, shortcut, body FROM canned_replies ORDER BY shortcut")
    return [CannedReply(*row) for row in rows]


def add(connection: Connection, shortcut: str, body: str) -> int:
    """The new one's id. The shortcut must not be there yet."""
    return connection.insert("INSERT INTO canned_replies (shortcut, body) VALUES (?, ?)", shortcut, body)
