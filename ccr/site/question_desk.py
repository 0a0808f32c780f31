"""What the pages of public questions show, and how their forms are carried out."""

from collections.abc import Awaitable, Callable
from typing import Any

from quart import Response, redirect, request
from quart.typing import ResponseReturnValue

from ccr.desk.people import Role
from ccr.desk.refusals import Code, Refusal
from ccr.services.community import Community
from ccr.services.moderation import Moderation
from ccr.services.public_words import looks_after
from ccr.site.guards import identity, known
from ccr.site.limits import spend
from ccr.site.page_forms import Fields, come_back, fresh, number
from ccr.site.paths import ID
from ccr.site.rendering import Form, page
from ccr.site.ticket_desk import new_key

ONE = f"/help/questions/<{ID}:question>"
AN_ANSWER = f"{ONE}/answers/<{ID}:answer>"

Act = Callable[[Fields], Awaitable[object]]


class QuestionDesk:
    """Gathers what a page shows, and carries out its forms."""

    def __init__(self, community: Community, moderation: Moderation) -> None:
        self.community = community
        self.moderation = moderation

    async def list_page(self) -> Response:
        """All that is public, and what of one's own is not yet."""
        found = await identity()
        person = found.person if found else None
        shown = await self.community.page(person, request.args.get("before"))
        mine = await self.community.mine(person) if person and person.role is Role.CUSTOMER else []
        staff = looks_after(person)
        waiting = await self.moderation.count() if staff else 0
        return await page("questions.html", mine=mine, staff=staff, waiting=waiting, **shown)

    async def question_page(self, question: int, form: Form, status: int, refused: str = "") -> Response:
        """One of them with its answers; `refused` says which of the forms comes back."""
        found = await identity()
        person = found.person if found else None
        wanted = request.args.get("page", "")
        number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 5 else 1
        shown = await self.community.question(person, question, number)
        return await page(
            "question.html",
            status,
            form=form,
            refused=refused,
            staff=looks_after(person),
            new_key=new_key,
            **shown,
        )

    async def waiting_page(self, form: Form, status: int) -> Response:
        """What staff are to look at; a refused form is that of the question `form.kept.question`."""
        waiting = await self.moderation.waiting(known().person)
        return await page("questions_waiting.html", status, form=form, questions=waiting, new_key=new_key)

    async def take(
        self, question: int, act: Act, *, then: str, name: str, limit: tuple[str, int]
    ) -> ResponseReturnValue:
        """Carry out a form of a question's page; a refused one comes back there."""
        given = (await request.form).to_dict()
        try:
            spend(*limit)
            await act(given)
        except Refusal as refusal:
            if refusal.code in (Code.NOT_FOUND, Code.UNAVAILABLE, Code.UNAUTHENTICATED):
                raise
            return await come_back(
                refusal,
                fresh(refusal, given),
                lambda form, status: self.question_page(question, form, status, name),
            )
        return redirect(then, 303)


def seen(given: Fields) -> dict[str, Any]:
    """The form with its number as one. Raises `invalid`."""
    return given | {"seen": number(given, "seen")} if "seen" in given else dict(given)
