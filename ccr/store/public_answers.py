"""The answers to public questions, and who found which of them helpful."""

from typing import Any

import msgspec

from ccr.desk.people import Role
from ccr.desk.questions import State
from ccr.store.connection import Connection, Row

_COLUMNS = (
    "a.id, a.question_id, a.author_id, p.first_name, p.last_name, p.role, a.state, a.answered_at, a.body, "
    "(SELECT COUNT(*) FROM answer_votes v WHERE v.answer_id = a.id), "
    "(SELECT COUNT(*) FROM answer_votes v WHERE v.answer_id = a.id AND v.person_id = ?)"
)
_FROM = "FROM public_answers a JOIN people p ON p.id = a.author_id"


class PublicAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One of them as a viewer sees it: `voted` is whether this viewer did. Times in milliseconds since 1970 UTC."""

    id: int
    question: int
    author: int
    first_name: str
    last_name: str
    role: Role
    state: State
    at: int
    body: str
    votes: int
    voted: bool


def find(connection: Connection, answer: int, viewer: int = 0) -> PublicAnswer | None:
    """The one with this id, whatever its state."""
    row = connection.row(f"SELECT {_COLUMNS} {_FROM} WHERE a.id = ?", viewer, answer)
    return _from_row(row) if row else None


def of_question(connection: Connection, question: int, viewer: int = 0) -> list[PublicAnswer]:
    """Those that stand, oldest first, hidden ones too."""
    rows = connection.rows(
        f"SELECT {_COLUMNS} {_FROM} WHERE a.question_id = ? AND a.state <> 'withdrawn' ORDER BY a.id",
        viewer,
        question,
    )
    return [_from_row(row) for row in rows]


def by_author(connection: Connection, person: int) -> list[PublicAnswer]:
    """Everything this person answered, newest first."""
    rows = connection.rows(
        f"SELECT {_COLUMNS} {_FROM} WHERE a.author_id = ? ORDER BY a.id DESC", person, person
    )
    return [_from_row(row) for row in rows]


def count(connection: Connection, question: int) -> int:
    """How many stand, hidden ones too."""
    row = connection.row(
        "SELECT COUNT(*) FROM public_answers WHERE question_id = ? AND state <> 'withdrawn'", question
    )
    return int(row[0]) if row else 0


def add(connection: Connection, question: int, author: int, body: str, now: int) -> int:
    """The new one's id."""
    return connection.insert(
        "INSERT INTO public_answers (question_id, author_id, state, answered_at, body) "
        "VALUES (?, ?, 'public', ?, ?)",
        question,
        author,
        now,
        body,
    )


def turn(connection: Connection, answer: int, before: State, after: State) -> bool:
    """Its new state; what is withdrawn loses its words. Nothing, and `False`, unless it was `before` until now."""
    words = ", body = ''" if after is State.WITHDRAWN else ""
    changed = connection.run(
        f"UPDATE public_answers SET state = ?{words} WHERE id = ? AND state = ?",
        after.value,
        answer,
        before.value,
    )
    return changed == 1


def withdraw_all(connection: Connection, question: int) -> None:
    """Nobody sees any of them again; what is withdrawn loses its words."""
    connection.run("UPDATE public_answers SET state = 'withdrawn', body = '' WHERE question_id = ?", question)


def vote(connection: Connection, answer: int, person: int, now: int, *, on: bool) -> None:
    """One vote of a person's, or none; as it is already is fine."""
    connection.run("DELETE FROM answer_votes WHERE answer_id = ? AND person_id = ?", answer, person)
    if on:
        connection.run(
            "INSERT INTO answer_votes (answer_id, person_id, voted_at) VALUES (?, ?, ?)", answer, person, now
        )


def votes_by(connection: Connection, person: int) -> list[dict[str, Any]]:
    """What this person found helpful: the question, the answer, and when."""
    rows = connection.rows(
        "SELECT a.question_id, v.answer_id, v.voted_at FROM answer_votes v "
        "JOIN public_answers a ON a.id = v.answer_id WHERE v.person_id = ? ORDER BY v.voted_at, v.answer_id",
        person,
    )
    names = ("question", "answer", "voted_at")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _from_row(row: Row) -> PublicAnswer:
    return PublicAnswer(
        id=row[0],
        question=row[1],
        author=row[2],
        first_name=row[3],
        last_name=row[4],
        role=Role(row[5]),
        state=State(row[6]),
        at=row[7],
        body=row[8],
        votes=int(row[9]),
        voted=bool(row[10]),
    )
