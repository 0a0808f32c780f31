"""Where the databases differ, by name. Everything else in `store/` is SQL that all of them understand."""

from enum import Enum, auto
from typing import Any, NamedTuple, Protocol


class Driver(Protocol):
    """The part of a DB-API 2 connection that is used here."""

    def cursor(self) -> Any:
        """A new cursor."""

    def close(self) -> None:
        """Give the connection back to the system."""


class Asking(Protocol):
    """As much of a `Connection` as a dialect needs."""

    def row(self, sql: str, *params: Any) -> tuple[Any, ...] | None:
        """The first row."""

    def run(self, sql: str, *params: Any) -> int:
        """How many rows the statement changed."""


class About(NamedTuple):
    """Which server this is. `recent`: no older than what we were written for; `unicode`: keeps every character."""

    product: str
    recent: bool
    encoding: str
    unicode: bool


class Trouble(Enum):
    """What is behind an error of a driver, as far as it matters what is done next."""

    DUPLICATE = auto()
    """A unique key refused a row."""

    BUSY = auto()
    """Somebody else's lock: a deadlock, or waited for too long. All of the transaction is taken back already."""

    LOST = auto()
    """The connection is gone, or could not be made. While committing that leaves open whether it did."""

    UNAVAILABLE = auto()
    """The database cannot store anything just now: full, read-only, locked."""

    MISSING = auto()
    """There is no such table."""

    OTHER = auto()
    """A mistake of ours."""


class Dialect(Protocol):
    """What one database does its own way."""

    name: str
    remote: bool
    """Whether it is behind a network, where connections get lost and others write at the same time."""

    types: dict[str, str]
    """What `{identity}`, `{text}` … in a migration stand for."""

    floor: str
    """The oldest version that this was written for."""

    held: str
    """Behind a SELECT: what it read stays as it is until the transaction ends."""

    unlocked: str
    """Behind a SELECT: waits for nobody's lock, and may see what is not committed."""

    def begin(self, driver: Driver) -> None:
        """Open a transaction that will write."""

    def begin_reading(self, driver: Driver) -> None:
        """Open a transaction in which everything read is of one moment."""

    def commit(self, driver: Driver) -> None:
        """Make it last: once this returns, a power cut loses nothing of it."""

    def rollback(self, driver: Driver) -> None:
        """Take it back."""

    def checkpoint(self, driver: Driver) -> None:
        """Move what was committed from the log into the file, as far as that holds nobody up; where we do so at all."""

    def inserted_id(self, cursor: Any) -> int:
        """The identity that the cursor's INSERT was given."""

    def trouble(self, error: Exception) -> Trouble:
        """What went wrong."""

    def about(self, driver: Any) -> About:
        """Which server the connection leads to."""

    def has_table(self, connection: Asking, name: str) -> bool:
        """Whether a table of this name is there."""

    def clock(self, connection: Asking) -> int:
        """The database's own time, in milliseconds since 1970 UTC: the same for every node."""

    def lock_ticket(self, connection: Asking, ticket_id: int) -> None:
        """From here to the end of the transaction nobody else changes this ticket; it is itself not changed."""

    def lock_question(self, connection: Asking, question_id: int) -> None:
        """The same of a question."""

    def lock_person(self, connection: Asking, person_id: int) -> None:
        """The same for a person; whoever reads them with `held` waits, too."""

    def first(self, most: int, sql: str, params: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
        """The query with its parameters, told that no more than `most` rows of it will be fetched."""
