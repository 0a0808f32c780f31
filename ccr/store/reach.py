"""Whether a database behind a network can be reached, as all who use it found out together."""

import logging
import threading
from time import monotonic

logger = logging.getLogger(__name__)

PAUSE = 0.5
"""Seconds after a failure in which nobody tries: whoever waited meanwhile is told at once, and not after a try each."""


class OutOfReach(Exception):
    """Nobody even tried."""


class Reach:
    """Shared by the threads of one `Database`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._again_at = 0.0
        self._away = False

    def check(self) -> None:
        """Raises `OutOfReach` shortly after a failure."""
        if monotonic() < self._again_at:
            raise OutOfReach

    def lost(self, error: Exception) -> None:
        """A connection could not be made, or did not answer."""
        with self._lock:
            self._again_at = monotonic() + PAUSE
            if not self._away:
                logger.error("the database is out of reach: %s", error)
            self._away = True

    def found(self) -> None:
        """There is a connection."""
        with self._lock:
            if self._away:
                logger.warning("the database is back")
            self._away = False
