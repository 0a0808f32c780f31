"""Readings that can wait a moment, carried out together: the way to a database thread costs more than most do."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from ccr.desk.refusals import Refusal
from ccr.store.connection import Connection
from ccr.store.database import Database

Q = TypeVar("Q")
A = TypeVar("A")


class Together(Generic[Q, A]):
    """Asks the `database`, for those who ask many things at once: `answer` is given them all, and answers them all."""

    def __init__(self, database: Database, answer: Callable[[Connection, list[Q]], list[A]]) -> None:
        self._database = database
        self._answer = answer
        self._asked: list[tuple[Q, asyncio.Future[A]]] = []
        self._reading: set[asyncio.Task[None]] = set()

    async def ask(self, question: Q) -> A:
        """The answer to it. What fails fails alone."""
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._begin)
        answer: asyncio.Future[A] = loop.create_future()
        self._asked.append((question, answer))
        return await answer

    def _begin(self) -> None:
        asked, self._asked = self._asked, []
        task = asyncio.create_task(self._read(asked))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _read(self, asked: list[tuple[Q, asyncio.Future[A]]]) -> None:
        await self._database.lull()
        questions = [question for question, _ in asked]
        try:
            answers = await self._database.read(lambda connection: self._answer(connection, questions))
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for an answer
            if len(asked) > 1 and not isinstance(error, Refusal):
                for each in asked:
                    await self._read([each])
                return
            for _, future in asked:
                if not future.done():
                    future.set_exception(error)
        else:
            for (_, future), answer in zip(asked, answers, strict=True):
                if not future.done():
                    future.set_result(answer)
