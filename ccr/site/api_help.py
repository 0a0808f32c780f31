"""The JSON door to the help centre."""

from quart import Blueprint
from quart.typing import ResponseReturnValue

from ccr.services.help_centre import LONGEST_QUESTION, HelpCentre
from ccr.site.bodies import answer, arguments, number
from ccr.site.guards import anyone
from ccr.site.limits import limited
from ccr.site.pages_help import SEARCHES

BASE = "/api/v1"
MOST = 10


def help_api(help_centre: HelpCentre) -> Blueprint:
    """Search, for whoever asks."""
    blueprint = Blueprint("help_api", __name__, url_prefix=BASE)

    @blueprint.get("/help")
    @anyone
    @limited("help", per_minute=SEARCHES)
    async def search() -> ResponseReturnValue:
        given = arguments("q", "limit")
        most = number(given, "limit", 3, least=1, most=MOST)
        return answer(await help_centre.search(given.get("q", "")[:LONGEST_QUESTION], most))

    return blueprint
