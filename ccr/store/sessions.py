"""Where people are signed in, and the devices they signed in from before. Tokens are kept as hashes only."""

import msgspec

from ccr.desk.people import Person
from ccr.store import people
from ccr.store.connection import Connection


class Session(msgspec.Struct, frozen=True):
    """One device signed in. Times in milliseconds since 1970 UTC."""

    id: int
    device: str
    address: str
    created_at: int
    seen_at: int


def add(
    connection: Connection,
    person_id: int,
    token_hash: str,
    device: str,
    address: str,
    now: int,
    device_hash: str | None = None,
) -> int:
    """The id of a new session, at a device called `device` and recognised by `device_hash`."""
    return connection.insert(
        "INSERT INTO sessions (person_id, token_hash, device, address, created_at, seen_at, device_hash) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        person_id,
        token_hash,
        device,
        address,
        now,
        now,
        device_hash,
    )


def find(connection: Connection, token_hash: str, seen_since: int) -> tuple[int, int, Person] | None:
    """Its id, when it was last seen, and its person; `None` if that was too long ago, or they are no longer active."""
    row = connection.row(
        f"SELECT {people.COLUMNS}, s.id, s.seen_at FROM sessions s JOIN people p ON p.id = s.person_id "
        "WHERE s.token_hash = ? AND s.seen_at > ? AND p.active = 1",
        token_hash,
        seen_since,
    )
    return (row[people.WIDTH], row[people.WIDTH + 1], people.from_row(row)) if row else None


def by_token(connection: Connection, token_hash: str) -> tuple[int, int] | None:
    """Its id and its person's, used lately or not."""
    row = connection.row("SELECT id, person_id FROM sessions WHERE token_hash = ?", token_hash)
    return (int(row[0]), int(row[1])) if row else None


def alive(connection: Connection, ids: list[int]) -> set[int]:
    """Those of these sessions that have not ended, and whose people are active."""
    marks = ", ".join("?" * len(ids))
    rows = connection.rows(
        "SELECT s.id FROM sessions s JOIN people p ON p.id = s.person_id "
        f"WHERE s.id IN ({marks}) AND p.active = 1",
        *ids,
    )
    return {row[0] for row in rows}


def touch(connection: Connection, session_id: int, now: int) -> None:
    """It was used just now."""
    connection.run("UPDATE sessions SET seen_at = ? WHERE id = ?", now, session_id)


def of_person(connection: Connection, person_id: int, seen_since: int) -> list[Session]:
    """Where the person is signed in, the last used first."""
    rows = connection.rows(
        "SELECT id, device, address, created_at, seen_at FROM sessions WHERE person_id = ? AND seen_at > ? "
        "ORDER BY seen_at DESC, id DESC",
        person_id,
        seen_since,
    )
    return [Session(*row) for row in rows]


def person_of(connection: Connection, session_id: int, begun_at: int) -> int | None:
    """Whose session this is, while it lasts. The time keeps it from another that got the number."""
    row = connection.row(
        "SELECT person_id FROM sessions WHERE id = ? AND created_at = ?", session_id, begun_at
    )
    return int(row[0]) if row else None


def at_devices(connection: Connection, person_id: int, device_hashes: set[str], since: int) -> list[Session]:
    """The person's sessions at these devices, oldest first.

    With those begun from `since` on of which it is not known where that was: it may have been there.
    """
    rows = connection.rows(
        "SELECT id, device, address, created_at, seen_at, device_hash FROM sessions WHERE person_id = ? ORDER BY id",
        person_id,
    )
    found = [(Session(*row[:5]), row[5]) for row in rows]
    return [
        session
        for session, device_hash in found
        if device_hash in device_hashes or (device_hash is None and session.created_at >= since)
    ]


def lasts(connection: Connection, session_id: int) -> bool:
    """Whether there still is this session."""
    return connection.row("SELECT 1 FROM sessions WHERE id = ?", session_id) is not None


def end(connection: Connection, session_id: int, person_id: int) -> bool:
    """Whether this session was this person's to end, and is ended."""
    return connection.run("DELETE FROM sessions WHERE id = ? AND person_id = ?", session_id, person_id) == 1


def end_all(connection: Connection, person_id: int, but: int = 0) -> list[int]:
    """The ids of the person's sessions, all ended but for session `but`."""
    rows = connection.rows("SELECT id FROM sessions WHERE person_id = ? AND id <> ?", person_id, but)
    connection.run("DELETE FROM sessions WHERE person_id = ? AND id <> ?", person_id, but)
    return [row[0] for row in rows]


def end_idle(connection: Connection, person_id: int, seen_since: int) -> None:
    """Drop the person's sessions that have run out by themselves."""
    connection.run("DELETE FROM sessions WHERE person_id = ? AND seen_at <= ?", person_id, seen_since)


def knows_device(connection: Connection, person_id: int, device_hash: str) -> bool:
    """Whether the person proved themselves on this device before."""
    return (
        connection.row(
            "SELECT 1 FROM devices WHERE person_id = ? AND device_hash = ?", person_id, device_hash
        )
        is not None
    )


def knows_any_device(connection: Connection, person_id: int) -> bool:
    """Whether the person has signed in before at all."""
    return bool(connection.up_to(1, "SELECT 1 FROM devices WHERE person_id = ?", person_id))


def remember_device(connection: Connection, person_id: int, device_hash: str, now: int) -> bool:
    """The person proved themselves on this device just now. Whether it was a stranger until then."""
    changed = connection.run(
        "UPDATE devices SET seen_at = ? WHERE person_id = ? AND device_hash = ?", now, person_id, device_hash
    )
    if changed == 0:
        connection.run(
            "INSERT INTO devices (person_id, device_hash, seen_at) VALUES (?, ?, ?)",
            person_id,
            device_hash,
            now,
        )
    return changed == 0


def forget_devices(connection: Connection, person_id: int, seen_before: int) -> None:
    """Drop those that were not used for so long."""
    connection.run("DELETE FROM devices WHERE person_id = ? AND seen_at < ?", person_id, seen_before)


def forget_device(connection: Connection, person_id: int, device_hash: str) -> None:
    """It is a stranger again."""
    connection.run("DELETE FROM devices WHERE person_id = ? AND device_hash = ?", person_id, device_hash)


def forget_all_devices(connection: Connection, person_id: int) -> None:
    """None of them is known any more."""
    connection.run("DELETE FROM devices WHERE person_id = ?", person_id)


def devices(connection: Connection, person_id: int) -> dict[str, int]:
    """The hashes of the devices known, and when each was last used."""
    rows = connection.rows(
        "SELECT device_hash, seen_at FROM devices WHERE person_id = ? ORDER BY seen_at DESC", person_id
    )
    return dict(rows)
