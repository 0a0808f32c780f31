"""Files on their way into a conversation: who may attach, what may be attached, and who gets to see it.

The bytes lie in the store before anything names them; what never got a name is swept (`sweeping.py`).
"""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakValueDictionary

import msgspec

from ccr.desk import clock
from ccr.desk.checking import MAX_ID
from ccr.desk.clock import DAY
from ccr.desk.people import Person
from ccr.desk.refusals import Code, Refusal, bad_file, conflict, not_found
from ccr.desk.rules import check_may_write, clearance
from ccr.ports import PREVIEW_TYPE, FileStore, FilesUnavailable, Pictures
from ccr.services import file_names
from ccr.services.file_kinds import Kind, kind_of
from ccr.services.stored_files import StoredFile, no_store
from ccr.store import attachments, files, tickets, uploads
from ccr.store.attachments import Attachment
from ccr.store.connection import Connection
from ccr.store.database import Database
from ccr.store.uploads import Upload

LARGEST = 10 * 1024 * 1024
"""Bytes of one file."""

A_DAY = 200 * 1024 * 1024
"""Bytes that one person may send in 24 hours."""

AT_ONCE = 4
"""Files looked at side by side; each may take a few times its size in memory."""

WAVEFORM = r"[0-9a-z]{1,32}"
LONGEST_NOTE = 200_000
"""Milliseconds that a voice note may say it takes."""


class NewUpload(msgspec.Struct, frozen=True, kw_only=True):
    """A file announced: its name, how many bytes it has, and of a voice note how long it takes and looks."""

    name: str
    length: int
    duration_ms: int | None = None
    waveform: str | None = None


class Attachments:
    """Takes files in and tells who may have them. `admins_read`: admins see what is said, and so its files."""

    def __init__(
        self,
        database: Database,
        store: FileStore,
        pictures: Pictures,
        *,
        admins_read: bool = False,
        now: Callable[[], int] = clock.now,
    ) -> None:
        self.store = store
        self._database = database
        self._pictures = pictures
        self._admins_read = admins_read
        self._now = now
        self._room = asyncio.Semaphore(AT_ONCE)
        self._turns = WeakValueDictionary[int, asyncio.Lock]()

    @asynccontextmanager
    async def turn(self, person_id: int) -> AsyncIterator[None]:
        """One of the places where files are looked at, and one at a time for each person: nobody waits until all that
        somebody else has sent is through, and what is asked for twice is not under way twice.
        """
        async with self._turns.setdefault(person_id, asyncio.Lock()), self._room:
            yield

    async def add(self, person: Person, ticket_id: int, given: NewUpload, content: bytes) -> dict[str, Any]:
        """A whole file at once; on the wire. Raises `Refusal`; then nothing is attached."""
        if len(content) != given.length:
            raise bad_file("did not come whole")
        upload = await self.begin(person, ticket_id, given)
        try:
            async with self.turn(person.id):
                return await self.attach(upload, content)
        except Refusal:
            await self._database.write(lambda c: uploads.end(c, upload.id), lane=ticket_id)
            raise

    async def check_may_send(self, person: Person, ticket_id: int) -> None:
        """Before any byte of a file is taken. Raises what `begin` would raise of the ticket, and the day's quota."""

        def check(connection: Connection) -> None:
            _check_may_write(connection, ticket_id, person)
            self._check_quota(connection, person, 1)

        await self._database.read(check)

    async def begin(self, person: Person, ticket_id: int, given: NewUpload) -> Upload:
        """Announce a file. Raises `invalid`, `too_large`, `rate_limited` (the day's quota), or what forbids writing."""
        upload = Upload(
            id=_new_id(),
            ticket=ticket_id,
            owner=person.id,
            name=file_names.checked(given.name),
            length=_checked_length(given.length),
            duration_ms=given.duration_ms,
            waveform=given.waveform,
        )

        def announce(connection: Connection) -> Upload:
            _check_may_write(connection, ticket_id, person)
            self._check_quota(connection, person, upload.length)
            uploads.begin(connection, upload, self._now())
            return upload

        return await self._database.write(announce, lane=ticket_id)

    async def attach(self, upload: Upload, content: bytes) -> dict[str, Any]:
        """The uploaded bytes become an attachment, in its owner's `turn`; on the wire.

        Raises `invalid`, or `unavailable`: try again.
        """
        kind = await asyncio.to_thread(kind_of, upload.name, content)
        given = Attachment(
            id=_new_id(),
            ticket=upload.ticket,
            owner=upload.owner,
            name=file_names.with_extension(upload.name, kind.extensions[0]),
            media_type=kind.media_type,
            bytes=len(content),
            duration_ms=upload.duration_ms if kind.is_sound else None,
            waveform=upload.waveform if kind.is_sound else None,
            file=files.new_name(),
        )
        if kind.is_picture:
            return await self._attach_picture(upload, kind, given, content)
        return await self._keep(upload, given, content, {given.file: (content, kind.media_type)})

    async def stored(self, person: Person, attachment_id: int, *, preview: bool = False) -> StoredFile:
        """The attachment or its preview, if it is this person's to see now. Raises `not_found`."""
        depth = clearance(person.role, admins_read=self._admins_read)
        found = await self._database.read(lambda c: attachments.seen(c, attachment_id, person, depth))
        if found is None or (preview and found.preview is None):
            raise not_found("attachment")
        if preview:
            assert found.preview is not None
            assert found.preview_bytes is not None
            return self._stored(found, found.preview, PREVIEW_TYPE, found.preview_bytes)
        return self._stored(found, found.file, found.media_type, found.bytes)

    def _stored(self, found: Attachment, file: str, media_type: str, size: int) -> StoredFile:
        return StoredFile(self.store, file, name=found.name, media_type=media_type, size=size)

    async def _attach_picture(
        self, upload: Upload, kind: Kind, given: Attachment, content: bytes
    ) -> dict[str, Any]:
        picture = await self._pictures.renew(content)
        preview = files.new_name()
        made = msgspec.structs.replace(
            given,
            bytes=len(picture.content),
            width=picture.width,
            height=picture.height,
            preview=preview,
            preview_bytes=len(picture.preview),
        )
        put = {given.file: (picture.content, kind.media_type), preview: (picture.preview, PREVIEW_TYPE)}
        return await self._keep(upload, made, content, put)

    async def _keep(
        self, upload: Upload, given: Attachment, content: bytes, put: dict[str, tuple[bytes, str]]
    ) -> dict[str, Any]:
        """Names first, then bytes, then what refers to them: cut off anywhere, the sweeper knows what lies there."""
        await put_all(self._database, self.store, put, self._now, lane=upload.ticket)
        digest = hashlib.sha256(content).hexdigest()

        def name(connection: Connection) -> Attachment | None:
            if not uploads.finish(connection, upload.id, given.id, digest):
                files.drop(connection, put)
                return _already(connection, upload)
            keep_all(connection, put, self._now())
            attachments.add(connection, given, self._now())
            return given

        kept = await self._database.write(name, lane=upload.ticket)
        if kept is None:
            raise conflict("This upload is over.")
        wire: dict[str, Any] = msgspec.to_builtins(kept.attached())
        return wire

    def _check_quota(self, connection: Connection, person: Person, length: int) -> None:
        if uploads.spent(connection, person.id, self._now() - DAY) + length > A_DAY:
            words = f"That would be more than the {A_DAY // 1024 // 1024} MiB that you may send in a day."
            raise Refusal(Code.RATE_LIMITED, words, retry_after=3600)


async def put_all(
    database: Database,
    store: FileStore,
    put: dict[str, tuple[bytes, str]],
    now: Callable[[], int],
    *,
    lane: int = 0,
) -> None:
    """Enter the names, then put the bytes. Raises `unavailable`."""

    def enter(connection: Connection) -> None:
        for name in put:
            files.enter(connection, name, now())

    await database.write(enter, lane=lane)
    try:
        for name, (content, media_type) in put.items():
            await store.put(name, content, media_type)
    except FilesUnavailable as error:
        raise no_store() from error


def keep_all(connection: Connection, names: dict[str, Any], now: int) -> None:
    """They are referred to from now on; that takes less than a day, or they are gone again."""
    for name in names:
        if not files.keep(connection, name, now):
            raise RuntimeError("a file was swept before anything could refer to it")


def _already(connection: Connection, upload: Upload) -> Attachment | None:
    """What the upload became where somebody finished it at the same time; `None` where it was ended."""
    today = uploads.find(connection, upload.id, upload.owner)
    return attachments.find(connection, today.attachment) if today and today.attachment else None


def _check_may_write(connection: Connection, ticket_id: int, person: Person) -> None:
    ticket = tickets.find(connection, ticket_id, person)
    if ticket is None:
        raise not_found("ticket")
    check_may_write(ticket, person)


def _checked_length(length: int) -> int:
    if length > LARGEST:
        raise Refusal(
            Code.TOO_LARGE,
            f"A file may have at most {LARGEST // 1024 // 1024} MiB.",
            fields={"file": f"is larger than {LARGEST // 1024 // 1024} MiB"},
        )
    if length < 1:
        raise bad_file("is empty")
    return length


def _new_id() -> int:
    """Not to be guessed: 2 to the power of 53 is as far as JSON's numbers go."""
    return secrets.randbelow(MAX_ID) + 1
