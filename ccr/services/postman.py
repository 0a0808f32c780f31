"""Carries the notices that are owed: claims what is due, sends it, tries again, and gives up loudly.

One worker in each process. A row is claimed for a while, so that two processes never carry the same one, and a crash
only delays it. Each channel has a carrier and a queue of its own: what cannot be made or sent holds up neither the next
nor another channel.
"""

import asyncio
import logging
import random
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress

from ccr import metrics
from ccr.desk import clock
from ccr.desk.clock import MINUTE, SECOND
from ccr.desk.notices import Channel
from ccr.services.carrying import Carrier
from ccr.services.deliveries import IN_FLIGHT, SPARE, Deliveries
from ccr.services.settling import Chance, Settler
from ccr.services.upkeep import Upkeep
from ccr.store import claims, outbox
from ccr.store.connection import Connection
from ccr.store.database import Database
from ccr.store.owed import Owed

log = logging.getLogger("ccr.postman")

AHEAD = 32
"""Rows claimed before their turn has come, so that there is always a next one."""

BATCH = 16
"""Rows worth a claim while others are under way: a few at a time would be a transaction for every few."""

LEASE = MINUTE
"""How long a claim lasts, in milliseconds."""

TURN_WITHIN = 30.0
"""Seconds of it in which a notice's turn must come. The rest is longer than sending and settling take."""

IDLE = 5.0
"""Seconds between looks when nobody wakes the postman: what is due later, or was put by another process."""

BREATH = 0.03
"""Seconds in which many wakes become one look."""

GRACE = 3.0
"""Seconds that what is under way has when the postman must stop."""

SETTLED_WITHIN = 3.0
"""Seconds that writing down what became of it may take then, before what is left is given back."""

Queues = dict[str, tuple[int, int]]
"""By channel, how many rows wait and when the first of them is or was due."""


class Postman:
    """`run` it as one background task; `wake` it when something is due at once. It closes the `carriers`."""

    def __init__(
        self,
        database: Database,
        carriers: Mapping[Channel, Carrier],
        *,
        now: Callable[[], int] = clock.now,
        chance: Chance = random.random,
    ) -> None:
        self._database = database
        self._carriers = carriers
        self._now = now
        self._worker = secrets.token_hex(8)
        self._settler = Settler(database, self._worker, now, self.wake)
        self._deliveries = Deliveries(carriers, self._worker, self._settler, now, chance, database.lull)
        self._upkeep = Upkeep(database, now, chance, self.wake)
        self._woken = asyncio.Event()
        self._going: dict[asyncio.Task[None], str] = {}
        self._oldest_due: int | None = None
        self._troubled = False

    def wake(self) -> None:
        """Something is due now. Cheap, and may be called as often as one likes; on the event loop."""
        self._woken.set()

    def age(self) -> float:
        """Seconds by which the oldest unsent notice is overdue, 0 where none is."""
        return max(0.0, (self._now() - self._oldest_due) / SECOND) if self._oldest_due is not None else 0.0

    async def run(self) -> None:
        """Until cancelled; then what is under way gets a moment to arrive, and the rest is given back."""
        metrics.OUTBOX_AGE_SECONDS.set_function(self.age)
        try:
            while True:
                pause = await self._look()
                await asyncio.sleep(BREATH)
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._woken.wait()
                self._woken.clear()
        finally:
            await asyncio.shield(self._leave())

    async def drain_once(self) -> int:
        """Carry everything that is due now, and say how many that were. For tests and the command line."""
        count = 0
        while True:
            while await self._upkeep.spread():
                pass
            owed = [row for channel in self._open() for row in await self._claim(channel, IN_FLIGHT)]
            if not owed:
                return count
            await asyncio.gather(*(self._deliveries.carry(row, by) for row, by in owed))
            await self._settler.finish()
            count += len(owed)

    async def _look(self) -> float:
        """Start what is due; how many seconds to wait for the next look, unless woken."""
        try:
            await self._database.lull()
            queues, dead, urgent = await self._database.read(self._owed)
            self._note_depth(queues, dead)
            if queues.get(Channel.EVERY.value, (0, self._now() + 1))[1] <= self._now():
                self._upkeep.spread_soon()
            await self._start(queues, urgent)
            await self._upkeep.sweep()
            self._troubled = False
        except Exception as error:  # noqa: BLE001 - the postman outlives whatever ails the database
            if not self._troubled:
                log.warning("outbox out of reach", extra={"error": type(error).__name__})
            self._troubled = True
            return IDLE
        return self._pause(queues)

    def _owed(self, connection: Connection) -> tuple[Queues, dict[str, int], set[str]]:
        channels = [channel.value for channel in self._carriers]
        urgent = claims.urgent(connection, channels, self._now()) if channels else set[str]()
        return outbox.queues(connection), outbox.dead(connection), urgent

    def _note_depth(self, queues: Queues, dead: dict[str, int]) -> None:
        for channel in (*self._carriers, Channel.EVERY):
            metrics.OUTBOX_DEAD.labels(channel.value).set(dead.get(channel.value, 0))
        metrics.QUEUE_DEPTH.labels("outbox").set(sum(count for count, _ in queues.values()))
        self._oldest_due = min((due_at for _, due_at in queues.values()), default=None)

    async def _start(self, queues: Queues, urgent: set[str]) -> None:
        """As much of what is due as there is room for; no channel takes all of it while another has something due."""
        busy = Counter(self._going.values())
        due = [c for c in self._open() if c.value in queues and queues[c.value][1] <= self._now()]
        for left, channel in zip(range(len(due), 0, -1), due, strict=True):
            room = IN_FLIGHT + AHEAD - len(self._going)
            most = self._deliveries.most(channel) + AHEAD - busy[channel.value]
            share = max(0, min(-(-room // left), most))
            if busy[channel.value] and share < min(BATCH, queues[channel.value][0]):
                share = 0  # there will be more room in a moment
            spare = room + SPARE - share if channel.value in urgent else 0
            if share + spare == 0:
                continue
            for owed, by in await self._claim(channel, share + spare, spare, patient=True):
                task = asyncio.create_task(self._deliveries.carry(owed, by))
                self._going[task] = owed.channel
                task.add_done_callback(self._carried)

    def _pause(self, queues: Queues) -> float:
        """Until the next of what waits is due, or allowed; what is due already is looked for by who has room again."""
        now = self._now()
        ahead = [
            max(due_at, self._deliveries.held_until(channel)) - now for channel, (_, due_at) in queues.items()
        ]
        return min([IDLE, *(milliseconds / SECOND for milliseconds in ahead if milliseconds > 0)])

    def _open(self) -> list[Channel]:
        """The channels whose providers have not asked for a pause."""
        now = self._now()
        return [channel for channel in self._carriers if self._deliveries.held_until(channel.value) <= now]

    async def _claim(
        self, channel: Channel, most: int, spare: int = 0, *, patient: bool = False
    ) -> list[tuple[Owed, float]]:
        """Each with the time by which its turn must have come, on the event loop's clock."""
        now, by = self._now(), asyncio.get_running_loop().time() + TURN_WITHIN
        rows = await self._database.write(
            lambda connection: claims.claim(connection, self._worker, now, LEASE, most, channel.value, spare),
            patient=patient,
        )
        return [(row, by) for row in rows]

    def _carried(self, task: asyncio.Task[None]) -> None:
        """There is room for one more, and perhaps more is due."""
        del self._going[task]
        self._woken.set()

    async def _leave(self) -> None:
        if self._going:
            await asyncio.wait(self._going, timeout=GRACE)
        late = list(self._going)
        for task in late:
            task.cancel()
        await asyncio.gather(self._upkeep.leave(), *late, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLED_WITHIN):
                await self._settler.finish()
        with suppress(Exception):
            unwritten = list(self._settler.unwritten)
            await self._database.write(lambda connection: claims.release(connection, self._worker, unwritten))
        await self.close()

    async def close(self) -> None:
        """Let go of what the carriers hold open; `run` does so at its end."""
        for carrier in self._carriers.values():
            await carrier.close()
