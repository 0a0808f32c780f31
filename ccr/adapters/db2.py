"""IBM DB2, by IBM's own driver `ibm_db`, which is loaded when a connection is first asked for.

The driver's native interface is used rather than its DB-API layer, because that prepares every statement anew: here
they are kept, which nearly halves the time of an insert. Its errors are told as `DriverError`, which names the codes
and holds neither credentials nor what was stored.
"""

import contextlib
import importlib
import os
import re
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from ccr.adapters.db2_url import Target
from ccr.settings import SettingsError
from ccr.store.dialects import DB2

DIALECT = DB2()

STATEMENTS = 200
"""Prepared statements kept on one connection."""

LOCK_SECONDS = 1
"""How long to wait for another's lock."""

_CODE = re.compile(r"SQLCODE=(-?\d+)")
_STATE = re.compile(r"SQLSTATE=(\w{5})")
_HEAD = re.compile(r"^.*?(?=(?:SQL|CLI)\d{4,5}[A-Z])", re.DOTALL)


class DriverError(Exception):
    """What the driver said. `sqlcode` is DB2's number (-99999 where it is the client's), `sqlstate` the standard's."""

    def __init__(self, said: str) -> None:
        code, state = _CODE.search(said), _STATE.search(said)
        self.sqlcode = int(code[1]) if code else 0
        self.sqlstate = state[1] if state else ""
        # A class 22 is about a value, and quotes it.
        words = "" if self.sqlstate[:2] == "22" else f": {_HEAD.sub('', said)}"
        super().__init__(f"SQLCODE={self.sqlcode} SQLSTATE={self.sqlstate}{words}")


class NoConnection(DriverError):
    """The server could not be reached, or did not let us in."""

    lost = True


class Connection:
    """One connection with the statements prepared on it. Used by one thread at a time."""

    def __init__(self, api: Any, handle: Any) -> None:
        self.api = api
        self._handle = handle
        self._statements: OrderedDict[str, Any] = OrderedDict()

    def cursor(self) -> "Cursor":
        """One that runs a statement and gives its rows."""
        return Cursor(self)

    def commit(self) -> None:
        """Raises `DriverError`."""
        self._end(self.api.commit)

    def rollback(self) -> None:
        """Raises `DriverError`, where the connection is gone."""
        self._end(self.api.rollback)

    def close(self) -> None:
        """Give it back; one that is gone already is no matter."""
        # Before the connection: a statement that is freed later frees whatever has its number by then, which may be
        # a statement of another connection.
        for statement in self._statements.values():
            self._free(statement)
        self._statements.clear()
        try:
            self.api.close(self._handle)
        except Exception as error:
            failed(error)

    def prepared(self, sql: str) -> Any:
        """The statement, prepared once."""
        statement = self._statements.get(sql)
        if statement is None:
            statement = self._statements[sql] = self.api.prepare(self._handle, sql)
            if len(self._statements) > STATEMENTS:
                self._free(self._statements.popitem(last=False)[1])
        else:
            self._statements.move_to_end(sql)
        return statement

    def forget(self, sql: str) -> None:
        """Prepare it anew the next time."""
        statement = self._statements.pop(sql, None)
        if statement is not None:
            self._free(statement)

    def about(self) -> tuple[str, str, int]:
        """Name and version of the server, and the database's code page."""
        info = self.api.server_info(self._handle)
        return info.DBMS_NAME, info.DBMS_VER, info.DB_CODEPAGE

    def _free(self, statement: Any) -> None:
        with contextlib.suppress(Exception):
            self.api.free_stmt(statement)

    def _end(self, way: Any) -> None:
        try:
            done = way(self._handle)
        except Exception as error:
            raise failed(error) from None
        if not done:
            raise DriverError(self.api.conn_errormsg(self._handle) or "SQLSTATE=08003")


class Cursor:
    """Runs a statement; each result is fetched to its end, or let go of, before the next."""

    __slots__ = ("_connection", "_sql")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sql = ""

    def execute(self, sql: str, params: Sequence[Any] = ()) -> None:
        """Raises `DriverError`."""
        connection = self._connection
        self._sql = sql
        try:
            connection.api.execute(connection.prepared(sql), tuple(params))
        except Exception as error:
            said = failed(error)
            connection.forget(sql)
            raise said from None

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""
        return int(self._connection.api.num_rows(self._connection.prepared(self._sql)))

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Every row: texts as `str`, whole numbers as `int`, nothing as `None`."""
        return self.fetchmany(-1)

    def fetchmany(self, most: int) -> list[tuple[Any, ...]]:
        """The first `most` rows, and the rest is let go of. Raises `DriverError`."""
        api, statement = self._connection.api, self._connection.prepared(self._sql)
        rows: list[tuple[Any, ...]] = []
        try:
            while len(rows) != most and (row := api.fetch_tuple(statement)):
                rows.append(row)
            api.free_result(statement)
        except Exception as error:
            raise failed(error) from None
        return rows

    def close(self) -> None:
        """Nothing is held."""


def connect(target: Target) -> Connection:
    """A connection that waits for nothing longer than `target` says. Raises `DriverError`."""
    api = load()
    # Read by the driver when it connects, and not to be given in any other way.
    os.environ["DB2TCP_CLIENT_RCVTIMEOUT"] = str(target.timeout)
    os.environ["DB2_MAX_CLIENT_CONNRETRIES"] = "0"
    connection = Connection(api, _first_that_lets_in(api, target))
    try:
        cursor = connection.cursor()
        cursor.execute(f"SET CURRENT LOCK TIMEOUT {LOCK_SECONDS}")
        if target.schema:
            cursor.execute(f"SET CURRENT SCHEMA = {target.schema}")
        connection.commit()
    except DriverError:
        connection.close()
        raise
    return connection


def load() -> Any:
    """IBM's driver. Raises `SettingsError`, where it is not installed."""
    try:
        return importlib.import_module("ibm_db")
    except ImportError:
        raise SettingsError(
            "CCR_DATABASE_URL",
            "is for DB2, whose driver is missing: `pip install ibm_db`. IBM builds it for Linux on x86-64, macOS and "
            "Windows; on another machine serve from one of these, or use SQLite.",
        ) from None


def _first_that_lets_in(api: Any, target: Target) -> Any:
    options = {api.SQL_ATTR_AUTOCOMMIT: api.SQL_AUTOCOMMIT_OFF}
    error: Exception | None = None
    for text in target.connection_strings():
        try:
            return api.connect(text, "", "", options)
        except Exception as refused:
            error = error or refused
    raise NoConnection(str(error)) from None


def failed(error: Exception) -> DriverError:
    """The driver raises plain exceptions, and at a commit one of Python's with the true one behind it."""
    return DriverError(str(error.__cause__ or error))
