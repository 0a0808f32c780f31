"""The messages that lie unread, for the notices that tell of them."""

from typing import Any

import msgspec

from ccr.desk.notices import WAITS_UNREAD, Channel, Kind, Notice
from ccr.desk.people import Person, Role, full_name
from ccr.store import claims, outbox, read_marks
from ccr.store.connection import Connection
from ccr.store.owed import Owed

MOST = 50
"""Unread messages looked at; a mail quotes a few of them."""

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Unread(msgspec.Struct, frozen=True):
    """A message that its reader has neither read nor been told of by the channel; `at` in milliseconds UTC."""

    seq: int
    at: int
    author: str
    body: str
    is_bots: bool


def unread(
    connection: Connection,
    ticket: int,
    person: Person,
    channel: Channel = Channel.MAIL,
    target: int | None = None,
) -> list[Unread]:
    """The other side's messages that wait for this person, oldest first; of very many the newest `MOST`."""
    theirs = "<>" if person.role is Role.CUSTOMER else "="
    read = read_marks.find(connection, ticket, person.id) or 0
    rows = connection.up_to(
        MOST,
        "SELECT e.seq, e.happened_at, p.first_name, p.last_name, e.fields, e.actor_role "
        "FROM entries e JOIN people p ON p.id = e.actor_id "
        "WHERE e.ticket_id = ? AND e.seq > ? AND e.type = 'message_posted' "
        f"AND e.actor_role {theirs} 'customer' ORDER BY e.seq DESC",
        ticket,
        max(read, outbox.told_up_to(connection, ticket, person.id, channel.value, target)),
    )
    found = [(row, _decode(row[4])) for row in reversed(rows)]
    return [
        Unread(row[0], row[1], full_name(row[2], row[3]), _words(fields), row[5] == Role.BOT.value)
        for row, fields in found
        if not fields.get("redacted")
    ]


def settle(
    connection: Connection,
    owed: Owed,
    worker: str,
    state: str,
    now: int,
    *,
    ticket: int,
    person: Person,
    up_to: int,
    provider_id: str | None = None,
) -> bool:
    """Settle what is owed about messages up to number `up_to`, and owe the next one for what came meanwhile.

    As long as the row waited, newer messages may have put no row of their own. The ticket is locked, so that no
    message can slip in between the looking and the settling.
    """
    connection.dialect.lock_ticket(connection, ticket)
    if not claims.settle(connection, owed.id, worker, state, now, {"up_to": up_to}, provider_id):
        return False
    if outbox.waits(connection, ticket, person.id, Kind.MESSAGE_WAITING.value, Channel.EVERY.value):
        return True
    channel = Channel(owed.channel)
    if later := unread(connection, ticket, person, channel, owed.target):
        delay = max(0, later[0].at + WAITS_UNREAD - now) if channel is Channel.MAIL else 0
        notice = Notice(
            kind=Kind.MESSAGE_WAITING,
            to=person.id,
            ticket=ticket,
            delay=delay,
            once=True,
            channel=channel,
        )
        outbox.put(connection, notice, now, owed.target)
    return True


def _words(fields: dict[str, Any]) -> str:
    """What was written, and what the files that came with it are called."""
    names = [f"[{file['name']}]" for file in fields.get("attachments", ())]
    return "\n".join(part for part in (fields["body"], " ".join(names)) if part)
