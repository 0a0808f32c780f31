"""The help centre's pages: contents, search, one article, and the form in which staff write them."""

from typing import Any

from quart import Blueprint, Response, redirect, request
from quart.typing import ResponseReturnValue

from ccr.desk.people import Person, Role
from ccr.desk.refusals import Code, Refusal, invalid
from ccr.services.help_centre import LONGEST_ARTICLE, HelpCentre, is_staff
from ccr.site.addresses import client_network
from ccr.site.guards import anyone, identity, only
from ccr.site.limits import spend
from ccr.site.markdown import rendered
from ccr.site.page_forms import Fields, come_back, without_empty
from ccr.site.rendering import Form, page

SEARCHES = 120
VOTES = 20
"""A minute, of one address or person."""


def help_pages(help_centre: HelpCentre) -> Blueprint:
    """Everything below `/help`."""
    blueprint = Blueprint("help_pages", __name__)
    _add_reading(blueprint, help_centre)
    _add_writing(blueprint, help_centre)
    return blueprint


def _add_reading(blueprint: Blueprint, help_centre: HelpCentre) -> None:
    async def article_page(slug: str, form: Form, status: int) -> Response:
        article = await help_centre.article(await _reader(), slug)
        return await page(
            "article.html",
            status,
            form=form,
            article=article,
            body=rendered(article["body"]),
            staff=await _writes(),
        )

    @blueprint.get("/help")
    @anyone
    async def contents() -> ResponseReturnValue:
        question = request.args.get("q", "").strip()[:200]
        found = None
        if question:
            spend("help", SEARCHES)
            found = await help_centre.search(question, most=5)
        categories = await help_centre.contents(await _reader())
        return await page(
            "help.html", question=question, found=found, categories=categories, staff=await _writes()
        )

    @blueprint.get("/help/<slug>")
    @anyone
    async def article(slug: str) -> ResponseReturnValue:
        return await article_page(slug, Form(), 200)

    @blueprint.post("/help/<slug>/vote")
    @anyone
    async def vote(slug: str) -> ResponseReturnValue:
        given = (await request.form).to_dict()
        helped = given.get("helped") == "yes"
        try:
            spend("help_vote", VOTES)
            if given.get("helped") not in {"yes", "no"}:
                raise invalid(helped="must be yes or no")
            await help_centre.vote(await _reader(), client_network(), slug, helped)
        except Refusal as refusal:
            if refusal.code not in {Code.RATE_LIMITED, Code.INVALID}:
                raise
            return await come_back(refusal, given, lambda form, status: article_page(slug, form, status))
        return redirect(f"/help/{slug}?done={'helped' if helped else 'not'}#vote", 303)


def _add_writing(blueprint: Blueprint, help_centre: HelpCentre) -> None:
    desk = _Desk(help_centre)

    @blueprint.get("/help/new")
    @only(Role.AGENT, Role.ADMIN)
    async def new() -> ResponseReturnValue:
        return await desk.form(None, Form(kept={"published": "yes"}), 200)

    @blueprint.post("/help/new")
    @only(Role.AGENT, Role.ADMIN)
    async def written() -> ResponseReturnValue:
        return await desk.take(None)

    @blueprint.get("/help/<slug>/edit")
    @only(Role.AGENT, Role.ADMIN)
    async def edit(slug: str) -> ResponseReturnValue:
        kept = await help_centre.article(await _reader(), slug)
        kept["published"] = "yes" if kept["published"] else "no"
        return await desk.form(slug, Form(kept=kept), 200)

    @blueprint.post("/help/<slug>/edit")
    @only(Role.AGENT, Role.ADMIN)
    async def edited(slug: str) -> ResponseReturnValue:
        return await desk.take(slug)


class _Desk:
    """Where staff write. A form comes in to be looked at as a page first, or to be saved."""

    def __init__(self, help_centre: HelpCentre) -> None:
        self.help_centre = help_centre

    async def form(self, slug: str | None, form: Form, status: int, **shown: Any) -> Response:
        """The form, with what it makes above it if that was asked for."""
        categories = [part["name"] for part in await self.help_centre.contents(await _reader())]
        return await page("article_edit.html", status, slug=slug, form=form, categories=categories, **shown)

    async def take(self, slug: str | None) -> ResponseReturnValue:
        """What was sent."""
        given = (await request.form).to_dict()
        given["summary"] = " ".join(given.get("summary", "").split())  # one line, however it was broken
        looks = given.pop("then", "look") == "look"
        body = given.get("body", "").replace("\r\n", "\n")
        # What is too long to be an article is refused as it would be for saving: it could take seconds to look at.
        if looks and len(body) <= LONGEST_ARTICLE:
            looked_at = Form(kept={name: value.replace("\r\n", "\n") for name, value in given.items()})
            return await self.form(slug, looked_at, 200, preview=rendered(body))
        try:
            saved = await self._save(slug, given)
        except Refusal as refusal:
            if refusal.code is Code.NOT_FOUND:
                raise
            return await come_back(refusal, given, lambda form, status: self.form(slug, form, status))
        return redirect(f"/help/{saved}?done=saved", 303)

    async def _save(self, slug: str | None, given: Fields) -> str:
        person = await _reader()
        assert person is not None
        return await self.help_centre.write(person, without_empty(given, "words", "seen"), slug)


async def _reader() -> Person | None:
    found = await identity()
    return found.person if found else None


async def _writes() -> bool:
    return is_staff(await _reader())
