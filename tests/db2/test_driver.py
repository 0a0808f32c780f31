"""The driver: what goes in comes out, errors are told apart and hold no secret, statements are kept."""

import gc
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccr.adapters import database_driver, db2, db2_url
from ccr.settings import Settings, SettingsError
from ccr.store.connection import Connection
from ccr.store.dialects import Trouble
from tests.db2.conftest import Db2

WORDS = "Grüße, 漢字, 😀, \"quoted\" and 'so'; a\nline"


@pytest.fixture
def connection(on_db2: Db2) -> Iterator[Connection]:
    opened = on_db2.connect()
    yield opened
    opened.driver.close()


def trouble(connection: Connection, sql: str, *params: Any) -> Trouble:
    """What the statement gets into."""
    with pytest.raises(db2.DriverError) as raised:
        connection.run(sql, *params)
    return connection.dialect.trouble(raised.value)


def reply(connection: Connection, shortcut: str, body: str) -> int:
    return connection.insert("INSERT INTO canned_replies (shortcut, body) VALUES (?, ?)", shortcut, body)


@pytest.mark.parametrize("body", [WORDS, "", " ", "😀" * 4000, "\x01" * 4000, "漢" * 4000])
def test_a_text_of_any_script_comes_back_as_it_was(connection: Connection, body: str) -> None:
    number = reply(connection, "hello", body)
    assert connection.row("SELECT id, body FROM canned_replies WHERE id = ?", number) == (number, body)


def test_numbers_are_whole_and_nothing_is_nothing(connection: Connection) -> None:
    large = 2**53 - 1
    writer = connection.insert("INSERT INTO wrong_tries (bucket, tried_at) VALUES (?, ?)", "b", large)
    row = connection.row(
        "SELECT id, tried_at, NULLIF(bucket, 'b'), (SELECT SUM(tried_at) FROM wrong_tries), "
        "(SELECT COUNT(*) FROM wrong_tries) FROM wrong_tries WHERE id = ?",
        writer,
    )
    assert row == (writer, large, None, large, 1)
    assert [type(value) for value in row or ()] == [int, int, type(None), int, int]


def test_a_page_is_cut_by_the_server(connection: Connection) -> None:
    for n in range(5):
        reply(connection, f"r{n}", "x")
    rows = connection.up_to(2, "SELECT shortcut FROM canned_replies WHERE body = ? ORDER BY id DESC", "x")
    assert rows == [("r4",), ("r3",)]


def test_what_was_changed_is_counted(connection: Connection) -> None:
    reply(connection, "a", "x")
    reply(connection, "b", "x")
    assert connection.run("UPDATE canned_replies SET body = ?", "y") == 2
    assert connection.run("DELETE FROM canned_replies WHERE shortcut = ?", "nobody's") == 0


def test_troubles_are_told_apart(connection: Connection) -> None:
    reply(connection, "a", "x")
    twice = "INSERT INTO canned_replies (shortcut, body) VALUES ('a', 'x')"
    assert trouble(connection, twice) is Trouble.DUPLICATE
    assert trouble(connection, "SELECT 1 FROM nothing_of_ours") is Trouble.MISSING
    assert trouble(connection, "SELEC 1") is Trouble.OTHER
    assert not connection.dialect.has_table(connection, "nothing_of_ours")
    assert connection.dialect.has_table(connection, "people")


def test_a_text_that_is_too_long_is_an_error_that_does_not_repeat_it(connection: Connection) -> None:
    with pytest.raises(db2.DriverError) as raised:
        reply(connection, "secret " * 40, "x")
    assert "secret" not in str(raised.value)
    assert raised.value.sqlstate == "22001"


def test_more_statements_than_are_kept(connection: Connection) -> None:
    for n in range(db2.STATEMENTS + 10):
        assert connection.row(f"VALUES {n}") == (n,)
    assert connection.row("VALUES 0") == (0,)


def test_a_connection_that_closes_takes_no_statement_of_another_with_it(on_db2: Db2) -> None:
    """The driver frees a statement by its number, which another connection may have been given meanwhile."""
    old = on_db2.connect()
    for n in range(3):
        old.row(f"VALUES {n}")
    kept = list(old.driver._statements.values())  # type: ignore[attr-defined]
    old.driver.close()
    new = on_db2.connect()
    assert [new.row(f"VALUES {n}") for n in range(6)] == [(n,) for n in range(6)]
    del old, kept
    gc.collect()
    assert [new.row(f"VALUES {n}") for n in range(6)] == [(n,) for n in range(6)]
    new.driver.close()


def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    target = db2_url.read("db2://care:s3cret-word@127.0.0.1:1/CCR")
    with pytest.raises(db2.DriverError) as raised:
        db2.connect(target)
    assert db2.DIALECT.trouble(raised.value) is Trouble.LOST
    said = f"{raised.value!r} {raised.value.__cause__!r} {raised.value.__context__!r}"
    assert "s3cret-word" not in said


def test_where_the_driver_cannot_be_installed_it_is_asked_for_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    settings = Settings(data=tmp_path, database_url="db2://care:secret@127.0.0.1:50000/CCR")
    with pytest.raises(SettingsError, match="pip install ibm_db"):
        database_driver(settings)
