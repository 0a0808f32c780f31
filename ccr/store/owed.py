"""What is owed to somebody: a row of the outbox, as the postman carries it."""

from typing import Any

import msgspec

from ccr.desk.notices import Channel
from ccr.store.connection import Row

COLUMNS = (
    "id, kind, channel, target_id, person_id, address, ticket_id, data, created_at, due_at, fresh_at, tries, "
    "unsure, fate, claimed_until"
)

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """A row that is to be carried, or to be spread. Times in milliseconds since 1970 UTC.

    `tries` counts the failed tries, `unsure` those of which nobody knows whether they arrived; patience is counted
    from `fresh_at` on. `target` tells which of several places of a channel is meant, `fate` what a provider has
    reported already. Nobody else has it before `claimed_until`, on the database's clock.
    """

    id: int
    kind: str
    channel: str = Channel.MAIL.value
    target: int | None = None
    person: int | None
    address: str | None
    ticket: int | None
    told: str = "{}"
    created_at: int
    due_at: int
    fresh_at: int
    tries: int
    unsure: int = 0
    fate: str | None = None
    claimed_until: int = 0

    @property
    def data(self) -> dict[str, Any]:
        """What it tells. Raises where that cannot be read: only then, so that this row alone fails."""
        return _decode(self.told)


def from_row(row: Row) -> Owed:
    """Of a row of `COLUMNS`."""
    return Owed(
        id=row[0],
        kind=row[1],
        channel=row[2],
        target=row[3],
        person=row[4],
        address=row[5],
        ticket=row[6],
        told=row[7],
        created_at=row[8],
        due_at=row[9],
        fresh_at=row[10] or row[8],
        tries=row[11],
        unsure=row[12],
        fate=row[13],
        claimed_until=row[14],
    )
