"""What whoever runs the registry does to its database by hand: bring up its schema, or see what that would do."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ccr import adapters
from ccr.settings import Settings, SettingsError
from ccr.store import rights, schema
from ccr.store.connection import Connection


class DatabaseTrouble(Exception):
    """The database cannot be used. `what` is wrong, and what `todo` about it; neither holds a secret."""

    def __init__(self, what: str, todo: str) -> None:
        super().__init__(f"the database: {what}. What to do: {todo}")
        self.what = what
        self.todo = todo


@contextmanager
def connected(settings: Settings, *, patient: bool = False) -> Iterator[Connection]:
    """A connection of one's own. Raises `SettingsError`, and `DatabaseTrouble` whatever goes wrong on it."""
    connect, dialect, _, _ = adapters.database_driver(settings, patient=patient)
    with explained():
        driver = connect()
        try:
            yield Connection(driver, dialect)
        finally:
            with suppress(Exception):  # what was not committed is taken back by closing, too
                dialect.rollback(driver)
            driver.close()


@contextmanager
def explained() -> Iterator[None]:
    """A driver's error becomes `DatabaseTrouble`."""
    try:
        yield
    except Exception as error:
        explanation = adapters.explain(error)
        if explanation is None:
            raise
        raise DatabaseTrouble(*explanation) from None


def migrate(settings: Settings) -> list[str]:
    """Bring the schema up to this version: the names of what ran. Raises `DatabaseTrouble`, nothing having changed."""
    with connected(settings, patient=True) as connection:
        connection.dialect.begin(connection.driver)
        ran = schema.migrate(connection)
        connection.dialect.commit(connection.driver)
        return ran


def migration(settings: Settings) -> str:
    """The script that `migrate` would carry out, to read, or to be run by somebody else."""
    with connected(settings) as connection:
        connection.dialect.begin_reading(connection.driver)
        steps = schema.pending(connection)
    owner = adapters.database_owner(settings)
    lines = [f"SET CURRENT SCHEMA = {rights.quoted(owner)};"] if owner and steps else []
    for name, statements in steps:
        lines += [f"-- {name}", *[f"{statement};" for statement in statements]]
    return "\n".join(lines or ["-- The schema is up to date: there is nothing to do."])


def grants(settings: Settings, user: str) -> str:
    """The script by which the tables' owner lets `user` serve, and do nothing else. Raises `SettingsError`."""
    owner = adapters.database_owner(settings)
    if owner is None:
        raise SettingsError(
            "CCR_DATABASE_URL", "is for SQLite, which knows no users: the file's owner may do all"
        )
    if not user.isprintable() or not user.strip():
        raise SettingsError("--grants", "must be the name of a user")
    quoted = rights.quoted(user)
    head = f"""\
-- Lets {quoted} serve the registry whose tables are in schema {rights.quoted(owner)}, and neither alter nor drop any.
-- Run by the owner (db2 -tvf FILE), and again after every migration. Where PUBLIC may not connect, somebody with
-- SECADM adds: GRANT CONNECT ON DATABASE TO USER {quoted}. A new database lets PUBLIC make tables of their own; who
-- would not have that, adds: REVOKE CREATETAB, IMPLICIT_SCHEMA ON DATABASE FROM PUBLIC."""
    return "\n".join([head, *[f"{statement};" for statement in rights.grants(user, owner)]])
