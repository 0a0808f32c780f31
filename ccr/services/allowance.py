"""How much one person may ask for at a time: a bucket each, which fills again by itself."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from ccr.desk.refusals import Code, Refusal

K = TypeVar("K")

REMEMBERED = 20_000
"""Buckets kept, so that many people or addresses cannot fill the memory; one that is forgotten was unused for longest,
and full again for long.
"""


class Buckets(Generic[K]):
    """One for each key. `on=False` lets everything through; `clock` counts seconds and never goes back."""

    def __init__(self, *, on: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        self._on = on
        self._clock = clock
        self._buckets: OrderedDict[K, tuple[float, float]] = OrderedDict()

    def take_from(self, key: K, burst: float, per_second: float) -> int:
        """0, and one less is in the bucket, which holds `burst`; or the seconds until there is one again."""
        if not self._on:
            return 0
        now = self._clock()
        left, at = self._buckets.pop(key, (burst, now))
        left = min(burst, left + (now - at) * per_second)
        spent = left >= 1
        self._buckets[key] = (left - 1 if spent else left, now)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return 0 if spent else max(1, math.ceil((1 - left) / per_second))

    def spend_from(self, key: K, burst: float, per_second: float) -> None:
        """Take one from the bucket. Raises `rate_limited` when it is empty."""
        if wait := self.take_from(key, burst, per_second):
            raise Refusal(Code.RATE_LIMITED, "That was too often. Wait a little.", retry_after=wait)


class Allowance(Buckets[int]):
    """`burst` at once for each person, and then so many `per_second`; over all the doors of this process."""

    def __init__(
        self,
        burst: float,
        per_second: float,
        *,
        on: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(on=on, clock=clock)
        self._burst = burst
        self._per_second = per_second

    def spend(self, person: int) -> None:
        """Take one from the person's bucket. Raises `rate_limited` when it is empty."""
        self.spend_from(person, self._burst, self._per_second)

    def take(self, person: int) -> int:
        """0, and one less is in the person's bucket; or the seconds until there is one again."""
        return self.take_from(person, self._burst, self._per_second)


def of_commands(*, on: bool) -> Allowance:
    """What changes tickets, by whichever door."""
    return Allowance(30, 5, on=on)


def of_signals(*, on: bool) -> Allowance:
    """Typing and read marks."""
    return Allowance(30, 10, on=on)


def of_questions(*, on: bool) -> Allowance:
    """What is asked by a socket and costs a reading: enough to come back to every ticket of a long day at once."""
    return Allowance(100, 20, on=on)
