"""Lists of tickets as one person sees them: filters, search, keyset pages, counts."""

from typing import Any

import msgspec

from ccr.desk.events import MessagePosted, Reach
from ccr.desk.people import Person, Role, full_name
from ccr.desk.ticket import Names, Ticket
from ccr.store import tickets
from ccr.store.connection import Connection, Row

_TIME = {Reach.EVERYONE: "t.outline_at", Reach.CONVERSATION: "t.conversation_at", Reach.STAFF: "t.updated_at"}

LONGEST_SEARCH = 201
"""Characters of the longest text that is searched: first and last name, with the blank between them."""

# Named, since DB2 would take it for no longer than the text it is compared with.
_PATTERN = "CAST(? AS VARCHAR(1700))"


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is narrowed to; `None` and `False` narrow nothing."""

    status: str | None = None
    active: bool = False
    agent: int | None = None
    unassigned: bool = False
    waiting_on: str | None = None
    search: str | None = None


class Seen(msgspec.Struct, frozen=True):
    """A ticket, who is on it, and how far its viewer has read it."""

    ticket: Ticket
    names: Names
    read_seq: int
    unread: int


def page(
    connection: Connection,
    person: Person,
    clearance: Reach,
    filters: Filters,
    most: int,
    before: tuple[int, int] | None = None,
) -> list[Seen]:
    """At most `most` of the person's tickets, newest activity first, behind the one with this time and id."""
    time = _TIME[clearance]
    conditions, params = _conditions(person, filters)
    if before is not None:
        conditions.append(f"({time} < ? OR ({time} = ? AND t.id < ?))")
        params += [before[0], before[0], before[1]]
    return _seen(connection, person, clearance, conditions, params, f"ORDER BY {time} DESC, t.id DESC", most)


def some(connection: Connection, person: Person, clearance: Reach, ids: list[int]) -> list[Seen]:
    """Of the tickets with these ids those that are this person's to see."""
    marks = ", ".join("?" * len(ids))
    conditions, params = [f"t.id IN ({marks})", tickets.of_person(person)], [*ids, *tickets.owner(person)]
    return _seen(connection, person, clearance, conditions, params, "", len(ids))


def counts(connection: Connection, person: Person) -> dict[str, int]:
    """How many of the person's tickets stand where."""
    rows = connection.rows(
        "SELECT t.status, COUNT(*), SUM(CASE WHEN t.agent_id IS NULL THEN 1 ELSE 0 END), "
        "SUM(CASE WHEN t.waiting_on = 'agent' THEN 1 ELSE 0 END) "
        f"FROM tickets t WHERE {tickets.of_person(person)} GROUP BY t.status",
        *tickets.owner(person),
    )
    by_status = {row[0]: [int(n) for n in row[1:]] for row in rows}
    totals = {status: by_status.get(status, [0, 0, 0]) for status in ("open", "assigned", "closed")}
    return {
        "open": totals["open"][0],
        "assigned": totals["assigned"][0],
        "closed": totals["closed"][0],
        "unassigned": totals["open"][1] + totals["assigned"][1],
        "waiting_on_agent": totals["open"][2] + totals["assigned"][2],
    }


def loads(connection: Connection) -> list[tuple[int, str, str, int]]:
    """Every active agent: id, first name, last name, and how many tickets they have that are not closed."""
    rows = connection.rows(
        "SELECT p.id, p.first_name, p.last_name, "
        "(SELECT COUNT(*) FROM tickets t WHERE t.agent_id = p.id AND t.status <> 'closed') "
        "FROM people p WHERE p.role = 'agent' AND p.active = 1 ORDER BY p.first_name, p.last_name, p.id"
    )
    return [(row[0], row[1], row[2], int(row[3])) for row in rows]


def _seen(
    connection: Connection,
    person: Person,
    clearance: Reach,
    conditions: list[str],
    params: list[Any],
    order: str,
    most: int,
) -> list[Seen]:
    unread, unread_params = _unread(person, clearance)
    rows = connection.up_to(
        most,
        f"SELECT {tickets.COLUMNS}, c.first_name, c.last_name, a.first_name, a.last_name, "
        f"COALESCE(r.seq, 0), {unread} "
        "FROM tickets t JOIN people c ON c.id = t.customer_id LEFT JOIN people a ON a.id = t.agent_id "
        "LEFT JOIN read_marks r ON r.ticket_id = t.id AND r.person_id = ? "
        f"WHERE {' AND '.join(conditions)} {order}",
        *unread_params,
        person.id,
        *params,
    )
    return [_from_row(row) for row in rows]


def _from_row(row: Row) -> Seen:
    first, last, agent_first, agent_last, read_seq, unread = row[tickets.WIDTH :]
    agent = full_name(agent_first, agent_last) if agent_first is not None else None
    return Seen(tickets.from_row(row), Names(full_name(first, last), agent), int(read_seq), int(unread))


def _unread(person: Person, clearance: Reach) -> tuple[str, list[Any]]:
    """Messages of others behind the read mark; an admin who sees no messages has none."""
    if clearance < Reach.CONVERSATION:
        return "0", []
    messages = (
        "(SELECT COUNT(*) FROM entries e WHERE e.ticket_id = t.id AND e.seq > COALESCE(r.seq, 0) "
        "AND e.type = ? AND e.actor_id <> ?)"
    )
    return messages, [MessagePosted.type, person.id]


def _conditions(person: Person, filters: Filters) -> tuple[list[str], list[Any]]:
    conditions, params = [tickets.of_person(person)], list[Any](tickets.owner(person))
    if filters.status is not None:
        conditions.append("t.status = ?")
        params.append(filters.status)
    if filters.active:
        conditions.append("t.status <> 'closed'")
    if filters.agent is not None:
        conditions.append("t.agent_id = ?")
        params.append(filters.agent)
    if filters.unassigned:
        conditions.append("t.agent_id IS NULL")
    if filters.waiting_on is not None:
        conditions.append("t.waiting_on = ?")
        params.append(filters.waiting_on)
    if filters.search:
        _search(person, filters.search, conditions, params)
    return conditions, params


def _search(person: Person, words: str, conditions: list[str], params: list[Any]) -> None:
    """A ticket matches by its number, its query, or, for staff, its customer's name."""
    if len(words) > LONGEST_SEARCH:
        conditions.append("1 = 0")
        return
    like = "%" + words.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
    ways = [f"LOWER(t.query) LIKE {_PATTERN} ESCAPE '!'"]
    params.append(like)
    if person.role is not Role.CUSTOMER:
        ways.append(f"LOWER(c.first_name || ' ' || c.last_name) LIKE {_PATTERN} ESCAPE '!'")
        params.append(like)
    number = words.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 16:
        ways.append("t.id = ?")
        params.append(int(number))
    conditions.append(f"({' OR '.join(ways)})")
