"""How the Socket.IO server stands beside the site in one ASGI application, and whom it lets near."""

import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import socketio

from ccr.realtime.server import Server

logger = logging.getLogger(__name__)

Asgi = Callable[[MutableMapping[str, Any], Any, Any], Awaitable[None]]

_HTTP = {"ws": "http", "wss": "https"}


def same_origin(public_url: str) -> Callable[[str | None, Mapping[str, Any]], bool]:
    """Whether a handshake comes from our own pages: by the public URL, or by the host that was asked for.

    A program names no origin, and neither does a browser that reads from its own page's server by polling.
    """

    def allowed(origin: str | None, environ: Mapping[str, Any]) -> bool:
        if origin is None:
            return True
        scheme = environ["asgi.scope"].get("scheme", "http")
        own = f"{_HTTP.get(scheme, scheme)}://{environ.get('HTTP_HOST', '')}"
        return origin.lower() in (public_url.lower(), own.lower())

    return allowed


def mounted(server: Server, site: Any) -> Asgi:
    """`/socket.io/` for the live half, everything else for the site.

    A frame that is not even Engine.IO makes the library raise out of the connection: that ends the connection, as it
    should, and is worth one line, not a traceback.
    """
    both = socketio.ASGIApp(server, site)

    async def app(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            await both(scope, receive, send)
            return
        try:
            await both(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - whatever a client sends
            logger.info("connection closed: the client sent garbage (%s)", type(error).__name__)
            await _close(send)

    return app


async def _close(send: Any) -> None:
    try:
        await send({"type": "websocket.close", "code": 1002})
    except Exception as error:  # noqa: BLE001 - closed already is what we want
        logger.debug("already closed: %s", type(error).__name__)
