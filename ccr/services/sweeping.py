"""Takes out of the store what nothing refers to: uploads never sent, words taken back, whatever a crash left behind."""

import asyncio
import logging
from collections.abc import Callable

from ccr.desk import clock
from ccr.desk.refusals import Refusal
from ccr.ports import FileStore, FilesUnavailable
from ccr.store import attachments, files, uploads
from ccr.store.connection import Connection
from ccr.store.database import Database
from ccr.store.files import UNNAMED_FOR

PAUSE = 10 * 60
"""Seconds between two rounds, unless somebody wakes it."""

AT_ONCE = 100

_log = logging.getLogger(__name__)


class Sweeper:
    """One runs beside every server; several do no harm to each other."""

    def __init__(self, database: Database, store: FileStore, *, now: Callable[[], int] = clock.now) -> None:
        self._database = database
        self._store = store
        self._now = now
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something is to be taken out now."""
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled. What fails is tried again with the next round."""
        while True:
            try:
                await self.sweep()
            except (FilesUnavailable, Refusal) as error:
                _log.warning("files were not swept: %s", error)
            except Exception:  # noqa: BLE001 - the rounds go on, whatever one of them met
                _log.exception("sweeping failed")
            try:
                async with asyncio.timeout(PAUSE):
                    await self._woken.wait()
            except TimeoutError:
                pass
            self._woken.clear()

    async def sweep(self) -> int:
        """How many files went. Raises `FilesUnavailable`."""
        await self._database.write(self._let_go)
        swept = 0
        while names := await self._database.read(lambda c: files.to_sweep(c, self._now(), AT_ONCE)):
            for name in names:
                await self._store.remove(name)
            await self._database.write(lambda c, gone=tuple(names): _forget(c, gone))  # type: ignore[misc]
            swept += len(names)
        return swept

    def _let_go(self, connection: Connection) -> None:
        before = self._now() - UNNAMED_FOR
        attachments.remove_unnamed_before(connection, before)
        uploads.forget_before(connection, before)


def _forget(connection: Connection, names: tuple[str, ...]) -> None:
    for name in names:
        files.forget(connection, name)
