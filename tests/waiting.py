"""Waiting for what must come, not for time to pass."""

import asyncio
from collections.abc import Callable

PATIENCE = 60.0
"""Seconds after which what has not come on the busiest machine is not coming."""


async def until(condition: Callable[[], object], within: float = PATIENCE) -> None:
    """Until `condition()` is true; `TimeoutError` after `within` seconds."""
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.005)
