"""Who waits for an agent's first word and is to be told, once in that time, when to expect it."""

from collections.abc import Callable
from typing import NamedTuple

from ccr.desk import clock
from ccr.desk.clock import DAY, MINUTE
from ccr.desk.hours import Hours
from ccr.desk.ticket import Ticket, WaitingOn
from ccr.services.bot_words import back_words, waiting_words
from ccr.store import bots, hours
from ccr.store.bots import Waiting
from ccr.store.connection import Connection
from ccr.store.database import Database

NEVER_OLDER = DAY
"""Who has waited longer than this was told, or waited before there was anybody to tell them."""


class Wait(NamedTuple):
    """What the bot says on a ticket, under a key that is the same on every node for the same time of waiting."""

    ticket: int
    key: str
    words: str


class Patience:
    """Tells who waited `unanswered_after` minutes (0 for never), or began to wait when no agent was there."""

    def __init__(
        self, database: Database, *, unanswered_after: int, now: Callable[[], int] = clock.now
    ) -> None:
        self._database = database
        self._after = unanswered_after * MINUTE
        self._now = now
        self._plans: dict[int | None, Hours | None] = {}

    async def due(self) -> list[Wait]:
        """Everybody who is to be told now. From then on `may_be_due` goes by the hours as they are now."""
        self.forget_hours()
        return await self._database.read(self._due)

    def forget_hours(self) -> None:
        """They may be others by now. Of those that another process changed nobody hears before the next `due`."""
        self._plans.clear()

    def may_be_due(self, ticket: Ticket) -> bool:
        """Whether `of` is worth asking, by the hours as they were at the last `due` or change; it needs no database."""
        if ticket.waiting_on is not WaitingOn.AGENT or ticket.waiting_since is None:
            return False
        if ticket.agent_id not in self._plans:
            return True
        waiting = Waiting(ticket.id, ticket.agent_id, ticket.waiting_since)
        return self._is_due(waiting, self._plans[ticket.agent_id], self._now())

    async def of(self, ticket: int, agent: int | None) -> Wait | None:
        """The customer of this ticket, which this agent has, if they are to be told now."""
        found = await self._database.read(lambda connection: self._due(connection, ticket, agent))
        return found[0] if found else None

    def _due(self, connection: Connection, ticket: int | None = None, agent: int | None = None) -> list[Wait]:
        now = self._now()
        waiting = bots.waiting(connection, now - NEVER_OLDER, ticket)
        plans = {agent: hours.of(connection, agent) for agent in {agent, *(one.agent for one in waiting)}}
        self._plans |= plans
        due = [one for one in waiting if self._is_due(one, plans[one.agent], now)]
        if not due:
            return []
        waits = bots.first_answers(connection, now - 7 * DAY)
        return [
            Wait(
                one.ticket,
                f"bot-waiting-{one.since}",
                waiting_words(waits, back_words(plans[one.agent], now)),
            )
            for one in due
        ]

    def _is_due(self, one: Waiting, plan: Hours | None, now: int) -> bool:
        """Waited long enough; or began to wait when nobody was there, and nobody is."""
        if self._after and now - one.since >= self._after:
            return True
        return plan is not None and not (plan.are_on(now) or plan.are_on(one.since))
