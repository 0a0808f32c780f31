"""What comes in and goes out as JSON."""

import asyncio
import json
from typing import Any, NoReturn

import msgspec
from quart import Response, request

from ccr.desk.checking import printable, whole_number
from ccr.desk.refusals import Code, Refusal, invalid

LARGEST = 64 * 1024
"""Bytes of a JSON body."""


async def json_body() -> dict[str, Any]:
    """The request's body, an object. Raises `invalid`, or `too_large`."""
    if request.mimetype != "application/json":
        raise Refusal(Code.INVALID, "The body must be JSON, and say so: Content-Type: application/json.")
    body = await body_bytes(LARGEST)
    try:
        given = json.loads(body.decode(), parse_constant=_no_constant, object_pairs_hook=_without_twins)
    except (ValueError, RecursionError):
        raise Refusal(Code.INVALID, "The body is not JSON.") from None
    if not isinstance(given, dict):
        raise Refusal(Code.INVALID, "The body must be an object.")
    return given


async def body_bytes(most: int) -> bytes:
    """The request's body as it was sent. Raises `too_large` above `most` bytes, and `invalid` where it is slow."""
    if (request.content_length or 0) > most:
        raise _too_large(most)
    body = bytearray()
    try:
        async with asyncio.timeout(request.body_timeout):
            async for chunk in request.body:
                body += chunk
                if len(body) > most:
                    raise _too_large(most)
    except TimeoutError:
        raise Refusal(Code.INVALID, "The body did not arrive in time.") from None
    return bytes(body)


def answer(body: object, status: int = 200) -> Response:
    """A JSON answer, which nobody on the way keeps."""
    return Response(
        msgspec.json.encode(body),
        status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def done() -> Response:
    """It is done, and there is nothing to say about it."""
    return Response(status=204, headers={"Cache-Control": "no-store"})


def arguments(*names: str) -> dict[str, str]:
    """The query's arguments, each at most once. Raises `invalid` for others than these."""
    given = request.args
    faults = {printable(name): "is not known here" for name in given if name not in names}
    faults |= {name: "is given more than once" for name in names if len(given.getlist(name)) > 1}
    if faults:
        raise invalid(**faults)
    return {name: given[name] for name in names if name in given}


def number(given: dict[str, str], name: str, default: int, *, least: int, most: int) -> int:
    """A whole number among the arguments. Raises `invalid`."""
    text = given.get(name)
    if text is None:
        return default
    found = whole_number(text)
    if found is None or not least <= found <= most:
        raise invalid(**{name: f"must be a number from {least} to {most}"})
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two values under one name: whichever we took, somebody on the way may have taken the other."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name is given twice")
    return made


def _too_large(most: int) -> Refusal:
    return Refusal(Code.TOO_LARGE, f"The body is larger than {most // 1024} KiB.")
