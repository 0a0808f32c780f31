"""The pages in front of the sign-in: what this is, registering, signing in and out, forgotten passwords."""

from quart import Blueprint, Response, redirect, request
from quart.typing import ResponseReturnValue

from ccr.services.accounts import Accounts
from ccr.services.alarms import Alarms
from ccr.services.first_admin import FirstAdmin
from ccr.services.resets import Resets
from ccr.services.signing_in import SigningIn
from ccr.site import cookies
from ccr.site.guards import anyone, barely_signed_in, identity, known, unasked
from ccr.site.limits import spend
from ccr.site.page_forms import Fields, carry_out
from ccr.site.rendering import Form, page

HOME = "/tickets"
"""Where signing in leads."""


def add_entry(
    blueprint: Blueprint,
    *,
    accounts: Accounts,
    signing_in: SigningIn,
    alarms: Alarms,
    resets: Resets,
    first_admin: FirstAdmin,
) -> None:
    """Everything that works without being signed in, and the way out."""
    _add_about(blueprint)
    _add_registration(blueprint, accounts, signing_in, first_admin)
    _add_sessions(blueprint, signing_in)
    _add_resets(blueprint, resets)
    _add_alarms(blueprint, alarms)


def _add_about(blueprint: Blueprint) -> None:
    @blueprint.get("/")
    @anyone
    async def home() -> ResponseReturnValue:
        return redirect(HOME, 303) if await identity() else await page("home.html")

    @blueprint.get("/offline")
    @unasked
    async def offline() -> ResponseReturnValue:
        """What browsers keep for when they cannot reach us; it must not say who asked."""
        return await page("offline.html")


def _add_registration(
    blueprint: Blueprint, accounts: Accounts, signing_in: SigningIn, first_admin: FirstAdmin
) -> None:
    async def again(form: Form, status: int) -> Response:
        invitation = form.kept.get("invitation") or request.args.get("invitation", "")
        void = bool(invitation) and not await first_admin.is_open(invitation)
        return await page(
            "register.html", status, form=form, invitation=invitation, void=void, next=_wanted(form)
        )

    async def register(given: Fields) -> None:
        spend("registration", 30)
        registration = {name: value for name, value in given.items() if name not in {"invitation", "next"}}
        if given.get("invitation"):
            await first_admin.accept(given["invitation"], registration)
        else:
            await accounts.register(registration)
        await _enter(signing_in, given["email"], given["password"])

    @blueprint.get("/register")
    @anyone
    async def registration() -> ResponseReturnValue:
        return await again(Form(), 200)

    @blueprint.post("/register")
    @anyone
    async def registered() -> ResponseReturnValue:
        return await carry_out(register, then=await _then(), again=again)


def _add_sessions(blueprint: Blueprint, signing_in: SigningIn) -> None:
    async def again(form: Form, status: int) -> Response:
        return await page("login.html", status, form=form, next=_wanted(form))

    async def sign_in(given: Fields) -> None:
        spend("sign_in", 60)
        await _enter(signing_in, given.get("email", ""), given.get("password", ""))

    @blueprint.get("/login")
    @anyone
    async def login() -> ResponseReturnValue:
        return await again(Form(), 200)

    @blueprint.post("/login")
    @anyone
    async def logged_in() -> ResponseReturnValue:
        return await carry_out(sign_in, then=await _then(), again=again)

    @blueprint.post("/logout")
    @barely_signed_in
    async def logout() -> ResponseReturnValue:
        await signing_in.sign_out(known())
        cookies.forget()
        return redirect("/login?done=logout", 303)


def _add_resets(blueprint: Blueprint, resets: Resets) -> None:
    async def forgot_again(form: Form, status: int) -> Response:
        return await page("forgot.html", status, form=form, email=cookies.kept_email())

    async def reset_again(form: Form, status: int) -> Response:
        return await page("reset.html", status, form=form, linked=request.args, email=cookies.kept_email())

    async def ask(given: Fields) -> None:
        spend("reset", 10)
        await resets.ask(given)
        cookies.keep_email(given["email"])

    async def confirm(given: Fields) -> None:
        spend("reset_confirm", 30)
        cookies.know(await resets.confirm(given, cookies.device()))
        cookies.forget_email()

    @blueprint.get("/forgot")
    @anyone
    async def forgot() -> ResponseReturnValue:
        return await forgot_again(Form(), 200)

    @blueprint.post("/forgot")
    @anyone
    async def asked() -> ResponseReturnValue:
        return await carry_out(ask, then="/reset?done=asked", again=forgot_again)

    @blueprint.get("/reset")
    @anyone
    async def reset() -> ResponseReturnValue:
        return await reset_again(Form(), 200)

    @blueprint.post("/reset")
    @anyone
    async def confirmed() -> ResponseReturnValue:
        return await carry_out(confirm, then="/login?done=reset", again=reset_again)


def _add_alarms(blueprint: Blueprint, alarms: Alarms) -> None:
    """Only a press of the button ends the session: programs that look at mails open every link in them."""

    @blueprint.get("/sign-out/<token>")
    @anyone
    async def alarm(token: str) -> ResponseReturnValue:
        return await page("sign_out.html", session=await alarms.session(token))

    @blueprint.post("/sign-out/<token>")
    @anyone
    async def alarmed(token: str) -> ResponseReturnValue:
        spend("alarm", 30)
        await alarms.end(token)
        return redirect(f"/sign-out/{token}?done=ended", 303)


async def _enter(signing_in: SigningIn, login: str, password: str) -> None:
    """Sign in, in place of whoever is signed in at this browser."""
    replaced = cookies.session_token()
    cookies.remember(await signing_in.sign_in(login, password, cookies.device(), instead_of=replaced))


def _wanted(form: Form) -> str:
    """Where somebody was about to go when they had to sign in first."""
    return form.kept.get("next") or request.args.get("next", "")


async def _then() -> str:
    wanted = (await request.form).get("next", "")
    return wanted if _is_ours(wanted) else HOME


def _is_ours(path: str) -> bool:
    """Whether this leads to a page of ours: browsers read `//host` and `/\\host` as another site."""
    return path.startswith("/") and path[1:2] not in {"/", "\\"} and path.isprintable()
