"""A house whose people talk about tickets: commands by the cast, and what is stored of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ccr.desk.commands import read_command
from ccr.desk.people import Person
from ccr.desk.refusals import Refusal
from ccr.services.request import Answer
from tests.accounts_house import AMIR, BEA, CARLA, OMAR, House, open_house

TABLES = ("tickets", "entries", "receipts", "outbox")


class Desk(NamedTuple):
    """A house with its people."""

    house: House
    carla: Person
    omar: Person
    amir: Person
    bea: Person
    ada: Person

    async def do(self, who: Person, ticket: int | None, key: str, kind: str, **fields: Any) -> Answer:
        """Somebody asks for something."""
        return await self.house.changes.carry_out(who, ticket, key, read_command({"type": kind, **fields}))

    async def refused(self, who: Person, ticket: int | None, key: str, kind: str, **fields: Any) -> str:
        """The code; and nothing may have been stored or told."""
        before, told = await self.stored(), len(self.house.publisher.changes)
        with pytest.raises(Refusal) as refused:
            await self.do(who, ticket, key, kind, **fields)
        assert (await self.stored(), len(self.house.publisher.changes)) == (before, told)
        return refused.value.code.value

    async def open(self) -> int:
        """A ticket of Carla's, which is Amir's to answer."""
        ticket = (await self.do(self.carla, None, "carla-opens", "open_ticket", query="Where is it?")).ticket
        await self.do(self.ada, ticket, "ada-assigns", "assign_agent", agent=self.amir.id)
        return ticket

    async def stored(self) -> list[int]:
        """Rows in each table."""
        return [int((await self.house.rows(f"SELECT COUNT(*) FROM {table}"))[0][0]) for table in TABLES]  # noqa: S608


@asynccontextmanager
async def open_desk(folder: Path) -> AsyncIterator[Desk]:
    """Open until the test is over."""
    async with open_house(folder) as house:
        ada = await house.admin()
        desk = Desk(
            house=house,
            carla=await house.customer(CARLA),
            omar=await house.customer(OMAR),
            amir=await house.agent(ada, AMIR),
            bea=await house.agent(ada, BEA),
            ada=ada,
        )
        house.wakes = 0
        yield desk
