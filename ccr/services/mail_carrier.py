"""Carries notices by mail: gathers what one says, has it rendered, and hands it to the provider."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from ccr.desk import clock
from ccr.desk.notices import CHANNELS, Kind
from ccr.desk.people import Person
from ccr.ports import Mail, Mailer, SendFailed, Templates
from ccr.services import mail_data
from ccr.services.carrying import Later, Outcome, Pointless, Sent, Turn, in_turn
from ccr.services.mail_data import CODE_WORTH, Send
from ccr.services.together import Together
from ccr.store import bounces
from ccr.store.connection import Connection
from ccr.store.database import Database
from ccr.store.owed import Owed

Mint = Callable[[str], Awaitable[tuple[Person, str] | None]]
"""Makes a one-time code for who has this address; the code is known only to the mail."""

SENDING = 20.0
"""Seconds a provider has for one mail."""


class MailCarrier:
    """The `mailer` is its own, to close. `unsubscribe` makes the link that turns a kind off for a person."""

    def __init__(
        self,
        database: Database,
        mailer: Mailer,
        templates: Templates,
        mint: Mint,
        *,
        public_url: str,
        unsubscribe: Callable[[int, str], str] = lambda _person, _kind: "",
        now: Callable[[], int] = clock.now,
    ) -> None:
        self._database = database
        self._judging = Together(database, self._judge_all)
        self._mailer = mailer
        self.most = mailer.most
        self._templates = templates
        self._mint = mint
        self._home = public_url.rstrip("/")
        self._unsubscribe = unsubscribe
        self._compiled: set[str] = set()
        self._now = now

    async def carry(self, owed: Owed, turn: Turn) -> Outcome:
        """Send it, if it is still worth sending. Raises `SendFailed`."""
        if owed.kind == Kind.ONE_TIME_CODE:
            await turn()
            verdict = await self._with_code(owed)
        else:
            verdict = await in_turn(partial(self._judge, owed), turn)
        if not isinstance(verdict, Send):
            return verdict
        provider_id = await self._send(owed, verdict)
        return Sent(reader=verdict.reader, up_to=verdict.up_to, provider_id=provider_id)

    async def close(self) -> None:
        """Close the mailer."""
        await self._mailer.close()

    async def _judge(self, owed: Owed) -> Send | Later | Pointless:
        verdict = await self._judging.ask(owed)
        if isinstance(verdict, SendFailed):
            raise verdict
        return verdict

    async def _with_code(self, owed: Owed) -> Send | Later | Pointless:
        address = owed.address
        if address is None or self._now() - owed.created_at > CODE_WORTH:
            return Pointless()
        if reason := await self._database.read(lambda connection: bounces.why(connection, address)):
            raise mail_data.came_back(reason)
        return mail_data.with_code(owed, await self._mint(address), self._home)

    def _judge_all(
        self, connection: Connection, owed: list[Owed]
    ) -> list[Send | Later | Pointless | SendFailed]:
        return mail_data.judge(connection, owed, self._now(), self._home)

    async def _rendered(self, kind: str, data: dict[str, Any]) -> tuple[str, str, str]:
        """The first of its kind in a thread, since its templates are compiled; then it takes less time than the way."""
        if kind in self._compiled:
            return self._templates.mail(kind, data)
        made = await asyncio.to_thread(self._templates.mail, kind, data)
        self._compiled.add(kind)
        return made

    async def _send(self, owed: Owed, worth: Send) -> str | None:
        link = self._unsubscribe(worth.reader.id, owed.kind) if owed.kind in CHANNELS else ""
        data = worth.data | {"unsubscribe": link}
        subject, text, html = await self._rendered(owed.kind, data)
        await asyncio.sleep(0)  # whoever has written meanwhile comes in between
        await self._database.lull()
        mail = Mail(
            outbox_id=owed.id,
            to=worth.to,
            to_name=worth.reader.name,
            subject=subject,
            text=text,
            html=html,
            kind=owed.kind,
            put_at=owed.created_at,
            unsubscribe=link,
        )
        try:
            async with asyncio.timeout(SENDING):
                return await self._mailer.send(mail)
        except TimeoutError:
            raise SendFailed("no answer in time", again=True, unsure=True) from None
