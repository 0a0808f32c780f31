"""A store with its cast, open in a transaction that is never committed: what every database must do alike."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccr import adapters
from ccr.desk.clock import MINUTE
from ccr.desk.events import AgentAssigned, AgentName, Entry, Event, MessagePosted, NotePosted, TicketOpened
from ccr.desk.people import Gender, Person, Role
from ccr.desk.ticket import Ticket
from ccr.settings import Settings
from ccr.store import entries, people, schema, tickets
from ccr.store.connection import Connection
from tests import databases
from tests.accounts_house import ADA, AMIR, BEA, CARLA, OMAR

NOW = 1_800_000_000_000
NO_ID = 2**40
"""Of nobody and nothing."""


class Store:
    """The connection, and the cast as they are kept."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.time = NOW
        self.carla = self.add(Role.CUSTOMER, CARLA)
        self.omar = self.add(Role.CUSTOMER, OMAR)
        self.amir = self.add(Role.AGENT, AMIR)
        self.bea = self.add(Role.AGENT, BEA)
        self.ada = self.add(Role.ADMIN, ADA)

    def add(self, role: Role, given: dict[str, Any]) -> Person:
        """Somebody new, whose password's hash is `hash of` and their first name."""
        gender = Gender(given["gender"]) if "gender" in given else None
        person = Person(id=0, role=role, **(given | {"gender": gender}))
        return people.add(self.connection, person, f"hash of {person.first_name}", self.time)

    def raise_ticket(self, customer: Person | None = None, query: str = "Where is it?") -> Ticket:
        """A ticket with its first entry, a minute after whatever was before."""
        customer = customer or self.carla
        self.time += MINUTE
        opened = TicketOpened(query=query, priority="normal")
        ticket = Ticket(id=0, query=query, customer_id=customer.id, opened_at=self.time)
        ticket = tickets.insert(self.connection, ticket.after(opened, customer, self.time))
        entries.append(self.connection, ticket.id, 1, self.time, customer, "key-opening", opened)
        return ticket

    def happen(self, ticket: Ticket, who: Person, event: Event) -> tuple[Ticket, Entry]:
        """The ticket and the entry afterwards, a minute later."""
        self.time += MINUTE
        after = ticket.after(event, who, self.time)
        tickets.save(self.connection, ticket, after)
        key = f"key-{after.last_seq:04}"
        return after, entries.append(self.connection, ticket.id, after.last_seq, self.time, who, key, event)

    def say(self, ticket: Ticket, who: Person, body: str) -> Ticket:
        """The ticket after a message."""
        return self.happen(ticket, who, MessagePosted(body=body))[0]

    def note(self, ticket: Ticket, who: Person, body: str) -> Ticket:
        """The ticket after an internal note."""
        return self.happen(ticket, who, NotePosted(body=body))[0]

    def assign(self, ticket: Ticket, agent: Person | None) -> Ticket:
        """The ticket once Ada gave it to somebody, or took it away."""
        name = AgentName(agent.id, agent.name) if agent else None
        return self.happen(ticket, self.ada, AgentAssigned(agent=name))[0]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """On the database that the tests run on."""
    settings = Settings(data=tmp_path, database_url=databases.url(tmp_path))
    connect, dialect, _, _ = adapters.database_driver(settings)
    driver = connect()
    dialect.begin(driver)
    connection = Connection(driver, dialect)
    schema.migrate(connection)
    yield Store(connection)
    dialect.rollback(driver)
    driver.close()
