"""Units of work that are committed together."""

import asyncio
import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any

from ccr import metrics
from ccr.desk.refusals import Refusal, unavailable, undecided
from ccr.store.connection import Connection
from ccr.store.dialects import Dialect, Driver, Trouble

logger = logging.getLogger(__name__)

Unit = Callable[[Connection], Any]

BATCH = 256
"""Units committed together at most; bounds how long the first of them waits for the last."""


class Job:
    """A unit of work on its way to a writer and back. Jobs of the same `lane`, unless 0, concern the same ticket."""

    __slots__ = ("begun", "error", "future", "given_up", "lane", "result", "taken_at", "then", "unit")

    def __init__(
        self, unit: Unit, future: "asyncio.Future[Any]", then: Callable[[Any], None] | None, lane: int = 0
    ) -> None:
        self.unit = unit
        self.future = future
        self.then = then
        self.lane = lane
        self.result: Any = None
        self.error: BaseException | None = None
        self.taken_at = 0.0
        self.begun = self.given_up = False

    def begin(self) -> bool:
        """In the writer's thread: from here on it may be stored. False if its caller was told that it will not be."""
        self.begun = True
        return not self.given_up

    def give_up(self) -> None:
        """On the event loop: the caller has waited long enough. If it is stored all the same, that is pushed."""
        self.given_up = True
        if not self.future.done():
            self.future.set_exception(undecided() if self.begun else unavailable())

    def copy(self) -> "Job":
        """With the result, and whatever follows from it."""
        other = Job(self.unit, self.future, self.then, self.lane)
        other.result = self.result
        return other

    def answer(self) -> None:
        """On the event loop: what follows from the commit, then the answer."""
        if self.error is None and self.then is not None:
            try:
                self.then(self.result)
            except Exception:
                logger.exception("what should follow from a commit failed")
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class Batches:
    """Transactions on a database that is embedded: it is there, and nobody else in this process writes to it."""

    most = BATCH

    def __init__(self, connect: Callable[[], Driver], dialect: Dialect) -> None:
        self._connect = connect
        self._dialect = dialect
        self._connection: Connection | None = None

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.driver.close()

    def carry_out(self, batch: list[Job]) -> None:
        """Each job has its result, which is committed, or else its error afterwards."""
        started = perf_counter()
        try:
            connection = self._begin()
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for an answer
            # It has not even begun, and would fare no better with each of them alone.
            self._take_back()
            told = self._told(error)
            for job in batch:
                job.error = told
            return
        try:
            self._transaction(connection, batch)
        except Exception as error:  # noqa: BLE001
            self._take_back()
            if len(batch) == 1:
                batch[0].error = self._told(error)
                return
            # One of them failed in a way nobody foresaw: alone, each gets its own answer and the others are not harmed.
            for job in batch:
                job.result = job.error = None
                self.carry_out([job])
            return
        metrics.COMMIT_SECONDS.observe(perf_counter() - started)
        metrics.COMMIT_UNITS.observe(len(batch))

    def _begin(self) -> Connection:
        if self._connection is None:
            self._connection = Connection(self._connect(), self._dialect)
        self._dialect.begin(self._connection.driver)
        return self._connection

    def _transaction(self, connection: Connection, batch: list[Job]) -> None:
        for job in batch:
            try:
                job.result = job.unit(connection)
            except Refusal as refusal:
                job.error = refusal
        self._dialect.commit(connection.driver)

    def _told(self, error: Exception) -> Exception:
        """What the caller is told: `unavailable` where the database is at fault, else the error itself."""
        if self._dialect.trouble(error) is not Trouble.UNAVAILABLE:
            return error
        logger.error("nothing was stored: %s", error)
        return unavailable()

    def _take_back(self) -> None:
        if self._connection is None:
            return
        try:
            self._dialect.rollback(self._connection.driver)
        except Exception:  # noqa: BLE001 - a connection that cannot even roll back is of no more use
            self._connection = None
