"""What the help knows about what a customer wrote, for the agent who answers: offered beside the conversation."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from ccr.desk.checking import MAX_SEQ
from ccr.desk.events import Entry, MessagePosted, Reach
from ccr.desk.people import Person, Role
from ccr.desk.refusals import forbidden, not_found
from ccr.services.help_papers import SURE
from ccr.store import entries, tickets
from ccr.store.connection import Connection
from ccr.store.database import Database

Search = Callable[[str, int], Awaitable[dict[str, Any]]]
"""Finds articles: `{articles: [{slug, certainty, …}]}`."""

LOOKED_AT = 40
"""Entries of the conversation's end among which the customer's words are looked for."""

HEARD = 3
"""Messages of the customer that are asked about, the newest; and what they raised the ticket with."""

EACH, MOST = 3, 4
"""Suggestions for each of them, and in all."""

LIKELY = 0.3
"""Certainty below which it is rather a coincidence; and so is all that is found where nothing is sure."""


class Suggesting:
    """Asks `search` in the customer's words."""

    def __init__(self, database: Database, search: Search) -> None:
        self._database = database
        self._search = search

    async def suggestions(self, person: Person, ticket_id: int) -> list[dict[str, Any]]:
        """Articles and answered questions, the likeliest first, for the agent who has the ticket."""
        if person.role is not Role.AGENT:
            raise forbidden("Suggestions are for the agent who answers.")

        def words(connection: Connection) -> list[str]:
            ticket = tickets.find(connection, ticket_id, person)
            if ticket is None:
                raise not_found("ticket")
            opened = entries.find(connection, ticket_id, 1)
            page = entries.page_before(connection, ticket_id, Reach.CONVERSATION, MAX_SEQ, LOOKED_AT)
            said = [entry for entry in page if _said_by(entry, ticket.customer_id)]
            heard = ([opened] if opened else []) + said[-HEARD:]
            return [ticket.query, *(_text(entry) for entry in heard)]

        texts = [text for text in await self._database.read(words) if text]
        found = await asyncio.gather(*(self._search(text, EACH) for text in dict.fromkeys(texts)))
        return _best([article for answer in found for article in likely(answer["articles"])])


def likely(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is worth an agent's attention of that which one text of the customer's has found."""
    sure = any(article["certainty"] >= SURE for article in found)
    return [article for article in found if sure and article["certainty"] >= LIKELY]


def _best(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each once, as certain as it ever was."""
    best: dict[str, dict[str, Any]] = {}
    for article in found:
        known = best.get(article["slug"])
        if known is None or known["certainty"] < article["certainty"]:
            best[article["slug"]] = article
    return sorted(best.values(), key=lambda article: -float(article["certainty"]))[:MOST]


def _said_by(entry: Entry, customer: int) -> bool:
    return entry.type == MessagePosted.type and entry.actor.id == customer


def _text(entry: Entry) -> str:
    return str(entry.fields.get("body") or entry.fields.get("details") or "")
