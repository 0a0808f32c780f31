"""How much one person may ask for at a time: a bucket each, which fills again by itself."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from ccr.desk.refusals import Code, Refusal

REMEMBERED = 20_000
"""Buckets kept; one that is forgotten was unused for longest, and full again for long."""


class Allowance:
    """`burst` at once, and then so many `per_second`; over all the doors of this process. `on=False` allows all.

    `clock` counts seconds and never goes back.
    """

    def __init__(
        self,
        burst: float,
        per_second: float,
        *,
        on: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._burst = burst
        self._per_second = per_second
        self._on = on
        self._clock = clock
        self._buckets: OrderedDict[int, tuple[float, float]] = OrderedDict()

    def spend(self, person: int) -> None:
        """Take one from the person's bucket. Raises `rate_limited` when it is empty."""
        if wait := self.take(person):
            raise Refusal(Code.RATE_LIMITED, "That was too often. Wait a little.", retry_after=wait)

    def take(self, person: int) -> int:
        """0, and one less is in the person's bucket; or the seconds until there is one again."""
        if not self._on:
            return 0
        now = self._clock()
        left, at = self._buckets.pop(person, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_second)
        spent = left >= 1
        self._buckets[person] = (left - 1 if spent else left, now)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return 0 if spent else max(1, math.ceil((1 - left) / self._per_second))


def of_commands(*, on: bool) -> Allowance:
    """What changes tickets, by whichever door."""
    return Allowance(30, 5, on=on)


def of_signals(*, on: bool) -> Allowance:
    """Typing and read marks."""
    return Allowance(30, 10, on=on)


def of_questions(*, on: bool) -> Allowance:
    """What is asked by a socket and costs a reading: enough to come back to every ticket of a long day at once."""
    return Allowance(100, 20, on=on)
