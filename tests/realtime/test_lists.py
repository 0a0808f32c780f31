"""Summaries pushed to those who watch their list, and who is told that a ticket is theirs no more."""

from functools import partial
from typing import Any

from tests.live import Client, Live


async def watching(live: Live, *names: str) -> list[Client]:
    clients = [await live.connect(name) for name in names]
    for client in clients:
        assert (await client.ask("watch", {}))["ok"]
    return clients


async def test_a_new_ticket_appears_with_its_customer_and_on_the_board(live: Live) -> None:
    carla, omar, amir, ada = await watching(live, "carla", "omar", "amir", "ada")

    ticket = await live.raise_ticket("carla", "Where is it?")

    shown = await ada.heard("ticket")
    assert (shown["id"], shown["query"], shown["status"], shown["waiting_on"]) == (
        ticket,
        "Where is it?",
        "open",
        "agent",
    )
    assert (await carla.heard("ticket")) == shown
    await nothing_more(live, omar, amir)


async def test_every_change_of_the_outline_shows_on_the_board(live: Live) -> None:
    ticket = await live.raise_ticket()
    [ada] = await watching(live, "ada")

    steps: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
        ("assign_agent", "ada", {"agent": live.id("amir")}, {"status": "assigned"}),
        ("set_priority", "amir", {"priority": "high"}, {"priority": "high"}),
        ("post_message", "amir", {"body": "Hello"}, {"waiting_on": "customer"}),
        ("close_ticket", "amir", {}, {"status": "closed", "waiting_on": None}),
        ("rate_ticket", "carla", {"stars": 4}, {"rating": {"stars": 4, "comment": None}}),
        ("reopen_ticket", "carla", {}, {"status": "assigned", "waiting_on": "agent"}),
        ("assign_agent", "ada", {"agent": None}, {"status": "open", "agent": None}),
    ]
    for kind, who, fields, expected in steps:
        await live.do(who, ticket, kind, **fields)
        await ada.heard("ticket", where=partial(shows, expected))


def shows(expected: dict[str, Any], shown: dict[str, Any]) -> bool:
    return shown | expected == shown


async def test_a_message_moves_the_lists_of_the_two_it_is_between(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    carla, amir = await watching(live, "carla", "amir")

    await live.do("carla", ticket, "post_message", body="Hello?")

    hers, his = await carla.heard("ticket"), await amir.heard("ticket")
    assert (hers["last_seq"], hers["unread"]) == (3, 0)
    assert (his["last_seq"], his["unread"]) == (3, 1)


async def test_an_admin_sees_nothing_move_for_what_is_said(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    [ada] = await watching(live, "ada")

    # The turn does not change: it waits for the agent already.
    await live.do("carla", ticket, "post_message", body="Hello?")
    await live.do("amir", ticket, "post_note", body="Hm.")
    await nothing_more(live, ada)

    await live.do("amir", ticket, "post_message", body="Hello!")
    shown = await ada.heard("ticket", where=lambda shown: shown["id"] == ticket)
    assert (shown["waiting_on"], shown["last_seq"], shown["unread"]) == ("customer", 2, 0)


async def test_nothing_of_a_customers_moves_for_a_note(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    carla, amir = await watching(live, "carla", "amir")
    before = await live.registry.reading.ticket(live.people["carla"], ticket)

    await live.do("amir", ticket, "post_note", body="A difficult one.")

    assert (await amir.heard("ticket"))["last_seq"] == 3
    await nothing_more(live, carla)
    assert await live.registry.reading.ticket(live.people["carla"], ticket) == before


async def test_who_loses_a_ticket_is_told_that_it_is_gone_and_who_gets_it_that_it_is_there(
    live: Live,
) -> None:
    ticket = await live.ticket_with_agent("amir")
    amir, bea = await watching(live, "amir", "bea")

    await live.do("ada", ticket, "assign_agent", agent=live.id("bea"))

    assert await amir.heard("ticket") == {"id": ticket, "gone": True}
    assert (await bea.heard("ticket"))["agent"] == {"id": live.id("bea"), "name": "Bea Brun"}
    await live.do("carla", ticket, "post_message", body="Hello Bea")
    await nothing_more(live, amir, but=[{"id": ticket, "gone": True}])


async def test_who_loses_a_ticket_they_only_joined_is_told_so_too(live: Live) -> None:
    ticket = await live.ticket_with_agent("amir")
    [amir] = await live.on_ticket(ticket, "amir")

    await live.do("ada", ticket, "assign_agent", agent=None)

    assert await amir.heard("ticket") == {"id": ticket, "gone": True}


async def test_a_summary_read_before_the_loss_does_not_come_after_it(live: Live) -> None:
    """Amir's summary is being read while the ticket is taken from him."""
    ticket = await live.ticket_with_agent("amir")
    [amir] = await watching(live, "amir")
    summaries = live.registry.publisher._summaries
    assert summaries is not None

    async def slowly(person: Any, ids: list[int]) -> list[dict[str, Any]]:
        found = await summaries(person, ids)
        if person.id == live.id("amir") and found:
            await live.do("ada", ticket, "assign_agent", agent=None)
        return found

    live.registry.publisher.reads_with(slowly)
    await live.do("carla", ticket, "post_message", body="Hello?")

    await amir.heard("ticket", where=lambda shown: shown == {"id": ticket, "gone": True})
    await nothing_more(live, amir, but=[{"id": ticket, "gone": True}])


async def test_reading_takes_the_badge_from_the_readers_own_lists(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    await live.do("carla", ticket, "post_message", body="Hello?")
    [watching_amir] = await watching(live, "amir")
    [reading_amir] = await live.on_ticket(ticket, "amir")

    await reading_amir.ask("read", {"ticket": ticket, "seq": 3})

    shown = await watching_amir.heard("ticket")
    assert (shown["read_seq"], shown["unread"]) == (3, 0)


async def nothing_more(live: Live, *clients: Client, but: list[Any] | None = None) -> None:
    """No summary came but these; a later change of everybody's shows that one would have come by now."""
    fence = await live.raise_ticket("omar", "Later")
    await live.do("ada", fence, "assign_agent", agent=live.id("amir"))
    mine = await live.raise_ticket("carla", "Later still")
    await live.do("ada", mine, "assign_agent", agent=live.id("bea"))
    for client in clients:
        await client.heard("ticket", where=lambda shown: shown["id"] >= fence)
        earlier = [shown for shown in client.got("ticket") if shown["id"] < fence]
        assert earlier == (but or [])
