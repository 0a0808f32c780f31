"""Going: finish what was asked, tell everybody when to come back, close what is left."""

import asyncio
import random
from collections.abc import Callable

from ccr.realtime.lanes import Lanes
from ccr.realtime.server import Server
from ccr.realtime.sockets import Sockets

SOONEST = 300
"""Milliseconds after which the first client comes back."""

EACH = 1.75
"""Milliseconds between one client and the next: what letting somebody in costs the node they come to, and a half."""

LONGEST = 3_500
"""Milliseconds over which all of them are spread at most: nobody is away for five seconds."""

LEAVING = 3
"""Seconds that waiting for answers, and then for transports, may take."""


async def drain(server: Server, sockets: Sockets, lanes: Lanes) -> None:
    """Take nothing new, answer what was asked before, say goodbye to everyone and close every connection."""
    lanes.closed = True
    await _until(lambda: not any(socket.waiting for socket in sockets.all()))
    leaving = sockets.all()
    random.shuffle(leaving)
    for place, socket in enumerate(leaving):
        server.deliver(socket.sid, "goodbye", {"reconnect_in_ms": back_in(place, len(leaving))})
    for socket in leaving:
        await server.dismiss(socket.sid)
    await server.close_strangers()
    await _until(lambda: not server.open_transports())


def back_in(place: int, count: int) -> int:
    """When client number `place` of so many comes back, in milliseconds: each at a moment of its own."""
    window = min(LONGEST, count * EACH)
    return SOONEST + int(window * place / count)


async def _until(done: Callable[[], bool]) -> None:
    """Wait for it, but not for ever: who does not leave in time is cut off with the server."""
    for _ in range(LEAVING * 50):
        if done():
            return
        await asyncio.sleep(0.02)
