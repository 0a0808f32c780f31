"""What a carrier is: one channel's way from a row of the outbox to whom it is for."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import msgspec

from ccr.desk.people import Person
from ccr.store.owed import Owed


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


class NotNow(Exception):
    """One's turn did not come in time, or the provider asked for a pause meanwhile; nothing was tried."""


Turn = Callable[[], Awaitable[None]]
"""Waits until it is one's turn to do what keeps the event loop busy. Raises `NotNow`."""

Outcome = Sent | Later | Pointless

HOLDS = 1.0
"""Seconds for which it holds that something is worth it: in more, its reader may have read it."""

V = TypeVar("V")


async def in_turn(judge: Callable[[], Awaitable[V]], turn: Turn) -> V:
    """What `judge` says when one's turn has come, which only what is worth it waits for. Raises `NotNow`."""
    loop = asyncio.get_running_loop()
    verdict = await judge()
    judged_at = loop.time()
    if isinstance(verdict, Later | Pointless):
        return verdict
    await turn()
    return verdict if loop.time() - judged_at < HOLDS else await judge()


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
