"""Files that come in a form."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from typing import IO, Any, NamedTuple, cast

from quart import request
from quart.formparser import FormDataParser
from quart.wrappers.request import Body
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout

from ccr.desk.commands import PostMessage, read_command
from ccr.desk.people import Person
from ccr.desk.refusals import Code, Refusal, bad_file, conflict
from ccr.services.attachments import LARGEST, Attachments, NewUpload
from ccr.services.changes import Changes
from ccr.services.repeated_files import are_same
from ccr.site.form_bodies import LARGEST as LARGEST_FORM
from ccr.site.limits import place

PATIENCE = 15 * 60
"""Seconds for a form with files: 10 MiB take four minutes at 400 kbit/s."""

SILENCE = 60
"""Seconds without a byte after which the line is taken for cut, and what had come of the form is let go."""

AT_ONCE = 5
"""Forms with files that one person may be sending: each lies on the disk until it is through. An app may send all the
files of a message side by side; and of lines that were cut one or two may not have been missed yet.
"""

_SMALL = 64 * 1024
"""Bytes of a form that brings no file to speak of."""

_STRETCH = 64 * 1024
"""Bytes of a form that are taken apart in one step of the event loop."""


class GivenFile(NamedTuple):
    """What somebody picked, as they call it."""

    name: str
    content: bytes


@asynccontextmanager
async def expected_files(
    field: str, may_send: Callable[[], Awaitable[None]]
) -> AsyncIterator[list[GivenFile]]:
    """The files of this field, read once `may_send` does not refuse; within the block the form has its place.

    Raises `rate_limited` for who sends too many at once, and what `given_files` raises.
    """
    if not is_with_files():
        yield []
        return
    with place("files", AT_ONCE):
        await may_send()
        yield await given_files(field)


def is_with_files() -> bool:
    """Whether the request is a form of the kind that can bring files."""
    return request.mimetype == "multipart/form-data"


def is_large() -> bool:
    """Whether it may be so, too: it says so, or does not say how large it is."""
    return is_with_files() and (request.content_length is None or request.content_length > _SMALL)


async def given_files(field: str) -> list[GivenFile]:
    """The files of this field that were really picked. Raises `too_large`, or `invalid`: not in time."""
    request.body_timeout = PATIENCE
    if is_with_files():
        request.form_data_parser_class = _SteadyParser
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


def the_only(picked: list[GivenFile]) -> GivenFile:
    """The file, where a request brings one and nothing else. Raises `invalid`."""
    if not is_with_files():
        raise Refusal(Code.INVALID, "The body must be multipart/form-data with a field called file.")
    if len(picked) != 1:
        raise bad_file("must be one file")
    return picked[0]


class _Steady:
    """A body that may come slowly, but comes: a silent line ends it. Beside the files it is as small as any form.

    Raises `RequestEntityTooLarge` and `RequestTimeout`.
    """

    def __init__(self, body: Body) -> None:
        self._body = body
        self.beside = 0
        """Bytes that have come and are in no file."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while came := await self._more():
            for start in range(0, len(came), _STRETCH):
                part = came[start : start + _STRETCH]
                self.beside += len(part)
                yield part  # and what of it is a file's is written when we go on
                if self.beside > LARGEST_FORM:
                    raise RequestEntityTooLarge
                await asyncio.sleep(0)

    async def _more(self) -> bytes:
        try:
            return await asyncio.wait_for(anext(self._body, b""), SILENCE)
        except TimeoutError:
            raise RequestTimeout from None


class _Arriving:
    """A file on its way to the disk."""

    def __init__(self, file: IO[bytes], body: _Steady) -> None:
        self._file = file
        self._body = body

    def write(self, part: bytes) -> int:
        """Put it there, and count it as the file's."""
        self._body.beside -= len(part)
        return self._file.write(part)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class _SteadyParser(FormDataParser):
    """Takes a steady body only; of one that is cut nothing stays on the disk."""

    async def parse(
        self, body: Body, mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> tuple[MultiDict[str, Any], MultiDict[str, Any]]:
        make, steady = self.stream_factory, _Steady(body)
        with ExitStack() as begun:
            self.stream_factory = lambda *about: cast(
                IO[bytes], _Arriving(begun.enter_context(make(*about)), steady)
            )
            parsed = await super().parse(cast(Body, steady), mimetype, content_length, options)
            begun.pop_all()
        return parsed


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
    # As it will be, but for the numbers: what is wrong with it is found before anything is attached.
    command = read_command(fields | {"attachments": list(range(1, len(files) + 1))})
    if not isinstance(command, PostMessage):
        raise bad_file("can go with a message only")
    brought = await changes.brought(person, ticket_id, key)
    if brought is None:
        ids = [await _attached(asked, file, attachments) for file in files]
        try:
            await _carry_out_with(ids, asked, changes)
        except Refusal:
            # Sent twice at the same time, perhaps, and the other was quicker.
            brought = await changes.brought(person, ticket_id, key)
            if brought is None:
                raise
        else:
            return
    if not await asyncio.to_thread(are_same, brought, files):
        raise conflict("This key was used for another command.")
    # Whether the words are the same, too, is seen by the numbers.
    await _carry_out_with([one.file.id for one in brought], asked, changes)


async def _carry_out_with(ids: list[int], asked: Asked, changes: Changes) -> None:
    command = read_command(asked.fields | {"attachments": ids})
    await changes.carry_out(asked.person, asked.ticket_id, asked.key, command)


async def _attached(asked: Asked, file: GivenFile, attachments: Attachments) -> int:
    """The number of the file, once it is attached. Raises `Refusal`."""
    given = NewUpload(name=file.name, length=len(file.content))
    try:
        attached = await attachments.add(asked.person, asked.ticket_id, given, file.content)
    except Refusal as refusal:
        raise _about(file, refusal) from None
    return int(attached["id"])


def _about(file: GivenFile, refusal: Refusal) -> Refusal:
    """Of several files, which."""
    if "file" not in refusal.fields:
        return refusal
    return Refusal(refusal.code, f"Not sent: {file.name[:60]} {refusal.fields['file']}.")
