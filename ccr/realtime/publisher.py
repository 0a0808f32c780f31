"""Tells the connected what was committed. All of it hints: clients heal by number, so none may fail loudly."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Coroutine
from typing import Any

from ccr.desk.change import Change
from ccr.desk.events import Reach, entry_wire
from ccr.desk.people import Person, Role
from ccr.desk.rules import clearance
from ccr.desk.ticket import Ticket
from ccr.realtime.server import Server
from ccr.realtime.sockets import Socket, Sockets, ticket_room, watch_room

logger = logging.getLogger(__name__)

SUMMARY_DELAY = 0.03
"""Seconds in which changes of one ticket are gathered into one summary for those who watch."""

Summaries = Callable[[Person, list[int]], Coroutine[Any, Any, list[dict[str, Any]]]]


class SocketPublisher:
    """The port `Publisher` on Socket.IO rooms. `summaries` reads tickets as one person sees them."""

    def __init__(self, server: Server, sockets: Sockets, *, admins_read: bool = False) -> None:
        self._server = server
        self._sockets = sockets
        self._depth = {
            role: clearance(role, admins_read=admins_read) for role in (Role.CUSTOMER, Role.AGENT, Role.ADMIN)
        }
        self._summaries: Summaries | None = None
        self._stale: defaultdict[int, set[int]] = defaultdict(set)
        # Person and ticket: who is turned out while summaries are being read must not get the one read before.
        self._lost: set[tuple[int, int]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flushing = False

    def reads_with(self, summaries: Summaries) -> None:
        """Hand in what reads a summary; it needs a publisher itself, so it comes later."""
        self._summaries = summaries

    def changed(self, change: Change, origin: str | None) -> None:
        """Push the entries to each audience with its own `prev`, turn out who lost the ticket, freshen the lists."""
        try:
            self._push(change, origin)
        except Exception:
            logger.exception("a push was lost")

    def read(self, ticket: Ticket, person: Person, seq: int) -> None:
        """The others on the ticket see the ticks; the reader's own lists lose their badge."""
        body = {"ticket": ticket.id, "person": {"id": person.id}, "seq": seq}
        if person.role is not Role.ADMIN:
            mine = self._sids(ticket.id, person.id)
            for role, depth in self._depth.items():
                if depth >= Reach.CONVERSATION:
                    self._server.deliver(ticket_room(ticket.id, role), "read", body, skip=mine)
        self._freshen(person, ticket.id)

    def sessions_ended(self, sessions: Collection[int]) -> None:
        """Close every socket of these sessions now."""
        for socket in self._sockets.of_sessions(frozenset(sessions)):
            socket.ended = True
            # Out of its rooms in this very step: closing takes a few more, and entries may be pushed meanwhile.
            for ticket in list(socket.tickets):
                self._leave_room(socket, ticket)
            self._server.leave_room_now(socket.sid, watch_room(socket.person.id))
            self._sockets.silence(socket)
            self._spawn(self._server.dismiss(socket.sid))

    def online(self) -> frozenset[int]:
        """Ids of the people with an open socket."""
        return self._sockets.online()

    def presence(self, person: int, online: bool) -> None:
        """Tell those who deal with this person that they came or went."""
        for socket in self._sockets.beside(person):
            self._server.deliver(socket.sid, "presence", {"person": {"id": person}, "online": online})

    def typing(self, socket: Socket, ticket: int, on: bool) -> None:
        """Tell the others on the ticket."""
        person = socket.person
        body = {"ticket": ticket, "person": {"id": person.id, "name": person.name}, "on": on}
        mine = self._sids(ticket, person.id)
        for role in self._depth:
            self._server.deliver(ticket_room(ticket, role), "typing", body, skip=mine)

    def _push(self, change: Change, origin: str | None) -> None:
        ticket = change.ticket
        lost = change.before.agent_id if change.before and change.before.agent_id != ticket.agent_id else None
        if change.before is None or change.before.agent_id != ticket.agent_id:
            self._sockets.retie(ticket.id, (ticket.customer_id, ticket.agent_id))
        if lost is not None:
            self._turn_out(ticket.id, lost)
        before = change.before.heads.seqs if change.before else (0, 0, 0)
        skip = frozenset((origin,)) if origin else frozenset[str]()
        for role, depth in self._depth.items():
            room = ticket_room(ticket.id, role)
            if not self._server.members(room):
                continue
            # Admins are many in one room, and a key is for its owner alone.
            viewer = change.actor.id if role is change.actor.role and role is not Role.ADMIN else 0
            prev = before[depth]
            for entry in change.entries:
                if entry.reach <= depth:
                    self._server.deliver(room, "entry", entry_wire(entry, prev, viewer), skip=skip)
                    prev = entry.seq
        self._freshen_all(change)

    def _turn_out(self, ticket: int, person: int) -> None:
        """This agent lost the ticket: out of the room before anything else is said in it, and told so."""
        gone = {"id": ticket, "gone": True}
        self._lost.add((person, ticket))
        for socket in self._sockets.on_ticket(ticket):
            if socket.person.id == person:
                self._sockets.leave(socket, ticket)
                self._leave_room(socket, ticket)
                if not socket.watching:
                    self._server.deliver(socket.sid, "ticket", gone)
        self._server.deliver(watch_room(person), "ticket", gone)

    def _leave_room(self, socket: Socket, ticket: int) -> None:
        self._server.leave_room_now(socket.sid, ticket_room(ticket, socket.person.role))

    def _sids(self, ticket: int, person: int) -> set[str]:
        return {socket.sid for socket in self._sockets.on_ticket(ticket) if socket.person.id == person}

    def _freshen_all(self, change: Change) -> None:
        """Mark the ticket for everybody watching for whom something of it moved; for a note, that is staff alone."""
        reach = min(entry.reach for entry in change.entries)
        turned = change.before is None or change.before.waiting_on != change.ticket.waiting_on
        for person in self._sockets.watchers():
            concerned = (
                person.id in (change.ticket.customer_id, change.ticket.agent_id) or person.role is Role.ADMIN
            )
            if concerned and (turned or reach <= self._depth.get(person.role, Reach.EVERYONE)):
                self._freshen(person, change.ticket.id)

    def _freshen(self, person: Person, ticket: int) -> None:
        self._stale[person.id].add(ticket)
        if not self._flushing:
            self._flushing = True
            self._spawn(self._flush())

    async def _flush(self) -> None:
        """One at a time, so that no summary is overtaken by an older one that took longer to read."""
        try:
            while self._stale:
                await asyncio.sleep(SUMMARY_DELAY)
                stale, self._stale = self._stale, defaultdict(set)
                self._lost.clear()
                for person in self._sockets.watchers():
                    if ids := stale.get(person.id):
                        await self._summarise(person, sorted(ids))
        finally:
            self._flushing = False

    async def _summarise(self, person: Person, ids: list[int]) -> None:
        if self._summaries is None:
            return
        try:
            for body in await self._summaries(person, ids):
                if (person.id, body["id"]) not in self._lost:
                    self._server.deliver(watch_room(person.id), "ticket", body)
        except Exception as error:  # noqa: BLE001 - a hint that is lost; the next one carries the whole truth again
            logger.warning("summaries were not pushed: %s", type(error).__name__)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
