"""What nodes tell each other: numbered, so that who missed one asks for it; sealed, so that no stranger is believed."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
import pytest

from ccr.realtime import nodes, peers, words
from ccr.realtime.nodes import Nodes
from ccr.realtime.words import Moved, ReadUpTo, Seal, Thing, Told, Word, merged
from tests.waiting import until

SECRET = "a secret of the registry"


class Hub:
    """A line that ends in this process. `lost` says which words never arrive."""

    def __init__(self) -> None:
        self.ends: list[End] = []
        self.lost: Callable[[Word], bool] = lambda _: False
        self.down = False
        self.seal = Seal(SECRET)

    def publish(self, message: bytes) -> None:
        """To everybody who listens."""
        if self.down:
            raise ConnectionError("down")
        try:
            word = self.seal.open(message)
        except msgspec.DecodeError:
            word = None
        for end in self.ends:
            if word is None or word.node == end.owner or not self.lost(word):
                end.queue.put_nowait(message)


class End:
    """One node's."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.owner = ""
        self.queue: asyncio.Queue[bytes] = asyncio.Queue()
        hub.ends.append(self)

    async def subscribe(self) -> None:
        if self._hub.down:
            raise ConnectionError("down")

    async def hear(self, within: float) -> bytes | None:
        if self._hub.down:
            raise ConnectionError("down")
        try:
            async with asyncio.timeout(within):
                return await self.queue.get()
        except TimeoutError:
            return None

    async def publish(self, message: bytes) -> None:
        self._hub.publish(message)

    async def close(self) -> None:
        pass


class Hearer:
    """Remembers."""

    def __init__(self) -> None:
        self.words: list[Word] = []
        self.checks: list[bool] = []
        self.here: set[int] = set()
        self.changed: list[int] = []

    def heard(self, word: Word) -> None:
        self.words.append(word)

    def came_or_went(self, people: Iterable[int]) -> None:
        self.changed += people

    async def check(self, *, lists: bool) -> None:
        self.checks.append(lists)

    def people(self) -> Iterable[int]:
        return self.here

    def moved(self) -> dict[int, int]:
        """The last number heard of each ticket."""
        return {each.ticket: each.seq for word in self.words for each in word.moved}


class Clock:
    """Stands still, so that nobody falls silent because the machine is busy."""

    now = 0.0

    async def passes(self, seconds: int, *there: Nodes) -> None:
        """One by one; these hear themselves, and what reaches them of each other, in every one of them."""
        for _ in range(seconds):
            self.now += 1
            await until(lambda: all(node._heard_myself_at == self.now for node in there))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for part in (nodes, peers):
        monkeypatch.setattr(part, "monotonic", lambda: made.now)
    return made


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Hub:
    monkeypatch.setattr(nodes, "BEAT", 0.02)
    monkeypatch.setattr(nodes, "RETRY", 0.02)
    return Hub()


@asynccontextmanager
async def node(hub: Hub, *people: int) -> AsyncIterator[tuple[Nodes, Hearer]]:
    """One that runs, and hears itself."""
    hearer, end = Hearer(), End(hub)
    hearer.here = set(people)
    made = Nodes(end, Seal(SECRET), hearer)
    end.owner = made.name
    task = asyncio.create_task(made.run())
    try:
        await until(lambda: made.there)
        yield made, hearer
    finally:
        hub.ends.remove(end)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def moved(ticket: int, seq: int, lost: list[int] | None = None, agent: int | None = None) -> Moved:
    return Moved(ticket, seq, 1, agent, 1, False, lost or [])


async def test_a_word_that_was_missed_is_asked_for_and_told_again(hub: Hub) -> None:
    async with AsyncExitStack() as stack:
        a, _ = await stack.enter_async_context(node(hub))
        b, hearer = await stack.enter_async_context(node(hub))
        await until(lambda: a.name in b._peers._by_name)
        looked = len(hearer.checks)
        hub.lost = lambda word: word.node == a.name and bool(word.moved or word.ended)
        a.tell(moved(7, 3), ReadUpTo(7, 1, 3, False), 99)
        await until(lambda: a._telling._told._things and not a._telling._things and a._unsent is None)
        hub.lost = lambda _: False

        await until(lambda: hearer.moved() == {7: 3})
        assert {99} == {session for word in hearer.words for session in word.ended}
        assert [each.seq for word in hearer.words for each in word.reads] == [3]
        await until(lambda: len(hearer.checks) > looked)


async def test_what_could_not_be_told_is_told_once_the_line_is_back(hub: Hub) -> None:
    async with AsyncExitStack() as stack:
        a, _ = await stack.enter_async_context(node(hub))
        b, hearer = await stack.enter_async_context(node(hub))
        hub.down = True
        await until(lambda: not a.there and not b.there)
        for seq in range(3, 10):
            a.tell(moved(7, seq))
        looked = len(hearer.checks)
        await until(lambda: len(hearer.checks) > looked + 1)  # by asking the database, again and again
        hub.down = False

        await until(lambda: hearer.moved() == {7: 9})
        assert len([word for word in hearer.words if word.moved]) <= 2


async def test_who_is_online_is_known_everywhere_until_their_node_goes_or_dies(
    hub: Hub, clock: Clock
) -> None:
    async with AsyncExitStack() as stack:
        a, hearer = await stack.enter_async_context(node(hub, 1))
        async with node(hub, 2, 3) as (b, b_hearer):
            await until(lambda: a.all_elsewhere() == {2, 3} and b.all_elsewhere() == {1})
            b_hearer.here = {2, 3, 4}
            b.came(4, online=True)
            b.came(3, online=False)
            await until(lambda: a.all_elsewhere() == {2, 4})
            hub.lost = lambda word: word.node == b.name  # as good as dead
            hearer.checks.clear()
            await clock.passes(6, a, b)
            await until(lambda: a.all_elsewhere() == set())
            await until(lambda: True in hearer.checks)
            hub.lost = lambda _: False
            await until(lambda: a.all_elsewhere() == {2, 3, 4})
        # It said that it left: its people have a moment to come to another, and nothing needs to be looked for.
        await until(lambda: all(peer.leaves for peer in a._peers._by_name.values()))
        hearer.checks.clear()
        await clock.passes(6, a)
        await until(lambda: a.all_elsewhere() == set())
        assert True not in hearer.checks
        assert hearer.changed.count(2) == 4


async def test_nobody_else_is_believed(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    async with node(hub) as (_, hearer):
        forged = Seal("another secret").close(Word(node="mallory", n=1, ended=[1], people=[]))
        for message in (forged, b"", b"garbage", hub.seal.close(Word(node="x", n=1, people=[]))[:-1]):
            hub.publish(message)
        hub.publish(hub.seal.close(Word(node="friend", n=1, people=[5])))
        await until(lambda: hearer.words)

        assert [word.node for word in hearer.words] == ["friend"]
    assert len([line for line in caplog.messages if "none of ours" in line]) == 1


async def test_a_word_that_comes_twice_or_late_is_one(hub: Hub) -> None:
    async with node(hub) as (_, hearer):
        first, second = (hub.seal.close(Word(node="friend", n=n, moved=[moved(7, n)])) for n in (1, 2))
        for message in (first, second, first, second):
            hub.publish(message)
        hub.publish(hub.seal.close(Word(node="friend", n=3, ended=[5])))
        await until(lambda: any(word.ended for word in hearer.words))

        assert [word.n for word in hearer.words] == [1, 2, 3]


async def test_a_word_of_a_newer_version_makes_one_look_for_oneself(hub: Hub) -> None:
    async with node(hub) as (_, hearer):
        text = msgspec.json.encode({"node": "newer", "n": "one"})
        hub.publish(hub.seal._mac(text) + text)

        await until(lambda: True in hearer.checks)


def test_what_is_told_twice_is_told_as_one() -> None:
    first, then = moved(7, 3, lost=[4, 5]), moved(7, 4, lost=[6], agent=5)
    both = merged(first, then)

    assert both == moved(7, 4, lost=[4, 6], agent=5)


def test_what_is_remembered_has_a_limit_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "REMEMBERED", 2)
    told = Told()
    things: list[Thing] = [moved(1, 1), moved(2, 1), 3]
    for n, thing in enumerate(things, start=1):
        told.remember(n, [thing])

    assert [*told.after(1)] == things[1:]
    assert told.forgotten == 1
