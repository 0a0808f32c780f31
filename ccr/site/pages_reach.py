"""On one's account page: the mobile number that is texted, and the browsers that show notifications."""

from collections.abc import Awaitable, Callable

from quart import Blueprint, Response, redirect
from quart.typing import ResponseReturnValue

from ccr.services.mobiles import Mobiles
from ccr.services.subscriptions import Subscriptions
from ccr.site.guards import known, signed_in
from ccr.site.limits import spend
from ccr.site.page_forms import Again, Fields, carry_out
from ccr.site.paths import ID
from ccr.site.rendering import Form

Show = Callable[[str, Form, int], Awaitable[Response]]
"""The account page, with what became of the form in a part of it."""


def add_reach(blueprint: Blueprint, mobiles: Mobiles, subscriptions: Subscriptions, show: Show) -> None:
    """The forms of both."""
    _add_mobile(blueprint, mobiles, show)
    _add_notifications(blueprint, subscriptions)


def _add_mobile(blueprint: Blueprint, mobiles: Mobiles, show: Show) -> None:
    async def ask(given: Fields) -> None:
        spend("mobile_code", 5)
        await mobiles.ask(known().person, given)

    async def confirm(given: Fields) -> None:
        spend("mobile_confirm", 30)
        await mobiles.confirm(known().person, given)

    async def switch(given: Fields) -> None:
        await mobiles.switch(known().person, {"texts": given.get("texts") == "on"})

    again: Again = lambda form, status: show("mobile", form, status)  # noqa: E731 - the shortest name for it

    @blueprint.post("/account/mobile")
    @signed_in
    async def mobile_given() -> ResponseReturnValue:
        return await carry_out(ask, then="/account?done=mobile_code#mobile-number", again=again)

    @blueprint.post("/account/mobile/confirm")
    @signed_in
    async def mobile_confirmed() -> ResponseReturnValue:
        return await carry_out(confirm, then="/account?done=mobile#mobile-number", again=again)

    @blueprint.post("/account/mobile/texts")
    @signed_in
    async def texts_switched() -> ResponseReturnValue:
        return await carry_out(switch, then="/account?done=texts#mobile-number", again=again)

    @blueprint.post("/account/mobile/give-up")
    @signed_in
    async def mobile_given_up() -> ResponseReturnValue:
        await mobiles.give_up(known().person)
        return redirect("/account#mobile-number", 303)

    @blueprint.post("/account/mobile/forget")
    @signed_in
    async def mobile_forgotten() -> ResponseReturnValue:
        await mobiles.forget(known().person)
        return redirect("/account?done=mobile_gone#mobile-number", 303)


def _add_notifications(blueprint: Blueprint, subscriptions: Subscriptions) -> None:
    @blueprint.post(f"/account/notifications/<{ID}:subscription_id>")
    @signed_in
    async def notifications_ended(subscription_id: int) -> ResponseReturnValue:
        await subscriptions.end(known(), subscription_id)
        return redirect("/account?done=notifications#notifications", 303)
