"""What Hypercorn has no option for. `apply()` is called once before serving.

- WebSocket compression cannot be switched off, though it triples a connection's memory and costs a third of
  the throughput (whoever is far behind reads the timeline by HTTP, which is compressed).
- HTTP/2 without TLS cannot be switched off, though nobody who means well asks for it.
- A chat message passes through three queues and four tasks on its way in and out, and is taken apart by machinery that
  knows extensions which nobody agreed on: more than half of what a message costs. `Line` is the way past them.
- Whatever came by a WebSocket at once is looked at in one step of the event loop: ten thousand pings, each answered.
- A request's head may be as long as what is read at once, unless it comes in parts.
- After a message that is too big, it says goodbye, and then goes on collecting whatever the client sends.
- After an answer that did not wait for the whole request, it closes the connection without having said so.
- Stopping waits for open connections, on Python 3.12 and later without an end: `cut_connections` ends that.
- A closed connection stays in memory, 8 kB of it, until one of Python's rarest collections of garbage.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any, Protocol, cast

import h11
import hypercorn.asyncio.run
import hypercorn.protocol
import hypercorn.protocol.h11
import hypercorn.protocol.ws_stream
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData
from hypercorn.protocol.events import Data, Response, StreamClosed
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import ASGIWebsocketState, FrameTooLargeError, WebsocketBuffer, WSStream
from wsproto.connection import ConnectionState

log = logging.getLogger(__name__)

MOST_BUFFERED = 16_384
"""Bytes that may wait to be sent when more is written without waiting."""

AT_ONCE = 2_048
"""Bytes from a WebSocket that are looked at before others have their turn: up to 341 frames."""


class Line(Protocol):
    """An application's end of a WebSocket that texts are handed to, and written by, in the same step of the loop."""

    write: Callable[[str], bool]
    """Set when it is accepted: send this text now. False where that would not be right; then it is sent as ever."""

    def take(self, text: str) -> bool:
        """A message has come. False if it is not to be taken now; then it is received as ever."""


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
    _line: Line | None = None
    _wire: asyncio.WriteTransport

    async def handle(self, event: StreamEvent) -> None:
        """What came in; when much came at once, part by part, and others have their turn in between."""
        if not isinstance(event, Data) or len(event.data) <= AT_ONCE:
            await super().handle(event)
            return
        for start in range(0, len(event.data), AT_ONCE):
            await super().handle(replace(event, data=event.data[start : start + AT_ONCE]))
            await asyncio.sleep(0)

    async def app_send(self, message: Any) -> None:
        """What the application sends; with its acceptance it may hand in a `Line`."""
        if message is not None and (line := message.get("ccr.line")) is not None:
            # `send` is `stream_send` of an `_Http11Only`, whose own is `protocol_send` of a `_KnownConnection`.
            self._wire = cast("Any", self.send).__self__.send.__self__.writer.transport
            self._line, line.write = line, self.write
        await super().app_send(message)
        if message is None:
            self._free()

    def _free(self) -> None:
        """Let go of what leads back here; of a line that was cut, the parser would wait for the rest for ever."""
        self._line = None
        with contextlib.suppress(AttributeError):
            self.connection._proto._parse_more.close()  # noqa: SLF001 - nothing public ends it

    def write(self, text: str) -> bool:
        """Send the text in this very step, unless much of what was sent before still waits."""
        wire = self._wire
        if not self._is_open() or wire.is_closing() or wire.get_write_buffer_size() > MOST_BUFFERED:
            return False
        wire.write(text_frame(text))
        return True

    def take(self, data: bytes) -> bool:
        """Whether the line took what came: one whole message, with nothing before it that is still on its way."""
        if self._line is None or not self._is_at_rest():
            return False
        text = framed_text(data)
        return text is not None and self._line.take(text)

    def _is_open(self) -> bool:
        return self.state is ASGIWebsocketState.CONNECTED and self.connection.state is ConnectionState.OPEN

    def _is_at_rest(self) -> bool:
        """No part of a frame or of a message is kept, and the application has fetched everything."""
        decoder = self.connection._proto._frame_decoder  # noqa: SLF001 - wsproto does not tell
        return (
            self._is_open()
            and decoder.header is None
            and not decoder.buffer
            and self.buffer.value is None
            and cast("Any", self.app_put).__self__.empty()  # the queue whose `put` it is
        )

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


def framed_text(data: bytes) -> str | None:
    """The text, if `data` is exactly one frame with all of it from a client; `None` for whatever else it may be."""
    if len(data) < 7 or data[0] != 0x81 or data[1] < 0x80:
        return None
    length, start = data[1] - 0x80, 6
    if length == 126:
        length, start = int.from_bytes(data[2:4], "big"), 8
    if len(data) != start + length or length < (126 if start == 8 else 1) or data[1] == 0xFF:
        return None
    mask = data[start - 4 : start] * (length // 4 + 1)
    payload = int.from_bytes(data[start:], "little") ^ int.from_bytes(mask[:length], "little")
    try:
        return payload.to_bytes(length, "little").decode()
    except UnicodeDecodeError:
        return None


def head_size(request: h11.Request) -> int:
    """Bytes of what a request says before its body, but for what is the same in all."""
    return len(request.target) + sum(len(name) + len(value) for name, value in request.headers)


class _Http11Only(H11Protocol):
    """Knows one protocol, answers requests in others with 505 and those with long heads with 431, and says when an
    answer is a connection's last.
    """

    async def handle(self, event: Event) -> None:
        """What came in; past the general machinery where it is a chat message."""
        if (
            isinstance(event, RawData)
            and isinstance(self.stream, _WebSocket)
            and self.stream.take(event.data)
        ):
            return
        await super().handle(event)

    async def _check_protocol(self, event: h11.Request) -> None:
        """No upgrade to HTTP/2."""

    async def _create_stream(self, request: h11.Request) -> None:
        if request.http_version not in {b"1.0", b"1.1"}:
            await self._refuse(505)
        elif head_size(request) > self.config.h11_max_incomplete_size:
            await self._refuse(431)
        else:
            await super()._create_stream(request)

    async def _refuse(self, status: int) -> None:
        await self._send_error_response(status)
        await self.send(Closed())

    async def stream_send(self, event: StreamEvent) -> None:
        """What goes out. Where the rest of a request's body is not waited for, nothing can follow it."""
        if isinstance(event, Response) and self.connection.their_state is h11.SEND_BODY:
            # Left unsaid, a client may send its next request into the closing connection.
            event = replace(event, headers=[*event.headers, (b"connection", b"close")])
        await super().stream_send(event)


class _KnownConnection(TCPServer):
    """Is known while it is open, and holds nothing once it is closed."""

    protocol: Any

    async def run(self) -> None:
        _open.add(self)
        try:
            await super().run()
        finally:
            _open.discard(self)
            self.protocol = _OVER

    async def _read_data(self) -> None:
        await super()._read_data()
        # The other side has closed. For whoever was between two requests, Hypercorn would first wait until that is for
        # too long.
        await self.idle_task.stop()


class _Over:
    """In place of a protocol: that one's way of sending leads back to the connection, so neither would be freed."""

    async def handle(self, event: Any) -> None:
        """Nobody is there any more to be told."""


_OVER = _Over()


_open: set[_KnownConnection] = set()


def cut_connections(config: Config) -> None:
    """End what is still open of the server that runs with `config`, without waiting for the other side."""
    for connection in list(_open):
        if connection.config is config:
            connection.writer.transport.abort()
