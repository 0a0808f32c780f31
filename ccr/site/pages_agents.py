"""The page on which admins look after agents."""

from collections.abc import Callable
from typing import Any

from quart import Blueprint, Response
from quart.typing import ResponseReturnValue

from ccr.desk.people import Role
from ccr.services.reading import Reading
from ccr.services.staff import Staff
from ccr.site.guards import known, only
from ccr.site.page_forms import Fields, carry_out, without_empty
from ccr.site.paths import ID
from ccr.site.rendering import Form, page

_AGENT = f"<{ID}:agent_id>"


def add_agents(blueprint: Blueprint, staff: Staff, reading: Reading) -> None:
    """The list, its form for a new agent, and for each agent the forms to change them."""
    desk = _Desk(staff, reading)

    @blueprint.get("/agents")
    @only(Role.ADMIN)
    async def agents() -> ResponseReturnValue:
        return await desk.show("", Form(), 200)

    @blueprint.post("/agents")
    @only(Role.ADMIN)
    async def created() -> ResponseReturnValue:
        return await carry_out(
            desk.create,
            then="/agents?done=create",
            again=lambda form, status: desk.show("create", form, status),
        )

    @blueprint.post(f"/agents/{_AGENT}")
    @only(Role.ADMIN)
    async def changed(agent_id: int) -> ResponseReturnValue:
        return await desk.change(agent_id, _changed)

    @blueprint.post(f"/agents/{_AGENT}/active")
    @only(Role.ADMIN)
    async def activated(agent_id: int) -> ResponseReturnValue:
        return await desk.change(agent_id, _activated)


class _Desk:
    """Agents, and how much each has to do."""

    def __init__(self, staff: Staff, reading: Reading) -> None:
        self.staff = staff
        self.reading = reading

    async def show(self, part: str, form: Form, status: int) -> Response:
        """The page; `form` is what became of the form in `part`, `create` or an agent's."""
        loads = {load["id"]: load for load in await self.reading.agents_load()}
        idle = {"open": 0, "online": False}
        found = await self.staff.agents(known().person)
        agents = [idle | loads.get(agent["id"], {}) | agent for agent in found]
        agents.sort(
            key=lambda agent: not agent.get("active", True)
        )  # those in service first, each group by name
        return await page("agents.html", status, part=part, form=form, agents=agents)

    async def create(self, given: Fields) -> None:
        """Make an agent."""
        await self.staff.create(known().person, without_empty(given, "gender"))

    async def change(self, agent_id: int, meant: Callable[[Fields], dict[str, Any]]) -> ResponseReturnValue:
        """Change an agent as a form says, which `meant` puts into the words of the service."""
        part = f"agent-{agent_id}"

        async def change(given: Fields) -> None:
            await self.staff.change(known().person, agent_id, meant(given))

        async def again(form: Form, status: int) -> Response:
            return await self.show(part, form, status)

        return await carry_out(change, then=f"/agents?done={part}#{part}", again=again)


def _changed(given: Fields) -> dict[str, Any]:
    wanted: dict[str, Any] = without_empty(given, "password")
    return wanted | {"gender": given["gender"] or None} if "gender" in given else wanted


def _activated(given: Fields) -> dict[str, Any]:
    return {"active": {"true": True, "false": False}.get(given.get("active", ""))}
