"""What a request says, in the words that Engine.IO reads: the variables of CGI.

The library's own way defines a class for every request, which nobody frees but Python's rarest collections of garbage.
"""

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

_AS_THEY_ARE = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}


class Body:
    """What comes after the headers."""

    __slots__ = ("_first", "_receive")

    def __init__(self, first: MutableMapping[str, Any], receive: Receive) -> None:
        self._first = first
        self._receive = receive

    async def read(self, length: int) -> bytes:
        """Its first `length` bytes, once all of it has come."""
        event, body = self._first, b""
        while event["type"] == "http.request":
            if len(body) < length:
                body += event.get("body") or b""
            if not event.get("more_body"):
                break
            event = await self._receive()
        return body[:length]


async def translated(scope: MutableMapping[str, Any], receive: Receive, send: Any) -> dict[str, Any]:
    """The request's variables; none where it is over before it began."""
    event = await receive()
    if event["type"] not in ("http.request", "websocket.connect"):
        return {}
    query = _text(scope.get("query_string") or b"") or ""
    environ = {
        "wsgi.input": Body(event, receive),
        "wsgi.errors": sys.stderr,
        "REQUEST_METHOD": scope.get("method", "GET"),
        "PATH_INFO": scope["path"],
        "QUERY_STRING": query,
        "asgi.receive": receive,
        "asgi.send": send,
        "asgi.scope": scope,
    }
    for name, value in scope["headers"]:
        _add(environ, name, value)
    environ["wsgi.url_scheme"] = environ.get("HTTP_X_FORWARDED_PROTO", "http")
    return environ


def _add(environ: dict[str, Any], name: bytes, value: bytes) -> None:
    text, key = _text(value), _AS_THEY_ARE.get(name.lower()) or _key(name)
    if text is None or key is None:
        return
    environ[key] = f"{environ[key]},{text}" if key.startswith("HTTP_") and key in environ else text


def _key(name: bytes) -> str | None:
    text = _text(name.upper())
    return text and f"HTTP_{text.replace('-', '_')}"


def _text(given: bytes) -> str | None:
    try:
        return given.decode()
    except UnicodeDecodeError:
        return None
