"""Entries pushed to those on a ticket: to whom, with which `prev`, and whose key."""

from pathlib import Path
from typing import Any

from tests.live import Client, Live, live_registry


async def test_an_entry_reaches_the_others_but_not_the_socket_that_asked(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    asking, second, amir = await live.on_ticket(ticket, "carla", "carla", "amir")

    answer = await asking.do(ticket, "post_message", "a-key-of-carla", body="Hello")

    [entry] = answer["entries"]
    without_key = {name: value for name, value in entry.items() if name != "key"}
    assert entry["key"] == "a-key-of-carla"
    assert await second.heard("entry") == entry
    assert await amir.heard("entry") == without_key
    await asking.fence()
    assert asking.got("entry") == []


async def test_what_is_done_by_another_door_is_pushed_to_every_socket(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    carla, amir = await live.on_ticket(ticket, "carla", "amir")

    await live.do("carla", ticket, "post_message", body="By a form")

    assert (await carla.heard("entry"))["body"] == "By a form"
    assert (await amir.heard("entry"))["body"] == "By a form"


async def test_each_viewer_is_told_of_the_entry_they_saw_before(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    carla, amir, ada = await live.on_ticket(ticket, "carla", "amir", "ada")

    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("amir", "post_note", {"body": "A difficult one."}),
        ("amir", "post_message", {"body": "Good morning."}),
        ("carla", "post_message", {"body": "Good morning!"}),
        ("amir", "post_note", {"body": "But polite."}),
        ("amir", "set_priority", {"priority": "high"}),
        ("amir", "redact_message", {"of": 3}),
        ("carla", "close_ticket", {}),
    ]
    for name, kind, fields in steps:
        await live.do(name, ticket, kind, **fields)
    for client in (carla, amir, ada):
        await client.heard("entry", where=lambda entry: entry["type"] == "ticket_closed")

    assert chain(amir) == [(2, 3), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8), (8, 9)]
    assert chain(carla) == [(2, 4), (4, 5), (5, 7), (7, 9)]
    assert chain(ada) == [(2, 7), (7, 9)]


async def test_notes_never_reach_the_customer_nor_what_redacts_them(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    carla, amir, bea = await live.on_ticket(ticket, "carla", "amir") + [await live.connect("bea")]

    await amir.do(ticket, "post_note", body="The parcel is lost, I fear.")
    await amir.do(ticket, "redact_message", of=3, reason="Not so")
    await carla.do(ticket, "post_message", body="Any news?")
    for client in (carla, bea):
        await client.fence()

    assert (carla.got("entry"), bea.got("entry")) == ([], [])
    for after in (None, 0, 2):
        found = await carla.ask("sync", {"ticket": ticket, "after": after})
        assert {entry["type"] for entry in found["entries"]} <= {
            "ticket_opened",
            "agent_assigned",
            "message_posted",
        }


async def test_admins_are_not_told_what_is_said(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    carla, amir, ada = await live.on_ticket(ticket, "carla", "amir", "ada")

    await carla.do(ticket, "post_message", body="Between us.")
    await amir.do(ticket, "post_note", body="Among agents.")
    await carla.do(ticket, "redact_message", of=3)
    await amir.do(ticket, "close_ticket")

    closed = await ada.heard("entry")
    assert (closed["type"], closed["prev"], ada.got("entry")) == ("ticket_closed", 2, [closed])
    shown = await ada.ask("join", {"ticket": ticket, "after": 0})
    assert [entry["type"] for entry in shown["entries"]] == [
        "ticket_opened",
        "agent_assigned",
        "ticket_closed",
    ]
    assert "Between us" not in str(ada.log)


async def test_admins_who_read_along_are_told_and_still_do_not_write(tmp_path: Path) -> None:
    async with live_registry(tmp_path, admin_reads=True) as live:
        ticket = await live.ticket_with_agent()
        carla, amir, ada = await live.on_ticket(ticket, "carla", "amir", "ada")

        await carla.do(ticket, "post_message", body="Between us.")
        await amir.do(ticket, "post_note", body="Among agents.")

        note = await ada.heard("entry", 2)
        assert [entry["prev"] for entry in ada.got("entry")] == [2, 3]
        assert note["body"] == "Among agents."
        assert (await ada.do(ticket, "post_message", body="Hello, all"))["code"] == "forbidden"
        assert (await ada.do(ticket, "post_note", body="Hello, all"))["code"] == "forbidden"
        await carla.fence()
        assert carla.got("entry") == []


async def test_keys_are_for_their_owner_alone_also_among_admins(live: Live) -> None:
    await live.second_admin()
    ticket = await live.ticket_with_agent()
    ada, hers, other, carla = await live.on_ticket(ticket, "ada", "ada", "alan", "carla")

    answer = await ada.do(ticket, "set_priority", priority="urgent")

    assert "key" in answer["entries"][0]
    assert await hers.heard("entry") == answer["entries"][0]
    for client in (other, carla):
        assert "key" not in await client.heard("entry")
    synced = await other.ask("sync", {"ticket": ticket, "after": 2})
    assert "key" not in synced["entries"][0]


async def test_a_redacted_message_is_blank_for_whoever_reads_it_later(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    carla, amir = await live.on_ticket(ticket, "carla", "amir")
    await carla.do(ticket, "post_message", body="My card's number is 4111…", reply_to=1)

    await carla.do(ticket, "redact_message", of=3, reason="Too much")

    pushed = await amir.heard("entry", 2)
    assert (pushed["type"], pushed["of"], pushed["reason"]) == ("message_redacted", 3, "Too much")
    [blank] = (await amir.ask("sync", {"ticket": ticket, "after": 2, "limit": 1}))["entries"]
    assert (blank["body"], blank["redacted"], blank["reply_to"]) == ("", True, 1)
    assert await live.rows("SELECT COUNT(*) FROM entries WHERE fields LIKE '%4111%'") == [(0,)]


async def test_a_new_agent_sees_all_that_was_said_and_noted(live: Live) -> None:
    ticket = await live.ticket_with_agent("amir")
    await live.do("amir", ticket, "post_note", body="Ask for the receipt.")
    await live.do("carla", ticket, "post_message", body="Hello?")

    await live.do("ada", ticket, "assign_agent", agent=live.id("bea"))
    [bea] = await live.on_ticket(ticket, "bea")

    [joined] = bea.got("ack")
    assert [entry["type"] for entry in joined["entries"]] == [
        "ticket_opened",
        "agent_assigned",
        "note_posted",
        "message_posted",
        "agent_assigned",
    ]


def chain(client: Client) -> list[Any]:
    return [(entry["prev"], entry["seq"]) for entry in client.got("entry")]
