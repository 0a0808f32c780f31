"""What a mail will say, gathered when it is about to go, and whether it is still worth sending."""

from typing import Any

import msgspec

from ccr.desk.clock import MINUTE
from ccr.desk.events import Reach
from ccr.desk.notices import WAITS_UNREAD, Channel, Kind
from ccr.desk.people import Person
from ccr.desk.ticket import Ticket
from ccr.ports import SendFailed
from ccr.services.carrying import Later, Pointless
from ccr.services.resets import GOOD_FOR
from ccr.store import bounces, lists, quiet_kinds, tickets, waiting
from ccr.store.connection import Connection
from ccr.store.lists import Seen
from ccr.store.outbox import Owed

QUOTED = 5
"""Messages quoted in one mail, the newest ones."""

QUOTED_LENGTH = 500
"""Characters quoted of each."""

CODE_WORTH = 60 * MINUTE
"""Nobody waits longer for a code than this, in milliseconds."""


class Send(msgspec.Struct, frozen=True, kw_only=True):
    """Worth sending, with this in the template. `up_to` is the newest message that it tells of."""

    reader: Person
    to: str
    data: dict[str, Any]
    up_to: int = 0


Verdict = Send | Later | Pointless


def judge(connection: Connection, owed: Owed, now: int, home: str) -> Verdict:
    """What to do with a mail owed to a person. `home` is what its links start with.

    It is worth nothing to who is gone or has no address, or (an agent) no longer has the ticket; or to who
    turned the kind off.
    """
    person = tickets.actor(connection, owed.person) if owed.person is not None else None
    if person is None or not person.active or not person.email:
        return Pointless()
    if (owed.kind, Channel.MAIL.value) in quiet_kinds.of(connection, person.id):
        return Pointless()
    refuse_bounced(connection, person.email)
    if owed.ticket is None:
        return Send(reader=person, to=person.email, data=_said(owed, person, home))
    found = lists.some(connection, person, Reach.EVERYONE, [owed.ticket])
    if not found:
        return Pointless()
    data = _said(owed, person, home) | {"ticket": _facts(found[0])}
    if owed.kind == Kind.MESSAGE_WAITING:
        return _waiting(connection, person, found[0].ticket, data, now)
    return Send(reader=person, to=person.email, data=data)


def refuse_bounced(connection: Connection, address: str) -> None:
    """Raise `SendFailed` for an address that mail came back from: it is not mailed until it is another."""
    if reason := bounces.why(connection, address):
        raise SendFailed(f"mail to this address came back: {reason}", again=False)


def with_code(owed: Owed, minted: tuple[Person, str] | None, home: str) -> Verdict:
    """The mail that carries a code just made, to the address it was asked for."""
    if minted is None or owed.address is None:
        return Pointless()
    person, code = minted
    data = _said(owed, person, home) | {"code": code, "minutes": GOOD_FOR // MINUTE}
    return Send(reader=person, to=person.email or owed.address, data=data)


def _waiting(
    connection: Connection, person: Person, ticket: Ticket, data: dict[str, Any], now: int
) -> Verdict:
    unread = waiting.unread(connection, ticket.id, person)
    if not unread:
        return Pointless(reader=person)
    if (due_at := unread[0].at + WAITS_UNREAD) > now:
        return Later(due_at)
    data |= {
        "messages": [
            {"author": message.author, "body": _cut(message.body), "at": message.at}
            for message in unread[-QUOTED:]
        ],
        "earlier": max(0, len(unread) - QUOTED),
    }
    return Send(reader=person, to=person.email or "", data=data, up_to=unread[-1].seq)


def _said(owed: Owed, person: Person, home: str) -> dict[str, Any]:
    """What every template may use; the notice's own data cannot take its place."""
    reader = {"name": person.name, "first_name": person.first_name, "role": person.role.value}
    return owed.data | {"reader": reader, "home": home, "at": owed.created_at, "unsubscribe": ""}


def _facts(seen: Seen) -> dict[str, Any]:
    ticket = seen.ticket
    return {
        "id": ticket.id,
        "query": ticket.query,
        "status": ticket.status.value,
        "priority": ticket.priority.value,
        "customer": seen.names.customer,
        "agent": seen.names.agent,
    }


def _cut(text: str) -> str:
    return text if len(text) <= QUOTED_LENGTH else text[: QUOTED_LENGTH - 1].rstrip() + "…"
