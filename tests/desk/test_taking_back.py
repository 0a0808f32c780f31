"""Taking back a message: its author alone, and nobody learns from a refusal what they cannot read."""

import pytest

from ccr.desk.commands import RedactMessage
from ccr.desk.events import Actor, Entry, Reach
from ccr.desk.people import Person, Role
from ccr.desk.refusals import Code, Refusal
from ccr.desk.rules import Known, decide
from ccr.desk.ticket import Ticket


def somebody(number: int, role: Role) -> Person:
    return Person(id=number, role=role, first_name="Some", last_name="Body", email=None, mobile=None)


ADA, AMIR, CARLA = somebody(1, Role.ADMIN), somebody(2, Role.AGENT), somebody(3, Role.CUSTOMER)
TICKET = Ticket(id=1, query="It blinks", customer_id=CARLA.id, opened_at=0, agent_id=AMIR.id)


def written_by(person: Person, kind: str = "message_posted", reach: Reach = Reach.CONVERSATION) -> Entry:
    actor = Actor(id=person.id, name=person.name, role=person.role)
    return Entry(
        ticket=1, seq=2, at=0, actor=actor, key="a-key-of-it", type=kind, reach=reach, fields={"body": "No"}
    )


MESSAGE, NOTE = written_by(CARLA), written_by(AMIR, "note_posted", Reach.STAFF)


@pytest.mark.parametrize(
    ("person", "target", "code"),
    [
        (AMIR, MESSAGE, Code.FORBIDDEN),
        (CARLA, NOTE, Code.NOT_FOUND),
        (CARLA, None, Code.NOT_FOUND),
        (ADA, MESSAGE, Code.FORBIDDEN),
        (ADA, NOTE, Code.FORBIDDEN),
        (ADA, None, Code.FORBIDDEN),
    ],
)
def test_others_are_refused(person: Person, target: Entry | None, code: Code) -> None:
    with pytest.raises(Refusal) as refused:
        decide(TICKET, person, RedactMessage(of=2), Known(now=0, target=target))

    assert refused.value.code is code


@pytest.mark.parametrize(("person", "target"), [(CARLA, MESSAGE), (AMIR, NOTE)])
def test_authors_take_their_own_words_back(person: Person, target: Entry) -> None:
    (event,) = decide(TICKET, person, RedactMessage(of=2), Known(now=0, target=target))

    assert (event.type, event.reach) == ("message_redacted", target.reach)
