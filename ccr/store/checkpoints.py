"""Moves what was committed from an embedded database's log into its file, beside the writer.

Left to itself SQLite has whoever commits next do so, once the log is long enough: they, and all behind them, would wait
for it. In small steps, by somebody else, it costs nobody anything; the writer's own is what remains if this one fails.
"""

import logging
import threading
from collections.abc import Callable

from ccr.store.dialects import Dialect, Driver

PAUSE = 0.3
"""Seconds from the first commit to the step: of a page that changes often only the last state is moved."""

logger = logging.getLogger(__name__)


class Checkpoints(threading.Thread):
    """One beside each writer of an embedded database."""

    def __init__(self, connect: Callable[[], Driver], dialect: Dialect) -> None:
        super().__init__(name="checkpoints", daemon=True)
        self._connect = connect
        self._dialect = dialect
        self._driver: Driver | None = None
        self._committed, self._over = threading.Event(), threading.Event()

    def committed(self) -> None:
        """There is something to move; cheap, and from any thread."""
        self._committed.set()

    def run(self) -> None:
        """Until told to stop."""
        while not self._over.is_set():
            self._committed.wait()
            self._over.wait(PAUSE)
            self._committed.clear()
            self._step()
        if self._driver is not None:
            self._driver.close()

    def stop(self) -> None:
        """End it, and wait until it has."""
        self._over.set()
        self._committed.set()
        if self.is_alive():
            self.join()

    def _step(self) -> None:
        try:
            self._driver = self._driver or self._connect()
            self._dialect.checkpoint(self._driver)
        except Exception as error:  # noqa: BLE001 - a full disk, say: the writer will hear of it as well
            logger.debug("the log was not moved: %s", type(error).__name__)
