"""The pages about tickets: lists, a new one, and the one talked on. A refused form comes back as it was."""

from typing import Any

from quart import Blueprint, Response, redirect, request
from quart.typing import ResponseReturnValue

from ccr.desk.checking import whole_number
from ccr.desk.commands import read_command
from ccr.desk.people import Role
from ccr.desk.refusals import Code, Refusal, forbidden, invalid
from ccr.services.attachments import Attachments
from ccr.services.canned_replies import CannedReplies
from ccr.services.changes import Changes
from ccr.services.opening_hours import OpeningHours
from ccr.services.reading import Reading
from ccr.services.ticket_bot import TicketBot
from ccr.site.guards import known, only, signed_in
from ccr.site.limits import spend
from ccr.site.multipart import Asked, carry_out, expected_files, is_large
from ccr.site.page_forms import fresh, in_time
from ccr.site.paths import ID
from ccr.site.rendering import Form, page
from ccr.site.ticket_desk import TicketDesk, new_key

_NUMBERS = frozenset({"agent", "of", "reply_to", "stars"})
_OUTSIDE_COMMAND = frozenset({"key", "back"})
_MARKED = frozenset({None, "close_ticket", "post_message", "post_note", "rate_ticket"})
"""Commands whose forms say beside the field what is wrong with it; `None` is the raising of a ticket."""
_ELSEWHERE = frozenset({Code.NOT_FOUND, Code.UNAUTHENTICATED, Code.UNAVAILABLE})
"""Refusals after which there is no page for the form to come back to."""


def tickets_pages(
    changes: Changes,
    reading: Reading,
    canned_replies: CannedReplies,
    attachments: Attachments,
    *,
    bot: TicketBot | None = None,
    hours: OpeningHours | None = None,
    admins_read: bool = False,
) -> Blueprint:
    """The routes below `/tickets`."""
    pages = Blueprint("tickets_pages", __name__)
    desk = TicketDesk(reading, canned_replies, bot, hours, admins_read)

    @pages.get("/tickets")
    @signed_in
    async def tickets() -> Response:
        return await desk.list_page(known().person, Form(), request.args)

    @pages.get("/tickets/new")
    @only(Role.CUSTOMER)
    async def new() -> Response:
        return await page("ticket_new.html", new_key=new_key)

    @pages.post("/tickets/new")
    @only(Role.CUSTOMER)
    async def open_ticket() -> ResponseReturnValue:
        given = (await request.form).to_dict()
        try:
            answer = await changes.carry_out(
                known().person, None, _key(given), read_command(_fields(given) | {"type": "open_ticket"})
            )
        except Refusal as refusal:
            form, status = _back(refusal, given)
            return in_time(refusal, await page("ticket_new.html", status, form=form, new_key=new_key))
        return redirect(f"/tickets/{answer.ticket}", 303)

    @pages.get(f"/tickets/<{ID}:ticket_id>")
    @signed_in
    async def ticket(ticket_id: int) -> Response:
        return await desk.ticket_page(known().person, ticket_id)

    @pages.post(f"/tickets/<{ID}:ticket_id>/commands")
    @signed_in
    async def command(ticket_id: int) -> ResponseReturnValue:
        if is_large():
            spend("attach", 60)
        # Not whether it may be written on: of a ticket that was closed meanwhile the words must come back.
        async with expected_files("files", lambda: _check_is_theirs(reading, ticket_id)) as picked:
            given = (await request.form).to_dict()
            back = given.get("back", "")
            try:
                asked = Asked(known().person, ticket_id, _key(given), _fields(given), picked)
                await carry_out(asked, changes, attachments)
            except Refusal as refusal:
                return await _come_back(desk, ticket_id, refusal, given)
        return redirect(back if _is_list(back) else f"/tickets/{ticket_id}#last", 303)

    return pages


async def _check_is_theirs(reading: Reading, ticket_id: int) -> None:
    """Raises `not_found`, or `forbidden` for admins, who write no messages and so send no files."""
    await reading.standing(known().person, ticket_id)
    if known().person.role is Role.ADMIN:
        raise forbidden("Only the customer and the assigned agent write messages.")


async def _come_back(desk: TicketDesk, ticket_id: int, refusal: Refusal, given: dict[str, str]) -> Response:
    """The page that the form was on, with the form. Raises the refusal where there is no page any more."""
    if refusal.code in _ELSEWHERE:
        raise refusal
    form, status = _back(refusal, given)
    if _is_list(given.get("back", "")):
        return in_time(refusal, await desk.list_page(known().person, form, {}, status))
    return in_time(refusal, await desk.ticket_page(known().person, ticket_id, form, status))


def _is_list(back: str) -> bool:
    """Whether this leads to a list of ours and nowhere else."""
    return (back == "/tickets" or back.startswith("/tickets?")) and back.isascii() and back.isprintable()


def _key(given: dict[str, str]) -> str:
    """The form's key. Raises `invalid`."""
    key = given.get("key", "")
    if not (8 <= len(key) <= 64 and key.isascii() and key.replace("-", "").replace("_", "").isalnum()):
        raise invalid(key="does not have the form asked for")
    return key


def _fields(given: dict[str, str]) -> dict[str, Any]:
    """A form's fields as the command has them: numbers are numbers, and what was left empty is left out."""
    fields: dict[str, Any] = {}
    for name, value in given.items():
        if name == "agent" and not value:
            fields[name] = None
        elif value and name not in _OUTSIDE_COMMAND:
            found = whole_number(value) if name in _NUMBERS else None
            fields[name] = value if found is None else found
    return fields


def _back(refusal: Refusal, given: dict[str, str]) -> tuple[Form, int]:
    """The form as it was sent."""
    form = Form.refused(refusal, fresh(refusal, given))
    if refusal.fields and given.get("type") not in _MARKED:
        words = " ".join(
            f"{name.replace('_', ' ').capitalize()} {fault}." for name, fault in refusal.fields.items()
        )
        form = Form(words, form.wrong, form.kept)
    return form, refusal.code.http_status
