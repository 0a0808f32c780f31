"""What the postman does beside carrying: notices are spread over their channels, and what is old goes."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from ccr.desk.clock import HOUR, SECOND
from ccr.desk.refusals import Refusal
from ccr.services.settling import Chance, failed, failing, unforeseen
from ccr.store import bounces, claims, notices, spreading
from ccr.store.database import Database
from ccr.store.owed import Owed

log = logging.getLogger("ccr.postman")

SPREAD = 200
"""Notices spread in one look."""

AT_ONCE = 8
"""So many of them at the same time: all in one commit would keep those waiting who write meanwhile."""


class Upkeep:
    """Of the outbox in this database. `wake` is called when something has been spread and may be carried."""

    def __init__(
        self, database: Database, now: Callable[[], int], chance: Chance, wake: Callable[[], None]
    ) -> None:
        self._database = database
        self._now = now
        self._chance = chance
        self._wake = wake
        self._places = asyncio.Semaphore(AT_ONCE)
        self._spreading: asyncio.Task[None] | None = None
        self._sweep_at = 0

    def spread_soon(self) -> None:
        """Spread what is due, beside everything else: a ticket that is locked holds up no notice but its own."""
        if self._spreading is None or self._spreading.done():
            self._spreading = asyncio.create_task(self._spread_and_wake())

    async def spread(self) -> int:
        """Make a row of each notice for each way to whom it is for. How many notices that worked for."""
        now = self._now()
        due = await self._database.read(lambda connection: claims.to_spread(connection, now, SPREAD))
        return sum(await asyncio.gather(*map(self._spread_one, due)))

    async def leave(self) -> None:
        """Begin nothing more."""
        if self._spreading is not None:
            self._spreading.cancel()
            await asyncio.wait([self._spreading])

    async def sweep(self) -> None:
        """Now and then, remove what has been kept long enough."""
        now = self._now()
        if now < self._sweep_at:
            return
        removed = await self._database.write(lambda connection: notices.sweep(connection, now), patient=True)
        await self._database.write(lambda connection: bounces.sweep(connection, now), patient=True)
        self._sweep_at = now + (SECOND if removed else HOUR)

    async def _spread_and_wake(self) -> None:
        try:
            if await self.spread():
                self._wake()
        except Exception as error:  # noqa: BLE001 - the next look tries again
            log.warning("notices not spread yet", extra={"error": type(error).__name__})

    async def _spread_one(self, due: Owed) -> bool:
        ticket = due.ticket or 0
        unit = partial(spreading.spread, row=due.id, ticket=due.ticket, now=self._now())
        try:
            async with self._places:
                await self._database.write(unit, lane=ticket, patient=True)
        except Refusal:  # the database is away, or somebody holds the ticket: it stays due
            return False
        except Exception as error:  # noqa: BLE001 - a poisoned row must not stop the others
            failure, now = unforeseen(error), self._now()
            with suppress(Refusal):
                again_at = failed(due, failure, now, self._chance)
                await self._database.write(failing(due, None, failure, now, again_at), lane=ticket)
            return False
        return True
