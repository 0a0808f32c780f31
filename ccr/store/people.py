"""People: who they are, what they sign in with, and the password that proves it."""

from typing import Any

import msgspec

from ccr.desk.people import DELETED_CUSTOMER, Gender, Person, Role
from ccr.store.connection import Connection, Row

COLUMNS = """
    p.id, p.role, p.first_name, p.last_name, p.email, p.mobile, p.username, p.gender, p.must_change_password, p.active
"""
WIDTH = 10

LOGIN_LENGTH = 254
"""Bytes of a login at most. DB2 does not compare a column with what cannot be in it, but calls it a mistake."""

_NOBODY = 0
"""Is the id of no row."""

_ROLE = {role.value: role for role in Role}
_GENDER = {gender.value: gender for gender in Gender} | {None: None}


class Credentials(msgspec.Struct, frozen=True):
    """A person and the hash of their password, `None` while they have none."""

    person: Person
    password_hash: str | None


def find(connection: Connection, person_id: int, *, stays: bool = False) -> Person | None:
    """The person, deactivated or deleted ones too. If need be they stay as they are until this transaction ends."""
    held = connection.dialect.held if stays else ""
    row = connection.row(f"SELECT {COLUMNS} FROM people p WHERE p.id = ?{held}", person_id)
    return from_row(row) if row else None


def lock(connection: Connection, person_id: int) -> Credentials | None:
    """The person as they are now, nobody else changing them until this transaction ends.

    What is saved of a person was read by this: `save` writes all of them, and would bring back what another node has
    taken away since a plain reading.
    """
    connection.dialect.lock_person(connection, person_id)
    return credentials(connection, person_id)


def by_login(connection: Connection, login: str) -> Credentials | None:
    """Whose e-mail or username this is, upper or lower case."""
    if _too_long(login):
        return None
    row = connection.row(
        f"SELECT {COLUMNS}, p.password_hash FROM logins l JOIN people p ON p.id = l.person_id "
        "WHERE l.login = ?",
        as_login(login),
    )
    return Credentials(from_row(row), row[WIDTH]) if row else None


def lock_by_login(connection: Connection, login: str) -> Credentials | None:
    """Whose e-mail or username this is, nobody else changing them until this transaction ends.

    Where it is nobody's, as much is asked all the same, so that the time it takes does not tell.
    """
    connection.dialect.lock_person(connection, owner(connection, login) or _NOBODY)
    return by_login(connection, login)


def credentials(connection: Connection, person_id: int, *, stays: bool = False) -> Credentials | None:
    """The person with the hash of their password. If need be both stay so until this transaction ends."""
    held = connection.dialect.held if stays else ""
    row = connection.row(
        f"SELECT {COLUMNS}, p.password_hash FROM people p WHERE p.id = ?{held}",
        person_id,
    )
    return Credentials(from_row(row), row[WIDTH]) if row else None


def with_role(connection: Connection, role: Role) -> list[Person]:
    """Everybody with this role by name, deactivated ones too."""
    rows = connection.rows(
        f"SELECT {COLUMNS} FROM people p WHERE p.role = ? ORDER BY p.first_name, p.last_name, p.id",
        role.value,
    )
    return [from_row(row) for row in rows]


def any_with_role(connection: Connection, role: Role) -> bool:
    """Whether there is or was anybody with this role."""
    return bool(connection.up_to(1, "SELECT id FROM people WHERE role = ?", role.value))


def owner(connection: Connection, login: str) -> int | None:
    """The id of the one person who signs in with this, or `None` where it is free."""
    if _too_long(login):
        return None
    row = connection.row("SELECT person_id FROM logins WHERE login = ?", as_login(login))
    return int(row[0]) if row else None


def add(connection: Connection, person: Person, password_hash: str | None, now: int) -> Person:
    """The person with the id they were given. Their logins must be free: ask `owner` first."""
    new_id = connection.insert(
        "INSERT INTO people (role, first_name, last_name, email, username, mobile, gender, password_hash, "
        "must_change_password, active, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        person.role.value,
        person.first_name,
        person.last_name,
        person.email,
        person.username,
        person.mobile,
        person.gender.value if person.gender else None,
        password_hash,
        int(person.must_change_password),
        int(person.active),
        now,
    )
    added = msgspec.structs.replace(person, id=new_id)
    _enter_logins(connection, added)
    return added


def save(connection: Connection, person: Person) -> None:
    """Everything about them but the password; `lock` them first. New logins must be free."""
    connection.run(
        "UPDATE people SET first_name = ?, last_name = ?, email = ?, username = ?, mobile = ?, gender = ?, "
        "must_change_password = ?, active = ? WHERE id = ?",
        person.first_name,
        person.last_name,
        person.email,
        person.username,
        person.mobile,
        person.gender.value if person.gender else None,
        int(person.must_change_password),
        int(person.active),
        person.id,
    )
    connection.run("DELETE FROM logins WHERE person_id = ?", person.id)
    _enter_logins(connection, person)


def set_password(connection: Connection, person_id: int, password_hash: str, *, must_change: bool) -> None:
    """From now on this is the hash of their password."""
    connection.run(
        "UPDATE people SET password_hash = ?, must_change_password = ? WHERE id = ?",
        password_hash,
        int(must_change),
        person_id,
    )


def rehash(connection: Connection, person_id: int, old: str, new: str) -> None:
    """The same password hashed anew, unless it was changed meanwhile."""
    connection.run(
        "UPDATE people SET password_hash = ? WHERE id = ? AND password_hash = ?", new, person_id, old
    )


def forget(connection: Connection, person_id: int, now: int) -> None:
    """Name, contact, logins and password go; the row stays, since what they wrote refers to it."""
    connection.run("DELETE FROM logins WHERE person_id = ?", person_id)
    connection.run(
        "UPDATE people SET first_name = ?, last_name = '', email = NULL, username = NULL, mobile = NULL, "
        "gender = NULL, password_hash = NULL, must_change_password = 0, active = 0, deleted_at = ? WHERE id = ?",
        DELETED_CUSTOMER,
        now,
        person_id,
    )


def created_at(connection: Connection, person_id: int) -> int:
    """When they were registered, in milliseconds since 1970 UTC."""
    row = connection.row("SELECT created_at FROM people WHERE id = ?", person_id)
    return int(row[0]) if row else 0


def as_login(text: str) -> str:
    """How a login is kept and compared."""
    return text.strip().lower()


def _too_long(login: str) -> bool:
    return len(as_login(login).encode("utf-8", "replace")) > LOGIN_LENGTH


def from_row(row: Row) -> Person:
    """A person from the columns `COLUMNS`."""
    return Person(
        id=row[0],
        role=_ROLE[row[1]],
        first_name=row[2],
        last_name=row[3],
        email=row[4],
        mobile=row[5],
        username=row[6],
        gender=_GENDER[row[7]],
        must_change_password=bool(row[8]),
        active=bool(row[9]),
    )


def _enter_logins(connection: Connection, person: Person) -> None:
    given: list[tuple[Any, str]] = [(person.email, "email"), (person.username, "username")]
    for login, kind in given:
        if login is not None:
            connection.run(
                "INSERT INTO logins (login, person_id, kind) VALUES (?, ?, ?)",
                as_login(login),
                person.id,
                kind,
            )
