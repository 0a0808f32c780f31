"""Batches on a database behind a network, which others write to as well.

What can go wrong, and what follows:

- a lock is held for too long, or a deadlock is broken: all was taken back; each unit again, alone;
- a key is there already, put by somebody else since we looked: again, to find it;
- the connection is lost before the commit: nothing was stored; again on a new connection;
- it is lost during the commit: the batch's number in the database tells whether it was done (see `commits.py`), at
  once if there is a new connection, else as soon as there is one; until then nobody claims to know;
- the server does not answer, or is full: `unavailable`, soon.
"""

import logging
import random
import secrets
from collections.abc import Callable
from itertools import count
from time import monotonic, perf_counter, sleep

from ccr import metrics
from ccr.desk.clock import now
from ccr.desk.refusals import Refusal, unavailable, undecided
from ccr.store import commits
from ccr.store.batches import BATCH, Job
from ccr.store.connection import Connection
from ccr.store.dialects import Dialect, Driver, Trouble
from ccr.store.reach import OutOfReach, Reach

logger = logging.getLogger(__name__)

TRIES = {Trouble.LOST: 3, Trouble.BUSY: 5, Trouble.DUPLICATE: 2}
"""Times that a batch is tried at most, by what spoiled it; otherwise once."""

PATIENCE = {Trouble.LOST: 0.8, Trouble.BUSY: 1.5, Trouble.DUPLICATE: 1.5}
"""Seconds after its beginning within which a batch is tried again, by what spoiled it. With the longest that one step
may take, a caller waits less than 3 s."""

TOO_LATE = 2.0
"""Seconds after which a unit that has not begun is given up."""

SLICE = 0.1
"""Seconds that a batch should take: the next one has as many units as that allows."""


_OF_ONE = frozenset({Trouble.BUSY, Trouble.DUPLICATE, Trouble.MISSING, Trouble.OTHER})
"""Troubles that one unit brings upon the others."""


class _Undecided(Exception):
    """Nobody knows whether the batch was committed."""


class RemoteBatches:
    """One writer's transactions. `late` is given what turned out to be committed after its callers were answered."""

    def __init__(
        self,
        connect: Callable[[], Driver],
        dialect: Dialect,
        name: str,
        reach: Reach,
        late: Callable[[list[Job]], None],
    ) -> None:
        self.most = BATCH
        self._connect = connect
        self._dialect = dialect
        self._name = f"{name}-{secrets.token_hex(12)}"
        self._reach = reach
        self._late = late
        self._connection: Connection | None = None
        self._numbered = False
        self._number = 0
        self._doubtful: list[Job] = []

    def carry_out(self, batch: list[Job]) -> None:
        """Each job has its result, which is committed, or else its error afterwards."""
        # Everybody takes tickets in the order of their ids, so that no two wait for each other.
        batch.sort(key=_lane)
        begun = monotonic()
        jobs = []
        for job in batch:
            if job.begin() and begun - job.taken_at < TOO_LATE:
                jobs.append(job)
            else:
                job.error = unavailable()
        if jobs:
            self._try(jobs, begun)

    def close(self) -> None:
        """Give the connection back."""
        if self._doubtful:
            logger.error("it was never found out whether %d units were stored", len(self._doubtful))
        self._drop()

    def _try(self, jobs: list[Job], begun: float) -> None:
        """Together, again where that may help, each alone where one may have spoiled it for the others."""
        for tries in count(1):
            error = self._attempt(jobs, begun)
            if error is None:
                return
            trouble = self._trouble(error)
            if len(jobs) > 1 and trouble in _OF_ONE:
                for job in jobs:
                    self._try_in_time(job, begun)
                return
            if tries >= TRIES.get(trouble, 1) or monotonic() - begun > PATIENCE[trouble]:
                self._tell(jobs, error, trouble)
                return
            if trouble is Trouble.BUSY:
                sleep(random.uniform(0, 0.02) * tries)  # noqa: S311 - so that two do not meet again

    def _try_in_time(self, job: Job, begun: float) -> None:
        if monotonic() - begun < TOO_LATE:
            self._try([job], begun)
        else:
            job.error = unavailable()

    def _attempt(self, jobs: list[Job], begun: float) -> Exception | None:
        """`None` once all is committed, else why not; then nothing is stored, unless nobody knows."""
        started = perf_counter()
        for job in jobs:
            job.result = job.error = None
        try:
            connection = self._open()
            written = self._carry(connection, jobs)
            if not written:
                self._dialect.rollback(connection.driver)
                return None
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for an answer
            self._take_back(error)
            return error
        try:
            self._dialect.commit(connection.driver)
        except Exception as error:  # noqa: BLE001
            return self._after_failed_commit(jobs, error, begun)
        self._number += 1
        self._measure(perf_counter() - started, len(jobs))
        return None

    def _carry(self, connection: Connection, jobs: list[Job]) -> bool:
        """Whether there is anything to commit."""
        for job in jobs:
            try:
                job.result = job.unit(connection)
            except Refusal as refusal:
                job.error = refusal
        written = any(job.error is None for job in jobs)
        if written and self._numbered:
            commits.note(connection, self._name, self._number + 1, now())
        return written

    def _after_failed_commit(self, jobs: list[Job], error: Exception, begun: float) -> Exception | None:
        if self._trouble(error) is not Trouble.LOST or not self._numbered:
            self._take_back(error)
            return error
        self._drop()
        self._doubtful = [job.copy() for job in jobs if job.error is None]
        if monotonic() - begun > PATIENCE[Trouble.LOST]:
            self._reach.lost(error)
            return _Undecided()
        try:
            return None if self._reconnect() else error
        except Exception as still:  # noqa: BLE001
            self._reach.lost(still)
            return _Undecided()

    def _open(self) -> Connection:
        if self._connection is None:
            self._reach.check()
            doubtful = self._doubtful
            if self._reconnect():
                self._late(doubtful)
        connection = self._connection
        assert connection is not None
        self._dialect.begin(connection.driver)
        if not self._numbered:
            self._numbered = commits.enter(connection, self._name, now())
        return connection

    def _reconnect(self) -> bool:
        """Have a connection. Whether the batch under way when the last one was lost was committed."""
        connection = Connection(self._connect(), self._dialect)
        try:
            self._numbered = commits.enter(connection, self._name, now())
            self._dialect.commit(connection.driver)
            committed = bool(self._doubtful) and self._find_out(connection)
        except Exception:
            connection.driver.close()
            raise
        self._doubtful = []
        self._connection = connection
        self._reach.found()
        return committed

    def _find_out(self, connection: Connection) -> bool:
        committed = commits.reached(connection, self._name, self._number + 1)
        self._dialect.rollback(connection.driver)
        self._number += committed
        logger.warning("a commit whose answer was lost was %s", "done" if committed else "not done")
        return committed

    def _trouble(self, error: Exception) -> Trouble:
        if isinstance(error, OutOfReach | _Undecided):
            return Trouble.UNAVAILABLE
        return self._dialect.trouble(error)

    def _tell(self, jobs: list[Job], error: Exception, trouble: Trouble) -> None:
        told: Exception = error
        if isinstance(error, _Undecided):
            told = undecided()
        elif trouble in (Trouble.LOST, Trouble.BUSY, Trouble.UNAVAILABLE):
            told = unavailable()
        if trouble is Trouble.LOST:
            self._reach.lost(error)
        elif isinstance(told, Refusal) and not isinstance(error, OutOfReach | _Undecided):
            logger.error("nothing was stored: %s", error)
        for job in jobs:
            if not isinstance(job.error, Refusal):
                job.error = told

    def _take_back(self, error: Exception) -> None:
        if self._connection is None:
            return
        if self._dialect.trouble(error) is Trouble.LOST:
            self._drop()
            return
        try:
            self._dialect.rollback(self._connection.driver)
        except Exception:  # noqa: BLE001 - a connection that cannot even roll back is of no more use
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.driver.close()
            self._connection = None

    def _measure(self, seconds: float, units: int) -> None:
        self.most = max(1, min(BATCH, int(SLICE * units / seconds)))
        metrics.COMMIT_SECONDS.observe(seconds)
        metrics.COMMIT_UNITS.observe(units)


def _lane(job: Job) -> int:
    return job.lane
