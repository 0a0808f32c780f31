"""How each event changes a ticket, and what each viewer is shown of it."""

from typing import Any

import pytest

from ccr.desk import events as happened
from ccr.desk.clock import rfc3339
from ccr.desk.events import Event, Reach, entry_wire
from ccr.desk.people import Person
from ccr.desk.ticket import Heads, Names, Status, Ticket, WaitingOn
from tests.desk.cast import ADA, AMIR, ASSIGNED, BEA, BOT, CARLA, CLOSED, NOW, OPEN, entry

LATER = NOW + 1_000
NAMES = Names("Carla", "Amir")
NEW = Ticket(id=0, query="Where is it?", customer_id=CARLA.id, opened_at=NOW)
ASSIGNED_TO_BEA = happened.AgentAssigned(agent=happened.AgentName(BEA.id, "Bea"))

CHANGES: list[tuple[str, Ticket, Event, Person, dict[str, Any]]] = [
    (
        "opened",
        NEW,
        happened.TicketOpened(query="Where is it?", priority="high"),
        CARLA,
        {"priority": "high", "waiting_on": "agent", "waiting_since": LATER},
    ),
    (
        "the agent answers",
        ASSIGNED,
        happened.MessagePosted(body="x"),
        AMIR,
        {"waiting_on": "customer", "waiting_since": LATER},
    ),
    (
        "the bot answers",
        OPEN,
        happened.MessagePosted(body="x"),
        BOT,
        {},
    ),
    ("the customer asks again", ASSIGNED, happened.MessagePosted(body="x"), CARLA, {}),
    ("a note", ASSIGNED, happened.NotePosted(body="x"), AMIR, {}),
    ("assigned", OPEN, ASSIGNED_TO_BEA, ADA, {"status": "assigned", "agent_id": BEA.id}),
    ("given to another", ASSIGNED, ASSIGNED_TO_BEA, ADA, {"agent_id": BEA.id}),
    (
        "given to nobody",
        ASSIGNED,
        happened.AgentAssigned(agent=None),
        ADA,
        {"status": "open", "agent_id": None},
    ),
    ("weighed", ASSIGNED, happened.PriorityChanged(priority="low"), ADA, {"priority": "low"}),
    (
        "closed",
        ASSIGNED,
        happened.TicketClosed(),
        CARLA,
        {"status": "closed", "waiting_on": None, "waiting_since": None},
    ),
    (
        "reopened",
        CLOSED,
        happened.TicketReopened(),
        CARLA,
        {"status": "assigned", "waiting_on": "agent", "waiting_since": LATER},
    ),
    (
        "rated",
        CLOSED,
        happened.TicketRated(stars=4, comment="Good"),
        CARLA,
        {"stars": 4, "rating_comment": "Good"},
    ),
    (
        "rated anew, without words",
        CLOSED,
        happened.TicketRated(stars=2),
        CARLA,
        {"stars": 2, "rating_comment": None},
    ),
    ("taken back", ASSIGNED, happened.MessageRedacted(of=3), CARLA, {}),
]


@pytest.mark.parametrize(
    ("ticket", "event", "actor", "changes"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES]
)
def test_what_an_event_changes_and_nothing_else(
    ticket: Ticket, event: Event, actor: Person, changes: dict[str, Any]
) -> None:
    def state(of: Ticket) -> dict[str, Any]:
        return {name: getattr(of, name) for name in of.__struct_fields__ if name != "heads"}

    assert state(ticket.after(event, actor, LATER)) == state(ticket) | changes


def test_a_reopened_ticket_without_agent_is_open() -> None:
    closed = OPEN.after(happened.TicketClosed(), CARLA, LATER)
    assert closed.after(happened.TicketReopened(), CARLA, LATER).status is Status.OPEN


@pytest.mark.parametrize(
    ("event", "seqs"),
    [
        (happened.TicketClosed(), (5, 5, 5)),
        (happened.MessagePosted(body="x"), (2, 5, 5)),
        (happened.NotePosted(body="x"), (2, 3, 5)),
        (happened.MessageRedacted(of=3), (2, 5, 5)),
        (happened.NoteRedacted(of=4), (2, 3, 5)),
    ],
)
def test_only_the_heads_of_those_who_see_it_move(event: Event, seqs: tuple[int, ...]) -> None:
    after = ASSIGNED.after(event, AMIR, LATER)
    times = tuple(LATER if new == 5 else old for new, old in zip(seqs, ASSIGNED.heads.times, strict=True))
    assert after.heads == Heads(seqs, times)
    assert (after.last_seq, after.updated_at) == (5, LATER)


def test_each_viewer_is_shown_their_own_head() -> None:
    shown = [ASSIGNED.wire(depth, NAMES, read_seq=1, unread=2) for depth in Reach]
    assert [(each["last_seq"], each["updated_at"]) for each in shown] == [
        (2, rfc3339(NOW)),
        (3, rfc3339(NOW + 1)),
        (4, rfc3339(NOW + 2)),
    ]
    assert {(each["read_seq"], each["unread"]) for each in shown} == {(1, 2)}


def test_a_ticket_on_the_wire() -> None:
    rated = CLOSED.after(happened.TicketRated(stars=4), CARLA, LATER)
    shown = rated.wire(Reach.EVERYONE, NAMES, read_seq=0, unread=0)
    assert shown["rating"] == {"stars": 4, "comment": None}
    assert (shown["waiting_on"], shown["waiting_since"], shown["agent"]) == (
        None,
        None,
        {"id": AMIR.id, "name": "Amir"},
    )
    assert OPEN.wire(Reach.EVERYONE, Names("Carla", None), read_seq=0, unread=0)["agent"] is None
    assert ASSIGNED.waiting_on is WaitingOn.AGENT


def test_an_entry_on_the_wire_has_its_key_for_its_author_alone() -> None:
    posted = entry(CARLA, happened.MessagePosted(body="Hello"))
    hers, his = entry_wire(posted, 2, CARLA.id), entry_wire(posted, 1, AMIR.id)
    assert hers == {
        "ticket": 7,
        "seq": 3,
        "prev": 2,
        "at": rfc3339(NOW),
        "actor": {"id": CARLA.id, "name": "Carla", "role": "customer"},
        "type": "message_posted",
        "key": "a-key-of-theirs",
        "body": "Hello",
    }
    assert his == {name: value for name, value in hers.items() if name != "key"} | {"prev": 1}
