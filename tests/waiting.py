"""Waiting for what must come, not for time to pass."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], within: float = 10) -> None:
    """Until `condition()` is true; `TimeoutError` after `within` seconds."""
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.005)
