"""Public questions as agents and admins look after them: each lets in or declines, hides, and marks what is right."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from ccr.desk import clock
from ccr.desk.commands import Reason
from ccr.desk.notices import Kind, Notice
from ccr.desk.people import Person
from ccr.desk.questions import Deed, State, overtaken
from ccr.desk.refusals import Refusal, conflict, forbidden, not_found
from ccr.services import public_words
from ccr.services.account_forms import read
from ccr.services.deeds import Keyed, do_once
from ccr.services.kept_questions import answer_to, held, save, turn_answer
from ccr.store import outbox, questions
from ccr.store.connection import Connection
from ccr.store.database import Database
from ccr.store.question_deeds import Done
from ccr.store.questions import Question

SHOWN = 50
"""Questions that wait are shown at once."""

Revision = Annotated[int, msgspec.Meta(ge=1)]


class Decision(Keyed, frozen=True):
    """About a question as it was `seen`."""

    seen: Revision


class Reasoned(Decision, frozen=True):
    """One that its author is told the reason of."""

    reason: Reason


class Moderation:
    """For agents and admins alone. `wake` tells the postman that a mail is due."""

    def __init__(
        self,
        database: Database,
        *,
        now: Callable[[], int] = clock.now,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._now = now
        self._wake = wake

    async def waiting(self, person: Person) -> list[dict[str, Any]]:
        """What is to be looked at, the longest waiting first."""
        _only_staff(person)
        found = await self._database.read(lambda connection: questions.waiting(connection, SHOWN))
        return [public_words.question(one, person) for one in found]

    async def count(self) -> int:
        """How many wait."""
        return await self._database.read(questions.count_waiting)

    async def approve(self, person: Person, question_id: int, given: object) -> None:
        """It is public from now on, and its author hears of it. Raises `conflict` where somebody was quicker."""
        form = read(Decision, given)

        def approve(found: Question, _: Connection) -> Question:
            return msgspec.structs.replace(found, state=State.PUBLIC, public_at=self._now(), reason=None)

        await self._decide(person, Deed.APPROVE, question_id, form, State.WAITING, approve)

    async def decline(self, person: Person, question_id: int, given: object) -> None:
        """It is not made public, and its author is told why; they may change it and hand it in again."""
        form = read(Reasoned, given)

        def decline(found: Question, _: Connection) -> Question:
            return msgspec.structs.replace(found, state=State.DECLINED, reason=form.reason)

        await self._decide(person, Deed.DECLINE, question_id, form, State.WAITING, decline, form.reason)

    async def hide(self, person: Person, question_id: int, given: object) -> None:
        """Nobody but its author and staff sees it any more; both see why."""
        form = read(Reasoned, given)

        def hide(found: Question, _: Connection) -> Question:
            return msgspec.structs.replace(found, state=State.HIDDEN, reason=form.reason)

        await self._decide(person, Deed.HIDE, question_id, form, State.PUBLIC, hide, form.reason)

    async def show(self, person: Person, question_id: int, given: object) -> None:
        """What was hidden is public again."""

        def show(found: Question, _: Connection) -> Question:
            return msgspec.structs.replace(found, state=State.PUBLIC, reason=None)

        form = read(Decision, given)
        await self._decide(person, Deed.SHOW, question_id, form, State.HIDDEN, show)

    async def accept(
        self, person: Person, question_id: int, answer_id: int, given: object, *, on: bool = True
    ) -> None:
        """This answer settles it, in the place of any other; or not any more."""
        form = read(Decision, given)
        deed = Deed.ACCEPT if on else Deed.UNACCEPT

        def accept(found: Question, connection: Connection) -> Question:
            answer = answer_to(connection, person, question_id, answer_id)
            if answer.state is not State.PUBLIC:
                raise conflict("Only an answer that everybody sees can be the accepted one.")
            return msgspec.structs.replace(found, accepted=answer_id if on else None)

        await self._decide(person, deed, question_id, form, State.PUBLIC, accept, answer=answer_id)

    async def turn_answer(
        self, person: Person, question_id: int, answer_id: int, given: object, *, hide: bool
    ) -> None:
        """Hide an answer from everybody else, or show it again. Raises `conflict` where that was done already."""
        _only_staff(person)
        form = read(Keyed, given)
        deed = Deed.HIDE_ANSWER if hide else Deed.SHOW_ANSWER
        before, after = (State.PUBLIC, State.HIDDEN) if hide else (State.HIDDEN, State.PUBLIC)

        def turn(connection: Connection) -> Done:
            found = held(connection, person, question_id)
            answer = answer_to(connection, person, question_id, answer_id)
            if answer.state is State.WITHDRAWN:
                raise not_found("answer")
            if answer.state is not before:
                raise conflict("Somebody did that meanwhile.")
            turn_answer(connection, found, answer, after)
            return Done(deed=deed, question=question_id, answer=answer_id)

        target = [question_id, answer_id]
        await do_once(self._database, person, deed, form, target, turn, self._now())

    async def _decide(
        self,
        person: Person,
        deed: Deed,
        question_id: int,
        form: Decision,
        state: State,
        become: Callable[[Question, Connection], Question],
        reason: str | None = None,
        answer: int | None = None,
    ) -> None:
        """What becomes of a question that is still in this `state`, and as it was seen."""
        _only_staff(person)

        def decide(connection: Connection) -> Done:
            found = held(connection, person, question_id)
            if found.state is not state:
                raise overtaken(found.state)
            if found.revision != form.seen:
                raise overtaken(State.WAITING) if state is State.WAITING else _changed()
            save(connection, become(found, connection))
            if deed in _TOLD:
                self._tell(connection, found, _TOLD[deed], reason)
            return Done(deed=deed, question=question_id, answer=answer, reason=reason)

        target = [question_id, answer]
        await do_once(
            self._database, person, deed, form, target, decide, self._now(), then=lambda _: self._wake()
        )

    def _tell(self, connection: Connection, found: Question, kind: Kind, reason: str | None) -> None:
        data = {"title": found.title, "reason": reason, "question": found.id}
        notice = Notice(kind=kind, to=found.author, ticket=found.ticket, data=data)
        outbox.put(connection, notice, self._now())


_TOLD = {Deed.APPROVE: Kind.QUESTION_PUBLIC, Deed.DECLINE: Kind.QUESTION_DECLINED}
"""What a question's author hears of."""


def _changed() -> Refusal:
    return conflict("Somebody else changed it just now. Look at it again.")


def _only_staff(person: Person) -> None:
    if not public_words.looks_after(person):
        raise forbidden("Questions are looked after by agents and admins.")
