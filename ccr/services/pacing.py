"""Evenly, not all at once: who sends a thousand notices must not keep those waiting who talk meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable

from ccr.services.carrying import NotNow

Lull = Callable[[], Awaitable[None]]
"""Waits for a moment in which one keeps nobody waiting, but not long."""

NEAREST = 0.75
"""Of a gap: no two are nearer to each other, even where time was lost."""

LATE = 5
"""So many gaps may be made up for, after something kept the event loop busy."""


class Pace:
    """Lets one pass every `gap` seconds, on average, and no two much sooner; each in a `lull`.

    The first, after a while without any, does not wait for the gap.
    """

    def __init__(self, gap: float, lull: Lull) -> None:
        self._gap = gap
        self._lull = lull
        self._next = 0.0
        self._waiting = asyncio.Lock()

    async def turn(self) -> None:
        """Wait for one's own. What one does next should take less than half the gap."""
        loop = asyncio.get_running_loop()
        async with self._waiting:
            await asyncio.sleep(self._next - loop.time())
            await self._lull()
            now = loop.time()
            due = self._next if now - self._next < LATE * self._gap else now
            self._next = max(due + self._gap, now + NEAREST * self._gap)


class Turn:
    """One's own turn: when there is a place free in all of `places`, and then at one's own `pace`.

    Call it to wait for it, and say when it is over. It must come before `by`, on the event loop's clock, and while it
    is `allowed`. Who has `spare` places to go to is in a hurry: they wait neither for another place nor for the pace.
    """

    def __init__(
        self,
        pace: Pace,
        places: list[asyncio.Semaphore],
        by: float,
        allowed: Callable[[], bool],
        spare: asyncio.Semaphore | None = None,
    ) -> None:
        self._pace = pace
        self._places = places
        self._by = by
        self._allowed = allowed
        self._spare = spare
        self._taken: list[asyncio.Semaphore] = []
        self.has_come = False
        """Whether it was waited for to the end: what one does then may have been done."""

    async def __call__(self) -> None:
        """Wait for it. Raises `NotNow`."""
        try:
            async with asyncio.timeout_at(self._by):
                await self._wait()
        except TimeoutError:
            raise NotNow from None
        if asyncio.get_running_loop().time() >= self._by or not self._allowed():
            raise NotNow
        self.has_come = True

    async def _wait(self) -> None:
        full = any(place.locked() for place in self._places)
        for place in [self._spare] if self._spare and full else self._places:
            await place.acquire()
            self._taken.append(place)
        if self._spare is None:
            await self._pace.turn()

    def over(self) -> None:
        """The next may have the places, if one had them."""
        while self._taken:
            self._taken.pop().release()
