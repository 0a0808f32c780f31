"""Mobile numbers that people are texted at, and the codes by which they prove that a number is theirs."""

import msgspec

from ccr.store.connection import Connection


class Mobile(msgspec.Struct, frozen=True):
    """A proved number in the form E.164; `texts` says whether its owner wants any. Times in milliseconds UTC.

    `refused_at` is when it turned out that the number takes none, or its owner answered STOP.
    """

    number: str
    verified_at: int
    texts: bool
    refused_at: int | None = None


class Pending(msgspec.Struct, frozen=True):
    """A number still to be proved. The hash is empty while the code's text has not gone out."""

    number: str
    code_hash: str
    expires_at: int
    tries_left: int


def find(connection: Connection, person_id: int) -> Mobile | None:
    """The person's number."""
    row = connection.row(
        "SELECT mobile, verified_at, texts, refused_at FROM mobiles WHERE person_id = ?", person_id
    )
    return Mobile(row[0], row[1], bool(row[2]), row[3]) if row else None


def put(connection: Connection, person_id: int, mobile: Mobile) -> None:
    """The person's only number from now on."""
    connection.run("DELETE FROM mobiles WHERE person_id = ?", person_id)
    connection.run(
        "INSERT INTO mobiles (person_id, mobile, verified_at, texts, refused_at) VALUES (?, ?, ?, ?, ?)",
        person_id,
        mobile.number,
        mobile.verified_at,
        int(mobile.texts),
        mobile.refused_at,
    )


def switch(connection: Connection, person_id: int, *, texts: bool) -> bool:
    """Texts are wanted, or not. Whether there is a number at all."""
    changed = connection.run(
        "UPDATE mobiles SET texts = ?, refused_at = NULL WHERE person_id = ?", int(texts), person_id
    )
    return changed == 1


def refuse(connection: Connection, person_id: int, number: str, now: int) -> None:
    """This number takes no texts: none are sent there until its owner switches them on again, nor can it be proved."""
    connection.run(
        "UPDATE mobiles SET texts = 0, refused_at = ? WHERE person_id = ? AND mobile = ?",
        now,
        person_id,
        number,
    )
    connection.run(
        "UPDATE mobile_codes SET tries_left = 0, code_hash = '' WHERE person_id = ? AND mobile = ?",
        person_id,
        number,
    )


def forget(connection: Connection, person_id: int) -> None:
    """Neither a number nor a code is known any more."""
    connection.run("DELETE FROM mobiles WHERE person_id = ?", person_id)
    drop_pending(connection, person_id)


def pending(connection: Connection, person_id: int) -> Pending | None:
    """The number that the person is about to prove."""
    row = connection.row(
        "SELECT mobile, code_hash, expires_at, tries_left FROM mobile_codes WHERE person_id = ?", person_id
    )
    return Pending(*row) if row else None


def put_pending(connection: Connection, person_id: int, asked: Pending) -> None:
    """The only one that can be proved from now on."""
    drop_pending(connection, person_id)
    connection.run(
        "INSERT INTO mobile_codes (person_id, mobile, code_hash, expires_at, tries_left) VALUES (?, ?, ?, ?, ?)",
        person_id,
        asked.number,
        asked.code_hash,
        asked.expires_at,
        asked.tries_left,
    )


def count_wrong(connection: Connection, person_id: int) -> None:
    """One try less."""
    connection.run(
        "UPDATE mobile_codes SET tries_left = tries_left - 1 WHERE person_id = ? AND tries_left > 0",
        person_id,
    )


def drop_pending(connection: Connection, person_id: int) -> None:
    """It is used, or void."""
    connection.run("DELETE FROM mobile_codes WHERE person_id = ?", person_id)
