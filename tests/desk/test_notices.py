"""Which mails each event owes, and to whom."""

import pytest

from ccr.desk import events as happened
from ccr.desk.events import Event
from ccr.desk.notices import GLANCE, notices_for
from ccr.desk.people import Person
from ccr.desk.ticket import Ticket
from tests.desk.cast import ADA, AMIR, ASSIGNED, BEA, BOT, CARLA, CLOSED, OPEN

MESSAGE = happened.MessagePosted(body="Hello")

OWED: list[tuple[str, Event, Ticket, Person, list[tuple[str, int | None]]]] = [
    (
        "opened",
        happened.TicketOpened(query="Why?", priority="low"),
        OPEN,
        CARLA,
        [("ticket_opened", CARLA.id), ("ticket_raised", None)],
    ),
    (
        "assigned",
        happened.AgentAssigned(agent=happened.AgentName(AMIR.id, "Amir")),
        ASSIGNED,
        ADA,
        [("agent_assigned", CARLA.id), ("ticket_assigned", AMIR.id)],
    ),
    ("given to nobody", happened.AgentAssigned(agent=None), OPEN, ADA, []),
    ("the customer wrote", MESSAGE, ASSIGNED, CARLA, [("message_waiting", AMIR.id)]),
    ("the customer wrote to nobody yet", MESSAGE, OPEN, CARLA, []),
    ("the agent wrote", MESSAGE, ASSIGNED, AMIR, [("message_waiting", CARLA.id)]),
    ("the bot wrote", MESSAGE, OPEN, BOT, [("message_waiting", CARLA.id)]),
    ("a note", happened.NotePosted(body="Hm"), ASSIGNED, AMIR, []),
    ("weighed", happened.PriorityChanged(priority="low"), ASSIGNED, ADA, []),
    (
        "closed by the customer",
        happened.TicketClosed(),
        CLOSED,
        CARLA,
        [("ticket_closed", CARLA.id), ("ticket_closed", AMIR.id)],
    ),
    ("closed by the agent", happened.TicketClosed(), CLOSED, AMIR, [("ticket_closed", CARLA.id)]),
    (
        "closed by an admin",
        happened.TicketClosed(),
        CLOSED,
        ADA,
        [("ticket_closed", CARLA.id), ("ticket_closed", AMIR.id)],
    ),
    ("reopened", happened.TicketReopened(), ASSIGNED, CARLA, []),
    ("rated", happened.TicketRated(stars=1), CLOSED, CARLA, []),
    ("taken back", happened.MessageRedacted(of=3), ASSIGNED, CARLA, []),
    ("a person asked for", happened.PersonRequested(), OPEN, CARLA, []),
]


@pytest.mark.parametrize(
    ("event", "ticket", "actor", "owed"), [row[1:] for row in OWED], ids=[row[0] for row in OWED]
)
def test_who_is_mailed(
    event: Event, ticket: Ticket, actor: Person, owed: list[tuple[str, int | None]]
) -> None:
    assert [(notice.kind.value, notice.to) for notice in notices_for(event, ticket, actor)] == owed


def test_every_event_has_been_thought_of() -> None:
    assert {row[1].type for row in OWED} == happened.EVENTS.keys()


def test_a_message_waits_before_anybody_is_mailed_and_once_for_all_of_them() -> None:
    [waiting] = notices_for(MESSAGE, ASSIGNED, CARLA)
    assert (waiting.delay, waiting.once, waiting.ticket) == (GLANCE, True, ASSIGNED.id)


def test_nobodys_words_lie_in_the_outbox() -> None:
    for event, ticket, actor in ((row[1], row[2], row[3]) for row in OWED):
        for notice in notices_for(event, ticket, actor):
            assert "Hello" not in str(notice.data)
    assert BEA.id not in [notice.to for notice in notices_for(MESSAGE, ASSIGNED, AMIR)]
