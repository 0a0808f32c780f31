"""The log is moved into the file beside whoever writes, and if that fails nobody notices."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ccr import adapters
from ccr.settings import Settings
from ccr.store import checkpoints
from ccr.store.database import Database
from ccr.store.dialects import SQLite
from tests.waiting import until


@pytest.fixture
async def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    monkeypatch.setattr(checkpoints, "PAUSE", 0.01)
    opened = Database(*adapters.database_driver(Settings(data=tmp_path)))
    yield opened
    await opened.close()


def in_the_file(folder: Path) -> list[Any]:
    """What is there for somebody who does not know of the log."""
    reader = sqlite3.connect(f"file:{folder / 'registry.db'}?immutable=1", uri=True)
    try:
        return reader.execute("SELECT body FROM said ORDER BY body").fetchall()
    except sqlite3.DatabaseError:  # not even the table
        return []
    finally:
        reader.close()


async def test_what_was_committed_is_soon_in_the_file(database: Database, tmp_path: Path) -> None:
    await database.write(lambda c: c.run("CREATE TABLE said (body TEXT)"))
    for body in ("Good morning", "How can I help?"):
        await database.write(lambda c, body=body: c.run("INSERT INTO said VALUES (?)", body))  # type: ignore[misc]
    await until(lambda: in_the_file(tmp_path) == [("Good morning",), ("How can I help?",)])


async def test_where_that_fails_people_write_on(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def full(*_: Any) -> None:
        tried.append(True)
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(SQLite, "checkpoint", full)
    await database.write(lambda c: c.run("CREATE TABLE said (body TEXT)"))
    await until(lambda: tried)
    await database.write(lambda c: c.run("INSERT INTO said VALUES ('Hello')"))
    assert await database.read(lambda c: c.row("SELECT body FROM said")) == ("Hello",)
    await until(lambda: len(tried) > 1)
