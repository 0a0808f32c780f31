"""The page on which customers and agents write to the admins, and admins read it, with how tickets were rated."""

from typing import Any

from quart import Blueprint, Response, request
from quart.typing import ResponseReturnValue

from ccr.desk.people import Role
from ccr.services.feedback import FeedbackBox
from ccr.services.reading import Reading
from ccr.site.guards import known, only, signed_in
from ccr.site.limits import spend
from ccr.site.page_forms import Fields, carry_out, number, without_empty
from ccr.site.rendering import Form, page

LATEST = 200
"""Tickets among which ratings are looked for, the most lately changed first."""


def add_feedback(blueprint: Blueprint, feedback: FeedbackBox, reading: Reading) -> None:
    """One address, two pages: which of them depends on the role."""

    async def write_page(form: Form, status: int) -> Response:
        found = (await reading.tickets(known().person))["tickets"]
        tickets = [(ticket["id"], f"{ticket['id']} · {ticket['query']}") for ticket in found]
        return await page("feedback.html", status, form=form, tickets=tickets)

    async def read_page() -> Response:
        box = await feedback.page(known().person, cursor=request.args.get("cursor"))
        tickets = (await reading.tickets(known().person, limit=LATEST))["tickets"]
        rated = [ticket for ticket in tickets if ticket["rating"]]
        return await page("feedback.html", feedback=box["feedback"], cursor=box["cursor"], ratings=rated)

    async def write(given: Fields) -> None:
        spend("feedback", 30)
        wanted: dict[str, Any] = dict(without_empty(given, "ticket", "stars"))
        wanted |= {name: number(given, name) for name in ("ticket", "stars") if name in wanted}
        await feedback.write(known().person, wanted)

    @blueprint.get("/feedback")
    @signed_in
    async def show() -> ResponseReturnValue:
        return await read_page() if known().person.role is Role.ADMIN else await write_page(Form(), 200)

    @blueprint.post("/feedback")
    @only(Role.CUSTOMER, Role.AGENT)
    async def written() -> ResponseReturnValue:
        return await carry_out(write, then="/feedback?done=yes", again=write_page)
