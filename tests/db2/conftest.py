"""A DB2 for each test: a real one where CCR_TEST_DB2_URL names it, else Derby in its clothes."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

from ccr import operating
from ccr.adapters import db2, db2_url
from ccr.settings import Settings
from ccr.store import readers, remote, writer
from ccr.store.connection import Connection
from ccr.store.dialects import Trouble
from tests import databases
from tests.db2 import derby, locked
from tests.db2.derby import Shim
from tests.live import Live, live_registry
from tests.store import statements
from tests.store.contract import store
from tests.waiting import PATIENCE

__all__ = ["store"]

REAL = os.environ.get("CCR_TEST_DB2_URL", "")

TABLES = [*reversed(statements.tables())]
"""Each before those that it refers to."""

NUMBERED = statements.numbered()
"""Those that number their rows."""

MANY = 1_000
"""Tries for a lock: no fewer than there is patience for."""

_WAITS = "SELECT COUNT(*) FROM SYSIBMADM.MON_LOCKWAITS"
_WAITS_ON_DERBY = "SELECT COUNT(*) FROM SYSCS_DIAG.LOCK_TABLE WHERE STATE = 'WAIT'"


class Db2(NamedTuple):
    """A database with the schema, empty, and how to spoil the way there, where that can be done.

    `url` is for the user that serves, who has just the rights that `ccr migrate --grants` gives; `owner` for the
    tables' owner, who is the same where the tests run on a real DB2.
    """

    url: str
    owner: str
    shim: Shim | None

    def connect(self) -> Connection:
        """A connection of the test's own, which may do everything."""
        return Connection(db2.connect(db2_url.read(self.owner)), db2.DIALECT)

    def somebody_waits(self) -> bool:
        """Whether a lock that one has is waited for by another."""
        connection = self.connect()
        row = connection.row(_WAITS if self.shim is None else _WAITS_ON_DERBY)
        connection.driver.close()
        return row is not None and row[0] > 0


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Db2]:
    """A database with the schema, for the whole session."""
    if REAL:
        names = parse_qs(urlsplit(REAL).query).get("schema", [""])
        if "TEST" not in names[0].upper():
            pytest.exit("CCR_TEST_DB2_URL must end with ?schema=…TEST…: everything in that schema is deleted")
        yield _migrated(Db2(REAL, REAL, None))
        return
    if lacking := derby.missing():
        pytest.skip(lacking)
    with derby.running(tmp_path_factory.mktemp("derby"), memory=True) as (_, shim):
        name = derby.new_name()
        yield _migrated(Db2(shim.url(name, user="server", schema="APP"), shim.url(name), shim))


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes longer than in earnest is waited for: a busy machine is no slow server."""
    monkeypatch.setattr(writer, "LONGEST", PATIENCE)
    monkeypatch.setattr(remote, "TOO_LATE", PATIENCE)
    monkeypatch.setattr(remote, "PATIENCE", dict.fromkeys(remote.PATIENCE, PATIENCE))
    monkeypatch.setattr(readers, "PATIENCE", PATIENCE)
    monkeypatch.setattr(remote, "TRIES", remote.TRIES | {Trouble.BUSY: MANY})
    monkeypatch.setattr(readers, "TRIES", MANY)


@pytest.fixture
def on_db2(served: Db2, monkeypatch: pytest.MonkeyPatch, limits: None) -> Iterator[Db2]:
    """Everything that the test opens is opened on DB2, which is empty.

    Whoever changes a person without having locked them fails.
    """
    locked.watch(monkeypatch)
    _wipe(served)
    with databases.chosen(served.url):
        yield served


@pytest.fixture(scope="module")
def once_on_db2(served: Db2) -> Iterator[None]:
    """The same for tests that commit nothing: it is emptied before the first of them."""
    _wipe(served)
    with databases.chosen(served.url):
        yield


@pytest.fixture
def shim(on_db2: Db2) -> Shim:
    """For tests of what may go wrong on the way."""
    if on_db2.shim is None:
        pytest.skip("nothing stands between the test and a real DB2")
    return on_db2.shim


@pytest.fixture
async def live(tmp_path: Path, on_db2: Db2) -> AsyncIterator[Live]:
    """A registry served on DB2, with the cast."""
    async with live_registry(tmp_path) as registry:
        yield registry


def _migrated(served: Db2) -> Db2:
    settings = Settings(database_url=served.owner)
    operating.migrate(settings)
    if served.url != served.owner:
        with operating.connected(settings) as connection:
            for statement in script(operating.grants(settings, "server")):
                connection.run(statement)
            connection.dialect.commit(connection.driver)
    return served


def _wipe(served: Db2) -> None:
    connection = served.connect()
    for table in TABLES:
        connection.run(f"DELETE FROM {table}")
    for table in NUMBERED:
        connection.run(f"ALTER TABLE {table} ALTER COLUMN id RESTART WITH 1")
    connection.dialect.commit(connection.driver)
    connection.driver.close()


def script(text: str) -> list[str]:
    """The statements of a script, as DB2's command line would take it apart."""
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    return [statement.strip() for statement in "\n".join(lines).split(";") if statement.strip()]
