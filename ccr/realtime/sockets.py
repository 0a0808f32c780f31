"""Who is connected here, on which tickets, watching what: this process's own memory, rebuilt by every reconnect."""

from collections import defaultdict, deque
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import NamedTuple
from weakref import WeakSet

from ccr.desk.people import Person, Role
from ccr.services.identity import Identity

MOST_IN_FLIGHT = 100
"""Events one socket may have unanswered."""


MOST_HELD = 512 * 1024
"""Bytes of memory that the frames of one socket may take until they are carried out."""


MOST_OF_ONE = 32
"""Sockets that one person may have open on this process: tabs and devices, and lines that nobody knows to be dead."""


class Asked(NamedTuple):
    """An event from a client, not looked into yet: what is read of a frame may take twenty times its bytes.

    `number` is under which it wants its acknowledgement.
    """

    text: str
    number: int | None
    size: int
    """Bytes of memory that the text takes."""


class Socket:
    """One open connection of one person."""

    __slots__ = (
        "__weakref__",
        "ended",
        "held",
        "person",
        "session",
        "sid",
        "tickets",
        "waiting",
        "watching",
    )

    def __init__(self, sid: str, identity: Identity) -> None:
        self.sid = sid
        self.person: Person = identity.person
        self.session: int = identity.session_id
        self.tickets: dict[int, int] = {}
        """Those it is on, and up to which number of each it was read that its person may see it."""
        self.watching = False
        self.ended = False
        # The first is being carried out, the others are not yet begun: that keeps a sender's order.
        self.waiting: deque[Asked] = deque()
        self.held = 0


class Arrival:
    """Somebody comes: who it is, is being looked up."""

    def __init__(self) -> None:
        self.ended: set[int] = set()
        """Sessions that have ended meanwhile, when there was no socket to close."""


class Sockets:
    """Every socket of this process, found by sid, person, session or ticket."""

    def __init__(self) -> None:
        self._arriving: set[Arrival] = set()
        self._by_sid: dict[str, Socket] = {}
        # As long as something of theirs is being carried out.
        self._gone: WeakSet[Socket] = WeakSet()
        self._by_person: defaultdict[int, set[Socket]] = defaultdict(set)
        self._by_ticket: defaultdict[int, set[Socket]] = defaultdict(set)
        self._parties: dict[int, tuple[int, int | None]] = {}
        self.heads: dict[int, tuple[int, ...]] = {}
        """Of each ticket that somebody here is on: the numbers up to which they were told of it."""
        self._watchers: defaultdict[int, set[Socket]] = defaultdict(set)
        # Those of them who are on staff: few, where there may be thousands of customers.
        self._staff: set[int] = set()

    def get(self, sid: str) -> Socket | None:
        """The socket, while it is connected."""
        return self._by_sid.get(sid)

    def all(self) -> list[Socket]:
        """Everyone, as of now."""
        return list(self._by_sid.values())

    @contextmanager
    def arrival(self) -> Iterator[Arrival]:
        """As long as it takes to find out who comes, and to add them."""
        arrival = Arrival()
        self._arriving.add(arrival)
        try:
            yield arrival
        finally:
            self._arriving.discard(arrival)

    def sessions_ended(self, sessions: Collection[int]) -> None:
        """Those who come with one of these are not to be let in, and nothing more is done for those who have gone."""
        for socket in self._gone:
            socket.ended = socket.ended or socket.session in sessions
        for arrival in self._arriving:
            arrival.ended.update(sessions)

    def many(self, person: int) -> bool:
        """Whether they have as many sockets as one may have."""
        return len(self._by_person.get(person, ())) >= MOST_OF_ONE

    def add(self, socket: Socket) -> bool:
        """Whether it is the person's first."""
        self._by_sid[socket.sid] = socket
        mine = self._by_person[socket.person.id]
        mine.add(socket)
        return len(mine) == 1

    def remove(self, sid: str) -> Socket | None:
        """The socket that has gone, if it was known."""
        socket = self._by_sid.pop(sid, None)
        if socket is None:
            return None
        self.silence(socket)
        self._gone.add(socket)
        _drop(self._by_person, socket.person.id, socket)
        return socket

    def join(
        self, socket: Socket, ticket: int, parties: tuple[int, int | None], heads: tuple[int, ...]
    ) -> None:
        """The socket is on the ticket, which is between these two and has come so far."""
        self._by_ticket[ticket].add(socket)
        self.prove(socket, ticket, max(heads, default=0))
        # Those who are on it already may have been told of less than was just read, or of more.
        if ticket not in self._parties:
            self._parties[ticket] = parties
            self.heads[ticket] = heads

    def prove(self, socket: Socket, ticket: int, seq: int) -> None:
        """When the ticket had come so far, the person of this socket, which is on it, was read to be one who may be."""
        socket.tickets[ticket] = max(seq, socket.tickets.get(ticket, 0))

    def proven(self, ticket: int, person: int) -> int:
        """The last number at which the ticket is known to have been this agent's: nothing older can take it away."""
        told = self.heads[ticket][-1] if person in self._parties.get(ticket, ()) else 0
        mine = (each.tickets[ticket] for each in self.on_ticket(ticket) if each.person.id == person)
        return max((told, *mine))

    def leave(self, socket: Socket, ticket: int) -> None:
        """It no longer is."""
        socket.tickets.pop(ticket, None)
        _drop(self._by_ticket, ticket, socket)
        if ticket not in self._by_ticket:
            self._parties.pop(ticket, None)
            self.heads.pop(ticket, None)

    def watch(self, socket: Socket) -> None:
        """The socket wants to hear of its person's list."""
        socket.watching = True
        self._watchers[socket.person.id].add(socket)
        if socket.person.role is not Role.CUSTOMER:
            self._staff.add(socket.person.id)

    def silence(self, socket: Socket) -> None:
        """It is about to be closed: it is on no ticket and watches nothing any more."""
        for ticket in list(socket.tickets):
            self.leave(socket, ticket)
        socket.watching = False
        _drop(self._watchers, socket.person.id, socket)
        if socket.person.id not in self._watchers:
            self._staff.discard(socket.person.id)

    def on_ticket(self, ticket: int) -> list[Socket]:
        """The sockets that joined it."""
        return list(self._by_ticket.get(ticket, ()))

    def parties(self, ticket: int) -> tuple[int, int | None] | None:
        """Between whom it is, as far as those here were told."""
        return self._parties.get(ticket)

    def told_beyond(self, ticket: int, heads: tuple[int, ...]) -> bool:
        """Whether those who are on the ticket here were told of more than this."""
        return ticket in self.heads and self.heads[ticket][-1] > heads[-1]

    def retie(self, ticket: int, parties: tuple[int, int | None]) -> None:
        """The ticket is between these two from now on."""
        if ticket in self._parties:
            self._parties[ticket] = parties

    def beside(self, person: int) -> set[Socket]:
        """The sockets on a ticket with this person, and the watchers on staff: those who are told of their presence."""
        found = {socket for watcher in self._staff for socket in self._watchers[watcher]}
        for ticket, parties in self._parties.items():
            if person in parties:
                found |= self._by_ticket[ticket]
        return {socket for socket in found if socket.person.id != person}

    def watchers(self) -> list[Person]:
        """The people who watch, each once."""
        return [next(iter(sockets)).person for sockets in self._watchers.values()]

    def watcher(self, person: int) -> Person | None:
        """The person, if they watch."""
        sockets = self._watchers.get(person)
        return next(iter(sockets)).person if sockets else None

    def watchers_of(self, parties: tuple[int, int | None]) -> Iterator[Person]:
        """Those who watch and see a ticket between these two: the two, and every admin."""
        for each in {*parties, *self._staff}:
            person = self.watcher(each) if each is not None else None
            if person is not None and (each in parties or person.role is Role.ADMIN):
                yield person

    def of_sessions(self, sessions: frozenset[int]) -> list[Socket]:
        """The sockets that came with these sessions."""
        return [socket for socket in self._by_sid.values() if socket.session in sessions]

    def is_online(self, person: int) -> bool:
        """Whether they have a socket here."""
        return person in self._by_person

    def online(self) -> frozenset[int]:
        """Ids of the people with a socket here."""
        return frozenset(self._by_person)


def _drop(index: defaultdict[int, set[Socket]], key: int, socket: Socket) -> None:
    if key in index:
        index[key].discard(socket)
        if not index[key]:
            del index[key]


def ticket_room(ticket: int, role: Role) -> str:
    """The room of one ticket's audience: derived here, never taken from a client."""
    return f"ticket:{ticket}:{role.value}"


def watch_room(person: int) -> str:
    """The room of one person's watching sockets."""
    return f"watch:{person}"
