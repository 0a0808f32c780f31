"""How a notice becomes one row for each way in which its reader wants to hear of it.

Decided when it is due, not when it is put: the sender of a message waits for none of this.
"""

from typing import NamedTuple

from ccr.desk.notices import CHANNELS, WAITS_UNREAD, Channel, Kind
from ccr.desk.people import Person, Role
from ccr.store import mobiles, outbox, people, quiet_kinds, subscriptions, tickets, waiting
from ccr.store.connection import Connection

Way = tuple[Channel, int | None]
"""A channel, with the place meant where there are several."""

Ways = list[Way]


_OFFERED = {kind.value: channels for kind, channels in CHANNELS.items()}
"""An unknown kind is an error: a newer version put it, whose postman knows what to do with it."""


class Notice(NamedTuple):
    """A row to be spread."""

    id: int
    kind: str
    person: int | None
    ticket: int | None
    data: str
    created_at: int


def places(connection: Connection, person: Person) -> Ways:
    """Where this person can be reached, whatever they want to hear of. Mail comes first."""
    found: Ways = [(Channel.MAIL, None)] if person.email else []
    mobile = mobiles.find(connection, person.id)
    if mobile is not None and mobile.texts:
        found.append((Channel.SMS, None))
    return found + [(Channel.PUSH, browser.id) for browser in subscriptions.of_person(connection, person.id)]


def ways(connection: Connection, person: Person, kind: str) -> Ways:
    """By which channels, and where, this person is told of this kind."""
    quiet = quiet_kinds.of(connection, person.id)
    offered = {channel.value for channel in _OFFERED[kind]}
    return [
        way
        for way in places(connection, person)
        if way[0].value in offered and (kind, way[0].value) not in quiet
    ]


def spread(connection: Connection, row: int, ticket: int | None, now: int) -> bool:
    """Spread this notice, unless another postman did; whether anything is due at once because of it."""
    if ticket is not None:
        connection.dialect.lock_ticket(connection, ticket)
    notice = _find(connection, row, now)
    if notice is None:
        return False
    if notice.person is None:
        return _spread_to_admins(connection, notice, now)
    person = tickets.actor(connection, notice.person)
    open_ways = ways(connection, person, notice.kind) if person and person.active else []
    if person is None or not open_ways:
        return _end(connection, notice, now)
    if notice.kind == Kind.MESSAGE_WAITING.value and notice.ticket is not None:
        if open_ways == [(Channel.MAIL, None)]:
            return _wait_for_mail(connection, notice, notice.ticket, person, now)
        return _spread_waiting(connection, notice, notice.ticket, person, open_ways, now)
    for way in open_ways[1:]:
        _copy(connection, notice, way, now)
    _become(connection, notice, open_ways[0], now)
    return True


def _spread_to_admins(connection: Connection, notice: Notice, now: int) -> bool:
    """A row for each admin who is told of it in some way. Where there is none, nothing is left of it."""
    told = False
    for admin in people.with_role(connection, Role.ADMIN):
        for way in ways(connection, admin, notice.kind) if admin.active else []:
            _copy(connection, notice._replace(person=admin.id), way, now)
            told = True
    _drop(connection, notice)
    return told


def _wait_for_mail(connection: Connection, notice: Notice, ticket: int, person: Person, now: int) -> bool:
    """Who is told by mail alone is told later; as long as this row waits, further messages put none of their own."""
    if now < notice.created_at + WAITS_UNREAD:
        return _wait(connection, notice, notice.created_at + WAITS_UNREAD)
    unread = waiting.unread(connection, ticket, person)
    if not unread:
        return _end(connection, notice, now)
    if now < (mail_due := unread[0].at + WAITS_UNREAD):
        return _wait(connection, notice, mail_due)
    if _told_by(connection, notice, (Channel.MAIL, None)):
        return _drop(connection, notice)
    return _become(connection, notice, (Channel.MAIL, None), now)


def _spread_waiting(
    connection: Connection, notice: Notice, ticket: int, person: Person, open_ways: Ways, now: int
) -> bool:
    """The mail is due later than the rest, and one row of each way is enough for all messages of the ticket."""
    for way in open_ways:
        unread = waiting.unread(connection, ticket, person, *way)
        if unread and not _told_by(connection, notice, way):
            later = unread[0].at + WAITS_UNREAD if way[0] is Channel.MAIL else 0
            _copy(connection, notice, way, max(now, later))
    _drop(connection, notice)
    return True


def _find(connection: Connection, row: int, now: int) -> Notice | None:
    found = connection.row(
        "SELECT id, kind, person_id, ticket_id, data, created_at FROM outbox WHERE id = ? "
        "AND state = 'waiting' AND channel = 'every' AND due_at <= ?",
        row,
        now,
    )
    return Notice(*found) if found else None


def _told_by(connection: Connection, notice: Notice, way: Way) -> bool:
    return outbox.waits(connection, notice.ticket, notice.person, notice.kind, way[0].value, way[1])


def _become(connection: Connection, notice: Notice, way: Way, now: int) -> bool:
    connection.run(
        "UPDATE outbox SET channel = ?, target_id = ?, due_at = ? WHERE id = ?",
        way[0].value,
        way[1],
        now,
        notice.id,
    )
    return True


def _copy(connection: Connection, notice: Notice, way: Way, due_at: int) -> None:
    connection.run(
        "INSERT INTO outbox (kind, channel, target_id, person_id, ticket_id, data, state, created_at, due_at, "
        "tries, claimed_until) VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?, ?, 0, 0)",
        notice.kind,
        way[0].value,
        way[1],
        notice.person,
        notice.ticket,
        notice.data,
        notice.created_at,
        due_at,
    )


def _wait(connection: Connection, notice: Notice, due_at: int) -> bool:
    connection.run("UPDATE outbox SET due_at = ? WHERE id = ?", due_at, notice.id)
    return False


def _drop(connection: Connection, notice: Notice) -> bool:
    connection.run("DELETE FROM outbox WHERE id = ?", notice.id)
    return False


def _end(connection: Connection, notice: Notice, now: int) -> bool:
    connection.run(
        "UPDATE outbox SET state = 'pointless', settled_at = ?, data = '{}' WHERE id = ?", now, notice.id
    )
    return False
