"""The schema's number, and how a database is brought up to it."""

from textwrap import dedent

from ccr.desk.clock import now
from ccr.store.connection import Connection
from ccr.store.migrations import FIRST, MIGRATIONS, oldest_for

NEWEST = MIGRATIONS[-1][0]
"""The schema this version of the registry was written for."""


_VERSIONS = "CREATE TABLE schema_versions (version INTEGER NOT NULL PRIMARY KEY, applied_at BIGINT NOT NULL)"


class SchemaError(Exception):
    """The database is not one this version can serve; the text says what to do."""


def version(connection: Connection) -> int:
    """The newest migration that has run, 0 for an empty database."""
    if not _exists(connection):
        return 0
    row = connection.row("SELECT MAX(version) FROM schema_versions")
    return int(row[0] or 0) if row else 0


def migrate(connection: Connection) -> list[str]:
    """Run what has not run yet, in order. The names of what ran. Raises `SchemaError`."""
    ran = []
    for name, statements in pending(connection):
        for statement in statements:
            connection.run(statement)
        ran.append(name)
    return ran


def pending(connection: Connection) -> list[tuple[str, list[str]]]:
    """What has not run yet, in order: names, each with its statements. Raises `SchemaError`."""
    present = version(connection)
    _refuse_what_is_too_new(connection, present)
    steps = []
    for number, name, statements in MIGRATIONS:
        if number > present:
            entered = _entered(number)
            made = [_in(connection, statement) for statement in statements]
            steps.append((f"{number:04d} {name}", [*made, entered]))
    if steps and present == 0 and not _exists(connection):
        steps[0][1].insert(0, _VERSIONS)
    return steps


def check(connection: Connection) -> None:
    """Raise `SchemaError` unless this version can serve the database: its schema is ours, or a newer one for us."""
    present = version(connection)
    _refuse_what_is_too_new(connection, present)
    if present < NEWEST:
        raise SchemaError(
            f"The database has schema {present} and this version needs {NEWEST}: run `ccr migrate`."
        )


def _in(connection: Connection, statement: str) -> str:
    """In the dialect's words, and without the indentation of the file that it is written in."""
    return dedent(statement.format(**connection.dialect.types)).strip()


def _entered(number: int) -> str:
    """What notes down that this migration has run."""
    if number < FIRST:
        return f"INSERT INTO schema_versions (version, applied_at) VALUES ({number}, {now()})"
    values = f"{number}, {now()}, {oldest_for(number)}"
    return f"INSERT INTO schema_versions (version, applied_at, oldest) VALUES ({values})"


def _refuse_what_is_too_new(connection: Connection, present: int) -> None:
    if present <= NEWEST:
        return
    row = connection.row("SELECT oldest FROM schema_versions WHERE version = ?", present)
    if row is None or row[0] is None or int(row[0]) > NEWEST:
        raise SchemaError(_too_new(present))


def _exists(connection: Connection) -> bool:
    return connection.dialect.has_table(connection, "schema_versions")


def _too_new(present: int) -> str:
    return (
        f"The database has schema {present}, and this version of the registry knows schemas up to {NEWEST}: "
        "serve it with the version that migrated it, or a newer one."
    )
