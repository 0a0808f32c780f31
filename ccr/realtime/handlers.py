"""What connected people ask, event by event; `lanes.py` brings it here in order and takes the answers back."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from socketio.exceptions import ConnectionRefusedError as Refused

from ccr import metrics
from ccr.desk.commands import read_command
from ccr.desk.people import Role
from ccr.desk.refusals import Code, Refusal, forbidden, unavailable
from ccr.realtime import messages
from ccr.realtime.lanes import Lanes, ended
from ccr.realtime.publisher import SocketPublisher
from ccr.realtime.server import Server
from ccr.realtime.sockets import Socket, Sockets, ticket_room, watch_room
from ccr.services.allowance import of_questions, of_signals
from ccr.services.changes import Changes
from ccr.services.identity import Identity
from ccr.services.reading import MOST, PAGE, Filters, Reading
from ccr.services.refusal_log import RefusalLog

logger = logging.getLogger(__name__)

TYPING_LASTS = 5
"""Seconds after which somebody no longer types unless they say so again."""

LINGERS = 2
"""Seconds for which somebody whose last socket closed still counts as online: a page change is no absence."""

Identify = Callable[[dict[str, Any], str | None], Awaitable[Identity | None]]
"""From a handshake's environ and its token to who it is."""


class Handlers:
    """The client's side of the contract's first table."""

    def __init__(
        self,
        server: Server,
        sockets: Sockets,
        publisher: SocketPublisher,
        changes: Changes,
        reading: Reading,
        identify: Identify,
        refusals: RefusalLog,
        *,
        limits: bool = True,
    ) -> None:
        self._server = server
        self._sockets = sockets
        self._publisher = publisher
        self._changes = changes
        self._reading = reading
        self._identify = identify
        self._refusals = refusals
        self._limits = limits
        self._typing: dict[tuple[str, int], asyncio.TimerHandle] = {}
        self._register()

    def _register(self) -> None:
        self._server.on("connect", self.connect)
        self._server.on("disconnect", self.disconnect)
        signals, questions = of_signals(on=self._limits), of_questions(on=self._limits)
        self.lanes = Lanes(
            self._server,
            self._sockets,
            {
                "join": (messages.Join, self.join, questions),
                "leave": (messages.Leave, self.leave, questions),
                "sync": (messages.Sync, self.sync, questions),
                "do": (messages.Do, self.do, None),  # counted where every door leads
                "watch": (messages.Watch, self.watch, questions),
                "typing": (messages.Typing, self.typing, signals),
                "read": (messages.Read, self.read, signals),
            },
            self._refusals,
        )

    async def connect(self, sid: str, environ: dict[str, Any], auth: object) -> None:
        """Let in whoever has a session; everybody else is told why not."""
        if self.lanes.closed:
            raise _refused(unavailable())
        given = auth if isinstance(auth, dict) else {}
        token, meant = given.get("token"), given.get("person")
        with self._sockets.arrival() as arrival:
            identity = await self._proven(
                environ,
                token if isinstance(token, str) else None,
                meant if isinstance(meant, int) else None,
            )
            if identity.session_id in arrival.ended:
                raise _refused(ended())
            if self._limits and self._sockets.many(identity.person.id):
                raise _refused(_too_many())
            socket = Socket(sid, identity)
            first = self._sockets.add(socket)
        metrics.SOCKETS.inc()
        if first:
            self._publisher.presence(socket.person.id, online=True)

    async def _proven(self, environ: dict[str, Any], token: str | None, meant: int | None) -> Identity:
        try:
            identity = await self._identify(environ, token)
        except Refusal as refusal:
            raise _refused(refusal) from None
        except Exception:
            logger.exception("connect failed")
            raise _refused(unavailable()) from None
        # A page that was opened by one person must not go on as another who has signed in since.
        if identity is None or meant not in (None, identity.person.id):
            raise _refused(ended())
        if identity.person.must_change_password:
            raise _refused(forbidden("Change your password first."))
        return identity

    async def disconnect(self, sid: str, reason: str) -> None:
        """Forget the socket, and, unless the person is back in a moment, tell that they went."""
        socket = self._sockets.remove(sid)
        if socket is None:
            return
        metrics.SOCKETS.dec()
        for key in [key for key in self._typing if key[0] == sid]:
            self._stop_typing(socket, key[1])
        if not self._sockets.is_online(socket.person.id):
            asyncio.get_running_loop().call_later(LINGERS, self._gone, socket.person.id)

    async def join(self, socket: Socket, asked: messages.Join) -> dict[str, Any]:
        """Enter the room, then read what came before: the other way round, what comes between would be lost."""
        while True:
            await self._come(socket, asked.ticket)
            try:
                found = await self._reading.conversation(socket.person, asked.ticket, asked.after)
            except Exception:
                await self._exit(socket, asked.ticket)
                raise
            # Turned out meanwhile, perhaps after it was read and perhaps before: whose it is now, is read again.
            if asked.ticket in socket.tickets:
                break
        self._sockets.prove(socket, asked.ticket, found["head"])
        both = [each["id"] for each in (found["ticket"]["customer"], found["ticket"]["agent"]) if each]
        return found | {"online": [person for person in both if self._publisher.is_online(person)]}

    async def leave(self, socket: Socket, asked: messages.Leave) -> dict[str, Any]:
        """Hear no more of it."""
        self._stop_typing(socket, asked.ticket)
        await self._exit(socket, asked.ticket)
        return {}

    async def sync(self, socket: Socket, asked: messages.Sync) -> dict[str, Any]:
        """A page of the timeline, in either direction."""
        limit = asked.limit or (PAGE if asked.after is None else MOST)
        return await self._reading.timeline(
            socket.person, asked.ticket, after=asked.after, before=asked.before, limit=limit
        )

    async def do(self, socket: Socket, asked: messages.Do) -> dict[str, Any]:
        """Carry out a command; acknowledged once it is committed."""
        command = read_command(asked.command)
        if asked.ticket is not None:
            self._stop_typing(socket, asked.ticket)
        answer = await self._changes.carry_out(socket.person, asked.ticket, asked.key, command, socket.sid)
        return answer.wire()

    async def watch(self, socket: Socket, asked: messages.Watch) -> dict[str, Any]:
        """The person's own list; entered first, then read."""
        self._sockets.watch(socket)
        await self._server.enter_room(socket.sid, watch_room(socket.person.id))
        filters = Filters(active=socket.person.role is Role.ADMIN)
        found = await self._reading.tickets(socket.person, filters, limit=MOST)
        found["online"] = [] if socket.person.role is Role.CUSTOMER else sorted(self._publisher.online())
        if socket.person.role is Role.ADMIN:
            found["agents"] = await self._reading.agents_load()
        return found

    async def typing(self, socket: Socket, asked: messages.Typing) -> dict[str, Any]:
        """Tell the others for five seconds; never stored."""
        if asked.ticket not in socket.tickets:
            await self._reading.standing(socket.person, asked.ticket)
        if socket.person.role is Role.ADMIN:
            raise forbidden("Only the customer and the assigned agent write messages.")
        if not asked.on:
            self._stop_typing(socket, asked.ticket)
            return {}
        self._still_here(socket)
        self._cancel_typing(socket, asked.ticket)
        timer = asyncio.get_running_loop().call_later(TYPING_LASTS, self._stop_typing, socket, asked.ticket)
        self._typing[(socket.sid, asked.ticket)] = timer
        self._publisher.typing(socket, asked.ticket, on=True)
        return {}

    async def read(self, socket: Socket, asked: messages.Read) -> dict[str, Any]:
        """Move the person's read mark on."""
        await self._reading.mark_read(socket.person, asked.ticket, asked.seq)
        return {}

    async def _come(self, socket: Socket, ticket: int) -> None:
        """Enter the room. Raises `not_found` unless the ticket is the person's to see, as far as is known.

        Where others are on it this node knows whose it is, and is told when it is not; reading makes sure of it.
        """
        both, heads = self._sockets.parties(ticket), tuple[int, ...]()
        while both is None or socket.person.id not in both:
            standing = await self._reading.standing(socket.person, ticket)
            heads = standing.heads
            if self._sockets.told_beyond(ticket, heads) and socket.person.role is Role.AGENT:
                # What was read has been overtaken: by now it may be somebody else's.
                both = self._sockets.parties(ticket)
            else:
                both = standing.parties
                break
        self._still_here(socket)
        self._sockets.join(socket, ticket, both, heads)
        self._server.manager.basic_enter_room(socket.sid, "/", ticket_room(ticket, socket.person.role))

    async def _exit(self, socket: Socket, ticket: int) -> None:
        if ticket in socket.tickets:
            self._sockets.leave(socket, ticket)
            await self._server.leave_room(socket.sid, ticket_room(ticket, socket.person.role))

    def _still_here(self, socket: Socket) -> None:
        """Nobody enters a room whose going has been dealt with already: nobody would ever take them out again."""
        if socket.ended or self._sockets.get(socket.sid) is None:
            raise ended()

    def _cancel_typing(self, socket: Socket, ticket: int) -> bool:
        timer = self._typing.pop((socket.sid, ticket), None)
        if timer is not None:
            timer.cancel()
        return timer is not None

    def _stop_typing(self, socket: Socket, ticket: int) -> None:
        if self._cancel_typing(socket, ticket):
            self._publisher.typing(socket, ticket, on=False)

    def _gone(self, person: int) -> None:
        if not self._sockets.is_online(person):
            self._publisher.presence(person, online=False)


def _too_many() -> Refusal:
    """The newest and not the oldest, which somebody may be looking at; what is dead is gone within a minute."""
    return Refusal(Code.RATE_LIMITED, "You are connected too many times. Close other pages.", retry_after=30)


def _refused(refusal: Refusal) -> Refused:
    return Refused(refusal.code.value, refusal.wire())
