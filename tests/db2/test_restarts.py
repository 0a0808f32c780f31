"""The server is killed, or frozen, under load, with its database on its disk, and comes back."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ccr.adapters import db2, db2_url
from ccr.store import schema
from ccr.store.connection import Connection
from tests import databases
from tests.db2 import derby
from tests.db2.conftest import REAL
from tests.db2.derby import Derby
from tests.db2.nodes import SLACK, SOON, Node, Waited, new_key, open_impatient_node
from tests.waiting import until

TICKETS = 6
"""Each with somebody who writes on it without a pause."""


class Load:
    """Carla writes on all her tickets at once, each message until it is stored, as a client does."""

    def __init__(self, node: Node, tickets: list[int]) -> None:
        self.node = node
        self.acknowledged: dict[int, list[tuple[int, str]]] = {ticket: [] for ticket in tickets}
        self.refused: list[float] = []
        self._ending = False

    async def run(self) -> None:
        """Until told to end."""
        await asyncio.gather(*[self._write(ticket) for ticket in self.acknowledged])

    def end(self) -> None:
        """Each has their last message stored, and stops."""
        self._ending = True

    async def stores(self, more: int) -> None:
        """So many messages are acknowledged from now on."""
        goal = self._count() + more
        await until(lambda: self._count() >= goal)

    async def is_refused(self, more: int) -> None:
        """So many messages are refused from now on."""
        goal = len(self.refused) + more
        await until(lambda: len(self.refused) >= goal)

    def _count(self) -> int:
        return sum(len(said) for said in self.acknowledged.values())

    async def _write(self, ticket: int) -> None:
        while not self._ending:
            key = new_key()
            while not await self._try(ticket, key):
                await asyncio.sleep(random.uniform(0.01, 0.1))

    async def _try(self, ticket: int, key: str) -> bool:
        with Waited() as waited:
            answer = await self.node.say(f"My key is {key}", key, ticket)
            self.acknowledged[ticket].append((answer.seq, key))
            return True
        self.refused.append(waited.seconds)
        return False


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[tuple[Derby, Node]]:
    """A database on a disk, and a node on it that waits for no answer longer than in earnest."""
    if REAL:
        pytest.skip("a real DB2 is not for a test to kill")
    if lacking := derby.missing():
        pytest.skip(lacking)
    with derby.running(tmp_path / "derby", memory=False) as (server, shim):
        name = derby.new_name()
        connection = Connection(db2.connect(db2_url.read(shim.url(name))), db2.DIALECT)
        schema.migrate(connection)
        connection.dialect.commit(connection.driver)
        connection.driver.close()
        url = shim.url(name)
        with databases.chosen(url):
            async with open_impatient_node(tmp_path, url) as node:
                yield server, node


@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_under_load_nothing_acknowledged_is_lost_and_nothing_is_stored_twice(
    kept: tuple[Derby, Node], how: str
) -> None:
    server, node = kept
    load = Load(node, [node.ticket, *[await node.raise_ticket() for _ in range(TICKETS - 1)]])
    running = asyncio.create_task(load.run())
    for _ in range(3):
        await load.stores(40)
        if how == "killed":
            await asyncio.to_thread(server.kill)
        else:
            server.freeze()
        await load.is_refused(2 * TICKETS)
        if how == "killed":
            await asyncio.to_thread(server.start)
        else:
            server.thaw()
        assert not running.done()
    await load.stores(40)
    load.end()
    await running

    assert max(load.refused) < SOON + SLACK
    for ticket, acknowledged in load.acknowledged.items():
        stored = [(row[0], row[1]) for row in await node.timeline(ticket)]
        assert [seq for seq, _ in stored] == list(range(1, len(stored) + 1))
        assert acknowledged == stored[-len(acknowledged) :]
    keys = [key for acknowledged in load.acknowledged.values() for _, key in acknowledged]
    assert len(set(keys)) == len(keys)
    for ticket in load.acknowledged:
        changes = [change for change in node.publisher.changes if change.ticket.id == ticket]
        pushed = [entry.seq for change in changes for entry in change.entries]
        assert pushed == list(range(pushed[0], len(await node.timeline(ticket)) + 1))
