"""Threads and transactions: the only door by which a function reaches the database.

Drivers are synchronous, so every connection lives in a thread of its own. A writer gathers what waits for it and
commits once (group commit): that is what makes a durable commit cheap under load. Readers see a snapshot each.
"""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from typing import TypeVar

from ccr.store.checkpoints import Checkpoints
from ccr.store.connection import Connection
from ccr.store.dialects import Dialect, Driver, Trouble
from ccr.store.lulls import Lulls
from ccr.store.reach import Reach
from ccr.store.readers import Readers
from ccr.store.writer import Job, Writer

T = TypeVar("T")

PATIENCE = 0.03
"""Seconds that one waits for a lull; where there is none, things go on all the same."""


class Database:
    """Where functions of a `Connection` are carried out.

    `connect` opens one driver connection and is called once in each thread. More than one writer only where the
    database locks rows; work with the same `lane` always goes to the same writer, in order.
    """

    def __init__(
        self, connect: Callable[[], Driver], dialect: Dialect, writers: int = 1, readers: int = 2
    ) -> None:
        self.dialect = dialect
        self.writers, self.readers = writers, readers
        reach = Reach()
        self._checkpoints = None if dialect.remote else Checkpoints(connect, dialect)
        self._writers = [
            Writer(connect, dialect, f"writer-{n}", reach, self._checkpoints) for n in range(writers)
        ]
        self._lulls = Lulls()
        self._readers = Readers(connect, dialect, reach, readers)

    async def write(
        self,
        unit: Callable[[Connection], T],
        *,
        then: Callable[[T], None] | None = None,
        lane: int = 0,
        patient: bool = False,
    ) -> T:
        """The unit's result, once it is committed and will not be lost.

        `unit` must be re-runnable (it may run twice when something beside it failed) and do no other I/O. When it
        raises `Refusal` it must have written nothing. `then` is called with the result on the event loop, in the order
        of the commits, whether or not the caller is still there to hear of it. A `patient` unit lets those go first who
        are waited for. Raises `Refusal` `unavailable` when the database cannot be reached or cannot keep up: then
        nothing was stored.
        """
        if patient:
            await self.lull()
        with nullcontext() if patient else self._lulls:
            job = Job(unit, asyncio.get_running_loop().create_future(), then, lane)
            self._writers[lane % len(self._writers)].take(job)
            result: T = await job.future
            return result

    async def lull(self) -> None:
        """Wait until nobody waits for a commit, but not long; what is done then keeps nobody waiting.

        Not where the database is behind a network: what is waited for then is not this machine.
        """
        if not self.dialect.remote:
            await self._lulls.wait(PATIENCE)

    async def read(self, unit: Callable[[Connection], T]) -> T:
        """The unit's result, from one consistent view of the data."""
        return await self._readers.read(unit)

    def is_duplicate(self, error: Exception) -> bool:
        """Whether a unique key refused a row."""
        return self.dialect.trouble(error) is Trouble.DUPLICATE

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
        if self._checkpoints is not None:
            self._checkpoints.stop()
        self._readers.close()
