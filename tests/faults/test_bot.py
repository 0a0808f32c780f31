"""The server is killed while the bot is about to answer: the next one answers, and the customer reads it once."""

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.faults.cast import customer
from tests.faults.lines import Broken, call
from tests.faults.nodes import Node
from tests.waiting import PATIENCE

KNOWN = ("How do I change my password?", "How do I reopen a ticket?")


class Carla:
    """What she asks, and what she reads on her ticket."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session, self.url, self.path = session, url, ""

    async def raises_a_ticket(self) -> None:
        """About something that the bot knows nothing of."""
        self.token = (await customer(self.session, self.url, "carla")).token
        raised = await self._call("POST", "tickets", key="the-ticket", query="My kettle hums")
        self.path = f"tickets/{raised['id']}"

    async def asks(self, number: int) -> None:
        """Once more is no other question."""
        command = {"type": "post_message", "body": KNOWN[number]}
        await self._call("POST", f"{self.path}/commands", key=f"question-{number}", command=command)

    async def reads(self, count: int) -> list[str]:
        """Who wrote, once there are so many messages."""
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await self._call("GET", f"{self.path}/timeline")
                wrote = [entry["actor"]["role"] for entry in found["entries"][1:]]
                if len(wrote) >= count:
                    return wrote
                await asyncio.sleep(0.02)

    async def _call(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        return await call(self.session, method, self.url, path, self.token, body or None, within=PATIENCE)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("die", "when"),
    [
        ("after_commit:1", "her message is stored, and nobody has heard of it"),
        ("before_commit:2", "the answer is written, and not stored"),
        ("after_commit:2", "the answer is stored, and nobody has heard of it"),
    ],
)
async def test_the_bot_answers_once_whenever_it_is_killed(tmp_path: Path, die: str, when: str) -> None:
    node = Node("one", tmp_path, {"CCR_ASSISTANT": "embedded", "CCR_TESTS_PATIENT": "yes"})
    try:
        async with aiohttp.ClientSession() as session:
            await node.start(die)
            carla = Carla(session, node.url)
            await carla.raises_a_ticket()
            with contextlib.suppress(Broken):
                await carla.asks(0)
            await node.died(die)
            assert node.process is not None
            assert node.process.returncode == -signal.SIGKILL, when

            await node.start()

            assert await carla.reads(2) == ["customer", "bot"], when
            await carla.asks(0)
            await carla.asks(1)
            assert await carla.reads(4) == ["customer", "bot", "customer", "bot"], when
    finally:
        await node.end()
