"""The JSON door to portraits: one's own, and for admins those of agents."""

from quart import Blueprint
from quart.typing import ResponseReturnValue

from ccr.desk.people import Role
from ccr.services.portraits import Portraits
from ccr.site.bodies import answer, done
from ccr.site.guards import known, only
from ccr.site.limits import limited
from ccr.site.multipart import GivenFile, given_files, the_only
from ccr.site.paths import BASE, ID


def portraits_api(portraits: Portraits) -> Blueprint:
    """Every JSON route about portraits."""
    blueprint = Blueprint("portraits_api", __name__, url_prefix=BASE)

    @blueprint.get("/me/portrait")
    @only(Role.AGENT, Role.ADMIN)
    async def mine() -> ResponseReturnValue:
        person = known().person
        return answer(await portraits.state(person, person.id))

    @blueprint.post("/me/portrait")
    @only(Role.AGENT, Role.ADMIN)
    @limited("portrait", per_minute=20)
    async def put_mine() -> ResponseReturnValue:
        person, picture = known().person, await _one_picture()
        return answer(await portraits.put(person, person.id, picture.name, picture.content))

    @blueprint.delete("/me/portrait")
    @only(Role.AGENT, Role.ADMIN)
    async def remove_mine() -> ResponseReturnValue:
        person = known().person
        await portraits.remove(person, person.id)
        return done()

    @blueprint.post(f"/agents/<{ID}:agent_id>/portrait")
    @only(Role.ADMIN)
    @limited("portrait", per_minute=20)
    async def put(agent_id: int) -> ResponseReturnValue:
        picture = await _one_picture()
        return answer(await portraits.put(known().person, agent_id, picture.name, picture.content))

    @blueprint.delete(f"/agents/<{ID}:agent_id>/portrait")
    @only(Role.ADMIN)
    async def remove(agent_id: int) -> ResponseReturnValue:
        await portraits.remove(known().person, agent_id)
        return done()

    return blueprint


async def _one_picture() -> GivenFile:
    return the_only(await given_files("file"))
