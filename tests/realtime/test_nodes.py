"""Two processes' worth of registry on one database, which tell each other by a real server what happens."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from ccr.realtime import nodes, peers
from tests.live import Client
from tests.nodes import Two, Valkey, nodes_of, running_valkey, two_nodes
from tests.waiting import PATIENCE, until


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with running_valkey() as server:
        yield server


@pytest.fixture
async def two(tmp_path: Path, valkey: Valkey) -> AsyncIterator[Two]:
    async with two_nodes(tmp_path, valkey.url) as both:
        yield both


def numbers(client: Client) -> list[tuple[int, int]]:
    """What was pushed: each entry's `prev` and number."""
    return [(entry["prev"], entry["seq"]) for entry in client.got("entry")]


async def test_a_message_comes_to_the_other_node_in_order_and_to_each_once(two: Two) -> None:
    ticket = await two.a.ticket_with_agent("amir")
    carla, amir = await two.on_ticket(ticket, "carla", "amir")
    for body in ("Hello", "Are you there?"):
        assert (await carla.do(ticket, "post_message", body=body))["ok"]
    await amir.heard("entry", 2)
    assert (await amir.do(ticket, "post_message", body="Yes"))["ok"]
    await carla.heard("entry")

    assert numbers(amir) == [(2, 3), (3, 4)]
    assert [entry["body"] for entry in amir.got("entry")] == ["Hello", "Are you there?"]
    assert [("key" in entry) for entry in amir.got("entry")] == [False, False]
    assert numbers(carla) == [(4, 5)]


async def test_a_note_reaches_another_socket_of_the_agent_and_nobody_else(two: Two) -> None:
    ticket = await two.a.ticket_with_agent("amir")
    amir, also_amir = await two.on_ticket(ticket, "amir", "amir")
    [carla] = await two.b.on_ticket(ticket, "carla")
    await carla.ask("watch", {})
    await amir.do(ticket, "post_note", body="Careful")
    note = await also_amir.heard("entry")
    await amir.do(ticket, "post_message", body="Hello")
    await carla.heard("entry")

    assert (note["body"], note["prev"], "key" in note) == ("Careful", 2, True)
    assert numbers(carla) == [(2, 4)]
    assert [each["last_seq"] for each in carla.got("ticket")] in ([], [4])


async def test_who_loses_the_ticket_is_turned_out_on_the_other_node(two: Two) -> None:
    ticket = await two.a.ticket_with_agent("amir")
    [amir] = await two.b.on_ticket(ticket, "amir")
    bea = await two.b.connect("bea")
    await bea.ask("watch", {})
    await two.a.do("ada", ticket, "assign_agent", agent=two.a.id("bea"))

    assert (await amir.heard("ticket"))["gone"]
    assert (await bea.heard("ticket"))["id"] == ticket
    await two.b.do("carla", ticket, "post_message", body="For Bea alone")
    await amir.fence()
    assert amir.got("entry") == []
    assert (await bea.ask("join", {"ticket": ticket}))["head"] == 4


async def test_sessions_end_on_every_node(two: Two) -> None:
    carla = await two.b.connect("carla")
    await two.a.registry.signing_in.sign_out(two.a.identity("carla"))
    await carla.disconnected()

    amir = await two.b.connect("amir")
    await two.a.registry.staff.change(two.a.people["ada"], two.a.id("amir"), {"active": False})
    await amir.disconnected()


async def test_typing_and_ticks_cross_over(two: Two) -> None:
    ticket = await two.a.ticket_with_agent("amir")
    carla, amir = await two.on_ticket(ticket, "carla", "amir")
    also_amir = await two.b.connect("amir")
    await also_amir.ask("watch", {})
    await carla.ask("typing", {"ticket": ticket, "on": True})
    assert (await amir.heard("typing"))["person"]["id"] == two.a.id("carla")
    await carla.do(ticket, "post_message", body="Hello")
    assert (await also_amir.heard("ticket", where=lambda each: each.get("unread") == 1))["last_seq"] == 3
    amir_here = await two.a.connect("amir")
    await amir_here.ask("read", {"ticket": ticket, "seq": 3})

    assert (await carla.heard("read"))["seq"] == 3
    await also_amir.heard("ticket", where=lambda each: each.get("unread") == 0)


async def test_somebody_is_online_while_they_are_on_any_node(two: Two) -> None:
    ticket = await two.a.ticket_with_agent("amir")
    amir_a, amir_b = await two.a.connect("amir"), await two.b.connect("amir")
    await until(lambda: nodes_of(two.b).elsewhere(two.a.id("amir")))
    carla = await two.b.connect("carla")
    assert two.a.id("amir") in (await carla.ask("join", {"ticket": ticket}))["online"]
    await amir_b.close()
    await until(lambda: not two.b.registry.sockets.is_online(two.a.id("amir")))
    assert two.b.registry.publisher.is_online(two.a.id("amir"))
    await amir_a.close()

    assert not (await carla.heard("presence", where=lambda each: not each["online"]))["online"]
    # One word of his coming, if it was heard after she had joined, and one of his going.
    assert [each["online"] for each in carla.got("presence")][-1:] == [False]


async def test_who_is_given_a_ticket_on_one_node_is_introduced_on_the_other(two: Two) -> None:
    ticket = await two.a.ticket_with_agent("amir")
    [carla] = await two.b.on_ticket(ticket, "carla")
    await two.a.connect("bea")
    await until(lambda: nodes_of(two.b).elsewhere(two.a.id("bea")))
    await two.a.do("ada", ticket, "assign_agent", agent=two.a.id("bea"))

    assert await carla.heard("presence") == {"person": {"id": two.a.id("bea")}, "online": True}


async def test_what_a_dead_node_told_nobody_is_found_when_its_client_asks_again(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await two.a.ticket_with_agent("amir")
    [amir] = await two.b.on_ticket(ticket, "amir")
    # It commits, and dies before it tells; and nobody happens to look by themselves.
    monkeypatch.setattr(two.b.registry.publisher, "check", Mute().check)
    two.a.registry.changes._publisher = Mute()
    [carla] = await two.a.on_ticket(ticket, "carla")
    assert (await carla.do(ticket, "post_message", key="carla-says", body="Hello"))["ok"]
    await amir.fence()
    assert amir.got("entry") == []

    carla_there = await two.b.connect("carla")
    again = await carla_there.do(ticket, "post_message", key="carla-says", body="Hello")
    assert (again["ok"], again["seq"]) == (True, 3)
    assert (await amir.heard("entry"))["seq"] == 3
    assert numbers(amir) == [(2, 3)]


class Mute:
    """Tells nobody anything."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None

    async def check(self, *, lists: bool) -> None:
        """What is open here."""


async def test_without_redis_each_node_goes_on_and_the_others_follow(
    two: Two, valkey: Valkey, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever is slow to be heard on a busy machine is there all the same: what is away says so at once.
    monkeypatch.setattr(nodes, "SILENCE", PATIENCE)
    monkeypatch.setattr(peers, "DEAD", PATIENCE)
    ticket = await two.a.ticket_with_agent("amir")
    carla, amir = await two.on_ticket(ticket, "carla", "amir")
    carla_there = await two.b.connect("carla")
    bea = await two.b.connect("bea")
    await bea.ask("watch", {})
    valkey.kill()
    await two.out_of_reach()

    assert (await carla.do(ticket, "post_message", body="Hello"))["ok"]
    await amir.heard("entry")  # by asking the database, while there is nobody to tell
    await two.a.registry.signing_in.sign_out(two.a.identity("carla"))
    await carla_there.disconnected()
    other = await two.a.raise_ticket("omar")
    await two.a.do("ada", other, "assign_agent", agent=two.a.id("bea"))
    valkey.start()
    await two.reach_each_other()
    assert (await bea.heard("ticket"))["id"] == other
    await two.a.do("omar", other, "post_message", body="Now?")
    await bea.heard("ticket", where=lambda each: each["last_seq"] == 3)

    assert numbers(amir) == [(2, 3)]
    said = [record.getMessage() for record in caplog.records if "other nodes" in record.getMessage()]
    assert len([line for line in said if "out of reach" in line]) == 2
    assert len([line for line in said if "again" in line]) == 2


async def test_a_frozen_redis_holds_nobody_up_and_loses_nothing(two: Two, valkey: Valkey) -> None:
    ticket = await two.a.ticket_with_agent("amir")
    carla, amir = await two.on_ticket(ticket, "carla", "amir")
    valkey.freeze()
    for number in range(10):
        assert (await carla.do(ticket, "post_message", body=f"Message {number}"))["ok"]
    await two.out_of_reach()
    await amir.heard("entry", 10)
    valkey.thaw()
    await two.reach_each_other()
    assert (await carla.do(ticket, "post_message", body="And on"))["ok"]
    await amir.heard("entry", 11)

    assert numbers(amir) == [(seq - 1, seq) for seq in range(3, 14)]
