"""Moments in which nobody waits for a commit: what nobody waits for is best done in them."""

import asyncio
from contextlib import suppress
from types import TracebackType


class Lulls:
    """`with` it whoever is waited for; `wait` for a moment without any. On the event loop."""

    def __init__(self) -> None:
        self._busy = 0
        self._calm = asyncio.Event()

    def __enter__(self) -> None:
        self._busy += 1
        self._calm.clear()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._busy -= 1
        if not self._busy:
            self._calm.set()

    async def wait(self, within: float) -> None:
        """Until there is one; at most so many seconds, since there may be none for long."""
        if self._busy:
            with suppress(TimeoutError):
                async with asyncio.timeout(within):
                    while self._busy:
                        await self._calm.wait()
