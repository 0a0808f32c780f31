"""People who write and read as the contract wants it of a client, and note down everything.

A `Talker` is one tab on one ticket: it sends in order under keys, sends again what nobody acknowledged, applies entries
by `seq` and `prev`, and asks for what is missing. A `Poster` does the same by HTTP alone.
"""

import asyncio
import contextlib
import json
import random
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.faults.history import OK, REFUSED, UNKNOWN, Asked, Attempt, History, Reader, Send

ANSWER = 4.0
"""Seconds without an acknowledgement after which a client takes the connection for dead."""

AGAIN = frozenset({"unavailable", "rate_limited", "unauthenticated"})
"""Refusals after which the same is sent again."""

Doors = Callable[[], str]
"""Chooses where to connect next: the address of a node, or of a proxy before one."""


@dataclass(frozen=True)
class Person:
    """Somebody signed in."""

    id: int
    name: str
    role: str
    token: str


class Broken(Exception):
    """The connection is of no more use."""


class Line:
    """One connection: events out, acknowledgements and pushes in."""

    def __init__(
        self, socket: aiohttp.ClientWebSocketResponse, heard: Callable[[str, dict[str, Any]], None]
    ) -> None:
        self._socket = socket
        self._heard = heard
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._number = 0
        self.broken = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(
        cls,
        session: aiohttp.ClientSession,
        url: str,
        token: str,
        heard: Callable[[str, dict[str, Any]], None],
    ) -> "Line":
        """Connected and let in. Raises `Broken`."""
        try:
            async with asyncio.timeout(ANSWER):
                socket = await session.ws_connect(
                    f"{url}/socket.io/?EIO=4&transport=websocket", compress=0, timeout=_CLOSING
                )
                await socket.receive_str()
                await socket.send_str("40" + json.dumps({"token": token}))
                if not (await socket.receive_str()).startswith("40"):
                    await socket.close()
                    raise Broken
        except (OSError, TimeoutError, TypeError, aiohttp.ClientError) as error:
            raise Broken from error
        return cls(socket, heard)

    async def ask(self, event: str, payload: dict[str, Any]) -> dict[str, Any]:
        """The acknowledgement. Raises `Broken` when none comes in time or the connection goes."""
        self._number += 1
        number = self._number
        answered = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(ANSWER):
                if self.broken.is_set():
                    raise Broken
                await self._socket.send_str(f"42{number}{json.dumps([event, payload])}")
                answer: dict[str, Any] = await answered
                return answer
        except (OSError, TimeoutError, aiohttp.ClientError) as error:
            self._break()
            raise Broken from error
        finally:
            self._waiting.pop(number, None)

    async def close(self) -> None:
        """Gone, without waiting for the other side."""
        self._break()
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        with contextlib.suppress(Exception):
            await self._socket.close()

    def _break(self) -> None:
        self.broken.set()
        for answered in self._waiting.values():
            if not answered.done():
                answered.set_exception(Broken())
                answered.exception()  # whoever waited may be gone by now

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                text = str(message.data)
                if text == "2":
                    await self._socket.send_str("3")
                elif text.startswith("43"):
                    number, _, answer = text[2:].partition("[")
                    if (waits := self._waiting.get(int(number))) and not waits.done():
                        waits.set_result(json.loads(answer[:-1]))
                elif text.startswith("42"):
                    event, payload = json.loads(text[2:])
                    self._heard(event, payload)
                elif text.startswith("41"):
                    break
        except (OSError, aiohttp.ClientError):
            pass
        finally:
            self._break()


_CLOSING = aiohttp.ClientWSTimeout(ws_close=0.2)


class Client:
    """What one tab on one ticket knows, and its way of noting it down."""

    def __init__(
        self, history: History, name: str, person: Person, ticket: int, *, forgets: float = 0.0
    ) -> None:
        self.history = history
        self.name = name
        self.person = person
        self.ticket = ticket
        self.waiting: deque[Send] = deque()
        """Sent or to be sent, and not acknowledged, in order."""
        self.acknowledged = 0
        self._forgets = forgets
        self._applied: list[int] = []
        self.own: list[int] = []
        history.readers[name] = Reader(person.id, ticket, self._applied)

    @property
    def head(self) -> int:
        """The highest number applied."""
        return self._applied[-1] if self._applied else 0

    def wants(self, kind: str, **fields: Any) -> Send:
        """Something to be sent, once it is its turn."""
        key = f"{self.name}-{secrets.token_urlsafe(9)}"
        ticket = 0 if kind == "open_ticket" else self.ticket
        send = Send(self.name, self.person.id, ticket, key, {"type": kind, **fields})
        self.waiting.append(send)
        return send

    def says(self, kind: str = "post_message") -> Send:
        """Something that nobody else says."""
        return self.wants(kind, body=f"{self.name} says {secrets.token_hex(4)}")

    def take(self, entry: dict[str, Any]) -> bool:
        """Apply it, if it is next; whether something before it is missing."""
        self.history.saw(self.name, self.person.id, entry)
        if entry["ticket"] != self.ticket or entry["seq"] <= self.head:
            return False
        if entry["prev"] != self.head:
            return True
        self._applied.append(entry["seq"])
        if entry.get("key") and entry["type"] == "message_posted":
            self.own.append(entry["seq"])
        return False

    async def attempt(self, send: Send, ask: Awaitable[dict[str, Any]]) -> bool:
        """Send it, and note down what came of it. True if it is settled; raises `Broken` where nobody knows."""
        self.history.sends[send.key] = send
        attempt = Attempt(time.monotonic(), time.time_ns() // 1_000_000)
        send.attempts.append(attempt)
        answer = await ask
        attempt.ended = time.monotonic()
        if answer["ok"]:
            attempt.outcome = OK
            send.answers.add((answer["ticket"], answer["seq"]))
            self.acknowledged += 1
            for entry in answer["entries"]:
                self.missing(self.take(entry))
            return True
        attempt.outcome, attempt.code = REFUSED, answer["code"]
        return answer["code"] not in AGAIN

    async def run(self, session: aiohttp.ClientSession) -> None:
        """Do what such a client does, until cancelled."""
        raise NotImplementedError

    def missing(self, something: bool) -> None:
        """Something was; overridden where it matters at once."""

    def asked(self, begun: float) -> None:
        """A reading was answered."""
        self.history.asked.append(Asked(self.person.id, self.ticket, begun, time.monotonic()))

    def forget(self) -> None:
        """Some of what nobody answered is given up, as by somebody who closes the tab."""
        for send in list(self.waiting):
            if send.attempts and send.attempts[-1].outcome == UNKNOWN and random.random() < self._forgets:
                send.forgotten = True
                self.waiting.remove(send)


class Talker(Client):
    """By a socket. At most `window` sends are in flight, on one connection, in order."""

    def __init__(self, *given: Any, doors: Doors, window: int = 1, **more: Any) -> None:
        super().__init__(*given, **more)
        self._doors = doors
        self._window = window
        self._line: Line | None = None
        self._gap = asyncio.Event()
        self._news = asyncio.Event()
        self.connects = 0

    def wants(self, kind: str, **fields: Any) -> Send:
        """Something to be sent, once it is its turn."""
        send = super().wants(kind, **fields)
        self._news.set()
        return send

    def missing(self, something: bool) -> None:
        """Ask for it soon."""
        if something:
            self._gap.set()

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
                    self._line = None
                    await line.close()
            self.forget()
            await asyncio.sleep(random.uniform(0.05, 0.3))

    async def _talk(self, line: Line) -> None:
        while not await self._come(line):
            # Not theirs, for now.
            await asyncio.sleep(random.uniform(0.1, 0.4))
        work = [
            asyncio.ensure_future(task) for task in (self._mend(line), self._send(line), line.broken.wait())
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
        self.asked(begun)
        self._apply(answer)
        return True

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
                self.asked(begun)
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
            self.asked(begun)
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


async def call(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    path: str,
    token: str | None = None,
    body: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The JSON answer, with `ok`. Raises `Broken` where there is none."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    timeout = aiohttp.ClientTimeout(total=ANSWER)
    try:
        async with session.request(
            method, f"{url}/api/v1/{path}", json=body, headers=headers, timeout=timeout
        ) as answer:
            found = await answer.json() if answer.status != 204 else {}
    except (OSError, TimeoutError, ValueError, aiohttp.ClientError) as error:
        raise Broken from error
    return {"ok": answer.status < 300, **found}
