"""Public questions as agents and admins look after them."""

from collections.abc import Awaitable, Callable

from quart import Blueprint, redirect, request
from quart.typing import ResponseReturnValue

from ccr.desk.people import Role
from ccr.desk.refusals import Code, Refusal
from ccr.site.guards import known, only
from ccr.site.limits import spend
from ccr.site.page_forms import come_back, fresh
from ccr.site.question_desk import AN_ANSWER, ONE, QuestionDesk, seen
from ccr.site.rendering import Form

DEEDS = 60
"""A minute, of one person."""


def add_moderating(blueprint: Blueprint, desk: QuestionDesk) -> None:
    """The list of what waits, and what staff do to a question and its answers."""
    moderation = desk.moderation
    staff = only(Role.AGENT, Role.ADMIN)

    @blueprint.get("/help/questions/waiting")
    @staff
    async def waiting() -> ResponseReturnValue:
        return await desk.waiting_page(Form(), 200)

    @blueprint.post(f"{ONE}/decide")
    @staff
    async def decide(question: int) -> ResponseReturnValue:
        """From the list of what waits, or from the question's own page."""
        given = (await request.form).to_dict()
        yes = given.get("decision") == "approve"
        left_out = {"decision", "reason"} if yes else {"decision"}
        wanted = {name: value for name, value in seen(given).items() if name not in left_out}
        act = moderation.approve if yes else moderation.decline
        try:
            spend("public_deeds", DEEDS)
            await act(known().person, question, wanted)
        except Refusal as refusal:
            if refusal.code is Code.NOT_FOUND:
                raise
            kept = fresh(refusal, given) | {"question": str(question)}
            return await come_back(refusal, kept, desk.waiting_page)
        return redirect(f"/help/questions/waiting?done={'approved' if yes else 'declined'}", 303)

    def add(path: str, name: str, act: Callable[..., Awaitable[object]], **fixed: bool) -> None:
        @staff
        async def view(**ids: int) -> ResponseReturnValue:
            person, which = known().person, [ids[name] for name in ("question", "answer") if name in ids]
            place = f"a{ids['answer']}" if "answer" in ids else ""
            return await desk.take(
                ids["question"],
                lambda given: act(person, *which, seen(given), **fixed),
                then=f"/help/questions/{ids['question']}?done={name}{'#' if place else ''}{place}",
                name=place or name,
                limit=("public_deeds", DEEDS),
            )

        blueprint.add_url_rule(path, name, view, methods=["POST"])

    add(f"{ONE}/hide", "hide", moderation.hide)
    add(f"{ONE}/show", "show", moderation.show)
    add(f"{AN_ANSWER}/accept", "accept", moderation.accept, on=True)
    add(f"{AN_ANSWER}/unaccept", "unaccept", moderation.accept, on=False)
    add(f"{AN_ANSWER}/hide", "hide_answer", moderation.turn_answer, hide=True)
    add(f"{AN_ANSWER}/show", "show_answer", moderation.turn_answer, hide=False)
