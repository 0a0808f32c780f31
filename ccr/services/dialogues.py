"""What goes on with an assistant elsewhere on each ticket: by which name, and what it offered to choose from."""

import logging
from collections import OrderedDict
from typing import NamedTuple

from ccr.ports import Assistant, AssistantFailed, Said
from ccr.services.bot_words import Choices, choices_in, chosen, message_of, of_people
from ccr.services.opening_hours import OpeningHours

log = logging.getLogger(__name__)

REMEMBERED = 20_000


class Spoken(NamedTuple):
    """What the assistant says, as the text of a message, and whether a person is to go on after it."""

    body: str
    hands_over: bool


class Talk(NamedTuple):
    """What a process knows of a dialogue: its name there, what was said last, and what that offered."""

    conversation: str
    body: str
    choices: Choices


class Dialogues:
    """`go_to` is who hears what is said in them. By `hours` it is said whether people are there."""

    def __init__(self, assistant: Assistant, go_to: str, hours: OpeningHours) -> None:
        self._assistant, self._hours = assistant, hours
        self.go_to = go_to
        self._under_way: OrderedDict[int, Talk] = OrderedDict()

    async def turn(self, ticket: int, agent: int | None, text: str, before: str = "") -> Spoken | None:
        """What comes of `text` on this ticket, which this agent has; `None` where the assistant has failed.

        `before` is what it said there last, whichever process heard it: a number means what stands beside it there.
        """
        talk = self._under_way.get(ticket) or Talk("", "", {})
        choices = talk.choices if talk.body == before else choices_in(before)
        try:
            answer = await self._answered(text, choices, talk.conversation)
        except AssistantFailed as failure:
            log.log(
                logging.DEBUG if failure.known else logging.WARNING,
                "the assistant did not answer: %s",
                failure,
            )
            return None
        replies, hands_over = list(answer.replies), any(reply.type == "person" for reply in answer.replies)
        if hands_over:
            there = await self._hours.back(agent) is None
            # Nobody would hear what is chosen.
            replies = [reply for reply in of_people(replies, there=there) if reply.type != "options"]
        body, choices = message_of(replies)
        self._under_way[ticket] = Talk(answer.conversation, body, choices)
        if len(self._under_way) > REMEMBERED:
            self._under_way.popitem(last=False)
        return Spoken(body, hands_over)

    async def _answered(self, text: str, choices: Choices, conversation: str) -> Said:
        conversation = conversation or (await self._assistant.begin()).conversation
        option = chosen(text, choices)
        if option.back:
            return await self._assistant.choose(option.back, conversation)
        return await self._assistant.answer(option.text, conversation)

    def forget(self, ticket: int) -> None:
        """It is over there."""
        self._under_way.pop(ticket, None)
