"""Readings asked for in the same moment, carried out in one: the way to a database thread costs more than most do."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from ccr.desk.refusals import Refusal
from ccr.store.connection import Connection
from ccr.store.database import Database

T = TypeVar("T")

Unit = Callable[[Connection], Any]


class Together:
    """Reads like the `database`, for those who start many at once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asked: list[tuple[Unit, asyncio.Future[Any]]] = []
        self._reading: set[asyncio.Task[None]] = set()

    async def read(self, unit: Callable[[Connection], T]) -> T:
        """The unit's result. What fails fails alone."""
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._begin)
        result: asyncio.Future[T] = loop.create_future()
        self._asked.append((unit, result))
        return await result

    def _begin(self) -> None:
        asked, self._asked = self._asked, []
        task = asyncio.create_task(self._read(asked))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _read(self, asked: list[tuple[Unit, asyncio.Future[Any]]]) -> None:
        try:
            results = await self._database.read(lambda connection: [unit(connection) for unit, _ in asked])
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for an answer
            if len(asked) > 1 and not isinstance(error, Refusal):
                for each in asked:
                    await self._read([each])
                return
            _answer(asked, error)
        else:
            for (_, future), result in zip(asked, results, strict=True):
                if not future.done():
                    future.set_result(result)


def _answer(asked: list[tuple[Unit, asyncio.Future[Any]]], error: Exception) -> None:
    for _, future in asked:
        if not future.done():
            future.set_exception(error)
