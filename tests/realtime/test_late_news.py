"""Late news of whose a ticket is: it turns nobody out who has got it since, and keeps nobody in who lost it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ccr.desk.change import Change
from ccr.realtime.spread import SpreadPublisher
from ccr.realtime.words import Word
from tests.live import Live
from tests.nodes import Two, running_valkey, two_nodes
from tests.waiting import until


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    with running_valkey() as valkey:
        async with two_nodes(tmp_path, valkey.url) as both:
            yield both


def publisher_of(live: Live) -> SpreadPublisher:
    assert isinstance(live.registry.publisher, SpreadPublisher)
    return live.registry.publisher


class SlowReading:
    """What the node next reads of what it was not told is true, and comes back when it is let."""

    def __init__(self, live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done, self._let = asyncio.Event(), asyncio.Event()
        catching_up = publisher_of(live)._catching_up
        assert catching_up is not None
        self._missed = catching_up.missed
        monkeypatch.setattr(catching_up, "missed", self._slowly)

    async def _slowly(self, known: Any) -> Any:
        found = await self._missed(known)
        self.done.set()
        await self._let.wait()
        return found

    def comes_back(self) -> None:
        """Now."""
        self._let.set()


class LateWords:
    """The words that the node hears of tickets, each kept until it is let through."""

    def __init__(self, live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
        publisher = publisher_of(live)
        self._hear, self._words = publisher.heard, list[Word]()
        monkeypatch.setattr(publisher, "heard", self._keep)

    def _keep(self, word: Word) -> None:
        if word.moved:
            self._words.append(word)
        else:
            self._hear(word)

    async def of(self, ticket: int, seq: int) -> Word:
        """The one by which the ticket has come to `seq`, once it is here."""

        def found() -> list[Word]:
            return [word for word in self._words if (ticket, seq) in [(m.ticket, m.seq) for m in word.moved]]

        await until(found)
        return found()[0]

    def let(self, word: Word) -> None:
        """Through."""
        self._hear(word)


async def caught_up(live: Live) -> None:
    """What this node knew that it had missed, it has read and told."""
    await until(lambda: not publisher_of(live)._working)


async def test_what_took_long_to_read_does_not_turn_out_who_has_got_the_ticket_since(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await two.a.ticket_with_agent("amir")
    carla, amir = await two.a.on_ticket(ticket, "carla", "amir")
    reading = SlowReading(two.a, monkeypatch)
    await two.b.do("carla", ticket, "post_message", body="Hello Amir")
    await reading.done.wait()
    await two.a.do("ada", ticket, "assign_agent", agent=two.a.id("bea"))
    [bea] = await two.a.on_ticket(ticket, "bea")
    reading.comes_back()
    await caught_up(two.a)
    await carla.do(ticket, "post_message", body="Hello Bea")

    assert (await bea.heard("entry", where=lambda each: each.get("body") == "Hello Bea"))["seq"] == 5
    assert bea.got("ticket") == []
    await amir.fence()
    assert amir.got("ticket") == [{"id": ticket, "gone": True}]
    assert amir.got("entry") == []


async def test_what_was_read_before_somebody_got_the_ticket_does_not_turn_them_out(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The node has pushed nothing newer, so it is only by her own coming that it can tell."""
    ticket = await two.a.ticket_with_agent("amir")
    await two.a.on_ticket(ticket, "carla")
    reading = SlowReading(two.a, monkeypatch)
    await two.b.do("ada", ticket, "assign_agent", agent=None)
    await reading.done.wait()
    await two.b.do("ada", ticket, "assign_agent", agent=two.b.id("bea"))
    [bea] = await two.a.on_ticket(ticket, "bea")
    reading.comes_back()
    await two.b.do("carla", ticket, "post_message", body="Hello Bea")

    assert (await bea.heard("entry", where=lambda each: each["type"] == "message_posted"))["seq"] == 5
    assert bea.got("ticket") == []


async def test_a_late_word_turns_out_nobody_but_who_lost_the_ticket_by_it(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await two.a.ticket_with_agent("amir")
    carla, amir = await two.a.on_ticket(ticket, "carla", "amir")
    late = LateWords(two.a, monkeypatch)
    await two.b.do("ada", ticket, "assign_agent", agent=None)
    taken = await late.of(ticket, 3)
    await two.b.do("ada", ticket, "assign_agent", agent=two.b.id("bea"))
    given = await late.of(ticket, 4)
    [bea] = await two.a.on_ticket(ticket, "bea")
    late.let(taken)
    assert (await amir.heard("ticket")) == {"id": ticket, "gone": True}
    await caught_up(two.a)
    late.let(given)
    await carla.do(ticket, "post_message", body="Hello Bea")

    assert (await bea.heard("entry", where=lambda each: each["type"] == "message_posted"))["seq"] == 5
    assert bea.got("ticket") == []
    await amir.fence()
    assert amir.got("entry") == []


async def test_who_got_the_ticket_back_is_not_turned_out_by_the_word_of_having_lost_it_before(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await two.a.ticket_with_agent("amir")
    carla, amir = await two.a.on_ticket(ticket, "carla", "amir")
    late = LateWords(two.a, monkeypatch)
    await two.b.do("ada", ticket, "assign_agent", agent=None)
    taken = await late.of(ticket, 3)
    await two.b.do("ada", ticket, "assign_agent", agent=two.b.id("amir"))
    assert (await amir.ask("join", {"ticket": ticket}))["head"] == 4
    late.let(taken)
    await caught_up(two.a)
    await carla.do(ticket, "post_message", body="Hello again")

    assert (await amir.heard("entry", where=lambda each: each["type"] == "message_posted"))["seq"] == 5
    assert amir.got("ticket") == []


async def test_who_lost_the_ticket_by_a_word_that_never_came_is_turned_out_before_more_is_told(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await two.a.ticket_with_agent("amir")
    carla, amir = await two.a.on_ticket(ticket, "carla", "amir")
    late = LateWords(two.a, monkeypatch)
    await two.b.do("ada", ticket, "assign_agent", agent=two.b.id("bea"))
    await late.of(ticket, 3)
    await two.b.do("bea", ticket, "post_note", body="Not for Amir")
    await two.b.do("bea", ticket, "post_message", body="Hello Carla")
    late.let(await late.of(ticket, 5))
    await carla.heard("entry", where=lambda each: each["type"] == "message_posted")
    await amir.fence()

    assert amir.got("ticket") == [{"id": ticket, "gone": True}]
    assert amir.got("entry") == []


async def test_who_came_before_the_words_were_here_is_turned_out_by_the_one_that_takes_the_ticket_away(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await two.a.ticket_with_agent("amir")
    carla, _ = await two.a.on_ticket(ticket, "carla", "amir")
    late = LateWords(two.a, monkeypatch)
    await two.b.do("ada", ticket, "assign_agent", agent=two.b.id("bea"))
    given = await late.of(ticket, 3)
    [bea] = await two.a.on_ticket(ticket, "bea")
    await two.b.do("ada", ticket, "assign_agent", agent=two.b.id("amir"))
    taken = await late.of(ticket, 4)
    await two.b.do("amir", ticket, "post_note", body="Not for Bea")
    for word in (given, taken):
        late.let(word)
    assert (await bea.heard("ticket")) == {"id": ticket, "gone": True}
    await caught_up(two.a)
    await carla.do(ticket, "post_message", body="Hello Amir")
    await carla.fence()
    await bea.fence()

    assert [each["type"] for each in bea.got("entry")] in ([], ["agent_assigned"])
    assert (await bea.ask("join", {"ticket": ticket}))["code"] == "not_found"


async def test_who_only_watches_hears_that_the_ticket_is_gone_though_others_were_told_of_more(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await two.a.ticket_with_agent("amir")
    [carla] = await two.a.on_ticket(ticket, "carla")
    amir, bea = await two.a.connect("amir"), await two.a.connect("bea")
    late = LateWords(two.a, monkeypatch)
    await two.b.do("ada", ticket, "assign_agent", agent=two.b.id("bea"))
    given = await late.of(ticket, 3)
    for client in (amir, bea):
        await client.ask("watch", {})
    await two.b.do("ada", ticket, "assign_agent", agent=None)
    taken = await late.of(ticket, 4)
    await carla.do(ticket, "post_message", body="Is anybody there?")
    await caught_up(two.a)
    for word in (given, taken):
        late.let(word)

    assert (await bea.heard("ticket")) == {"id": ticket, "gone": True}
    assert (await amir.heard("ticket")) == {"id": ticket, "gone": True}


async def test_who_only_watches_hears_that_the_ticket_is_gone_though_no_word_of_it_comes(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await two.a.ticket_with_agent("amir")
    [carla] = await two.a.on_ticket(ticket, "carla")
    amir = await two.a.connect("amir")
    await amir.ask("watch", {})
    late = LateWords(two.a, monkeypatch)
    await two.b.do("ada", ticket, "assign_agent", agent=two.b.id("bea"))
    await late.of(ticket, 3)
    await carla.do(ticket, "post_message", body="Hello Bea")

    assert (await amir.heard("ticket")) == {"id": ticket, "gone": True}


class LatePushes:
    """A publisher's: what was committed is pushed when it is let."""

    def __init__(self, live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
        self._push, self._waiting = live.registry.publisher.changed, list[Change]()
        monkeypatch.setattr(
            live.registry.publisher, "changed", lambda change, _: self._waiting.append(change)
        )

    def let(self) -> None:
        """All of them, in their order."""
        for change in self._waiting:
            self._push(change, None)
        self._waiting.clear()


async def test_who_came_between_the_commit_and_its_push_is_not_turned_out_by_an_older_push(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await live.ticket_with_agent("amir")
    _, amir = await live.on_ticket(ticket, "carla", "amir")
    late = LatePushes(live, monkeypatch)
    await live.do("ada", ticket, "assign_agent", agent=None)
    await live.do("ada", ticket, "assign_agent", agent=live.id("bea"))
    [bea] = await live.on_ticket(ticket, "bea")
    await live.do("carla", ticket, "post_message", body="Hello Bea")
    late.let()

    assert (await bea.heard("entry", where=lambda each: each["type"] == "message_posted"))["seq"] == 5
    assert bea.got("ticket") == []
    assert (await amir.heard("ticket")) == {"id": ticket, "gone": True}
    await amir.fence()
    assert amir.got("entry") == []
