"""The JSON API about reaching people while they are away: their mobile number, and browsers that show notifications."""

from quart import Blueprint
from quart.typing import ResponseReturnValue

from ccr.services.mobiles import Mobiles
from ccr.services.subscriptions import Subscriptions
from ccr.site.bodies import answer, done, json_body
from ccr.site.guards import known, signed_in
from ccr.site.limits import limited
from ccr.site.paths import BASE, ID


def reach_api(mobiles: Mobiles, subscriptions: Subscriptions) -> Blueprint:
    """The routes below `/me/mobile` and `/me/notifications`."""
    blueprint = Blueprint("reach_api", __name__, url_prefix=BASE)
    _add_mobile(blueprint, mobiles)
    _add_notifications(blueprint, subscriptions)
    return blueprint


def _add_mobile(blueprint: Blueprint, mobiles: Mobiles) -> None:
    @blueprint.get("/me/mobile")
    @signed_in
    async def mobile() -> ResponseReturnValue:
        return answer(await mobiles.state(known().person))

    @blueprint.post("/me/mobile")
    @signed_in
    @limited("mobile_code", per_minute=5)
    async def ask_for_mobile_code() -> ResponseReturnValue:
        await mobiles.ask(known().person, await json_body())
        return answer(await mobiles.state(known().person), 202)

    @blueprint.post("/me/mobile/confirm")
    @signed_in
    @limited("mobile_confirm", per_minute=30)
    async def confirm_mobile() -> ResponseReturnValue:
        await mobiles.confirm(known().person, await json_body())
        return answer(await mobiles.state(known().person))

    @blueprint.patch("/me/mobile")
    @signed_in
    async def switch_texts() -> ResponseReturnValue:
        await mobiles.switch(known().person, await json_body())
        return answer(await mobiles.state(known().person))

    @blueprint.delete("/me/mobile")
    @signed_in
    async def forget_mobile() -> ResponseReturnValue:
        await mobiles.forget(known().person)
        return done()


def _add_notifications(blueprint: Blueprint, subscriptions: Subscriptions) -> None:
    @blueprint.get("/me/notifications")
    @signed_in
    async def browsers() -> ResponseReturnValue:
        return answer(await subscriptions.state(known()))

    @blueprint.post("/me/notifications")
    @signed_in
    @limited("subscription", per_minute=20)
    async def subscribe() -> ResponseReturnValue:
        return answer(await subscriptions.subscribe(known(), await json_body()), 201)

    @blueprint.delete(f"/me/notifications/<{ID}:subscription_id>")
    @signed_in
    async def unsubscribe(subscription_id: int) -> ResponseReturnValue:
        await subscriptions.end(known(), subscription_id)
        return done()
