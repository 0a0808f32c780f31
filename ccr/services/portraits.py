"""Portraits of those who look after tickets: a small square each, made anew from what was given."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from ccr.desk import clock
from ccr.desk.people import Person, Role
from ccr.desk.refusals import Code, Refusal, bad_file, forbidden, not_found
from ccr.ports import PREVIEW_TYPE, FileStore, Pictures
from ccr.services.attachments import LARGEST, keep_all, put_all
from ccr.services.file_kinds import kind_of
from ccr.services.stored_files import StoredFile
from ccr.store import files, people, portraits
from ccr.store.connection import Connection
from ccr.store.database import Database

_TAG = 16

_log = logging.getLogger(__name__)


class Portraits:
    """Staff have one of their own, and admins give agents theirs. `sweep` wakes who takes old ones out of the store."""

    def __init__(
        self,
        database: Database,
        store: FileStore,
        pictures: Pictures,
        *,
        now: Callable[[], int] = clock.now,
        sweep: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._store = store
        self._pictures = pictures
        self._now = now
        self._sweep = sweep

    async def state(self, person: Person, of: int) -> dict[str, Any]:
        """Whose it is, and where it is; on the wire. Raises `forbidden`, or `not_found`."""

        def find(connection: Connection) -> dict[str, Any]:
            whose = _whose(connection, person, of)
            return {"id": of, "name": whose.name, "portrait": portrait_of(connection, of)}

        return await self._database.read(find)

    async def put(self, person: Person, of: int, name: str, content: bytes) -> dict[str, Any]:
        """The middle of this picture instead of the one before; on the wire.

        Raises `invalid` for what is no picture, `too_large`, `forbidden`, `not_found`, or `unavailable`: try again.
        """
        await self.state(person, of)
        if len(content) > LARGEST:
            raise Refusal(Code.TOO_LARGE, f"A picture may have at most {LARGEST // 1024 // 1024} MiB.")
        kind = await asyncio.to_thread(kind_of, name, content)
        if not kind.is_picture:
            raise bad_file(f"is {kind.words}, not a picture")
        square = await self._pictures.portrait(content)
        file = files.new_name()
        given = {file: (square, PREVIEW_TYPE)}
        await put_all(self._database, self._store, given, self._now, lane=of)

        def replace(connection: Connection) -> None:
            _whose(connection, person, of)
            keep_all(connection, given, self._now())
            portraits.put(connection, of, file, len(square))

        await self._database.write(replace, lane=of)
        self._sweep()
        _log.info("portrait changed", extra={"person": of, "by": person.id})
        return await self.state(person, of)

    async def remove(self, person: Person, of: int) -> None:
        """Initials again; where there is none, that is harmless."""

        def remove(connection: Connection) -> None:
            _whose(connection, person, of)
            portraits.remove(connection, of)

        await self._database.write(remove, lane=of)
        self._sweep()

    async def stored(self, of: int, tag: str) -> StoredFile:
        """The picture at one of the addresses that were given out. Raises `not_found`, also for an older one's."""

        def find(connection: Connection) -> tuple[str, int] | None:
            file = portraits.find(connection, of)
            if file is None or file[:_TAG] != tag:
                return None
            return file, portraits.size(connection, file) or 0

        found = await self._database.read(find)
        if found is None:
            raise not_found("portrait")
        return StoredFile(self._store, found[0], name="portrait.webp", media_type=PREVIEW_TYPE, size=found[1])


def address(of: int, file: str) -> str:
    """Where it is shown: another picture has another address, so what is kept of one is right for ever."""
    return f"/portraits/{of}/{file[:_TAG]}"


def portrait_of(connection: Connection, person_id: int) -> str | None:
    """Its address, where this person has one."""
    file = portraits.find(connection, person_id)
    return address(person_id, file) if file else None


def _whose(connection: Connection, person: Person, of: int) -> Person:
    """Whom it shows. Raises `forbidden` for customers, and `not_found` for whom the person does not look after."""
    if person.role is Role.CUSTOMER:
        raise forbidden("Only those who look after tickets have a portrait.")
    found = people.find(connection, of) if person.role is Role.ADMIN and of != person.id else person
    if found is None or (of != person.id and (person.role is not Role.ADMIN or found.role is not Role.AGENT)):
        raise not_found("person")
    return found
