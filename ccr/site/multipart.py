"""Files that come in a form."""

import asyncio
from typing import Any, NamedTuple

from quart import request
from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout

from ccr.desk.commands import PostMessage, read_command
from ccr.desk.people import Person
from ccr.desk.refusals import Code, Refusal, bad_file
from ccr.services.attachments import LARGEST, Attachments, NewUpload
from ccr.services.changes import Changes

PATIENCE = 15 * 60
"""Seconds for a form with files: 10 MiB take four minutes at 400 kbit/s."""


class GivenFile(NamedTuple):
    """What somebody picked, as they call it."""

    name: str
    content: bytes


async def given_files(field: str) -> list[GivenFile]:
    """The files of this field that were really picked. Raises `too_large`, or `invalid`: not in time."""
    request.body_timeout = PATIENCE
    try:
        picked = [file for file in (await request.files).getlist(field) if file.filename]
    except RequestEntityTooLarge:
        raise Refusal(Code.TOO_LARGE, "That is too much at once. Send large files one by one.") from None
    except RequestTimeout:
        raise Refusal(Code.INVALID, "The file did not arrive in time.") from None
    # One byte more than allowed is enough to know.
    return [
        GivenFile(file.filename or "", await asyncio.to_thread(file.stream.read, LARGEST + 1))
        for file in picked
    ]


class Asked(NamedTuple):
    """A command as a form asks it, and the files that came with it."""

    person: Person
    ticket_id: int
    key: str
    fields: dict[str, Any]
    files: list[GivenFile]


async def carry_out(asked: Asked, changes: Changes, attachments: Attachments) -> None:
    """Do it; files are attached first, then named. Raises `Refusal`."""
    person, ticket_id, key, fields, files = asked
    if not files:
        await changes.carry_out(person, ticket_id, key, read_command(fields))
        return
    if await changes.is_known(person, ticket_id, key):
        return  # sent twice: attached anew, the files would make another command of it
    # As it will be, but for the numbers: what is wrong with it is found before anything is attached.
    command = read_command(fields | {"attachments": list(range(1, len(files) + 1))})
    if not isinstance(command, PostMessage):
        raise bad_file("can go with a message only")
    ids = []
    for file in files:
        try:
            given = NewUpload(name=file.name, length=len(file.content))
            ids.append((await attachments.add(person, ticket_id, given, file.content))["id"])
        except Refusal as refusal:
            raise _about(file, refusal) from None
    await changes.carry_out(person, ticket_id, key, read_command(fields | {"attachments": ids}))


def _about(file: GivenFile, refusal: Refusal) -> Refusal:
    """Of several files, which."""
    if "file" not in refusal.fields:
        return refusal
    return Refusal(refusal.code, f"Not sent: {file.name[:60]} {refusal.fields['file']}.")
