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
from tests.waiting import PATIENCE, until


class House:
    """Processes on one database, and a customer and an agent on a ticket, who talk by sockets."""

    def __init__(self, nodes: list[Node], http: aiohttp.ClientSession, pair: Pair) -> None:
        self.nodes = nodes
        self.pair = pair
        self._http = http

    async def connect(self, node: Node, who: int) -> Frames:
        """The customer (0) or the agent (1)."""
        return await Frames.open(self._http, node.url, {"token": self.pair.tokens[who]})

    async def join(self, node: Node, who: int) -> Frames:
        """The same, on the ticket."""
        person = await self.connect(node, who)
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


class Page:
    """An open page that does as the contract says: it applies by number, and comes back when it is told to."""

    def __init__(self, house: House, who: int) -> None:
        self.applied: list[int] = []
        self.told: asyncio.Future[tuple[float, int]] = asyncio.get_running_loop().create_future()
        """When it was told goodbye, and the milliseconds after which it is to be back."""
        self._house, self._who = house, who
        self._held: list[dict[str, Any]] | None = None

    @property
    def last(self) -> int:
        """The highest number it has applied."""
        return self.applied[-1] if self.applied else 0

    async def come(self, node: Node) -> int:
        """Connected, and up to date: so many entries had been missed."""
        self._held = []
        self.line = await self._house.connect(node, self._who)
        self.line.on_push = self._hear
        asked = {"ticket": self._house.pair.ticket, "after": self.last}
        answer = json.loads(await self.line.ask("join", asked))[0]
        assert answer["ok"], answer
        held, self._held = self._held, None
        for entry in answer["entries"] + held:
            self._apply(entry)
        return len(answer["entries"])

    async def come_when_told(self, node: Node) -> int:
        """Let go of by the one, and then, not sooner than it said, at the other."""
        told_at, milliseconds = await self.told
        await self.line.over.wait()
        await asyncio.sleep(told_at + milliseconds / 1_000 - asyncio.get_running_loop().time())
        return await self.come(node)

    def _hear(self, text: str) -> None:
        event, payload = json.loads(text[2:])
        if event == "goodbye":
            self.told.set_result((asyncio.get_running_loop().time(), payload["reconnect_in_ms"]))
        elif event == "entry" and self._held is not None:
            self._held.append(payload)
        elif event == "entry":
            self._apply(payload)

    def _apply(self, entry: dict[str, Any]) -> None:
        if entry["seq"] > self.last:
            assert entry["prev"] == self.last, "a gap"
            self.applied.append(entry["seq"])


@pytest.mark.slow
async def test_clients_that_are_told_goodbye_come_to_the_other_node_in_turn_and_miss_nothing(
    tmp_path: Path,
) -> None:
    async with house(tmp_path, 2) as registry:
        first, second = registry.nodes
        carla, amir = await registry.join(first, 0), await registry.join(second, 1)
        pages = [Page(registry, number % 2) for number in range(20)]
        await asyncio.gather(*(page.come(first) for page in pages))
        for number in range(10):
            assert json.loads(await carla.ask("do", registry.message(number)))[0]["ok"]

        stopping = asyncio.create_task(first.stop())
        async with asyncio.timeout(PATIENCE):
            waits = [milliseconds for _, milliseconds in [await page.told for page in pages]]
        # Within the window, and each at a moment of its own.
        assert all(300 <= wait <= 3_800 for wait in waits)
        assert len(set(waits)) == len(waits)
        for number in range(10, 20):
            assert json.loads(await amir.ask("do", registry.message(number)))[0]["ok"]
        async with asyncio.timeout(PATIENCE):
            missed = await asyncio.gather(*(page.come_when_told(second) for page in pages))
            await stopping
        assert all(count >= 10 for count in missed)
        assert first.process is not None
        assert first.process.returncode == 0

        assert json.loads(await amir.ask("do", registry.message(20)))[0]["ok"]
        stored = await registry.stored(second)
        assert len(stored) == 21
        last = max(stored.values())
        await until(lambda: all(page.last == last for page in pages), PATIENCE)
        assert all(page.applied == [*range(1, last + 1)] for page in pages)
        for line in (amir, *(page.line for page in pages)):
            await line.close()
