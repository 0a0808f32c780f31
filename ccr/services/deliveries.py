"""What becomes of one notice that was claimed: it is sent, put off, given up, or not worth it."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial

from ccr import metrics
from ccr.desk.notices import URGENT, Channel, Kind
from ccr.desk.refusals import Refusal
from ccr.ports import SendFailed
from ccr.services import mail_retries
from ccr.services.carrying import Carrier, NotNow, Sent
from ccr.services.pacing import Lull, Pace, Turn
from ccr.services.settling import (
    Chance,
    Outcome,
    Settler,
    Unit,
    failed,
    failing,
    named,
    settling,
    unforeseen,
)
from ccr.store import claims, notices
from ccr.store.owed import Owed

log = logging.getLogger("ccr.postman")

IN_FLIGHT = 50
"""Notices handed to providers at once, of all channels together."""

SPARE = 5
"""So many more, of what is urgent: however slowly the rest goes, that does not wait behind it."""

FOR_OTHERS = 10
"""Of these, what no channel takes alone where there are others: a provider that hangs holds up its own notices only."""

GAP = 0.0045
"""Seconds from one to the next that goes out: a thousand at once would keep those waiting who talk meanwhile."""

_KINDS = frozenset(kind.value for kind in Kind)


class Deliveries:
    """By these carriers, in the name of `worker`. What became of each is the `settler`'s to write down."""

    def __init__(
        self,
        carriers: Mapping[Channel, Carrier],
        worker: str,
        settler: Settler,
        now: Callable[[], int],
        chance: Chance,
        lull: Lull,
    ) -> None:
        self._carriers = carriers
        self._worker = worker
        self._settler = settler
        self._now = now
        self._chance = chance
        self._pace = Pace(GAP, lull)
        self._places, self._spare = asyncio.Semaphore(IN_FLIGHT), asyncio.Semaphore(SPARE)
        self._places_of = {channel: asyncio.Semaphore(self.most(channel)) for channel in carriers}
        self._held_until: dict[str, int] = {}

    def most(self, channel: Channel) -> int:
        """So many of a channel's notices may be under way at once."""
        return min(self._carriers[channel].most, IN_FLIGHT - (FOR_OTHERS if len(self._carriers) > 1 else 0))

    def held_until(self, channel: str) -> int:
        """Until when the channel's provider asked for a pause, in milliseconds UTC; in the past where it did not."""
        return self._held_until.get(channel, 0)

    async def carry(self, owed: Owed, by: float) -> None:
        """See it through, unless its turn has not come `by` then, on the event loop's clock. Raises nothing."""
        outcome: Outcome
        try:
            outcome = await self._deliver(owed, by)
        except NotNow:
            outcome = self._given_back(owed)
        except SendFailed as failure:
            outcome = self._failed(owed, failure)
        except Refusal as refusal:  # the database is away, which is no fault of the notice's
            log.warning("notice put off", extra=named(owed) | {"why": refusal.code.value})
            outcome = self._later(owed)
        except Exception as error:  # noqa: BLE001 - a poisoned row must not stop the others
            outcome = self._failed(owed, unforeseen(error))
        self._settler.note(owed, outcome)

    async def _deliver(self, owed: Owed, by: float) -> Outcome:
        """What is to be noted down of it."""
        if owed.unsure >= mail_retries.MOST_UNSURE:
            raise SendFailed(f"{owed.unsure} tries without an answer: it may have arrived", again=False)
        if owed.kind not in _KINDS:
            raise SendFailed("a kind of notice that this version does not know", again=True)
        if owed.fate == notices.DELIVERED and owed.kind != Kind.MESSAGE_WAITING:
            return settling(owed, self._worker, Sent(), self._now())
        channel = Channel(owed.channel)
        spare = self._spare if owed.kind in URGENT else None
        places = [self._places_of[channel], self._places]
        turn = Turn(self._pace, places, by, lambda: self.held_until(channel) <= self._now(), spare)
        try:
            outcome = await self._carriers[channel].carry(owed, turn)
        except asyncio.CancelledError:
            if not turn.has_come:
                raise
            raise SendFailed("stopped before there was an answer", again=True, unsure=True) from None
        finally:
            turn.over()
        if isinstance(outcome, Sent):
            log.info("notice sent", extra=named(owed))
            metrics.NOTICES.labels(owed.channel, "sent").inc()
        return settling(owed, self._worker, outcome, self._now())

    def _given_back(self, owed: Owed) -> Unit:
        due_at = max(owed.due_at, self.held_until(owed.channel))
        return partial(claims.give_back, owed=owed, worker=self._worker, due_at=due_at)

    def _later(self, owed: Owed) -> Unit:
        now = self._now()
        return partial(
            claims.push_back, row=owed.id, worker=self._worker, now=now, due_at=now + mail_retries.FIRST
        )

    def _failed(self, owed: Owed, failure: SendFailed) -> Unit:
        now = self._now()
        again_at = failed(owed, failure, now, self._chance)
        if failure.after is not None and not failure.alone:
            # The whole provider asked for a pause: to try the next one would only be one more refusal.
            self._held_until[owed.channel] = now + mail_retries.named_pause(failure.after)
        return failing(owed, self._worker, failure, now, again_at)
