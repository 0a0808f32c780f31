"""Typing, read marks, presence and goodbye: what is told and never numbered."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ccr.realtime import drain, handlers
from ccr.realtime.drain import back_in
from tests.live import Live, live_registry
from tests.waiting import until


async def test_typing_is_told_to_the_others(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    carla, second, amir, ada = await live.on_ticket(ticket, "carla", "carla", "amir", "ada")

    assert await carla.ask("typing", {"ticket": ticket, "on": True}) == {"ok": True}
    assert await carla.ask("typing", {"ticket": ticket, "on": False}) == {"ok": True}

    who = {"id": live.id("carla"), "name": "Carla Custer"}
    told = [{"ticket": ticket, "person": who, "on": True}, {"ticket": ticket, "person": who, "on": False}]
    for client in (amir, ada):
        await client.heard("typing", 2)
        assert client.got("typing") == told
    for client in (carla, second):
        await client.fence()
        assert client.got("typing") == []
    assert await live.count("entries") == 2


async def test_typing_expires_by_itself(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "TYPING_LASTS", 0.01)
    ticket = await live.ticket_with_agent()
    carla, amir = await live.on_ticket(ticket, "carla", "amir")

    await carla.ask("typing", {"ticket": ticket, "on": True})

    await amir.heard("typing", where=lambda told: told["on"] is False)


@pytest.fixture
def typing_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not end by itself while a test looks for other reasons."""
    monkeypatch.setattr(handlers, "TYPING_LASTS", 3_600)


@pytest.mark.usefixtures("typing_lasts")
async def test_typing_said_again_goes_on_and_ends_once(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    carla, amir = await live.on_ticket(ticket, "carla", "amir")

    for on in (True, True, False, False):
        await carla.ask("typing", {"ticket": ticket, "on": on})
    await amir.fence()

    assert [told["on"] for told in amir.got("typing")] == [True, True, False]


@pytest.mark.usefixtures("typing_lasts")
async def test_who_sends_or_leaves_or_goes_types_no_more(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    carla, amir = await live.on_ticket(ticket, "carla", "amir")

    async def types(times: int) -> None:
        await carla.ask("typing", {"ticket": ticket, "on": True})
        await amir.heard("typing", times, where=lambda told: told["on"])

    await types(1)
    await carla.do(ticket, "post_message", body="Sent.")
    await amir.heard("typing", 1, where=lambda told: not told["on"])
    await types(2)
    await carla.ask("leave", {"ticket": ticket})
    await amir.heard("typing", 2, where=lambda told: not told["on"])
    await types(3)
    await carla.close()
    await amir.heard("typing", 3, where=lambda told: not told["on"])


@pytest.mark.usefixtures("typing_lasts")
async def test_typing_stops_before_what_was_typed_arrives(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    carla, amir = await live.on_ticket(ticket, "carla", "amir")
    await carla.ask("typing", {"ticket": ticket, "on": True})

    await carla.do(ticket, "post_message", body="Sent.")
    await amir.heard("entry")

    assert [name for name, _ in amir.log[-3:]] == ["typing", "typing", "entry"]


async def test_admins_do_not_type_and_strangers_see_no_ticket_to_type_on(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    [ada] = await live.on_ticket(ticket, "ada")
    omar = await live.connect("omar")

    assert (await ada.ask("typing", {"ticket": ticket, "on": True}))["code"] == "forbidden"
    assert (await omar.ask("typing", {"ticket": ticket, "on": True}))["code"] == "not_found"


async def test_reading_is_told_to_the_other_side(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    await live.do("amir", ticket, "post_message", body="Hello")
    carla, second, amir = await live.on_ticket(ticket, "carla", "carla", "amir")

    assert await carla.ask("read", {"ticket": ticket, "seq": 3}) == {"ok": True}

    assert await amir.heard("read") == {"ticket": ticket, "person": {"id": live.id("carla")}, "seq": 3}
    for client in (carla, second):
        await client.fence()
        assert client.got("read") == []
    again = await amir.ask("join", {"ticket": ticket})
    assert again["reads"] == [{"person": {"id": live.id("carla")}, "seq": 3}]
    assert (await carla.ask("join", {"ticket": ticket}))["ticket"]["read_seq"] == 3


async def test_a_read_mark_never_moves_back(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    carla, amir = await live.on_ticket(ticket, "carla", "amir")

    for seq in (2, 1, 0, 2):
        assert (await carla.ask("read", {"ticket": ticket, "seq": seq}))["ok"]
    await amir.fence()

    assert [told["seq"] for told in amir.got("read")] == [2]
    assert await live.rows("SELECT seq FROM read_marks") == [(2,)]


async def test_a_read_mark_is_clamped_to_what_its_owner_and_the_others_may_see(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    carla, amir = await live.on_ticket(ticket, "carla", "amir")
    await live.do("carla", ticket, "post_message", body="Hello")
    await live.do("amir", ticket, "post_note", body="A note")

    await carla.ask("read", {"ticket": ticket, "seq": 2_147_483_647})
    await amir.ask("read", {"ticket": ticket, "seq": 4})

    assert (await amir.heard("read"))["seq"] == 3
    assert (await carla.heard("read"))["seq"] == 3
    marks = await live.rows("SELECT person_id, seq FROM read_marks ORDER BY seq")
    assert marks == [(live.id("carla"), 3), (live.id("amir"), 4)]
    assert (await carla.ask("sync", {"ticket": ticket}))["reads"] == [
        {"person": {"id": live.id("amir")}, "seq": 3}
    ]


async def test_that_a_note_was_read_is_nothing_for_the_customer(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    carla, amir = await live.on_ticket(ticket, "carla", "amir")
    await amir.ask("read", {"ticket": ticket, "seq": 2})
    await live.do("amir", ticket, "post_note", body="A note")

    await amir.ask("read", {"ticket": ticket, "seq": 3})
    await live.do("carla", ticket, "post_message", body="Hello")
    await amir.ask("read", {"ticket": ticket, "seq": 4})
    await carla.fence()

    assert [told["seq"] for told in carla.got("read")] == [2, 4]


async def test_admins_see_how_far_the_two_have_read_only_where_they_read_along(tmp_path: Path) -> None:
    for reads_along in (False, True):
        folder = tmp_path / str(reads_along)
        async with live_registry(folder, admin_reads=reads_along) as live:
            ticket = await live.ticket_with_agent()
            carla, ada = await live.on_ticket(ticket, "carla", "ada")

            await carla.ask("read", {"ticket": ticket, "seq": 2})
            await ada.fence()

            mark = {"person": {"id": live.id("carla")}, "seq": 2}
            assert ada.got("read") == ([{"ticket": ticket, **mark}] if reads_along else [])
            again = await ada.ask("join", {"ticket": ticket})
            assert again["reads"] == ([mark] if reads_along else [])


async def test_nobody_reads_what_is_not_theirs(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    for name in ("omar", "bea"):
        client = await live.connect(name)
        assert (await client.ask("read", {"ticket": ticket, "seq": 1}))["code"] == "not_found"
    assert await live.count("read_marks") == 0


async def test_presence_is_told_to_those_on_a_ticket_with_the_person_and_to_watching_staff(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "LINGERS", 0)
    ticket = await live.ticket_with_agent()
    [carla] = await live.on_ticket(ticket, "carla")
    omar, ada = await live.connect("omar"), await live.connect("ada")
    await omar.ask("watch", {})
    await ada.ask("watch", {})

    amir = await live.connect("amir")
    second = await live.connect("amir")
    await amir.close()
    await second.close()

    there = {"person": {"id": live.id("amir")}, "online": True}
    gone = {"person": {"id": live.id("amir")}, "online": False}
    for client in (carla, ada):
        await client.heard("presence", where=lambda told: told == gone)
        assert [told for told in client.got("presence") if told["person"] == gone["person"]] == [there, gone]
    await omar.fence()
    assert omar.got("presence") == []


async def test_whoever_joins_learns_who_is_there(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    carla = await live.connect("carla")

    alone = await carla.ask("join", {"ticket": ticket})
    await live.connect("amir")
    together = await carla.ask("join", {"ticket": ticket})

    assert alone["online"] == [live.id("carla")]
    assert together["online"] == [live.id("carla"), live.id("amir")]


async def test_who_is_on_a_ticket_learns_whether_the_agent_who_is_given_it_is_there(live: Live) -> None:
    ticket = await live.ticket_with_agent("amir")
    [carla] = await live.on_ticket(ticket, "carla")
    await live.connect("bea")
    bea, amir = {"id": live.id("bea")}, {"id": live.id("amir")}

    await live.do("ada", ticket, "assign_agent", agent=bea["id"])
    await live.do("ada", ticket, "assign_agent", agent=amir["id"])
    await live.do("ada", ticket, "assign_agent", agent=None)
    await carla.heard("entry", 3)

    assert carla.got("presence") == [{"person": bea, "online": True}, {"person": amir, "online": False}]


async def test_a_change_of_page_is_no_absence(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "LINGERS", 3_600)
    ticket = await live.ticket_with_agent()
    [carla] = await live.on_ticket(ticket, "carla")
    amir = await live.connect("amir")

    await amir.close()
    await until(lambda: live.id("amir") not in live.registry.sockets.online())
    await live.connect("amir")
    await carla.fence()

    assert all(told["online"] for told in carla.got("presence"))


async def test_everybody_is_told_goodbye_and_let_go(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "LEAVING", 60)
    carla, ada = await live.connect("carla"), await live.connect("ada", transports=["polling"])

    await live.registry.drain()

    for client in (carla, ada):
        await client.heard("goodbye")
        await client.disconnected()
    assert {each.got("goodbye")[0]["reconnect_in_ms"] for each in (carla, ada)} == {300, 301}
    assert live.transports() == 0


def test_two_thousand_come_back_one_by_one_within_four_seconds() -> None:
    moments = [back_in(place, 2_000) for place in range(2_000)]

    assert moments == sorted(moments)
    assert (moments[0], max(moments)) == (300, 3_798)
    busiest = Counter(moment // 100 for moment in moments)
    assert max(busiest.values()) < 60


async def test_what_was_asked_before_goodbye_is_answered_before_it(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain, "LEAVING", 60)
    ticket = await live.ticket_with_agent()
    carla = await live.connect("carla")
    [socket] = live.registry.sockets.all()
    carry_out, may_answer = live.registry.changes.carry_out, asyncio.Event()

    async def once_it_may(*asked: Any) -> Any:
        await may_answer.wait()
        return await carry_out(*asked)

    monkeypatch.setattr(live.registry.changes, "carry_out", once_it_may)
    answers = [
        await carla.send(
            "do",
            {"ticket": ticket, "key": f"message-{n}", "command": {"type": "post_message", "body": "Quick"}},
        )
        for n in range(20)
    ]
    await until(lambda: len(socket.waiting) == 20)

    leaving = asyncio.create_task(live.registry.drain())
    await until(lambda: live.registry.draining)
    may_answer.set()
    await leaving
    await carla.heard("goodbye")

    assert [(await answer)["seq"] for answer in answers] == [*range(3, 23)]
    assert [name for name, _ in carla.log] == ["ack"] * 20 + ["goodbye"]
