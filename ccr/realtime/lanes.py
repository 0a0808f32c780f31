"""Each socket's events, carried out one after another in the order they came, every one acknowledged."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ccr.desk.checking import check
from ccr.desk.refusals import Code, Refusal, unavailable
from ccr.realtime.messages import Message
from ccr.realtime.server import Server
from ccr.realtime.sockets import MOST_IN_FLIGHT, Asked, Socket, Sockets

logger = logging.getLogger(__name__)

Handler = Callable[[Socket, Any], Awaitable[dict[str, Any]]]

LASTING = frozenset({"do", "read"})
"""Events that are carried out even if whoever sent them is gone by then: they change what is stored."""


class Lanes:
    """Turns every outcome of an event into its acknowledgement."""

    def __init__(
        self, server: Server, sockets: Sockets, handlers: Mapping[str, tuple[type[Message], Handler]]
    ) -> None:
        self._server = server
        self._sockets = sockets
        self._handlers = handlers
        self._working: set[asyncio.Task[None]] = set()
        server.listen(self.take)

    def take(self, sid: str, asked: Asked) -> None:
        """An event has come; called in the order of arrival."""
        socket = self._sockets.get(sid)
        if socket is None:
            self._server.acknowledge(sid, asked.number, _no(ended()))
        elif len(socket.waiting) >= MOST_IN_FLIGHT:
            self._server.acknowledge(sid, asked.number, _no(_too_many()))
        else:
            socket.waiting.append(asked)
            if len(socket.waiting) == 1:
                task = asyncio.get_running_loop().create_task(self._work(socket))
                self._working.add(task)
                task.add_done_callback(self._working.discard)

    async def _work(self, socket: Socket) -> None:
        while socket.waiting:
            asked = socket.waiting[0]
            body = await self._answer(socket, asked)
            self._server.acknowledge(socket.sid, asked.number, body)
            socket.waiting.popleft()

    async def _answer(self, socket: Socket, asked: Asked) -> dict[str, Any]:
        try:
            shape, handler = self._handlers.get(asked.event) or _unknown()
            if socket.ended or (asked.event not in LASTING and self._sockets.get(socket.sid) is None):
                return _no(ended())
            return {"ok": True, **await handler(socket, check(shape, asked.payload))}
        except Refusal as refusal:
            return _no(refusal)
        except Exception:
            logger.exception("%s failed", asked.event)
            return _no(unavailable())


def _no(refusal: Refusal) -> dict[str, Any]:
    body = {"ok": False, **refusal.wire()}
    if refusal.retry_after is not None:
        body["retry_after"] = refusal.retry_after
    return body


def _unknown() -> Any:
    raise Refusal(Code.INVALID, "There is no such event.")


def ended() -> Refusal:
    """What somebody is told who is not signed in, or no longer."""
    return Refusal(Code.UNAUTHENTICATED, "Sign in first.")


def _too_many() -> Refusal:
    return Refusal(Code.RATE_LIMITED, "Too many at once. Wait for answers first.", retry_after=1)
