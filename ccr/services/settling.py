"""How it is noted down what became of a row of the outbox."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from ccr import metrics
from ccr.desk.notices import Channel, Kind
from ccr.ports import SendFailed
from ccr.services import carrying, mail_retries
from ccr.services.carrying import Later, Sent
from ccr.store import claims, outbox, waiting
from ccr.store.claims import Settled
from ccr.store.connection import Connection
from ccr.store.database import Database
from ccr.store.owed import Owed

log = logging.getLogger("ccr.postman")

Unit = Callable[[Connection], Any]

Chance = Callable[[], float]
"""A number from 0 to 1."""

TOGETHER = 0.1
"""Seconds in which what came to an end is gathered, and then committed in one."""

SETTLING = (0.5, 2.0, 5.0, 10.0)
"""Pauses in seconds between tries to note down what became of a row, when the database is away."""


Outcome = Settled | Unit
"""What became of a row: it is over, or something else is to be done about it."""


class Settler:
    """Writes down what became of the rows of `worker`, many at once. `done` is called when some have been."""

    def __init__(
        self, database: Database, worker: str, now: Callable[[], int], done: Callable[[], None]
    ) -> None:
        self._database = database
        self._worker = worker
        self._now = now
        self._done = done
        self._waiting: list[tuple[Owed, Outcome]] = []
        self.unwritten: set[int] = set()
        """The rows of which the database does not know yet what became of them."""
        self._writing: set[asyncio.Task[None]] = set()

    def note(self, owed: Owed, outcome: Outcome) -> None:
        """See to it that this is written down soon."""
        if not self._waiting:
            asyncio.get_running_loop().call_later(TOGETHER, self._begin, True)
        self._waiting.append((owed, outcome))
        self.unwritten.add(owed.id)

    async def finish(self) -> None:
        """Everything noted is written down at once, or given up."""
        self._begin(patient=False)
        while self._writing:
            await asyncio.wait(self._writing)

    def _begin(self, patient: bool) -> None:
        """All in one step of the event loop, so that the writer finds them together."""
        waiting, self._waiting = self._waiting, []
        over = [(owed, outcome) for owed, outcome in waiting if isinstance(outcome, Settled)]
        if over:
            self._start(self._write_all(over, patient))
        for owed, outcome in waiting:
            if not isinstance(outcome, Settled):
                self._start(self._write(owed, outcome, patient))

    def _start(self, writing: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(writing)
        self._writing.add(task)
        task.add_done_callback(self._written)

    def _written(self, task: asyncio.Task[None]) -> None:
        self._writing.discard(task)
        self._done()

    async def _write_all(self, over: list[tuple[Owed, Settled]], patient: bool) -> None:
        """In one unit; each alone where that does not work."""
        now, settled = self._now(), [outcome for _, outcome in over]
        try:
            await self._database.write(
                lambda c: claims.settle_all(c, self._worker, now, settled), patient=patient
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, the notices have gone out
            log.warning("notices not settled yet", extra={"count": len(over), "error": type(error).__name__})
            for owed, outcome in over:
                self._start(self._write(owed, self._alone(outcome), patient))
        else:
            self.unwritten.difference_update(owed.id for owed, _ in over)

    def _alone(self, outcome: Settled) -> Unit:
        now = self._now()
        return lambda c: claims.settle_all(c, self._worker, now, [outcome])

    async def _write(self, owed: Owed, outcome: Unit, patient: bool) -> None:
        """With patience: what is not noted down is sent a second time."""
        for pause in SETTLING:
            try:
                await self._database.write(outcome, lane=owed.ticket or 0, patient=patient)
            except Exception as error:  # noqa: BLE001 - whatever it is, the notice has gone out
                log.warning("notice not settled yet", extra=named(owed) | {"error": type(error).__name__})
                await asyncio.sleep(pause)
            else:
                self.unwritten.discard(owed.id)
                return
        log.error("notice not settled: it is claimed again, and may be sent twice", extra=named(owed))


def named(owed: Owed) -> dict[str, Any]:
    """What a log may say of a notice: neither whom it goes to nor what it tells."""
    return {"outbox": owed.id, "kind": owed.kind, "channel": owed.channel, "tries": owed.tries}


def settling(owed: Owed, worker: str, outcome: carrying.Outcome, now: int) -> Outcome:
    """It was sent, or was not worth it, or is to wait. One about messages that wait may be followed by another."""
    if isinstance(outcome, Later):
        return partial(claims.push_back, row=owed.id, worker=worker, now=now, due_at=outcome.due_at)
    sent = isinstance(outcome, Sent)
    state = outbox.SENT if sent else outbox.POINTLESS
    up_to, provider_id = (outcome.up_to, outcome.provider_id) if isinstance(outcome, Sent) else (0, None)
    reader, ticket = outcome.reader, owed.ticket
    # Of texts there is no other before these messages have been read.
    if owed.kind == Kind.MESSAGE_WAITING and owed.channel != Channel.SMS and reader and ticket:
        return lambda c: waiting.settle(
            c, owed, worker, state, now, ticket=ticket, person=reader, up_to=up_to, provider_id=provider_id
        )
    data = {"up_to": up_to} if up_to else {}
    return Settled(owed.id, state, data, provider_id)


def failed(owed: Owed, failure: SendFailed, now: int, chance: Chance) -> int | None:
    """When it is tried again, `None` where it is given up; counted and told to the log."""
    again_at = mail_retries.again_at(owed, failure, now, chance)
    metrics.NOTICES.labels(owed.channel, "given_up" if again_at is None else "put_off").inc()
    if again_at is None:
        log.error("notice given up", extra=named(owed) | {"why": failure.reason})
    else:
        log.warning("notice put off", extra=named(owed) | {"why": failure.reason})
    return again_at


def unforeseen(error: Exception) -> SendFailed:
    """What nobody foresaw may pass as well; where it happened is told, as its text might quote somebody."""
    return SendFailed(mail_retries.fault(error), again=True)


def failing(owed: Owed, worker: str | None, failure: SendFailed, now: int, again_at: int | None) -> Unit:
    """A try failed; the next is at `again_at`, if there is to be one. What is to be spread has no `worker`."""
    return partial(
        claims.fail,
        row=owed.id,
        worker=worker,
        fault=failure.fault,
        now=now,
        again_at=again_at,
        unsure=failure.unsure,
    )
