"""Pages about notices: what admins look after, what people turn off, and the link in a mail that does so."""

from quart import Blueprint, Response, redirect, request
from quart.typing import ResponseReturnValue

from ccr.desk.checking import whole_number
from ccr.desk.notices import Channel, Kind
from ccr.desk.people import Role
from ccr.desk.refusals import Refusal, invalid
from ccr.services.notice_choices import NoticeChoices
from ccr.services.notice_traces import NoticeTraces
from ccr.site.guards import known, only, signed_in, unasked
from ccr.site.limits import limited
from ccr.site.paths import ID
from ccr.site.rendering import Form, page

WORDS = {
    Kind.MESSAGE_WAITING: "Messages that wait for you",
    Kind.TICKET_OPENED: "We have your ticket",
    Kind.AGENT_ASSIGNED: "An agent looks after your ticket",
    Kind.TICKET_ASSIGNED: "A ticket was given to you",
    Kind.TICKET_CLOSED: "A ticket was closed",
    Kind.TICKET_RAISED: "A new ticket waits for an agent",
    Kind.QUESTION_WAITING: "A customer wants to publish a question",
    Kind.QUESTION_PUBLIC: "Your question is public",
    Kind.QUESTION_DECLINED: "Your question was not published",
}
"""What the kinds that may be turned off are called on pages."""

CHANNEL_WORDS = {Channel.MAIL: "E-mail", Channel.SMS: "Text message", Channel.PUSH: "Notification"}


def notices_pages(traces: NoticeTraces, choices: NoticeChoices) -> Blueprint:
    """Every page about notices, but for the part of the account page that shows the choices."""
    blueprint = Blueprint("notices_pages", __name__)
    _add_traces(blueprint, traces)
    _add_choices(blueprint, choices)
    _add_unsubscribing(blueprint, choices)
    return blueprint


def _add_traces(blueprint: Blueprint, traces: NoticeTraces) -> None:
    async def show(form: Form | None = None, status: int = 200) -> Response:
        everything = request.args.get("show") == "all"
        asked = request.args.get("before", "")
        before = whole_number(asked)
        if asked and before is None:
            raise invalid(before="is not one of ours")
        found = await traces.page(known().person, dead=not everything, before=before)
        return await page("notices.html", status, form=form or Form(), everything=everything, **found)

    @blueprint.get("/notices")
    @only(Role.ADMIN)
    async def notices() -> ResponseReturnValue:
        return await show()

    @blueprint.post(f"/notices/<{ID}:notice>/again")
    @only(Role.ADMIN)
    async def again(notice: int) -> ResponseReturnValue:
        try:
            goes = await traces.again(known().person, notice)
        except Refusal as refusal:
            return await show(Form.refused(refusal, {}), refusal.code.http_status)
        return redirect(f"/notices?done={'again' if goes else 'joined'}", 303)

    @blueprint.post("/notices/addresses")
    @only(Role.ADMIN)
    async def mailed_again() -> ResponseReturnValue:
        try:
            await traces.mail_again(known().person, (await request.form).get("address", ""))
        except Refusal as refusal:
            return await show(Form.refused(refusal, {}), refusal.code.http_status)
        return redirect("/notices?done=address#addresses", 303)


def _add_choices(blueprint: Blueprint, choices: NoticeChoices) -> None:
    @blueprint.post("/account/notices")
    @signed_in
    async def chosen() -> ResponseReturnValue:
        """A form sends only the boxes that are ticked; what it showed besides was turned off."""
        person, form = known().person, await request.form
        today = await choices.of(person)
        await choices.choose(
            person,
            {
                kind: {channel: f"{kind}.{channel}" in form for channel in channels}
                for kind, channels in today.items()
            },
        )
        return redirect("/account?done=notices#notices", 303)


def _add_unsubscribing(blueprint: Blueprint, choices: NoticeChoices) -> None:
    """By whoever has the link, signed in or not: a mail program's button posts without cookie and Origin."""

    @blueprint.get("/unsubscribe/<token>")
    @unasked
    @limited("unsubscribe", per_minute=60)
    async def unsubscribing(token: str) -> ResponseReturnValue:
        _, kind = choices.read(token)
        return await page("unsubscribe.html", words=WORDS.get(Kind(kind), kind), off=False)

    @blueprint.post("/unsubscribe/<token>")
    @unasked
    @limited("unsubscribe", per_minute=60)
    async def unsubscribed(token: str) -> ResponseReturnValue:
        kind = await choices.unsubscribe(token)
        return await page("unsubscribe.html", words=WORDS.get(Kind(kind), kind), off=True)
