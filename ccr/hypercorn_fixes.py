"""What Hypercorn has no option for. `apply()` is called once before serving.

- WebSocket compression cannot be switched off, though it triples a connection's memory and costs a third of
  the throughput (whoever is far behind reads the timeline by HTTP, which is compressed).
- HTTP/2 without TLS cannot be switched off, though nobody who means well asks for it.
- After a message that is too big, it says goodbye, and then goes on collecting whatever the client sends.
- After an answer that did not wait for the whole request, it closes the connection without having said so.
- Stopping waits for open connections, on Python 3.12 and later without an end: `cut_connections` ends that.
"""

import logging
from dataclasses import replace
from types import ModuleType
from typing import Any

import h11
import hypercorn.asyncio.run
import hypercorn.protocol
import hypercorn.protocol.h11
import hypercorn.protocol.ws_stream
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.config import Config
from hypercorn.events import Closed
from hypercorn.protocol.events import Data, Response, StreamClosed
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import ASGIWebsocketState, FrameTooLargeError, WebsocketBuffer, WSStream
from wsproto.connection import ConnectionState

log = logging.getLogger(__name__)


def apply() -> None:
    """Put the fixes in place; again is harmless. Raises where Hypercorn no longer has what they fix."""
    _replace(hypercorn.protocol.ws_stream, "server_extensions_handshake", _no_extensions)
    _replace(hypercorn.protocol.ws_stream, "WebsocketBuffer", _Buffer)
    _replace(hypercorn.protocol.h11, "WSStream", _WebSocket)
    _replace(hypercorn.protocol, "H11Protocol", _Http11Only)
    _replace(hypercorn.asyncio.run, "TCPServer", _KnownConnection)


def _replace(module: ModuleType, name: str, ours: object) -> None:
    getattr(module, name)
    setattr(module, name, ours)


def _no_extensions(_requested: Any, _supported: Any) -> None:
    """Whatever compression the client offers, none is agreed on."""


class _Buffer(WebsocketBuffer):
    """Lets go of what it holds when that is too much."""

    too_large = False

    def extend(self, event: Any) -> None:
        try:
            super().extend(event)
        except FrameTooLargeError:
            self.too_large = True
            self.clear()
            raise


class _WebSocket(WSStream):
    """Closes the connection, not only the conversation, after a message that is too big."""

    buffer: _Buffer

    async def app_send(self, message: Any) -> None:
        """What the application sends; a text marked `ccr.plain` goes out as the one frame that it is.

        Nothing was agreed on that could change it on its way, so the general machinery for building frames has nothing
        to add, and it is a fifth of what a chat message costs.
        """
        if message is not None and "ccr.plain" in message and self._may_send():
            await self.send(Data(stream_id=self.stream_id, data=text_frame(message["text"])))
        else:
            await super().app_send(message)

    def _may_send(self) -> bool:
        return self.state is ASGIWebsocketState.CONNECTED and self.connection.state is ConnectionState.OPEN

    async def _handle_events(self) -> None:
        await super()._handle_events()
        if self.buffer.too_large:
            log.info("connection closed: the client sent a message that is too large")
            await self.send(StreamClosed(stream_id=self.stream_id))


def text_frame(text: str) -> bytes:
    """The text as one unmasked frame (RFC 6455, section 5.2): final, opcode 1, length, payload."""
    payload = text.encode()
    length = len(payload)
    if length < 126:
        return bytes((0x81, length)) + payload
    if length < 65_536:
        return b"\x81\x7e" + length.to_bytes(2, "big") + payload
    return b"\x81\x7f" + length.to_bytes(8, "big") + payload


class _Http11Only(H11Protocol):
    """Knows one protocol, answers requests in others with 505, and says when an answer is a connection's last."""

    async def _check_protocol(self, event: h11.Request) -> None:
        """No upgrade to HTTP/2."""

    async def _create_stream(self, request: h11.Request) -> None:
        if request.http_version in {b"1.0", b"1.1"}:
            await super()._create_stream(request)
        else:
            await self._send_error_response(505)
            await self.send(Closed())

    async def stream_send(self, event: StreamEvent) -> None:
        """What goes out. Where the rest of a request's body is not waited for, nothing can follow it."""
        if isinstance(event, Response) and self.connection.their_state is h11.SEND_BODY:
            # Left unsaid, a client may send its next request into the closing connection.
            event = replace(event, headers=[*event.headers, (b"connection", b"close")])
        await super().stream_send(event)


class _KnownConnection(TCPServer):
    """Is known while it is open."""

    async def run(self) -> None:
        _open.add(self)
        try:
            await super().run()
        finally:
            _open.discard(self)


_open: set[_KnownConnection] = set()


def cut_connections(config: Config) -> None:
    """End what is still open of the server that runs with `config`, without waiting for the other side."""
    for connection in list(_open):
        if connection.config is config:
            connection.writer.transport.abort()
