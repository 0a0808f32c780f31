"""What the bot on tickets must know: who it is, whom it may still answer, and how long people wait."""

from typing import NamedTuple

from ccr.desk.events import MessagePosted, PersonRequested
from ccr.desk.people import Person, Role
from ccr.store import people
from ccr.store.connection import Connection

LOGIN = "*assistant*"
"""No form takes this as a username, so that nobody else has it; and without a password nobody signs in by it."""

MOST = 200
"""Tickets looked at in one go."""

_NOT_SILENT = (
    "NOT EXISTS (SELECT 1 FROM entries e WHERE e.ticket_id = t.id AND "
    "(e.type = ? OR (e.type = ? AND e.actor_role = 'agent')))"
)


def person(connection: Connection, now: int) -> Person:
    """The bot as an actor, made where it is not there yet. Raises the driver's error if another made it just now."""
    held = people.owner(connection, LOGIN)
    found = people.find(connection, held) if held is not None else None
    if found is not None:
        return found
    made = Person(
        id=0, role=Role.BOT, first_name="Assistant", last_name="", email=None, mobile=None, username=LOGIN
    )
    return people.add(connection, made, None, now)


class Waiting(NamedTuple):
    """A customer who waits for an agent's first word: since when, in milliseconds, and which agent has it."""

    ticket: int
    agent: int | None
    since: int


def waiting(connection: Connection, after: int, ticket: int | None = None) -> list[Waiting]:
    """Whose customer waits since some time after this, and was not told in that time how long it may take.

    Longest first; of one `ticket`, or of all.
    """
    rows = connection.up_to(
        MOST,
        "SELECT t.id, t.agent_id, t.waiting_since FROM tickets t WHERE t.status <> 'closed' "
        f"AND t.waiting_on = 'agent' AND t.waiting_since > ?{'' if ticket is None else ' AND t.id = ?'} "
        "AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.ticket_id = t.id AND e.type = ? AND (e.actor_role = 'agent' "
        "OR (e.actor_role = 'bot' AND e.happened_at >= t.waiting_since AND e.client_key LIKE 'bot-waiting-%'))) "
        "ORDER BY t.waiting_since, t.id",
        after,
        *(() if ticket is None else (ticket,)),
        MessagePosted.type,
    )
    return [Waiting(*row) for row in rows]


def written_to(connection: Connection, after: int) -> list[tuple[int, int | None]]:
    """Tickets, each with its agent, on which somebody wrote since then, and nobody but the bot may have answered."""
    rows = connection.up_to(
        MOST,
        "SELECT t.id, t.agent_id FROM tickets t WHERE t.status <> 'closed' AND t.waiting_on = 'agent' "
        f"AND t.conversation_at > ? AND {_NOT_SILENT} ORDER BY t.id",
        after,
        PersonRequested.type,
        MessagePosted.type,
    )
    return [(row[0], row[1]) for row in rows]


def first_answers(connection: Connection, after: int) -> list[int]:
    """How long, in milliseconds, customers waited for an agent's first word that came since then."""
    rows = connection.rows(
        "SELECT t.opened_at, MIN(e.happened_at) FROM entries e JOIN tickets t ON t.id = e.ticket_id "
        "WHERE e.type = ? AND e.actor_role = 'agent' AND t.updated_at > ? GROUP BY t.id, t.opened_at "
        "HAVING MIN(e.happened_at) > ?",
        MessagePosted.type,
        after,
        after,
    )
    return [int(row[1]) - int(row[0]) for row in rows]
