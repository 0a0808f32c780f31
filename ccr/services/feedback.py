"""What customers and agents tell the admins about the service, and about how an agent did."""

from collections.abc import Callable
from typing import Any

from ccr.desk import clock
from ccr.desk.checking import MAX_ID, whole_number
from ccr.desk.clock import rfc3339
from ccr.desk.people import Person, Role
from ccr.desk.refusals import forbidden, invalid, not_found
from ccr.services.account_forms import NewFeedback, read
from ccr.store import feedback, tickets
from ccr.store.connection import Connection
from ccr.store.database import Database
from ccr.store.feedback import Feedback

PAGE = 50
"""Given when no number is asked for."""

MOST = 200
"""Given at most."""


class FeedbackBox:
    """Customers and agents put something in, admins read it."""

    def __init__(self, database: Database, *, now: Callable[[], int] = clock.now) -> None:
        self._database = database
        self._now = now

    async def write(self, person: Person, given: object) -> dict[str, Any]:
        """What was stored of a `NewFeedback`. Raises `invalid`, and `not_found` for a ticket that is not theirs."""
        if person.role not in (Role.CUSTOMER, Role.AGENT):
            raise forbidden("Feedback is written by customers and agents.")
        form = read(NewFeedback, given)
        entry = Feedback(
            person=person.id,
            name=person.name,
            role=person.role.value,
            about=form.about,
            ticket=form.ticket,
            stars=form.stars,
            body=form.body,
            written_at=self._now(),
        )

        def add(connection: Connection) -> Feedback:
            if entry.ticket is not None and tickets.find(connection, entry.ticket, person) is None:
                raise not_found("ticket")
            return feedback.add(connection, entry)

        return _wire(await self._database.write(add))

    async def page(self, person: Person, *, cursor: str | None = None, limit: int = PAGE) -> dict[str, Any]:
        """`{feedback, cursor}`, newest first; `cursor` (or `None`) is where the next page begins."""
        if person.role is not Role.ADMIN:
            raise forbidden("Feedback is read by admins.")
        before = _read_cursor(cursor)
        wanted = max(1, min(limit, MOST))
        found = await self._database.read(lambda connection: feedback.page(connection, before, wanted + 1))
        more, found = len(found) > wanted, found[:wanted]
        return {
            "feedback": [_wire(entry) for entry in found],
            "cursor": str(found[-1].id) if more else None,
        }


def _read_cursor(cursor: str | None) -> int:
    if cursor is None:
        return MAX_ID
    before = whole_number(cursor)
    if before is None:
        raise invalid(cursor="is not one of ours")
    return before


def _wire(entry: Feedback) -> dict[str, Any]:
    return {
        "id": entry.id,
        "person": {"id": entry.person, "name": entry.name, "role": entry.role},
        "about": entry.about,
        "ticket": entry.ticket,
        "stars": entry.stars,
        "body": entry.body,
        "at": rfc3339(entry.written_at),
    }
