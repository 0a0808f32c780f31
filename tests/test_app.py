"""Whole processes of `ccr`, as an operator runs them: stopped and killed while people talk."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.bench.frames import Frames
from tests.bench.servers import Pair, pairs
from tests.faults.nodes import Node, new_secret
from tests.nodes import running_valkey
from tests.waiting import PATIENCE


class House:
    """Processes on one database, and a customer and an agent on a ticket, who talk by sockets."""

    def __init__(self, nodes: list[Node], http: aiohttp.ClientSession, pair: Pair) -> None:
        self.nodes = nodes
        self.pair = pair
        self._http = http

    async def join(self, node: Node, who: int) -> Frames:
        """The customer (0) or the agent (1), on the ticket."""
        person = await Frames.open(self._http, node.url, {"token": self.pair.tokens[who]})
        await person.ask("join", {"ticket": self.pair.ticket})
        return person

    def message(self, number: int) -> dict[str, Any]:
        """A message with its own key."""
        command = {"type": "post_message", "body": f"Message {number}"}
        return {"ticket": self.pair.ticket, "key": f"message-{number:06d}", "command": command}

    async def status(self, node: Node) -> int | None:
        """What `/readyz` says; `None` if nobody is there."""
        try:
            async with self._http.get(f"{node.url}/readyz") as answer:
                return answer.status
        except (OSError, aiohttp.ClientError):
            return None

    async def stored(self, node: Node) -> dict[str, int]:
        """Every message's body with its number, as the agent reads them by HTTP."""
        found: dict[str, int] = {}
        after, more = 0, True
        while more:
            url = f"{node.url}/api/v1/tickets/{self.pair.ticket}/timeline?after={after}&limit=200"
            headers = {"Authorization": f"Bearer {self.pair.tokens[1]}"}
            async with self._http.get(url, headers=headers) as answer:
                page = await answer.json()
            for entry in page["entries"]:
                if entry["type"] == "message_posted":
                    assert entry["body"] not in found
                    found[entry["body"]] = entry["seq"]
                after = entry["seq"]
            more = page["more"]
        return found


@asynccontextmanager
async def house(folder: Path, count: int) -> AsyncIterator[House]:
    """So many nodes; between two, a Redis."""
    async with AsyncExitStack() as stack:
        environ = {"CCR_SECRET_KEY": new_secret()}
        if count > 1:
            environ["CCR_REDIS_URL"] = stack.enter_context(running_valkey()).url
        nodes = [Node(f"node {number}", folder, environ) for number in range(count)]
        for node in nodes:
            stack.push_async_callback(node.end)
        # All at once, on an empty folder: each could be the one that makes everything.
        await asyncio.gather(*(node.start() for node in nodes))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        [pair] = await pairs(http, nodes[0], 1)
        yield House(nodes, http, pair)


class Talking:
    """Somebody who sends one message after another, several at a time, until the line ends."""

    def __init__(self, house: House, person: Frames, first: int = 0) -> None:
        self.acknowledged: dict[int, int] = {}
        self.asked = first
        self._house, self._person = house, person
        self.task = asyncio.create_task(self._talk())

    async def _talk(self) -> None:
        going: set[asyncio.Task[None]] = set()
        while not self._person.over.is_set():
            while len(going) < 5:
                going.add(asyncio.create_task(self._send(self.asked)))
                self.asked += 1
            waited = asyncio.create_task(self._person.over.wait())
            done, _ = await asyncio.wait({*going, waited}, return_when=asyncio.FIRST_COMPLETED)
            waited.cancel()
            going -= done
        for task in going:
            task.cancel()

    async def _send(self, number: int) -> None:
        answer = json.loads(await self._person.ask("do", self._house.message(number)))[0]
        assert answer["ok"], answer
        self.acknowledged[number] = answer["seq"]

    async def said(self, count: int) -> None:
        """So many have been acknowledged."""
        async with asyncio.timeout(PATIENCE):
            while len(self.acknowledged) < count:
                await asyncio.sleep(0.005)


async def settled(house: House, node: Node, talking: Talking) -> None:
    """What was acknowledged is there under its number; what was not is found out by asking again, and is there once."""
    before = await house.stored(node)
    assert {
        f"Message {number}": seq for number, seq in talking.acknowledged.items()
    }.items() <= before.items()
    person = await house.join(node, 0)
    for number in range(talking.asked):
        answer = json.loads(await person.ask("do", house.message(number)))[0]
        assert answer["ok"]
        assert answer["seq"] == before.get(f"Message {number}", answer["seq"])
    await person.close()
    after = await house.stored(node)
    assert set(after) == {f"Message {number}" for number in range(talking.asked)}
    assert sorted(after.values()) == [*range(3, 3 + len(after))]


@pytest.mark.slow
async def test_sigterm_answers_what_was_asked_says_goodbye_and_ends_in_time(tmp_path: Path) -> None:
    async with house(tmp_path, 1) as registry:
        [node] = registry.nodes
        carla, amir = await registry.join(node, 0), await registry.join(node, 1)
        goodbyes: list[str] = []
        amir.on_push = lambda text: goodbyes.append(text) if "goodbye" in text else None
        talking = Talking(registry, carla)
        await talking.said(20)
        await node.stop()

        # By itself: ten seconds after the signal it would have been ended by force, with another status.
        assert node.process is not None
        assert node.process.returncode == 0
        await asyncio.wait_for(asyncio.gather(talking.task, amir.over.wait()), PATIENCE)
        assert re.search(r'"reconnect_in_ms":\d+', goodbyes[0])
        assert await registry.status(node) is None
        await node.start()
        await settled(registry, node, talking)
        assert node.complaints == []


@pytest.mark.slow
async def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    async with house(tmp_path, 1) as registry:
        [node] = registry.nodes
        talking = Talking(registry, await registry.join(node, 0))
        await talking.said(20)
        await node.kill()
        await talking.task
        await node.start()

        await settled(registry, node, talking)


@pytest.mark.slow
async def test_clients_of_a_node_that_goes_carry_on_by_the_other(tmp_path: Path) -> None:
    async with house(tmp_path, 2) as registry:
        first, second = registry.nodes
        amir = await registry.join(second, 1)
        seen: list[int] = []

        def hear(text: str) -> None:
            if text.startswith('42["entry"'):
                seen.append(json.loads(text[2:])[1]["seq"])

        amir.on_push = hear
        asked = 0
        for leave in (first.stop, first.kill):
            talking = Talking(registry, await registry.join(first, 0), asked)
            await talking.said(20)
            await leave()
            await talking.task
            await settled(registry, second, talking)
            asked = talking.asked
            await first.start()
        # Amir, who stayed, was told of everything, by whichever node it was stored.
        last = max((await registry.stored(second)).values())
        async with asyncio.timeout(PATIENCE):
            while not seen or max(seen) < last:
                await asyncio.sleep(0.01)
        assert sorted(set(seen)) == [*range(3, last + 1)]
        await amir.close()
