"""Old and new side by side: a version goes on serving the schema of the next one, unless that says it must not."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ccr.adapters import sqlite
from ccr.services.attachments import NewUpload
from ccr.store import migrations, schema
from ccr.store.connection import Connection, Row
from ccr.store.migrations import CONTRACTS, FIRST, MIGRATIONS, m0011_files_of_messages, oldest_for
from tests.live import Cast, registry_with_cast

TAKES_AWAY = re.compile(r"\b(DROP\s+(?!INDEX)|RENAME|ALTER\s+COLUMN|SET\s+NOT\s+NULL)\b", re.IGNORECASE)
ADDS = re.compile(r"ALTER\s+TABLE\s+\w+\s+ADD\s+(?:COLUMN\s+)?(.*)", re.IGNORECASE | re.DOTALL)


@pytest.mark.parametrize(("number", "statements"), [(number, given) for number, _, given in MIGRATIONS])
def test_a_migration_only_adds_unless_it_says_otherwise(number: int, statements: list[str]) -> None:
    if number in CONTRACTS:
        return
    for statement in statements:
        assert not TAKES_AWAY.search(statement), f"in CONTRACTS, or never: {statement}"
        if added := ADDS.search(statement):
            assert "NOT NULL" not in added[1].upper() or "DEFAULT" in added[1].upper(), statement


def test_numbers_have_no_gap_and_a_contract_names_an_older_schema() -> None:
    assert [number for number, _, _ in MIGRATIONS] == [*range(1, len(MIGRATIONS) + 1)]
    assert all(FIRST <= oldest < number for number, oldest in CONTRACTS.items())


async def test_files_sent_with_a_wish_for_a_person_become_their_messages_own(tmp_path: Path) -> None:
    """Once they were named by the entry behind it."""
    async with registry_with_cast(tmp_path, bot=True) as cast:
        registry = cast.registry
        kept, gone = [await cast.raise_ticket("carla") for _ in range(2)]
        files = {}
        for ticket in (kept, gone):
            given = NewUpload(name="a.txt", length=5)
            sent = await registry.attachments.add(cast.people["carla"], ticket, given, b"Words")
            files[ticket] = sent["id"]
            await cast.do("carla", ticket, "post_message", body="I want a person", attachments=[sent["id"]])

        def as_it_was(connection: Connection) -> None:
            connection.run("UPDATE attachments SET seq = seq + 1")

        def migrated(connection: Connection) -> list[Row]:
            """What is to be swept by now: asked before it is committed, and the sweeper sees it."""
            for statement in m0011_files_of_messages.STATEMENTS:
                connection.run(statement)
            return connection.rows("SELECT COUNT(*) FROM files WHERE kept = 0 AND sweep_at = 0")

        await registry.database.write(as_it_was)
        await cast.do("carla", gone, "redact_message", of=2)
        assert await registry.database.write(migrated) == [(1,)]

        rows = await cast.rows("SELECT id, seq FROM attachments")
        assert [tuple(row) for row in rows] == [(files[kept], 2)]


def tomorrow(connection: Connection, oldest: int) -> None:
    """What the next version will do to every table there is."""
    tables = connection.rows(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    for (table,) in tables:
        connection.run(f"ALTER TABLE {table} ADD COLUMN of_tomorrow VARCHAR(20)")
        connection.run(f"ALTER TABLE {table} ADD COLUMN also_of_tomorrow INTEGER DEFAULT 7 NOT NULL")
    connection.run("CREATE TABLE tomorrows (id INTEGER NOT NULL PRIMARY KEY, said VARCHAR(20))")
    connection.run(
        "INSERT INTO schema_versions (version, applied_at, oldest) VALUES (?, 1, ?)",
        schema.NEWEST + 1,
        oldest,
    )


async def test_this_version_serves_on_while_the_next_one_has_migrated(tmp_path: Path) -> None:
    async with registry_with_cast(tmp_path) as cast:
        ticket = await cast.ticket_with_agent()
        await cast.registry.database.write(lambda c: tomorrow(c, oldest=schema.NEWEST))

        await a_day_at_work(cast, ticket)
    # And it may start again: one of several nodes may crash in the middle of a deploy.
    async with registry_with_cast(tmp_path, beside=cast) as again:
        await a_day_at_work(again, ticket)
        assert await again.registry.database.read(schema.version) == schema.NEWEST + 1


async def test_it_refuses_a_newer_schema_that_is_not_for_it(tmp_path: Path) -> None:
    async with registry_with_cast(tmp_path) as cast:
        await cast.registry.database.write(lambda c: tomorrow(c, oldest=schema.NEWEST + 1))
        for question in (schema.check, schema.pending):
            with pytest.raises(schema.SchemaError, match="serve it with the version that migrated it"):
                await cast.registry.database.read(question)


def test_a_contract_raises_the_oldest_from_there_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(migrations.CONTRACTS, 20, 15)

    assert [oldest_for(number) for number in (FIRST, 19, 20, 21)] == [FIRST, FIRST, 15, 15]


async def a_day_at_work(cast: Cast, ticket: int) -> None:
    """Something of everything that writes."""
    other = await cast.raise_ticket("omar")
    await cast.do("ada", other, "assign_agent", agent=cast.id("bea"))
    await cast.do("carla", ticket, "post_message", body="Hello")
    await cast.do("amir", ticket, "post_note", body="Careful")
    await cast.do("amir", ticket, "set_priority", priority="high")
    await cast.do("carla", ticket, "close_ticket")
    await cast.do("carla", ticket, "rate_ticket", stars=5)
    await cast.do("carla", ticket, "reopen_ticket")
    await cast.registry.reading.mark_read(cast.people["carla"], ticket, 3)
    await cast.sign_in("carla")
    await cast.registry.postman.drain_once()


POINTS_NOWHERE = {
    "outbox.target_id": "which table it means, the channel says; and what it means may go while the notice waits",
    "outbox.provider_id": "the provider's own name for it",
    "reports_seen.report_id": "the provider's own name for it",
    "uploads.attachment_id": "a file goes with words that are taken back, before its upload is forgotten",
    "agent_hours.person_id": "0 is everybody who has no hours of their own",
}
"""Columns that are named like a reference and are none, each with the reason."""

NEVER_DELETED = {"questions.accepted_id": "public_answers", "question_deeds.answer_id": "public_answers"}
"""References without a key, to tables that nothing is ever deleted from. SQLite adds a key to a table only by making it
anew, under the feet of the version that still serves; and one that nothing could break is not worth that.
"""


def test_every_reference_has_a_key_or_a_reason(connection: Connection) -> None:
    tables = [str(name) for (name,) in connection.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    references, keyed = set(), set()
    for table in tables:
        columns = connection.rows("SELECT name FROM pragma_table_info(?)", table)
        references |= {f"{table}.{name}" for (name,) in columns if name.endswith("_id")}
        keys = connection.rows('SELECT "from" FROM pragma_foreign_key_list(?)', table)
        keyed |= {f"{table}.{name}" for (name,) in keys}

    assert len(keyed) > 30
    assert references - keyed == POINTS_NOWHERE.keys() | NEVER_DELETED.keys()


def test_what_is_referred_to_without_a_key_stays() -> None:
    store = Path(schema.__file__).parent
    sql = "\n".join(path.read_text(encoding="utf-8") for path in store.rglob("*.py"))

    deleted_from = set(re.findall(r"DELETE FROM (\w+)", sql))
    assert "attachments" in deleted_from
    assert not deleted_from & set(NEVER_DELETED.values())


@pytest.fixture
def connection() -> Iterator[Connection]:
    """An empty database with the newest schema."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as driver:
        empty = Connection(driver, sqlite.DIALECT)
        schema.migrate(empty)
        yield empty
