"""What a mail will say, gathered when it is about to go, and whether it is still worth sending."""

from typing import Any

import msgspec

from ccr.desk.clock import MINUTE
from ccr.desk.notices import WAITS_UNREAD, Kind
from ccr.desk.people import Person
from ccr.desk.ticket import Names, Ticket
from ccr.ports import SendFailed
from ccr.services.carrying import Later, Pointless
from ccr.services.resets import GOOD_FOR
from ccr.store import read_marks, recipients, waiting
from ccr.store.connection import Connection
from ccr.store.owed import Owed
from ccr.store.recipients import Recipient
from ccr.store.waiting import Unread

QUOTED = 5
"""Messages quoted in one mail, the newest ones."""

QUOTED_LENGTH = 500
"""Characters quoted of each."""

HELP = "/help/"
"""What every address in the help begins with, on whichever site."""

CODE_WORTH = 60 * MINUTE
"""Nobody waits longer for a code than this, in milliseconds."""


class Send(msgspec.Struct, frozen=True, kw_only=True):
    """Worth sending, with this in the template. `up_to` is the newest message that it tells of."""

    reader: Person
    to: str
    data: dict[str, Any]
    up_to: int = 0


Verdict = Send | Later | Pointless

PROMPT = MINUTE
"""What goes out in less, in milliseconds, goes to whoever has seen it already, too: it is their receipt."""

NEWS = frozenset({Kind.AGENT_ASSIGNED, Kind.TICKET_ASSIGNED, Kind.TICKET_CLOSED})
"""What whoever has been on the ticket since then knows."""


def judge(connection: Connection, owed: list[Owed], now: int, home: str) -> list[Verdict | SendFailed]:
    """What to do with each of these mails, owed to a person each. `home` is what their links start with.

    One is worth nothing to who is gone or has no address, or (an agent) no longer has the ticket; or to who
    turned the kind off; or, where it is late, if it is no longer news. It fails where mail to the address came back.
    """
    found = recipients.of(connection, [each.id for each in owed])
    return [_judge(connection, each, found.get(each.id), now, home) for each in owed]


def _judge(
    connection: Connection, owed: Owed, found: Recipient | None, now: int, home: str
) -> Verdict | SendFailed:
    if found is None or not found.person.active or not found.person.email or found.quiet:
        return Pointless()
    if found.bounced:
        return came_back(found.bounced)
    person, ticket, names = found.person, found.ticket, found.names
    data, to = _said(owed, person, home), found.person.email
    if owed.ticket is None:
        return Send(reader=person, to=to, data=data)
    if ticket is None or names is None or _is_stale(connection, owed, person, ticket, names, now):
        return Pointless()
    data["ticket"] = _facts(ticket, names)
    if owed.kind == Kind.MESSAGE_WAITING:
        return _waiting(connection, person, ticket, data, now)
    return Send(reader=person, to=to, data=data)


def _is_stale(
    connection: Connection, owed: Owed, person: Person, ticket: Ticket, names: Names, now: int
) -> bool:
    """It is late, and its reader has seen it on the page, or (which has a mail of its own) another agent has the ticket
    by now.
    """
    if now - owed.created_at < PROMPT or owed.kind not in NEWS:
        return False
    replaced = owed.kind == Kind.AGENT_ASSIGNED and owed.data.get("agent") != names.agent
    return replaced or read_marks.moved_since(connection, ticket.id, person.id, owed.created_at)


def came_back(reason: str) -> SendFailed:
    """Mail from an address came back: it is not mailed until it is another."""
    return SendFailed("mail to this address came back", again=False, quoted=reason)


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
            {"author": message.author, "body": _quoted(message, data["home"]), "at": message.at}
            for message in unread[-QUOTED:]
        ],
        "earlier": max(0, len(unread) - QUOTED),
    }
    return Send(reader=person, to=person.email or "", data=data, up_to=unread[-1].seq)


def _quoted(message: Unread, home: str) -> str:
    """What the bot names of the help can be opened from a mail only where it says on which site it is."""
    body = _cut(message.body)
    return body.replace(f"({HELP}", f"({home}{HELP}") if message.is_bots else body


def _said(owed: Owed, person: Person, home: str) -> dict[str, Any]:
    """What every template may use; the notice's own data cannot take its place."""
    reader = {"name": person.name, "first_name": person.first_name, "role": person.role.value}
    return owed.data | {"reader": reader, "home": home, "at": owed.created_at, "unsubscribe": ""}


def _facts(ticket: Ticket, names: Names) -> dict[str, Any]:
    return {
        "id": ticket.id,
        "query": ticket.query,
        "status": ticket.status.value,
        "priority": ticket.priority.value,
        "customer": names.customer,
        "agent": names.agent,
    }


def _cut(text: str) -> str:
    return text if len(text) <= QUOTED_LENGTH else text[: QUOTED_LENGTH - 1].rstrip() + "…"
