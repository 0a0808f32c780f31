"""What every client knows and notes down, however it speaks: its keys, its attempts, what it applied."""

import random
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.faults.history import OK, REFUSED, UNKNOWN, Asked, Attempt, History, Mark, Reader, Send

AGAIN = frozenset({"unavailable", "rate_limited", "unauthenticated"})
"""Refusals after which the same is sent again."""


@dataclass(frozen=True)
class Person:
    """Somebody signed in."""

    id: int
    name: str
    role: str
    token: str


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
        self.history.refused[attempt.code] += 1
        return answer["code"] not in AGAIN

    async def run(self, session: aiohttp.ClientSession) -> None:
        """Do what such a client does, until cancelled."""
        raise NotImplementedError

    def missing(self, something: bool) -> None:
        """Something was; overridden where it matters at once."""

    def asked(self, begun: float, answer: dict[str, Any]) -> None:
        """A reading was answered."""
        reads = {read["person"]["id"]: read["seq"] for read in answer["reads"]}
        self.history.asked.append(Asked(self.person.id, self.ticket, begun, time.monotonic(), reads))

    async def mark(self, ask: Callable[[int], Awaitable[dict[str, Any]]]) -> None:
        """Everything applied has been read. Raises `Broken` where nobody knows whether that is stored."""
        mark = Mark(self.person.id, self.ticket, self.head, time.monotonic())
        self.history.marks.append(mark)
        if (await ask(mark.seq))["ok"]:
            mark.ended = time.monotonic()

    def forget(self) -> None:
        """Some of what nobody answered is given up, as by somebody who closes the tab."""
        for send in list(self.waiting):
            if send.attempts and send.attempts[-1].outcome == UNKNOWN and random.random() < self._forgets:
                send.forgotten = True
                self.waiting.remove(send)
