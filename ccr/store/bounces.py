"""Addresses that mail came back from, and the reports of providers that have been taken."""

from ccr.desk.clock import DAY
from ccr.store import outbox, people, places
from ccr.store.connection import Connection

REPORTS_KEPT = 7 * DAY
"""A provider that was not answered reports again for a day, and no longer."""

LONGEST_ID = 100


def why(connection: Connection, address: str) -> str | None:
    """Why this address is not mailed any more; `None` if it is."""
    row = connection.row("SELECT reason FROM bounced_addresses WHERE address = ?", _kept(address))
    return str(row[0]) if row else None


def of(connection: Connection, addresses: list[str]) -> dict[str, str]:
    """Those of the addresses that are not mailed any more, each with the reason."""
    if not addresses:
        return {}
    marks, padded = places.of([_kept(address) for address in addresses])
    rows = connection.rows(
        f"SELECT address, reason FROM bounced_addresses WHERE address IN ({marks})", *padded
    )
    reasons: dict[str, str] = {row[0]: row[1] for row in rows}
    return {address: reasons[_kept(address)] for address in addresses if _kept(address) in reasons}


def put(connection: Connection, address: str, reason: str, now: int) -> None:
    """From now on it is not mailed. One that is nobody's is not kept: a report may come after its owner has gone."""
    drop(connection, address)
    if people.owner(connection, address) is None:
        return
    connection.run(
        "INSERT INTO bounced_addresses (address, reason, bounced_at) VALUES (?, ?, ?)",
        _kept(address),
        outbox.cut(reason),
        now,
    )


def drop(connection: Connection, address: str) -> bool:
    """It may be mailed again; whether it was not."""
    return connection.run("DELETE FROM bounced_addresses WHERE address = ?", _kept(address)) == 1


def newest(connection: Connection, most: int) -> list[tuple[str, str, int]]:
    """The addresses that came back last, each with the reason and the time."""
    rows = connection.up_to(
        most, "SELECT address, reason, bounced_at FROM bounced_addresses ORDER BY bounced_at DESC"
    )
    return [(row[0], row[1], row[2]) for row in rows]


def is_new(connection: Connection, report: str, now: int) -> bool:
    """Whether this report has not been taken before; from now on it has."""
    report = report[:LONGEST_ID]
    if connection.row("SELECT 1 FROM reports_seen WHERE report_id = ?", report):
        return False
    connection.run("INSERT INTO reports_seen (report_id, seen_at) VALUES (?, ?)", report, now)
    return True


def sweep(connection: Connection, now: int) -> None:
    """Forget reports that nobody sends again, and addresses that nobody has any more."""
    connection.run("DELETE FROM reports_seen WHERE seen_at < ?", now - REPORTS_KEPT)
    connection.run(
        "DELETE FROM bounced_addresses WHERE NOT EXISTS (SELECT 1 FROM logins WHERE login = bounced_addresses.address)"
    )


def _kept(address: str) -> str:
    """As it is kept and compared; longer ones are nobody's."""
    return address.strip().lower().encode("utf-8", "replace")[:254].decode("utf-8", "ignore")
