"""What the bot answers: out of the help, or from an assistant elsewhere, once the customer knows that it is asked."""

from typing import NamedTuple

from ccr.desk.commands import HandOver, PostMessage, RequestPerson
from ccr.desk.events import Entry
from ccr.services.bot_voice import BotVoice
from ccr.services.bot_words import answer_from_help, in_brackets, introduction
from ccr.services.dialogues import Dialogues
from ccr.services.help_centre import HelpCentre
from ccr.store import entries, read_marks
from ccr.store.connection import Connection
from ccr.store.database import Database

ANSWER = "bot-answer-"
"""What the keys of its answers begin with."""


class Standing(NamedTuple):
    """What there is to know before anything is said: who talks, what the bot has said, and how far it was read."""

    agent_wrote: bool
    person_wanted: bool
    mine: list[Entry]
    read: int

    @property
    def last_answer(self) -> str:
        """What the bot said last in answer to something, and not of whom it asks, or of the time it takes."""
        answers = (one for one in reversed(self.mine) if one.key.startswith(ANSWER))
        return next((str(one.fields.get("body", "")) for one in answers), "")

    @property
    def people_talk(self) -> bool:
        """Then a program is silent."""
        return self.agent_wrote or self.person_wanted


class BotAnswers:
    """Found in the help, where nothing but the help is asked; else `dialogues` are led as well."""

    def __init__(
        self, database: Database, help_centre: HelpCentre, voice: BotVoice, dialogues: Dialogues | None
    ) -> None:
        self._database, self._help, self._voice, self._dialogues = database, help_centre, voice, dialogues

    async def standing(self, entry: Entry) -> Standing:
        """Of the ticket of `entry`, for who wrote it."""

        def look(connection: Connection) -> Standing:
            talk = entries.people_talk(connection, entry.ticket)
            read = read_marks.find(connection, entry.ticket, entry.actor.id) or 0
            return Standing(*talk, entries.of_bot(connection, entry.ticket), read)

        return await self._database.read(look)

    async def answer(self, entry: Entry, agent: int | None, standing: Standing) -> bool:
        """Whether there is an answer now. `agent` is who has the ticket. Where there are no words nobody is asked."""
        if not _text(entry):
            return False
        if self._dialogues is None:
            return await self._ask_the_help(entry, standing)
        return await self._ask_elsewhere(entry, agent, standing, self._dialogues)

    async def _ask_the_help(self, entry: Entry, standing: Standing) -> bool:
        """What the help answers clearly, unless it was said: nobody asked the bot.

        Of a new ticket the question may be in the details.
        """
        said = "\n".join(str(one.fields.get("body", "")) for one in standing.mine)
        for text in filter(None, (_text(entry), entry.fields.get("details"))):
            found = (await self._help.search(text))["articles"]
            if found and found[0]["clear"] and in_brackets(found[0]["url"]) not in said:
                return await self._reply(entry, answer_from_help(found[0]))
        return False

    async def _ask_elsewhere(
        self, entry: Entry, agent: int | None, standing: Standing, dialogues: Dialogues
    ) -> bool:
        """Nobody's words leave the house before they have read that they do; until then the help answers."""
        words = introduction(dialogues.go_to)
        told = next((one.seq for one in standing.mine if words in str(one.fields.get("body", ""))), None)
        if told is None:
            await self._ask_the_help(entry, standing)
            return await self._reply(entry, words, "bot-introduction")
        if standing.read < told or entry.seq < told:
            return await self._ask_the_help(entry, standing)
        return await self._converse(entry, agent, standing.last_answer, dialogues)

    async def _converse(self, entry: Entry, agent: int | None, before: str, dialogues: Dialogues) -> bool:
        """A turn of the conversation with an assistant elsewhere, which is silent once it has failed."""
        spoken = await dialogues.turn(entry.ticket, agent, _text(entry), before)
        if spoken is None:
            return False
        body, hands_over = spoken
        if not hands_over:
            return bool(body) and await self._reply(entry, body)
        command = HandOver(body=body, reply_to=entry.seq) if body else RequestPerson()
        return await self._voice.say(entry.ticket, _key(entry), command)

    async def _reply(self, entry: Entry, body: str, key: str = "") -> bool:
        """Always as a reply: once a person is wanted, replies are what is refused."""
        return await self._voice.say(
            entry.ticket, key or _key(entry), PostMessage(body=body, reply_to=entry.seq)
        )


def _key(entry: Entry) -> str:
    """The same for the same entry, on every node and after every start."""
    return f"{ANSWER}{entry.seq}"


def _text(entry: Entry) -> str:
    return str(entry.fields.get("query") or entry.fields.get("body") or "").strip()
