"""Forms as they come in: small, until somebody expects files in one."""

from collections.abc import AsyncIterable, AsyncIterator, Generator
from typing import Any, cast

from quart import Request
from quart.formparser import FormDataParser
from quart.wrappers.request import Body
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge

LARGEST = 256 * 1024
"""Bytes of a form without files, three times the longest that a page of ours sends. It is taken apart in one step of
the event loop, in which nobody else is served.
"""

MOST_FIELDS = 1_000
"""Fields of a form, as many as Quart takes of one in parts: each costs as much as a hundred letters."""


class SmallForms(FormDataParser):
    """Takes a form of `LARGEST` bytes at most. Raises `RequestEntityTooLarge` as soon as more has come, or will."""

    async def parse(
        self, body: Body, mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> tuple[MultiDict[str, Any], MultiDict[str, Any]]:
        if (content_length or 0) > LARGEST:
            raise RequestEntityTooLarge
        return await super().parse(cast(Body, _Small(body)), mimetype, content_length, options)


class SiteRequest(Request):
    """A request whose form is small, unless its route says otherwise by another `form_data_parser_class`."""

    form_data_parser_class = SmallForms


class _Small:
    """A body that may not say how large it is; by parts, or as a whole."""

    def __init__(self, body: AsyncIterable[bytes]) -> None:
        self._parts = self._counted(body)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._parts

    def __await__(self) -> Generator[Any, None, bytes]:
        return self._whole().__await__()

    async def _whole(self) -> bytes:
        whole = b"".join([part async for part in self._parts])
        if whole.count(b"&") >= MOST_FIELDS:
            raise RequestEntityTooLarge
        return whole

    @staticmethod
    async def _counted(body: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        left = LARGEST
        async for part in body:
            left -= len(part)
            if left < 0:
                raise RequestEntityTooLarge
            yield part
