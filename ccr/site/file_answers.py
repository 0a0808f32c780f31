"""Handing out a stored file: whole or the part asked for, and under headers by which it can only ever be a file."""

from collections.abc import AsyncIterator
from urllib.parse import quote

from quart import Response, redirect, request
from quart.typing import ResponseReturnValue

from ccr.services.stored_files import StoredFile

AT_ONCE = 256 * 1024
"""Bytes held of one answer."""

_SHOWN = ("image/", "audio/", "video/")
"""Types that a browser may show in their place; everything else is only ever saved."""

_POLICY = (
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'; sandbox"
)
"""For whoever opens the file by itself. The style is what browsers put around a picture."""


async def hand_out(file: StoredFile, *, for_ever: bool = False) -> ResponseReturnValue:
    """The file, from the store itself where that can be linked to. Raises `Refusal`.

    `for_ever`: its address is another one once it changes, and everybody here may see it. A link of the store's would
    not last that long, so it comes through us, once for each browser.
    """
    headers = {
        "Content-Type": file.media_type if file.media_type != "text/plain" else "text/plain; charset=utf-8",
        "Content-Disposition": disposition(file.name, inline=file.media_type.startswith(_SHOWN)),
        # Rights may be lost: what the browser keeps is soon asked for again.
        "Cache-Control": "private, max-age=31536000, immutable" if for_ever else "private, max-age=300",
    }
    if for_ever:
        return await _streamed(file, headers)
    if link := await file.link(headers):
        found = redirect(link, 302)
        found.headers["Cache-Control"] = "private, max-age=240"  # ends before the link does
        return found
    return await _streamed(file, headers)


def disposition(name: str, *, inline: bool) -> str:
    """The header that carries the name in any script (RFC 6266, 5987), and a plain one for whoever cannot read that."""
    plain = "".join(char if char.isascii() and (char.isalnum() or char in " ._-") else "_" for char in name)
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


async def _streamed(file: StoredFile, headers: dict[str, str]) -> Response:
    headers |= {
        "Accept-Ranges": "bytes",
        "Content-Security-Policy": _POLICY,
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "ETag": f'"{file.tag}"',
    }
    if request.if_none_match.contains(file.tag):
        return Response(status=304, headers=headers)
    first, last, status = _span(file)
    if status == 416:
        return Response(status=416, headers={"Content-Range": f"bytes */{file.size}"})
    if status == 206:
        headers["Content-Range"] = f"bytes {first}-{last}/{file.size}"
    headers["Content-Length"] = str(last - first + 1)
    # Read before anything is answered: what is not there or out of reach has a status of its own.
    begun = await file.read(first, min(AT_ONCE, last - first + 1))
    return Response(_rest(file, first, last, begun), status, headers=headers)


async def _rest(file: StoredFile, first: int, last: int, begun: bytes) -> AsyncIterator[bytes]:
    yield begun
    for start in range(first + AT_ONCE, last + 1, AT_ONCE):
        yield await file.read(start, min(AT_ONCE, last - start + 1))


def _span(file: StoredFile) -> tuple[int, int, int]:
    """First and last byte, and the status. Of several parts, or what is no range of bytes, the whole is the answer."""
    asked = request.range
    whole = (0, file.size - 1, 200)
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return whole
    if "If-Range" in request.headers and request.if_range.etag != file.tag:
        return whole  # parts of two versions would make a file that never was
    span = asked.range_for_length(file.size)
    return (0, 0, 416) if span is None else (span[0], span[1] - 1, 206)
