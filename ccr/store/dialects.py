"""Where the databases differ, by name. Everything else in `store/` is SQL that all of them understand."""

from typing import Any, Protocol


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


class Dialect(Protocol):
    """What one database does its own way."""

    name: str
    types: dict[str, str]
    """What `{identity}`, `{text}` … in a migration stand for."""

    def begin(self, driver: Driver) -> None:
        """Open a transaction that will write."""

    def begin_reading(self, driver: Driver) -> None:
        """Open a transaction in which everything read is of one moment."""

    def commit(self, driver: Driver) -> None:
        """Make it last: once this returns, a power cut loses nothing of it."""

    def rollback(self, driver: Driver) -> None:
        """Take it back."""

    def inserted_id(self, cursor: Any) -> int:
        """The identity that the cursor's INSERT was given."""

    def is_duplicate(self, error: Exception) -> bool:
        """Whether a unique key refused a row."""

    def is_unavailable(self, error: Exception) -> bool:
        """Whether the database is out of reach, locked for too long, or cannot write."""

    def has_table(self, connection: Asking, name: str) -> bool:
        """Whether a table of this name is there."""

    def lock_ticket(self, connection: Asking, ticket_id: int) -> None:
        """From here to the end of the transaction nobody else changes this ticket; it is itself not changed."""


class SQLite:
    """SQLite ≥ 3.35: one writer, who is alone from BEGIN IMMEDIATE on."""

    name = "sqlite"
    types = {  # noqa: RUF012 - a constant
        "identity": "INTEGER PRIMARY KEY AUTOINCREMENT",
        "text": "TEXT",
        "json": "TEXT",
        "clustered": " WITHOUT ROWID",
    }

    def begin(self, driver: Driver) -> None:
        """IMMEDIATE: the lock is taken at once, so no transaction fails half-way for want of it."""
        driver.cursor().execute("BEGIN IMMEDIATE")

    def begin_reading(self, driver: Driver) -> None:
        """A deferred transaction is a snapshot from its first SELECT on, and never waits for the writer."""
        driver.cursor().execute("BEGIN")

    def commit(self, driver: Driver) -> None:
        """With `synchronous=FULL` the log is on the disk when this returns."""
        driver.cursor().execute("COMMIT")

    def rollback(self, driver: Driver) -> None:
        """SQLite may have rolled back by itself (disk full), which makes ROLLBACK an error of no interest."""
        if getattr(driver, "in_transaction", True):
            driver.cursor().execute("ROLLBACK")

    def inserted_id(self, cursor: Any) -> int:
        """SQLite's own rowid."""
        return int(cursor.lastrowid)

    def is_duplicate(self, error: Exception) -> bool:
        """By the driver's message, which names the kind of constraint."""
        return "UNIQUE constraint failed" in str(error)

    def is_unavailable(self, error: Exception) -> bool:
        """Locked, full, read-only or unreadable: everything that is an OperationalError."""
        return type(error).__name__ == "OperationalError"

    def has_table(self, connection: Asking, name: str) -> bool:
        """By SQLite's catalogue."""
        return bool(connection.row("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", name))

    def lock_ticket(self, connection: Asking, ticket_id: int) -> None:
        """BEGIN IMMEDIATE has locked everything already."""
