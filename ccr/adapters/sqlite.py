"""SQLite, embedded: the default database, and the twin that every store test also runs on."""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from ccr.store.dialects import SQLite

BUSY_MILLISECONDS = 5_000
"""How long to wait for another process's lock before it is `unavailable`."""

CACHE_KIB = 32 * 1024
"""What one connection may keep of the file in memory."""

CHECKPOINT_PAGES = 8_000
"""Pages (of 4 KiB) in the log before they move into the file: rarely, since a page often changes again meanwhile."""


def make(path: Path) -> None:
    """The file and its folder, where there are none, for their owner alone. The log beside it will be so, too.

    Not for `connect`, which SQLite would let make it for everybody to read: whoever closes the file while another
    thread is connected takes that one's locks away. What exists already is left as it is.
    """
    with suppress(OSError):  # there is one, or there cannot be: then SQLite says why
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def connect(path: Path) -> sqlite3.Connection:
    """A connection that commits durably.

    WAL lets readers and the writer work side by side; `synchronous=FULL` waits for the disk at every commit, so that
    what was acknowledged survives a power cut. Transactions are opened by name only (`isolation_level=None`).
    """
    driver = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    driver.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
    driver.execute("PRAGMA journal_mode=WAL")
    driver.execute("PRAGMA synchronous=FULL")
    driver.execute("PRAGMA foreign_keys=ON")
    driver.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    driver.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
    # SQLite's own knows no letters but those of English, so a search for `Ärger` would not even find `Ärger`.
    driver.create_function("LOWER", 1, _lower, deterministic=True)
    return driver


def _lower(text: str | None) -> str | None:
    return text.lower() if text is not None else None


def explain(error: sqlite3.Error) -> tuple[str, str]:
    """What is wrong, and what to do about it."""
    said = str(error)
    return said, next(
        (todo for words, todo in _ADVICE.items() if words in said), "see whether the file is whole"
    )


_ADVICE = {
    "unable to open": "check that the folder is there and that this user may write in it",
    "readonly": "this user must be allowed to write the file and its folder",
    "is full": "make room on the disk",
    "locked": "another program holds the file: end it, or wait",
    "not a database": "CCR_DATABASE_URL names a file of another kind; name another, or take a backup",
    "malformed": "take a backup: the file is damaged",
}

DIALECT = SQLite()
