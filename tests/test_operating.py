"""`ccr check` and `ccr migrate` by the command line, on the embedded database; more on DB2 in tests/db2."""

import os
from pathlib import Path

import pytest

from ccr import __main__, adapters, checks, operating
from ccr.settings import Settings
from ccr.store import schema
from tests.accounts_house import ADA, CARLA, open_house
from tests.store.statements import tables


class Operator:
    """At a terminal, with the registry's folder."""

    def __init__(self, folder: Path, terminal: pytest.CaptureFixture[str], env: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._terminal = terminal
        self.env = env
        for name in [name for name in os.environ if name.startswith("CCR_")]:
            env.delenv(name)
        env.setenv("CCR_DATA", str(folder))

    def types(self, *words: str) -> tuple[int, str, str]:
        """Exit status, what was said, and what was complained of."""
        status = 0
        try:
            __main__.main(words)
        except SystemExit as ended:
            status = int(ended.code or 0)
        said = self._terminal.readouterr()
        return status, said.out, said.err


@pytest.fixture
def operator(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Operator:
    return Operator(tmp_path / "data", capsys, monkeypatch)


def test_before_the_first_start_nothing_is_wrong_and_nothing_is_made(operator: Operator) -> None:
    status, said, _ = operator.types("check")
    assert status == 0
    assert "which the first start makes" in said
    assert not operator.folder.exists()


def test_a_migration_is_shown_done_and_then_there_is_nothing_to_do(operator: Operator) -> None:
    _, shown, _ = operator.types("migrate", "--print")
    assert "CREATE TABLE people" in shown
    assert "CURRENT SCHEMA" not in shown
    assert operator.types("migrate")[1].startswith("migrated: 0001 desk\n")
    assert operator.types("migrate") == (0, f"the schema is up to date ({schema.NEWEST})\n", "")
    assert operator.types("migrate", "--print")[1].startswith("-- The schema is up to date")


def test_what_is_shown_makes_the_same_tables(operator: Operator) -> None:
    operator.types("migrate")
    with operating.connected(Settings(data=operator.folder)) as connection:
        made = connection.rows(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        )
    assert sorted(name for (name,) in made) == sorted(["schema_versions", *tables()])


def test_once_migrated_it_is_measured(operator: Operator) -> None:
    operator.types("migrate")
    status, said, _ = operator.types("check")
    assert status == 0
    assert f"{schema.NEWEST}, as this version needs" in said
    assert "ms to commit durably" in said
    assert "none yet" in said
    with operating.connected(Settings(data=operator.folder)) as connection:
        assert connection.rows("SELECT writer FROM commits") == []


async def test_admins_and_waiting_mails_are_told_of(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.admin()
        await house.customer(CARLA)
    said = checks.report(checks.run(Settings(data=tmp_path)))
    assert "there is one" in said
    assert "by mail, the first due at 2027-01-15T08:00:00" in said
    assert ADA["email"] not in said


def test_sqlite_knows_no_users(operator: Operator) -> None:
    status, _, complaint = operator.types("migrate", "--grants", "ccr_app")
    assert status == 2
    assert "knows no users" in complaint


def test_a_newer_schema_is_a_failure_of_the_check_and_of_the_migration(operator: Operator) -> None:
    operator.types("migrate")
    with operating.connected(Settings(data=operator.folder)) as connection:
        connection.run("INSERT INTO schema_versions (version, applied_at) VALUES (99, 0)")
    status, said, _ = operator.types("check")
    assert status == 1
    assert "FAIL schema" in said
    assert "the version that migrated it" in said
    assert operator.types("migrate")[0] == 2


def test_a_file_that_is_no_database(operator: Operator) -> None:
    operator.folder.mkdir()
    (operator.folder / "registry.db").write_text("Dear diary, " * 100)
    status, said, _ = operator.types("check")
    assert status == 1
    assert "file is not a database" in said
    assert "take a backup" in said
    status, _, complaint = operator.types("migrate")
    assert status == 2
    assert len(complaint.splitlines()) == 1


def test_a_folder_that_cannot_be_made(operator: Operator, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    operator.env.setenv("CCR_DATA", str(tmp_path / "file" / "data"))
    operator.env.setenv("CCR_DATABASE_URL", f"sqlite:///{tmp_path / 'other.db'}")
    status, said, _ = operator.types("check")
    assert status == 1
    assert "FAIL folder" in said


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_to_start_in_a_folder_that_cannot_be_made_is_one_clear_line(
    operator: Operator, command: str, tmp_path: Path
) -> None:
    (tmp_path / "data").write_text("")
    operator.env.setenv("CCR_BIND", "127.0.0.1:0")
    status, _, complaint = operator.types(command)
    assert status == 2
    assert complaint.startswith("ccr: ")
    assert len(complaint.splitlines()) == 1


def test_nobody_becomes_an_admin_by_what_is_no_address(operator: Operator) -> None:
    status, said, complaint = operator.types("admin", "ada")
    assert (status, said) == (2, "")
    assert "EMAIL" in complaint
    assert not operator.folder.exists()


@pytest.mark.parametrize("command", [["serve"], ["migrate"], ["admin", "ada@example.org"]])
def test_a_database_out_of_reach_is_one_line_without_its_password(
    operator: Operator, command: list[str]
) -> None:
    operator.env.setenv("CCR_DATABASE_URL", "db2://care:s3cret-word@127.0.0.1:1/CCR")
    operator.env.setenv("CCR_BIND", "127.0.0.1:0")
    operator.env.setenv("CCR_LOG", "error")
    status, said, complaint = operator.types(*command)
    assert status == 2
    assert complaint.splitlines()[-1].startswith("ccr: the database: ")
    assert "Traceback" not in complaint
    assert "s3cret-word" not in said + complaint


def test_settings_that_were_misspelt_are_to_be_mended(operator: Operator) -> None:
    operator.env.setenv("CCR_ADMIN_READ", "on")
    status, said, _ = operator.types("check")
    assert status == 1
    assert "did you mean CCR_ADMIN_READS?" in said


def test_where_db2s_driver_is_missing_the_line_says_how_to_come_by_it(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: str) -> None:
        raise ImportError

    monkeypatch.setattr("importlib.import_module", missing)
    operator.env.setenv("CCR_DATABASE_URL", "db2://care:s3cret-word@db.example.org:50000/CCR")
    status, said, _ = operator.types("check")
    assert status == 1
    assert "pip install ibm_db" in said
    assert "s3cret-word" not in said


def test_errors_of_no_database_are_not_explained_away() -> None:
    assert adapters.explain(RuntimeError("a mistake of ours")) is None
    with pytest.raises(RuntimeError), operating.explained():
        raise RuntimeError("a mistake of ours")
