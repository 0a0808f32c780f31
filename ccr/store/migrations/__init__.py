"""Numbered changes of the schema. One that has been released is never edited: a new one follows it.

Expand first, contract later: an older server goes on working on the newer schema while a deploy is under way. In the
SQL, `{identity}`, `{text}`, `{json}` and `{clustered}` are the dialect's words. Times are BIGINT milliseconds since
1970 UTC, truths
are SMALLINT 0 or 1: both mean the same in every database.
"""

from ccr.store.migrations import (
    m0001_desk,
    m0002_commits,
    m0003_notices,
    m0004_help,
    m0005_files,
    m0006_phones_and_browsers,
)

MIGRATIONS: tuple[tuple[int, str, list[str]], ...] = (
    (1, "desk", m0001_desk.STATEMENTS),
    (2, "commits", m0002_commits.STATEMENTS),
    (3, "notices", m0003_notices.STATEMENTS),
    (4, "help", m0004_help.STATEMENTS),
    (5, "files", m0005_files.STATEMENTS),
    (6, "phones and browsers", m0006_phones_and_browsers.STATEMENTS),
)
"""Number, name and statements, ascending."""
