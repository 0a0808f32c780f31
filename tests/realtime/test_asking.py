"""What clients ask, and how each is acknowledged: the contract's first table, row by row."""

from typing import Any

from tests.live import Client, Live, new_key

NEWEST = 50
MOST = 200


async def test_joining_gives_the_ticket_and_the_newest_entries(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    carla = await live.connect("carla")

    answer = await carla.ask("join", {"ticket": ticket})

    assert answer["ok"] is True
    assert (answer["head"], answer["more"]) == (2, False)
    assert [entry["type"] for entry in answer["entries"]] == ["ticket_opened", "agent_assigned"]
    assert answer["ticket"] | {"opened_at": 0, "updated_at": 0, "waiting_since": 0} == {
        "id": ticket,
        "query": "My order has not come",
        "status": "assigned",
        "priority": "normal",
        "customer": {"id": live.id("carla"), "name": "Carla Custer"},
        "agent": {
            "id": live.id("amir"),
            "name": "Amir Azad",
            "email": "amir@example.org",
            "mobile": "+1 555 12345",
            "portrait": None,
        },
        "waiting_on": "agent",
        "waiting_since": 0,
        "opened_at": 0,
        "updated_at": 0,
        "last_seq": 2,
        "read_seq": 0,
        "unread": 0,
        "rating": None,
    }


async def test_joining_a_long_ticket_gives_its_end_or_all_from_a_number_on(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    for n in range(3, 204):
        await live.do("carla", ticket, "post_message", body=f"message {n}")
    carla = await live.connect("carla")

    end = await carla.ask("join", {"ticket": ticket})
    start = await carla.ask("join", {"ticket": ticket, "after": 0})
    rest = await carla.ask("join", {"ticket": ticket, "after": 150})

    assert (seqs(end), end["more"], end["head"]) == ([*range(154, 204)], True, 203)
    assert (seqs(start), start["more"]) == ([*range(1, 201)], True)
    assert (seqs(rest), rest["more"]) == ([*range(151, 204)], False)


async def test_sync_pages_in_both_directions(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    for n in range(3, 61):
        await live.do("carla", ticket, "post_message", body=f"message {n}")
    carla = await live.connect("carla")

    async def sync(**given: int) -> Any:
        return await carla.ask("sync", {"ticket": ticket, **given})

    for given, expected, more in [
        ({}, range(11, 61), True),
        ({"after": 0}, range(1, 61), False),
        ({"after": 57}, range(58, 61), False),
        ({"after": 60}, [], False),
        ({"after": 1_000_000}, [], False),
        ({"after": 2, "limit": 3}, range(3, 6), True),
        ({"before": 4}, range(1, 4), False),
        ({"before": 0}, [], False),
        ({"before": 40, "limit": 2}, range(38, 40), True),
        ({"after": 10, "before": 13}, range(11, 13), False),
    ]:
        answer = await sync(**given)
        assert (seqs(answer), answer["more"], answer["head"]) == ([*expected], more, 60), given


async def test_sync_chains_every_entry_to_the_one_its_viewer_saw_before(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    await live.do("amir", ticket, "post_note", body="Careful with this one.")
    await live.do("amir", ticket, "post_message", body="Good morning.")
    await live.do("carla", ticket, "post_message", body="Good morning!")
    carla, amir, ada = [await live.connect(name) for name in ("carla", "amir", "ada")]

    async def chain(client: Client) -> list[tuple[int, int]]:
        answer = await client.ask("sync", {"ticket": ticket, "after": 1})
        return [(entry["prev"], entry["seq"]) for entry in answer["entries"]]

    assert await chain(carla) == [(1, 2), (2, 4), (4, 5)]
    assert await chain(amir) == [(1, 2), (2, 3), (3, 4), (4, 5)]
    assert await chain(ada) == [(1, 2)]


async def test_a_command_is_acknowledged_with_its_entries(live: Live) -> None:
    carla = await live.connect("carla")

    opened = await carla.do(None, "open_ticket", key="the-first-key", query="Where is it?", priority="high")
    posted = await carla.do(opened["ticket"], "post_message", key="the-next-key", body="It is late.")

    actor = {"id": live.id("carla"), "name": "Carla Custer", "role": "customer"}
    assert opened == {
        "ok": True,
        "ticket": opened["ticket"],
        "seq": 1,
        "at": opened["at"],
        "entries": [
            {
                "ticket": opened["ticket"],
                "seq": 1,
                "prev": 0,
                "at": opened["at"],
                "actor": actor,
                "key": "the-first-key",
                "type": "ticket_opened",
                "query": "Where is it?",
                "priority": "high",
            }
        ],
    }
    assert (posted["seq"], posted["entries"][0]["prev"], posted["entries"][0]["body"]) == (
        2,
        1,
        "It is late.",
    )


async def test_a_repeated_key_gives_the_first_answer_and_pushes_nothing(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    carla, amir = await live.on_ticket(ticket, "carla", "amir")
    key = new_key()

    first = await carla.do(ticket, "post_message", key, body="Hello?")
    again = await carla.do(ticket, "post_message", key, body="Hello?")
    other = await carla.do(ticket, "post_message", key, body="Hello!")
    await amir.fence()

    assert again == first
    assert (other["ok"], other["code"]) == (False, "conflict")
    assert [entry["seq"] for entry in amir.got("entry")] == [3]


async def test_whoever_leaves_hears_no_more_of_the_ticket(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    carla, amir = await live.on_ticket(ticket, "carla", "amir")

    assert await amir.ask("leave", {"ticket": ticket}) == {"ok": True}
    assert await amir.ask("leave", {"ticket": ticket}) == {"ok": True}
    await carla.do(ticket, "post_message", body="Are you there?")
    await amir.fence()

    assert amir.got("entry") == []


async def test_watching_gives_each_role_its_own_list(live: Live) -> None:
    hers = await live.ticket_with_agent()
    his = await live.raise_ticket("omar", "A question")
    closed = await live.raise_ticket("carla", "Long done")
    await live.do("carla", closed, "close_ticket")

    lists = {}
    for name in ("carla", "omar", "amir", "bea", "ada"):
        answer = await (await live.connect(name)).ask("watch", {})
        assert answer["ok"] is True
        assert answer["more"] is False
        lists[name] = [ticket["id"] for ticket in answer["tickets"]]

    assert lists == {"carla": [closed, hers], "omar": [his], "amir": [hers], "bea": [], "ada": [his, hers]}


async def test_watching_counts_what_stands_where(live: Live) -> None:
    await live.ticket_with_agent()
    await live.raise_ticket("omar")
    closed = await live.raise_ticket("omar")
    await live.do("omar", closed, "close_ticket")

    answer = await (await live.connect("ada")).ask("watch", {})

    assert answer["counts"] == {
        "open": 1,
        "assigned": 1,
        "closed": 1,
        "unassigned": 1,
        "waiting_on_agent": 2,
    }


async def test_a_message_may_be_written_without_joining(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    [amir] = await live.on_ticket(ticket, "amir")
    carla = await live.connect("carla")

    assert (await carla.do(ticket, "post_message", body="Just this."))["ok"]

    assert (await amir.heard("entry"))["body"] == "Just this."
    assert carla.got("entry") == []


async def test_every_command_can_be_done_by_socket(live: Live) -> None:
    carla, amir, ada = [await live.connect(name) for name in ("carla", "amir", "ada")]
    done = [await carla.do(None, "open_ticket", query="Please help", details="It is broken.")]
    ticket = done[0]["ticket"]
    steps: list[tuple[Client, str, dict[str, Any]]] = [
        (ada, "assign_agent", {"agent": live.id("amir")}),
        (amir, "post_message", {"body": "What is?"}),
        (carla, "post_message", {"body": "The kettle.", "reply_to": 3}),
        (amir, "post_note", {"body": "Third kettle this week."}),
        (amir, "set_priority", {"priority": "urgent"}),
        (carla, "redact_message", {"of": 4, "reason": "A typo"}),
        (amir, "close_ticket", {"reason": "A new kettle is on its way."}),
        (carla, "rate_ticket", {"stars": 5, "comment": "Quick!"}),
        (carla, "reopen_ticket", {}),
        (ada, "assign_agent", {"agent": None}),
    ]
    for client, kind, fields in steps:
        done.append(await client.do(ticket, kind, **fields))

    assert [(answer["ok"], answer["seq"]) for answer in done] == [(True, n) for n in range(1, 12)]
    assert [answer["entries"][0]["type"] for answer in done] == [
        "ticket_opened",
        "agent_assigned",
        "message_posted",
        "message_posted",
        "note_posted",
        "priority_changed",
        "message_redacted",
        "ticket_closed",
        "ticket_rated",
        "ticket_reopened",
        "agent_assigned",
    ]


async def test_an_event_without_acknowledgement_is_carried_out_all_the_same(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    [amir] = await live.on_ticket(ticket, "amir")
    carla = await live.connect("carla")

    await carla.socket.emit(
        "do",
        {
            "ticket": ticket,
            "key": new_key(),
            "command": {"type": "post_message", "body": "No need to answer"},
        },
    )

    assert (await amir.heard("entry"))["seq"] == 3


def seqs(answer: Any) -> list[int]:
    return [entry["seq"] for entry in answer["entries"]]
