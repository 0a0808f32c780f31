"""Whatever anybody does in any order: numbers without a gap, a state the timeline explains, no eavesdropper.

What each may see and do is said by the contract's own words (`who_sees.py`), not by the rules that are tested.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ccr.adapters import sqlite
from ccr.desk import commands as asked
from ccr.desk.checking import MAX_SEQ
from ccr.desk.clock import MINUTE, rfc3339
from ccr.desk.commands import Command
from ccr.desk.events import EVENTS, Entry, NoteRedacted
from ccr.desk.people import Person, Role
from ccr.desk.refusals import Code, Refusal
from ccr.desk.ticket import Ticket
from ccr.services.reading import MOST, Reading
from ccr.services.request import Answer, Request
from ccr.store import attachments, entries, files, people, schema, tickets
from ccr.store.attachments import Attachment
from ccr.store.connection import Connection
from tests.services.who_sees import Happened, Witness

START = 1_700_000_000_000
ROLES = {
    "carla": Role.CUSTOMER,
    "omar": Role.CUSTOMER,
    "amir": Role.AGENT,
    "bea": Role.AGENT,
    "ada": Role.ADMIN,
    "bot": Role.BOT,
}
FILES = {7: "carla", 8: "amir", 9: "omar"}
"""What has been uploaded to the first ticket, and by whom; Omar's, of whom nobody knows how it came there."""


class Deed(NamedTuple):
    """Somebody asks something of a ticket (`None`: of none) under a key."""

    who: str
    ticket: int | None
    key: str
    command: Command


class Leaving(NamedTuple):
    """Somebody's account is closed."""

    who: str


def mostly(*weighed: tuple[int, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """One of these, by weight. `one_of` takes the same only once, so that each time it is made another."""
    return st.one_of([each.map(lambda made: made) for weight, each in weighed for _ in range(weight)])


TEXT = st.sampled_from(["Hello", "It hums", "See above"])
SAYING = st.builds(
    asked.PostMessage,
    body=st.sampled_from(["Hello", "See above", "I want a person"]),
    reply_to=st.sampled_from([None] * 6 + [1, 2, 3, 4, 5]),
    attachments=st.sampled_from([[]] * 6 + [[7], [7], [8], [9]]),
)
NOTING = st.builds(asked.PostNote, body=TEXT)
TAKING_BACK = st.builds(asked.RedactMessage, of=st.integers(3, 8))
ASSIGNING = st.builds(asked.AssignAgent, agent=st.sampled_from([3, 3, 3, 4, None, 1, 6]))
WEIGHING = st.builds(asked.SetPriority, priority=st.sampled_from(asked.Priority))
CLOSING = st.builds(asked.CloseTicket, reason=st.none() | TEXT)
REOPENING = st.builds(asked.ReopenTicket)
RATING = st.builds(asked.RateTicket, stars=st.integers(1, 5))
ASKING_FOR_ONE = st.builds(asked.RequestPerson)
ANYTHING = st.one_of(
    SAYING, NOTING, TAKING_BACK, ASSIGNING, WEIGHING, CLOSING, REOPENING, RATING, ASKING_FOR_ONE
)
# Some keys come again.
KEYS = st.integers(0, 150).map("key-{:06d}".format)


def deed(who: str, command: st.SearchStrategy[Any]) -> st.SearchStrategy[Deed]:
    """One of these people asks it, mostly of the first ticket."""
    return st.builds(Deed, st.sampled_from(who.split()), st.sampled_from([1] * 6 + [2, 9]), KEYS, command)


OPENING = st.builds(
    Deed, st.sampled_from(["carla", "omar", "amir"]), st.none(), KEYS, st.builds(asked.OpenTicket, query=TEXT)
)
# Mostly by somebody who may, or hardly anything would happen; and mostly what not everybody may see.
DEED = mostly(
    (6, deed("carla amir bot", SAYING)),
    (3, deed("amir amir bea", NOTING)),
    (8, deed("carla amir", TAKING_BACK)),
    (1, deed("ada", ASSIGNING)),
    (1, deed("amir ada", WEIGHING)),
    (1, deed("carla amir ada", CLOSING)),
    (2, deed("carla ada", REOPENING)),
    (1, deed("carla", RATING)),
    (1, deed("carla bot", ASKING_FOR_ONE)),
    (2, OPENING),
    (6, deed(" ".join(ROLES), ANYTHING)),
)
LEAVING = st.builds(Leaving, st.sampled_from(["amir", "bea", "omar"]))
STEPS = st.lists(mostly((20, DEED), (1, LEAVING)), min_size=10, max_size=30)
A_STEP = 3 * MINUTE
"""So that words can be taken back for five steps."""
BEGINNING: list[Deed | Leaving] = [
    Deed("carla", None, "the-first-1", asked.OpenTicket(query="It hums")),
    Deed("ada", 1, "the-first-2", asked.AssignAgent(agent=3)),
]
WORDS_TAKEN_BACK = [
    Deed("carla", 1, "key-000001", asked.PostMessage(body="Hello", attachments=[7])),
    Deed("amir", 1, "key-000002", asked.PostMessage(body="See above", attachments=[8])),
    Deed("amir", 1, "key-000003", asked.PostNote(body="It hums")),
    Deed("amir", 1, "key-000004", asked.RedactMessage(of=5)),
    Deed("amir", 1, "key-000005", asked.RedactMessage(of=3)),
    Deed("carla", 1, "key-000006", asked.RedactMessage(of=3)),
]
AN_AGENT_LEAVES = [
    Deed("bot", 1, "key-000001", asked.PostMessage(body="It hums")),
    Deed("carla", 1, "key-000002", asked.PostMessage(body="I want a person", attachments=[7])),
    Deed("carla", 1, "key-000003", asked.CloseTicket()),
    Leaving("amir"),
    Deed("amir", 1, "key-000004", asked.PostNote(body="Hello")),
    Deed("carla", 1, "key-000005", asked.ReopenTicket()),
    Deed("ada", 1, "key-000006", asked.AssignAgent(agent=3)),
    Deed("ada", 1, "key-000007", asked.AssignAgent(agent=4)),
]


class Desk:
    """An empty registry with its people, whose ids are 1 to 6, asked in the manner of the writer's thread."""

    def __init__(self, connection: Connection, *, admins_read: bool) -> None:
        self.connection = connection
        self.admins_read = admins_read
        self.reading = Reading(None, None, admins_read=admins_read)  # type: ignore[arg-type]
        self.now = START
        self.left: dict[int, int] = {}
        """Whose account was closed when."""
        self.cast: dict[str, Person] = {}
        for name, role in ROLES.items():
            person = Person(
                id=0, role=role, first_name=name, last_name="", email=f"{name}@example.org", mobile="1"
            )
            self.cast[name] = people.add(connection, person, None, START)
        self.by_id = {person.id: person for person in self.cast.values()}

    def upload(self) -> None:
        """What can be sent on the first ticket."""
        for number, owner in FILES.items():
            files.enter(self.connection, f"file-{number}", START)
            files.keep(self.connection, f"file-{number}", START)
            given = Attachment(
                id=number,
                ticket=1,
                owner=self.cast[owner].id,
                name=f"{owner}.txt",
                media_type="text/plain",
                bytes=1,
                file=f"file-{number}",
            )
            attachments.add(self.connection, given, START)

    def leave(self, who: str) -> None:
        """Their account is closed; what was theirs stays as it is."""
        person = msgspec.structs.replace(self.cast[who], active=False)
        people.save(self.connection, person)
        self.left.setdefault(person.id, self.now)

    def carry_out(self, deed: Deed) -> Answer | Refusal:
        """As the writer does it: all of it or nothing; and a refusal has written nothing."""
        if isinstance(deed.command, asked.OpenTicket) is not (deed.ticket is None):
            return Refusal(Code.INVALID, "refused before it reaches the database")
        driver = self.connection.driver
        request = Request(
            self.cast[deed.who], deed.ticket, deed.key, deed.command, self.admins_read, self.now, True
        )
        before = driver.total_changes  # type: ignore[attr-defined]
        driver.cursor().execute("BEGIN IMMEDIATE")
        try:
            return request.settle(self.connection).answer
        except Refusal as refusal:
            assert driver.total_changes == before  # type: ignore[attr-defined]
            return refusal
        finally:
            driver.cursor().execute("COMMIT")

    def timeline(self, ticket_id: int) -> list[Entry]:
        """All of it."""
        return entries.span(self.connection, ticket_id, 1, MAX_SEQ)

    def witness(self, ticket_id: int) -> Witness:
        """Who knows what may be known of a ticket."""
        story = [
            Happened(each.seq, each.at, each.actor.id, each.type, each.fields)
            for each in self.timeline(ticket_id)
        ]
        return Witness(story, admins_read=self.admins_read)

    def shown(self, person: Person, ticket_id: int) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
        """The ticket and its whole timeline as the person gets them; `None`: there is no such ticket for them."""
        try:
            found = self.reading._timeline(person, ticket_id, 0, None, MOST, self.connection)
            return self.reading._ticket(person, ticket_id, self.connection), found["entries"]
        except Refusal as refusal:
            if refusal.code is not Code.NOT_FOUND:
                raise
            return None


@contextmanager
def desk(*, admins_read: bool) -> Iterator[Desk]:
    """In the computer's memory."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as driver:
        driver.execute("PRAGMA foreign_keys=ON")
        connection = Connection(driver, sqlite.DIALECT)
        schema.migrate(connection)
        yield Desk(connection, admins_read=admins_read)


@settings(max_examples=120, deadline=None)
@given(STEPS, st.booleans())
@example(WORDS_TAKEN_BACK, False)
@example(WORDS_TAKEN_BACK, True)
@example(AN_AGENT_LEAVES, False)
def test_any_sequence_leaves_every_timeline_whole(steps: list[Deed | Leaving], admins_read: bool) -> None:
    with desk(admins_read=admins_read) as house:
        answers: dict[str, tuple[Deed, Answer]] = {}
        for step in BEGINNING + steps:
            house.now += A_STEP
            if isinstance(step, Leaving):
                house.leave(step.who)
                continue
            answer = house.carry_out(step)
            if isinstance(answer, Answer) and repr(step) not in answers:
                answers[repr(step)] = (step, answer)
                check_answer(house, house.cast[step.who], answer)
            if step is BEGINNING[-1]:
                house.upload()
        for (ticket_id,) in house.connection.rows("SELECT id FROM tickets"):
            check_ticket(house, int(ticket_id))
        check_retries(house, answers)


def check_answer(house: Desk, person: Person, answer: Answer) -> None:
    """The entries that somebody's own command made, and each names the one that they saw before it."""
    if person.role is Role.BOT:
        return  # it has no list of tickets, and is told what it did itself
    seen = house.witness(answer.ticket).sees(person)
    assert seen is not None
    numbers = [0, *(each.seq for each in seen)]
    for entry in answer.entries:
        assert entry["actor"]["id"] == person.id
        assert entry["seq"] in numbers
        assert entry["prev"] == numbers[numbers.index(entry["seq"]) - 1]


def check_ticket(house: Desk, ticket_id: int) -> None:
    ticket = tickets.find(house.connection, ticket_id, house.cast["ada"])
    assert ticket is not None
    timeline, witness = house.timeline(ticket_id), house.witness(ticket_id)
    assert [entry.seq for entry in timeline] == list(range(1, ticket.last_seq + 1))
    assert replayed(house, ticket, timeline) == ticket
    witness.check_deeds(house.by_id, house.left)
    for person in house.cast.values():
        check_view(house, person, ticket_id, witness)


def replayed(house: Desk, ticket: Ticket, timeline: list[Entry]) -> Ticket:
    """The ticket as its timeline alone tells it."""
    state = Ticket(
        id=ticket.id, query=ticket.query, customer_id=ticket.customer_id, opened_at=ticket.opened_at
    )
    for entry in timeline:
        kind = EVENTS[entry.type]
        if entry.type == NoteRedacted.type and timeline[entry.fields["of"] - 1].type == "note_posted":
            kind = NoteRedacted
        state = state.after(msgspec.convert(entry.fields, kind), house.by_id[entry.actor.id], entry.at)
    return state


def check_view(house: Desk, person: Person, ticket_id: int, witness: Witness) -> None:
    """Exactly what is theirs to see, in the list, on the ticket and of its files."""
    shown, theirs = house.shown(person, ticket_id), witness.sees(person)
    check_files(house, person, ticket_id, theirs or [])
    if shown is None or theirs is None:
        assert (shown, theirs) == (None, None)
        return
    ticket, seen = shown
    assert [(entry["seq"], entry["type"]) for entry in seen] == [(each.seq, each.type) for each in theirs]
    assert [entry["prev"] for entry in seen] == [0] + [entry["seq"] for entry in seen[:-1]]
    assert all(("key" in entry) is (entry["actor"]["id"] == person.id) for entry in seen)
    assert (ticket["last_seq"], ticket["updated_at"]) == (theirs[-1].seq, rfc3339(theirs[-1].at))
    numbers = {each.seq for each in theirs}
    for entry in seen:
        # Nothing points at what they cannot see, and what was taken back is gone.
        assert {entry[name] for name in ("of", "reply_to") if entry.get(name)} <= numbers
        if entry["seq"] in witness.taken_back():
            assert (entry["body"], entry.get("attachments")) == ("", None)


def check_files(house: Desk, person: Person, ticket_id: int, theirs: list[Happened]) -> None:
    """A file is seen by those who see the message that names it, and before that by whose it is."""
    if ticket_id != 1:
        return
    depth = house.reading.clearance(person)
    seen = {number for number in FILES if attachments.seen(house.connection, number, person, depth)}
    sent = {file["id"] for entry in house.timeline(1) for file in entry.fields.get("attachments", ())}
    kept = {number for number in FILES if attachments.find(house.connection, number)}
    named = {file["id"] for each in theirs for file in each.fields.get("attachments", ())}
    own = {number for number in kept - sent if house.cast[FILES[number]] == person} if theirs else set()
    assert seen == named | own


def check_retries(house: Desk, answers: dict[str, tuple[Deed, Answer]]) -> None:
    """Everything once more, in any state of affairs: the first answers again, and nothing happens."""
    count = house.connection.row("SELECT COUNT(*) FROM entries")
    house.now += 1_000 * A_STEP
    for deed, first in answers.values():
        again = house.carry_out(deed)
        assert isinstance(again, Answer)
        assert (again.ticket, again.seq, again.at) == (first.ticket, first.seq, first.at)
        assert [entry["seq"] for entry in again.entries] == [entry["seq"] for entry in first.entries]
    assert house.connection.row("SELECT COUNT(*) FROM entries") == count
