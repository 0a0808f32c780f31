"""The JSON door to the help centre and the assistant."""

from quart import Blueprint
from quart.typing import ResponseReturnValue

from ccr.services.assistance import Assistance
from ccr.services.help_centre import LONGEST_QUESTION, HelpCentre
from ccr.site.bodies import answer, arguments, json_body, number
from ccr.site.guards import anyone
from ccr.site.limits import limited
from ccr.site.pages_help import SEARCHES

BASE = "/api/v1"
MOST = 10
TURNS = 20
"""A minute, of one address or person."""


def help_api(help_centre: HelpCentre, assistance: Assistance) -> Blueprint:
    """Search and conversation, for whoever asks."""
    blueprint = Blueprint("help_api", __name__, url_prefix=BASE)

    @blueprint.get("/help")
    @anyone
    @limited("help", per_minute=SEARCHES)
    async def search() -> ResponseReturnValue:
        given = arguments("q", "limit")
        most = number(given, "limit", 3, least=1, most=MOST)
        return answer(await help_centre.search(given.get("q", "")[:LONGEST_QUESTION], most))

    @blueprint.post("/assistant")
    @anyone
    @limited("assistant", per_minute=TURNS)
    async def turn() -> ResponseReturnValue:
        return answer(await assistance.turn(await json_body()))

    return blueprint
