"""When agents are there, as JSON of `ccr.desk.hours.Hours`."""

import msgspec

from ccr.desk.hours import Hours
from ccr.store.connection import Connection

EVERYBODY = 0
"""Whose hours hold for every agent that has none of their own."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Hours).decode


def of(connection: Connection, agent: int | None) -> Hours | None:
    """The agent's own, or else everybody's; `None` where nobody has said."""
    rows = connection.rows(
        "SELECT hours_json FROM agent_hours WHERE person_id = ? OR person_id = ? ORDER BY person_id DESC",
        agent or EVERYBODY,
        EVERYBODY,
    )
    return _decode(rows[0][0]) if rows else None


def own(connection: Connection, owner: int) -> Hours | None:
    """Those that were said for this owner alone."""
    row = connection.row("SELECT hours_json FROM agent_hours WHERE person_id = ?", owner)
    return _decode(row[0]) if row else None


def save(connection: Connection, owner: int, hours: Hours | None) -> None:
    """From now on these, or none."""
    connection.run("DELETE FROM agent_hours WHERE person_id = ?", owner)
    if hours is not None:
        connection.run(
            "INSERT INTO agent_hours (person_id, hours_json) VALUES (?, ?)", owner, _encode(hours).decode()
        )
