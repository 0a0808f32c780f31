"""A ticket's present state, and how an event changes it."""

from enum import StrEnum
from typing import Any, Self

import msgspec

from ccr.desk import events as happened
from ccr.desk.clock import rfc3339
from ccr.desk.commands import Priority
from ccr.desk.events import Event, Reach
from ccr.desk.people import Person, Role


class Status(StrEnum):
    """Where a ticket stands."""

    OPEN = "open"
    ASSIGNED = "assigned"
    CLOSED = "closed"


class WaitingOn(StrEnum):
    """Whose turn it is."""

    AGENT = "agent"
    CUSTOMER = "customer"


class Heads(msgspec.Struct, frozen=True):
    """For each reach the last number seen there, and when: what makes `last_seq` and `updated_at` the viewer's own."""

    seqs: tuple[int, ...] = (0, 0, 0)
    times: tuple[int, ...] = (0, 0, 0)

    def after(self, reach: Reach, seq: int, at: int) -> Self:
        """Everybody whose clearance is at least `reach` has a new head."""
        new = 3 - reach
        return type(self)(self.seqs[:reach] + (seq,) * new, self.times[:reach] + (at,) * new)


class Names(msgspec.Struct, frozen=True):
    """What the two people on a ticket are called today."""

    customer: str
    agent: str | None


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """One customer's query as it stands. Times in milliseconds since 1970 UTC.

    `id` is 0 until it is stored. `waiting_since` is when it became the turn of `waiting_on`.
    """

    id: int
    query: str
    customer_id: int
    opened_at: int
    status: Status = Status.OPEN
    priority: Priority = Priority.NORMAL
    agent_id: int | None = None
    waiting_on: WaitingOn | None = None
    waiting_since: int | None = None
    stars: int | None = None
    rating_comment: str | None = None
    heads: Heads = Heads()

    @property
    def last_seq(self) -> int:
        """The number of the newest entry, whoever may see it."""
        return self.heads.seqs[Reach.STAFF]

    @property
    def updated_at(self) -> int:
        """When the newest entry came."""
        return self.heads.times[Reach.STAFF]

    @property
    def is_closed(self) -> bool:
        """Whether messages are refused."""
        return self.status is Status.CLOSED

    def after(self, event: Event, actor: Person, at: int) -> Self:
        """The ticket once `event` has happened as its next entry. Pure; a replay of the timeline gives the same."""
        heads = self.heads.after(event.reach, self.last_seq + 1, at)
        return msgspec.structs.replace(self, heads=heads, **_changes(self, event, actor, at))

    def wire(self, clearance: Reach, names: "Names", *, read_seq: int, unread: int) -> dict[str, Any]:
        """The ticket as the contract writes it, for a viewer with this clearance."""
        agent = {"id": self.agent_id, "name": names.agent} if self.agent_id else None
        rating = {"stars": self.stars, "comment": self.rating_comment} if self.stars else None
        return {
            "id": self.id,
            "query": self.query,
            "status": self.status.value,
            "priority": self.priority.value,
            "customer": {"id": self.customer_id, "name": names.customer},
            "agent": agent,
            "waiting_on": self.waiting_on.value if self.waiting_on else None,
            "waiting_since": rfc3339(self.waiting_since) if self.waiting_since else None,
            "opened_at": rfc3339(self.opened_at),
            "updated_at": rfc3339(self.heads.times[clearance]),
            "last_seq": self.heads.seqs[clearance],
            "read_seq": read_seq,
            "unread": unread,
            "rating": rating,
        }


def _changes(ticket: Ticket, event: Event, actor: Person, at: int) -> dict[str, Any]:  # noqa: PLR0911 - one line an event
    match event:
        case happened.TicketOpened():
            return _turn(ticket, WaitingOn.AGENT, at) | {
                "status": Status.OPEN,
                "priority": Priority(event.priority),
            }
        case happened.MessagePosted() if actor.role is Role.BOT:
            return {}  # whoever waits for a person goes on waiting
        case happened.MessagePosted():
            return _turn(ticket, WaitingOn.AGENT if actor.role is Role.CUSTOMER else WaitingOn.CUSTOMER, at)
        case happened.AgentAssigned(agent=None):
            return {"agent_id": None, "status": Status.OPEN}
        case happened.AgentAssigned(agent=agent):
            assert agent is not None
            return {"agent_id": agent.id, "status": Status.ASSIGNED}
        case happened.PriorityChanged():
            return {"priority": Priority(event.priority)}
        case happened.TicketClosed():
            return {"status": Status.CLOSED, "waiting_on": None, "waiting_since": None}
        case happened.TicketReopened():
            status = Status.ASSIGNED if ticket.agent_id else Status.OPEN
            return _turn(ticket, WaitingOn.AGENT, at) | {"status": status}
        case happened.TicketRated():
            return {"stars": event.stars, "rating_comment": event.comment}
        case _:
            return {}


def _turn(ticket: Ticket, whose: WaitingOn, at: int) -> dict[str, Any]:
    """It is somebody's turn; it goes on being so from when it first was."""
    since = ticket.waiting_since if ticket.waiting_on is whose else at
    return {"waiting_on": whose, "waiting_since": since}
