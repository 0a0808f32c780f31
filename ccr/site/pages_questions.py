"""Public questions: everybody reads them, customers hand in theirs, and whoever is signed in answers."""

from typing import Any

from quart import Blueprint, Response, redirect, request
from quart.typing import ResponseReturnValue

from ccr.desk.people import Role
from ccr.desk.refusals import Code, Refusal
from ccr.services.community import Community
from ccr.services.moderation import Moderation
from ccr.site.guards import anyone, known, only, signed_in
from ccr.site.limits import spend
from ccr.site.page_forms import Fields, come_back, fresh, number, without_empty
from ccr.site.pages_moderation import add_moderating
from ccr.site.paths import ID
from ccr.site.question_desk import AN_ANSWER, ONE, QuestionDesk
from ccr.site.rendering import Form, page
from ccr.site.ticket_desk import new_key

WRITINGS, VOTES = 10, 60
"""A minute, of one person: questions and answers, and votes."""


def questions_pages(community: Community, moderation: Moderation) -> Blueprint:
    """Everything below `/help/questions`, and the form by which a ticket's question gets there."""
    blueprint = Blueprint("questions_pages", __name__)
    desk = QuestionDesk(community, moderation)
    _add_reading(blueprint, desk)
    _add_publishing(blueprint, community)
    _add_answering(blueprint, desk)
    add_moderating(blueprint, desk)
    return blueprint


def _add_reading(blueprint: Blueprint, desk: QuestionDesk) -> None:
    @blueprint.get("/help/questions")
    @anyone
    async def questions() -> ResponseReturnValue:
        return await desk.list_page()

    @blueprint.get(ONE)
    @anyone
    async def one(question: int) -> ResponseReturnValue:
        return await desk.question_page(question, Form(), 200)


def _add_publishing(blueprint: Blueprint, community: Community) -> None:
    """A form comes in to be looked at as a page first, or to be handed in."""

    async def show(ticket: int, form: Form, status: int, **shown: Any) -> Response:
        draft = await community.draft(known().person, ticket)
        if not form.kept:
            form = Form(kept={name: str(draft[name]) for name in ("title", "body", "seen")})
        return await page("question_edit.html", status, draft=draft, form=form, new_key=new_key, **shown)

    @blueprint.get(f"/tickets/<{ID}:ticket>/publish")
    @only(Role.CUSTOMER)
    async def publish(ticket: int) -> ResponseReturnValue:
        draft = await community.draft(known().person, ticket)
        if draft["state"] in {"public", "hidden"}:
            return redirect(f"/help/questions/{draft['question']}", 303)
        return await show(ticket, Form(), 200)

    @blueprint.post(f"/tickets/<{ID}:ticket>/publish")
    @only(Role.CUSTOMER)
    async def published(ticket: int) -> ResponseReturnValue:
        given = (await request.form).to_dict()
        if given.pop("then", "look") == "look":
            looked_at = Form(kept={name: value.replace("\r\n", "\n") for name, value in given.items()})
            return await show(ticket, looked_at, 200, preview=looked_at.kept)
        try:
            spend("public_words", WRITINGS)
            wanted: dict[str, Any] = without_empty(given, "seen") | {
                "seen": number({"seen": "0"} | given, "seen")
            }
            question = await community.hand_in(known().person, ticket, wanted)
        except Refusal as refusal:
            if refusal.code is Code.NOT_FOUND:
                raise
            return await come_back(
                refusal, fresh(refusal, given), lambda form, status: show(ticket, form, status)
            )
        return redirect(f"/help/questions/{question}?done=handed_in", 303)


def _add_answering(blueprint: Blueprint, desk: QuestionDesk) -> None:
    community = desk.community

    @blueprint.post(f"{ONE}/answers")
    @signed_in
    async def answer(question: int) -> ResponseReturnValue:
        person, here = known().person, f"/help/questions/{question}"
        return await desk.take(
            question,
            lambda given: community.answer(person, question, given),
            then=f"{here}?done=answered#answered",
            name="answer",
            limit=("public_words", WRITINGS),
        )

    @blueprint.post(f"{ONE}/withdraw")
    @signed_in
    async def withdraw(question: int) -> ResponseReturnValue:
        person = known().person
        return await desk.take(
            question,
            lambda given: community.withdraw(person, question, given),
            then="/help/questions?done=withdrawn",
            name="withdraw",
            limit=("public_words", WRITINGS),
        )

    @blueprint.post(f"{AN_ANSWER}/vote")
    @signed_in
    async def vote(question: int, answer: int) -> ResponseReturnValue:
        person = known().person

        async def act(given: Fields) -> None:
            await community.vote(person, question, answer, on=given.get("on") == "yes")

        back = _page_of(request.args.get("page", ""))
        return await desk.take(
            question,
            act,
            then=f"/help/questions/{question}{back}#a{answer}",
            name=f"a{answer}",
            limit=("public_votes", VOTES),
        )

    @blueprint.post(f"{AN_ANSWER}/withdraw")
    @signed_in
    async def withdraw_answer(question: int, answer: int) -> ResponseReturnValue:
        person = known().person
        return await desk.take(
            question,
            lambda given: community.withdraw_answer(person, question, answer, given),
            then=f"/help/questions/{question}?done=answer_withdrawn#answers",
            name=f"a{answer}",
            limit=("public_words", WRITINGS),
        )


def _page_of(asked: str) -> str:
    return f"?page={asked}" if asked.isascii() and asked.isdigit() and len(asked) < 5 else ""
