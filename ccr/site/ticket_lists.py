"""Which tickets a list shows, as its address says it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from ccr.desk.people import Person, Role
from ccr.desk.refusals import invalid
from ccr.services.reading import Filters

_TABS = {
    Role.CUSTOMER: (("all", "All"), ("open", "Open"), ("closed", "Closed")),
    Role.AGENT: (("open", "Open"), ("waiting", "Your turn"), ("closed", "Closed")),
    Role.ADMIN: (
        ("open", "Open"),
        ("unassigned", "Unassigned"),
        ("waiting", "Waiting on us"),
        ("closed", "Closed"),
    ),
}
"""By role, the usual one first."""
_EVERYTHING = "all"


class ListFilters(msgspec.Struct, frozen=True, kw_only=True):
    """A list's address, taken apart."""

    tabs: tuple[tuple[str, str], ...]
    show: str
    agent: int | None = None
    q: str = ""
    cursor: str | None = None

    @classmethod
    def read(cls, person: Person, asked: Mapping[str, str]) -> "ListFilters":
        """What the address asks for; an unknown tab is the usual one. Raises `Refusal` `invalid`."""
        tabs = _TABS[person.role]
        show = asked.get("show", "")
        if show not in dict(tabs):
            show = tabs[0][0]
        agent = asked.get("agent", "") if person.role is Role.ADMIN else ""
        if agent and not (agent.isascii() and agent.isdigit() and len(agent) < 16):
            raise invalid(agent="is not an agent's number")
        q = asked.get("q", "").strip()[:150]
        return cls(
            tabs=tabs,
            show=_EVERYTHING if q else show,  # who searches does not know in which tab it is
            agent=int(agent) if agent else None,
            q=q,
            cursor=asked.get("cursor") or None,
        )

    def for_reading(self) -> Filters:
        """The same as the services ask it."""
        return Filters(
            status="closed" if self.show == "closed" else None,
            active=self.show not in {_EVERYTHING, "closed"},
            unassigned=self.show == "unassigned",
            waiting_on="agent" if self.show == "waiting" else None,
            agent=self.agent,
            search=self.q or None,
        )

    @property
    def address(self) -> str:
        """Where this very list is."""
        return self.after(self.cursor)

    def after(self, cursor: str | None) -> str:
        """Where it goes on."""
        asked = {"show": self.show, "agent": self.agent, "q": self.q, "cursor": cursor}
        return "/tickets?" + urlencode({name: value for name, value in asked.items() if value})


def tab_counts(counts: dict[str, Any]) -> dict[str, int]:
    """How many each tab holds."""
    active = counts["open"] + counts["assigned"]
    return {
        "all": active + counts["closed"],
        "open": active,
        "unassigned": counts["unassigned"],
        "waiting": counts["waiting_on_agent"],
        "closed": counts["closed"],
    }
