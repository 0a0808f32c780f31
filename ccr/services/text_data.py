"""What a text message says, gathered when it is about to go, and whether it is still worth sending.

It stands on a lock screen for everybody to see, so it says that something happened and where to read it, no more:
neither names nor what anybody wrote.
"""

import ipaddress
from urllib.parse import urlsplit

import msgspec

from ccr.desk.clock import MINUTE, SECOND
from ccr.desk.events import Reach
from ccr.desk.notices import Channel, Kind
from ccr.desk.people import Person, Role
from ccr.services.carrying import Later, Pointless
from ccr.services.mobiles import TEXTED
from ccr.services.resets import GOOD_FOR
from ccr.store import lists, mobiles, outbox, quiet_kinds, read_marks, tickets, waiting
from ccr.store.connection import Connection
from ccr.store.owed import Owed

WAITS = 30 * SECOND
"""How long a message lies unread before its reader is texted, in milliseconds: who is talking just now is not."""

US = "Customer Care Registry"


class Send(msgspec.Struct, frozen=True, kw_only=True):
    """Worth sending. `up_to` is the newest message that it tells of."""

    reader: Person
    to: str
    body: str
    up_to: int = 0


Verdict = Send | Later | Pointless


def judge(connection: Connection, owed: Owed, now: int, home: str) -> Verdict:
    """What to do with a text owed to a person. `home` is what its link starts with.

    It is worth nothing to who is gone, wants none (of its kind), or no longer has the ticket.
    """
    person = tickets.actor(connection, owed.person) if owed.person is not None else None
    mobile = mobiles.find(connection, person.id) if person and person.active else None
    if person is None or mobile is None or not mobile.texts or person.role not in TEXTED or not owed.ticket:
        return Pointless()
    found = lists.some(connection, person, Reach.EVERYONE, [owed.ticket])
    if not found or not quiet_kinds.wants(connection, person.id, owed.kind, Channel.SMS):
        return Pointless()
    ticket = found[0].ticket
    link = f"{home}/tickets/{ticket.id}"
    if owed.kind == Kind.MESSAGE_WAITING:
        return _waiting(connection, person, ticket.id, mobile.number, link, now)
    if read_marks.moved_since(connection, ticket.id, person.id, owed.created_at):
        return Pointless(reader=person)
    words = {
        Kind.AGENT_ASSIGNED.value: f"an agent now looks after your ticket {ticket.id}.",
        Kind.TICKET_ASSIGNED.value: f"ticket {ticket.id} is yours now.",
    }
    if owed.kind not in words:
        return Pointless()
    return Send(reader=person, to=mobile.number, body=f"{US}: {words[owed.kind]} {link}")


def code_body(code: str, home: str) -> str:
    """The text that carries a code. By its last line phones know which site the code may be filled in at."""
    words = f"{code} is your code for the {US}, good for {GOOD_FOR // MINUTE} minutes."
    host = urlsplit(home).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return f"{words}\n\n@{host} #{code}"
    return words


def _waiting(
    connection: Connection, person: Person, ticket_id: int, number: str, link: str, now: int
) -> Verdict:
    """One text for each ticket that waits: the next only when this one's messages have been read."""
    unread = waiting.unread(connection, ticket_id, person, Channel.SMS)
    if not unread:
        return Pointless(reader=person)
    told = outbox.told_up_to(connection, ticket_id, person.id, Channel.SMS.value)
    if told > (read_marks.find(connection, ticket_id, person.id) or 0):
        return Pointless(reader=person)
    if (due_at := unread[0].at + WAITS) > now:
        return Later(due_at)
    what = "a reply waits on your" if person.role is Role.CUSTOMER else "the customer wrote on"
    return Send(
        reader=person, to=number, body=f"{US}: {what} ticket {ticket_id}. {link}", up_to=unread[-1].seq
    )
