"""Carries the mails that are owed: claims what is due, sends it, tries again, and gives up loudly.

One worker in each process. A mail is claimed for a while, so that two processes never carry the same one, and
a crash only delays it. A mail that cannot be made or sent never holds up the next.
"""

import asyncio
import logging
import random
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

from ccr import metrics
from ccr.desk import clock
from ccr.desk.clock import MINUTE, SECOND
from ccr.desk.notices import Kind
from ccr.desk.people import Person
from ccr.desk.refusals import Refusal
from ccr.ports import Mail, Mailer, SendFailed, Templates
from ccr.services import mail_data, mail_retries
from ccr.services.mail_data import CODE_WORTH, Later, Pointless, Send, Verdict
from ccr.store import outbox, waiting
from ccr.store.connection import Connection
from ccr.store.database import Database
from ccr.store.outbox import Owed

log = logging.getLogger("ccr.postman")

Unit = Callable[[Connection], Any]

Mint = Callable[[str], Awaitable[tuple[Person, str] | None]]
"""Makes a one-time code for who has this address; the code is known only to the mail."""

IN_FLIGHT = 50
SENDING = 20.0
"""Seconds a provider has for one mail."""

LEASE = MINUTE
"""How long a claim lasts, in milliseconds: longer than sending and settling take."""

IDLE = 5.0
"""Seconds between looks when nobody wakes the postman: what is due later, or was put by another process."""

BREATH = 0.05
"""Seconds in which many wakes become one look."""

GRACE = 3.0
"""Seconds that mails under way have when the postman must stop."""

SETTLING = (0.5, 2.0, 5.0, 10.0)
"""Pauses in seconds between tries to note down what became of a mail, when the database is away."""


class Postman:
    """`run` it as one background task; `wake` it when something is due at once. The `mailer` is its own, to close."""

    def __init__(
        self,
        database: Database,
        mailer: Mailer,
        templates: Templates,
        mint: Mint,
        *,
        public_url: str,
        now: Callable[[], int] = clock.now,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._mailer = mailer
        self._templates = templates
        self._mint = mint
        self._home = public_url.rstrip("/")
        self._now = now
        self._chance = chance
        self._worker = secrets.token_hex(8)
        self._woken = asyncio.Event()
        self._going: set[asyncio.Task[None]] = set()
        self._oldest_due: int | None = None
        self._troubled = False

    def wake(self) -> None:
        """Something is due now. Cheap, and may be called as often as one likes; on the event loop."""
        self._woken.set()

    def age(self) -> float:
        """Seconds by which the oldest unsent mail is overdue, 0 where none is."""
        return max(0.0, (self._now() - self._oldest_due) / SECOND) if self._oldest_due is not None else 0.0

    async def run(self) -> None:
        """Until cancelled; then what is under way gets a moment to arrive, and the rest is given back."""
        metrics.OUTBOX_AGE_SECONDS.set_function(self.age)
        try:
            while True:
                pause = await self._look()
                await asyncio.sleep(BREATH)
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._woken.wait()
                self._woken.clear()
        finally:
            await asyncio.shield(self._leave())

    async def drain_once(self) -> int:
        """Carry everything that is due now, and say how many that were. For tests and the command line."""
        count = 0
        while owed := await self._claim(IN_FLIGHT):
            await asyncio.gather(*map(self._carry, owed))
            count += len(owed)
        return count

    async def _look(self) -> float:
        """Start what is due; how many seconds to wait for the next look, unless woken."""
        try:
            self._oldest_due, depth = await self._database.read(
                lambda c: (outbox.oldest_due(c), outbox.depth(c))
            )
            metrics.QUEUE_DEPTH.labels("outbox").set(depth)
            ahead = (self._oldest_due - self._now()) / SECOND if self._oldest_due is not None else IDLE
            room = IN_FLIGHT - len(self._going)
            if ahead <= 0 and room:
                for owed in await self._claim(room):
                    task = asyncio.create_task(self._carry(owed))
                    self._going.add(task)
                    task.add_done_callback(self._carried)
            self._troubled = False
        except Exception as error:  # noqa: BLE001 - the postman outlives whatever ails the database
            if not self._troubled:
                log.warning("outbox out of reach", extra={"error": type(error).__name__})
            self._troubled = True
            return IDLE
        return min(IDLE, ahead) if ahead > 0 else IDLE

    async def _claim(self, most: int) -> list[Owed]:
        now = self._now()
        return await self._database.write(
            lambda connection: outbox.claim(connection, self._worker, now, LEASE, most)
        )

    def _carried(self, task: asyncio.Task[None]) -> None:
        """There is room for one more, and perhaps more is due."""
        self._going.discard(task)
        self._woken.set()

    async def _leave(self) -> None:
        if self._going:
            await asyncio.wait(self._going, timeout=GRACE)
        for task in list(self._going):
            task.cancel()
        with suppress(Exception):
            await self._database.write(lambda connection: outbox.release(connection, self._worker))
        await self._mailer.close()

    async def _carry(self, owed: Owed) -> None:
        try:
            outcome = await self._deliver(owed)
        except SendFailed as failure:
            outcome = self._failed(owed, failure)
        except Refusal as refusal:  # the database is away: the claim runs out, and it is tried again
            log.warning("mail put off", extra=_named(owed) | {"why": refusal.code.value})
            return
        except Exception as error:  # noqa: BLE001 - a poisoned mail must not stop the others
            outcome = self._failed(owed, SendFailed(mail_retries.fault(error), again=True))
        await self._note(owed, outcome)

    async def _deliver(self, owed: Owed) -> Unit:
        """What is to be noted down of it."""
        verdict = await self._judge(owed)
        if isinstance(verdict, Later):
            return partial(
                outbox.push_back, row=owed.id, worker=self._worker, now=self._now(), due_at=verdict.due_at
            )
        if isinstance(verdict, Send):
            await self._send(owed, verdict)
            log.info("mail sent", extra=_named(owed))
        return self._settling(owed, verdict)

    async def _judge(self, owed: Owed) -> Verdict:
        if owed.kind != Kind.ONE_TIME_CODE:
            now = self._now()
            return await self._database.read(
                lambda connection: mail_data.judge(connection, owed, now, self._home)
            )
        if owed.address is None or self._now() - owed.created_at > CODE_WORTH:
            return Pointless()
        return mail_data.with_code(owed, await self._mint(owed.address), self._home)

    async def _send(self, owed: Owed, worth: Send) -> None:
        subject, text, html = await asyncio.to_thread(self._templates.mail, owed.kind, worth.data)
        mail = Mail(
            outbox_id=owed.id,
            to=worth.to,
            to_name=worth.reader.name,
            subject=subject,
            text=text,
            html=html,
            kind=owed.kind,
        )
        try:
            async with asyncio.timeout(SENDING):
                await self._mailer.send(mail)
        except TimeoutError:
            raise SendFailed("no answer in time", again=True) from None

    def _settling(self, owed: Owed, verdict: Send | Pointless) -> Unit:
        state = outbox.SENT if isinstance(verdict, Send) else outbox.POINTLESS
        now = self._now()
        reader, ticket = verdict.reader, owed.ticket
        if owed.kind != Kind.MESSAGE_WAITING or reader is None or ticket is None:
            return lambda connection: outbox.settle(connection, owed.id, self._worker, state, now)
        up_to = verdict.up_to if isinstance(verdict, Send) else 0
        return lambda connection: waiting.settle(
            connection, owed.id, self._worker, state, now, ticket=ticket, person=reader, up_to=up_to
        )

    def _failed(self, owed: Owed, failure: SendFailed) -> Unit:
        now = self._now()
        again_at = mail_retries.again_at(owed, failure, now, self._chance)
        if again_at is None:
            log.error("mail given up", extra=_named(owed) | {"why": failure.reason})
        else:
            log.warning("mail put off", extra=_named(owed) | {"why": failure.reason})
        return partial(
            outbox.fail, row=owed.id, worker=self._worker, fault=failure.reason, now=now, again_at=again_at
        )

    async def _note(self, owed: Owed, outcome: Unit) -> None:
        """Write down what became of it, with patience: what is not noted down is sent a second time."""
        for pause in SETTLING:
            try:
                await self._database.write(outcome, lane=owed.ticket or 0)
            except Exception as error:  # noqa: BLE001 - whatever it is, the mail has gone out
                log.warning("mail not settled yet", extra=_named(owed) | {"error": type(error).__name__})
                await asyncio.sleep(pause)
            else:
                return
        log.error("mail not settled, and may be sent twice", extra=_named(owed))


def _named(owed: Owed) -> dict[str, Any]:
    """What a log may say of a mail: neither whom it goes to nor what it tells."""
    return {"outbox": owed.id, "kind": owed.kind, "tries": owed.tries}
