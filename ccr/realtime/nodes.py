"""This process among the others of the same registry: what it tells them, and what it makes of what they tell.

Everything is a hint, told after the commit and waited for by nobody. Words are numbered, so that whoever missed one
notices, and asks for it. While the line is away each node looks after its own people by asking the database.
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Iterable
from time import monotonic
from typing import Protocol

import msgspec

from ccr import metrics
from ccr.realtime.peers import Peer, Peers
from ccr.realtime.telling import Telling
from ccr.realtime.words import Seal, Thing, Types, Word

logger = logging.getLogger(__name__)

BEAT = 1.0
"""Seconds after which a node that has nothing to tell says so."""

SILENCE = 2.5
"""Seconds without hearing our own words after which the line counts as away."""

RETRY = 0.5
"""Seconds between tries to reach a line that is away."""

FAREWELL = 1.0
"""Seconds for the last word."""


class Line(Protocol):
    """Carries words between nodes. Each of its ways may raise `ConnectionError`."""

    async def subscribe(self) -> None:
        """Hear what is published from now on."""

    async def hear(self, within: float) -> bytes | None:
        """The next word, or `None` after so many seconds."""

    async def publish(self, message: bytes) -> None:
        """Tell everybody, ourselves too."""

    async def close(self) -> None:
        """No more words."""


class Hearer(Protocol):
    """Who makes something of the words."""

    def heard(self, word: Word) -> None:
        """From another node."""

    def came_or_went(self, people: Iterable[int]) -> None:
        """These came to other nodes, or went from them."""

    async def check(self, *, lists: bool) -> None:
        """Words may have been missed: ask the database. `lists`: also for what is on no ticket that is open here."""

    def people(self) -> Iterable[int]:
        """Who is online here."""


class Nodes:
    """Speaks and listens while it runs."""

    def __init__(self, line: Line, seal: Seal, hearer: Hearer) -> None:
        self.name = secrets.token_hex(6)
        self.there = False
        """Whether we hear ourselves."""
        self._line = line
        self._seal = seal
        self._hearer = hearer
        self._peers = Peers(hearer.came_or_went)
        self._telling = Telling(self.name, hearer.people)
        self._unsent: Word | None = None
        self._heard_myself_at = 0.0
        self._lost_once = self._strangers = False
        self._look, self._look_at_lists = asyncio.Event(), False

    def elsewhere(self, person: int) -> bool:
        """Whether they are online on another node."""
        return self._peers.is_online(person)

    def all_elsewhere(self) -> frozenset[int]:
        """Everybody online on another node."""
        return self._peers.online()

    def tell(self, *things: Thing) -> None:
        """To be told as soon as possible, and to be told again until it arrived."""
        self._telling.tell(*things)

    def came(self, person: int, online: bool) -> None:
        """Somebody has come to this node, or gone from it."""
        self._telling.came(person, online)

    def types(self, signal: Types) -> None:
        """Told now, or never."""
        if self.there:
            self._telling.types(signal)

    async def run(self) -> None:
        """Until cancelled; then the others are told that this node leaves."""
        tasks = [asyncio.create_task(work()) for work in (self._listen, self._speak, self._mind, self._check)]
        metrics.NODES_THERE.set_function(lambda: float(self.there))
        metrics.NODES_OTHERS.set_function(lambda: float(len(self._peers)))
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.shield(self._leave())

    async def _leave(self) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(FAREWELL):
                if self._unsent is not None:
                    await self._line.publish(self._seal.close(self._unsent))
                word = self._telling.compose()
                word.leaves = True
                await self._line.publish(self._seal.close(word))
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(FAREWELL):
                await self._line.close()

    async def _speak(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT):
                    await self._telling.something.wait()
            if self._unsent is None:
                self._unsent = self._telling.compose()
            try:
                await self._line.publish(self._seal.close(self._unsent))
            except ConnectionError:
                # The same word again, and not one that says more: it may have arrived.
                await asyncio.sleep(RETRY)
            else:
                self._unsent = None

    async def _listen(self) -> None:
        while True:
            try:
                await self._line.subscribe()
                # From here on there is something to hear: our own next word.
                self._heard_myself_at = monotonic()
                self._telling.something.set()
                while True:
                    self._hear(await self._line.hear(RETRY))
            except ConnectionError as error:
                self._away(str(error))
            except Exception as error:
                logger.exception("listening to other nodes failed")
                self._away(type(error).__name__)
            await asyncio.sleep(RETRY)

    def _hear(self, sealed: bytes | None) -> None:
        if sealed is None:
            if monotonic() - self._heard_myself_at > SILENCE:
                raise ConnectionError("silence")
            return
        try:
            word = self._seal.open(sealed)
        except msgspec.DecodeError:
            # Sealed by one of us, of a version that we do not understand.
            self._look_at_everything()
            return
        if word is None:
            self._stranger()
        elif word.node == self.name:
            self._heard_myself_at = monotonic()
            if not self.there:
                self._back()
        else:
            self._heard(word)

    def _heard(self, word: Word) -> None:
        peer, new = self._peers.heard(word.node)
        if new:
            self._telling.something.set()  # it may not know of us either
        if word.n <= peer.last:
            return
        if word.n > peer.last + 1:
            self._missed(word, peer, new)
        peer.last = word.n
        self._peers.count(peer, word)
        for asked in word.asks:
            if asked.node == self.name:
                self._telling.tell_again(asked.after)
        if word.forgot:
            self._look_at_everything()
        try:
            self._hearer.heard(word)
        except Exception:
            logger.exception("a word of another node was lost")
        peer.leaves = word.leaves

    def _missed(self, word: Word, peer: Peer, new: bool) -> None:
        """From a node we did not know of we need no more than who is there, and what is open here as it stands now."""
        if not new:
            self._telling.ask(word.node, peer.last)
        elif word.people is None:
            self._telling.ask(word.node, word.n)
        self._look.set()

    async def _mind(self) -> None:
        """Every second: who has died, and, while the line is away, what the database knows."""
        while True:
            await asyncio.sleep(BEAT)
            if not self.there:
                self._look.set()
                continue
            for node in self._peers.forget_the_dead():
                logger.warning("another node has gone silent", extra={"node": node})
                # It may have died between a commit and its word.
                self._look_at_everything()

    async def _check(self) -> None:
        while True:
            await self._look.wait()
            self._look.clear()
            lists, self._look_at_lists = self._look_at_lists, False
            try:
                await self._hearer.check(lists=lists)
            except Exception as error:  # noqa: BLE001 - the database may be away, too
                logger.debug("could not check: %s", type(error).__name__)
                self._look_at_lists |= lists
                await asyncio.sleep(RETRY)
                self._look.set()

    def _look_at_everything(self) -> None:
        self._look_at_lists = True
        self._look.set()

    def _away(self, why: str) -> None:
        if self.there or not self._lost_once:
            logger.warning("other nodes are out of reach (%s); the people on this one notice nothing", why)
        self._lost_once = True
        self.there = False

    def _back(self) -> None:
        if self._lost_once:
            logger.warning("other nodes can be reached again")
        self.there = True
        self._peers.all_heard()
        # What went past us shows in the numbers of the next words; what is open here is looked after at once.
        self._telling.name_people()
        self._look.set()

    def _stranger(self) -> None:
        if not self._strangers:
            logger.error("something that is none of ours was published on our Redis channel, and is ignored")
        self._strangers = True
