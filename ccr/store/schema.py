"""The schema's number, and how a database is brought up to it."""

from ccr.desk.clock import now
from ccr.store.connection import Connection
from ccr.store.migrations import MIGRATIONS

NEWEST = MIGRATIONS[-1][0]
"""The schema this version of the registry was written for."""


class SchemaError(Exception):
    """The database is not one this version can serve; the text says what to do."""


def version(connection: Connection) -> int:
    """The newest migration that has run, 0 for an empty database."""
    if not _exists(connection):
        return 0
    row = connection.row("SELECT MAX(version) FROM schema_versions")
    return int(row[0] or 0) if row else 0


def migrate(connection: Connection) -> list[str]:
    """Run what has not run yet, in order. The names of what ran."""
    present = version(connection)
    if present > NEWEST:
        raise SchemaError(_too_new(present))
    if present == 0 and not _exists(connection):
        connection.run(
            "CREATE TABLE schema_versions (version INTEGER NOT NULL PRIMARY KEY, applied_at BIGINT NOT NULL)"
        )
    ran = []
    for number, name, statements in MIGRATIONS:
        if number > present:
            for statement in statements:
                connection.run(statement.format(**connection.dialect.types))
            connection.run("INSERT INTO schema_versions (version, applied_at) VALUES (?, ?)", number, now())
            ran.append(f"{number:04d} {name}")
    return ran


def check(connection: Connection) -> None:
    """Raise `SchemaError` unless the database is at this version's schema."""
    present = version(connection)
    if present > NEWEST:
        raise SchemaError(_too_new(present))
    if present < NEWEST:
        raise SchemaError(
            f"The database has schema {present} and this version needs {NEWEST}: run `ccr migrate`."
        )


def _exists(connection: Connection) -> bool:
    return connection.dialect.has_table(connection, "schema_versions")


def _too_new(present: int) -> str:
    return (
        f"The database has schema {present}, and this version of the registry knows schemas up to {NEWEST}: "
        "serve it with the version that migrated it, or a newer one."
    )
