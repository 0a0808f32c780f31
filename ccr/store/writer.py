"""One thread that writes: it gathers what waits, commits once, and has the answers given in order."""

import asyncio
import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from time import perf_counter
from typing import Any

from ccr import metrics
from ccr.desk.refusals import Refusal, unavailable
from ccr.store.connection import Connection
from ccr.store.dialects import Dialect, Driver

logger = logging.getLogger(__name__)

Unit = Callable[[Connection], Any]

BATCH = 256
"""Units committed together at most; bounds how long the first of them waits for the last."""

BACKLOG = 5_000
"""Units that may wait for one writer; more are `unavailable`: an answer now beats one that comes too late."""


class Job:
    """A unit of work on its way to a writer and back. Jobs of the same `lane`, unless 0, concern the same ticket."""

    __slots__ = ("error", "future", "lane", "result", "then", "unit")

    def __init__(
        self, unit: Unit, future: "asyncio.Future[Any]", then: Callable[[Any], None] | None, lane: int = 0
    ) -> None:
        self.unit = unit
        self.future = future
        self.then = then
        self.lane = lane
        self.result: Any = None
        self.error: BaseException | None = None

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


class Writer(threading.Thread):
    """One thread, one connection, one transaction at a time for everything that waits."""

    def __init__(self, connect: Callable[[], Driver], dialect: Dialect, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._connect = connect
        self._dialect = dialect
        self._connection: Connection | None = None
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._answers = _Answers()
        self._begun = self._stopped = False

    def take(self, job: Job) -> None:
        """Put it in the queue; called on the event loop."""
        if self._stopped or self._queue.qsize() >= BACKLOG:
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
        self._stopped = True
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
                batch[0].future.get_loop().call_soon_threadsafe(self._answers.give, batch)
        if self._connection is not None:
            self._connection.driver.close()

    def _gather(self) -> tuple[list[Job], bool]:
        batch: list[Job] = []
        job = self._queue.get()
        while job is not None:
            batch.append(job)
            if len(batch) == BATCH or self._queue.empty():
                return batch, True
            job = self._queue.get()
        return batch, False

    def _carry_out(self, batch: list[Job]) -> None:
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
                self._carry_out([job])
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
        if not self._dialect.is_unavailable(error):
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


class _Answers:
    """Gives answers in the order of the commits, and those of one lane in different steps of the event loop.

    Whoever is answered goes on in the next step. So they have acknowledged what is theirs before they hear of what was
    stored on the ticket after it; all in one step would tell them of later numbers first.
    """

    def __init__(self) -> None:
        self._waiting: list[Job] = []
        self._giving = False

    def give(self, batch: list[Job]) -> None:
        """Called on the event loop, in the order of the commits."""
        self._waiting += batch
        if not self._giving:
            self._step()

    def _step(self) -> None:
        lanes: set[int] = set()
        later = []
        for job in self._waiting:
            if job.lane in lanes:
                later.append(job)
                continue
            if job.lane:
                lanes.add(job.lane)
            job.answer()
        loop = self._waiting[0].future.get_loop()
        self._waiting, self._giving = later, True
        # Behind those who were just answered.
        loop.call_soon(self._settled)

    def _settled(self) -> None:
        self._giving = False
        if self._waiting:
            self._step()
