"""IBM DB2's own ways, version 11.5 or newer.

What is said here is run over DB2's own protocol in the tests, against a server that understands the same SQL; where a
better way exists in DB2 alone, the one that both know was taken. The driver's errors carry `sqlcode` and `sqlstate`.
"""

from datetime import datetime
from typing import Any

from ccr.store.dialects.base import About, Asking, Trouble

UTF_8 = 1208
"""Its code page's number."""

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - DB2's timestamps name no zone
NOT_THERE = -204
DEADLOCK_OR_TIMEOUT = -911
LOCK_TIMEOUT_OF_STATEMENT = -913
DUPLICATE = -803
STOPPED = frozenset({-1224, -1032, -1034, -1776, -20157, -30108, -30109, -30081, -30082, -1336})
"""The server stopped, is quiesced, or is the standby; or it could not be reached, or did not let us in."""


class DB2:
    """Many writers, each locking the rows it changes; readers see what is committed."""

    name = "db2"
    floor = "11.5"
    remote = True
    # The ticket's row cannot change until the reading ends, and so nothing on its timeline does.
    held = " WITH RS"
    unlocked = " WITH UR"
    types = {  # noqa: RUF012 - a constant
        "identity": "BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        # Lengths are in bytes. 4,000 characters of any script take 16,000; within JSON, where a control character
        # takes six, a ticket's query and details take 24,900. Both fit a row of a 32 KiB page, and are cheaper than
        # a CLOB, which is fetched by itself.
        "text": "VARCHAR(16000)",
        "json": "VARCHAR(26000)",
        "clustered": "",
    }

    def begin(self, driver: Any) -> None:
        """The first statement begins a transaction."""

    def begin_reading(self, driver: Any) -> None:
        """The first statement begins a transaction. What must stay as it was read is read with `held`."""

    def commit(self, driver: Any) -> None:
        """DB2 answers once its log is on the disk."""
        driver.commit()

    def rollback(self, driver: Any) -> None:
        """Takes back, and lets go of every lock."""
        driver.rollback()

    def checkpoint(self, driver: Any) -> None:
        """The server's own business."""

    def inserted_id(self, cursor: Any) -> int:
        """The identity last given on this connection."""
        cursor.execute("VALUES IDENTITY_VAL_LOCAL()", ())
        return int(cursor.fetchall()[0][0])

    def trouble(self, error: Exception) -> Trouble:
        """By the codes; a class 08 is a connection's, 57 and 58 are resources and the system."""
        code, state = getattr(error, "sqlcode", 0), getattr(error, "sqlstate", "")
        if code in _BY_CODE:
            return _BY_CODE[code]
        if getattr(error, "lost", False) or state[:2] == "08" or state == "40003":
            return Trouble.LOST
        return Trouble.UNAVAILABLE if state[:2] in ("57", "58") or state == "55039" else Trouble.OTHER

    def about(self, driver: Any) -> About:
        """By what the server said when it let us in, such as 11.05.0900 for 11.5.9.0."""
        name, version, encoding = driver.about()
        major, minor, rest = (int(part) for part in version.split("."))
        product = f"{name} {major}.{minor}.{rest // 100}.{rest % 100}"
        recent = [major, minor] >= [int(part) for part in self.floor.split(".")]
        return About(product, recent and name.startswith("DB2/"), str(encoding), encoding == UTF_8)

    def has_table(self, connection: Asking, name: str) -> bool:
        """By asking it, because not everybody may read the catalogue."""
        try:
            connection.row(f"SELECT COUNT(*) FROM {name} WHERE 1 = 0")
        except Exception as error:
            if self.trouble(error) is Trouble.MISSING:
                return False
            raise
        return True

    def clock(self, connection: Asking) -> int:
        """Without its time zone, so that no clock change in summer makes it jump."""
        row = connection.row("VALUES CURRENT TIMESTAMP - CURRENT TIMEZONE")
        assert row
        return int((row[0] - EPOCH).total_seconds() * 1000)

    def lock_ticket(self, connection: Asking, ticket_id: int) -> None:
        """An update that changes nothing takes the row's lock in one round trip and keeps it to the end."""
        connection.run("UPDATE tickets SET last_seq = last_seq WHERE id = ?", ticket_id)

    def lock_question(self, connection: Asking, question_id: int) -> None:
        """As a ticket; of a column that no index is kept of."""
        connection.run("UPDATE questions SET accepted_id = accepted_id WHERE id = ?", question_id)

    def lock_person(self, connection: Asking, person_id: int) -> None:
        """As a ticket is locked."""
        connection.run("UPDATE people SET active = active WHERE id = ?", person_id)

    def first(self, most: int, sql: str, params: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
        """So that an index is walked as far as needed, instead of everything sorted."""
        return f"{sql} FETCH FIRST ? ROWS ONLY", (*params, most)


_BY_CODE = {
    NOT_THERE: Trouble.MISSING,
    DUPLICATE: Trouble.DUPLICATE,
    DEADLOCK_OR_TIMEOUT: Trouble.BUSY,
    LOCK_TIMEOUT_OF_STATEMENT: Trouble.BUSY,
} | dict.fromkeys(STOPPED, Trouble.LOST)
