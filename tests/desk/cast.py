"""The cast as the rules know them, and the tickets they meet on."""

from ccr.desk.events import Actor, Entry, Event, MessagePosted, NotePosted, Reach
from ccr.desk.people import Person, Role
from ccr.desk.ticket import Heads, Status, Ticket, WaitingOn

NOW = 1_800_000_000_000


def _person(number: int, role: Role, name: str) -> Person:
    return Person(id=number, role=role, first_name=name, last_name="", email=None, mobile=None)


CARLA = _person(1, Role.CUSTOMER, "Carla")
OMAR = _person(2, Role.CUSTOMER, "Omar")
AMIR = _person(3, Role.AGENT, "Amir")
BEA = _person(4, Role.AGENT, "Bea")
ADA = _person(5, Role.ADMIN, "Ada")
BOT = _person(6, Role.BOT, "Assistant")
PEOPLE = {"carla": CARLA, "omar": OMAR, "amir": AMIR, "bea": BEA, "ada": ADA, "bot": BOT}

OPEN = Ticket(
    id=7,
    query="Where is it?",
    customer_id=CARLA.id,
    opened_at=NOW,
    waiting_on=WaitingOn.AGENT,
    waiting_since=NOW,
    heads=Heads((1, 1, 1), (NOW, NOW, NOW)),
)
ASSIGNED = Ticket(
    id=7,
    query="Where is it?",
    customer_id=CARLA.id,
    opened_at=NOW,
    status=Status.ASSIGNED,
    agent_id=AMIR.id,
    waiting_on=WaitingOn.AGENT,
    waiting_since=NOW,
    heads=Heads((2, 3, 4), (NOW, NOW + 1, NOW + 2)),
)
CLOSED = Ticket(
    id=7,
    query="Where is it?",
    customer_id=CARLA.id,
    opened_at=NOW,
    status=Status.CLOSED,
    agent_id=AMIR.id,
    heads=Heads((5, 5, 5), (NOW, NOW, NOW)),
)
TICKETS = {"open": OPEN, "assigned": ASSIGNED, "closed": CLOSED}


def entry(by: Person, event: Event, *, at: int = NOW, seq: int = 3) -> Entry:
    """As it is stored."""
    fields = {"body": event.body} if isinstance(event, MessagePosted | NotePosted) else {}
    return Entry(
        ticket=7,
        seq=seq,
        at=at,
        actor=Actor(by.id, by.name, by.role.value),
        key="a-key-of-theirs",
        type=event.type,
        reach=int(Reach(event.reach)),
        fields=fields,
    )
