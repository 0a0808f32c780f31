"""What nobody waits for is written when nobody waits for anything else, or after a moment all the same."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ccr import adapters
from ccr.settings import Settings
from ccr.store import database
from ccr.store.connection import Connection
from ccr.store.database import Database


async def done(*writing: "asyncio.Task[None]") -> None:
    async with asyncio.timeout(20):
        await asyncio.gather(*writing)


class Ledger:
    """A database, what it carried out in which order, and a writer that can be held up."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.written: list[str] = []
        self.goes_on = threading.Event()

    def writes(self, name: str, *, patient: bool = False) -> "asyncio.Task[None]":
        return asyncio.create_task(self.database.write(lambda _: self.written.append(name), patient=patient))

    async def keeps_waiting(self) -> "asyncio.Task[None]":
        """Somebody whose message is being written until the writer goes on."""
        begun = threading.Event()

        def unit(_: Connection) -> None:
            begun.set()
            assert self.goes_on.wait(20)
            self.written.append("message")

        message = asyncio.create_task(self.database.write(unit))
        assert await asyncio.to_thread(begun.wait, 20)
        return message

    async def takes_a_claim_meanwhile(self) -> None:
        """It is put behind a message that is being written, before that is done."""
        message = await self.keeps_waiting()
        claim = self.writes("claim", patient=True)
        async with asyncio.timeout(20):
            while self.database.waiting() != 1:
                await asyncio.sleep(0.001)
        self.goes_on.set()
        await done(message, claim)
        assert self.written == ["message", "claim"]


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    opened = Ledger(Database(*adapters.database_driver(Settings(data=tmp_path))))
    yield opened
    opened.goes_on.set()
    await opened.database.close()


async def steps(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_claim_lets_those_go_first_who_come_after_it(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PATIENCE", 3600)
    message = await ledger.keeps_waiting()
    claim = ledger.writes("claim", patient=True)
    await steps()
    another = ledger.writes("another message")
    await steps()
    ledger.goes_on.set()
    await done(message, claim, another)
    assert ledger.written == ["message", "another message", "claim"]


async def test_it_does_not_wait_for_long(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.001)
    await ledger.takes_a_claim_meanwhile()


async def test_it_waits_for_nothing_where_nobody_is_kept_waiting(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PATIENCE", 3600)
    await ledger.writes("message")
    await done(ledger.writes("claim", patient=True), ledger.writes("settle", patient=True))
    assert ledger.written == ["message", "claim", "settle"]


async def test_whoever_gives_up_waiting_holds_nothing_up(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PATIENCE", 3600)
    message = await ledger.keeps_waiting()
    message.cancel()
    claim = ledger.writes("claim", patient=True)
    await steps()
    ledger.goes_on.set()
    await done(claim)
    assert ledger.written == ["message", "claim"]


async def test_it_does_not_wait_for_a_database_behind_a_network(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PATIENCE", 3600)
    monkeypatch.setattr(ledger.database.dialect, "remote", True)
    await ledger.takes_a_claim_meanwhile()
