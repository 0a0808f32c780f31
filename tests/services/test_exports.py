"""Everything held about somebody, told in parts: nobody waits for it, and little of it is in memory at a time."""

import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ccr.desk.commands import AssignAgent, OpenTicket, PostMessage, PostNote
from ccr.desk.people import Person
from ccr.services import exports
from ccr.store import holdings
from ccr.store.connection import Connection
from tests.accounts_house import AMIR, CARLA, OMAR, House, open_house


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(holdings, "PAGE", 5)
    async with open_house(tmp_path) as opened:
        yield opened


async def talked(house: House, messages: int = 12) -> tuple[Person, Person]:
    """Carla and Amir, who have talked on two of her tickets; a third has only been raised."""
    ada, carla = await house.admin(), await house.customer(CARLA)
    amir = await house.agent(ada, AMIR)
    do = house.changes.carry_out
    for n in range(3):
        ticket = (await do(carla, None, f"raise-it-{n}", OpenTicket(query='My "kettle" hums'))).ticket
        for m in range(messages if n < 2 else 0):
            if m == 0:
                await do(ada, ticket, "assign-it", AssignAgent(agent=amir.id))
                await do(amir, ticket, "note-of-his", PostNote(body="Third kettle"))
            await do((carla, amir)[m % 2], ticket, f"message-{m}", PostMessage(body=f"Words {m}"))
    return carla, amir


async def told(house: House, person: Person) -> list[bytes]:
    """All parts."""
    return [part async for part in house.exports.told(person)]


async def test_the_parts_together_are_all_that_is_held(house: House) -> None:
    carla, amir = await talked(house)
    omar = await house.customer(OMAR)

    for person in (carla, amir, omar):
        assert (await house.export(person))["person"]["id"] == person.id
    assert (await house.export(omar))["tickets"] == []
    found = await house.export(carla)
    assert [len(ticket["timeline"]) for ticket in found["tickets"]] == [14, 14, 1]
    assert [entry["prev"] for entry in found["tickets"][0]["timeline"]] == [0, 1, 2, *range(4, 15)]
    assert len((await house.export(amir))["entries"]) == 14


async def test_however_much_was_said_a_page_of_it_is_read_at_a_time(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    carla, amir = await talked(house, messages=40)
    sizes: list[int] = []
    for name in ("rows", "up_to"):
        real = getattr(Connection, name)

        def noted(self: Connection, *given: Any, real: Any = real) -> Any:
            found = real(self, *given)
            if any("FROM entries" in str(one) for one in given):
                sizes.append(len(found))
            return found

        monkeypatch.setattr(Connection, name, noted)

    for person in (carla, amir):
        parts = await told(house, person)
        assert sum(b"Words" in part for part in parts) >= 8
        assert max(part.count(b"Words") for part in parts) <= 5
    assert (max(sizes), len(sizes) > 30) == (5, True)


async def test_others_are_answered_between_its_parts(house: House) -> None:
    carla, _ = await talked(house)
    omar = await house.customer(OMAR)

    async for _ in house.exports.told(carla):
        await house.changes.carry_out(omar, None, "one-of-omars", OpenTicket(query="And mine?"))


async def test_what_is_written_out_is_written_out_by_a_reader(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    carla, _ = await talked(house)
    threads: list[str] = []
    for name in ("_page", "_beside_talk"):
        real = getattr(exports, name)

        def noted(*given: Any, real: Any = real) -> Any:
            threads.append(threading.current_thread().name)
            return real(*given)

        monkeypatch.setattr(exports, name, noted)

    await told(house, carla)

    assert len(threads) > 8
    assert all(name.startswith("reader") for name in threads)
