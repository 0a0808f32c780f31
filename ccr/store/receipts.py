"""What was answered to a key, for ever: the reason why a retry does nothing twice."""

import hashlib

import msgspec

from ccr.store.connection import Connection

OPENING = 0
"""The scope of the keys under which tickets are raised; every other scope is a ticket's id."""


class Receipt(msgspec.Struct, frozen=True):
    """The first answer: `entries` of them, ending with number `seq`, at `at` (milliseconds since 1970 UTC)."""

    command_hash: str
    ticket: int
    seq: int
    entries: int
    at: int


def find(connection: Connection, person: int, scope: int, key: str) -> Receipt | None:
    """What this person's key was answered with."""
    row = connection.row(
        "SELECT command_hash, ticket_id, seq, entries, answered_at FROM receipts "
        "WHERE person_id = ? AND scope = ? AND client_key = ?",
        person,
        scope,
        key,
    )
    return Receipt(*row) if row else None


def put(connection: Connection, person: int, scope: int, key: str, receipt: Receipt) -> None:
    """Remember an answer; the primary key refuses a second one."""
    connection.run(
        "INSERT INTO receipts (person_id, scope, client_key, command_hash, ticket_id, seq, entries, answered_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        person,
        scope,
        key,
        receipt.command_hash,
        receipt.ticket,
        receipt.seq,
        receipt.entries,
        receipt.at,
    )


def command_hash(command: bytes) -> str:
    """32 characters that are the same for the same command."""
    return hashlib.blake2b(command, digest_size=16).hexdigest()
