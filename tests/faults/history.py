"""What clients asked for and what they saw, noted down as it happened; and what is there when all is over."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

OK, REFUSED, UNKNOWN = "ok", "refused", "unknown"

_OWN = frozenset({"ticket", "seq", "prev", "key"})
"""Fields of an entry on the wire that are the viewer's own, or its place."""


class Violation(NamedTuple):
    """A broken promise."""

    kind: str
    what: str


@dataclass(slots=True)
class Attempt:
    """One time that a command was sent. `wall` is in milliseconds since 1970, the other times in monotonic seconds."""

    begun: float
    wall: int
    ended: float = 0.0
    outcome: str = UNKNOWN
    code: str = ""


@dataclass(slots=True)
class Send:
    """One key: what its client wanted by it, and every attempt. `ticket` is 0 for the raising of one."""

    client: str
    person: int
    ticket: int
    key: str
    command: Mapping[str, Any]
    attempts: list[Attempt] = field(default_factory=list)
    answers: set[tuple[int, int]] = field(default_factory=set)
    """Ticket and number in every acknowledgement."""
    forgotten: bool = False
    """Its client gave up asking without an answer."""

    def __str__(self) -> str:
        return f"{self.client}'s {self.command['type']} {self.key}"

    @property
    def begun(self) -> float:
        """When it was first sent."""
        return self.attempts[0].begun

    @property
    def acknowledged_at(self) -> float | None:
        """When the client first knew that it is stored."""
        return min((a.ended for a in self.attempts if a.outcome == OK), default=None)

    @property
    def refused(self) -> bool:
        """Whether every single attempt was."""
        return all(attempt.outcome == REFUSED for attempt in self.attempts)

    @property
    def ever_refused(self) -> bool:
        """Whether any attempt was; what was sent behind it may have gone before it."""
        return any(attempt.outcome == REFUSED for attempt in self.attempts)


class Asked(NamedTuple):
    """A reading of a ticket that was answered with what is on it."""

    person: int
    ticket: int
    begun: float
    ended: float
    reads: Mapping[int, int] = {}
    """How far others have read, as the answer says."""


@dataclass(slots=True)
class Mark:
    """Somebody asked for their read mark to be moved; `ended` is 0 where nobody acknowledged it."""

    person: int
    ticket: int
    seq: int
    begun: float
    ended: float = 0.0


class ToldMark(NamedTuple):
    """A person was told that a reader has read so far, without having asked."""

    person: int
    ticket: int
    reader: int
    seq: int
    at: float


class Reader(NamedTuple):
    """One client's list of a ticket, by the contract's rule of `seq` and `prev`."""

    person: int
    ticket: int
    applied: list[int]


@dataclass(slots=True)
class History:
    """Of all clients together."""

    sends: dict[str, Send] = field(default_factory=dict)
    readers: dict[str, Reader] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    told: list[ToldMark] = field(default_factory=list)
    heads: Counter[int] = field(default_factory=Counter)
    """By ticket: the highest number that anybody saw of what both sides of a conversation see."""
    contents: dict[tuple[int, int], dict[str, str]] = field(default_factory=dict)
    """Ticket and number: every content seen there, and who saw it first."""
    viewers: defaultdict[tuple[int, int], set[int]] = field(default_factory=lambda: defaultdict(set))
    """Ticket and number: everybody who saw it."""

    refused: Counter[str] = field(default_factory=Counter)
    """By code: attempts that were."""

    unaware: list[str] = field(default_factory=list)
    """Clients who were connected when all was well again, and of what they were not told."""

    def saw(self, who: str, person: int, entry: Mapping[str, Any]) -> None:
        """Somebody saw an entry, by whatever way."""
        place = (entry["ticket"], entry["seq"])
        self.contents.setdefault(place, {}).setdefault(content(entry), who)
        self.viewers[place].add(person)
        if entry["type"] != "note_posted":
            self.heads[entry["ticket"]] = max(self.heads[entry["ticket"]], entry["seq"])


class Row(NamedTuple):
    """An entry in the database."""

    ticket: int
    seq: int
    at: int
    actor: int
    key: str
    type: str
    reach: int
    fields: Mapping[str, Any]


class Owed(NamedTuple):
    """A mail in the outbox."""

    id: int
    kind: str
    person: int
    ticket: int
    state: str


@dataclass(slots=True)
class Truth:
    """What is there in the end. `roles` and `customers` say who is who and whose ticket it is."""

    roles: Mapping[int, str]
    customers: Mapping[int, int]
    rows: list[Row] = field(default_factory=list)
    owed: list[Owed] = field(default_factory=list)
    carried: Mapping[int, int] = field(default_factory=dict)
    """Outbox id: mails that arrived under it."""
    marks: Mapping[tuple[int, int], int] = field(default_factory=dict)
    """By ticket and person: how far they have read."""
    timelines: dict[tuple[str, int, int], list[int]] = field(default_factory=dict)
    """By way, person and ticket: the numbers read."""


def content(entry: Mapping[str, Any]) -> str:
    """What must be the same for everybody; a text taken back is told by `redacted` and has no body to compare."""
    same = {name: value for name, value in entry.items() if name not in _OWN}
    if same.get("redacted"):
        same.pop("body", None)
    return json.dumps(same, sort_keys=True)
