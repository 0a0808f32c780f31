"""The publisher of a registry that runs in several processes.

What this process commits it pushes to its own people as ever, and tells the others that there is something. What the
others tell is read from the database, and pushed in the order of the numbers; so is what came while nobody could tell.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable

from ccr.desk import clock
from ccr.desk.change import Change
from ccr.desk.clock import MINUTE
from ccr.desk.people import Person, Role
from ccr.desk.ticket import Ticket
from ccr.realtime.nodes import Line, Nodes
from ccr.realtime.publisher import SocketPublisher, lost_by, reach_of, turned
from ccr.realtime.server import Server
from ccr.realtime.sockets import Socket, Sockets
from ccr.realtime.words import Moved, ReadUpTo, Seal, Types, Word
from ccr.services.catching_up import CatchingUp, Missed
from ccr.services.reading import MOST, Filters, Reading

logger = logging.getLogger(__name__)

AT_ONCE = 50
"""Tickets read together."""

RETRY = 0.5
"""Seconds between tries to read what was missed, when the database is away."""

RECENT = 5 * MINUTE
"""Milliseconds: who watches is told anew of what moved since then, when words were missed for good."""


class SpreadPublisher(SocketPublisher):
    """A `SocketPublisher` that hears of, and tells, other processes."""

    def __init__(
        self, server: Server, sockets: Sockets, *, line: Line, seal: Seal, admins_read: bool = False
    ) -> None:
        super().__init__(server, sockets, admins_read=admins_read)
        self.nodes = Nodes(line, seal, self)
        self._catching_up: CatchingUp | None = None
        self._reading: Reading | None = None
        self._behind: dict[int, int] = {}
        self._working = False
        # Whose acknowledgement carries the entries already: ticket and number, to socket.
        self._carried: dict[tuple[int, int], str] = {}

    def catches_up_with(self, catching_up: CatchingUp, reading: Reading) -> None:
        """Hand in what reads."""
        self._catching_up, self._reading = catching_up, reading

    def changed(self, change: Change, origin: str | None) -> None:
        """As ever, and the others are told. If something was missed before it, that goes out first."""
        try:
            self._spread(change, origin)
        except Exception:
            logger.exception("a push was lost")

    def read(self, ticket: Ticket, person: Person, seq: int) -> None:
        """The ticks, on every node."""
        super().read(ticket, person, seq)
        self.nodes.tell(ReadUpTo(ticket.id, person.id, seq, person.role is Role.ADMIN))

    def again(self, ticket: int) -> None:
        """Look whether those here were told of it."""
        if ticket in self._sockets.heads:
            self._fall_behind(ticket)

    def sessions_ended(self, sessions: Collection[int]) -> None:
        """Close their sockets, on every node."""
        super().sessions_ended(sessions)
        self.nodes.tell(*sessions)

    def online(self) -> frozenset[int]:
        """On any node."""
        return super().online() | self.nodes.all_elsewhere()

    def is_online(self, person: int) -> bool:
        """On any node."""
        return super().is_online(person) or self.nodes.elsewhere(person)

    def presence(self, person: int, online: bool) -> None:
        """They came to this node or went; to those who deal with them that is news unless they are on another."""
        self.nodes.came(person, online)
        if not self.nodes.elsewhere(person):
            super().presence(person, online)

    def typing(self, socket: Socket, ticket: int, on: bool) -> None:
        """The others on the ticket, on every node."""
        super().typing(socket, ticket, on)
        self.nodes.types(Types(ticket, socket.person.id, socket.person.name, on))

    def heard(self, word: Word) -> None:
        """From another node."""
        for moved in word.moved:
            self._moved(moved)
        for read in word.reads:
            self._read(read.ticket, read.person, read.seq, admin=read.admin)
        for types in word.typing:
            self._types(types.ticket, types.person, types.name, types.on)
        if word.ended:
            super().sessions_ended(word.ended)

    def came_or_went(self, people: Iterable[int]) -> None:
        """To or from other nodes."""
        for person in people:
            if not self._sockets.is_online(person):
                super().presence(person, self.nodes.elsewhere(person))

    def people(self) -> Iterable[int]:
        """Who is online here."""
        return self._sockets.online()

    async def check(self, *, lists: bool) -> None:
        """Whose session has ended, which of the tickets that are open here have moved; and what who watches missed."""
        if self._catching_up is None:
            return
        sessions = {socket.session for socket in self._sockets.all()}
        super().sessions_ended(await self._catching_up.ended(sessions))
        for ticket in await self._catching_up.standing(self._sockets.heads.keys()):
            known, parties = self._sockets.heads.get(ticket.id), self._sockets.parties(ticket.id)
            if known is not None and (known[-1] < ticket.last_seq or parties != _parties(ticket)):
                self._fall_behind(ticket.id)
        if lists:
            await self._freshen_lists()

    def _spread(self, change: Change, origin: str | None) -> None:
        ticket, lost = change.ticket, lost_by(change)
        self.nodes.tell(
            Moved(
                ticket.id,
                ticket.last_seq,
                *_parties(ticket),
                reach_of(change),
                turned(change),
                [lost] if lost is not None else [],
            )
        )
        known = self._sockets.heads.get(ticket.id)
        before = change.before.heads.seqs if change.before else None
        if known is None or (known == before and ticket.id not in self._behind):
            self._push(change, origin)
            return
        if origin is not None:
            self._carried |= {(ticket.id, entry.seq): origin for entry in change.entries}
        if lost is not None:
            self._turn_out(ticket.id, lost, ticket.last_seq)
        self._freshen_all(change)
        self._fall_behind(ticket.id)

    def _moved(self, moved: Moved) -> None:
        known = self._sockets.heads.get(moved.ticket)
        for agent in moved.lost:
            self._turn_out(moved.ticket, agent, moved.seq)
            # It may be theirs again, where this is late or repeated.
            self._freshen(agent, moved.ticket)
        self._freshen_watchers(moved.ticket, (moved.customer, moved.agent), moved.reach, moved.turned)
        # Who else is to go, the reading says, before it tells anybody anything: this word may be late.
        if known is not None and known[-1] < moved.seq:
            self._fall_behind(moved.ticket)

    def _fall_behind(self, ticket: int) -> None:
        """Have it read, and those here told of what they have not been told of."""
        self._behind[ticket] = self._behind.get(ticket, 0) + 1
        if not self._working:
            self._working = True
            self._spawn(self._catch_up())

    async def _catch_up(self) -> None:
        """One reading at a time: what is read later goes out later."""
        try:
            while self._behind:
                await self._catch_up_some()
        finally:
            self._working = False

    async def _catch_up_some(self) -> None:
        heads = self._sockets.heads
        # Nobody is on the others any more.
        self._behind = {ticket: asked for ticket, asked in self._behind.items() if ticket in heads}
        some = dict(list(self._behind.items())[:AT_ONCE])
        if not some or self._catching_up is None:
            self._carried.clear()
            return
        try:
            found = await self._catching_up.missed({ticket: heads[ticket] for ticket in some})
        except Exception as error:  # noqa: BLE001 - the database is away: it is tried until it is back
            logger.debug("could not catch up: %s", type(error).__name__)
            await asyncio.sleep(RETRY)
            return
        for missed in found:
            self._tell_missed(missed)
        for ticket, asked in some.items():
            if self._behind.get(ticket) == asked:
                del self._behind[ticket]
        if not self._behind:
            self._carried.clear()

    def _tell_missed(self, missed: Missed) -> None:
        """Turn out whose ticket it no longer is, then push to each audience what it has not been told."""
        ticket = missed.ticket
        known = self._sockets.heads.get(ticket.id)
        # What took long to read may be older than what was pushed meanwhile: then it says nothing about anybody.
        if known is None or ticket.last_seq < known[-1]:
            return
        self._turn_out_all_but(ticket.id, ticket.agent_id, ticket.last_seq)
        if ticket.id not in self._sockets.heads:
            return
        if self._sockets.parties(ticket.id) != _parties(ticket):
            self._sockets.retie(ticket.id, _parties(ticket))
            self._introduce(ticket.id, ticket.agent_id)
        for role, depth in self._depth.items():
            prev = missed.prevs[depth]
            for entry in missed.entries:
                if entry.reach <= depth:
                    skip = frozenset((self._carried.get((ticket.id, entry.seq), ""),))
                    self._hand_out(entry, role, prev, skip)
                    prev = entry.seq
        self._sockets.heads[ticket.id] = ticket.heads.seqs

    async def _freshen_lists(self) -> None:
        """Words were missed that nobody can repeat: look through each list for what moved of late."""
        if self._reading is None:
            return
        since = clock.rfc3339(clock.now() - RECENT)
        for person in self._sockets.watchers():
            found = await self._reading.tickets(person, Filters(active=person.role is Role.ADMIN), limit=MOST)
            for body in found["tickets"]:
                if body["updated_at"] >= since:
                    self._freshen(person.id, body["id"])


def _parties(ticket: Ticket) -> tuple[int, int | None]:
    return ticket.customer_id, ticket.agent_id
