"""Evenly, not all at once: who sends a thousand notices must not keep those waiting who talk meanwhile."""

import asyncio

LATE = 5
"""So many gaps may be made up for, after something kept the event loop busy."""


class Pace:
    """Lets one pass every `gap` seconds, on average, and no two within half of it.

    The first, after a while without any, does not wait.
    """

    def __init__(self, gap: float) -> None:
        self._gap = gap
        self._next = 0.0
        self._waiting = asyncio.Lock()

    async def turn(self) -> None:
        """Wait for one's own. What one does next should take less than half the gap."""
        loop = asyncio.get_running_loop()
        async with self._waiting:
            await asyncio.sleep(self._next - loop.time())
            now = loop.time()
            due = self._next if now - self._next < LATE * self._gap else now
            self._next = max(due + self._gap, now + self._gap / 2)


class Turn:
    """One's own turn: when there is a place free in all of `places`, and then at one's own `pace`.

    Call it to wait for it, and say when it is over. Who has `spare` places to go to is in a hurry: they wait neither
    for another place nor for the pace.
    """

    def __init__(
        self, pace: Pace, places: list[asyncio.Semaphore], spare: asyncio.Semaphore | None = None
    ) -> None:
        self._pace = pace
        self._places = places
        self._spare = spare
        self._taken: list[asyncio.Semaphore] = []
        self.has_come = False
        """Whether it was waited for to the end: what one does then may have been done."""

    async def __call__(self) -> None:
        """Wait for it."""
        full = any(place.locked() for place in self._places)
        for place in [self._spare] if self._spare and full else self._places:
            await place.acquire()
            self._taken.append(place)
        if self._spare is None:
            await self._pace.turn()
        self.has_come = True

    def over(self) -> None:
        """The next may have the places, if one had them."""
        while self._taken:
            self._taken.pop().release()
