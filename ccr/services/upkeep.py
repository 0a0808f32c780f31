"""What the postman does beside carrying: notices are spread over their channels, and what is old goes."""

import asyncio
from collections.abc import Callable
from functools import partial

from ccr.desk.clock import HOUR, SECOND
from ccr.store import bounces, notices, spreading
from ccr.store.database import Database

SPREAD = 200
"""Notices spread in one look."""


class Upkeep:
    """Of the outbox in this database."""

    def __init__(self, database: Database, now: Callable[[], int]) -> None:
        self._database = database
        self._now = now
        self._sweep_at = 0

    async def spread(self) -> int:
        """Make a row of each notice for each way to whom it is for. How many notices that were."""
        now = self._now()
        due = await self._database.read(lambda connection: spreading.due(connection, now, SPREAD))
        units = [partial(spreading.spread, row=row, ticket=ticket, now=now) for row, ticket in due]
        await asyncio.gather(
            *(
                self._database.write(unit, lane=ticket or 0)
                for unit, (_, ticket) in zip(units, due, strict=True)
            )
        )
        return len(due)

    async def sweep(self) -> None:
        """Now and then, remove what has been kept long enough."""
        now = self._now()
        if now < self._sweep_at:
            return
        removed = await self._database.write(lambda connection: notices.sweep(connection, now))
        await self._database.write(lambda connection: bounces.sweep(connection, now))
        self._sweep_at = now + (SECOND if removed else HOUR)
