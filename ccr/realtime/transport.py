"""Engine.IO's half of a connection: as strict as Socket.IO's, and without a task and a timer for every frame.

Left to itself the library logs garbage with a traceback and carries on, or lets it break the connection while the
person goes on being online. And it wraps each read and write in `asyncio.wait_for`, which on Python 3.11 is a task
every time. Here one task reads and one writes for as long as a WebSocket lives; who falls silent is closed by the
library's watch over pings, which ends both. Polling, and upgrades from it, go the library's own way.
"""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable
from typing import Any

from engineio import exceptions, packet
from engineio.async_drivers.asgi import WebSocket
from engineio.payload import Payload

from ccr.realtime.awaited import Awaited
from ccr.realtime.sockets import MOST_IN_FLIGHT

# What somebody by polling does at once comes in one body. The library would drop all of it from the 17th packet on,
# and answer ok.
Payload.max_decode_packets = 2 * MOST_IN_FLIGHT

MOST_UNSENT = 1_000_000
"""Bytes of memory that may wait for a client; one that does not read is closed, and catches up by number when it is
back."""

PACKET = 200
"""Bytes that a packet takes beside its text."""

LINGERS = 5
"""Seconds in which a closing connection may take what is still queued for it."""

_FROM_CLIENTS = frozenset({packet.CLOSE, packet.PONG, packet.MESSAGE, packet.UPGRADE})

_MESSAGE = str(packet.MESSAGE)

logger = logging.getLogger(__name__)


class Line(WebSocket):  # type: ignore[misc]
    """The library's WebSocket. Our server (ccr/hypercorn_fixes.py) hands it texts, and takes them, without a queue and
    a task in between; others know nothing of it.
    """

    def __init__(self, handler: Any, server: Any) -> None:
        super().__init__(handler, server)
        self.take: Callable[[str], bool] = _not_now
        self.write: Callable[[str], bool] = _not_now

    async def __call__(self, environ: dict[str, Any]) -> str:
        """Accept it, and be handled until it ends."""
        self.asgi_receive, self.asgi_send = environ["asgi.receive"], environ["asgi.send"]
        await self.asgi_send({"type": "websocket.accept", "ccr.line": self})
        await self.handler(self)
        return ""


def _not_now(_text: str) -> bool:
    return False


class Transport(Awaited):
    """One connection below Socket.IO."""

    # An object of the library's class becomes one of this class, so there is no `__init__` of ours.
    unsent = 0
    """Bytes of memory in its queue."""
    _over: "asyncio.Future[None] | None" = None
    _ending: "asyncio.Task[None] | None" = None
    _line: "Line | None" = None
    _reading = False
    """Whether something that came is being looked at."""

    def count(self) -> None:
        """Begin to count with what is in the queue already: Engine.IO's own first word."""
        self.unsent = sum(size(pkt) for pkt in self.queue._queue)  # noqa: SLF001 - there is no other look into it

    def put(self, pkt: packet.Packet) -> None:
        """Put the packet in the queue, unless it is closed or its client lags too far behind."""
        if self.closed or self._ending is not None:
            return
        if self._line is not None and self.queue.empty() and self._line.write(pkt.encode()):
            return
        if self.unsent < MOST_UNSENT:
            self.unsent += size(pkt)
            self.queue.put_nowait(pkt)
        else:
            self._ending = asyncio.create_task(self.end("does not read what it is sent"))

    async def receive(self, pkt: packet.Packet) -> None:
        """A packet from the client. Raises `SocketIsClosedError` at what clients do not send."""
        if pkt.packet_type == packet.MESSAGE:
            await self.server.handlers["message"](self.sid, pkt.data)
        elif pkt.packet_type in _FROM_CLIENTS:
            await super().receive(pkt)
        else:
            await self.end("sent a packet of no known type")
            raise exceptions.SocketIsClosedError

    async def send(self, pkt: packet.Packet) -> None:
        """Put the packet in the queue. Raises `SocketIsClosedError`."""
        if self.closed:
            raise exceptions.SocketIsClosedError
        self.unsent += size(pkt)
        self.queue.put_nowait(pkt)

    async def poll(self) -> list[packet.Packet]:
        """Everything in the queue, by the way of polling."""
        packets: list[packet.Packet] = await super().poll()
        self.unsent -= sum(size(pkt) for pkt in packets)
        return packets

    async def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:  # noqa: ARG002
        """Close it, without waiting for what is queued; that still goes out, as far as the client takes it."""
        await super().close(wait=False, abort=abort, reason=reason)
        self.release()

    async def handle_post_request(self, environ: dict[str, Any]) -> None:
        """What comes by polling. Raises an `EngineIOError`, answered with 400, where it cannot be understood."""
        try:
            await super().handle_post_request(environ)
        except exceptions.ContentTooLongError:
            await self.end("sent a body that is too large")
            raise
        except (ValueError, RecursionError, KeyError) as error:
            await self.end(f"sent garbage ({type(error).__name__})")
            raise exceptions.SocketIsClosedError from None

    def take(self, frame: str) -> bool:
        """A message that comes while nothing is being looked at; whether it has been dealt with."""
        if self._reading or self.closed or len(frame) > self.server.max_http_buffer_size:
            return False
        taken: bool = frame.startswith(_MESSAGE) and self.server.handlers["message now"](self.sid, frame[1:])
        return taken

    async def end(self, why: str) -> None:
        """Close it now, whatever the client does; what is queued still goes out."""
        if not self.closed:
            logger.info("connection closed: the client %s", why)
        await self.close(reason=self.server.reason.SERVER_DISCONNECT)

    async def bow_out(self) -> None:
        """Close it once what is queued has gone out; by polling, that is when the client comes for it."""
        if self.upgraded:
            await self.close(reason=self.server.reason.SERVER_DISCONNECT)
        else:
            self.release()
            self._ending = asyncio.create_task(self._end_later())

    async def _end_later(self) -> None:
        await asyncio.sleep(LINGERS)
        await self.close(reason=self.server.reason.SERVER_DISCONNECT)

    def release(self) -> None:
        """Let the writer, or the poll that waits, end once everything queued is out."""
        self.queue.put_nowait(None)
        if self._over is not None and not self._over.done():
            self._over.set_result(None)

    async def _websocket_handler(self, ws: Any) -> None:
        if self.connected:  # type: ignore[has-type]
            await self._upgraded(ws)
            return
        self.connected = self.upgraded = True
        self._over = asyncio.get_running_loop().create_future()
        ws.take, self._line = self.take, ws
        reader, writer = asyncio.create_task(self._read(ws)), asyncio.create_task(self._write(ws))
        try:
            await asyncio.wait((reader, writer, self._over), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._line, ws.take, ws.write = None, _not_now, _not_now
            await self.close(abort=True, reason=self.server.reason.TRANSPORT_CLOSE)
            reader.cancel()
            await asyncio.wait((reader, writer), timeout=LINGERS)
            writer.cancel()

    async def _upgraded(self, ws: Any) -> None:
        try:
            await super()._websocket_handler(ws)
        except (ValueError, RecursionError) as error:
            await self.end(f"sent garbage ({type(error).__name__})")
            await ws.close()

    async def _read(self, ws: Any) -> None:
        with contextlib.suppress(OSError, exceptions.SocketIsClosedError):
            while True:
                self._reading = False
                frame = await ws.wait()
                self._reading = True
                if len(frame) > self.server.max_http_buffer_size:
                    await self.end("sent a frame that is too large")
                    return
                try:
                    received = packet.Packet(encoded_packet=frame)
                except (ValueError, IndexError, RecursionError) as error:
                    await self.end(f"sent garbage ({type(error).__name__})")
                    return
                await self.receive(received)

    async def _write(self, ws: Any) -> None:
        with contextlib.suppress(OSError):
            while (ready := await self.queue.get()) is not None:
                self.unsent -= size(ready)
                if not ws.write(ready.encode()):
                    self._line = None  # nothing may overtake it
                    await ws.send(ready.encode())
                    self._line = ws
        await ws.close()


def size(pkt: packet.Packet) -> int:
    """Bytes of memory that it takes. Packets for many share their text, but who else is slow is nobody's to know."""
    return sys.getsizeof(pkt.data) + PACKET
