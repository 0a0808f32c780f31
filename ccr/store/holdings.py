"""What a person holds, and what is held about them: for deactivating, deleting and exporting accounts."""

from typing import Any

import msgspec

from ccr.desk.events import Entry, Reach
from ccr.store import entries
from ccr.store.connection import Connection

PAGE = 100
"""Entries fetched at a time."""


def open_of_customer(connection: Connection, customer_id: int) -> list[int]:
    """The ids of the customer's tickets that are not closed, oldest first."""
    rows = connection.rows(
        "SELECT id FROM tickets WHERE customer_id = ? AND status <> 'closed' ORDER BY id", customer_id
    )
    return [row[0] for row in rows]


def open_of_agent(connection: Connection, agent_id: int) -> list[int]:
    """The ids of the tickets that the agent looks after and that are not closed, oldest first."""
    rows = connection.rows(
        "SELECT id FROM tickets WHERE agent_id = ? AND status <> 'closed' ORDER BY id", agent_id
    )
    return [row[0] for row in rows]


def tickets_of_customer(connection: Connection, customer_id: int) -> list[dict[str, Any]]:
    """The customer's tickets, each with what is on its row; times in milliseconds since 1970 UTC."""
    names = ("id", "query", "status", "priority", "opened_at", "stars", "comment")
    rows = connection.rows(
        "SELECT id, query, status, priority, opened_at, stars, rating_comment FROM tickets "
        "WHERE customer_id = ? ORDER BY id",
        customer_id,
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def conversation_after(connection: Connection, ticket_id: int, seq: int) -> list[Entry]:
    """What the ticket's customer may see behind number `seq`, oldest first: a page, the last one empty."""
    return entries.page_after(connection, ticket_id, Reach.CONVERSATION, seq, PAGE)


def tickets_with_deeds(connection: Connection, person_id: int) -> list[int]:
    """The ids of the tickets on which the person did anything, in order. Their receipts know."""
    rows = connection.rows(
        "SELECT DISTINCT ticket_id FROM receipts WHERE person_id = ? AND scope = ticket_id ORDER BY ticket_id",
        person_id,
    )
    return [row[0] for row in rows]


def deeds_after(connection: Connection, ticket_id: int, person_id: int, seq: int) -> list[dict[str, Any]]:
    """What the person did on the ticket behind number `seq`, in order: a page, the last one empty."""
    rows = connection.up_to(
        PAGE,
        "SELECT seq, happened_at, type, fields FROM entries "
        "WHERE ticket_id = ? AND seq > ? AND actor_id = ? ORDER BY seq",
        ticket_id,
        seq,
        person_id,
    )
    return [
        {"ticket": ticket_id, "seq": seq, "at": at, "type": kind} | msgspec.json.decode(fields)
        for seq, at, kind, fields in rows
    ]


def notices_to(connection: Connection, person_id: int) -> list[dict[str, Any]]:
    """Which mails they were owed, and what became of them."""
    names = ("kind", "ticket", "state", "created_at", "settled_at")
    rows = connection.rows(
        "SELECT kind, ticket_id, state, created_at, settled_at FROM outbox WHERE person_id = ? ORDER BY id",
        person_id,
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def read_marks(connection: Connection, person_id: int) -> list[dict[str, Any]]:
    """How far they have read each ticket."""
    names = ("ticket", "seq", "read_at")
    rows = connection.rows(
        "SELECT ticket_id, seq, read_at FROM read_marks WHERE person_id = ? ORDER BY ticket_id", person_id
    )
    return [dict(zip(names, row, strict=True)) for row in rows]
