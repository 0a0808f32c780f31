"""What was asked for and refused, in the log: one calm line each, that nobody can make a flood of."""

import logging
import time
from collections.abc import Callable

from ccr.desk.refusals import Code
from ccr.services.allowance import Allowance

log = logging.getLogger(__name__)

BURST = 20
"""Lines about one person at once."""

PER_SECOND = 0.2
"""Lines about one person, again and again."""

_NO_BAD_INPUT = frozenset({Code.UNAUTHENTICATED, Code.UNAVAILABLE})
"""A session has ended, a password is wrong; or it is we who cannot. What there is to say of it is said elsewhere."""

_NOBODY = 0
"""The number under which everybody counts who is not signed in: their addresses are not for the log."""


class RefusalLog:
    """One for all the doors of this process. `on=False` bounds nothing; `clock` counts seconds and never goes back."""

    def __init__(self, *, on: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        self._lines = Allowance(BURST, PER_SECOND, on=on, clock=clock)
        self._left_out = 0

    def note(self, code: Code, asked: str, person: int | None) -> None:
        """Somebody was refused what they asked for: `asked` is our own name of it, never anything of theirs."""
        if code in _NO_BAD_INPUT:
            return
        if self._lines.take(person or _NOBODY) > 0:
            self._left_out += 1
            return
        said: dict[str, object] = {"code": code.value, "asked": asked, "person": person}
        if self._left_out:
            said["left_out"], self._left_out = self._left_out, 0
        log.info("refused", extra=said)
