"""What people look at: pages, lists, search, counts, read marks; each as its asker may know it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ccr.desk.people import Person
from ccr.desk.refusals import Refusal
from ccr.services.reading import MOST, PAGE, Filters, Reading
from tests.desk_house import Desk, open_desk


class Reader(Reading):
    """Reading on the desk's database, with the desk at hand."""

    def __init__(self, desk: Desk, *, admins_read: bool = False) -> None:
        super().__init__(desk.house.database, desk.house.publisher, admins_read=admins_read)
        self.desk = desk

    async def ids(self, person: Person, **filters: Any) -> list[int]:
        """The ids on the person's list, newest activity first."""
        found = await self.tickets(person, Filters(**filters))
        return [ticket["id"] for ticket in found["tickets"]]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as opened:
        yield opened


@pytest.fixture
def reading(desk: Desk) -> Reader:
    return Reader(desk)


async def raised(desk: Desk, who: Person, query: str) -> int:
    """A ticket, a minute after the last."""
    desk.house.later()
    return (await desk.do(who, None, f"raises-{desk.house.time}", "open_ticket", query=query)).ticket


async def test_the_newest_activity_comes_first_each_viewer_by_what_they_see(
    desk: Desk, reading: Reader
) -> None:
    first, second = await desk.open(), await raised(desk, desk.carla, "Another")
    assert await reading.ids(desk.carla) == [second, first]

    desk.house.later()
    await desk.do(desk.amir, first, "amir-notes", "post_note", body="Hm")
    assert await reading.ids(desk.carla) == [second, first]
    assert await reading.ids(desk.ada) == [second, first]
    assert await Reader(desk, admins_read=True).ids(desk.ada) == [first, second]

    desk.house.later()
    await desk.do(desk.amir, first, "amir-answers", "post_message", body="Hello")
    assert await reading.ids(desk.carla) == [first, second]
    assert await reading.ids(desk.ada) == [second, first]


async def test_a_list_is_read_page_by_page_while_it_moves(desk: Desk, reading: Reader) -> None:
    tickets = [await raised(desk, desk.carla, f"Ticket {n}") for n in range(7)]

    seen: list[int] = []
    cursor = None
    for _ in range(4):
        page = await reading.tickets(desk.carla, cursor=cursor, limit=2)
        seen += [ticket["id"] for ticket in page["tickets"]]
        cursor = page["cursor"]
        assert page["more"] is (cursor is not None)
        await raised(desk, desk.carla, "In between")

    assert cursor is None
    assert seen == tickets[::-1]


async def test_tickets_of_the_same_moment_are_neither_lost_nor_doubled(desk: Desk, reading: Reader) -> None:
    made = [
        (await desk.do(desk.carla, None, f"raises-{n:03d}", "open_ticket", query="At once")).ticket
        for n in range(9)
    ]
    seen: list[int] = []
    cursor: str | None = None
    while not seen or cursor:
        page = await reading.tickets(desk.carla, cursor=cursor, limit=4)
        seen += [ticket["id"] for ticket in page["tickets"]]
        cursor = page["cursor"]
    assert seen == made[::-1]


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "-",
        "1",
        "1-",
        "-1",
        "a-b",
        "1-2-3",
        " 1-2",
        "1-2\n",
        "१-२",
        "9" * 17 + "-1",
        "1-" + "9" * 30,
        "-1--1",
        "1.5-2",
    ],
)
async def test_a_cursor_that_was_never_given_out_is_refused(desk: Desk, reading: Reader, cursor: str) -> None:
    with pytest.raises(Refusal) as refused:
        await reading.tickets(desk.carla, cursor=cursor)
    assert (refused.value.code, *refused.value.fields) == ("invalid", "cursor")


async def test_the_largest_cursor_is_the_start_of_everything(desk: Desk, reading: Reader) -> None:
    ticket = await desk.open()
    page = await reading.tickets(desk.carla, cursor=f"{'9' * 16}-{'9' * 16}")
    assert [each["id"] for each in page["tickets"]] == [ticket]
    assert (await reading.tickets(desk.carla, cursor="0-0"))["tickets"] == []


async def test_filters_narrow_a_list(desk: Desk, reading: Reader) -> None:
    assigned = await desk.open()
    waiting = await raised(desk, desk.omar, "Hello?")
    closed = await raised(desk, desk.omar, "Never mind")
    await desk.do(desk.omar, closed, "omar-closes", "close_ticket")
    desk.house.later()
    await desk.do(desk.amir, assigned, "amir-answers", "post_message", body="Hello")

    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({}, [closed, waiting, assigned]),
        ({"status": "open"}, [waiting]),
        ({"status": "assigned"}, [assigned]),
        ({"status": "closed"}, [closed]),
        ({"active": True}, [waiting, assigned]),
        ({"agent": desk.amir.id}, [assigned]),
        ({"agent": desk.bea.id}, []),
        ({"unassigned": True}, [closed, waiting]),
        ({"unassigned": True, "active": True}, [waiting]),
        ({"waiting_on": "agent"}, [waiting]),
        ({"waiting_on": "customer"}, [assigned]),
    ]
    for filters, expected in cases:
        assert await reading.ids(desk.ada, **filters) == expected, filters
    assert await reading.ids(desk.omar, agent=desk.amir.id) == []
    assert await reading.ids(desk.amir, unassigned=True) == []


async def test_counts_are_the_persons_own_whatever_the_filters(desk: Desk, reading: Reader) -> None:
    await desk.open()
    await raised(desk, desk.omar, "Hello?")
    closed = await raised(desk, desk.omar, "Never mind")
    await desk.do(desk.omar, closed, "omar-closes", "close_ticket")

    async def counts(person: Person, **filters: Any) -> list[int]:
        found = (await reading.tickets(person, Filters(**filters)))["counts"]
        assert [*found] == ["open", "assigned", "closed", "unassigned", "waiting_on_agent"]
        return [*found.values()]

    assert await counts(desk.ada) == await counts(desk.ada, search="nothing like it") == [1, 1, 1, 1, 2]
    assert await counts(desk.carla) == [0, 1, 0, 0, 1]
    assert await counts(desk.omar) == [1, 0, 1, 1, 1]
    assert await counts(desk.amir) == [0, 1, 0, 0, 1]
    assert await counts(desk.bea) == [0, 0, 0, 0, 0]


async def test_search_finds_by_words_number_and_for_staff_by_name(desk: Desk, reading: Reader) -> None:
    parcel = await desk.open()
    odd = await raised(desk, desk.omar, "100% of it_is ÄRGERLICH! Où?")
    plain = await raised(desk, desk.omar, "1000 times")

    for words, expected in [
        ("where", [parcel]),
        ("WHERE IS", [parcel]),
        ("100%", [odd]),
        ("t_i", [odd]),
        ("ärgerlich", [odd]),
        ("Ärger", [odd]),
        ("OÙ", [odd]),
        ("!", [odd]),
        ("carla", [parcel]),
        ("Omar O", [plain, odd]),
        (f"#{parcel}", [parcel]),
        (f"{plain}", [plain]),
        ("nothing like it", []),
        ("%", [odd]),
        ("_", [odd]),
        ("'; DROP TABLE tickets; --", []),
        ("9" * 150, []),
        ("#" + "9" * 30, []),
    ]:
        assert await reading.ids(desk.ada, search=words) == expected, words
    assert await reading.ids(desk.omar, search="omar") == []
    assert await reading.ids(desk.omar, search="where") == []
    assert await reading.ids(desk.omar, search=f"#{parcel}") == []


async def test_a_customer_is_told_how_to_reach_their_agent_and_nobody_else_is(
    desk: Desk, reading: Reader
) -> None:
    ticket = await desk.open()
    shown = {
        who.role.value: (await reading.ticket(who, ticket))["agent"]
        for who in (desk.carla, desk.amir, desk.ada)
    }
    plain = {"id": desk.amir.id, "name": "Amir Azad"}
    assert shown == {
        "customer": plain | {"email": "amir@example.org", "mobile": "+1 555 12345", "portrait": None},
        "agent": plain,
        "admin": plain,
    }
    listed = (await reading.tickets(desk.carla))["tickets"][0]["agent"]
    assert listed == plain


async def test_names_are_those_of_today(desk: Desk, reading: Reader) -> None:
    ticket = await desk.open()
    await desk.house.accounts.update(desk.carla, {"first_name": "Carlotta"})
    assert (await reading.ticket(desk.amir, ticket))["customer"]["name"] == "Carlotta Custer"
    assert (await reading.timeline(desk.amir, ticket))["entries"][0]["actor"]["name"] == "Carlotta Custer"


async def test_what_is_not_ones_own_is_not_there(desk: Desk, reading: Reader) -> None:
    ticket = await desk.open()
    for person in (desk.omar, desk.bea):
        for question in (
            reading.ticket(person, ticket),
            reading.allowed(person, ticket),
            reading.timeline(person, ticket),
            reading.conversation(person, ticket),
            reading.standing(person, ticket),
            reading.mark_read(person, ticket, 1),
        ):
            with pytest.raises(Refusal) as refused:
                await question
            assert refused.value.code == "not_found"
    assert await reading.summaries(desk.omar, [ticket, 999]) == []
    assert [each["id"] for each in await reading.summaries(desk.carla, [ticket, 999])] == [ticket]


async def test_a_conversation_begins_with_its_newest_page_or_goes_on_behind_a_number(
    desk: Desk, reading: Reader
) -> None:
    ticket = await desk.open()
    await asyncio.gather(
        *(desk.do(desk.carla, ticket, f"message-{n:03d}", "post_message", body=f"{n}") for n in range(220))
    )

    newest = await reading.conversation(desk.carla, ticket)
    behind = await reading.conversation(desk.carla, ticket, 2)

    assert (len(newest["entries"]), newest["entries"][-1]["seq"], newest["more"]) == (PAGE, 222, True)
    assert (len(behind["entries"]), behind["entries"][0]["seq"], behind["more"]) == (MOST, 3, True)
    assert newest["head"] == behind["head"] == newest["ticket"]["last_seq"] == 222


async def test_read_marks_and_badges(desk: Desk, reading: Reader) -> None:
    ticket = await desk.open()
    for n in range(3):
        await desk.do(desk.carla, ticket, f"message-{n:03d}", "post_message", body="Hello?")

    async def badge(person: Person) -> tuple[int, int]:
        shown = await reading.ticket(person, ticket)
        return shown["read_seq"], shown["unread"]

    assert (await badge(desk.amir), await badge(desk.carla), await badge(desk.ada)) == (
        (0, 3),
        (0, 0),
        (0, 0),
    )
    await reading.mark_read(desk.amir, ticket, 4)
    assert await badge(desk.amir) == (4, 1)
    await reading.mark_read(desk.amir, ticket, 2)
    assert await badge(desk.amir) == (4, 1)
    await reading.mark_read(desk.amir, ticket, 1_000)
    assert await badge(desk.amir) == (5, 0)
    await reading.mark_read(desk.ada, ticket, 1_000)
    assert await badge(desk.ada) == (2, 0)


async def test_the_load_of_every_active_agent(desk: Desk, reading: Reader) -> None:
    await desk.open()
    done = await raised(desk, desk.omar, "Done")
    await desk.do(desk.ada, done, "ada-assigns", "assign_agent", agent=desk.amir.id)
    await desk.do(desk.omar, done, "omar-closes", "close_ticket")

    assert await reading.agents_load() == [
        {"id": desk.amir.id, "name": "Amir Azad", "open": 1, "online": False},
        {"id": desk.bea.id, "name": "Bea Brun", "open": 0, "online": False},
    ]
    await desk.house.staff.change(desk.ada, desk.bea.id, {"active": False})
    assert [load["id"] for load in await reading.agents_load()] == [desk.amir.id]
