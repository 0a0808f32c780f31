"""Coming to a ticket in the very moment in which it is taken away, or given back."""

import asyncio
from typing import Any

import pytest

from tests.live import Client, Live
from tests.waiting import until


class Slow:
    """One of the ways of reading: what is next read for this person is true when it is read, and comes back when it is
    let; or, if it `begins_late`, is not read before it is let.
    """

    def __init__(
        self,
        live: Live,
        monkeypatch: pytest.MonkeyPatch,
        way: str,
        person: str,
        *,
        begins_late: bool = False,
    ) -> None:
        self.waits, self._let = asyncio.Event(), asyncio.Event()
        self._read, self._person = getattr(live.registry.reading, way), live.id(person)
        self._begins_late = begins_late
        monkeypatch.setattr(live.registry.reading, way, self._slowly)

    async def _slowly(self, person: Any, *given: Any) -> Any:
        if person.id == self._person and self._begins_late:
            await self._wait()
        found = await self._read(person, *given)
        if person.id == self._person:
            await self._wait()
        return found

    async def _wait(self) -> None:
        self.waits.set()
        await self._let.wait()

    def goes_on(self) -> None:
        """Now, and from now on at once."""
        self._let.set()


def are_on(live: Live, ticket: int) -> set[int]:
    return {socket.person.id for socket in live.registry.sockets.on_ticket(ticket)}


async def assign(live: Live, ticket: int, agent: str) -> None:
    await live.do("ada", ticket, "assign_agent", agent=live.id(agent))


async def hears_of(client: Client, carla: Client, ticket: int, body: str) -> bool:
    """Whether what Carla says comes to this client."""
    await carla.do(ticket, "post_message", body=body)
    await client.fence()
    return body in [entry.get("body") for entry in client.got("entry")]


async def test_who_lost_the_ticket_while_it_was_looked_up_is_told_nothing_of_it(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await live.ticket_with_agent("amir")
    bea, amir = await live.connect("bea"), await live.connect("amir")
    whose = Slow(live, monkeypatch, "standing", "amir")
    joined = await amir.send("join", {"ticket": ticket})
    await whose.waits.wait()
    await assign(live, ticket, "bea")
    [carla] = await live.on_ticket(ticket, "carla")
    conversation = Slow(live, monkeypatch, "conversation", "amir", begins_late=True)
    whose.goes_on()
    await until(lambda: joined.done() or conversation.waits.is_set())
    await bea.do(ticket, "post_note", body="Not for Amir")
    await carla.do(ticket, "post_message", body="Nor is this")
    await carla.ask("typing", {"ticket": ticket, "on": True})
    conversation.goes_on()

    assert (await joined)["code"] == "not_found"
    await amir.fence()
    assert [name for name, _ in amir.log if name != "ack"] == []
    assert are_on(live, ticket) == {live.id("carla")}


async def test_who_was_read_to_have_the_ticket_is_told_nothing_once_those_on_it_know_better(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is Amir's already, and nobody has been told yet, when he comes; and is Bea's again when that was read."""
    ticket = await live.ticket_with_agent("bea")
    carla, bea = await live.on_ticket(ticket, "carla", "bea")
    amir = await live.connect("amir")
    changed, late = live.registry.publisher.changed, list[Any]()
    with monkeypatch.context() as patched:
        patched.setattr(live.registry.publisher, "changed", lambda *given: late.append(given))
        await assign(live, ticket, "amir")
    whose = Slow(live, monkeypatch, "standing", "amir")
    joined = await amir.send("join", {"ticket": ticket})
    await whose.waits.wait()
    for given in late:
        changed(*given)
    await assign(live, ticket, "bea")
    conversation = Slow(live, monkeypatch, "conversation", "amir", begins_late=True)
    whose.goes_on()
    await until(lambda: joined.done() or conversation.waits.is_set())
    await carla.do(ticket, "post_message", body="Hello Bea")
    conversation.goes_on()

    assert (await joined)["code"] == "not_found"
    await amir.fence()
    assert [name for name, _ in amir.log if name != "ack"] == []
    assert (await bea.ask("join", {"ticket": ticket}))["head"] == 5


async def test_who_got_the_ticket_back_while_it_was_looked_up_is_let_in(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await live.ticket_with_agent("amir")
    amir = await live.connect("amir")
    whose = Slow(live, monkeypatch, "standing", "amir")
    joined = await amir.send("join", {"ticket": ticket})
    await whose.waits.wait()
    [carla] = await live.on_ticket(ticket, "carla")
    for agent in ("bea", "amir"):
        await assign(live, ticket, agent)
    whose.goes_on()

    assert (await joined)["head"] == 4
    assert await hears_of(amir, carla, ticket, "Hello again")


async def test_who_lost_the_ticket_once_its_conversation_was_read_does_not_get_it(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await live.ticket_with_agent("amir")
    [carla] = await live.on_ticket(ticket, "carla")
    amir = await live.connect("amir")
    conversation = Slow(live, monkeypatch, "conversation", "amir")
    joined = await amir.send("join", {"ticket": ticket})
    await conversation.waits.wait()
    await assign(live, ticket, "bea")
    conversation.goes_on()

    assert (await joined)["code"] == "not_found"
    assert not await hears_of(amir, carla, ticket, "Hello Bea")
    assert are_on(live, ticket) == {live.id("carla")}


async def test_who_lost_the_ticket_and_got_it_back_while_its_conversation_was_read_hears_what_follows(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await live.ticket_with_agent("amir")
    [carla] = await live.on_ticket(ticket, "carla")
    amir = await live.connect("amir")
    conversation = Slow(live, monkeypatch, "conversation", "amir")
    joined = await amir.send("join", {"ticket": ticket})
    await conversation.waits.wait()
    for agent in ("bea", "amir"):
        await assign(live, ticket, agent)
    await carla.do(ticket, "post_message", body="Between")
    conversation.goes_on()

    answer = await joined
    assert (answer["head"], answer["entries"][-1]["body"]) == (5, "Between")
    assert await hears_of(amir, carla, ticket, "Hello again")


async def test_the_agent_whose_ticket_it_is_comes_in_though_others_were_told_of_less(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Carla came when nobody was there to be told that the ticket is Bea's, by what was read before."""
    ticket = await live.ticket_with_agent("amir")
    carla = await live.connect("carla")
    whose = Slow(live, monkeypatch, "standing", "carla")
    joined = await carla.send("join", {"ticket": ticket})
    await whose.waits.wait()
    await assign(live, ticket, "bea")
    whose.goes_on()
    assert (await joined)["head"] == 3
    [bea] = await live.on_ticket(ticket, "bea")

    assert await hears_of(bea, carla, ticket, "Hello Bea")


async def test_who_comes_when_nothing_can_be_read_does_not_stay_in_the_room(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await live.ticket_with_agent("amir")
    amir = await live.connect("amir")

    async def broken(*_: Any) -> Any:
        raise RuntimeError("broken")

    monkeypatch.setattr(live.registry.reading, "conversation", broken)

    assert (await amir.ask("join", {"ticket": ticket}))["code"] == "unavailable"
    assert are_on(live, ticket) == set()
