"""The threads that read: a connection each, checked by its use and made anew when it is lost."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import TypeVar

from ccr.desk.refusals import Refusal, unavailable
from ccr.store.connection import Connection
from ccr.store.dialects import Dialect, Driver, Trouble
from ccr.store.reach import OutOfReach, Reach

T = TypeVar("T")

TRIES = 3
PATIENCE = 0.8
"""Seconds within which a reading that a lost connection or a lock spoiled is tried again."""


class Readers:
    """Carries out units that only read."""

    def __init__(self, connect: Callable[[], Driver], dialect: Dialect, reach: Reach, count: int) -> None:
        self._connect = connect
        self._dialect = dialect
        self._reach = reach
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="reader")
        self._local = threading.local()
        self._opened: set[Driver] = set()

    async def read(self, unit: Callable[[Connection], T]) -> T:
        """The unit's result. Raises `unavailable` where the database cannot be asked."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, unit)

    def close(self) -> None:
        """Finish what has begun, and close every connection."""
        self._pool.shutdown(wait=True)
        for driver in self._opened:
            driver.close()

    def _read(self, unit: Callable[[Connection], T]) -> T:
        until = monotonic() + PATIENCE
        tries = 1
        while True:
            try:
                return self._read_once(unit)
            except Refusal:
                raise
            except OutOfReach:
                raise unavailable() from None
            except Exception as error:
                if not self._again(error, tries, until):
                    raise
                tries += 1

    def _read_once(self, unit: Callable[[Connection], T]) -> T:
        connection = self._connection()
        self._dialect.begin_reading(connection.driver)
        try:
            return unit(connection)
        finally:
            self._dialect.rollback(connection.driver)

    def _again(self, error: Exception, tries: int, until: float) -> bool:
        """Whether to try once more. Raises `unavailable` where that is of no use, and the database is at fault."""
        trouble = self._dialect.trouble(error)
        if trouble is Trouble.LOST:
            self._drop()
        passing = trouble in (Trouble.LOST, Trouble.BUSY)
        if passing and tries < TRIES and monotonic() < until:
            return True
        if trouble is Trouble.LOST:
            self._reach.lost(error)
        if passing or trouble is Trouble.UNAVAILABLE:
            raise unavailable() from error
        return False

    def _connection(self) -> Connection:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            self._reach.check()
            connection = self._local.connection = Connection(self._connect(), self._dialect)
            self._opened.add(connection.driver)
            self._reach.found()
        return connection

    def _drop(self) -> None:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            self._local.connection = None
            self._opened.discard(connection.driver)
            connection.driver.close()
