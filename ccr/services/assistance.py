"""The assistant as people talk to it: told whom they talk to, answered in time, and never left without a way on."""

import logging
from typing import Annotated, Any, get_args, get_type_hints

import msgspec
from itsdangerous import BadData, BadSignature, Signer, URLSafeSerializer

from ccr.desk.checking import check
from ccr.desk.refusals import not_found
from ccr.ports import Assistant, AssistantFailed, Option, Reply, Said
from ccr.services.bot_words import of_people
from ccr.services.opening_hours import OpeningHours

REPLY_TYPES: tuple[str, ...] = get_args(get_type_hints(Reply)["type"])
"""Every kind of reply there is."""

log = logging.getLogger(__name__)

OUT_OF_REACH = Reply(
    type="text", text="The assistant cannot be reached just now. This is what the help says."
)

LONGEST = 1_000
"""Characters of a turn's text."""

CHOICE = "choice:"
"""What the text of an option begins with that stands for more than a text; the rest of it is signed."""

RAISE_ONE = "A person reads every ticket. Raise one, and an agent writes back to you."

FOR_STRANGERS = "That takes an account. If you cannot get into yours, register with another e-mail address."
"""Or whoever needs a person most would be sent to a door that does not open."""


class Turn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody says. Without a `text` a conversation is begun; without a `conversation` it is the first."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST)] | None = None
    conversation: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9._-]{1,200}\Z")] | None = None


class Assistance:
    """`assistant` answers; where it fails, `instead` does, from the help alone. Without one there is none.

    Names of conversations are signed by `secret` where words leave the house, for the one that they go to: whoever
    has such a name was told so. What an option stands for is signed as well, or anybody could have anything sent.
    """

    def __init__(
        self, assistant: Assistant | None, instead: Assistant, hours: OpeningHours, *, secret: str
    ) -> None:
        self._assistant = assistant
        self._instead = instead
        self._hours = hours
        self._seal = Signer(secret, salt=f"words go to {self.goes_to}")
        self._choices = URLSafeSerializer(secret, salt=f"chosen from what {self.goes_to} offered")

    @property
    def is_on(self) -> bool:
        """Whether anybody answers."""
        return self._assistant is not None

    @property
    def goes_to(self) -> str | None:
        """Who reads what people write here, where that is not us."""
        return self._assistant.goes_to if self._assistant else None

    async def turn(self, given: object, *, stranger: bool = False) -> dict[str, Any]:
        """`{conversation, replies}`, for a `stranger` who is not signed in.

        Raises `invalid`, or `not_found` where the assistant is switched off.

        Whoever's words would leave the house hears that first: a text without a conversation in which it was said is
        not sent on, but to be said again.
        """
        turn = check(Turn, given)
        if self._assistant is None:
            raise not_found("assistant")
        said = await self._said(turn, self._assistant)
        return await self._wire(said, stranger=stranger)

    async def _said(self, turn: Turn, assistant: Assistant) -> Said:
        """What `assistant` says to it, or the help in its place."""
        conversation = self._read(turn.conversation)
        if turn.text is None or conversation is None:
            return await assistant.begin()
        text, back = self._meant(turn.text)
        try:
            if back:
                return await assistant.choose(back, conversation)
            return await assistant.answer(text, conversation)
        except AssistantFailed as failure:
            log.log(
                logging.DEBUG if failure.known else logging.WARNING,
                "the assistant did not answer: %s",
                failure,
            )
        said = await self._instead.answer(text, "")
        # The conversation goes on where it was, should the assistant come back.
        return Said(conversation or said.conversation, (OUT_OF_REACH, *said.replies))

    def _read(self, name: str | None) -> str | None:
        """What the assistant calls the conversation, `None` if nobody was told of it where that is needed."""
        if self.goes_to is None:
            return name or ""
        try:
            return self._seal.unsign(name or "").decode()
        except BadSignature:
            return None

    def _meant(self, text: str) -> tuple[str, str]:
        """The text, and what goes back in its place where it is a choice."""
        if not text.startswith(CHOICE):
            return text, ""
        try:
            text, back = self._choices.loads(text.removeprefix(CHOICE))
        except BadData:
            return text, ""
        return text, back

    def _offered(self, reply: Reply, *, stranger: bool) -> Reply:
        options = (option for option in reply.options if stranger or not option.for_strangers)
        return msgspec.structs.replace(reply, options=tuple(map(self._sealed, options)))

    def _sealed(self, option: Option) -> Option:
        """With all that it stands for in its text, as that is what comes back. What is too long for it is left out."""
        sealed = f"{CHOICE}{self._choices.dumps([option.text, option.back])}" if option.back else option.text
        return Option(option.label, sealed if len(sealed) <= LONGEST else option.text)

    async def _wire(self, said: Said, *, stranger: bool) -> dict[str, Any]:
        name, replies = said.conversation, list(said.replies)
        if any(reply.type == "person" for reply in replies):
            there = await self._hours.back(None) is None
            replies = [_with_a_way(reply, stranger) for reply in of_people(replies, there=there)]
        return {
            "conversation": name if self.goes_to is None else self._seal.sign(name).decode(),
            "replies": [msgspec.to_builtins(self._offered(reply, stranger=stranger)) for reply in replies],
        }


def _with_a_way(reply: Reply, stranger: bool) -> Reply:
    """Whoever the person is, a ticket is the way to them."""
    if reply.type != "person":
        return reply
    text = reply.text or RAISE_ONE
    if stranger:
        text = f"{text}\n{FOR_STRANGERS}"
    return msgspec.structs.replace(reply, text=text, title="Raise a ticket", url="/tickets/new")
