"""The few ways in which the SQL of this house is run."""

from typing import Any

from ccr.store.dialects import Dialect, Driver

Row = tuple[Any, ...]


class Connection:
    """A DB-API 2 connection with the verbs that `store/` uses. Parameters are always bound, by `?`."""

    __slots__ = ("dialect", "driver")

    def __init__(self, driver: Driver, dialect: Dialect) -> None:
        self.driver = driver
        self.dialect = dialect

    def rows(self, sql: str, *params: Any) -> list[Row]:
        """Every row."""
        cursor = self.driver.cursor()
        cursor.execute(sql, params)
        found: list[Row] = cursor.fetchall()
        return found

    def up_to(self, most: int, sql: str, *params: Any) -> list[Row]:
        """The first `most` rows; the rest is never fetched, which is how a page is cut without LIMIT."""
        cursor = self.driver.cursor()
        cursor.execute(sql, params)
        found: list[Row] = cursor.fetchmany(most)
        cursor.close()
        return found

    def row(self, sql: str, *params: Any) -> Row | None:
        """The first row, or `None`."""
        cursor = self.driver.cursor()
        cursor.execute(sql, params)
        found: Row | None = cursor.fetchone()
        cursor.close()
        return found

    def run(self, sql: str, *params: Any) -> int:
        """How many rows the statement changed."""
        cursor = self.driver.cursor()
        cursor.execute(sql, params)
        return int(cursor.rowcount)

    def insert(self, sql: str, *params: Any) -> int:
        """The identity of the row just inserted."""
        cursor = self.driver.cursor()
        cursor.execute(sql, params)
        return self.dialect.inserted_id(cursor)
