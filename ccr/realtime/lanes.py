"""Each socket's events, carried out one after another in the order they came, every one acknowledged."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ccr.desk.checking import check
from ccr.desk.refusals import Code, Refusal, unavailable
from ccr.realtime.messages import Message
from ccr.realtime.server import Garbage, Server
from ccr.realtime.sockets import MOST_HELD, MOST_IN_FLIGHT, Asked, Socket, Sockets
from ccr.services.allowance import Allowance
from ccr.services.refusal_log import RefusalLog

logger = logging.getLogger(__name__)

Handler = Callable[[Socket, Any], Awaitable[dict[str, Any]]]

LASTING = frozenset({"do", "read"})
"""Events that are carried out even if whoever sent them is gone by then: they change what is stored."""

_NO_EVENT = "no event"
"""What the log calls an event that there is not: its name is the client's words."""


class Lanes:
    """Turns every outcome of an event into its acknowledgement."""

    def __init__(
        self,
        server: Server,
        sockets: Sockets,
        handlers: Mapping[str, tuple[type[Message], Handler, Allowance | None]],
        refusals: RefusalLog,
    ) -> None:
        self._server = server
        self._sockets = sockets
        self._handlers = handlers
        self._refusals = refusals
        self.closed = False
        """Whether nothing new is taken any more."""
        self._working: set[asyncio.Task[None]] = set()
        server.listen(self.take)

    def take(self, sid: str, asked: Asked) -> None:
        """An event has come; called in the order of arrival."""
        socket = self._sockets.get(sid)
        if self.closed:
            # Left unanswered: its sender has been told to come back elsewhere, and asks again there, by the same key.
            return
        if socket is None:
            self._server.acknowledge(sid, asked.number, _no(ended()))
        elif len(socket.waiting) >= MOST_IN_FLIGHT or socket.held + asked.size > MOST_HELD:
            refusal = _too_many()
            self._refusals.note(refusal.code, "in flight", socket.person.id)
            self._server.acknowledge(sid, asked.number, _no(refusal))
        else:
            socket.waiting.append(asked)
            socket.held += asked.size
            if len(socket.waiting) == 1:
                task = asyncio.get_running_loop().create_task(self._work(socket))
                self._working.add(task)
                task.add_done_callback(self._working.discard)

    async def _work(self, socket: Socket) -> None:
        while socket.waiting:
            asked = socket.waiting[0]
            try:
                event = self._server.read(asked)
            except Garbage as garbage:
                await self._server.cut_client(socket.sid, str(garbage))
                socket.waiting.clear()
                return
            body = await self._answer(socket, *event)
            self._server.acknowledge(socket.sid, asked.number, body)
            socket.waiting.popleft()
            socket.held -= asked.size

    async def _answer(self, socket: Socket, event: str, payload: object) -> dict[str, Any]:
        try:
            shape, handler, allowance = self._handlers.get(event) or _unknown()
            if socket.ended or (event not in LASTING and self._sockets.get(socket.sid) is None):
                return _no(ended())
            if allowance is not None:
                allowance.spend(socket.person.id)
            return {"ok": True, **await handler(socket, check(shape, payload))}
        except Refusal as refusal:
            self._refusals.note(
                refusal.code, event if event in self._handlers else _NO_EVENT, socket.person.id
            )
            return _no(refusal)
        except Exception:
            logger.exception("%s failed", event)
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
