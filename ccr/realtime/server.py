"""The Socket.IO server, made strict: what is not a text event of a connected client closes the connection."""

import json
import re
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NoReturn

import msgspec
import socketio
from engineio.packet import MESSAGE
from engineio.packet import Packet as EnginePacket
from socketio import packet

from ccr.realtime.answers import answered
from ccr.realtime.environ import translated
from ccr.realtime.rooms import Rooms
from ccr.realtime.sockets import Asked
from ccr.realtime.transport import Line, Transport

MAX_FRAME = 64 * 1024
"""Bytes of one frame from a client, as the contract says."""

PATIENCE = 10
"""Seconds an opened transport may take to say CONNECT before it is closed."""


_EVENT = re.compile(r"2(?:/,)?([0-9]{0,15})(\[.*)", re.DOTALL)
"""An event of the default namespace: its acknowledgement's number, its JSON."""

_GARBAGE = (ValueError, RecursionError, TypeError, AttributeError, IndexError, KeyError)


class Garbage(Exception):
    """What came is no event."""


class Json:
    """Fast out, forgiving in: lone surrogates are let in, so that they can be refused with an acknowledgement."""

    @staticmethod
    def dumps(value: object, **_: Any) -> str:
        """JSON without blanks."""
        return msgspec.json.encode(value).decode()

    @staticmethod
    def loads(text: str, **_: Any) -> Any:
        """Strict about what JSON is: the standard library would also read NaN and Infinity."""
        try:
            return _quickly(text)
        except msgspec.DecodeError:
            return _forgivingly(text)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_quickly = msgspec.json.Decoder().decode
_forgivingly = json.JSONDecoder(parse_constant=_no_constant).decode


class TextPacket(packet.Packet):  # type: ignore[misc]
    """A packet that may not announce attachments, whose events are `[name, payload?]`."""

    uses_binary_events = False
    json = Json

    def decode(self, encoded_packet: Any) -> int:
        """Raises `ValueError` for everything that is not a text event of a form we know."""
        if not isinstance(encoded_packet, str):
            raise ValueError("a binary frame")  # noqa: TRY004 - one kind of error means garbage
        super().decode(encoded_packet)
        if self.packet_type in (packet.BINARY_EVENT, packet.BINARY_ACK):
            raise ValueError("a binary event")
        return 0


def _check_event(data: object) -> None:
    if not isinstance(data, list) or not data or not isinstance(data[0], str):
        raise ValueError("not an event")
    # The library would call our own handlers of these names with what the client sent.
    if data[0] in ("connect", "disconnect", "connect_error"):
        raise ValueError("a reserved event")


class Server(socketio.AsyncServer):  # type: ignore[misc]
    """`AsyncServer` that closes on garbage, and hands out packets without a task for each."""

    def __init__(
        self, *, allowed_origin: Callable[[str | None, Mapping[str, Any]], bool], **options: Any
    ) -> None:
        super().__init__(
            async_mode="asgi",
            async_handlers=True,
            serializer=TextPacket,
            client_manager=Rooms(),
            cors_allowed_origins=allowed_origin,
            max_http_buffer_size=MAX_FRAME,
            http_compression=False,  # see `answered`
            monitor_clients=False,  # each connection looks after itself (`Awaited`)
            **options,
        )
        # Engine.IO's table of what is particular to ASGI; there is no option for a part of it.
        ours = {"translate_request": translated, "make_response": answered, "websocket": Line}
        self.eio._async = self.eio._async | ours  # noqa: SLF001
        self.eio.handlers["message now"] = self._take

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> Any:
        # Engine.IO names the class of its sockets itself and offers no other way to choose it.
        socket = self.eio.sockets[eio_sid]
        socket.__class__ = Transport
        socket.count()
        self._expect_connect(eio_sid)
        return await super()._handle_eio_connect(eio_sid, environ)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        await super()._handle_eio_disconnect(eio_sid, reason)
        if reason == self.reason.CLIENT_DISCONNECT and (socket := self.eio.sockets.get(eio_sid)):
            # By polling a request of theirs may still hang here, waiting for what will never come.
            socket.release()

    def _expect_connect(self, eio_sid: str) -> None:
        socket: Transport | None = self.eio.sockets.get(eio_sid)
        if socket is not None:
            socket.expect(PATIENCE, partial(self._still_nobody, eio_sid))

    async def _still_nobody(self, eio_sid: str) -> None:
        if self._is_somebody(eio_sid):
            # Who it is, is being looked up, and they may not be let in.
            self._expect_connect(eio_sid)
        else:
            await self.cut(eio_sid, "said nothing")

    def _is_somebody(self, eio_sid: str) -> bool:
        return self.manager.sid_from_eio_sid(eio_sid, "/") is not None

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        try:
            if self._take(eio_sid, data):
                return
            if _EVENT.match(data):
                raise ValueError("an event before CONNECT")
            await super()._handle_eio_message(eio_sid, data)
        except _GARBAGE as error:
            await self.cut(eio_sid, f"sent {type(error).__name__}")

    async def _handle_connect(self, eio_sid: str, namespace: str | None, data: Any) -> None:
        if self.manager.sid_from_eio_sid(eio_sid, namespace or "/") is not None:
            raise ValueError("connected already")
        await super()._handle_connect(eio_sid, namespace, data)
        socket: Transport | None = self.eio.sockets.get(eio_sid)
        if socket is not None and self._is_somebody(eio_sid):
            socket.arrived()

    async def _handle_disconnect(
        self, eio_sid: str, namespace: str | None, reason: str | None = None
    ) -> None:
        await super()._handle_disconnect(eio_sid, namespace, reason)
        # Whoever leaves without closing the transport may come again by it, but not stay away.
        if not self._is_somebody(eio_sid):
            self._expect_connect(eio_sid)

    async def _handle_event(self, eio_sid: str, namespace: str | None, id: int | None, data: Any) -> None:  # noqa: A002, ARG002
        """An event of another form than `_EVENT`."""
        raise ValueError("an event of a namespace that we do not have")

    def _take(self, eio_sid: str, data: str) -> bool:
        """Take what is an event of the usual form, for which the library's own parser would take ten steps."""
        event = _EVENT.match(data)
        sid = self.manager.sid_from_eio_sid(eio_sid, "/")
        if event is None or sid is None or not self.manager.is_connected(sid, "/"):
            return False
        number, text = event.groups()
        self._listener(sid, Asked(text, int(number) if number else None, sys.getsizeof(text)))
        return True

    def listen(self, listener: Callable[[str, Asked], None]) -> None:
        """Have `listener` take every event, with the socket it came by, in the order of arrival."""
        self._listener = listener

    @staticmethod
    def read(asked: Asked) -> tuple[str, object]:
        """The event's name and its payload; of more than one, all of them, which no event has. Raises `Garbage`."""
        try:
            data = Json.loads(asked.text)
            _check_event(data)
        except _GARBAGE as error:
            raise Garbage(f"sent {type(error).__name__}") from None
        name, *payloads = data
        return name, payloads if len(payloads) > 1 else next(iter(payloads), None)

    async def cut_client(self, sid: str, why: str) -> None:
        """Close the transport of somebody who is connected."""
        eio_sid = self.manager.eio_sid_from_sid(sid, "/")
        if eio_sid is not None:
            await self.cut(eio_sid, why)

    def acknowledge(self, sid: str, number: int | None, body: dict[str, Any]) -> None:
        """Answer the event that came under this number; without one nobody waits for an answer."""
        eio_sid = self.manager.eio_sid_from_sid(sid, "/")
        if number is not None and eio_sid is not None:
            self._put(eio_sid, EnginePacket(MESSAGE, f"{packet.ACK}{number}{Json.dumps([body])}"))

    def deliver(
        self, room: str, event: str, data: object, *, skip: frozenset[str] | set[str] = frozenset()
    ) -> None:
        """Put the event in the queue of everybody in `room` but `skip`, in this very step of the event loop.

        `emit` would make a task for each recipient and return later; here what is delivered first arrives first, and an
        acknowledgement sent afterwards comes after.
        """
        members = self.members(room)
        if not members:
            return
        ready = EnginePacket(MESSAGE, f"{packet.EVENT}{Json.dumps([event, data])}")
        for sid, eio_sid in members.items():
            if sid not in skip:
                self._put(eio_sid, ready)

    def members(self, room: str) -> Mapping[str, str]:
        """The sockets in `room` on this node: Socket.IO's id to Engine.IO's."""
        found: Mapping[str, str] = self.manager.rooms.get("/", {}).get(room, {})
        return found

    def _put(self, eio_sid: str, ready: EnginePacket) -> None:
        socket: Transport | None = self.eio.sockets.get(eio_sid)
        if socket is not None:
            socket.put(ready)

    def leave_room_now(self, sid: str, room: str) -> None:
        """As `leave_room`, in this very step of the event loop; harmless where it is not in the room."""
        self.manager.basic_leave_room(sid, "/", room)

    async def cut(self, eio_sid: str, why: str) -> None:
        """Close a transport now, whatever the client does."""
        socket: Transport | None = self.eio.sockets.get(eio_sid)
        if socket is not None:
            await socket.end(why)

    async def dismiss(self, sid: str) -> None:
        """Disconnect a client and, once what it was sent has gone out, close its transport."""
        eio_sid = self.manager.eio_sid_from_sid(sid, "/")
        await self.disconnect(sid)
        socket: Transport | None = self.eio.sockets.get(eio_sid) if eio_sid else None
        if socket is not None:
            await socket.bow_out()

    async def close_strangers(self) -> None:
        """Close the transports by which nobody is connected."""
        for eio_sid, socket in list(self.eio.sockets.items()):
            if not self._is_somebody(eio_sid) and socket.upgraded:
                await socket.close(reason=self.reason.SERVER_DISCONNECT)

    def open_transports(self) -> int:
        """How many are not done with: WebSockets that are still there, polls that may still be asked for."""
        return sum(socket.upgraded or not socket.closed for socket in self.eio.sockets.values())
