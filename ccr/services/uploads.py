"""Uploads that go on where they stopped: pieces are stored as they come, and whoever comes back asks how far it got."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import msgspec

from ccr.desk import clock
from ccr.desk.people import Person
from ccr.desk.refusals import Refusal, bad_file, conflict, invalid, not_found
from ccr.ports import FileMissing, FilesUnavailable
from ccr.services.attachments import (
    LONGEST_NOTE,
    WAVEFORM,
    Attachments,
    NewUpload,
    keep_all,
    put_all,
)
from ccr.services.stored_files import no_store
from ccr.store import attachments, files, tickets, uploads
from ccr.store.connection import Connection
from ccr.store.database import Database
from ccr.store.uploads import Piece, Upload

PIECE = 256 * 1024
"""Bytes stored at a time of a long request's body: what a cut loses at most."""

SMALLEST = 1024
"""Bytes of a piece that is not the last: each is a file of its own for a while."""


class Uploads:
    """Takes files in piece by piece and hands whole ones to `attachments`.

    `sweep` wakes who removes the pieces then: they hold the file as it came, with all that it tells.
    """

    def __init__(
        self,
        database: Database,
        whole: Attachments,
        *,
        now: Callable[[], int] = clock.now,
        sweep: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._whole = whole
        self._now = now
        self._sweep = sweep

    async def begin(self, person: Person, ticket_id: int, given: NewUpload) -> Upload:
        """Announce a file. Raises `Refusal`."""
        return await self._whole.begin(person, ticket_id, _with_note(given))

    async def find(self, person: Person, upload_id: int) -> Upload:
        """How far it got. Raises `not_found`, also once the ticket is no longer this person's."""
        return await self._database.read(lambda c: _mine(c, person, upload_id))

    async def take(self, person: Person, upload_id: int, start: int, content: bytes) -> Upload:
        """The next piece, which begins at byte `start`. Raises `conflict` where another is expected."""
        upload = await self.find(person, upload_id)
        if upload.state != "open" or upload.received != start:
            raise conflict(f"Byte {upload.received} is the next.")
        if start + len(content) > upload.length:
            raise bad_file("has more bytes than were announced")
        if len(content) < SMALLEST and start + len(content) < upload.length:
            raise bad_file("comes in pieces that are too small")
        # Whoever leaves meanwhile: what lies in the store must be somebody's.
        return await asyncio.shield(self._put(upload, content))

    async def _put(self, upload: Upload, content: bytes) -> Upload:
        piece = Piece(upload.received, len(content), files.new_name())
        put = {piece.file: (content, "application/octet-stream")}
        await put_all(self._database, self._whole.store, put, self._now, lane=upload.ticket)

        def add(connection: Connection) -> Upload | None:
            if not uploads.add_piece(connection, upload, piece):
                files.drop(connection, put)
                return None
            keep_all(connection, put, self._now())
            return msgspec.structs.replace(upload, received=upload.received + len(content))

        taken = await self._database.write(add, lane=upload.ticket)
        if taken is None:
            self._sweep()
            raise conflict("Another piece came first.")
        return taken

    async def finish(self, person: Person, upload_id: int) -> dict[str, Any]:
        """All bytes are there: the attachment, on the wire; the same when asked again.

        Raises `conflict` while bytes are missing, `invalid` where it may not be sent, `unavailable`: ask again.
        """
        return await asyncio.shield(self._finish(person, upload_id))

    async def _finish(self, person: Person, upload_id: int) -> dict[str, Any]:
        async with self._whole.turn(person.id):
            return await self._make_whole(await self.find(person, upload_id))

    async def _make_whole(self, upload: Upload) -> dict[str, Any]:
        if upload.state == "done":
            return await self._finished(upload)
        if upload.state != "open" or upload.received < upload.length:
            raise conflict(f"{upload.received} of {upload.length} bytes have come.")
        content = await self._joined(upload)
        try:
            attached = await self._whole.attach(upload, content)
        except Refusal as refusal:
            if refusal.fields:  # it is the file's fault, and trying again would not help
                await self._database.write(lambda c: uploads.end(c, upload.id), lane=upload.ticket)
                self._sweep()
            raise
        self._sweep()
        return attached

    async def give_up(self, person: Person, upload_id: int) -> None:
        """It is not wanted any more, nor, if it was finished and not sent, what it became. Again is harmless."""

        def end(connection: Connection) -> None:
            upload = _mine(connection, person, upload_id)
            uploads.end(connection, upload.id)
            if upload.attachment is not None:
                attachments.remove_unnamed(connection, upload.attachment, person.id)

        await self._database.write(end)
        self._sweep()

    async def _finished(self, upload: Upload) -> dict[str, Any]:
        assert upload.attachment is not None
        attachment_id = upload.attachment
        found = await self._database.read(lambda c: attachments.find(c, attachment_id))
        if found is None:
            raise not_found("upload")
        wire: dict[str, Any] = msgspec.to_builtins(found.attached())
        return wire

    async def _joined(self, upload: Upload) -> bytes:
        pieces = await self._database.read(lambda c: uploads.pieces(c, upload.id))
        content = bytearray()
        try:
            for piece in pieces:
                content += await self._whole.store.read(piece.file, 0, piece.bytes)
        except (FilesUnavailable, FileMissing) as error:
            raise no_store() from error
        if len(content) != upload.length:
            raise no_store()
        return bytes(content)


def _mine(connection: Connection, person: Person, upload_id: int) -> Upload:
    upload = uploads.find(connection, upload_id, person.id)
    if upload is None or tickets.find(connection, upload.ticket, person) is None:
        raise not_found("upload")
    return upload


def _with_note(given: NewUpload) -> NewUpload:
    if given.duration_ms is not None and not 0 < given.duration_ms <= LONGEST_NOTE:
        raise invalid(duration_ms="is out of range")
    if given.waveform is not None and not re.fullmatch(WAVEFORM, given.waveform):
        raise invalid(waveform="does not have the form asked for")
    return given
