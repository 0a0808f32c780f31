"""SQLite's own ways."""

from typing import Any

from ccr.store.dialects.base import About, Asking, Driver, Trouble


class SQLite:
    """SQLite ≥ 3.35: one writer, who is alone from BEGIN IMMEDIATE on."""

    name = "sqlite"
    floor = "3.35"
    remote = False
    held = unlocked = ""  # a transaction is a snapshot, and waits for nobody
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

    def checkpoint(self, driver: Driver) -> None:
        """PASSIVE: beside readers and the writer, who begins the log anew when all of it has been moved."""
        driver.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def inserted_id(self, cursor: Any) -> int:
        """SQLite's own rowid."""
        return int(cursor.lastrowid)

    def trouble(self, error: Exception) -> Trouble:
        """By the driver's message and its class: an OperationalError is locked, full, read-only or unreadable."""
        if "UNIQUE constraint failed" in str(error):
            return Trouble.DUPLICATE
        return Trouble.UNAVAILABLE if type(error).__name__ == "OperationalError" else Trouble.OTHER

    def about(self, driver: Any) -> About:
        """The library within this process."""
        cursor = driver.cursor()
        [(version,)] = cursor.execute("SELECT sqlite_version()").fetchall()
        [(encoding,)] = cursor.execute("PRAGMA encoding").fetchall()
        recent = tuple(map(int, version.split(".")[:2])) >= tuple(map(int, self.floor.split(".")))
        return About(f"SQLite {version}", recent, encoding, encoding.startswith("UTF"))

    def has_table(self, connection: Asking, name: str) -> bool:
        """By SQLite's catalogue."""
        return bool(connection.row("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", name))

    def clock(self, connection: Asking) -> int:
        """This machine's, since the database is a file of it."""
        row = connection.row("SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)")
        assert row
        return int(row[0])

    def lock_ticket(self, connection: Asking, ticket_id: int) -> None:
        """BEGIN IMMEDIATE has locked everything already."""

    def lock_question(self, connection: Asking, question_id: int) -> None:
        """So it has."""

    def lock_person(self, connection: Asking, person_id: int) -> None:
        """So it has."""

    def first(self, _most: int, sql: str, params: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
        """It makes rows one by one as they are fetched: nothing to be told."""
        return sql, params
