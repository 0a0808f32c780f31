"""Handing out everything held about a person, as it is read."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from quart import Response

from ccr.desk.people import Person
from ccr.services.exports import Exports
from ccr.site.limits import place

PATIENCE = 60 * 60
"""Seconds for all of it: years of talk may come over a bad line."""


async def hand_out_held(exports: Exports, person: Person, headers: dict[str, str] | None = None) -> Response:
    """The answer. Raises `rate_limited` while another one is under way: a reader is busy with it."""
    parts = _in_place(exports.told(person))
    # Read before anything is answered: a refusal has a status of its own. Once begun, the parts are also ended when
    # nobody asks for the rest of them, so that the person may ask anew.
    first = await anext(parts)
    response = Response(
        _whole(first, parts),
        content_type="application/json",
        headers={"Cache-Control": "no-store"} | (headers or {}),
    )
    response.timeout = PATIENCE
    return response


async def _in_place(parts: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    with place("export", 1):
        async with aclosing(parts):
            async for part in parts:
                yield part


async def _whole(first: bytes, parts: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(parts):
        yield first
        async for part in parts:
            yield part
