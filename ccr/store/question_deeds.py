"""What was done to public questions, by whom and why; and by which key, so that nothing is done twice."""

from typing import Any

import msgspec

from ccr.desk.questions import Deed
from ccr.store.connection import Connection

_COLUMNS = "deed_hash, deed, question_id, answer_id, reason"


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """A deed; `hash` tells whether somebody asks for the same again."""

    hash: str = ""
    deed: Deed
    question: int
    answer: int | None = None
    reason: str | None = None


def find(connection: Connection, person: int, key: str) -> Done | None:
    """What this person did under this key."""
    row = connection.row(
        f"SELECT {_COLUMNS} FROM question_deeds WHERE person_id = ? AND client_key = ?", person, key
    )
    if row is None:
        return None
    return Done(hash=row[0], deed=Deed(row[1]), question=row[2], answer=row[3], reason=row[4])


def put(connection: Connection, person: int, key: str, done: Done, now: int) -> None:
    """Remember it; the unique key refuses a second one."""
    connection.run(
        "INSERT INTO question_deeds (person_id, client_key, deed_hash, deed, question_id, answer_id, reason, done_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        person,
        key,
        done.hash,
        done.deed.value,
        done.question,
        done.answer,
        done.reason,
        now,
    )


def by_person(connection: Connection, person: int) -> list[dict[str, Any]]:
    """Everything this person did, in its order."""
    rows = connection.rows(
        "SELECT deed, question_id, answer_id, reason, done_at FROM question_deeds WHERE person_id = ? ORDER BY id",
        person,
    )
    names = ("deed", "question", "answer", "reason", "done_at")
    return [dict(zip(names, row, strict=True)) for row in rows]
