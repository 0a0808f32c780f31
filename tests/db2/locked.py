"""Who changes a person has locked them first: what was only read may be of yesterday where others write, too."""

from typing import Any

import pytest

from ccr.store import people
from ccr.store.connection import Connection
from ccr.store.dialects import DB2, Driver

CHANGING = {"save": lambda person: person.id, "set_password": int, "forget": int}
"""What changes a person who is there, and whom, by what it is given first."""


def watch(patch: pytest.MonkeyPatch) -> None:
    """From here on whoever changes a person whom their transaction has not locked fails."""
    locked: set[tuple[Driver, int]] = set()
    lock = DB2.lock_person

    def note(dialect: DB2, connection: Connection, person: int) -> None:
        lock(dialect, connection, person)
        locked.add((connection.driver, person))

    patch.setattr(DB2, "lock_person", note)
    for name in ("commit", "rollback"):
        patch.setattr(DB2, name, _letting_go(getattr(DB2, name), locked))
    for name, whom in CHANGING.items():
        patch.setattr(people, name, _checked(name, whom, locked))


def _letting_go(real: Any, locked: set[tuple[Driver, int]]) -> Any:
    def end(dialect: DB2, driver: Driver) -> None:
        for held in [held for held in locked.copy() if held[0] is driver]:
            locked.discard(held)
        real(dialect, driver)

    return end


def _checked(name: str, whom: Any, locked: set[tuple[Driver, int]]) -> Any:
    real = getattr(people, name)

    def change(connection: Connection, given: Any, *more: Any, **named: Any) -> None:
        if connection.dialect.remote:
            assert (connection.driver, whom(given)) in locked, f"people.{name} without people.lock"
        real(connection, given, *more, **named)

    return change
