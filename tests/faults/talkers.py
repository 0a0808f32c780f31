"""People who write and read as the contract wants it of a client, through whatever comes.

A `Talker` is one tab on one ticket: it sends in order under keys, sends again what nobody acknowledged, applies entries
by `seq` and `prev`, and asks for what is missing. A `Poster` does the same by HTTP alone.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from typing import Any

import aiohttp

from tests.faults.clients import Client
from tests.faults.history import Send, ToldMark
from tests.faults.lines import Broken, Line, call
from tests.proxy import Proxy

Doors = Callable[[], str]
"""Chooses where to connect next: the address of a node, or of a proxy before one."""


class Talker(Client):
    """By a socket. At most `window` sends are in flight, on one connection, in order."""

    def __init__(self, *given: Any, doors: Doors, window: int = 1, **more: Any) -> None:
        super().__init__(*given, **more)
        self._doors = doors
        self._window = window
        self._line: Line | None = None
        self._gap = asyncio.Event()
        self._news = asyncio.Event()
        self._to_mark = asyncio.Event()
        self.connects = 0
        self.joined = False
        """Whether they are on their ticket now."""
        self.online: dict[int, bool] = {}
        """Who else on the ticket is, as they were told."""

    def wants(self, kind: str, **fields: Any) -> Send:
        """Something to be sent, once it is its turn."""
        send = super().wants(kind, **fields)
        self._news.set()
        return send

    def missing(self, something: bool) -> None:
        """Ask for it soon."""
        if something:
            self._gap.set()

    def reads(self) -> None:
        """What is there has been read."""
        self._to_mark.set()

    def leads_by(self, line: Proxy) -> None:
        """Connect by this line alone, from the beginning."""
        self._doors = lambda: line.url

    def move(self) -> None:
        """Leave this connection; the next may lead elsewhere."""
        if self._line is not None:
            self._line.broken.set()

    async def run(self, session: aiohttp.ClientSession) -> None:
        """Connect, catch up, talk; again and again until cancelled."""
        while True:
            with contextlib.suppress(Broken):
                line = self._line = await Line.open(session, self._doors(), self.person.token, self._hear)
                self.connects += 1
                try:
                    await self._talk(line)
                finally:
                    self._line, self.joined = None, False
                    await line.close()
            self.forget()
            await asyncio.sleep(random.uniform(0.05, 0.3))

    async def _talk(self, line: Line) -> None:
        while not await self._come(line):
            # Not theirs, for now.
            await asyncio.sleep(random.uniform(0.1, 0.4))
        work = [
            asyncio.ensure_future(task)
            for task in (self._mend(line), self._send(line), self._mark(line), line.broken.wait())
        ]
        try:
            await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in work:
                task.cancel()
            for outcome in await asyncio.gather(*work, return_exceptions=True):
                if isinstance(outcome, Exception) and not isinstance(outcome, Broken):
                    raise outcome

    async def _come(self, line: Line) -> bool:
        begun = time.monotonic()
        answer = await line.ask("join", {"ticket": self.ticket, "after": self.head})
        if not answer["ok"]:
            return False
        self.asked(begun, answer)
        self.joined = True
        self.online = dict.fromkeys(answer["online"], True)
        self._apply(answer)
        return True

    async def _mark(self, line: Line) -> None:
        while True:
            await self._to_mark.wait()
            self._to_mark.clear()
            await self.mark(lambda seq: line.ask("read", {"ticket": self.ticket, "seq": seq}))

    async def _mend(self, line: Line) -> None:
        while True:
            await self._gap.wait()
            self._gap.clear()
            more = True
            while more:
                begun = time.monotonic()
                answer = await line.ask("sync", {"ticket": self.ticket, "after": self.head})
                if not answer["ok"]:
                    raise Broken
                self.asked(begun, answer)
                more = self._apply(answer)

    def _apply(self, answer: dict[str, Any]) -> bool:
        for entry in answer["entries"]:
            self.take(entry)
        if answer["more"]:
            self._gap.set()
        return bool(answer["more"])

    async def _send(self, line: Line) -> None:
        while True:
            self._news.clear()
            while batch := list(self.waiting)[: self._window]:
                asks = [self._do(line, send) for send in batch]
                settled = await asyncio.gather(*asks, return_exceptions=True)
                for send, done in zip(batch, settled, strict=True):
                    if done is True:
                        self.waiting.remove(send)
                if any(isinstance(done, BaseException) for done in settled):
                    raise Broken
                if False in settled:
                    await asyncio.sleep(random.uniform(0.05, 0.2))
                if any(send.attempts[-1].code == "not_found" for send in batch):
                    raise Broken  # no longer theirs: come again
            await self._news.wait()

    async def _do(self, line: Line, send: Send) -> bool:
        asked = {"ticket": self.ticket, "key": send.key, "command": dict(send.command)}
        return await self.attempt(send, line.ask("do", asked))

    def _hear(self, event: str, payload: dict[str, Any]) -> None:
        if event == "entry":
            self.missing(self.take(payload))
        elif event == "read" and payload["ticket"] == self.ticket:
            told = ToldMark(
                self.person.id, self.ticket, payload["person"]["id"], payload["seq"], time.monotonic()
            )
            self.history.told.append(told)
        elif event == "presence":
            self.online[payload["person"]["id"]] = payload["online"]
        elif event == "ticket" and payload.get("gone"):
            self.move()


class Poster(Client):
    """By HTTP alone, one request at a time, sometimes reading."""

    def __init__(self, *given: Any, doors: Doors, **more: Any) -> None:
        super().__init__(*given, **more)
        self._doors = doors

    async def run(self, session: aiohttp.ClientSession) -> None:
        """Send what waits and read on, until cancelled."""
        while True:
            try:
                if self.waiting:
                    await self._post(session, self.waiting[0])
                if self.ticket:
                    await self.read_on(session, self._doors())
            except Broken:
                self.forget()
            await asyncio.sleep(random.uniform(0.02, 0.2))

    async def read_on(self, session: aiohttp.ClientSession, url: str) -> None:
        """A page of what came since."""
        begun = time.monotonic()
        path = f"tickets/{self.ticket}/timeline?after={self.head}&limit=200"
        found = await call(session, "GET", url, path, self.person.token)
        if found["ok"]:
            self.asked(begun, found)
            for entry in found["entries"]:
                self.take(entry)

    async def _post(self, session: aiohttp.ClientSession, send: Send) -> None:
        command = {**send.command}
        if send.ticket:
            path, body = f"tickets/{send.ticket}/commands", {"key": send.key, "command": command}
        else:
            path, body = "tickets", {"key": send.key, "query": command["query"]}
        if await self.attempt(send, self._answer(session, path, body)):
            self.waiting.popleft()

    async def _answer(
        self, session: aiohttp.ClientSession, path: str, body: dict[str, Any]
    ) -> dict[str, Any]:
        answer = await call(session, "POST", self._doors(), path, self.person.token, body)
        if answer["ok"] and path == "tickets":
            return {"ok": True, "ticket": answer["id"], "seq": 1, "entries": []}
        return answer
