"""Questions that customers make public. Who reads of them learns a name, never the ticket."""

import msgspec

from ccr.desk.questions import State
from ccr.store.connection import Connection, Row

_ANSWERS = "(SELECT COUNT(*) FROM public_answers a WHERE a.question_id = q.id AND a.state = 'public')"
_SELECT = (
    "SELECT q.id, q.ticket_id, q.author_id, p.first_name, p.last_name, q.revision, q.state, q.accepted_id, "
    f"q.asked_at, q.public_at, q.title, q.reason, q.body, {_ANSWERS} "
    "FROM questions q JOIN people p ON p.id = q.author_id"
)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One of them, with the names of its author and how many answers are public. Times in milliseconds since 1970 UTC.

    `public_at` is when it was approved last; `reason` why it was declined or hidden; `accepted` the answer that staff
    marked. `id` is 0 until it is stored.
    """

    id: int = 0
    ticket: int
    author: int
    first_name: str = ""
    last_name: str = ""
    revision: int = 1
    state: State = State.WAITING
    accepted: int | None = None
    asked_at: int
    public_at: int | None = None
    title: str
    reason: str | None = None
    body: str
    answers: int = 0


class Searched(msgspec.Struct, frozen=True, kw_only=True):
    """What is found of a public question: its words, and those of the accepted answer, if there is one."""

    id: int
    title: str
    body: str
    answer: str | None
    public_at: int


def find(connection: Connection, question: int) -> Question | None:
    """The one with this id, whatever its state."""
    row = connection.row(f"{_SELECT} WHERE q.id = ?", question)
    return _from_row(row) if row else None


def lock(connection: Connection, question: int) -> None:
    """From here to the end of the transaction nobody else changes it, or does anything to its answers."""
    connection.dialect.lock_question(connection, question)


def of_ticket(connection: Connection, ticket: int) -> Question | None:
    """The one that came of this ticket."""
    row = connection.row(f"{_SELECT} WHERE q.ticket_id = ?", ticket)
    return _from_row(row) if row else None


def add(connection: Connection, question: Question) -> int:
    """The new one's id. Its ticket must not have one yet."""
    return connection.insert(
        "INSERT INTO questions (ticket_id, author_id, revision, state, asked_at, title, body) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        question.ticket,
        question.author,
        question.revision,
        question.state.value,
        question.asked_at,
        question.title,
        question.body,
    )


def save(connection: Connection, question: Question) -> bool:
    """Its next revision; nothing, and `False`, unless it is still of the one that it was read in."""
    changed = connection.run(
        "UPDATE questions SET revision = ?, state = ?, accepted_id = ?, asked_at = ?, public_at = ?, title = ?, "
        "reason = ?, body = ? WHERE id = ? AND revision = ?",
        question.revision + 1,
        question.state.value,
        question.accepted,
        question.asked_at,
        question.public_at,
        question.title,
        question.reason,
        question.body,
        question.id,
        question.revision,
    )
    return changed == 1


def published(
    connection: Connection, before: tuple[int, int] | None, most: int, *, hidden: bool
) -> list[Question]:
    """At most `most` of the public ones (and those `hidden`), newest first, behind the one of this time and id."""
    states = ("public", "hidden") if hidden else ("public", "public")
    place = "" if before is None else "AND (q.public_at < ? OR (q.public_at = ? AND q.id < ?))"
    params = () if before is None else (before[0], *before)
    rows = connection.up_to(
        most,
        f"{_SELECT} WHERE (q.state = ? OR q.state = ?) AND q.public_at IS NOT NULL {place} "
        "ORDER BY q.public_at DESC, q.id DESC",
        *states,
        *params,
    )
    return [_from_row(row) for row in rows]


def waiting(connection: Connection, most: int) -> list[Question]:
    """At most `most` of those that staff are to look at, the longest waiting first."""
    rows = connection.up_to(most, f"{_SELECT} WHERE q.state = 'waiting' ORDER BY q.asked_at, q.id")
    return [_from_row(row) for row in rows]


def count_waiting(connection: Connection) -> int:
    """How many those are."""
    row = connection.row("SELECT COUNT(*) FROM questions WHERE state = 'waiting'")
    return int(row[0]) if row else 0


def by_author(connection: Connection, person: int) -> list[Question]:
    """Everything this person handed in, newest first."""
    rows = connection.rows(f"{_SELECT} WHERE q.author_id = ? ORDER BY q.id DESC", person)
    return [_from_row(row) for row in rows]


def edition(connection: Connection) -> int:
    """A number that is another one as soon as anything that is found is."""
    row = connection.row("SELECT SUM(revision) FROM questions")
    return int(row[0] or 0) if row else 0


def searched(connection: Connection, most: int) -> list[Searched]:
    """At most `most` of the public ones, newest first."""
    rows = connection.up_to(
        most,
        "SELECT q.id, q.title, q.body, a.body, q.public_at FROM questions q "
        "LEFT JOIN public_answers a ON a.id = q.accepted_id AND a.state = 'public' WHERE q.state = 'public' "
        "ORDER BY q.public_at DESC, q.id DESC",
    )
    return [Searched(id=row[0], title=row[1], body=row[2], answer=row[3], public_at=row[4]) for row in rows]


def forget(connection: Connection, person: int) -> None:
    """What somebody who is gone handed in, and nobody has read yet, is withdrawn. What is public stays."""
    connection.run(
        "UPDATE questions SET state = 'withdrawn', title = '', body = '', reason = NULL, revision = revision + 1 "
        "WHERE author_id = ? AND (state = 'waiting' OR state = 'declined')",
        person,
    )


def _from_row(row: Row) -> Question:
    return Question(
        id=row[0],
        ticket=row[1],
        author=row[2],
        first_name=row[3],
        last_name=row[4],
        revision=row[5],
        state=State(row[6]),
        accepted=row[7],
        asked_at=row[8],
        public_at=row[9],
        title=row[10],
        reason=row[11],
        body=row[12],
        answers=int(row[13]),
    )
