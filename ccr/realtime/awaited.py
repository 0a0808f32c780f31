"""A word of a client's is due, or a ping is due to them: timers that end with the connection.

Left to itself the library has a task sleep until each ping, also for whoever leaves meanwhile, and another go round
and look who has not answered: all who came and went within half a minute would take up their memory at once.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from engineio import packet
from engineio.async_socket import AsyncSocket


class Awaited(AsyncSocket):  # type: ignore[misc]
    """A connection and what is to happen next if nothing comes by it."""

    # An object of the library's class becomes one of this class, so there is no `__init__` of ours.
    last_ping: float | None
    """When a ping was sent that is not answered yet."""
    _beat: asyncio.TimerHandle | None = None
    """The next ping, or the end of waiting for the answer to one."""
    _due: asyncio.TimerHandle | None = None
    _in_vain: asyncio.Task[None] | None = None

    def put(self, pkt: packet.Packet) -> None:
        """Put the packet in the queue, unless it is closed."""
        raise NotImplementedError

    def expect(self, within: float, otherwise: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Carry out `otherwise` in so many seconds, unless what is expected has `arrived` or the connection is closed.

        Where it is expected already, that time is not made longer.
        """
        if self._due is None and not self.closing:
            self._due = asyncio.get_running_loop().call_later(within, self._give_up, otherwise)

    def arrived(self) -> None:
        """What was expected has come, or nothing was."""
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _give_up(self, otherwise: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._due = None
        self._in_vain = asyncio.create_task(otherwise())

    def schedule_ping(self) -> None:
        """The client has answered the last ping, or has just come: the next one in a while."""
        if self.last_ping and not self.closing:
            self.last_ping = None
            self._beat_in(self.server.ping_interval, self._ping)

    def _beat_in(self, seconds: float, then: Callable[[], None]) -> None:
        self._still()
        self._beat = asyncio.get_running_loop().call_later(seconds, then)

    def _still(self) -> None:
        if self._beat is not None:
            self._beat.cancel()
            self._beat = None

    def _ping(self) -> None:
        self.last_ping = time.time()
        self.put(packet.Packet(packet.PING))
        self._beat_in(self.server.ping_timeout, self._is_dead)

    def _is_dead(self) -> None:
        self._in_vain = asyncio.create_task(self.close(reason=self.server.reason.PING_TIMEOUT))

    async def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:
        """Close it, wait for nothing more, and forget it, unless a WebSocket's end will do that."""
        self.arrived()
        self._still()
        await super().close(wait=wait, abort=abort, reason=reason)
        if not self.upgraded:
            # Not in this step: the request that made us close it, if one did, is answered by looking for it once more.
            asyncio.get_running_loop().call_soon(self.server.sockets.pop, self.sid, None)
