"""What finds answers, and who gives them."""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """Something that may answer a question, all of it plain text. `words` are others by which people ask for it."""

    ref: str
    title: str
    words: str
    summary: str
    body: str


class Found(msgspec.Struct, frozen=True):
    """A paper that may answer; `certainty` (0 to 1) is how much of the question it speaks of.

    `evidence` is how much the words say that it was found by: 0 where it was hardly more than one, more for rare ones.
    """

    ref: str
    score: float
    certainty: float
    evidence: float = 0.0


class Shelf(Protocol):
    """Papers, made ready to be searched; read from any thread."""

    def find(self, question: str, most: int = 3) -> list[Found]:
        """The best papers, best first; empty where none shares a word with the question."""


class Librarian(Protocol):
    """Makes papers ready to be searched. May take a while: not on the event loop."""

    def __call__(self, papers: Sequence[Paper]) -> Shelf:
        """The shelf."""


class Option(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something to choose instead of typing: what it says, and what choosing it sends as one's own text.

    `back` is what the assistant wants back word for word where that text is not all of it; nobody else reads it.
    What is `for_strangers` makes no sense to who is signed in, and is not offered to them.
    """

    label: str
    text: str
    back: str = ""
    for_strangers: bool = False


class Reply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that the assistant says. All of it is plain text, to be shown as such; `url` is ours, or https.

    `type`: `text` · `options` to choose from · `article` with its `title` and `url` · `link` to something elsewhere ·
    `pause` of so many `milliseconds` · `person`: a person is to help; it says `text`, or `away` while no agent is
    there, if the assistant has words of its own for it · `end` of the conversation.
    """

    type: Literal["text", "options", "article", "link", "pause", "person", "end"]
    text: str = ""
    away: str = ""
    title: str = ""
    url: str = ""
    options: tuple[Option, ...] = ()
    milliseconds: int = 0


class Said(msgspec.Struct, frozen=True):
    """What came back, and by which name the conversation goes on; it is the assistant's own, and means nothing else."""

    conversation: str
    replies: tuple[Reply, ...]


class AssistantFailed(Exception):
    """It did not answer, or nothing that makes sense. Whoever asked goes on as if there were none.

    `known`: that was said before, and nobody has tried since.
    """

    def __init__(self, reason: str, *, known: bool = False) -> None:
        super().__init__(reason)
        self.known = known


class Assistant(Protocol):
    """Answers questions, one turn at a time."""

    goes_to: str | None
    """Who reads what people write to it, by name, where that is not us: they must be told before."""

    @property
    def away(self) -> bool:
        """Whether asking it just now would be of no use. Costs nothing to ask, and waits for nothing."""

    async def prepare(self) -> None:
        """Load what takes a while to load, before anybody waits for it. Sends nothing out."""

    async def begin(self) -> Said:
        """A conversation that nothing has been said in, with what to greet by. Sends nothing out."""

    async def answer(self, text: str, conversation: str) -> Said:
        """The answer, within a few seconds. Raises `AssistantFailed`."""

    async def choose(self, back: str, conversation: str) -> Said:
        """The answer to an option that it offered, by its `back`. Raises `AssistantFailed`."""

    async def close(self) -> None:
        """No more questions: let go of what is held open."""
