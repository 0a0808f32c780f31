"""The pages on which staff choose a portrait of their own, and admins one for an agent; and the pictures themselves."""

from quart import Blueprint, Response, redirect
from quart.typing import ResponseReturnValue

from ccr.desk.people import Role
from ccr.desk.refusals import Code, Refusal, bad_file
from ccr.services.portraits import Portraits
from ccr.site.file_answers import hand_out
from ccr.site.guards import known, only, signed_in
from ccr.site.limits import spend
from ccr.site.multipart import given_files
from ccr.site.page_forms import come_back
from ccr.site.paths import ID
from ccr.site.rendering import Form, page


def portraits_pages(portraits: Portraits) -> Blueprint:
    """Every page about portraits."""
    blueprint = Blueprint("portraits_pages", __name__)
    desk = _Desk(portraits)
    _add_own(blueprint, desk)
    _add_agents(blueprint, desk)

    @blueprint.get(f"/portraits/<{ID}:person_id>/<tag>")
    @signed_in
    async def portrait(person_id: int, tag: str) -> ResponseReturnValue:
        return await hand_out(await portraits.stored(person_id, tag), for_ever=True)

    return blueprint


def _add_own(blueprint: Blueprint, desk: "_Desk") -> None:
    @blueprint.get("/account/portrait")
    @only(Role.AGENT, Role.ADMIN)
    async def own() -> ResponseReturnValue:
        return await desk.show(known().person.id, Form(), 200)

    @blueprint.post("/account/portrait")
    @only(Role.AGENT, Role.ADMIN)
    async def own_put() -> ResponseReturnValue:
        return await desk.put(known().person.id)

    @blueprint.post("/account/portrait/remove")
    @only(Role.AGENT, Role.ADMIN)
    async def own_removed() -> ResponseReturnValue:
        return await desk.remove(known().person.id)


def _add_agents(blueprint: Blueprint, desk: "_Desk") -> None:
    @blueprint.get(f"/agents/<{ID}:agent_id>/portrait")
    @only(Role.ADMIN)
    async def agents(agent_id: int) -> ResponseReturnValue:
        return await desk.show(agent_id, Form(), 200)

    @blueprint.post(f"/agents/<{ID}:agent_id>/portrait")
    @only(Role.ADMIN)
    async def agents_put(agent_id: int) -> ResponseReturnValue:
        return await desk.put(agent_id)

    @blueprint.post(f"/agents/<{ID}:agent_id>/portrait/remove")
    @only(Role.ADMIN)
    async def agents_removed(agent_id: int) -> ResponseReturnValue:
        return await desk.remove(agent_id)


class _Desk:
    def __init__(self, portraits: Portraits) -> None:
        self.portraits = portraits

    async def show(self, of: int, form: Form, status: int) -> Response:
        """The page; `form` is what became of its form."""
        state = await self.portraits.state(known().person, of)
        return await page("portrait.html", status, form=form, shown=state, at=_at(of), back=_back(of))

    async def put(self, of: int) -> ResponseReturnValue:
        """Take what was picked, or the page comes back and says why not."""
        try:
            spend("portrait", 20)
            picked = await given_files("file")
            if len(picked) != 1:
                raise bad_file("is missing. Choose a picture first")
            await self.portraits.put(known().person, of, picked[0].name, picked[0].content)
        except Refusal as refusal:
            if refusal.code is Code.NOT_FOUND:
                raise

            async def again(form: Form, status: int) -> Response:
                return await self.show(of, form, status)

            return await come_back(_about_file(refusal), {}, again)
        return redirect(f"{_at(of)}?done=portrait", 303)

    async def remove(self, of: int) -> ResponseReturnValue:
        """Initials again."""
        await self.portraits.remove(known().person, of)
        return redirect(f"{_at(of)}?done=removed", 303)


def _at(of: int) -> str:
    return "/account/portrait" if of == known().person.id else f"/agents/{of}/portrait"


def _back(of: int) -> str:
    return "/account" if of == known().person.id else f"/agents#agent-{of}"


def _about_file(refusal: Refusal) -> Refusal:
    """In words: there is but one field."""
    if "file" not in refusal.fields:
        return refusal
    return Refusal(refusal.code, f"The picture {refusal.fields['file']}.")
