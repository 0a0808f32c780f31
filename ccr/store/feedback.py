"""What customers and agents tell the admins about the service."""

import msgspec

from ccr.desk.people import full_name
from ccr.store.connection import Connection, Row

_SELECT = (
    "SELECT f.id, f.person_id, p.first_name, p.last_name, p.role, f.about, f.ticket_id, f.stars, f.body, "
    "f.written_at FROM feedback f JOIN people p ON p.id = f.person_id"
)


class Feedback(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of it; `id` is 0 until it is stored, `written_at` in milliseconds since 1970 UTC."""

    id: int = 0
    person: int
    name: str
    role: str
    about: str
    ticket: int | None
    stars: int | None
    body: str
    written_at: int


def add(connection: Connection, given: Feedback) -> Feedback:
    """The same with its id."""
    new_id = connection.insert(
        "INSERT INTO feedback (person_id, about, ticket_id, stars, body, written_at) VALUES (?, ?, ?, ?, ?, ?)",
        given.person,
        given.about,
        given.ticket,
        given.stars,
        given.body,
        given.written_at,
    )
    return msgspec.structs.replace(given, id=new_id)


def page(connection: Connection, before: int, most: int) -> list[Feedback]:
    """At most `most` of what came before the one with id `before`, newest first."""
    return [
        _from_row(row)
        for row in connection.up_to(most, f"{_SELECT} WHERE f.id < ? ORDER BY f.id DESC", before)
    ]


def by_person(connection: Connection, person_id: int) -> list[Feedback]:
    """Everything this person wrote, newest first."""
    return [
        _from_row(row)
        for row in connection.rows(f"{_SELECT} WHERE f.person_id = ? ORDER BY f.id DESC", person_id)
    ]


def _from_row(row: Row) -> Feedback:
    return Feedback(
        id=row[0],
        person=row[1],
        name=full_name(row[2], row[3]),
        role=row[4],
        about=row[5],
        ticket=row[6],
        stars=row[7],
        body=row[8],
        written_at=row[9],
    )
