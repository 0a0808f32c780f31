"""One-time codes by which somebody sets a new password: one for each person, kept as a hash."""

import msgspec

from ccr.store.connection import Connection


class Code(msgspec.Struct, frozen=True):
    """`expires_at` in milliseconds since 1970 UTC; `tries_left` is how often strangers may still be wrong."""

    code_hash: str
    expires_at: int
    tries_left: int


def put(connection: Connection, person_id: int, code: Code) -> None:
    """The person's only valid code from now on."""
    drop(connection, person_id)
    connection.run(
        "INSERT INTO codes (person_id, code_hash, expires_at, tries_left) VALUES (?, ?, ?, ?)",
        person_id,
        code.code_hash,
        code.expires_at,
        code.tries_left,
    )


def find(connection: Connection, person_id: int) -> Code | None:
    """The person's code, valid or not."""
    row = connection.row("SELECT code_hash, expires_at, tries_left FROM codes WHERE person_id = ?", person_id)
    return Code(*row) if row else None


def count_wrong(connection: Connection, person_id: int) -> None:
    """One try less."""
    connection.run(
        "UPDATE codes SET tries_left = tries_left - 1 WHERE person_id = ? AND tries_left > 0", person_id
    )


def drop(connection: Connection, person_id: int) -> None:
    """It is used, or void."""
    connection.run("DELETE FROM codes WHERE person_id = ?", person_id)
