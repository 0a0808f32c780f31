"""Two who are about the same at the same time, each as far as the test wants."""

import asyncio
import threading
from collections.abc import Coroutine
from types import ModuleType
from typing import Any

import pytest

from tests.db2.conftest import Db2
from tests.waiting import until


class Halt:
    """A function that stops where it is first called, until it is told to go on."""

    def __init__(self, patch: pytest.MonkeyPatch, module: ModuleType, name: str) -> None:
        self.reached, self.on = threading.Event(), threading.Event()
        real = getattr(module, name)

        def halting(*given: Any, **named: Any) -> Any:
            if not self.reached.is_set():
                self.reached.set()
                self.on.wait(10)
            return real(*given, **named)

        patch.setattr(module, name, halting)

    async def met_by(
        self, db2: Db2, halted: Coroutine[Any, Any, Any], other: Coroutine[Any, Any, Any]
    ) -> tuple[Any, Any]:
        """What came of both. Where the first has halted the other begins; as soon as that waits for a lock, or has
        done all it wanted without, the first goes on.
        """
        first = asyncio.create_task(halted)
        await until(self.reached.is_set)
        second = asyncio.create_task(other)
        await until(lambda: second.done() or db2.somebody_waits())
        self.on.set()
        await asyncio.wait([first, second])
        return first.exception() or first.result(), second.exception() or second.result()
