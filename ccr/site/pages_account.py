"""The pages about people: entering, one's own account, agents, feedback. Every form works without a script."""

from quart import Blueprint, Response, redirect
from quart.typing import ResponseReturnValue

from ccr.desk.people import Role
from ccr.desk.refusals import invalid
from ccr.services.accounts import Accounts
from ccr.services.alarms import Alarms
from ccr.services.exports import Exports
from ccr.services.feedback import FeedbackBox
from ccr.services.first_admin import FirstAdmin
from ccr.services.mobiles import Mobiles
from ccr.services.notice_choices import NoticeChoices
from ccr.services.reading import Reading
from ccr.services.resets import Resets
from ccr.services.signing_in import SigningIn
from ccr.services.staff import Staff
from ccr.services.subscriptions import Subscriptions
from ccr.site import cookies
from ccr.site.export_answers import hand_out_held
from ccr.site.guards import barely_signed_in, known, only, signed_in
from ccr.site.limits import spend
from ccr.site.page_forms import Fields, carry_out, without_empty
from ccr.site.pages_agents import add_agents
from ccr.site.pages_entry import HOME, add_entry
from ccr.site.pages_feedback import add_feedback
from ccr.site.pages_notices import CHANNEL_WORDS, WORDS
from ccr.site.pages_reach import add_reach
from ccr.site.paths import ID
from ccr.site.rendering import Form, page

EXPORT_NAME = "customer-care-registry.json"


def account_pages(
    *,
    accounts: Accounts,
    exports: Exports,
    signing_in: SigningIn,
    alarms: Alarms,
    resets: Resets,
    first_admin: FirstAdmin,
    staff: Staff,
    feedback: FeedbackBox,
    reading: Reading,
    mobiles: Mobiles,
    subscriptions: Subscriptions,
    choices: NoticeChoices,
) -> Blueprint:
    """Every page that is not about a ticket."""
    blueprint = Blueprint("account_pages", __name__)
    add_entry(
        blueprint,
        accounts=accounts,
        signing_in=signing_in,
        alarms=alarms,
        resets=resets,
        first_admin=first_admin,
    )
    own = _Own(accounts, signing_in, mobiles, subscriptions, choices)
    _add_profile(blueprint, own)
    _add_devices(blueprint, own)
    _add_data(blueprint, own, exports)
    add_reach(blueprint, mobiles, subscriptions, own.show)
    add_agents(blueprint, staff, reading)
    add_feedback(blueprint, feedback, reading)
    return blueprint


class _Own:
    """One's own account and the forms on its page, each known by its part."""

    def __init__(
        self,
        accounts: Accounts,
        signing_in: SigningIn,
        mobiles: Mobiles,
        subscriptions: Subscriptions,
        choices: NoticeChoices,
    ) -> None:
        self.accounts = accounts
        self.signing_in = signing_in
        self.mobiles = mobiles
        self.subscriptions = subscriptions
        self.choices = choices

    async def show(self, part: str, form: Form, status: int) -> Response:
        """The page; `form` is what became of the form in `part`."""
        sessions = await self.signing_in.sessions(known())
        return await page(
            "account.html",
            status,
            part=part,
            form=form,
            sessions=sessions,
            mobile=await self.mobiles.state(known().person),
            notifications=await self.subscriptions.state(known()),
            choices=await self.choices.of(known().person),
            words={"kinds": WORDS, "channels": CHANNEL_WORDS},
        )

    async def update(self, given: Fields) -> None:
        """Save the profile."""
        person = known().person
        # An admin made by the settings has no mobile number, and need not have one to change their name.
        wanted = given if person.mobile else without_empty(given, "mobile")
        await self.accounts.update(person, wanted)

    async def change_password(self, given: Fields) -> None:
        """Put another password in place of the present one."""
        spend("password", 30)
        await self.accounts.change_password(known(), given)

    async def delete(self, given: Fields) -> None:
        """Delete the account, if that is really meant."""
        given.setdefault("sure", "")  # a box without its tick is not sent, and must be marked all the same
        if given["sure"] != "yes":
            raise invalid(sure="Tick this if you are sure.")
        await self.accounts.delete(known())
        cookies.forget()


def _add_profile(blueprint: Blueprint, own: _Own) -> None:
    @blueprint.get("/account")
    @barely_signed_in
    async def account() -> ResponseReturnValue:
        return await own.show("", Form(), 200)

    @blueprint.post("/account")
    @signed_in
    async def updated() -> ResponseReturnValue:
        return await carry_out(
            own.update,
            then="/account?done=profile",
            again=lambda form, status: own.show("profile", form, status),
        )

    @blueprint.post("/account/password")
    @barely_signed_in
    async def password_changed() -> ResponseReturnValue:
        return await carry_out(
            own.change_password,
            then=HOME if known().person.must_change_password else "/account?done=password#password",
            again=lambda form, status: own.show("password", form, status),
        )


def _add_devices(blueprint: Blueprint, own: _Own) -> None:
    @blueprint.post(f"/account/sessions/<{ID}:session_id>")
    @signed_in
    async def session_ended(session_id: int) -> ResponseReturnValue:
        await own.signing_in.end_session(known(), session_id)
        if session_id == known().session_id:
            cookies.forget()
            return redirect("/login?done=logout", 303)
        return redirect("/account?done=sessions#sessions", 303)


def _add_data(blueprint: Blueprint, own: _Own, exports: Exports) -> None:
    @blueprint.get("/account/export")
    @signed_in
    async def export() -> ResponseReturnValue:
        spend("export", 10)
        headers = {"Content-Disposition": f'attachment; filename="{EXPORT_NAME}"'}
        return await hand_out_held(exports, known().person, headers)

    @blueprint.post("/account/delete")
    @only(Role.CUSTOMER)
    async def deleted() -> ResponseReturnValue:
        return await carry_out(
            own.delete,
            then="/login?done=deleted",
            again=lambda form, status: own.show("delete", form, status),
        )
