"""What lets a thousand notices go out while others talk: they go evenly, and ask the database together."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from ccr.desk.refusals import Refusal, unavailable
from ccr.services.pacing import Pace
from ccr.services.together import Together
from ccr.store.connection import Connection
from tests.accounts_house import House, open_house

GAP = 0.02


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
def readings(house: House, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every transaction that reads."""
    found: list[Any] = []
    read = house.database.read

    async def counted(unit: Callable[[Connection], Any]) -> Any:
        found.append(unit)
        return await read(unit)

    monkeypatch.setattr(house.database, "read", counted)
    return found


def people(connection: Connection) -> int:
    row = connection.row("SELECT COUNT(*) FROM people")
    assert row
    return int(row[0])


def poisoned(_: Connection) -> int:
    raise ValueError("poisoned")


Unit = Callable[[Connection], int]


def each(connection: Connection, units: list[Unit]) -> list[int]:
    return [unit(connection) for unit in units]


class Calm:
    """A lull that comes when it is told to."""

    def __init__(self) -> None:
        self.comes, self._asked = asyncio.Event(), asyncio.Event()

    async def lull(self) -> None:
        self._asked.set()
        await self.comes.wait()

    async def is_waited_for(self) -> None:
        async with asyncio.timeout(20):
            await self._asked.wait()


async def at_once() -> None:
    """A lull where nobody waits for anything."""


async def test_they_pass_one_after_another_with_a_gap_between() -> None:
    pace, loop = Pace(GAP, at_once), asyncio.get_running_loop()
    passed: list[float] = []

    async def go() -> None:
        await pace.turn()
        passed.append(loop.time())

    began = loop.time()
    await asyncio.gather(*(go() for _ in range(4)))
    for number, at in enumerate(passed):
        assert at - began >= number * GAP - 0.005  # never sooner; a timer may round


async def test_nobody_passes_while_somebody_else_is_kept_waiting() -> None:
    calm = Calm()
    passing = asyncio.create_task(Pace(0.0, calm.lull).turn())
    await calm.is_waited_for()
    assert not passing.done()
    calm.comes.set()
    await passing


async def test_what_is_asked_in_one_moment_is_read_in_one_go(house: House, readings: list[Any]) -> None:
    await house.admin()
    readings.clear()
    together: Together[Unit, int] = Together(house.database, each)
    assert await asyncio.gather(*(together.ask(people) for _ in range(5))) == [1] * 5
    assert len(readings) == 1


async def test_nothing_is_read_while_somebody_else_is_kept_waiting(
    house: House, readings: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    calm = Calm()
    monkeypatch.setattr(house.database, "lull", calm.lull)
    together: Together[Unit, int] = Together(house.database, each)
    asking = asyncio.create_task(together.ask(people))
    await calm.is_waited_for()
    assert readings == []
    calm.comes.set()
    assert await asking == 0
    assert len(readings) == 1


async def test_one_that_fails_spoils_none_of_the_others(house: House, readings: list[Any]) -> None:
    together: Together[Unit, int] = Together(house.database, each)
    units: list[Unit] = [people, poisoned, people]
    asked = [together.ask(unit) for unit in units]
    first, second, third = await asyncio.gather(*asked, return_exceptions=True)
    assert (first, third) == (0, 0)
    assert isinstance(second, ValueError)
    assert len(readings) == 4  # together, and then each alone


async def test_a_database_that_is_away_is_asked_once(
    house: House, readings: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(unit: Callable[[Connection], Any]) -> Any:
        readings.append(unit)
        raise unavailable()

    monkeypatch.setattr(house.database, "read", away)
    together: Together[Unit, int] = Together(house.database, each)
    told = await asyncio.gather(*(together.ask(people) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in told] == [Refusal] * 3
    assert len(readings) == 1
