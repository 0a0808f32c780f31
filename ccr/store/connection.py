"""The few ways in which the SQL of this house is run."""

from typing import Any

from ccr.store.dialects import Dialect, Driver

Row = tuple[Any, ...]


class Connection:
    """A DB-API 2 connection with the verbs that `store/` uses. Parameters are always bound, by `?`."""

    __slots__ = ("_cursor", "dialect", "driver")

    def __init__(self, driver: Driver, dialect: Dialect) -> None:
        self.driver = driver
        self.dialect = dialect
        # One cursor serves all, since each result is fetched to its end, or let go of, before the next statement.
        self._cursor = driver.cursor()

    def rows(self, sql: str, *params: Any) -> list[Row]:
        """Every row."""
        self._cursor.execute(sql, params)
        found: list[Row] = self._cursor.fetchall()
        return found

    def up_to(self, most: int, sql: str, *params: Any) -> list[Row]:
        """The first `most` rows; the rest is never fetched, which is how a page is cut without LIMIT."""
        cursor = self.driver.cursor()
        cursor.execute(*self.dialect.first(most, sql, params))
        found: list[Row] = cursor.fetchmany(most)
        cursor.close()
        return found

    def row(self, sql: str, *params: Any) -> Row | None:
        """The one row there can be, or `None`."""
        self._cursor.execute(sql, params)
        found: list[Row] = self._cursor.fetchall()
        return found[0] if found else None

    def run(self, sql: str, *params: Any) -> int:
        """How many rows the statement changed."""
        self._cursor.execute(sql, params)
        return int(self._cursor.rowcount)

    def insert(self, sql: str, *params: Any) -> int:
        """The identity of the row just inserted."""
        self._cursor.execute(sql, params)
        return self.dialect.inserted_id(self._cursor)
