"""Who may do what, in one table; and the finer points of each command."""

from typing import Any

import msgspec
import pytest

from ccr.desk import commands as asked
from ccr.desk import events as happened
from ccr.desk.clock import MINUTE
from ccr.desk.commands import COMMANDS, Command, Priority
from ccr.desk.people import Person, Role
from ccr.desk.refusals import Refusal
from ccr.desk.rules import Known, allowed, clearance, decide, may_see
from ccr.desk.ticket import Ticket
from tests.desk.cast import (
    ADA,
    AMIR,
    ASSIGNED,
    BEA,
    BOT,
    CARLA,
    CLOSED,
    NOW,
    OMAR,
    OPEN,
    PEOPLE,
    TICKETS,
    entry,
)

# What follows for Carla, whose ticket it is, Omar, Amir, to whom it is assigned unless it is open, Bea, Ada, the bot.
TABLE = """
                open                        assigned                    closed
post_message    ok  nf  nf  nf  no  ok      ok  nf  ok  nf  no  ok      co  nf  co  nf  no  co
post_note       no  nf  nf  nf  no  nf      no  nf  ok  nf  no  nf      no  nf  ok  nf  no  nf
assign_agent    no  nf  nf  nf  ok  nf      no  nf  no  nf  ok  nf      no  nf  no  nf  co  nf
set_priority    no  nf  nf  nf  ok  nf      no  nf  ok  nf  ok  nf      no  nf  co  nf  co  nf
close_ticket    ok  nf  nf  nf  ok  nf      ok  nf  ok  nf  ok  nf      --  nf  --  nf  --  nf
reopen_ticket   --  nf  nf  nf  --  nf      --  nf  no  nf  --  nf      ok  nf  no  nf  ok  nf
rate_ticket     co  nf  nf  nf  no  nf      co  nf  no  nf  no  nf      ok  nf  no  nf  no  nf
redact_message  ok  nf  nf  nf  no  nf      ok  nf  no  nf  no  nf      ok  nf  no  nf  no  nf
request_person  ok  nf  nf  nf  no  ok      ok  nf  no  nf  no  ok      co  nf  no  nf  no  co
"""
OUTCOMES = {"ok": "done", "--": "so already", "nf": "not_found", "no": "forbidden", "co": "conflict"}

COMMAND: dict[str, Command] = {
    "post_message": asked.PostMessage(body="Hello"),
    "post_note": asked.PostNote(body="Hm"),
    "assign_agent": asked.AssignAgent(agent=BEA.id),
    "set_priority": asked.SetPriority(priority=Priority.URGENT),
    "close_ticket": asked.CloseTicket(),
    "reopen_ticket": asked.ReopenTicket(),
    "rate_ticket": asked.RateTicket(stars=5),
    "redact_message": asked.RedactMessage(of=3),
    "request_person": asked.RequestPerson(),
}
HERS = entry(CARLA, happened.MessagePosted(body="Hello"))
HIS_NOTE = entry(AMIR, happened.NotePosted(body="Hm"))


def cases() -> list[Any]:
    """One for every field of the table."""
    found = []
    for line in TABLE.strip().splitlines()[1:]:
        kind, *fields = line.split()
        places = [(state, who) for state in TICKETS for who in PEOPLE]
        for (state, who), outcome in zip(places, fields, strict=True):
            found.append(pytest.param(kind, state, who, OUTCOMES[outcome], id=f"{who} {kind} {state}"))
    return found


def outcome(ticket: Ticket | None, person: Person, command: Command, known: Known) -> str:
    """In the table's words."""
    try:
        return "done" if decide(ticket, person, command, known) else "so already"
    except Refusal as refusal:
        return refusal.code.value


def known(assignee: Person | None = BEA, target: happened.Entry | None = HERS, now: int = NOW) -> Known:
    return Known(now=now, assignee=assignee, target=target)


@pytest.mark.parametrize(("kind", "state", "who", "expected"), cases())
def test_who_may_do_what(kind: str, state: str, who: str, expected: str) -> None:
    assert outcome(TICKETS[state], PEOPLE[who], COMMAND[kind], known()) == expected


def test_the_table_is_complete() -> None:
    assert {*COMMAND, "open_ticket"} == COMMANDS.keys()
    assert len(cases()) == len(COMMAND) * len(TICKETS) * len(PEOPLE)


@pytest.mark.parametrize(
    ("who", "expected"), [(name, "done" if name in ("carla", "omar") else "forbidden") for name in PEOPLE]
)
def test_only_customers_raise_tickets(who: str, expected: str) -> None:
    assert outcome(None, PEOPLE[who], asked.OpenTicket(query="Why?"), known()) == expected


@pytest.mark.parametrize("state", TICKETS)
@pytest.mark.parametrize("who", PEOPLE)
def test_what_is_offered_is_what_works(state: str, who: str) -> None:
    ticket, person = TICKETS[state], PEOPLE[who]
    done = {kind for kind, command in COMMAND.items() if outcome(ticket, person, command, known()) == "done"}
    assert allowed(ticket, person) == done - {"redact_message"}


def test_a_ticket_is_seen_by_its_customer_its_agent_and_every_admin() -> None:
    seen = {
        state: [name for name, person in PEOPLE.items() if may_see(person, ticket)]
        for state, ticket in TICKETS.items()
    }
    assert seen == {
        "open": ["carla", "ada"],
        "assigned": ["carla", "amir", "ada"],
        "closed": ["carla", "amir", "ada"],
    }


def test_only_the_bot_hands_over_and_only_while_it_is_heard() -> None:
    last_words = asked.HandOver(body="I pass you on.", reply_to=HERS.seq)

    said, wanted = decide(ASSIGNED, BOT, last_words, known())
    assert said == happened.MessagePosted(body="I pass you on.", reply_to=HERS.seq)
    assert wanted == happened.PersonRequested()
    assert [outcome(ASSIGNED, person, last_words, known()) for person in (CARLA, AMIR, ADA)] == [
        "forbidden"
    ] * 3
    for silenced in (
        Known(now=NOW, target=HERS, agent_wrote=True),
        Known(now=NOW, target=HERS, person_wanted=True),
    ):
        assert outcome(ASSIGNED, BOT, last_words, silenced) == "conflict"
    assert "hand_over" not in COMMANDS


def test_a_ticket_is_taken_from_an_agent_who_still_has_it_and_from_nobody_else() -> None:
    from_amir = asked.TakeFrom(agent=AMIR.id)

    assert decide(ASSIGNED, ADA, from_amir, known()) == [happened.AgentAssigned(agent=None)]
    assert decide(ASSIGNED, ADA, asked.TakeFrom(agent=BEA.id), known()) == []
    assert decide(OPEN, ADA, from_amir, known()) == []
    assert decide(CLOSED, ADA, from_amir, known()) == []
    assert outcome(ASSIGNED, AMIR, from_amir, known()) == "forbidden"
    assert "take_from" not in COMMANDS


def test_how_deep_each_role_sees() -> None:
    depths = [(clearance(role, admins_read=False), clearance(role, admins_read=True)) for role in Role]
    assert depths == [(1, 1), (2, 2), (0, 2), (2, 2)]


def test_what_changes_nothing_is_fine_also_on_a_closed_ticket() -> None:
    for ticket in (ASSIGNED, CLOSED):
        assert decide(ticket, ADA, asked.AssignAgent(agent=AMIR.id), known(AMIR)) == []
        assert decide(ticket, ADA, asked.SetPriority(priority=Priority.NORMAL), known()) == []
    assert decide(OPEN, ADA, asked.AssignAgent(agent=None), known(None)) == []
    rated = msgspec.structs.replace(CLOSED, stars=4, rating_comment="Good")
    assert decide(rated, CARLA, asked.RateTicket(stars=4, comment="Good"), known()) == []
    assert decide(rated, CARLA, asked.RateTicket(stars=4), known()) != []


def test_only_active_agents_are_given_tickets() -> None:
    gone = msgspec.structs.replace(BEA, active=False)
    for assignee in (None, CARLA, ADA, BOT, gone):
        with pytest.raises(Refusal) as refused:
            decide(OPEN, ADA, asked.AssignAgent(agent=BEA.id), known(assignee))
        assert refused.value.fields.keys() == {"agent"}
    [event] = decide(OPEN, ADA, asked.AssignAgent(agent=BEA.id), known(BEA))
    assert event == happened.AgentAssigned(agent=happened.AgentName(BEA.id, "Bea"))
    assert decide(ASSIGNED, ADA, asked.AssignAgent(agent=None), known(None)) == [
        happened.AgentAssigned(agent=None)
    ]


def test_a_reopened_ticket_leaves_an_agent_who_has_left() -> None:
    gone = msgspec.structs.replace(AMIR, active=False)
    assert decide(CLOSED, CARLA, asked.ReopenTicket(), known(AMIR)) == [happened.TicketReopened()]
    for assignee in (gone, None):
        assert decide(CLOSED, CARLA, asked.ReopenTicket(), known(assignee)) == [
            happened.TicketReopened(),
            happened.AgentAssigned(agent=None),
        ]


QUOTABLE = [
    (HERS, True),
    (entry(CARLA, happened.TicketOpened(query="Why?", priority="low")), True),
    (HIS_NOTE, False),
    (entry(ADA, happened.AgentAssigned(agent=None)), False),
    (entry(CARLA, happened.TicketClosed()), False),
    (entry(CARLA, happened.MessageRedacted(of=3)), False),
    (None, False),
]


@pytest.mark.parametrize("person", [CARLA, AMIR])
@pytest.mark.parametrize(("target", "fine"), QUOTABLE)
def test_messages_and_the_query_may_be_quoted(
    person: Person, target: happened.Entry | None, fine: bool
) -> None:
    command = asked.PostMessage(body="As you said", reply_to=3)
    if fine:
        assert decide(ASSIGNED, person, command, known(target=target)) != []
    else:
        with pytest.raises(Refusal) as refused:
            decide(ASSIGNED, person, command, known(target=target))
        assert (refused.value.code, *refused.value.fields) == ("invalid", "reply_to")


def test_a_customer_cannot_tell_a_note_from_nothing_at_all() -> None:
    for command in (asked.PostMessage(body="As you said", reply_to=3), asked.RedactMessage(of=3)):
        answers = []
        for target in (HIS_NOTE, None):
            with pytest.raises(Refusal) as refused:
                decide(ASSIGNED, CARLA, command, known(target=target))
            answers.append(refused.value.wire())
        assert answers[0] == answers[1]


def test_only_the_author_takes_a_message_back_and_only_for_a_quarter_of_an_hour() -> None:
    command = asked.RedactMessage(of=3, reason="A typo")
    [blanked] = decide(ASSIGNED, CARLA, command, known(now=NOW + 15 * MINUTE))
    assert blanked == happened.MessageRedacted(of=3, reason="A typo")
    assert outcome(ASSIGNED, CARLA, command, known(now=NOW + 15 * MINUTE + 1)) == "conflict"
    assert outcome(ASSIGNED, AMIR, command, known()) == "forbidden"
    assert outcome(ASSIGNED, AMIR, command, known(target=HIS_NOTE)) == "done"
    outline = entry(CARLA, happened.TicketOpened(query="Why?", priority="low"))
    assert outcome(ASSIGNED, CARLA, command, known(target=outline)) == "not_found"


def test_what_blanks_a_note_reaches_as_far_as_the_note() -> None:
    [event] = decide(ASSIGNED, AMIR, asked.RedactMessage(of=3), known(target=HIS_NOTE))
    assert (event.type, event.reach) == ("message_redacted", happened.Reach.STAFF)


def test_a_message_is_taken_back_once() -> None:
    blank = msgspec.structs.replace(HERS, fields={"body": "", "redacted": True})
    assert (
        decide(ASSIGNED, CARLA, asked.RedactMessage(of=3), known(target=blank, now=NOW + 60 * MINUTE)) == []
    )


def test_strangers_learn_nothing_not_even_that_it_is_closed() -> None:
    answers = set()
    for ticket in (*TICKETS.values(), None):
        for person in (OMAR, BEA):
            for command in COMMAND.values():
                with pytest.raises(Refusal) as refused:
                    decide(ticket, person, command, known())
                answers.add(str(refused.value.wire()))
    assert answers == {"{'code': 'not_found', 'message': 'There is no such ticket.'}"}


def test_the_bot_is_silent_from_an_agents_first_word() -> None:
    an_agent_wrote = msgspec.structs.replace(known(), agent_wrote=True)

    assert outcome(ASSIGNED, BOT, COMMAND["post_message"], an_agent_wrote) == "conflict"
    for person in (BOT, CARLA):
        assert outcome(ASSIGNED, person, COMMAND["request_person"], an_agent_wrote) == "so already"
    assert outcome(ASSIGNED, CARLA, COMMAND["post_message"], an_agent_wrote) == "done"


def test_once_a_person_is_wanted_the_bot_answers_nothing_but_may_say_how_long_it_takes() -> None:
    wanted = msgspec.structs.replace(known(), person_wanted=True)

    answer = asked.PostMessage(body="Read this", reply_to=3)
    assert outcome(ASSIGNED, BOT, answer, wanted) == "conflict"
    assert outcome(ASSIGNED, BOT, asked.PostMessage(body="Tomorrow at nine"), wanted) == "done"
    assert outcome(ASSIGNED, CARLA, COMMAND["request_person"], wanted) == "so already"


@pytest.mark.parametrize(
    ("already", "expected"),
    [
        ({}, [happened.MessagePosted, happened.PersonRequested]),
        ({"person_wanted": True}, [happened.MessagePosted]),
        ({"agent_wrote": True}, [happened.MessagePosted]),
    ],
)
def test_who_writes_that_they_want_a_person_has_asked_for_one(
    already: dict[str, bool], expected: list[type]
) -> None:
    facts = msgspec.structs.replace(known(), wants_person=True, **already)

    events = decide(ASSIGNED, CARLA, asked.PostMessage(body="person"), facts)

    assert [type(event) for event in events] == expected
