"""The bot on a ticket: answers where it is sure, until people talk; and says once, and honestly, how long it may take.

It works after the commit, in tasks of its own, so that nobody's acknowledgement waits for it. Its key follows from the
entry it answers: whichever node tries, and however often, it is said once. What it does too late it does not do.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from statistics import median
from typing import Any

from ccr.desk import clock
from ccr.desk.change import Change
from ccr.desk.clock import DAY, HOUR, MINUTE, SECOND
from ccr.desk.commands import Command, PostMessage, RequestPerson
from ccr.desk.events import Entry, MessagePosted, Reach, TicketOpened
from ccr.desk.handing_over import wants_person
from ccr.desk.people import Person, Role
from ccr.desk.refusals import Refusal
from ccr.ports import Assistant, AssistantFailed, Reply
from ccr.services.changes import Changes
from ccr.services.help_centre import HelpCentre
from ccr.store import bots, entries
from ccr.store.connection import Connection
from ccr.store.database import Database

log = logging.getLogger(__name__)

DEADLINE = 8.0
"""Seconds after which it is as if there were no bot."""

AT_ONCE = 8
"""Answers in the making; whoever writes meanwhile is left to people."""

LOOKS = 5
"""Messages of one ticket that are looked at in a row. Who has written so many wants no program."""

SURE = 0.75
"""Certainty from which it speaks up unasked; more than where somebody asked for an answer."""

REMEMBERED = 20_000
LOOK_AROUND = 60.0
"""Seconds between looks for those who have waited long."""

NEVER_OLDER = DAY
ENOUGH = 3
"""First answers of the last week from which their median says something."""

_PERSON = "Write “person”, and I am silent."


class TicketBot:
    """Hears of every change, and answers some. `unanswered_after` in minutes, 0 for never."""

    def __init__(
        self,
        database: Database,
        changes: Changes,
        help_centre: HelpCentre,
        assistant: Assistant,
        *,
        unanswered_after: int,
        now: Callable[[], int] = clock.now,
    ) -> None:
        self._database, self._changes, self._help = database, changes, help_centre
        self._assistant = assistant
        self._unanswered_after = unanswered_after * MINUTE
        self._now = now
        self._me: Person | None = None
        self._looked: OrderedDict[int, int] = OrderedDict()
        self._conversations: OrderedDict[int, str] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    def heard(self, change: Change) -> None:
        """After a commit, on the event loop: begin an answer, or leave it."""
        role = change.actor.role
        entry = change.entries[-1]
        if role is Role.AGENT and entry.type == MessagePosted.type:
            self._silence(change.ticket.id)
        elif role is Role.CUSTOMER and entry.type in (MessagePosted.type, TicketOpened.type):
            looks = self._looked.get(change.ticket.id, 0)
            if looks < LOOKS and len(self._tasks) < AT_ONCE:
                self._remember(change.ticket.id, looks + 1)
                self._begin(self._in_time(entry))

    async def run(self) -> None:
        """Answer what a process that ended may have left; then look for those who wait, until cancelled."""
        await self._carefully(self._take_up())
        while self._unanswered_after:
            await self._carefully(self.look_around())
            await asyncio.sleep(LOOK_AROUND)

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
        now = self._now()
        before, after = now - self._unanswered_after, now - NEVER_OLDER

        def waiting(connection: Connection) -> tuple[list[int], list[int]]:
            found = bots.unanswered(connection, before, after)
            return found, bots.first_answers(connection, now - 7 * DAY) if found else []

        tickets, waits = await self._database.read(waiting)
        for ticket in tickets:
            await self._say(ticket, f"bot-waiting-{ticket}", PostMessage(body=_patience(waits)))

    async def _take_up(self) -> None:
        since = self._now() - int(DEADLINE * SECOND)

        def left(connection: Connection) -> list[Entry]:
            found = []
            for ticket in bots.written_to(connection, since):
                last = entries.page_before(connection, ticket, Reach.CONVERSATION, entries.MAX_SEQ, 1)
                found += [entry for entry in last if entry.actor.role == Role.CUSTOMER and _text(entry)]
            return found

        for entry in await self._database.read(left):
            self._begin(self._in_time(entry))

    async def _in_time(self, entry: Entry) -> None:
        try:
            async with asyncio.timeout(DEADLINE):
                await self._carefully(self._answer(entry))
        except TimeoutError:
            log.warning("the bot was too slow", extra={"ticket": entry.ticket})

    async def _answer(self, entry: Entry) -> None:
        def known(connection: Connection) -> tuple[bool, list[Entry]]:
            return entries.people_talk(connection, entry.ticket), entries.of_bot(connection, entry.ticket)

        silent, mine = await self._database.read(known)
        if silent:
            self._silence(entry.ticket)
            return
        text = _text(entry)
        if entry.type == MessagePosted.type and wants_person(text):
            await self._hand_over(entry)
            return
        said = "\n".join(str(one.fields.get("body", "")) for one in mine)
        if self._assistant.goes_to and entry.type == MessagePosted.type:
            await self._ask_elsewhere(entry, text, said)
        else:
            await self._ask_the_help(entry, text, said)

    async def _ask_the_help(self, entry: Entry, text: str, said: str) -> None:
        found = (await self._help.search(text))["articles"]
        if not found or found[0]["certainty"] < SURE or found[0]["url"] in said:
            return
        best = found[0]
        body = (
            f"{best['summary']}\n\nMore in the help: {best['title']} ({best['url']}). I am a program; an agent reads "
            f"this ticket as well. {_PERSON}"
        )
        await self._say(entry.ticket, _key(entry), PostMessage(body=body, reply_to=entry.seq))

    async def _ask_elsewhere(self, entry: Entry, text: str, said: str) -> None:
        """Nobody's words leave the house before the ticket says so; what was written before that stays here."""
        notice = _notice(self._assistant.goes_to or "")
        if notice not in said:
            await self._say(entry.ticket, _key(entry), PostMessage(body=notice))
            return
        conversation = self._conversations.get(entry.ticket) or (await self._assistant.begin()).conversation
        try:
            answer = await self._assistant.answer(text[:1_000], conversation)
        except AssistantFailed as failure:
            log.warning("the assistant did not answer: %s", failure)
            return
        self._conversations[entry.ticket] = answer.conversation
        while len(self._conversations) > REMEMBERED:
            self._conversations.popitem(last=False)
        if any(reply.type == "person" for reply in answer.replies):
            await self._hand_over(entry)
        elif body := "\n".join(filter(None, map(_words, answer.replies)))[:4_000].strip():
            await self._say(entry.ticket, _key(entry), PostMessage(body=body, reply_to=entry.seq))

    async def _hand_over(self, entry: Entry) -> None:
        await self._say(entry.ticket, f"{_key(entry)}-person", RequestPerson())
        self._silence(entry.ticket)

    async def _say(self, ticket: int, key: str, command: Command) -> None:
        try:
            await self._changes.carry_out(await self._myself(), ticket, key, command)
        except Refusal as refusal:
            # Somebody was quicker: an agent, another node, or whoever closed it.
            log.debug("the bot was refused: %s", refusal.code.value)

    async def _myself(self) -> Person:
        if self._me is None:
            try:
                self._me = await self._database.write(lambda connection: bots.person(connection, self._now()))
            except Exception as error:
                if not self._database.is_duplicate(error):
                    raise
                self._me = await self._database.write(lambda connection: bots.person(connection, self._now()))
        return self._me

    async def _carefully(self, work: Coroutine[Any, Any, None]) -> None:
        """Whatever goes wrong, it is as if there were no bot."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - the conversation goes on without it
            log.warning("the bot failed: %s", type(error).__name__)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _silence(self, ticket: int) -> None:
        self._remember(ticket, LOOKS)
        self._conversations.pop(ticket, None)

    def _remember(self, ticket: int, looks: int) -> None:
        self._looked[ticket] = looks
        self._looked.move_to_end(ticket)
        if len(self._looked) > REMEMBERED:
            self._looked.popitem(last=False)


def _key(entry: Entry) -> str:
    """The same for the same entry, on every node and after every start."""
    return f"bot-answer-{entry.seq}"


def _text(entry: Entry) -> str:
    return str(entry.fields.get("query") or entry.fields.get("body") or "")


def _notice(goes_to: str) -> str:
    return (
        f"I am an assistant run by {goes_to}, a program. What you write from here on goes there, without e-mail "
        f"addresses and longer numbers, until an agent writes. If you do not want that: {_PERSON}"
    )


def _patience(waits: list[int]) -> str:
    """How long it may take, from how long it took others; nothing is promised."""
    if len(waits) < ENOUGH:
        return (
            "No agent has answered yet; your ticket is not forgotten. You get a mail when there is an answer."
        )
    return (
        f"No agent has answered yet; your ticket is not forgotten. Last week half of the first answers came within "
        f"{_duration(int(median(waits)))}. You get a mail when there is one."
    )


def _duration(milliseconds: int) -> str:
    for unit, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if milliseconds >= unit or unit == MINUTE:
            count = max(1, round(milliseconds / unit))
            return f"{count} {name}{'' if count == 1 else 's'}"
    return ""


def _words(reply: Reply) -> str:
    """A reply as the lines of a message."""
    lines = [reply.text, *(f"• {option.label}" for option in reply.options)]
    if reply.url:
        lines.append(f"{reply.title}: {reply.url}")
    return "\n".join(line for line in lines if line)
