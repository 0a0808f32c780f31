"""The bot on a ticket: when it answers, until people talk, and when it says to who waits how long that may be.

It works after the commit, in tasks of its own, so that nobody's acknowledgement waits for it. Its key follows from the
entry it answers: whichever node tries, and however often, it is said once. What it does too late it does not do. That
the customer asks for a person in so many words is seen in the transaction that stores them, not here.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from ccr.desk import clock
from ccr.desk.change import Change
from ccr.desk.checking import MAX_SEQ
from ccr.desk.clock import SECOND
from ccr.desk.commands import PostMessage
from ccr.desk.events import Entry, MessagePosted, PersonRequested, Reach, TicketOpened, TicketReopened
from ccr.desk.people import Role
from ccr.desk.ticket import Ticket
from ccr.ports import Assistant
from ccr.services.bot_answers import BotAnswers
from ccr.services.bot_voice import BotVoice
from ccr.services.changes import Changes
from ccr.services.dialogues import REMEMBERED, Dialogues
from ccr.services.help_centre import HelpCentre
from ccr.services.opening_hours import OpeningHours
from ccr.services.patience import Patience
from ccr.store import bots, entries
from ccr.store.connection import Connection
from ccr.store.database import Database

log = logging.getLogger(__name__)

DEADLINE = 8.0
"""Seconds after which it is as if there were no bot."""

AT_ONCE = 8
"""Answers in the making; whoever writes meanwhile is left to people."""

LOOKS = 5
"""Messages of one ticket in a row that are looked at in vain. Who has written so many wants no program."""

SILENT = LOOKS + 1
"""In the place of their number where people talk."""

LOOK_AROUND = 60.0
"""Seconds between looks for those who have waited long."""

_ANSWERED = frozenset({TicketOpened.type, MessagePosted.type})
_WAITED_AFTER = _ANSWERED | {TicketReopened.type, PersonRequested.type}


class TicketBot:
    """Hears of every change, and answers some. Without an assistant it says no more than when to expect an answer."""

    def __init__(
        self,
        database: Database,
        changes: Changes,
        help_centre: HelpCentre,
        assistant: Assistant | None,
        patience: Patience,
        hours: OpeningHours,
        *,
        now: Callable[[], int] = clock.now,
    ) -> None:
        self._database, self._assistant, self._patience = database, assistant, patience
        self._voice = BotVoice(database, changes, now=now)
        self._dialogues = (
            Dialogues(assistant, assistant.goes_to, hours) if assistant and assistant.goes_to else None
        )
        self._answers = BotAnswers(database, help_centre, self._voice, self._dialogues)
        self._now = now
        self._vain: OrderedDict[int, int] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._turns: dict[int, asyncio.Task[None]] = {}

    def heard(self, change: Change) -> None:
        """After a commit, on the event loop: begin an answer, or leave it, which costs nothing."""
        role = change.actor.role
        entry = change.entries[-1]
        if role is Role.AGENT and entry.type == MessagePosted.type:
            self._silence(change.ticket.id)
        elif role is Role.CUSTOMER and entry.type in _WAITED_AFTER:
            if self._vain.get(change.ticket.id, 0) < LOOKS and len(self._tasks) < AT_ONCE:
                self._look(change.ticket, entry)
            if entry.type == PersonRequested.type:
                self._silence(change.ticket.id)

    async def run(self) -> None:
        """Answer what a process that ended may have left; then look for those who wait, until cancelled."""
        await self._carefully(self._take_up())
        while True:
            await self._carefully(self.look_around())
            await asyncio.sleep(LOOK_AROUND)

    async def is_heard(self, ticket: int) -> bool:
        """Whether it may answer there: no agent has written yet, and the customer has not asked for a person."""
        if self._assistant is None:
            return False
        return not any(await self._database.read(lambda connection: entries.people_talk(connection, ticket)))

    async def idle(self) -> None:
        """Until nothing is in the making."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """Leave what is in the making."""
        for task in self._tasks:
            task.cancel()
        await self.idle()

    async def look_around(self) -> None:
        """Say to each who has waited long, once, how long it may take."""
        for wait in await self._patience.due():
            await self._voice.say(wait.ticket, wait.key, PostMessage(body=wait.words))

    async def _take_up(self) -> None:
        since = self._now() - int(DEADLINE * SECOND)

        def left(connection: Connection) -> list[tuple[Entry, int | None]]:
            found = []
            for ticket, agent in bots.written_to(connection, since):
                last = entries.page_before(connection, ticket, Reach.CONVERSATION, MAX_SEQ, 1)
                found += [(entry, agent) for entry in last if entry.actor.role == Role.CUSTOMER]
            return found

        for entry, agent in await self._database.read(left):
            answers = self._assistant is not None and entry.type in _ANSWERED
            self._begin(entry, agent, answers=answers, tells=True)

    def _look(self, ticket: Ticket, entry: Entry) -> None:
        """Answer; and tell who writes where nobody is there when somebody will be."""
        answers = self._assistant is not None and entry.type in _ANSWERED and not self._assistant.away
        tells = self._patience.may_be_due(ticket)
        if answers or tells:
            self._begin(entry, ticket.agent_id, answers=answers, tells=tells)

    async def _attend(
        self,
        entry: Entry,
        agent: int | None,
        before: asyncio.Task[None] | None,
        *,
        answers: bool,
        tells: bool,
    ) -> None:
        """Answer, if there is an answer in time, and tell the hours of the agent who has the ticket.

        One after the other on a ticket: what is `before` this comes first.
        """
        spoke = False
        if answers:
            try:
                async with asyncio.timeout(DEADLINE):
                    if before is not None:
                        await asyncio.wait([before])
                    spoke = await self._carefully(self._answer(entry, agent))
            except TimeoutError:
                log.warning("the bot was too slow", extra={"ticket": entry.ticket})
        if tells:
            spoke |= await self._carefully(self._tell_hours(entry.ticket, agent))
        self._count(entry.ticket, in_vain=not spoke)

    async def _tell_hours(self, ticket: int, agent: int | None) -> bool:
        """Whether it is said."""
        wait = await self._patience.of(ticket, agent)
        return wait is not None and await self._voice.say(ticket, wait.key, PostMessage(body=wait.words))

    async def _answer(self, entry: Entry, agent: int | None) -> bool:
        """Whether there is an answer now; silent from now on where people talk."""
        standing = await self._answers.standing(entry)
        if standing.people_talk:
            self._silence(entry.ticket)
            return False
        return await self._answers.answer(entry, agent, standing)

    async def _carefully(self, work: Coroutine[Any, Any, object]) -> bool:
        """What came of it; whatever goes wrong, it is as if there were no bot."""
        try:
            return bool(await work)
        except Exception as error:  # noqa: BLE001 - the conversation goes on without it
            log.warning("the bot failed: %s", type(error).__name__)
            return False

    def _begin(self, entry: Entry, agent: int | None, *, answers: bool, tells: bool) -> None:
        work = self._attend(entry, agent, self._turns.get(entry.ticket), answers=answers, tells=tells)
        task = self._turns[entry.ticket] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, entry.ticket))

    def _ended(self, ticket: int, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._turns.get(ticket) is task:
            del self._turns[ticket]

    def _count(self, ticket: int, *, in_vain: bool) -> None:
        """A dialogue goes on for as long as it leads somewhere; whether one elsewhere does is not ours to judge."""
        looks = self._vain.get(ticket, 0)
        if looks == SILENT:
            return
        if in_vain and self._dialogues is None:
            self._remember(ticket, min(looks + 1, LOOKS))
        else:
            self._vain.pop(ticket, None)

    def _silence(self, ticket: int) -> None:
        self._remember(ticket, SILENT)
        if self._dialogues is not None:
            self._dialogues.forget(ticket)

    def _remember(self, ticket: int, looks: int) -> None:
        self._vain[ticket] = looks
        self._vain.move_to_end(ticket)
        if len(self._vain) > REMEMBERED:
            self._vain.popitem(last=False)
