"""The JSON door to the help centre, the assistant, and what is suggested to agents."""

from quart import Blueprint
from quart.typing import ResponseReturnValue

from ccr.desk.people import Role
from ccr.services.assistance import Assistance
from ccr.services.help_centre import LONGEST_QUESTION, HelpCentre
from ccr.services.suggesting import Suggesting
from ccr.site.bodies import answer, arguments, json_body, number
from ccr.site.guards import anyone, identity, known, only
from ccr.site.limits import limited
from ccr.site.pages_help import SEARCHES
from ccr.site.paths import BASE, ID

MOST = 10
TURNS, SUGGESTIONS = 20, 120
"""A minute, of one address or person."""


def help_api(help_centre: HelpCentre, assistance: Assistance, suggesting: Suggesting) -> Blueprint:
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
        return answer(await assistance.turn(await json_body(), stranger=await identity() is None))

    @blueprint.get(f"/tickets/<{ID}:ticket_id>/suggestions")
    @only(Role.AGENT)
    @limited("suggestions", per_minute=SUGGESTIONS)
    async def suggestions(ticket_id: int) -> ResponseReturnValue:
        return answer({"suggestions": await suggesting.suggestions(known().person, ticket_id)})

    return blueprint
