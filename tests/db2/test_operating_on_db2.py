"""What an operator does with a DB2: migrate it, let somebody serve from it, and find out what is wrong."""

from collections.abc import Iterator

import pytest

from ccr import __main__, checks, operating
from ccr.adapters import db2
from ccr.checks import Finding
from ccr.settings import Settings
from ccr.store import schema
from ccr.store.connection import Connection
from ccr.store.rights import RIGHTS
from tests.db2 import derby
from tests.db2.conftest import Db2, script
from tests.db2.derby import Shim


@pytest.fixture
def empty(shim: Shim) -> str:
    """The owner's address of a database without tables, which is made when first asked for."""
    return shim.url(derby.new_name())


@pytest.fixture
def owner(empty: str) -> Iterator[Connection]:
    with operating.connected(Settings(database_url=empty)) as connection:
        yield connection


@pytest.fixture
def server(shim: Shim, on_db2: Db2) -> Iterator[Connection]:
    """Connected as the user that serves, on a database that is migrated."""
    with operating.connected(Settings(database_url=on_db2.url)) as connection:
        yield connection


def found(url: str, name: str = "database") -> Finding:
    """What `ccr check` says last under this name; no password is in any of it."""
    everything = checks.run(Settings(database_url=url))
    assert "app:app" not in checks.report(everything)
    assert "s3cret" not in checks.report(everything)
    return [finding for finding in everything if finding.name == name][-1]


class TestMigrating:
    def test_the_script_that_is_shown_is_what_would_have_been_done(
        self, empty: str, owner: Connection
    ) -> None:
        shown = operating.migration(Settings(database_url=empty))
        assert schema.version(owner) == 0
        for statement in script(shown):
            owner.run(statement)
        owner.dialect.commit(owner.driver)
        assert schema.version(owner) == schema.NEWEST
        assert operating.migrate(Settings(database_url=empty)) == []
        assert script(operating.migration(Settings(database_url=empty))) == []

    def test_a_step_that_fails_leaves_everything_as_it_was(self, empty: str, owner: Connection) -> None:
        owner.run("CREATE TABLE outbox (id INTEGER)")
        owner.dialect.commit(owner.driver)
        with pytest.raises(operating.DatabaseTrouble, match="there already"):
            operating.migrate(Settings(database_url=empty))
        assert schema.version(owner) == 0

    def test_whoever_serves_may_not_migrate(
        self,
        empty: str,
        owner: Connection,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("CCR_DATABASE_URL", empty.replace("app:app", "server:server") + "&schema=APP")
        with pytest.raises(SystemExit) as ended:
            __main__.main(["migrate"])
        assert ended.value.code == 2
        assert "may not do that" in capsys.readouterr().err

    def test_the_grants_are_for_the_tables_owner_to_give(self, shim: Shim) -> None:
        said = operating.grants(Settings(database_url=shim.url("X", schema="care")), "ccr_app")
        assert "GRANT SELECT, INSERT ON TABLE CARE.receipts TO USER CCR_APP;" in said
        assert len(script(said)) == len(RIGHTS)


class TestWhoeverServes:
    """All other tests here run as this user, so that they find each right that lacks."""

    @pytest.mark.parametrize("table", RIGHTS)
    def test_can_neither_drop_nor_alter_nor_empty_a_table(self, server: Connection, table: str) -> None:
        refused = [f"DROP TABLE {table}", f"ALTER TABLE {table} ADD COLUMN mine INTEGER"]
        if "DELETE" not in RIGHTS[table]:
            refused.append(f"DELETE FROM {table}")
        for sql in refused:
            with pytest.raises(db2.DriverError) as raised:
                server.run(sql)
            assert raised.value.sqlcode == -551

    @pytest.mark.parametrize(
        "sql",
        [
            "UPDATE entries SET seq = seq + 1",
            "UPDATE entries SET actor_id = 1",
            "UPDATE receipts SET seq = 1",
            "UPDATE schema_versions SET version = 99",
            "CREATE TABLE mine (id INTEGER)",
            "CREATE INDEX mine ON people (created_at)",
            "GRANT DELETE ON TABLE people TO USER server",
        ],
    )
    def test_can_change_nothing_that_the_registry_never_changes(self, server: Connection, sql: str) -> None:
        with pytest.raises(db2.DriverError) as raised:
            server.run(sql)
        assert raised.value.sqlcode == -551


class TestChecking:
    def test_all_is_well(self, on_db2: Db2) -> None:
        everything = checks.run(Settings(database_url=on_db2.url))
        assert checks.passed(everything)
        said = checks.report(everything)
        assert "1208" in said
        assert f"{schema.NEWEST}, as this version needs" in said
        assert "8 connections for each process: 4 to write, 4 to read" in said
        assert "ms to commit durably" in said

    def test_measuring_leaves_nothing_behind(self, server: Connection, on_db2: Db2) -> None:
        assert checks.passed(checks.run(Settings(database_url=on_db2.url)))
        assert server.rows("SELECT writer FROM commits") == []

    def test_a_wrong_password(self, empty: str) -> None:
        wrong = found(empty.replace("app:app", "app:s3cret"))
        assert "does not accept this user and password" in wrong.said
        assert "CCR_DATABASE_URL" in wrong.todo

    def test_a_server_that_refuses(self, empty: str, shim: Shim) -> None:
        shim.tell("refuse")
        assert "does not answer" in found(empty).said
        shim.tell("accept")
        assert found(empty).todo == ""

    def test_nobody_listening(self) -> None:
        assert "SQL30081N" in found("db2://app:s3cret@127.0.0.1:1/CCR").said

    def test_a_server_that_is_frozen(self, empty: str, shim: Shim) -> None:
        shim.tell("pause")
        said = found(empty.replace("timeout=20", "timeout=1"))
        shim.tell("resume")
        assert "does not answer" in said.said
        assert "firewall" in said.todo

    def test_not_migrated(self, empty: str) -> None:
        assert "ccr migrate" in found(empty, "schema").todo
        assert "commit" not in found(empty, "times").said

    @pytest.mark.parametrize(("version", "said"), [(99, "a newer one"), (1, "ccr migrate")])
    def test_another_schema(self, empty: str, owner: Connection, version: int, said: str) -> None:
        operating.migrate(Settings(database_url=empty))
        owner.run("DELETE FROM schema_versions")
        owner.run("INSERT INTO schema_versions (version, applied_at) VALUES (?, 0)", version)
        owner.dialect.commit(owner.driver)
        assert said in found(empty, "schema").todo

    def test_rights_that_lack(self, empty: str) -> None:
        operating.migrate(Settings(database_url=empty))
        said = found(empty.replace("app:app", "server:server") + "&schema=APP")
        assert "--grants" in said.todo

    def test_a_connection_that_is_lost_meanwhile(self, on_db2: Db2, shim: Shim) -> None:
        shim.tell("statement FROM schema_versions=cut")
        assert "does not answer" in found(on_db2.url).said

    def test_a_full_log(self, on_db2: Db2, shim: Shim) -> None:
        shim.tell("statement INSERT INTO commits=-964 57011")
        full = found(on_db2.url)
        assert "log is full" in full.said
        assert "LOGSECOND" in full.todo

    @pytest.mark.parametrize(
        ("about", "name", "todo"),
        [
            (("DB2/LINUXX8664", "11.05.0900", 819), "code page", "USING CODESET UTF-8"),
            (("DB2/LINUXX8664", "11.01.0404", 1208), "database", "11.5"),
            (("AS", "07.05.0000", 1208), "database", "11.5"),
        ],
    )
    def test_a_server_that_is_not_what_it_must_be(
        self,
        on_db2: Db2,
        monkeypatch: pytest.MonkeyPatch,
        about: tuple[str, str, int],
        name: str,
        todo: str,
    ) -> None:
        monkeypatch.setattr(db2.Connection, "about", lambda _: about)
        wrong = found(on_db2.url, name)
        assert todo in wrong.todo

    def test_a_recent_version_is_named_as_ibm_does(
        self, on_db2: Db2, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(db2.Connection, "about", lambda _: ("DB2/LINUXX8664", "11.05.0900", 1208))
        assert found(on_db2.url).said.startswith("DB2/LINUXX8664 11.5.9.0, ")

    def test_too_few_connections(self, on_db2: Db2, monkeypatch: pytest.MonkeyPatch) -> None:
        connect, left = db2.connect, [3]

        def connect_three(target: object) -> db2.Connection:
            left[0] -= 1
            if left[0] < 0:
                raise db2.NoConnection("SQL1040N  The maximum number … SQLSTATE=57030 SQLCODE=-1040")
            return connect(target)  # type: ignore[arg-type]

        monkeypatch.setattr(db2, "connect", connect_three)
        pool = found(on_db2.url, "pool")
        assert "all the connections it allows (SQL1040N)" in pool.said
        assert "MAXAPPLS" in pool.todo
