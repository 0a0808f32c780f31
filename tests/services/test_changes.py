"""The one path of every change: what is answered, remembered, told and owed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ccr import metrics
from ccr.desk.clock import MINUTE, rfc3339
from tests.desk_house import Desk, open_desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as opened:
        yield opened


async def test_an_answer_tells_the_number_the_time_and_the_entries(desk: Desk) -> None:
    opened = await desk.do(desk.carla, None, "a-first-key", "open_ticket", query="Where is it?")

    assert opened.wire() == {
        "ticket": opened.ticket,
        "seq": 1,
        "at": rfc3339(desk.house.time),
        "entries": [
            {
                "ticket": opened.ticket,
                "seq": 1,
                "prev": 0,
                "at": rfc3339(desk.house.time),
                "actor": {"id": desk.carla.id, "name": "Carla Custer", "role": "customer"},
                "type": "ticket_opened",
                "key": "a-first-key",
                "query": "Where is it?",
                "priority": "normal",
            }
        ],
    }


async def test_the_same_key_and_command_get_the_first_answer_and_do_nothing(desk: Desk) -> None:
    ticket = await desk.open()
    first = await desk.do(desk.carla, ticket, "key-12345", "post_message", body="Hello\r\nthere")
    await desk.do(desk.amir, ticket, "key-12345", "post_message", body="Hello")
    before, told = await desk.stored(), len(desk.house.publisher.changes)
    desk.house.later()

    again = await desk.do(desk.carla, ticket, "key-12345", "post_message", body="Hello\nthere")

    assert again == first
    assert (await desk.stored(), len(desk.house.publisher.changes)) == (before, told)


async def test_the_same_key_for_another_command_is_a_conflict(desk: Desk) -> None:
    ticket = await desk.open()
    await desk.do(desk.carla, ticket, "key-12345", "post_message", body="Hello")

    for kind, fields in (
        ("post_message", {"body": "Hello!"}),
        ("post_message", {"body": "Hello", "reply_to": 1}),
        ("close_ticket", {}),
    ):
        assert await desk.refused(desk.carla, ticket, "key-12345", kind, **fields) == "conflict"


async def test_a_ticket_is_raised_once_for_a_key(desk: Desk) -> None:
    first = await desk.do(desk.carla, None, "key-12345", "open_ticket", query="Where is it?")
    again = await desk.do(
        desk.carla, None, "key-12345", "open_ticket", query="Where is it?", priority="normal"
    )
    his = await desk.do(desk.omar, None, "key-12345", "open_ticket", query="Where is it?")

    assert again == first
    assert his.ticket != first.ticket
    assert await desk.refused(desk.carla, None, "key-12345", "open_ticket", query="Other") == "conflict"
    # The key is used on the ticket that it opened, too.
    assert await desk.refused(desk.carla, first.ticket, "key-12345", "close_ticket") == "conflict"


async def test_keys_are_each_persons_and_each_tickets_own(desk: Desk) -> None:
    one = await desk.open()
    other = (await desk.do(desk.carla, None, "carla-opens-two", "open_ticket", query="And this?")).ticket

    seqs = [
        (await desk.do(who, ticket, "the-same-key", "post_message", body="Hello")).seq
        for who, ticket in ((desk.carla, one), (desk.carla, other), (desk.amir, one))
    ]

    assert seqs == [3, 2, 4]


async def test_a_refusal_is_not_remembered(desk: Desk) -> None:
    ticket = await desk.open()
    await desk.do(desk.carla, ticket, "carla-closes", "close_ticket")
    assert await desk.refused(desk.carla, ticket, "key-12345", "post_message", body="Hello") == "conflict"
    await desk.do(desk.carla, ticket, "carla-reopens", "reopen_ticket")

    assert (await desk.do(desk.carla, ticket, "key-12345", "post_message", body="Hello")).seq == 5


async def test_what_changed_nothing_is_remembered_and_changes_nothing_later(desk: Desk) -> None:
    ticket = await desk.open()
    await desk.do(desk.amir, ticket, "amir-closes", "close_ticket")
    nothing = await desk.do(desk.carla, ticket, "carla-closes", "close_ticket")
    await desk.do(desk.carla, ticket, "carla-reopens", "reopen_ticket")

    again = await desk.do(desk.carla, ticket, "carla-closes", "close_ticket")

    assert again == nothing
    assert (nothing.seq, nothing.entries) == (3, [])
    assert await desk.house.rows("SELECT status FROM tickets") == [("assigned",)]
    assert await desk.refused(desk.carla, ticket, "carla-closes", "reopen_ticket") == "conflict"


async def test_who_left_meanwhile_still_gets_their_own_answer_and_no_new_one(desk: Desk) -> None:
    ticket = await desk.open()
    first = await desk.do(desk.amir, ticket, "key-12345", "post_message", body="On its way")
    await desk.house.staff.change(desk.ada, desk.amir.id, {"active": False})

    assert await desk.do(desk.amir, ticket, "key-12345", "post_message", body="On its way") == first
    assert await desk.refused(desk.amir, ticket, "key-54321", "post_message", body="Hi") == "unauthenticated"


async def test_a_first_answer_carries_what_is_stored_today(desk: Desk) -> None:
    ticket = await desk.open()
    first = await desk.do(desk.carla, ticket, "key-12345", "post_message", body="Too much")
    await desk.do(desk.carla, ticket, "key-54321", "redact_message", of=3)

    again = await desk.do(desk.carla, ticket, "key-12345", "post_message", body="Too much")

    assert again.seq == first.seq
    assert again.entries[0]["body"] == ""


async def test_a_reopened_ticket_leaves_an_agent_who_has_left_and_says_so_in_one_answer(desk: Desk) -> None:
    ticket = await desk.open()
    await desk.do(desk.amir, ticket, "amir-notes", "post_note", body="Hm")
    await desk.do(desk.carla, ticket, "carla-closes", "close_ticket")
    await desk.house.staff.change(desk.ada, desk.amir.id, {"active": False})

    answer = await desk.do(desk.carla, ticket, "carla-reopens", "reopen_ticket")

    assert [(entry["type"], entry["prev"], entry["seq"]) for entry in answer.entries] == [
        ("ticket_reopened", 4, 5),
        ("agent_assigned", 5, 6),
    ]
    assert await desk.do(desk.carla, ticket, "carla-reopens", "reopen_ticket") == answer
    assert await desk.house.rows("SELECT status, agent_id FROM tickets") == [("open", None)]
    assert [entry.seq for entry in desk.house.publisher.changes[-1].entries] == [5, 6]


async def test_time_never_goes_back_on_a_timeline(desk: Desk) -> None:
    ticket = await desk.open()
    desk.house.later(-10 * MINUTE)

    answer = await desk.do(desk.carla, ticket, "key-12345", "post_message", body="Hello")

    assert answer.at == desk.house.time + 10 * MINUTE
    times = [row[0] for row in await desk.house.rows("SELECT happened_at FROM entries ORDER BY seq")]
    assert times == sorted(times)


async def test_only_opening_needs_no_ticket(desk: Desk) -> None:
    ticket = await desk.open()
    assert await desk.refused(desk.carla, None, "key-12345", "close_ticket") == "invalid"
    assert await desk.refused(desk.carla, ticket, "key-12345", "open_ticket", query="Why?") == "invalid"
    assert await desk.refused(desk.carla, 999, "key-12345", "close_ticket") == "not_found"
    assert await desk.refused(desk.omar, ticket, "key-12345", "close_ticket") == "not_found"
    assert await desk.refused(desk.ada, None, "key-12345", "open_ticket", query="Why?") == "forbidden"


async def test_what_happened_is_told_with_the_ticket_before_and_after(desk: Desk) -> None:
    ticket = await desk.open()
    opened, assigned = desk.house.publisher.changes

    assert (opened.before, opened.ticket.status, opened.actor.id) == (None, "open", desk.carla.id)
    assert assigned.before == opened.ticket
    assert (assigned.ticket.id, assigned.ticket.agent_id, assigned.actor.id) == (
        ticket,
        desk.amir.id,
        desk.ada.id,
    )
    assert [entry.seq for entry in assigned.entries] == [2]


async def test_mails_are_owed_with_the_change_and_the_postman_is_woken_for_what_is_due(desk: Desk) -> None:
    ticket = await desk.open()
    assert desk.house.wakes == 2
    await desk.do(desk.carla, ticket, "key-12345", "post_message", body="Hello")
    await desk.do(desk.amir, ticket, "key-54321", "post_note", body="Hm")
    assert desk.house.wakes == 2
    assert (await desk.house.owed())[-4:] == [
        "ticket_raised",
        "agent_assigned",
        "ticket_assigned",
        "message_waiting",
    ]


async def test_commands_are_counted_by_kind_and_outcome(desk: Desk) -> None:
    def counted(outcome: str) -> float:
        return float(metrics.COMMANDS.labels("rate_ticket", outcome)._value.get())

    ticket = await desk.open()
    before = [counted(outcome) for outcome in ("ok", "again", "conflict")]
    await desk.refused(desk.carla, ticket, "key-12345", "rate_ticket", stars=5)
    await desk.do(desk.carla, ticket, "carla-closes", "close_ticket")
    for _ in range(3):
        await desk.do(desk.carla, ticket, "key-12345", "rate_ticket", stars=5)

    after = [counted(outcome) for outcome in ("ok", "again", "conflict")]
    assert [new - old for new, old in zip(after, before, strict=True)] == [1, 2, 1]


async def test_the_same_key_sent_many_times_at_once_does_it_once(desk: Desk) -> None:
    ticket = await desk.open()

    answers = await asyncio.gather(
        *(desk.do(desk.carla, ticket, "key-12345", "post_message", body="Hello") for _ in range(20)),
        *(desk.do(desk.carla, None, "key-54321", "open_ticket", query="Why?") for _ in range(20)),
    )

    assert all(answer == answers[0] for answer in answers[:20])
    assert all(answer == answers[20] for answer in answers[20:])
    assert await desk.house.rows("SELECT COUNT(*) FROM tickets") == [(2,)]
    assert len(desk.house.publisher.changes) == 4


async def test_two_who_ask_at_once_are_decided_one_after_the_other(desk: Desk) -> None:
    """Of two admins who assign at once the second decides by what the first did."""
    ticket = (await desk.do(desk.carla, None, "carla-opens", "open_ticket", query="Where is it?")).ticket

    answers = await asyncio.gather(
        *(desk.do(desk.ada, ticket, f"assigns-{n}", "assign_agent", agent=desk.bea.id) for n in range(5)),
        *(desk.do(desk.carla, ticket, f"closes-{n}", "close_ticket") for n in range(5)),
    )

    assert [len(answer.entries) for answer in answers] == [1, 0, 0, 0, 0, 1, 0, 0, 0, 0]
