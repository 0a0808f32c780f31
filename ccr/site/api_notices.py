"""The JSON API about notices: what people want, what admins look after, and what providers report."""

from quart import Blueprint, request
from quart.typing import ResponseReturnValue

from ccr.desk.checking import MAX_ID
from ccr.desk.people import Role
from ccr.desk.refusals import invalid
from ccr.services.account_forms import AddressToMail, read
from ccr.services.notice_choices import NoticeChoices
from ccr.services.notice_traces import NoticeTraces
from ccr.site.bodies import answer, arguments, body_bytes, done, json_body, number
from ccr.site.guards import known, only, signed_in, unasked
from ccr.site.limits import limited
from ccr.site.paths import BASE, ID

LARGEST_REPORT = 2**20
"""Bytes of what a provider posts at once."""

SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"


def notices_api(traces: NoticeTraces, choices: NoticeChoices) -> Blueprint:
    """Every JSON route about notices."""
    blueprint = Blueprint("notices_api", __name__, url_prefix=BASE)

    @blueprint.get("/me/notices")
    @signed_in
    async def mine() -> ResponseReturnValue:
        return answer(await choices.of(known().person))

    @blueprint.patch("/me/notices")
    @signed_in
    async def choose() -> ResponseReturnValue:
        return answer(await choices.choose(known().person, await json_body()))

    @blueprint.get("/notices")
    @only(Role.ADMIN)
    async def notices() -> ResponseReturnValue:
        given = arguments("show", "cursor")
        if given.get("show", "dead") not in ("dead", "all"):
            raise invalid(show="must be dead or all")
        before = number(given, "cursor", MAX_ID, least=1, most=MAX_ID)
        return answer(await traces.page(known().person, dead=given.get("show") != "all", before=before))

    @blueprint.post(f"/notices/<{ID}:notice>/again")
    @only(Role.ADMIN)
    async def again(notice: int) -> ResponseReturnValue:
        await traces.again(known().person, notice)
        return done()

    @blueprint.post("/notices/addresses")
    @only(Role.ADMIN)
    async def mail_again() -> ResponseReturnValue:
        form = read(AddressToMail, await json_body())
        await traces.mail_again(known().person, form.address)
        return done()

    return blueprint


def hooks(traces: NoticeTraces) -> Blueprint:
    """Where providers report."""
    blueprint = Blueprint("hooks", __name__, url_prefix="/hooks")

    @blueprint.post("/sendgrid")
    @unasked
    @limited("hook", per_minute=600)
    async def sendgrid() -> ResponseReturnValue:
        said = request.headers
        await traces.reported(
            await body_bytes(LARGEST_REPORT), said.get(SIGNATURE, ""), said.get(TIMESTAMP, "")
        )
        return done()

    return blueprint
