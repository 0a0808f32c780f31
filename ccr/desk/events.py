"""What happened to a ticket: the closed list of events, and how far each reaches."""

from enum import IntEnum
from typing import Any, ClassVar

import msgspec

from ccr.desk.clock import rfc3339


class Reach(IntEnum):
    """How far an entry is seen, and, of a viewer, how deep they see.

    A viewer sees an entry when their clearance is at least the entry's reach. One number says it for SQL, for pushes
    and for paging alike.
    """

    EVERYONE = 0
    """The outline: opened, assigned, closed, rated. Admins who do not read along see just this."""
    CONVERSATION = 1
    """What the two people say to each other. Customers see up to here."""
    STAFF = 2
    """Internal notes. The assigned agent sees everything."""


class AgentName(msgspec.Struct, frozen=True):
    """An agent as a timeline names them."""

    id: int
    name: str


class Attached(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file as its message names it. Width and height in pixels, of pictures; the other two are a voice note's."""

    id: int
    name: str
    media_type: str
    bytes: int
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    waveform: str | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The content of an entry; its fields are the contract's. Stored as JSON, its `type` in a column of its own."""

    reach: ClassVar[Reach] = Reach.EVERYONE
    type: ClassVar[str]


class TicketOpened(Event, frozen=True):
    """A customer asked something."""

    type: ClassVar[str] = "ticket_opened"
    query: str
    priority: str
    details: str | None = None


class MessagePosted(Event, frozen=True):
    """The customer, the assigned agent or the bot wrote. `redacted` once blanked; files may come without words."""

    type: ClassVar[str] = "message_posted"
    reach: ClassVar[Reach] = Reach.CONVERSATION
    body: str
    reply_to: int | None = None
    attachments: tuple[Attached, ...] = ()
    redacted: bool = False


class NotePosted(Event, frozen=True):
    """An agent wrote for agents only."""

    type: ClassVar[str] = "note_posted"
    reach: ClassVar[Reach] = Reach.STAFF
    body: str
    redacted: bool = False


class AgentAssigned(Event, frozen=True):
    """The ticket went to an agent, or to nobody."""

    type: ClassVar[str] = "agent_assigned"
    agent: AgentName | None


class PriorityChanged(Event, frozen=True):
    """Somebody on staff weighed it anew."""

    type: ClassVar[str] = "priority_changed"
    priority: str


class TicketClosed(Event, frozen=True):
    """No more messages, until it is reopened."""

    type: ClassVar[str] = "ticket_closed"
    reason: str | None = None


class TicketReopened(Event, frozen=True):
    """It goes on."""

    type: ClassVar[str] = "ticket_reopened"


class TicketRated(Event, frozen=True):
    """The customer's opinion of how it went, 1 to 5 stars."""

    type: ClassVar[str] = "ticket_rated"
    stars: int
    comment: str | None = None


class MessageRedacted(Event, frozen=True):
    """The words of entry `of` are gone. It reaches as far as what it blanks."""

    type: ClassVar[str] = "message_redacted"
    reach: ClassVar[Reach] = Reach.CONVERSATION
    of: int
    reason: str | None = None


class NoteRedacted(MessageRedacted, frozen=True):
    """The same for a note, which only staff saw."""

    reach: ClassVar[Reach] = Reach.STAFF


class PersonRequested(Event, frozen=True):
    """The customer wants a person: from here on the bot is silent."""

    type: ClassVar[str] = "person_requested"


EVENTS: dict[str, type[Event]] = {
    event.type: event
    for event in (
        TicketOpened,
        MessagePosted,
        NotePosted,
        AgentAssigned,
        PriorityChanged,
        TicketClosed,
        TicketReopened,
        TicketRated,
        MessageRedacted,
        PersonRequested,
    )
}
"""Every event type by its name on the wire."""


class Actor(msgspec.Struct, frozen=True):
    """Who did it, as others see them."""

    id: int
    name: str
    role: str


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to one ticket.

    `seq` is its number, gap-free from 1; `at` in milliseconds since 1970 UTC; `reach` says who sees it; `fields`
    are the event's own, ready for the wire.
    """

    ticket: int
    seq: int
    at: int
    actor: Actor
    key: str
    type: str
    reach: int
    fields: dict[str, Any]


def is_text(entry: Entry) -> bool:
    """Whether somebody's words are in it, which may be quoted or redacted."""
    return entry.type in (MessagePosted.type, NotePosted.type)


def entry_wire(entry: Entry, prev: int, viewer: int) -> dict[str, Any]:
    """The entry as the contract writes it for the person `viewer`; `prev` numbers the one they saw before it."""
    actor = entry.actor
    body: dict[str, Any] = {
        "ticket": entry.ticket,
        "seq": entry.seq,
        "prev": prev,
        "at": rfc3339(entry.at),
        "actor": {"id": actor.id, "name": actor.name, "role": actor.role},
        "type": entry.type,
    }
    if viewer == actor.id:
        body["key"] = entry.key
    body.update(entry.fields)
    return body
