"""What the serving user of DB2 may do is what our statements do."""

from ccr.store.rights import RIGHTS, grants
from tests.store.statements import needs, tables

FOREIGN = {"sqlite_master"}
"""SQLite's own."""


def test_every_table_has_its_rights() -> None:
    assert set(RIGHTS) == {"schema_versions", *tables()}, (
        "a table without rights in ccr/store/rights.py, or one too many"
    )


def test_the_rights_are_those_that_the_statements_need() -> None:
    declared = {
        table: {right.partition(" (")[0] for right in rights.split(", ")} for table, rights in RIGHTS.items()
    }
    needed = {table: rights for table, rights in needs().items() if table not in FOREIGN}
    unused = {table: {"SELECT"} for table in declared}
    assert declared == unused | needed, "as the statements in ccr/ are, so must ccr/store/rights.py be"


def test_nobody_who_serves_may_take_away_what_was_said() -> None:
    for table in ("tickets", "entries", "receipts", "people", "feedback"):
        assert "DELETE" not in RIGHTS[table]


def test_names_are_folded_as_db2_does_and_quoted_where_they_must_be() -> None:
    assert grants("ccr_app", "owner")[0] == "GRANT SELECT ON TABLE OWNER.schema_versions TO USER CCR_APP"
    assert grants('o"-m', "owner")[0].endswith('TO USER "O""-M"')
