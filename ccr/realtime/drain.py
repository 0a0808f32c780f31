"""Going: tell everybody, let them leave, close what is left."""

import asyncio

from ccr.realtime.server import Server
from ccr.realtime.sockets import Sockets

RECONNECT_IN = 1_000
"""Milliseconds after which clients come back, each with its own jitter."""

LEAVING = 3
"""Seconds for queues to empty and transports to close before they are cut."""


async def drain(server: Server, sockets: Sockets) -> None:
    """Say goodbye to everyone and close every connection; what was asked before is still answered."""
    await _answered(sockets)
    for socket in sockets.all():
        server.deliver(socket.sid, "goodbye", {"reconnect_in_ms": RECONNECT_IN})
    for socket in sockets.all():
        await server.dismiss(socket.sid)
    async with asyncio.timeout(LEAVING):
        while any(not s.closed for s in server.eio.sockets.values()):
            await asyncio.sleep(0.02)


async def _answered(sockets: Sockets) -> None:
    """Wait, within reason, until nothing is in flight."""
    for _ in range(LEAVING * 50):
        if not any(socket.in_flight for socket in sockets.all()):
            return
        await asyncio.sleep(0.02)
