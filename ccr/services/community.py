"""Public questions as people ask, read and answer them. Who looks after them is in `moderation`."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import msgspec

from ccr.desk import clock
from ccr.desk.commands import Query, Text
from ccr.desk.masking import masked
from ccr.desk.notices import Channel, Kind, Notice
from ccr.desk.people import Person, Role
from ccr.desk.questions import Deed, State, overtaken, public_name
from ccr.desk.refusals import conflict, forbidden, not_found
from ccr.services import public_words
from ccr.services.account_forms import read
from ccr.services.deeds import Keyed, do_once
from ccr.services.kept_questions import answer_to, ask_anew, held, save, turn_answer, visible
from ccr.store import entries, outbox, public_answers, questions, tickets
from ccr.store.connection import Connection
from ccr.store.database import Database
from ccr.store.question_deeds import Done
from ccr.store.questions import Question

PAGE = 20
"""Questions and answers on a page."""

MOST_ANSWERS = 200
"""To one question. Who has more to say may ask anew."""

_ONE_LINE = msgspec.Meta(pattern=r"\A[^\x00-\x1f\x7f\u2028\u2029]*\Z", description="must be on one line")


class NewQuestion(Keyed, frozen=True):
    """What a customer makes public. `seen` is the revision that their form was made from, 0 for a first one."""

    title: Annotated[Query, _ONE_LINE]
    body: Text
    seen: Annotated[int, msgspec.Meta(ge=0)] = 0


class NewAnswer(Keyed, frozen=True):
    """What somebody answers."""

    body: Text


class Community:
    """What customers, and everybody who reads, do here. `wake` tells the postman that a mail is due."""

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

    async def draft(self, person: Person, ticket_id: int) -> dict[str, Any]:
        """`{ticket, title, body, name, seen, state, reason, question}`: what would become public of a closed ticket.

        Words that are handed in already are as they are; those of the ticket without addresses and numbers. Raises
        `not_found`, and `conflict` while the ticket is open.
        """
        return await self._database.read(partial(_draft, person, ticket_id))

    async def hand_in(self, person: Person, ticket_id: int, given: object) -> int:
        """Hand in a `NewQuestion`; its id. Raises `invalid`, `not_found`, or `conflict` for what is public already."""
        form = read(NewQuestion, given)
        unit = partial(self._hand_in, person, ticket_id, form)
        done = await do_once(
            self._database,
            person,
            Deed.HAND_IN,
            form,
            ticket_id,
            unit,
            self._now(),
            then=lambda _: self._wake(),
        )
        return done.question

    async def page(self, person: Person | None, cursor: str | None = None) -> dict[str, Any]:
        """`{questions, cursor}`, newest first; staff see the hidden ones, too. Raises `invalid`."""
        before = public_words.read_cursor(cursor)
        hidden = public_words.looks_after(person)
        found = await self._database.read(
            lambda connection: questions.published(connection, before, PAGE + 1, hidden=hidden)
        )
        more, found = len(found) > PAGE, found[:PAGE]
        return {
            "questions": [public_words.question(one, person) for one in found],
            "cursor": f"{found[-1].public_at}-{found[-1].id}" if more else None,
        }

    async def mine(self, person: Person) -> list[dict[str, Any]]:
        """Everything this person handed in, newest first."""
        found = await self._database.read(lambda connection: questions.by_author(connection, person.id))
        return [public_words.question(one, person) for one in found]

    async def question(self, person: Person | None, question_id: int, page: int = 1) -> dict[str, Any]:
        """`{question, answers, page, pages}`: accepted first, then by votes. Raises `not_found`."""
        viewer = person.id if person else 0

        def both(connection: Connection) -> tuple[Question, list[public_answers.PublicAnswer]]:
            found = visible(connection, person, question_id)
            return found, public_answers.of_question(connection, question_id, viewer)

        found, answers = await self._database.read(both)
        shown = public_words.in_order(found, answers, person)
        pages = max(1, -(-len(shown) // PAGE))
        page = min(max(page, 1), pages)
        return {
            "question": public_words.question(found, person),
            "answers": shown[(page - 1) * PAGE : page * PAGE],
            "page": page,
            "pages": pages,
        }

    async def answer(self, person: Person, question_id: int, given: object) -> int:
        """The id of what was stored of a `NewAnswer`. Raises `invalid`, `not_found`, `conflict`."""
        form = read(NewAnswer, given)

        def add(connection: Connection) -> Done:
            found = held(connection, person, question_id)
            if found.state is not State.PUBLIC:
                raise conflict("Only what is public can be answered.")
            if public_answers.count(connection, question_id) >= MOST_ANSWERS:
                raise conflict("This question has as many answers as it may have.")
            made = public_answers.add(connection, question_id, person.id, form.body, self._now())
            return Done(deed=Deed.ANSWER, question=question_id, answer=made)

        done = await do_once(self._database, person, Deed.ANSWER, form, question_id, add, self._now())
        assert done.answer is not None
        return done.answer

    async def vote(self, person: Person, question_id: int, answer_id: int, *, on: bool) -> None:
        """A customer's one vote, or no more of it. Raises `forbidden` for one's own words, and for staff."""
        if person.role is not Role.CUSTOMER:
            raise forbidden("Customers vote; agents and admins mark the accepted answer.")

        def vote(connection: Connection) -> None:
            found = answer_to(connection, person, question_id, answer_id)
            if found.state is not State.PUBLIC:
                raise not_found("answer")
            if found.author == person.id:
                raise forbidden("Nobody votes for their own answer.")
            public_answers.vote(connection, answer_id, person.id, self._now(), on=on)

        await self._database.write(vote, lane=person.id)

    async def withdraw(self, person: Person, question_id: int, given: object) -> None:
        """Its author takes a question back, and its words are gone. Raises `not_found`."""
        form = read(Keyed, given)

        def withdraw(connection: Connection) -> Done:
            found = held(connection, person, question_id)
            if found.author != person.id:
                raise not_found("question")
            if found.state is State.WITHDRAWN:
                raise overtaken(State.WITHDRAWN)
            gone = msgspec.structs.replace(found, state=State.WITHDRAWN, title="", body="", reason=None)
            save(connection, msgspec.structs.replace(gone, accepted=None))
            return Done(deed=Deed.WITHDRAW, question=question_id)

        await do_once(self._database, person, Deed.WITHDRAW, form, question_id, withdraw, self._now())

    async def withdraw_answer(self, person: Person, question_id: int, answer_id: int, given: object) -> None:
        """Its author takes an answer back, and its words are gone. Raises `not_found`."""
        form = read(Keyed, given)

        def withdraw(connection: Connection) -> Done:
            found = held(connection, person, question_id)
            answer = answer_to(connection, person, question_id, answer_id)
            if answer.author != person.id or answer.state is State.WITHDRAWN:
                raise not_found("answer")
            turn_answer(connection, found, answer, State.WITHDRAWN)
            return Done(deed=Deed.WITHDRAW_ANSWER, question=question_id, answer=answer_id)

        target = [question_id, answer_id]
        await do_once(self._database, person, Deed.WITHDRAW_ANSWER, form, target, withdraw, self._now())

    def _hand_in(self, person: Person, ticket_id: int, form: NewQuestion, connection: Connection) -> Done:
        before = _of_closed(connection, person, ticket_id)
        if before is not None and before.state in (State.PUBLIC, State.HIDDEN):
            raise conflict("This question is public already. Take it back before you publish it anew.")
        if form.seen != (before.revision if before else 0):
            raise conflict("You changed this question elsewhere meanwhile. Look at it again.")
        made = Question(
            id=before.id if before else 0,
            revision=before.revision if before else 1,
            ticket=ticket_id,
            author=person.id,
            title=form.title.strip(),
            body=form.body.strip(),
            asked_at=self._now(),
        )
        if before is None:
            made_id = questions.add(connection, made)
        else:
            made_id = before.id
            ask_anew(connection, made)
        if before is None or before.state is not State.WAITING:
            self._tell_staff(connection, ticket_id, person, made_id)
        return Done(deed=Deed.HAND_IN, question=made_id)

    def _tell_staff(self, connection: Connection, ticket_id: int, person: Person, question: int) -> None:
        """The agent who had the ticket looks at it; where nobody had it, or has left since, any admin may."""
        ticket = tickets.find(connection, ticket_id, person)
        agent = tickets.actor(connection, ticket.agent_id) if ticket and ticket.agent_id else None
        notice = Notice(kind=Kind.QUESTION_WAITING, ticket=ticket_id, data={"question": question})
        if agent is not None and agent.active:
            notice = msgspec.structs.replace(notice, to=agent.id, once=True)
        else:
            notice = msgspec.structs.replace(notice, channel=Channel.EVERY)
        outbox.put(connection, notice, self._now())


def _of_closed(connection: Connection, person: Person, ticket_id: int) -> Question | None:
    """What came of this ticket so far. Raises `not_found`, or `conflict` unless it is closed."""
    ticket = tickets.find(connection, ticket_id, person)
    if ticket is None or person.role is not Role.CUSTOMER:
        raise not_found("ticket")
    if not ticket.is_closed:
        raise conflict("A question can be published once its ticket is closed.")
    return questions.of_ticket(connection, ticket_id)


def _draft(person: Person, ticket_id: int, connection: Connection) -> dict[str, Any]:
    before = _of_closed(connection, person, ticket_id)
    opened = entries.find(connection, ticket_id, 1)
    fields = opened.fields if opened else {}
    title, body = masked(str(fields.get("query", ""))), masked(str(fields.get("details") or ""))
    if before is not None and before.state is not State.WITHDRAWN:
        title, body = before.title, before.body
    return {
        "ticket": ticket_id,
        "title": title,
        "body": body,
        "name": public_name(person.first_name, person.last_name),
        "seen": before.revision if before else 0,
        "state": before.state.value if before else None,
        "reason": before.reason if before else None,
        "question": before.id if before else None,
    }
