"""When a notice that failed is tried again, and when it is given up. Pure."""

from collections.abc import Callable

from ccr.desk.clock import DAY, MINUTE, SECOND
from ccr.ports import SendFailed
from ccr.store.owed import Owed

FIRST = 10 * SECOND
LONGEST = 30 * MINUTE

GIVE_UP = DAY

SHORTEST_NAMED = SECOND
"""A provider whose clock is behind ours names a time that is over."""

MOST_UNSURE = 5
"""Tries without an answer, of which each may have arrived: the next would rather be one mail too many."""


def again_at(owed: Owed, failure: SendFailed, now: int, chance: Callable[[], float]) -> int | None:
    """The time of the next try, in milliseconds UTC; `None` gives it up.

    Later each time, and by `chance` (0 to 1) not at the same moment for all that failed together.
    """
    if not failure.again or (failure.unsure and owed.unsure + 1 >= MOST_UNSURE):
        return None
    at = now + _pause(owed.tries, failure.after, chance())
    return at if at - owed.fresh_at <= GIVE_UP else None


def fault(error: Exception) -> str:
    """The error's type and place; its text might quote somebody."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    return (
        f"{type(error).__name__} at {trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
    )


def named_pause(seconds: float) -> int:
    """The pause that a provider named, in milliseconds; one that no notice would outlive is a mistake."""
    named = max(seconds * SECOND, SHORTEST_NAMED)
    return int(named) if named < GIVE_UP else FIRST


def _pause(tries: int, named: float | None, chance: float) -> int:
    if named is None:
        return int(_backoff(tries) * (0.5 + chance))
    # Who names a time is taken at their word, unless that did not help the last time.
    return max(named_pause(named), _backoff(tries - 1) if tries else 0) + int(chance * 2 * SECOND)


def _backoff(tries: int) -> int:
    return int(min(FIRST * 2 ** min(tries, 16), LONGEST))
