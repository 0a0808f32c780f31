"""Who sees and does what on a ticket, by the contract's words alone: nothing here asks the code that is tested.

It is told what happened, entry after entry, by whom; it knows the contract's table, and no reach, clearance or rule.
"""

from typing import Any, NamedTuple

from ccr.desk.clock import MINUTE
from ccr.desk.people import Person, Role

ALL = {"customer", "agent", "admin"}
"""The three audiences: the customer, the assigned agent, the admins."""

SEEN_BY: dict[str, set[str]] = {
    "ticket_opened": ALL,
    "message_posted": {"customer", "agent"},
    "note_posted": {"agent"},
    "agent_assigned": ALL,
    "priority_changed": ALL,
    "ticket_closed": ALL,
    "ticket_reopened": ALL,
    "ticket_rated": ALL,
    "person_requested": ALL,  # that a person is wanted is no word of what is said
}
"""The contract's column "seen by". `message_redacted` is not here: those see it who saw what it takes back."""

DONE_BY: dict[str, set[str]] = {
    "ticket_opened": {"customer"},
    "message_posted": {"customer", "agent", "bot"},
    "note_posted": {"agent"},
    "agent_assigned": {"admin"},
    "priority_changed": {"agent", "admin"},
    "ticket_closed": {"customer", "agent", "admin"},
    "ticket_reopened": {"customer", "admin"},
    "ticket_rated": {"customer"},
    "message_redacted": {"customer", "agent"},
    "person_requested": {"customer", "bot"},
}
"""The contract's column "who may"."""

WORDS_READ = {"message_posted", "note_posted"}
"""What admins see, too, where the organisation lets them read along."""


class Happened(NamedTuple):
    """One entry, as far as the contract tells it."""

    seq: int
    at: int
    actor: int
    type: str
    fields: dict[str, Any]


class Witness:
    """One ticket's story, and what each person may know of it."""

    def __init__(self, story: list[Happened], *, admins_read: bool) -> None:
        self._story = story
        self._admins_read = admins_read
        self.customer = story[0].actor

    @property
    def agent(self) -> int | None:
        """Whoever it was given to last."""
        return self._agent_before(len(self._story) + 1)

    def sees(self, person: Person) -> list[Happened] | None:
        """What of it is theirs to see, in order; `None`: for them there is no such ticket."""
        part = self._part(person, self.agent)
        if part is None or part == "bot":
            return None
        return [each for each in self._story if part in self._audience(each)]

    def check_deeds(self, people: dict[int, Person], left: dict[int, int]) -> None:
        """Everybody did what they may, while they might. `left` says when somebody's account was closed."""
        closed = False
        for each in self._story:
            actor = people[each.actor]
            part = self._part(actor, self._agent_before(each.seq))
            assert part in DONE_BY[each.type] or self._is_let_go(each), each
            assert each.at < left.get(actor.id, each.at + 1), each
            assert not (closed and each.type in {"message_posted", "person_requested"}), each
            assert closed or each.type not in {"ticket_rated", "ticket_reopened"}, each
            if each.type == "message_redacted":
                target = self._at(each.fields["of"])
                assert target.actor == actor.id, each
                assert each.at - target.at <= 15 * MINUTE, each
            if agent := each.fields.get("agent"):
                assert people[agent["id"]].role is Role.AGENT, each
                assert each.at < left.get(agent["id"], each.at + 1), each
            closed = {"ticket_closed": True, "ticket_reopened": False}.get(each.type, closed)

    def taken_back(self) -> set[int]:
        """The numbers of those whose words must be gone."""
        return {each.fields["of"] for each in self._story if each.type == "message_redacted"}

    def _is_let_go(self, each: Happened) -> bool:
        """Reopening takes the ticket from an agent who has left."""
        before = self._at(each.seq - 1)
        follows = (before.type, before.actor) == ("ticket_reopened", each.actor)
        return follows and each.type == "agent_assigned" and each.fields["agent"] is None

    def _audience(self, each: Happened) -> set[str]:
        if each.type == "message_redacted":
            return self._audience(self._at(each.fields["of"]))
        reads_along = {"admin"} if self._admins_read and each.type in WORDS_READ else set()
        return SEEN_BY[each.type] | reads_along

    def _part(self, person: Person, agent: int | None) -> str | None:
        """What they are on this ticket, while it is with this agent."""
        if person.role in (Role.ADMIN, Role.BOT):
            return person.role.value
        if person.role is Role.CUSTOMER:
            return "customer" if person.id == self.customer else None
        return "agent" if person.id == agent else None

    def _agent_before(self, seq: int) -> int | None:
        given = [each for each in self._story if each.type == "agent_assigned" and each.seq < seq]
        agent = given[-1].fields["agent"] if given else None
        return agent["id"] if agent else None

    def _at(self, seq: int) -> Happened:
        return self._story[seq - 1]
