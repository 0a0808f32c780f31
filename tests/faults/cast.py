"""The people of a story and their tickets, made by the API as anybody would."""

from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.faults.clients import Person
from tests.faults.lines import call
from tests.faults.nodes import ADMIN
from tests.waiting import PATIENCE

PASSWORD = "a-password-of-the-tests"


@dataclass
class Cast:
    """Ada, the agents, and a customer with each ticket; `shared` is passed from Bea to Chen and back."""

    ada: Person
    agents: list[Person]
    customers: list[Person] = field(default_factory=list)
    tickets: list[int] = field(default_factory=list)
    first_sends: list[tuple[Person, int, str, dict[str, Any]]] = field(default_factory=list)
    """What was asked for to make all this: person, ticket (0: to raise one), key, command."""

    def roles(self) -> dict[int, str]:
        """By id."""
        return {person.id: person.role for person in (self.ada, *self.agents, *self.customers)}

    def agent_of(self, number: int) -> Person:
        """Whose the n-th ticket is at first."""
        return self.agents[number % len(self.agents)]


async def assemble(session: aiohttp.ClientSession, url: str, tickets: int) -> Cast:
    """All of them, signed in, each ticket with its agent."""
    ada = await _signed_in(session, url, ADMIN["email"], ADMIN["password"])
    agents = [await _agent(session, url, ada, name) for name in ("amir", "bea", "chen")]
    cast = Cast(ada, agents)
    for number in range(tickets):
        carla = await customer(session, url, f"carla{number}")
        command = {"type": "open_ticket", "query": f"Question {number}"}
        key = f"first-{number:06d}"
        opened = await _ask(session, url, "tickets", carla, {"key": key, "query": command["query"]})
        cast.customers.append(carla)
        cast.tickets.append(int(opened["id"]))
        cast.first_sends.append((carla, 0, key, command))
        await _assign(session, url, cast, number)
    return cast


async def _assign(session: aiohttp.ClientSession, url: str, cast: Cast, number: int) -> None:
    ticket, key = cast.tickets[number], f"given-{number:06d}"
    command = {"type": "assign_agent", "agent": cast.agent_of(number).id}
    await _ask(session, url, f"tickets/{ticket}/commands", cast.ada, {"key": key, "command": command})
    cast.first_sends.append((cast.ada, ticket, key, command))


async def customer(session: aiohttp.ClientSession, url: str, name: str) -> Person:
    """Registered and signed in."""
    email = f"{name}@example.org"
    person = {"first_name": name.title(), "last_name": "Customer", "email": email, "mobile": "+15550100"}
    secret = {"password": PASSWORD, "confirm_password": PASSWORD}
    await _ask(session, url, "customers", None, person | secret)
    return await _signed_in(session, url, email, PASSWORD)


async def _agent(session: aiohttp.ClientSession, url: str, ada: Person, name: str) -> Person:
    email, first = f"{name}@example.org", "changed-at-once"
    person = {"first_name": name.title(), "last_name": "Agent", "email": email, "mobile": "+15550100"}
    more = {"gender": "male", "username": name, "password": first}
    await _ask(session, url, "agents", ada, person | more)
    new = await _signed_in(session, url, email, first)
    change = {"current_password": first, "password": PASSWORD, "confirm_password": PASSWORD}
    await _ask(session, url, "me/password", new, change)
    return new


async def _signed_in(session: aiohttp.ClientSession, url: str, email: str, password: str) -> Person:
    found = await _ask(session, url, "sessions", None, {"email": email, "password": password})
    person = found["person"]
    return Person(int(person["id"]), email.partition("@")[0], person["role"], found["token"])


async def _ask(
    session: aiohttp.ClientSession, url: str, path: str, person: Person | None, body: dict[str, Any]
) -> dict[str, Any]:
    token = person.token if person else None
    answer = await call(session, "POST", url, path, token, body, within=PATIENCE)
    if not answer["ok"]:
        raise RuntimeError(f"{path}: {answer}")
    return answer
