"""Compresses answers that are worth it: pages and JSON of more than a kilobyte."""

from quart import Quart, Response, request
from quart.wrappers.response import DataBody

from ccr.packing import WORTH_IT, packed

_COMPRESSIBLE = ("text/html", "application/json", "text/plain")


def set_up(app: Quart) -> None:
    """Compress what `app` answers. Streams and files are left alone."""
    app.after_request(_compress)


async def _compress(response: Response) -> Response:
    body = response.response
    if not isinstance(body, DataBody) or response.mimetype not in _COMPRESSIBLE:
        return response
    if "Content-Encoding" in response.headers or response.status_code in {204, 206, 304}:
        return response
    content = await response.get_data(as_text=False)
    if len(content) < WORTH_IT:
        return response
    response.vary.add("Accept-Encoding")  # also where it is not compressed: a cache must keep both apart
    if request.accept_encodings["gzip"] <= 0:
        return response
    response.set_data(await packed(content))
    response.headers["Content-Encoding"] = "gzip"
    if etag := response.headers.get("ETag"):
        response.headers["ETag"] = etag if etag.startswith("W/") else f"W/{etag}"
    return response
