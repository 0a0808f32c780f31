"""What goes out by polling, made small, as what is behind a slow line is polled for.

Left to itself the library does so on the event loop, with as much as waits for a client: a megabyte takes 0.4
seconds, in which nobody else is served.
"""

from typing import Any

from engineio.async_drivers import asgi
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

from ccr.packing import WORTH_IT, packed

Headers = list[tuple[str, str]]


async def answered(status: str, headers: Headers, payload: bytes, environ: dict[str, Any]) -> None:
    """Send it, compressed for whoever takes that."""
    if len(payload) >= WORTH_IT and _takes_gzip(environ):
        headers = [*headers, ("Content-Encoding", "gzip")]
        payload = await packed(payload)
    await asgi.make_response(status, headers, payload, environ)


def _takes_gzip(environ: dict[str, Any]) -> bool:
    return parse_accept_header(environ.get("HTTP_ACCEPT_ENCODING"), Accept)["gzip"] > 0
