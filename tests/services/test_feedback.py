"""Feedback, and canned replies."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ccr.desk.commands import OpenTicket
from ccr.desk.refusals import Code, Refusal
from tests.accounts_house import OMAR, House, open_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


async def test_carla_writes_and_ada_reads_the_newest_first(house: House) -> None:
    ada, carla = await house.admin(), await house.customer()
    amir = await house.agent(ada)
    opened = await house.changes.carry_out(carla, None, "opening-1", OpenTicket(query="My kettle is cold"))

    first = await house.feedback.write(
        carla, {"about": "agent", "ticket": opened.ticket, "stars": 5, "body": "Quick"}
    )
    second = await house.feedback.write(amir, {"about": "service", "body": "Slow page"})

    assert first == {
        "id": first["id"],
        "person": {"id": carla.id, "name": "Carla Custer", "role": "customer"},
        "about": "agent",
        "ticket": opened.ticket,
        "stars": 5,
        "body": "Quick",
        "at": "2027-01-15T08:00:00.000Z",
    }
    assert await house.feedback.page(ada) == {"feedback": [second, first], "cursor": None}


async def test_pages_follow_each_other_without_gaps(house: House) -> None:
    ada, carla = await house.admin(), await house.customer()
    written = [
        await house.feedback.write(carla, {"about": "service", "body": f"Number {n}"}) for n in range(5)
    ]

    read: list[Any] = []
    cursor: str | None = None
    pages = 0
    while pages == 0 or cursor:
        page = await house.feedback.page(ada, cursor=cursor, limit=2)
        read += page["feedback"]
        cursor = page["cursor"]
        pages += 1

    assert read == written[::-1]
    assert pages == 3


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1" * 30, "\ud800"])
async def test_a_cursor_is_one_of_ours(house: House, cursor: str) -> None:
    ada = await house.admin()

    with pytest.raises(Refusal) as refused:
        await house.feedback.page(ada, cursor=cursor)

    assert set(refused.value.fields) == {"cursor"}


async def test_omar_cannot_write_about_carlas_ticket(house: House) -> None:
    carla, omar = await house.customer(), await house.customer(OMAR)
    opened = await house.changes.carry_out(carla, None, "opening-1", OpenTicket(query="My kettle is cold"))

    for ticket in (opened.ticket, 4711):
        with pytest.raises(Refusal) as refused:
            await house.feedback.write(omar, {"about": "service", "ticket": ticket, "body": "Hm"})
        assert refused.value.code is Code.NOT_FOUND
    assert await house.rows("SELECT id FROM feedback") == []


async def test_each_may_do_only_their_part(house: House) -> None:
    ada, carla = await house.admin(), await house.customer()

    for asked in (house.feedback.write(ada, {"about": "service", "body": "x"}), house.feedback.page(carla)):
        with pytest.raises(Refusal) as refused:
            await asked
        assert refused.value.code is Code.FORBIDDEN


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("about", "weather"),
        ("about", None),
        ("body", ""),
        ("body", " \n"),
        ("body", "x" * 4001),
        ("body", "a\x00b"),
        ("body", "\ud800"),
        ("stars", 0),
        ("stars", 6),
        ("stars", "5"),
        ("stars", True),
        ("ticket", 0),
        ("ticket", 2**53),
        ("ticket", "1"),
        ("mood", "fine"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_stored(house: House, field: str, wrong: Any) -> None:
    carla = await house.customer()

    with pytest.raises(Refusal) as refused:
        await house.feedback.write(carla, {"about": "service", "body": "Fine"} | {field: wrong})

    assert (refused.value.code, set(refused.value.fields)) == (Code.INVALID, {field})
    assert await house.rows("SELECT id FROM feedback") == []


async def test_five_canned_replies_are_shipped_once_for_staff(house: House) -> None:
    ada, carla = await house.admin(), await house.customer()
    amir = await house.agent(ada)

    await house.canned_replies.ship_defaults()
    await house.canned_replies.ship_defaults()

    replies = await house.canned_replies.replies(amir)
    assert len(replies) == 5
    assert replies == await house.canned_replies.replies(ada)
    assert [reply["shortcut"] for reply in replies] == sorted(reply["shortcut"] for reply in replies)
    with pytest.raises(Refusal):
        await house.canned_replies.replies(carla)
