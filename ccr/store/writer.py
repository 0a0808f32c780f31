"""One thread that writes: it gathers what waits, commits once, and has the answers given in order."""

import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from time import monotonic

from ccr.desk.refusals import unavailable
from ccr.store.batches import Batches, Job
from ccr.store.checkpoints import Checkpoints
from ccr.store.dialects import Dialect, Driver
from ccr.store.reach import Reach
from ccr.store.remote import RemoteBatches

__all__ = ["BACKLOG", "Job", "Writer"]

BACKLOG = 5_000
"""Units that may wait for one writer; more are `unavailable`: an answer now beats one that comes too late."""

LONGEST = 2.8
"""Seconds after which somebody is told that a database behind a network is too slow: the contract has three."""


class Writer(threading.Thread):
    """One thread, one connection, one transaction at a time for everything that waits."""

    def __init__(
        self,
        connect: Callable[[], Driver],
        dialect: Dialect,
        name: str,
        reach: Reach,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._patience = _Patience() if dialect.remote else None
        self._batches = (
            RemoteBatches(connect, dialect, name, reach, late=self._answer)
            if dialect.remote
            else Batches(connect, dialect)
        )
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._checkpoints = checkpoints
        self._answers = _Answers()
        self._begun = self._stopped = False

    def take(self, job: Job) -> None:
        """Put it in the queue; called on the event loop."""
        if self._stopped or self._queue.qsize() >= BACKLOG:
            raise unavailable()
        if not self._begun:
            self._begun = True
            self.start()
            if self._checkpoints is not None:
                self._checkpoints.start()
        if self._patience is not None:
            job.taken_at = monotonic()
            self._patience.watch(job)
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
                self._batches.carry_out(batch)
                self._answer(batch)
                if self._checkpoints is not None:
                    self._checkpoints.committed()
        self._batches.close()

    def _answer(self, batch: list[Job]) -> None:
        batch[0].future.get_loop().call_soon_threadsafe(self._answers.give, batch)

    def _gather(self) -> tuple[list[Job], bool]:
        batch: list[Job] = []
        job = self._queue.get()
        while job is not None:
            batch.append(job)
            if len(batch) >= self._batches.most or self._queue.empty():
                return batch, True
            job = self._queue.get()
        return batch, False


class _Patience:
    """Nobody waits longer than `LONGEST`, whatever the writer is waiting for: of the many steps that a slow server
    makes slow, each alone is in time.
    """

    def __init__(self) -> None:
        self._jobs: deque[Job] = deque()
        self._watching = False

    def watch(self, job: Job) -> None:
        """Called on the event loop, with each job as it is taken."""
        while self._jobs and self._jobs[0].future.done():
            self._jobs.popleft()
        self._jobs.append(job)
        if not self._watching:
            self._watching = True
            job.future.get_loop().call_later(LONGEST, self._look)

    def _look(self) -> None:
        now = monotonic()
        while self._jobs and (self._jobs[0].future.done() or self._jobs[0].taken_at + LONGEST <= now):
            self._jobs.popleft().give_up()
        self._watching = bool(self._jobs)
        if self._jobs:
            next_ = self._jobs[0]
            next_.future.get_loop().call_later(next_.taken_at + LONGEST - now, self._look)


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
