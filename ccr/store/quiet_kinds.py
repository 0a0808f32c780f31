"""The notices that people do not want: kinds turned off, each for one channel. Everything else is on."""

from ccr.store.connection import Connection


def of(connection: Connection, person: int) -> set[tuple[str, str]]:
    """What this person turned off, as kind and channel."""
    rows = connection.rows("SELECT kind, channel FROM quiet_kinds WHERE person_id = ?", person)
    return {(row[0], row[1]) for row in rows}


def wants(connection: Connection, person: int, kind: str, channel: str) -> bool:
    """Whether this person is told of this kind by this channel."""
    return (kind, channel) not in of(connection, person)


def turn(connection: Connection, person: int, kind: str, channel: str, *, on: bool) -> None:
    """Turn a kind on or off for a channel; as it is already is fine."""
    connection.run(
        "DELETE FROM quiet_kinds WHERE person_id = ? AND kind = ? AND channel = ?", person, kind, channel
    )
    if not on:
        connection.run(
            "INSERT INTO quiet_kinds (person_id, kind, channel) VALUES (?, ?, ?)", person, kind, channel
        )
