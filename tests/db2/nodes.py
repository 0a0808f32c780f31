"""A registry's services on DB2, as one of several nodes has them, and what its tickets look like in the end."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any, Self

from ccr import adapters
from ccr.desk.commands import OpenTicket, PostMessage
from ccr.desk.people import Person
from ccr.desk.refusals import Code, Refusal
from ccr.services.request import Answer
from ccr.settings import Settings
from ccr.store.database import Database
from tests.accounts_house import House, open_house

SOON = 3.0
"""Seconds within which somebody is told that nothing can be stored: the contract's."""

SLACK = 6.0
"""What a busy machine may add to that: less than what would be wrong, an answer after the driver's twenty seconds, or
after as many times three as there are people in front.
"""


class Node(House):
    """With Carla and a ticket of hers."""

    carla: Person
    ticket: int

    async def settle_in(self) -> None:
        """Carla comes, and raises a ticket."""
        self.carla = await self.customer()
        self.ticket = await self.raise_ticket()

    async def raise_ticket(self, key: str | None = None) -> int:
        """Its id."""
        command = OpenTicket(query="My order has not come")
        return (await self.changes.carry_out(self.carla, None, key or new_key(), command)).ticket

    async def say(self, body: str, key: str | None = None, ticket: int | None = None) -> Answer:
        """Carla writes on her ticket."""
        command = PostMessage(body=body)
        return await self.changes.carry_out(self.carla, ticket or self.ticket, key or new_key(), command)

    async def timeline(self, ticket: int | None = None) -> list[tuple[Any, ...]]:
        """Number, key and content of every entry."""
        return await self.rows(
            "SELECT seq, client_key, fields FROM entries WHERE ticket_id = ? ORDER BY seq",
            ticket or self.ticket,
        )

    async def again(self, body: str, key: str | None = None, ticket: int | None = None) -> Answer:
        """As a client does: the same, until it is not unavailable."""
        key = key or new_key()
        while True:
            with Waited() as waited:
                return await self.say(body, key, ticket)
            assert waited.refusal is not None
            await asyncio.sleep(0.05)

    def pushed(self) -> list[int]:
        """The numbers of what was pushed, in that order."""
        return [entry.seq for change in self.publisher.changes for entry in change.entries]


@asynccontextmanager
async def open_node(folder: Path) -> AsyncIterator[Node]:
    """Open until the test is over."""
    async with open_house(folder) as house:
        yield Node(house.database, house.hasher)


@asynccontextmanager
async def open_impatient_node(folder: Path, url: str) -> AsyncIterator[Node]:
    """On a database with the schema: it waits for no answer longer than in earnest. Carla has written already."""
    async with open_node(folder) as patient:
        await patient.settle_in()
    settings = Settings(data=folder, database_url=url.replace("timeout=20", "timeout=2"))
    database = Database(*adapters.database_driver(settings))
    node = Node(database, patient.hasher)
    node.carla, node.ticket = patient.carla, patient.ticket
    try:
        await node.again("Are you there?")
        yield node
    finally:
        await database.close()


class Waited:
    """How long something took, in seconds, and whether it was refused as `unavailable`."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.refusal: Refusal | None = None

    def __enter__(self) -> Self:
        self._begun = monotonic()
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        self.seconds = monotonic() - self._begun
        if isinstance(error, Refusal) and error.code is Code.UNAVAILABLE:
            self.refusal = error
            return True
        return False


def new_key() -> str:
    """One that nobody has used."""
    return secrets.token_urlsafe(12)
