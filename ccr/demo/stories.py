"""What the demo tells, by `script.toml`: cast, tickets, public questions and opinions, and when each thing happens."""

import importlib.resources
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import msgspec

from ccr.app import Registry
from ccr.desk import commands as ask
from ccr.desk.clock import DAY, HOUR, MINUTE
from ccr.desk.commands import Command, Priority
from ccr.desk.people import Person, Role

_UNITS = {"d": DAY, "h": HOUR, "m": MINUTE}

Cast = dict[str, Person]
Scene = tuple[int, Callable[[], Awaitable[None]]]
"""When something happens, and what."""


class Played(msgspec.Struct, forbid_unknown_fields=True):
    """Somebody of the cast, by their first name in the script."""

    name: str
    role: str
    full: tuple[str, str]
    mobile: str
    gender: str | None = None

    @property
    def email(self) -> str:
        """What they sign in with."""
        return f"{self.name}@example.org"


class Told(msgspec.Struct, forbid_unknown_fields=True):
    """A ticket, opened so long ago, and what happened to it since."""

    by: str
    opened: str
    query: str
    details: str | None = None
    priority: Priority = Priority.NORMAL
    steps: list[str] = []


class Opinion(msgspec.Struct, forbid_unknown_fields=True):
    """Feedback, written so long ago."""

    by: str
    ago: str
    about: str
    body: str
    stars: int | None = None


class Shared(msgspec.Struct, forbid_unknown_fields=True):
    """What the customer of the ticket with this `query` asked everybody, handed in so long ago, and what came of it."""

    query: str
    handed_in: str
    title: str
    body: str
    steps: list[str]


class Script(msgspec.Struct, forbid_unknown_fields=True):
    """All that is told."""

    person: list[Played]
    ticket: list[Told]
    question: list[Shared]
    feedback: list[Opinion]


class Story:
    """One ticket, told step by step."""

    def __init__(self, registry: Registry, cast: Cast, told: Told, present: int) -> None:
        self._registry = registry
        self._cast = cast
        self._told = told
        self._present = present
        self._ticket = 0
        self.asker = told.by
        self._said: list[tuple[str, int]] = []
        self._keys = 0

    @property
    def ticket(self) -> int:
        """Its id, once it is open."""
        return self._ticket

    def scenes(self) -> Iterator[Scene]:
        """The opening, and every step. Raises `ValueError` for a step that would lie in the future."""
        at = self._present - _milliseconds(self._told.opened)
        yield at, self._open
        yield from _steps(self._told.steps, at, self._present, self._scene)

    def _scene(self, who: str, what: str, words: str) -> Callable[[], Awaitable[None]]:
        async def happen() -> None:
            seq = (
                await self._do(who, self._command(who, what, words)) if what != "read" else self._said[-1][1]
            )
            if what in {"say", "answer"}:
                self._said.append((who, seq))
            if self._cast[who].role is not Role.ADMIN:
                await self._registry.reading.mark_read(self._cast[who], self._ticket, seq)

        return happen

    async def _open(self) -> None:
        told = self._told
        details = told.details.strip() if told.details else None
        await self._do(told.by, ask.OpenTicket(query=told.query, details=details, priority=told.priority))

    async def _do(self, who: str, command: Command) -> int:
        """The number of the entry that came of it."""
        self._keys += 1
        key = f"demo-{self._told.opened.replace(' ', '')}-{self._keys:04d}"
        carry_out = self._registry.changes.carry_out
        answer = await carry_out(self._cast[who], self._ticket or None, key, command, counted=False)
        self._ticket = answer.ticket
        return answer.seq

    def _command(self, who: str, what: str, words: str) -> Command:
        commands: dict[str, Callable[[], Command]] = {
            "say": lambda: ask.PostMessage(body=words),
            "answer": lambda: ask.PostMessage(body=words, reply_to=self._last(who, own=False)),
            "note": lambda: ask.PostNote(body=words),
            "unsay": lambda: ask.RedactMessage(of=self._last(who, own=True)),
            "assign": lambda: ask.AssignAgent(agent=self._cast[words].id),
            "priority": lambda: ask.SetPriority(priority=Priority(words)),
            "close": lambda: ask.CloseTicket(reason=words or None),
            "reopen": ask.ReopenTicket,
            "rate": lambda: ask.RateTicket(stars=int(words[0]), comment=words[1:].strip() or None),
        }
        return commands[what]()

    def _last(self, who: str, *, own: bool) -> int:
        """The number of the last message of theirs, or of the other side's."""
        return next(seq for author, seq in reversed(self._said) if (author == who) is own)


class Publication:
    """A public question, told step by step."""

    def __init__(self, registry: Registry, cast: Cast, told: Shared, story: Story) -> None:
        self._registry, self._cast, self._told, self._story = registry, cast, told, story
        self._question = 0
        self._answers: list[int] = []
        self._keys = 0

    def scenes(self, present: int) -> Iterator[Scene]:
        """The handing in, and every step. Raises `ValueError` for a step that would lie in the future."""
        at = present - _milliseconds(self._told.handed_in)
        yield at, self._hand_in
        yield from _steps(self._told.steps, at, present, self._scene)

    async def _hand_in(self) -> None:
        given = {"key": self._key(), "title": self._told.title, "body": self._told.body}
        asker = self._cast[self._story.asker]
        self._question = await self._registry.community.hand_in(asker, self._story.ticket, given)

    def _scene(self, who: str, what: str, words: str) -> Callable[[], Awaitable[None]]:
        person, community, moderation = self._cast[who], self._registry.community, self._registry.moderation

        async def admit() -> None:
            await moderation.approve(person, self._question, await seen())

        async def say() -> None:
            given = {"key": self._key(), "body": words}
            self._answers.append(await community.answer(person, self._question, given))

        async def vote() -> None:
            await community.vote(person, self._question, self._answers[int(words) - 1], on=True)

        async def accept() -> None:
            await moderation.accept(person, self._question, self._answers[int(words) - 1], await seen())

        async def seen() -> dict[str, Any]:
            found = await community.question(person, self._question)
            return {"key": self._key(), "seen": found["question"]["revision"]}

        return {"admit": admit, "say": say, "vote": vote, "accept": accept}[what]

    def _key(self) -> str:
        self._keys += 1
        return f"demo-question-{self._told.handed_in.replace(' ', '')}-{self._keys:04d}"


def script() -> Script:
    """What is written in `script.toml`."""
    text = importlib.resources.files("ccr.demo").joinpath("script.toml").read_text(encoding="utf-8")
    return msgspec.toml.decode(text, type=Script)


def scenes(registry: Registry, cast: Cast, told: Script, present: int) -> list[Scene]:
    """Everything that happens, in the order in which it happens, whichever ticket it belongs to."""
    stories = {ticket.query: Story(registry, cast, ticket, present) for ticket in told.ticket}
    found = [scene for story in stories.values() for scene in story.scenes()]
    for shared in told.question:
        found += Publication(registry, cast, shared, stories[shared.query]).scenes(present)
    found += [_opinion(registry, cast, opinion, present) for opinion in told.feedback]
    return sorted(found, key=lambda scene: scene[0])


def _steps(
    steps: list[str], at: int, present: int, scene: Callable[[str, str, str], Callable[[], Awaitable[None]]]
) -> Iterator[Scene]:
    """Each at its time, counted from the one before."""
    for step in steps:
        who, delay, what, *words = step.split(maxsplit=3)
        at += _milliseconds(delay.removeprefix("+"))
        if at > present:
            raise ValueError(f"this step is yet to come: {step}")
        yield at, scene(who, what, words[0] if words else "")


def _opinion(registry: Registry, cast: Cast, opinion: Opinion, present: int) -> Scene:
    async def happen() -> None:
        given = {"about": opinion.about, "body": opinion.body, "stars": opinion.stars}
        await registry.feedback.write(cast[opinion.by], given)

    return present - _milliseconds(opinion.ago), happen


def _milliseconds(text: str) -> int:
    """`2d 4h` and the like."""
    if not re.fullmatch(r"\d+[dhm]( \d+[dhm])*", text):
        raise ValueError(f"not a time: {text}")
    return sum(int(part[:-1]) * _UNITS[part[-1]] for part in text.split())
