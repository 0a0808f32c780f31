"""How it is noted down what became of a row of the outbox."""

from collections.abc import Callable
from functools import partial
from typing import Any

from ccr.desk.notices import Channel, Kind
from ccr.ports import SendFailed
from ccr.services.carrying import Later, Outcome, Sent
from ccr.store import outbox, waiting
from ccr.store.connection import Connection
from ccr.store.outbox import Owed

Unit = Callable[[Connection], Any]


def settling(owed: Owed, worker: str, outcome: Outcome, now: int) -> Unit:
    """It was sent, or was not worth it, or is to wait. A mail about messages that wait may be followed by another."""
    if isinstance(outcome, Later):
        return partial(outbox.push_back, row=owed.id, worker=worker, now=now, due_at=outcome.due_at)
    sent = isinstance(outcome, Sent)
    state = outbox.SENT if sent else outbox.POINTLESS
    up_to, provider_id = (outcome.up_to, outcome.provider_id) if isinstance(outcome, Sent) else (0, None)
    reader, ticket = outcome.reader, owed.ticket
    if (owed.kind, owed.channel) == (Kind.MESSAGE_WAITING, Channel.MAIL) and reader and ticket:
        return lambda c: waiting.settle(
            c, owed.id, worker, state, now, ticket=ticket, person=reader, up_to=up_to, provider_id=provider_id
        )
    data = {"up_to": up_to} if up_to else {}
    return lambda c: outbox.settle(c, owed.id, worker, state, now, data, provider_id)


def failing(owed: Owed, worker: str, failure: SendFailed, now: int, again_at: int | None) -> Unit:
    """A try failed; the next is at `again_at`, if there is to be one."""
    return partial(
        outbox.fail,
        row=owed.id,
        worker=worker,
        fault=failure.reason,
        now=now,
        again_at=again_at,
        unsure=failure.unsure,
    )
