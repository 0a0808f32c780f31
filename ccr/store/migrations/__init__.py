"""Numbered changes of the schema. One that has been released is never edited: a new one follows it.

Expand first, contract later: while a deploy is under way, servers of the version before work on the newer schema. So a
migration adds tables, indexes, and columns that may be NULL or have a DEFAULT; it takes away, renames or narrows
nothing that a version still serving could ask for. What is no longer used goes one release later, by a migration that
is in `CONTRACTS`. A database remembers the oldest version that may serve it, and an older one refuses to.

In the SQL, `{identity}`, `{text}`, `{json}` and `{clustered}` are the dialect's words. Times are BIGINT milliseconds
since 1970 UTC, truths are SMALLINT 0 or 1: both mean the same in every database.
"""

from ccr.store.migrations import (
    m0001_desk,
    m0002_commits,
    m0003_notices,
    m0004_help,
    m0005_files,
    m0006_phones_and_browsers,
    m0007_versions,
    m0008_community,
    m0009_hours,
    m0010_urgent,
    m0011_files_of_messages,
    m0012_devices_of_sessions,
)

MIGRATIONS: tuple[tuple[int, str, list[str]], ...] = (
    (1, "desk", m0001_desk.STATEMENTS),
    (2, "commits", m0002_commits.STATEMENTS),
    (3, "notices", m0003_notices.STATEMENTS),
    (4, "help", m0004_help.STATEMENTS),
    (5, "files", m0005_files.STATEMENTS),
    (6, "phones and browsers", m0006_phones_and_browsers.STATEMENTS),
    (7, "versions", m0007_versions.STATEMENTS),
    (8, "community", m0008_community.STATEMENTS),
    (9, "hours", m0009_hours.STATEMENTS),
    (10, "urgent", m0010_urgent.STATEMENTS),
    (11, "files of messages", m0011_files_of_messages.STATEMENTS),
    (12, "devices of sessions", m0012_devices_of_sessions.STATEMENTS),
)
"""Number, name and statements, ascending."""

FIRST = 7
"""The first schema that says which versions may serve it."""

CONTRACTS: dict[int, int] = {}
"""Migrations that take something away, each with the oldest schema whose code does without it."""


def oldest_for(number: int) -> int:
    """The oldest schema whose code may serve a database that has come to this one."""
    return max([FIRST, *(oldest for contract, oldest in CONTRACTS.items() if contract <= number)])
