"""What goes on with an assistant elsewhere on each ticket: by which name, and what it offered to choose from."""

import logging
from collections import OrderedDict
from typing import NamedTuple

from ccr.ports import Assistant, AssistantFailed
from ccr.services.bot_words import chosen, message_of, of_people
from ccr.services.opening_hours import OpeningHours

log = logging.getLogger(__name__)

REMEMBERED = 20_000
LONGEST = 1_000
"""Characters of a message that are passed on."""


class Spoken(NamedTuple):
    """What the assistant says, as the text of a message, and whether a person is to go on after it."""

    body: str
    hands_over: bool


class Dialogues:
    """`go_to` is who hears what is said in them. By `hours` it is said whether people are there."""

    def __init__(self, assistant: Assistant, go_to: str, hours: OpeningHours) -> None:
        self._assistant, self._hours = assistant, hours
        self.go_to = go_to
        self._under_way: OrderedDict[int, tuple[str, dict[str, str]]] = OrderedDict()

    async def turn(self, ticket: int, agent: int | None, text: str) -> Spoken | None:
        """What comes of `text` on this ticket, which this agent has; `None` where the assistant has failed."""
        conversation, choices = self._under_way.get(ticket) or (None, {})
        try:
            conversation = conversation or (await self._assistant.begin()).conversation
            answer = await self._assistant.answer(chosen(text, choices)[:LONGEST], conversation)
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
        self._under_way[ticket] = (answer.conversation, choices)
        if len(self._under_way) > REMEMBERED:
            self._under_way.popitem(last=False)
        return Spoken(body, hands_over)

    def forget(self, ticket: int) -> None:
        """It is over there."""
        self._under_way.pop(ticket, None)
