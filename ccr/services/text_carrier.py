"""Carries notices by text message."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from ccr.desk import clock
from ccr.desk.notices import Kind
from ccr.ports import SendFailed, Text, Texter, Unreachable
from ccr.services import text_data
from ccr.services.carrying import Outcome, Pointless, Sent, Turn, in_turn
from ccr.services.mail_data import CODE_WORTH
from ccr.services.together import Together
from ccr.store import mobiles
from ccr.store.connection import Connection
from ccr.store.database import Database
from ccr.store.owed import Owed

Mint = Callable[[int, str], Awaitable[str | None]]
"""Makes a code for this person's number; it is known only to the text."""

SENDING = 20.0
"""Seconds a provider has for one text."""


class TextCarrier:
    """The `texter` is its own, to close; without one, what was owed when there was is let lie."""

    def __init__(
        self,
        database: Database,
        texter: Texter | None,
        mint: Mint,
        *,
        public_url: str,
        now: Callable[[], int] = clock.now,
    ) -> None:
        self._database = database
        self._judging = Together(database, self._judge)
        self._texter = texter
        self.most = texter.most if texter else 1
        self._mint = mint
        self._home = public_url.rstrip("/")
        self._now = now

    async def carry(self, owed: Owed, turn: Turn) -> Outcome:
        """Send it, if it is still worth sending. Raises `SendFailed`."""
        if self._texter is None:
            return Pointless()
        if owed.kind == Kind.MOBILE_CODE:
            return await self._carry_code(owed, self._texter, turn)
        verdict = await in_turn(partial(self._judging.ask, owed), turn)
        if not isinstance(verdict, text_data.Send):
            return verdict
        provider_id = await self._send(owed, self._texter, verdict.to, verdict.body)
        return Sent(reader=verdict.reader, up_to=verdict.up_to, provider_id=provider_id)

    def _judge(self, connection: Connection, owed: list[Owed]) -> list[text_data.Verdict]:
        now = self._now()
        return [text_data.judge(connection, each, now, self._home) for each in owed]

    async def close(self) -> None:
        """Close the texter."""
        if self._texter is not None:
            await self._texter.close()

    async def _carry_code(self, owed: Owed, texter: Texter, turn: Turn) -> Outcome:
        if owed.person is None or owed.address is None or self._now() - owed.created_at > CODE_WORTH:
            return Pointless()
        await turn()
        code = await self._mint(owed.person, owed.address)
        if code is None:
            return Pointless()
        body = text_data.code_body(code, self._home)
        return Sent(provider_id=await self._send(owed, texter, owed.address, body))

    async def _send(self, owed: Owed, texter: Texter, to: str, body: str) -> str | None:
        try:
            async with asyncio.timeout(SENDING):
                return await texter.send(Text(outbox_id=owed.id, to=to, body=body, kind=owed.kind))
        except TimeoutError:
            raise SendFailed("no answer in time", again=True, unsure=True) from None
        except Unreachable:
            person = owed.person
            assert person is not None
            await self._database.write(lambda c: mobiles.refuse(c, person, to, self._now()))
            raise
