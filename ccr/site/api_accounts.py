"""The JSON API about people: registering, signing in, passwords, one's own account, agents, feedback."""

from quart import Blueprint
from quart.typing import ResponseReturnValue

from ccr.desk.people import Role
from ccr.services import feedback as feedback_pages
from ccr.services.account_forms import SignIn, given_login, read
from ccr.services.accounts import Accounts
from ccr.services.canned_replies import CannedReplies
from ccr.services.exports import Exports
from ccr.services.feedback import FeedbackBox
from ccr.services.resets import Resets
from ccr.services.signing_in import SigningIn
from ccr.services.staff import Staff
from ccr.site import cookies
from ccr.site.bodies import answer, arguments, done, json_body, number
from ccr.site.export_answers import hand_out_held
from ccr.site.guards import anyone, barely_signed_in, known, only, signed_in
from ccr.site.limits import limited
from ccr.site.paths import BASE, ID


def accounts_api(
    *,
    accounts: Accounts,
    exports: Exports,
    signing_in: SigningIn,
    resets: Resets,
    staff: Staff,
    feedback: FeedbackBox,
    canned_replies: CannedReplies,
) -> Blueprint:
    """Every JSON route that is not about a ticket."""
    blueprint = Blueprint("accounts_api", __name__, url_prefix=BASE)
    _add_sessions(blueprint, accounts, signing_in)
    _add_passwords(blueprint, accounts, resets)
    _add_me(blueprint, accounts, exports)
    _add_staff(blueprint, staff, canned_replies)
    _add_feedback(blueprint, feedback)
    return blueprint


def _add_sessions(blueprint: Blueprint, accounts: Accounts, signing_in: SigningIn) -> None:
    @blueprint.post("/customers")
    @anyone
    @limited("registration", per_minute=30)
    async def register() -> ResponseReturnValue:
        person = await accounts.register(await json_body())
        return answer(person.wire(), 201)

    @blueprint.post("/sessions")
    @anyone
    @limited("sign_in", per_minute=60)
    async def sign_in() -> ResponseReturnValue:
        form = read(SignIn, await json_body())
        replaced = cookies.session_token() if cookies.is_page() else None
        begun = await signing_in.sign_in(
            given_login(form), form.password, cookies.device(), instead_of=replaced
        )
        if cookies.is_page():
            cookies.remember(begun)
        else:
            cookies.know(begun.device_token)
        return answer({"token": begun.token, "person": begun.person.wire()})

    @blueprint.get("/sessions")
    @signed_in
    async def sessions() -> ResponseReturnValue:
        return answer(await signing_in.sessions(known()))

    @blueprint.delete("/sessions/current")
    @barely_signed_in
    async def sign_out() -> ResponseReturnValue:
        await signing_in.sign_out(known())
        cookies.forget()
        return done()

    @blueprint.delete(f"/sessions/<{ID}:session_id>")
    @signed_in
    async def end_session(session_id: int) -> ResponseReturnValue:
        await signing_in.end_session(known(), session_id)
        return done()


def _add_passwords(blueprint: Blueprint, accounts: Accounts, resets: Resets) -> None:
    @blueprint.post("/password-resets")
    @anyone
    @limited("reset", per_minute=10)
    async def ask_for_code() -> ResponseReturnValue:
        await resets.ask(await json_body())
        return answer({}, 202)

    @blueprint.post("/password-resets/confirm")
    @anyone
    @limited("reset_confirm", per_minute=30)
    async def use_code() -> ResponseReturnValue:
        cookies.know(await resets.confirm(await json_body(), cookies.device()))
        return done()

    @blueprint.post("/me/password")
    @barely_signed_in
    @limited("password", per_minute=30)
    async def change_password() -> ResponseReturnValue:
        await accounts.change_password(known(), await json_body())
        return done()


def _add_me(blueprint: Blueprint, accounts: Accounts, exports: Exports) -> None:
    @blueprint.get("/me")
    @signed_in
    async def me() -> ResponseReturnValue:
        return answer(known().person.wire())

    @blueprint.patch("/me")
    @signed_in
    async def change_me() -> ResponseReturnValue:
        person = await accounts.update(known().person, await json_body())
        return answer(person.wire())

    @blueprint.delete("/me")
    @signed_in
    async def delete_me() -> ResponseReturnValue:
        await accounts.delete(known())
        cookies.forget()
        return done()

    @blueprint.get("/me/export")
    @signed_in
    @limited("export", per_minute=10)
    async def export() -> ResponseReturnValue:
        return await hand_out_held(exports, known().person)


def _add_staff(blueprint: Blueprint, staff: Staff, canned_replies: CannedReplies) -> None:
    @blueprint.get("/agents")
    @only(Role.ADMIN)
    async def agents() -> ResponseReturnValue:
        return answer(await staff.agents(known().person))

    @blueprint.post("/agents")
    @only(Role.ADMIN)
    async def create_agent() -> ResponseReturnValue:
        agent = await staff.create(known().person, await json_body())
        return answer(agent.wire(), 201)

    @blueprint.patch(f"/agents/<{ID}:agent_id>")
    @only(Role.ADMIN)
    async def change_agent(agent_id: int) -> ResponseReturnValue:
        agent = await staff.change(known().person, agent_id, await json_body())
        return answer(agent.wire())

    @blueprint.get("/canned-replies")
    @only(Role.AGENT, Role.ADMIN)
    async def replies() -> ResponseReturnValue:
        return answer(await canned_replies.replies(known().person))


def _add_feedback(blueprint: Blueprint, feedback: FeedbackBox) -> None:
    @blueprint.post("/feedback")
    @only(Role.CUSTOMER, Role.AGENT)
    @limited("feedback", per_minute=30)
    async def write_feedback() -> ResponseReturnValue:
        return answer(await feedback.write(known().person, await json_body()), 201)

    @blueprint.get("/feedback")
    @only(Role.ADMIN)
    async def read_feedback() -> ResponseReturnValue:
        given = arguments("cursor", "limit")
        limit = number(given, "limit", feedback_pages.PAGE, least=1, most=feedback_pages.MOST)
        return answer(await feedback.page(known().person, cursor=given.get("cursor"), limit=limit))
