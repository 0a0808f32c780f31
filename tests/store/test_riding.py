"""Units that may wait a moment: they are committed with somebody else's, which is hardly held up by them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ccr import adapters
from ccr.settings import Settings
from ccr.store import writer
from ccr.store.batches import Batches, Job
from ccr.store.connection import Connection
from ccr.store.database import Database


class Ledger:
    """A database of one writer, and what it committed, transaction by transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.committed: list[list[str]] = []

    async def write(self, name: str, *, patient: bool = False) -> str:
        def unit(_: Connection) -> str:
            return name

        return await self.database.write(unit, patient=patient)

    def begins(self, name: str) -> "asyncio.Task[str]":
        return asyncio.create_task(self.write(name, patient=True))


@pytest.fixture
async def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ledger]:
    opened = Ledger(Database(*adapters.database_driver(Settings(data=tmp_path))))
    carry_out = Batches.carry_out

    def counted(self: Batches, batch: list[Job]) -> None:
        carry_out(self, batch)
        opened.committed.append([job.result for job in batch])

    monkeypatch.setattr(Batches, "carry_out", counted)
    yield opened
    await opened.database.close()


async def test_they_go_along_with_the_next_and_behind_it(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "RIDES_WITHIN", 3600)
    claim, settle = ledger.begins("claim"), ledger.begins("settle")
    await asyncio.sleep(0)  # they wait
    assert ledger.database.waiting() == 2
    await ledger.write("message")
    assert tuple(await asyncio.gather(claim, settle)) == ("claim", "settle")
    assert ledger.committed == [["message", "claim", "settle"]]


async def test_they_go_alone_when_nobody_comes(ledger: Ledger) -> None:
    assert await ledger.write("claim", patient=True) == "claim"
    assert ledger.committed == [["claim"]]


async def test_they_are_not_left_behind_at_the_end(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "RIDES_WITHIN", 3600)
    claim = ledger.begins("claim")
    await asyncio.sleep(0)
    await ledger.database.close()
    assert await claim == "claim"
