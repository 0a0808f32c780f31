"""What a carrier is: one channel's way from a row of the outbox to whom it is for."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from ccr.desk.people import Person
from ccr.store.claims import Owed


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A provider took it, and calls it `provider_id`. Of messages that wait, `up_to` is the newest it tells of."""

    reader: Person | None = None
    up_to: int = 0
    provider_id: str | None = None


class Later(msgspec.Struct, frozen=True):
    """Not yet."""

    due_at: int


class Pointless(msgspec.Struct, frozen=True):
    """Not at all. `reader` is given where it is so only because everything has been read."""

    reader: Person | None = None


Turn = Callable[[], Awaitable[None]]
"""Waits until it is one's turn to do what keeps the event loop busy."""

Outcome = Sent | Later | Pointless


class Carrier(Protocol):
    """One for each channel."""

    most: int
    """So many may be under way at once."""

    async def carry(self, owed: Owed, turn: Turn) -> Outcome:
        """Look whether it is still worth it, wait for one's `turn`, and hand it over. Raises `SendFailed`.

        Anything else it raises counts as a failure that may pass; a `Refusal` means that the database is away.
        """

    async def close(self) -> None:
        """No more of them: let go of what is held open."""
