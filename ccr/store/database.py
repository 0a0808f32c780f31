"""Threads, transactions and retries: the only file that knows how a function reaches the database.

Drivers are synchronous, so every connection lives in a thread of its own. A writer gathers what waits for it and
commits once (group commit): that is what makes a durable commit cheap under load. Readers see a snapshot each.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from time import perf_counter
from typing import Any, TypeVar

from ccr import metrics
from ccr.desk.refusals import Refusal, unavailable
from ccr.store.connection import Connection
from ccr.store.dialects import Dialect, Driver

logger = logging.getLogger(__name__)

T = TypeVar("T")
Unit = Callable[[Connection], Any]

BATCH = 256
"""Units committed together at most; bounds how long the first of them waits for the last."""

BACKLOG = 5_000
"""Units that may wait for one writer; more are `unavailable`: an answer now beats one that comes too late."""


class _Job:
    """A unit of work on its way to a writer and back."""

    __slots__ = ("done", "error", "future", "result", "then", "unit")

    def __init__(self, unit: Unit, future: "asyncio.Future[Any]", then: Callable[[Any], None] | None) -> None:
        self.unit = unit
        self.future = future
        self.then = then
        self.result: Any = None
        self.error: BaseException | None = None


class Database:
    """Where functions of a `Connection` are carried out.

    `connect` opens one driver connection and is called once in each thread. More than one writer only where the
    database locks rows; work with the same `lane` always goes to the same writer, in order.
    """

    def __init__(
        self, connect: Callable[[], Driver], dialect: Dialect, *, readers: int = 2, writers: int = 1
    ) -> None:
        self.dialect = dialect
        self._connect = connect
        self._writers = [_Writer(connect, dialect, f"writer-{n}") for n in range(writers)]
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="reader")
        self._local = threading.local()
        self._opened: list[Driver] = []

    async def write(
        self, unit: Callable[[Connection], T], *, then: Callable[[T], None] | None = None, lane: int = 0
    ) -> T:
        """The unit's result, once it is committed and will not be lost.

        `unit` must be re-runnable (it may run twice when something beside it failed) and do no other I/O. When it
        raises `Refusal` it must have written nothing. `then` is called with the result on the event loop, in the order
        of the commits, whether or not the caller is still there to hear of it. Raises `Refusal` `unavailable` when
        the database cannot be reached or cannot keep up: then nothing was stored.
        """
        job = _Job(unit, asyncio.get_running_loop().create_future(), then)
        self._writers[lane % len(self._writers)].take(job)
        result: T = await job.future
        return result

    async def read(self, unit: Callable[[Connection], T]) -> T:
        """The unit's result, from one consistent view of the data."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, unit)

    def is_duplicate(self, error: Exception) -> bool:
        """Whether a unique key refused a row."""
        return self.dialect.is_duplicate(error)

    async def close(self) -> None:
        """Finish what waits, then close every connection."""
        for writer in self._writers:
            writer.stop()
        await asyncio.to_thread(self._join)

    def waiting(self) -> int:
        """Units that no writer has begun."""
        return sum(writer.backlog() for writer in self._writers)

    def _join(self) -> None:
        for writer in self._writers:
            writer.join()
        self._readers.shutdown(wait=True)
        for driver in self._opened:
            driver.close()

    def _read(self, unit: Callable[[Connection], T]) -> T:
        try:
            connection = self._reader()
            self.dialect.begin_reading(connection.driver)
            try:
                return unit(connection)
            finally:
                self.dialect.rollback(connection.driver)
        except Refusal:
            raise
        except Exception as error:
            if self.dialect.is_unavailable(error):
                raise unavailable() from error
            raise

    def _reader(self) -> Connection:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = Connection(self._connect(), self.dialect)
            self._opened.append(connection.driver)
        return connection


class _Writer(threading.Thread):
    """One thread, one connection, one transaction at a time for everything that waits."""

    def __init__(self, connect: Callable[[], Driver], dialect: Dialect, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._connect = connect
        self._dialect = dialect
        self._connection: Connection | None = None
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._begun = False

    def take(self, job: _Job) -> None:
        """Put it in the queue; called on the event loop."""
        if self._queue.qsize() >= BACKLOG:
            raise unavailable()
        if not self._begun:
            self._begun = True
            self.start()
        self._queue.put(job)

    def backlog(self) -> int:
        """How many wait."""
        return self._queue.qsize()

    def stop(self) -> None:
        """End once everything before this is done."""
        self._queue.put(None)

    def join(self, timeout: float | None = None) -> None:
        """Wait until it has ended, if it ever began."""
        if self._begun:
            super().join(timeout)

    def run(self) -> None:
        """Gather, commit, answer; until told to stop."""
        going = True
        while going:
            batch, going = self._gather()
            if batch:
                self._carry_out(batch)
                batch[0].future.get_loop().call_soon_threadsafe(_answer, batch)
        if self._connection is not None:
            self._connection.driver.close()

    def _gather(self) -> tuple[list[_Job], bool]:
        batch: list[_Job] = []
        job = self._queue.get()
        while job is not None:
            batch.append(job)
            if len(batch) == BATCH or self._queue.empty():
                return batch, True
            job = self._queue.get()
        return batch, False

    def _carry_out(self, batch: list[_Job]) -> None:
        try:
            self._transaction(batch)
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for an answer
            self._take_back()
            if len(batch) == 1:
                batch[0].error = self._told(error)
                return
            # One of them failed in a way nobody foresaw: alone, each gets its own answer and the others are not harmed.
            for job in batch:
                job.result = job.error = None
                self._carry_out([job])

    def _transaction(self, batch: list[_Job]) -> None:
        started = perf_counter()
        connection = self._open()
        self._dialect.begin(connection.driver)
        for job in batch:
            try:
                job.result = job.unit(connection)
            except Refusal as refusal:
                job.error = refusal
        self._dialect.commit(connection.driver)
        metrics.COMMIT_SECONDS.observe(perf_counter() - started)
        metrics.COMMIT_UNITS.observe(len(batch))

    def _told(self, error: Exception) -> Exception:
        """What the caller is told: `unavailable` where the database is at fault, else the error itself."""
        if not self._dialect.is_unavailable(error):
            return error
        logger.error("nothing was stored: %s", error)
        return unavailable()

    def _open(self) -> Connection:
        if self._connection is None:
            self._connection = Connection(self._connect(), self._dialect)
        return self._connection

    def _take_back(self) -> None:
        if self._connection is None:
            return
        try:
            self._dialect.rollback(self._connection.driver)
        except Exception:  # noqa: BLE001 - a connection that cannot even roll back is of no more use
            self._connection = None


def _answer(batch: list[_Job]) -> None:
    """On the event loop: first what follows from each commit, in order, then the answers."""
    for job in batch:
        if job.error is None and job.then is not None:
            job.then(job.result)
        if job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
