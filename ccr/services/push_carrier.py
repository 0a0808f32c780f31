"""Carries notices to browsers."""

import asyncio
import base64
import hashlib
from collections.abc import Callable
from functools import partial

import msgspec

from ccr.desk import clock
from ccr.desk.clock import SECOND
from ccr.desk.notices import Kind
from ccr.ports import Push, Pusher, SendFailed, Unreachable
from ccr.services import push_data
from ccr.services.carrying import Outcome, Pointless, Sent, Turn, in_turn
from ccr.services.together import Together
from ccr.store import subscriptions
from ccr.store.connection import Connection
from ccr.store.database import Database
from ccr.store.owed import Owed
from ccr.store.subscriptions import Subscription

SENDING = 15.0
"""Seconds a push service has for one notification."""


class PushCarrier:
    """The `pusher` is its own, to close."""

    most = 30

    def __init__(self, database: Database, pusher: Pusher, *, now: Callable[[], int] = clock.now) -> None:
        self._database = database
        self._judging = Together(database, self._judge)
        self._pusher = pusher
        self._now = now

    async def carry(self, owed: Owed, turn: Turn) -> Outcome:
        """Send it, if it is still worth showing. Raises `SendFailed`. A browser that is gone is forgotten."""
        verdict = await in_turn(partial(self._judging.ask, owed), turn)
        if not isinstance(verdict, push_data.Send):
            return verdict
        where = verdict.where
        try:
            async with asyncio.timeout(SENDING):
                await self._pusher.send(_push(owed, verdict, self._now()))
        except TimeoutError:
            raise SendFailed("no answer in time", again=True, unsure=True) from None
        except Unreachable:
            await self._database.write(lambda connection: subscriptions.drop(connection, where.id))
            return Pointless()
        return Sent(reader=verdict.reader, up_to=verdict.up_to)

    def _judge(self, connection: Connection, owed: list[Owed]) -> list[push_data.Verdict]:
        now = self._now()
        return [push_data.judge(connection, each, now) for each in owed]

    async def close(self) -> None:
        """Close the pusher."""
        await self._pusher.close()


def _push(owed: Owed, worth: push_data.Send, now: int) -> Push:
    where = worth.where
    return Push(
        endpoint=where.endpoint,
        p256dh=where.p256dh,
        auth=where.auth,
        payload=msgspec.json.encode(worth.content),
        topic=topic(where, owed.ticket or 0),
        lasts=max(0, owed.created_at + push_data.LASTS - now) // SECOND,
        urgent=owed.kind == Kind.MESSAGE_WAITING,
    )


def topic(where: Subscription, ticket: int) -> str:
    """What waits for a browser is replaced ticket by ticket; whose number that is, is nobody's business on the way."""
    mixed = hashlib.sha256(f"{where.auth}\n{ticket}".encode()).digest()
    return base64.urlsafe_b64encode(mixed)[:32].decode()
