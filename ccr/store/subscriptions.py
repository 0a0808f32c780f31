"""Browsers that asked for notifications. One is known only as long as the session in which it asked."""

import msgspec

from ccr.store.connection import Connection

_COLUMNS = (
    "b.id, b.person_id, b.session_id, b.endpoint, b.p256dh, b.auth_key, b.subscribed_at, s.device, s.seen_at"
)


class Subscription(msgspec.Struct, frozen=True):
    """Where a browser takes notifications, and by which keys. Times in milliseconds UTC."""

    id: int
    person: int
    session: int
    endpoint: str
    p256dh: str
    auth: str
    subscribed_at: int
    device: str = ""
    seen_at: int = 0


def by_endpoint(connection: Connection, endpoint_hash: str) -> Subscription | None:
    """The one with this endpoint, whoever's it is."""
    row = connection.row(
        f"SELECT {_COLUMNS} FROM subscriptions b JOIN sessions s ON s.id = b.session_id "
        "WHERE b.endpoint_hash = ?",
        endpoint_hash,
    )
    return Subscription(*row) if row else None


def find(connection: Connection, subscription_id: int) -> Subscription | None:
    """The one with this id, while its session lasts."""
    row = connection.row(
        f"SELECT {_COLUMNS} FROM subscriptions b JOIN sessions s ON s.id = b.session_id WHERE b.id = ?",
        subscription_id,
    )
    return Subscription(*row) if row else None


def of_person(connection: Connection, person_id: int) -> list[Subscription]:
    """The person's, oldest first."""
    rows = connection.rows(
        f"SELECT {_COLUMNS} FROM subscriptions b JOIN sessions s ON s.id = b.session_id "
        "WHERE b.person_id = ? ORDER BY b.id",
        person_id,
    )
    return [Subscription(*row) for row in rows]


def add(connection: Connection, asked: Subscription, endpoint_hash: str) -> int:
    """The id of a new one; the endpoint must be nobody's."""
    return connection.insert(
        "INSERT INTO subscriptions (person_id, session_id, endpoint_hash, endpoint, p256dh, auth_key, "
        "subscribed_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        asked.person,
        asked.session,
        endpoint_hash,
        asked.endpoint,
        asked.p256dh,
        asked.auth,
        asked.subscribed_at,
    )


def hand_over(connection: Connection, session_id: int, to: int) -> None:
    """What was asked for in a session is asked for in another one of the same person."""
    connection.run("UPDATE subscriptions SET session_id = ? WHERE session_id = ?", to, session_id)


def drop(connection: Connection, subscription_id: int) -> None:
    """It takes no more notifications."""
    connection.run("DELETE FROM subscriptions WHERE id = ?", subscription_id)
