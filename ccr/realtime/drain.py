"""Going: tell everybody, let them leave, close what is left."""

import asyncio
from collections.abc import Callable

from ccr.realtime.server import Server
from ccr.realtime.sockets import Sockets

RECONNECT_IN = 1_000
"""Milliseconds after which clients come back, each with its own jitter."""

LEAVING = 3
"""Seconds that waiting for answers, and then for transports, may take."""


async def drain(server: Server, sockets: Sockets) -> None:
    """Say goodbye to everyone and close every connection; what was asked before is still answered."""
    await _until(lambda: not any(socket.waiting for socket in sockets.all()))
    for socket in sockets.all():
        server.deliver(socket.sid, "goodbye", {"reconnect_in_ms": RECONNECT_IN})
    for socket in sockets.all():
        await server.dismiss(socket.sid)
    await server.close_strangers()
    await _until(lambda: not server.open_transports())


async def _until(done: Callable[[], bool]) -> None:
    """Wait for it, but not for ever: who does not leave in time is cut off with the server."""
    for _ in range(LEAVING * 50):
        if done():
            return
        await asyncio.sleep(0.02)
