"""The messages that lie unread, for the mail that tells of them."""

from typing import Any

import msgspec

from ccr.desk.notices import WAITS_UNREAD, Kind, Notice
from ccr.desk.people import Person, Role, full_name
from ccr.store import outbox, read_marks
from ccr.store.connection import Connection

MOST = 50
"""Unread messages looked at; a mail quotes a few of them."""

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Unread(msgspec.Struct, frozen=True):
    """A message that its reader has neither read nor been mailed about; `at` in milliseconds UTC."""

    seq: int
    at: int
    author: str
    body: str


def unread(connection: Connection, ticket: int, person: Person) -> list[Unread]:
    """The other side's messages that wait for this person, oldest first; of very many the newest `MOST`."""
    theirs = "<>" if person.role is Role.CUSTOMER else "="
    read = read_marks.find(connection, ticket, person.id) or 0
    rows = connection.up_to(
        MOST,
        "SELECT e.seq, e.happened_at, p.first_name, p.last_name, e.fields "
        "FROM entries e JOIN people p ON p.id = e.actor_id "
        "WHERE e.ticket_id = ? AND e.seq > ? AND e.type = 'message_posted' "
        f"AND e.actor_role {theirs} 'customer' ORDER BY e.seq DESC",
        ticket,
        max(read, outbox.mailed_up_to(connection, ticket, person.id)),
    )
    found = [(row, _decode(row[4])) for row in reversed(rows)]
    return [
        Unread(row[0], row[1], full_name(row[2], row[3]), fields["body"])
        for row, fields in found
        if not fields.get("redacted")
    ]


def settle(
    connection: Connection,
    row: int,
    worker: str,
    state: str,
    now: int,
    *,
    ticket: int,
    person: Person,
    up_to: int,
) -> bool:
    """Settle the mail about messages up to number `up_to`, and owe the next one for what came meanwhile.

    As long as the row waited, newer messages put no row of their own. The ticket is locked, so that no
    message can slip in between the looking and the settling.
    """
    connection.dialect.lock_ticket(connection, ticket)
    if not outbox.settle(connection, row, worker, state, now, {"up_to": up_to}):
        return False
    if later := unread(connection, ticket, person):
        delay = max(0, later[0].at + WAITS_UNREAD - now)
        notice = Notice(kind=Kind.MESSAGE_WAITING, to=person.id, ticket=ticket, delay=delay, once=True)
        outbox.put(connection, notice, now)
    return True
