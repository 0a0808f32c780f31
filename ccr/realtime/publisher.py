"""Tells the connected what was committed. All of it hints: clients heal by number, so none may fail loudly."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Coroutine
from typing import Any

from ccr.desk.change import Change
from ccr.desk.events import Entry, Reach, entry_wire
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
        self._read(ticket.id, person.id, seq, admin=person.role is Role.ADMIN)

    def again(self, ticket: int) -> None:
        """What was stored then was pushed then."""

    def sessions_ended(self, sessions: Collection[int]) -> None:
        """Close every socket of these sessions now, and let nobody in by them."""
        self._sockets.sessions_ended(sessions)
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

    def is_online(self, person: int) -> bool:
        """Whether they have an open socket."""
        return self._sockets.is_online(person)

    def presence(self, person: int, online: bool) -> None:
        """Tell those who deal with this person that they came or went."""
        for socket in self._sockets.beside(person):
            self._server.deliver(socket.sid, "presence", {"person": {"id": person}, "online": online})

    def _introduce(self, ticket: int, agent: int | None) -> None:
        """Those on the ticket learn whether the agent who was just given it is there; no coming or going tells them."""
        if agent is not None:
            body = {"person": {"id": agent}, "online": self.is_online(agent)}
            for socket in self._sockets.on_ticket(ticket):
                if socket.person.id != agent:
                    self._server.deliver(socket.sid, "presence", body)

    def typing(self, socket: Socket, ticket: int, on: bool) -> None:
        """Tell the others on the ticket."""
        self._types(ticket, socket.person.id, socket.person.name, on)

    def _types(self, ticket: int, person: int, name: str, on: bool) -> None:
        body = {"ticket": ticket, "person": {"id": person, "name": name}, "on": on}
        mine = self._sids(ticket, person)
        for role in self._depth:
            self._server.deliver(ticket_room(ticket, role), "typing", body, skip=mine)

    def _read(self, ticket: int, person: int, seq: int, *, admin: bool) -> None:
        body = {"ticket": ticket, "person": {"id": person}, "seq": seq}
        if seq and not admin:
            mine = self._sids(ticket, person)
            for role, depth in self._depth.items():
                if depth >= Reach.CONVERSATION:
                    self._server.deliver(ticket_room(ticket, role), "read", body, skip=mine)
        self._freshen(person, ticket)

    def _push(self, change: Change, origin: str | None) -> None:
        ticket = change.ticket
        lost = lost_by(change)
        if lost is not None:
            self._turn_out(ticket.id, lost, ticket.last_seq)
        told, parties = self._sockets.parties(ticket.id), (ticket.customer_id, ticket.agent_id)
        if told is not None and told != parties:
            # Perhaps by another process, of which nobody told this one.
            self._sockets.retie(ticket.id, parties)
            self._turn_out_all_but(ticket.id, ticket.agent_id, ticket.last_seq)
            self._introduce(ticket.id, ticket.agent_id)
        before = change.before.heads.seqs if change.before else (0, 0, 0)
        skip = frozenset((origin,)) if origin else frozenset[str]()
        for role, depth in self._depth.items():
            prev = before[depth]
            for entry in change.entries:
                if entry.reach <= depth:
                    self._hand_out(entry, role, prev, skip)
                    prev = entry.seq
        if ticket.id in self._sockets.heads:
            self._sockets.heads[ticket.id] = ticket.heads.seqs
        self._freshen_all(change)

    def _hand_out(self, entry: Entry, role: Role, prev: int, skip: frozenset[str]) -> None:
        """Push it to one audience; its key goes to its owner alone."""
        room = ticket_room(entry.ticket, role)
        if not self._server.members(room):
            return
        mine = self._sids(entry.ticket, entry.actor.id) - skip if entry.actor.role == role else set[str]()
        self._server.deliver(room, "entry", entry_wire(entry, prev, 0), skip=skip | mine)
        for sid in mine:
            self._server.deliver(sid, "entry", entry_wire(entry, prev, entry.actor.id))

    def _turn_out(self, ticket: int, person: int, seq: int) -> None:
        """At this number the ticket is not this agent's: out of the room before anything else is said in it, and told
        so. Unless it is known to be theirs at a later one, for then they have got it again, and have come to it.
        """
        if self._sockets.proven(ticket, person) >= seq:
            return
        gone = {"id": ticket, "gone": True}
        self._lost.add((person, ticket))
        for socket in self._sockets.on_ticket(ticket):
            if socket.person.id == person:
                self._sockets.leave(socket, ticket)
                self._leave_room(socket, ticket)
                if not socket.watching:
                    self._server.deliver(socket.sid, "ticket", gone)
        self._server.deliver(watch_room(person), "ticket", gone)

    def _turn_out_all_but(self, ticket: int, agent: int | None, seq: int) -> None:
        people = {socket.person for socket in self._sockets.on_ticket(ticket)}
        agents = {person.id for person in people if person.role is Role.AGENT}
        # Whose it was may only watch, and is to hear of it, too.
        _, told = self._sockets.parties(ticket) or (0, None)
        if told is not None:
            agents.add(told)
        for each in agents - {agent}:
            self._turn_out(ticket, each, seq)

    def _leave_room(self, socket: Socket, ticket: int) -> None:
        self._server.leave_room_now(socket.sid, ticket_room(ticket, socket.person.role))

    def _sids(self, ticket: int, person: int) -> set[str]:
        return {socket.sid for socket in self._sockets.on_ticket(ticket) if socket.person.id == person}

    def _freshen_all(self, change: Change) -> None:
        ticket = change.ticket
        self._freshen_watchers(
            ticket.id, (ticket.customer_id, ticket.agent_id), reach_of(change), turned(change)
        )

    def _freshen_watchers(
        self, ticket: int, parties: tuple[int, int | None], reach: int, turned: bool
    ) -> None:
        """Mark the ticket for everybody watching for whom something of it moved; for a note, that is staff alone."""
        for person in self._sockets.watchers_of(parties):
            if turned or reach <= self._depth.get(person.role, Reach.EVERYONE):
                self._freshen(person.id, ticket)

    def _freshen(self, person: int, ticket: int) -> None:
        self._stale[person].add(ticket)
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
                for each, ids in stale.items():
                    if person := self._sockets.watcher(each):
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


def lost_by(change: Change) -> int | None:
    """The agent whose ticket it no longer is."""
    before = change.before
    return before.agent_id if before is not None and before.agent_id != change.ticket.agent_id else None


def reach_of(change: Change) -> int:
    """The least of its entries', which is how far it is noticed."""
    return min(entry.reach for entry in change.entries)


def turned(change: Change) -> bool:
    """Whether it is somebody else's turn now."""
    return change.before is None or change.before.waiting_on != change.ticket.waiting_on
