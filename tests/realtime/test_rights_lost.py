"""Rights that end while sockets are open: at once, and whatever the client does or does not do."""

import asyncio
from typing import Any

import pytest

from ccr.services.identity import Identity
from tests.accounts_house import LAPTOP, PASSWORD
from tests.live import LASTING, Live, new_key
from tests.waiting import until


async def test_an_agent_who_lost_the_ticket_hears_and_does_nothing_more_on_it(live: Live) -> None:
    ticket = await live.ticket_with_agent("amir")
    carla, amir = await live.on_ticket(ticket, "carla", "amir")
    ada = await live.connect("ada")

    await ada.do(ticket, "assign_agent", agent=live.id("bea"))
    await carla.do(ticket, "post_message", body="Hello Bea")
    await carla.ask("typing", {"ticket": ticket, "on": True})
    await carla.ask("read", {"ticket": ticket, "seq": 4})
    await amir.fence()

    assert [name for name, _ in amir.log if name in ("entry", "typing", "read")] == []
    for event, payload in (
        ("join", {"ticket": ticket}),
        ("sync", {"ticket": ticket, "after": 0}),
        ("typing", {"ticket": ticket, "on": True}),
        ("read", {"ticket": ticket, "seq": 4}),
    ):
        assert (await amir.ask(event, payload))["code"] == "not_found", event
    for kind, fields in (
        ("post_message", {"body": "Hello?"}),
        ("post_note", {"body": "Hm."}),
        ("set_priority", {"priority": "low"}),
        ("close_ticket", {}),
    ):
        assert (await amir.do(ticket, kind, **fields))["code"] == "not_found", kind


async def test_an_agent_who_lost_the_ticket_still_gets_their_own_first_answer(live: Live) -> None:
    ticket = await live.ticket_with_agent("amir")
    amir = await live.connect("amir")
    key = new_key()
    first = await amir.do(ticket, "post_message", key, body="On its way")
    await live.do("ada", ticket, "assign_agent", agent=None)

    assert await amir.do(ticket, "post_message", key, body="On its way") == first
    assert (await amir.do(ticket, "post_message", key, body="Something else"))["code"] == "conflict"
    assert (await amir.do(ticket, "post_message", body="On its way"))["code"] == "not_found"


async def test_what_an_agent_wrote_before_losing_the_ticket_stays_known_as_theirs(live: Live) -> None:
    ticket = await live.ticket_with_agent("amir")
    amir = await live.connect("amir")
    await amir.do(ticket, "post_message", body="On its way")
    await live.do("ada", ticket, "assign_agent", agent=live.id("bea"))
    [bea] = await live.on_ticket(ticket, "bea")

    assert (await bea.do(ticket, "redact_message", of=3))["code"] == "forbidden"
    assert (await amir.do(ticket, "redact_message", of=3))["code"] == "not_found"


async def ended_by_signing_out_elsewhere(live: Live) -> None:
    elsewhere = await live.registry.signing_in.sign_in("amir", LASTING, LAPTOP)
    identity = Identity(elsewhere.session_id, elsewhere.person)
    await live.registry.signing_in.end_session(identity, live.sessions["amir"])


async def ended_by_signing_out(live: Live) -> None:
    await live.registry.signing_in.sign_out(live.identity("amir"))


async def ended_by_deactivation(live: Live) -> None:
    await live.registry.staff.change(live.people["ada"], live.id("amir"), {"active": False})


async def ended_by_a_changed_password(live: Live) -> None:
    elsewhere = await live.registry.signing_in.sign_in("amir", LASTING, LAPTOP)
    identity = Identity(elsewhere.session_id, elsewhere.person)
    change = {"current_password": LASTING, "password": PASSWORD, "confirm_password": PASSWORD}
    await live.registry.accounts.change_password(identity, change)


async def ended_by_a_password_from_the_admin(live: Live) -> None:
    await live.registry.staff.change(live.people["ada"], live.id("amir"), {"password": PASSWORD})


ENDINGS = [
    ended_by_signing_out_elsewhere,
    ended_by_signing_out,
    ended_by_deactivation,
    ended_by_a_changed_password,
    ended_by_a_password_from_the_admin,
]


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: str(ending.__name__))
async def test_the_sockets_of_an_ended_session_are_closed_also_of_a_client_that_does_nothing(
    live: Live, ending: Any
) -> None:
    ticket = await live.ticket_with_agent("amir")
    carla, amir = await live.on_ticket(ticket, "carla", "amir")
    polling = await live.connect("amir", transports=["polling"])
    raw = await live.raw("amir")

    await ending(live)

    assert (await raw.hear_all())[-2:] == ["41", "1"]
    await amir.disconnected()
    await polling.disconnected()
    await until(lambda: live.transports() == 1)
    await live.do("carla", ticket, "post_message", body="Still there?")
    assert [entry["type"] for entry in amir.got("entry")] == []
    await carla.fence()


async def test_only_the_sockets_of_the_ended_session_are_closed(live: Live) -> None:
    ending = await live.connect("carla")
    await live.sign_in("carla")
    staying = await live.connect("carla")
    other = await live.connect("omar")

    [first, _] = [
        row[0] for row in await live.rows("SELECT id FROM sessions WHERE person_id = 1 ORDER BY id")
    ]
    await live.registry.signing_in.end_session(live.identity("carla"), first)

    await ending.disconnected()
    for client in (staying, other):
        await client.fence()
        assert not client.gone


async def test_nothing_said_after_the_end_of_a_session_reaches_its_sockets(live: Live) -> None:
    """The two commits come together, and both are told in one step: the socket is not closed yet."""
    ticket = await live.ticket_with_agent("amir")
    [amir] = await live.on_ticket(ticket, "amir")
    await amir.ask("watch", {})

    await asyncio.gather(
        live.registry.signing_in.sign_out(live.identity("amir")),
        live.do("carla", ticket, "post_message", body="For whoever is still there"),
    )
    await amir.disconnected()

    assert amir.got("entry") == []


async def test_what_waits_when_the_session_ends_is_not_carried_out(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await live.ticket_with_agent("amir")
    amir = await live.connect("amir")
    carry_out = live.registry.changes.carry_out

    async def after_the_end(*given: Any) -> Any:
        monkeypatch.setattr(live.registry.changes, "carry_out", carry_out)
        answer = await carry_out(*given)
        await live.registry.signing_in.sign_out(live.identity("amir"))
        return answer

    monkeypatch.setattr(live.registry.changes, "carry_out", after_the_end)
    for n in range(5):
        await amir.socket.emit("do", message(ticket, f"Message {n}"))
    await amir.disconnected()

    assert await live.rows("SELECT COUNT(*) FROM entries WHERE type = 'message_posted'") == [(1,)]


async def test_what_waits_of_somebody_who_has_gone_is_not_carried_out_once_the_session_ends(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await live.ticket_with_agent("amir")
    amir = await live.connect("amir")
    carry_out, told = live.registry.changes.carry_out, asyncio.Event()

    async def after_going_and_the_end(*given: Any) -> Any:
        monkeypatch.setattr(live.registry.changes, "carry_out", carry_out)
        answer = await carry_out(*given)
        await told.wait()
        await until(lambda: live.registry.sockets.all() == [])
        await live.registry.signing_in.sign_out(live.identity("amir"))
        return answer

    monkeypatch.setattr(live.registry.changes, "carry_out", after_going_and_the_end)
    for n in range(5):
        await amir.socket.emit("do", message(ticket, f"Message {n}"))
    await until(lambda: [len(socket.waiting) for socket in live.registry.sockets.all()] == [5])
    told.set()
    await amir.close()
    await until(lambda: not live.registry._lanes._working)

    assert await live.rows("SELECT COUNT(*) FROM entries WHERE type = 'message_posted'") == [(1,)]


async def test_who_loses_the_ticket_while_joining_does_not_stay_in_the_room(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await live.ticket_with_agent("amir")
    amir = await live.connect("amir")
    standing = live.registry.reading.standing

    async def authorised_and_then_lost(*given: Any) -> Any:
        found = await standing(*given)
        await live.do("ada", ticket, "assign_agent", agent=None)
        return found

    monkeypatch.setattr(live.registry.reading, "standing", authorised_and_then_lost)

    assert (await amir.ask("join", {"ticket": ticket}))["code"] == "not_found"
    await live.do("carla", ticket, "post_message", body="Hello?")
    await amir.fence()
    assert amir.got("entry") == []
    assert live.registry.sockets.on_ticket(ticket) == []


async def test_who_loses_the_ticket_while_coming_to_others_on_it_does_not_stay_either(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await live.ticket_with_agent("amir")
    [carla] = await live.on_ticket(ticket, "carla")
    amir = await live.connect("amir")
    conversation = live.registry.reading.conversation

    async def lost_and_then_read(*given: Any) -> Any:
        await live.do("ada", ticket, "assign_agent", agent=live.id("bea"))
        await live.do("carla", ticket, "post_message", body="Hello, Bea?")
        return await conversation(*given)

    monkeypatch.setattr(live.registry.reading, "conversation", lost_and_then_read)

    assert (await amir.ask("join", {"ticket": ticket}))["code"] == "not_found"
    await amir.fence()
    assert amir.got("entry") == []
    assert [socket.person.id for socket in live.registry.sockets.on_ticket(ticket)] == [live.id("carla")]
    assert (await carla.heard("entry", 2))["body"] == "Hello, Bea?"


async def test_a_stranger_does_not_come_to_others_on_a_ticket(live: Live) -> None:
    ticket = await live.ticket_with_agent("amir")
    await live.on_ticket(ticket, "carla", "amir", "ada")
    for name in ("omar", "bea"):
        stranger = await live.connect(name)
        assert (await stranger.ask("join", {"ticket": ticket}))["code"] == "not_found"
        assert live.id(name) not in {socket.person.id for socket in live.registry.sockets.on_ticket(ticket)}


async def test_who_goes_while_joining_leaves_no_ghost_in_the_room(
    live: Live, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ticket = await live.ticket_with_agent("amir")
    amir = await live.connect("amir")
    asked, done = asyncio.Event(), asyncio.Event()
    standing = live.registry.reading.standing

    async def slowly(*given: Any) -> Any:
        found = await standing(*given)
        asked.set()
        await until(lambda: live.registry.sockets.all() == [])
        asyncio.get_running_loop().call_soon(done.set)
        return found

    monkeypatch.setattr(live.registry.reading, "standing", slowly)
    for event, payload in (("join", {"ticket": ticket}), ("typing", {"ticket": ticket, "on": True})):
        client = amir if event == "join" else await live.connect("amir")
        asked.clear()
        done.clear()
        await client.socket.emit(event, payload)
        await asked.wait()
        await client.close()
        await done.wait()

    assert live.registry.sockets.on_ticket(ticket) == []
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_deleted_customer_is_gone_at_once(live: Live) -> None:
    ticket = await live.ticket_with_agent("amir")
    carla, amir = await live.on_ticket(ticket, "carla", "amir")

    await live.registry.accounts.delete(live.identity("carla"))

    await carla.disconnected()
    assert (await amir.heard("entry"))["type"] == "ticket_closed"
    shown = await amir.ask("join", {"ticket": ticket})
    assert shown["ticket"]["customer"]["name"] == "deleted customer"


async def test_a_deactivated_agents_tickets_are_everybodys_to_see_as_unassigned(live: Live) -> None:
    ticket = await live.ticket_with_agent("amir")
    carla, ada = await live.on_ticket(ticket, "carla", "ada")

    await ended_by_deactivation(live)

    for client in (carla, ada):
        entry = await client.heard("entry")
        assert (entry["type"], entry["agent"]) == ("agent_assigned", None)


def message(ticket: int, body: str) -> dict[str, Any]:
    return {"ticket": ticket, "key": new_key(), "command": {"type": "post_message", "body": body}}
