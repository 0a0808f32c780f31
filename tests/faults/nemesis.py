"""Which harm comes when: all of it from one seed. Whatever is done here is over when its cycle is."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from time import monotonic

from tests.faults.launcher import POINTS
from tests.faults.nodes import Node
from tests.faults.story import Story, Stuck

log = logging.getLogger(__name__)

Harm = Callable[[], Awaitable[None]]

LATEST = 120
"""Commits, or acknowledgements, from a start after which a bomb goes off at the latest."""

FITS = 100
"""Acknowledgements after which what is left of a full disk is taken, too."""


class Nemesis:
    """In every cycle a server dies, while something else goes wrong as well."""

    def __init__(self, story: Story, seed: int, haste: float = 1.0) -> None:
        self.story = story
        self._haste = haste
        self.faults: Counter[str] = Counter()
        self.refused_for_no_room = 0
        """Times that somebody was told so while a disk was full."""
        self.caught_up: list[float] = []
        """Seconds from Redis' every return until all who stayed connected had what there was by then."""
        self._chance = random.Random(seed)
        self._armed: dict[str, asyncio.Task[None]] = {}
        """For every node that will die by itself at a named point: its death, and that it is started again."""
        self.harms: dict[str, Harm] = {
            "connections cut": self.cut,
            "black hole": self.black_hole,
            "slow line": self.slow,
            "sliced line": self.sliced,
            "server frozen": self.freeze,
            "disk full": self.fill_disk,
            "clients move": self.move,
        }
        if story.redis is not None:
            self.harms |= {"redis killed": self.kill_redis, "redis frozen": self.freeze_redis}

    async def cycle(self, acknowledgements: int) -> None:
        """One death, one other fault, and then so many acknowledgements."""
        name = self._chance.choice(sorted(self.harms))
        node = self._chance.choice(self.story.nodes)
        log.info("%s; %s dies; armed: %s", name, node.name, [*self._armed])
        await asyncio.gather(self.harm(name), self._death(node))
        await self.story.acknowledges(acknowledgements)

    async def harm(self, name: str) -> None:
        """One of `harms`, from its beginning to its end."""
        self.faults[name] += 1
        await self.harms[name]()

    async def die_at(self, node: Node, point: str, after: int) -> None:
        """Start the node anew, so that it dies at this named point, lead everybody to it, and wait for that."""
        if node.up:
            await node.stop()
        await node.start(die=f"{point}:{after}")
        self.story.lead_to(node)
        await node.died(point)
        self.story.lead_to(None)

    async def rest(self) -> None:
        """No more harm: whoever would still die by itself is replaced."""
        for node in self.story.nodes:
            if armed := self._armed.pop(node.name, None):
                armed.cancel()
                await asyncio.gather(armed, return_exceptions=True)
                if node.up:
                    await node.stop()
                await node.start()

    async def _death(self, node: Node) -> None:
        if armed := self._armed.pop(node.name, None):
            await armed
        elif self._chance.random() < 0.2:
            await node.stop()
            await node.start()
        else:
            await asyncio.sleep(self._chance.uniform(0.0, 0.5))
            await node.kill()
            await self._start_with_a_bomb(node)

    async def _start_with_a_bomb(self, node: Node) -> None:
        point, count = self._chance.choice(sorted(POINTS)), self._chance.randint(1, LATEST)
        await node.start(die=f"{point}:{count}")

        async def dies() -> None:
            await node.died(point)
            await node.start()

        self._armed[node.name] = asyncio.create_task(dies())

    async def cut(self) -> None:
        """All connections of one line, a few times."""
        line = self._chance.choice(self.story.lines)
        for _ in range(3):
            line.cut()
            await self._a_while(0.3)

    async def black_hole(self) -> None:
        """Longer than clients wait for an answer, or shorter."""
        line = self._chance.choice(self.story.lines)
        line.black_hole()
        await self._a_while(6)
        line.heal()

    async def slow(self) -> None:
        """As in the underground."""
        line = self._chance.choice(self.story.lines)
        line.latency, line.bandwidth = 0.3, 20_000
        await self._a_while(3)
        line.heal()

    async def sliced(self) -> None:
        """Frames come in small pieces."""
        line = self._chance.choice(self.story.lines)
        line.slice = self._chance.randint(1, 7)
        await self._a_while(3)
        line.heal()

    async def freeze(self) -> None:
        """It may hold the database's lock in that moment."""
        node = self._chance.choice(self.story.nodes)
        node.freeze()
        await self._a_while(3)
        node.thaw()

    async def fill_disk(self) -> None:
        """Until something was refused, or the server that has no room is no more."""
        node, story = self._chance.choice(self.story.nodes), self.story
        log = story.folder / "registry.db-wal"
        size = log.stat().st_size if log.exists() else 0
        refused, process = story.history.refused["unavailable"], node.process
        goal = story.acknowledged() + FITS

        def over() -> bool:
            return (
                story.history.refused["unavailable"] > refused or node.process is not process or not node.up
            )

        node.fill_disk(self._chance.choice([0, size, size + 9_000]))
        await story.until(lambda: over() or story.acknowledged() >= goal)
        if not over():
            # Its log began anew meanwhile, and has room inside itself.
            node.fill_disk(0)
            await story.until(over)
        self.refused_for_no_room += story.history.refused["unavailable"] > refused
        node.free_disk()

    async def move(self) -> None:
        """Half of the clients leave, and come back by another line."""
        for talker in self.story.talkers:
            if self._chance.random() < 0.5:
                talker.move()

    async def kill_redis(self) -> None:
        """Gone for a while, with all that it knew, and back on the same port."""
        assert self.story.redis is not None
        await asyncio.to_thread(self.story.redis.kill)
        await self._a_while(5)
        await asyncio.to_thread(self.story.redis.start)
        await self._catch_up()

    async def freeze_redis(self) -> None:
        """It answers nobody for a while."""
        assert self.story.redis is not None
        self.story.redis.freeze()
        await self._a_while(5)
        self.story.redis.thaw()
        await self._catch_up()

    async def _catch_up(self) -> None:
        began, story = monotonic(), self.story
        due = {
            talker: (story.history.heads[talker.ticket], talker.connects)
            for talker in story.talkers
            if talker.joined
        }

        def behind() -> list[str]:
            return [
                talker.name
                for talker, (head, connects) in due.items()
                if talker.joined and talker.connects == connects and talker.head < head
            ]

        try:
            await story.until(lambda: not behind())
        except Stuck:
            story.history.unaware += [f"{name} of what came while Redis was away" for name in behind()]
        self.caught_up.append(monotonic() - began)

    async def _a_while(self, most: float) -> None:
        await asyncio.sleep(self._chance.uniform(most / 5, most) * self._haste)
