"""The page on which admins and agents say when agents are there."""

from quart import Blueprint, Response
from quart.typing import ResponseReturnValue

from ccr.desk.hours import DAYS
from ccr.desk.people import Role
from ccr.services.opening_hours import DAY_FIELDS, OpeningHours
from ccr.site.guards import known, only
from ccr.site.page_forms import carry_out, without_empty
from ccr.site.rendering import Form, page


def hours_pages(hours: OpeningHours) -> Blueprint:
    """`/hours`: an admin's are everybody's, an agent's are their own."""
    blueprint = Blueprint("hours_pages", __name__)

    async def show(form: Form, status: int) -> Response:
        shown = await hours.shown(known().person)
        return await page(
            "hours.html", status, form=form, days=list(zip(DAY_FIELDS, DAYS, strict=True)), **shown
        )

    @blueprint.get("/hours")
    @only(Role.AGENT, Role.ADMIN)
    async def form() -> ResponseReturnValue:
        return await show(Form(), 200)

    @blueprint.post("/hours")
    @only(Role.AGENT, Role.ADMIN)
    async def saved() -> ResponseReturnValue:
        return await carry_out(
            lambda given: hours.save(known().person, without_empty(given, *DAY_FIELDS, "off")),
            then="/hours?done=saved",
            again=show,
        )

    return blueprint
