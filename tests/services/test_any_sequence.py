"""Whatever anybody does in any order: numbers without a gap, a state the timeline explains, no eavesdropper."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from ccr.adapters import sqlite
from ccr.desk import commands as asked
from ccr.desk.commands import Command
from ccr.desk.events import EVENTS, AgentAssigned, Entry, NoteRedacted, Reach
from ccr.desk.people import Person, Role
from ccr.desk.refusals import Code, Refusal
from ccr.desk.rules import may_see
from ccr.desk.ticket import Ticket
from ccr.services.changes import Answer, _Request
from ccr.services.reading import MOST, Reading
from ccr.store import entries, people, schema, tickets
from ccr.store.connection import Connection

START = 1_700_000_000_000
ROLES = {
    "carla": Role.CUSTOMER,
    "omar": Role.CUSTOMER,
    "amir": Role.AGENT,
    "bea": Role.AGENT,
    "ada": Role.ADMIN,
}


class Deed(NamedTuple):
    """Somebody asks something of a ticket (`None`: of none) under a key."""

    who: str
    ticket: int | None
    key: str
    command: Command


TEXT = st.sampled_from(["Hello", "It hums", "See above"])
ON_A_TICKET = st.one_of(
    st.builds(asked.PostMessage, body=TEXT, reply_to=st.none() | st.integers(1, 6)),
    st.builds(asked.PostNote, body=TEXT),
    st.builds(asked.AssignAgent, agent=st.sampled_from([None, 1, 3, 4])),
    st.builds(asked.SetPriority, priority=st.sampled_from(asked.Priority)),
    st.builds(asked.CloseTicket, reason=st.none() | TEXT),
    st.builds(asked.ReopenTicket),
    st.builds(asked.RateTicket, stars=st.integers(1, 5)),
    st.builds(asked.RedactMessage, of=st.integers(1, 8)),
)
# Few keys, so that they come again; and mostly somebody who may, or hardly anything would happen.
KEYS = st.integers(0, 40).map("key-{:06d}".format)
WHO = st.sampled_from(["carla", "carla", "amir", "amir", "ada", "ada", "omar", "bea"])
OPENING = st.builds(
    Deed, st.sampled_from(["carla", "omar", "amir"]), st.none(), KEYS, st.builds(asked.OpenTicket, query=TEXT)
)
DEED = st.builds(Deed, WHO, st.sampled_from([1, 1, 1, 2, 9]), KEYS, ON_A_TICKET)
BEGINNING = [
    Deed("carla", None, "the-first-1", asked.OpenTicket(query="It hums")),
    Deed("ada", 1, "the-first-2", asked.AssignAgent(agent=3)),
]


@contextmanager
def desk() -> Iterator[tuple[Connection, dict[str, Person]]]:
    """An empty registry with its people, whose ids are 1 to 5."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as driver:
        driver.execute("PRAGMA foreign_keys=ON")
        connection = Connection(driver, sqlite.DIALECT)
        schema.migrate(connection)
        cast = {}
        for name, role in ROLES.items():
            person = Person(
                id=0, role=role, first_name=name, last_name="", email=f"{name}@example.org", mobile="1"
            )
            cast[name] = people.add(connection, person, None, START)
        yield connection, cast


def carry_out(connection: Connection, cast: dict[str, Person], deed: Deed, at: int) -> Answer | Refusal:
    """As the writer does it: all of it or nothing; and a refusal has written nothing."""
    if isinstance(deed.command, asked.OpenTicket) is not (deed.ticket is None):
        return Refusal(Code.INVALID, "refused before it reaches the database")
    request = _Request(cast[deed.who], deed.ticket, deed.key, deed.command, False, at, True)
    before = connection.driver.total_changes  # type: ignore[attr-defined]
    connection.driver.cursor().execute("BEGIN IMMEDIATE")
    try:
        return request.settle(connection).answer
    except Refusal as refusal:
        assert connection.driver.total_changes == before  # type: ignore[attr-defined]
        return refusal
    finally:
        connection.driver.cursor().execute("COMMIT")


def replayed(ticket: Ticket, timeline: list[Entry], cast: dict[str, Person]) -> Ticket:
    """The ticket as its timeline alone tells it."""
    by_id = {person.id: person for person in cast.values()}
    state = Ticket(
        id=ticket.id, query=ticket.query, customer_id=ticket.customer_id, opened_at=ticket.opened_at
    )
    for entry in timeline:
        kind = EVENTS[entry.type]
        if entry.type == NoteRedacted.type and entry.reach == Reach.STAFF:
            kind = NoteRedacted
        state = state.after(msgspec.convert(entry.fields, kind), by_id[entry.actor.id], entry.at)
    return state


def seen_by(connection: Connection, person: Person, ticket: int) -> list[dict[str, Any]] | None:
    """The whole timeline as the person gets it; `None` where there is no such ticket for them."""
    reading = Reading(None, None)  # type: ignore[arg-type]
    try:
        found = reading._timeline(person, ticket, 0, None, MOST, connection)
    except Refusal as refusal:
        return None if refusal.code is Code.NOT_FOUND else []
    seen: list[dict[str, Any]] = found["entries"]
    return seen


@settings(max_examples=60, deadline=None)
@given(st.lists(DEED | OPENING, max_size=25))
def test_any_sequence_leaves_every_timeline_whole(deeds: list[Deed]) -> None:
    with desk() as (connection, cast):
        answers: dict[str, tuple[Deed, Answer]] = {}
        for at, deed in enumerate(BEGINNING + deeds, START):
            answer = carry_out(connection, cast, deed, at)
            if isinstance(answer, Answer):
                answers.setdefault(repr(deed), (deed, answer))
        for (ticket_id,) in connection.rows("SELECT id FROM tickets"):
            check_ticket(connection, cast, int(ticket_id))
        check_retries(connection, cast, answers)


def check_ticket(connection: Connection, cast: dict[str, Person], ticket_id: int) -> None:
    ticket = tickets.find(connection, ticket_id, cast["ada"])
    assert ticket is not None
    timeline = entries.span(connection, ticket_id, 1, entries.MAX_SEQ)
    assert [entry.seq for entry in timeline] == list(range(1, ticket.last_seq + 1))
    assert replayed(ticket, timeline, cast) == ticket
    for person in cast.values():
        seen = seen_by(connection, person, ticket_id)
        assert (seen is not None) is may_see(person, ticket)
        if seen is not None:
            check_view(person, ticket, seen)


def check_view(person: Person, ticket: Ticket, seen: list[dict[str, Any]]) -> None:
    assert [entry["prev"] for entry in seen] == [0] + [entry["seq"] for entry in seen[:-1]]
    assert all(("key" in entry) is (entry["actor"]["id"] == person.id) for entry in seen)
    hidden = {
        Role.CUSTOMER: {"note_posted"},
        Role.AGENT: set[str](),
        Role.ADMIN: {"note_posted", "message_posted"},
    }
    assert not hidden[person.role] & {entry["type"] for entry in seen}
    if person.role is Role.AGENT:
        assert len(seen) == ticket.last_seq
    for entry in seen:
        if entry["type"] == AgentAssigned.type and entry["agent"] is not None:
            assert entry["agent"]["id"] in (3, 4)


def check_retries(
    connection: Connection, cast: dict[str, Person], answers: dict[str, tuple[Deed, Answer]]
) -> None:
    """Everything once more, in any state of affairs: the first answers again, and nothing happens."""
    count = connection.row("SELECT COUNT(*) FROM entries")
    for deed, first in answers.values():
        again = carry_out(connection, cast, deed, START + 1_000_000)
        assert isinstance(again, Answer)
        assert (again.ticket, again.seq, again.at) == (first.ticket, first.seq, first.at)
        assert [entry["seq"] for entry in again.entries] == [entry["seq"] for entry in first.entries]
    assert connection.row("SELECT COUNT(*) FROM entries") == count
