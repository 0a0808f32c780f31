"""What a notification says, gathered when it is about to go, and whether it is still worth showing.

It stands on a lock screen for everybody to see: it tells that something happened on which ticket, and a customer which
agent it was, but neither a customer's name nor what anybody wrote.
"""

from typing import Any

import msgspec

from ccr.desk.clock import HOUR
from ccr.desk.events import Reach
from ccr.desk.notices import GLANCE, Channel, Kind
from ccr.desk.people import Person, Role
from ccr.desk.ticket import Status
from ccr.services.carrying import Later, Pointless
from ccr.services.signing_in import IDLE
from ccr.store import lists, quiet_kinds, read_marks, subscriptions, tickets, waiting
from ccr.store.connection import Connection
from ccr.store.lists import Seen
from ccr.store.owed import Owed
from ccr.store.subscriptions import Subscription

LASTS = 24 * HOUR
"""A notification that could not be shown for so long is no news any more, in milliseconds."""


class Send(msgspec.Struct, frozen=True, kw_only=True):
    """Worth showing at this browser. `up_to` is the newest message that it tells of."""

    reader: Person
    where: Subscription
    content: dict[str, Any]
    up_to: int = 0


Verdict = Send | Later | Pointless


def judge(connection: Connection, owed: Owed, now: int) -> Verdict:
    """What to do with a notification owed to a browser.

    It is worth nothing to who is signed out there, turned its kind off, no longer has the ticket, or is looking at it:
    what they have seen, they have read.
    """
    where = subscriptions.find(connection, owed.target) if owed.target is not None else None
    person = _reader(connection, owed, where, now)
    found = lists.some(connection, person, Reach.EVERYONE, [owed.ticket]) if person and owed.ticket else []
    if where is None or person is None or not found:
        return Pointless()
    if (due_at := owed.created_at + GLANCE) > now:
        return Later(due_at)
    ticket, author, up_to = found[0].ticket.id, "", 0
    if owed.kind == Kind.MESSAGE_WAITING:
        unread = waiting.unread(connection, ticket, person, Channel.PUSH, owed.target)
        if not unread:
            return Pointless(reader=person)
        up_to, author = unread[-1].seq, unread[-1].author
    elif read_marks.moved_since(connection, ticket, person.id, owed.created_at):
        return Pointless(reader=person)
    title = _title(owed.kind, person, found[0], author)
    if title is None:
        return Pointless()
    return Send(reader=person, where=where, content=_content(owed, title, ticket), up_to=up_to)


def _reader(connection: Connection, owed: Owed, where: Subscription | None, now: int) -> Person | None:
    """Who is still signed in there and wants to hear of it, unless it has taken too long."""
    if where is None or where.person != owed.person or where.seen_at <= now - IDLE:
        return None
    person = tickets.actor(connection, where.person)
    if person is None or not person.active or now > owed.created_at + LASTS:
        return None
    return person if quiet_kinds.wants(connection, person.id, owed.kind, Channel.PUSH) else None


def _content(owed: Owed, title: str, ticket: int) -> dict[str, Any]:
    """By `id` the browser knows a second copy; `at` in milliseconds UTC."""
    return {
        "id": owed.id,
        "ticket": ticket,
        "title": title,
        "body": f"Ticket {ticket}",
        "path": f"/tickets/{ticket}",
        "at": owed.created_at,
    }


def _title(kind: str, person: Person, seen: Seen, author: str) -> str | None:
    """`None` where it is no longer so."""
    is_customer = person.role is Role.CUSTOMER
    agent = seen.names.agent
    match kind:
        case Kind.MESSAGE_WAITING.value:
            return f"{author} answered" if is_customer else "The customer wrote"
        case Kind.AGENT_ASSIGNED.value:
            return f"{agent} now looks after it" if agent else None
        case Kind.TICKET_ASSIGNED.value:
            return "A ticket is yours now" if seen.ticket.agent_id == person.id else None
        case Kind.TICKET_CLOSED.value:
            return "Your ticket is closed" if is_customer else "A ticket of yours is closed"
        case Kind.TICKET_RAISED.value:
            return "A new ticket waits for an agent" if seen.ticket.status is Status.OPEN else None
        case _:
            return None
