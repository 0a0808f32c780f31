"""Evenly, not all at once: who sends a thousand notices must not keep those waiting who talk meanwhile."""

import asyncio


class Pace:
    """Lets one pass every `gap` seconds. The first, after a while without any, does not wait."""

    def __init__(self, gap: float) -> None:
        self._gap = gap
        self._next = 0.0

    async def turn(self) -> None:
        """Wait for one's own. What one does next should take less than the gap."""
        now = asyncio.get_running_loop().time()
        at = max(now, self._next)
        self._next = at + self._gap
        await asyncio.sleep(at - now)
