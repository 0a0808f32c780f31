"""By which way SQLite finds what each message and each notice asks for: never through all there is of everybody's."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ccr.desk.commands import AssignAgent, OpenTicket, PostMessage, RedactMessage
from ccr.desk.notices import Channel, Kind, Notice
from ccr.services.reading import Reading
from ccr.store import claims, outbox, waiting
from ccr.store.connection import Connection
from ccr.store.spreading import spread
from tests.accounts_house import AMIR, CARLA, House, open_house

LONG = ("outbox", "entries", "receipts", "tickets", "read_marks", "people", "attachments")
"""What grows for as long as there are people."""

Statement = tuple[str, tuple[Any, ...]]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Statement]:
    """Everything that is asked of the database, in order."""
    found: list[Statement] = []
    for name in ("row", "rows", "run"):
        real = getattr(Connection, name)

        def noted(self: Connection, sql: str, *params: Any, real: Any = real) -> Any:
            found.append((sql, params))
            return real(self, sql, *params)

        monkeypatch.setattr(Connection, name, noted)
    real_up_to = Connection.up_to

    def noted_up_to(self: Connection, most: int, sql: str, *params: Any) -> Any:
        found.append((sql, params))
        return real_up_to(self, most, sql, *params)

    monkeypatch.setattr(Connection, "up_to", noted_up_to)
    return found


async def detours(house: House, asked: list[Statement]) -> list[str]:
    """The statements that look through a whole table, or through everything that is in the same state."""

    def explain(connection: Connection) -> list[str]:
        found = []
        for sql, params in dict(asked).items():
            for *_, way in connection.driver.cursor().execute(f"EXPLAIN QUERY PLAN {sql}", params).fetchall():
                scans = any(way.startswith(f"SCAN {table}") for table in LONG)
                if scans or way.endswith("(state=?)"):
                    found.append(f"{sql}: {way}")
        return found

    return await house.database.read(explain)


async def test_a_message_and_its_notices_are_found_by_their_ticket(
    house: House, asked: list[Statement]
) -> None:
    ada, carla = await house.admin(), await house.customer(CARLA)
    amir = await house.agent(ada, AMIR)
    do = house.changes.carry_out
    ticket = (await do(carla, None, "key-opening", OpenTicket(query="My kettle hums"))).ticket
    await do(ada, ticket, "key-assign", AssignAgent(agent=amir.id))
    reading = Reading(house.database, house.publisher)
    asked.clear()

    seq = (await do(carla, ticket, "key-first", PostMessage(body="It hums"))).seq
    await do(carla, ticket, "key-first", PostMessage(body="It hums"))
    await do(amir, ticket, "key-second", PostMessage(body="Since when?", reply_to=seq))
    await do(carla, ticket, "key-third", RedactMessage(of=seq))
    await reading.conversation(amir, ticket, 1)
    await reading.mark_read(amir, ticket, seq)

    assert len(asked) > 20
    assert await detours(house, asked) == []


async def test_notices_are_claimed_spread_and_settled_by_their_numbers(
    house: House, asked: list[Statement]
) -> None:
    carla = await house.customer(CARLA)
    ticket = (await house.changes.carry_out(carla, None, "key-opening", OpenTicket(query="Hum"))).ticket
    now = house.time

    def owe_and_carry(connection: Connection) -> None:
        for _ in range(5):
            outbox.put(connection, Notice(kind=Kind.WELCOME, to=carla.id, channel=Channel.MAIL), now)
        asked.clear()
        for due in claims.to_spread(connection, now, 50):
            spread(connection, due.id, due.ticket, now)
        owed = claims.claim(connection, "one", now, 60_000, 4)
        claims.settle_all(connection, "one", now, [claims.Settled(o.id, outbox.SENT, {}, "x") for o in owed])
        outbox.told_up_to(connection, ticket, carla.id)
        waiting.unread(connection, ticket, carla)

    await house.database.write(owe_and_carry)
    assert len(asked) >= 8
    assert await detours(house, asked) == []
