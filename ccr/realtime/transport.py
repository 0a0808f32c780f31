"""Engine.IO's half of a connection, as strict as Socket.IO's: what cannot be understood ends it, and leaves no ghost."""

import logging
from typing import Any

from engineio import exceptions, packet
from engineio.async_socket import AsyncSocket
from engineio.payload import Payload

from ccr.realtime.sockets import MOST_IN_FLIGHT

# What somebody by polling does at once comes in one body. The library would drop all of it from the 17th packet on,
# and answer ok.
Payload.max_decode_packets = 2 * MOST_IN_FLIGHT

_FROM_CLIENTS = frozenset({packet.CLOSE, packet.PONG, packet.MESSAGE, packet.UPGRADE})

logger = logging.getLogger(__name__)


class Transport(AsyncSocket):  # type: ignore[misc]
    """One connection below Socket.IO.

    Left to itself the library logs garbage with a traceback and carries on, or lets it break the connection while the
    person goes on being online, until a ping is missed.
    """

    async def receive(self, pkt: Any) -> None:
        """A packet from the client. Raises `SocketIsClosedError` at what clients do not send."""
        if pkt.packet_type not in _FROM_CLIENTS:
            await self.end("sent a packet of no known type")
            raise exceptions.SocketIsClosedError
        await super().receive(pkt)

    async def handle_post_request(self, environ: dict[str, Any]) -> None:
        """What comes by polling. Raises an `EngineIOError` where it cannot be understood, which is answered with 400."""
        try:
            await super().handle_post_request(environ)
        except (ValueError, RecursionError, KeyError) as error:
            await self.end(f"sent garbage ({type(error).__name__})")
            raise exceptions.SocketIsClosedError from None

    async def _websocket_handler(self, ws: Any) -> None:
        try:
            await super()._websocket_handler(ws)
        except (ValueError, RecursionError) as error:
            await self.end(f"sent garbage ({type(error).__name__})")
            await ws.close()

    async def end(self, why: str) -> None:
        """Close it now, whatever the client does; what is queued still goes out."""
        if not self.closed:
            logger.info("connection closed: the client %s", why)
            await self.close(wait=False, reason=self.server.reason.SERVER_DISCONNECT)
        self.release()

    def release(self) -> None:
        """Let the writer, or the poll that waits, end once everything queued is out."""
        self.queue.put_nowait(None)
