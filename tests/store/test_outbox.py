"""The outbox: what is owed, claimed, settled, tried again and given up."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from ccr.desk import clock
from ccr.desk.clock import MINUTE, SECOND
from ccr.desk.notices import Channel, Kind, Notice
from ccr.desk.people import Person, Role
from ccr.store import claims, outbox, people
from ccr.store.connection import Connection
from ccr.store.owed import Owed
from tests.accounts_house import House, open_house

LEASE = MINUTE
NOW = 1_800_000_000_000

T = TypeVar("T")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
async def carla(house: House) -> int:
    """She has not been welcomed, so that nothing is owed yet."""
    carla = Person(id=0, role=Role.CUSTOMER, first_name="Carla", last_name="Custer", email=None, mobile=None)
    return (await do(house, lambda c: people.add(c, carla, None, NOW))).id


async def do(house: House, unit: Callable[[Connection], T]) -> T:
    return await house.database.write(unit)


async def put(house: House, carla: int, *, now: int = NOW, **more: Any) -> None:
    given: dict[str, Any] = {"kind": Kind.WELCOME, "to": carla} | more
    notice = Notice(**given)
    await do(house, lambda c: outbox.put(c, notice, now))


async def claim(
    house: House,
    worker: str = "one",
    now: int = NOW,
    most: int = 50,
    lease: int = LEASE,
    channel: Channel = Channel.MAIL,
) -> list[Owed]:
    return await do(house, lambda c: claims.claim(c, worker, now, lease, most, channel.value))


async def rows(house: House, columns: str = "state") -> list[Any]:
    found = await house.rows(f"SELECT {columns} FROM outbox ORDER BY id")  # noqa: S608
    return [row[0] if len(row) == 1 else row for row in found]


async def test_a_mail_is_claimed_with_all_that_was_put(house: House, carla: int) -> None:
    await put(house, carla, kind=Kind.NEW_DEVICE, data={"device": "Firefox – Linux", "address": "192.0.2.1"})
    [owed] = await claim(house)
    assert owed == Owed(
        id=owed.id,
        kind="new_device",
        person=carla,
        address=None,
        ticket=None,
        told='{"device":"Firefox – Linux","address":"192.0.2.1"}',
        created_at=NOW,
        due_at=NOW,
        fresh_at=NOW,
        tries=0,
        claimed_until=owed.claimed_until,
    )


async def test_nothing_is_claimed_before_it_is_due(house: House, carla: int) -> None:
    await put(house, carla, delay=2 * MINUTE)
    assert await claim(house, now=NOW + 2 * MINUTE - 1) == []
    assert len(await claim(house, now=NOW + 2 * MINUTE)) == 1


async def test_the_longest_due_come_first_and_no_more_than_asked_for(house: House, carla: int) -> None:
    await put(house, carla, delay=3)
    await put(house, carla, delay=1)
    await put(house, carla, delay=2)
    first = await claim(house, now=NOW + 10, most=2)
    rest = await claim(house, now=NOW + 10, most=2)
    assert [owed.due_at - NOW for owed in first + rest] == [1, 2, 3]


async def test_two_postmen_never_carry_the_same_mail(house: House, carla: int) -> None:
    for _ in range(3):
        await put(house, carla)
    one, two = await claim(house, "one", most=2), await claim(house, "two")
    assert len(one) == 2
    assert len(two) == 1
    assert not {owed.id for owed in one} & {owed.id for owed in two}


async def test_the_claim_of_a_postman_who_died_runs_out(house: House, carla: int) -> None:
    await put(house, carla)
    [owed] = await claim(house, "one", lease=0)
    [again] = await claim(house, "two")
    assert (again.id, again.tries, owed.unsure, again.unsure) == (owed.id, 0, 0, 1)
    assert await claim(house, "three", now=NOW + 10 * LEASE) == []  # whatever this postman's clock says
    assert not await do(house, lambda c: claims.settle(c, owed.id, "one", outbox.SENT, NOW))
    assert await do(house, lambda c: claims.settle(c, owed.id, "two", outbox.SENT, NOW))


async def test_a_claim_is_on_the_clock_of_the_database(house: House) -> None:
    before = clock.now()
    told = await house.database.read(lambda c: c.dialect.clock(c))
    assert before - MINUTE < told < clock.now() + MINUTE


async def test_what_is_settled_is_over_and_forgets_whom_and_what(house: House, carla: int) -> None:
    await put(house, carla, kind=Kind.ONE_TIME_CODE, to=None, address="carla@example.org", data={"x": "y"})
    [owed] = await claim(house)
    assert await do(house, lambda c: claims.settle(c, owed.id, "one", outbox.SENT, NOW + 5))
    assert await rows(house, "state, address, data, settled_at") == [("sent", None, "{}", NOW + 5)]
    assert await claim(house, now=NOW + 10 * LEASE) == []
    assert not await do(house, lambda c: claims.settle(c, owed.id, "one", outbox.POINTLESS, NOW))


async def test_a_failed_try_is_due_again_and_counted(house: House, carla: int) -> None:
    await put(house, carla)
    [owed] = await claim(house)
    again_at = NOW + 10 * SECOND
    assert await do(house, lambda c: claims.fail(c, owed.id, "one", "down " * 99, NOW, again_at))
    assert await claim(house, now=again_at - 1) == []
    [again] = await claim(house, now=again_at)
    assert (again.id, again.tries) == (owed.id, 1)
    [fault] = await rows(house, "fault")
    assert len(fault) == outbox.FAULT_LENGTH


async def test_what_is_given_up_stays_with_its_fault_and_is_never_claimed(house: House, carla: int) -> None:
    await put(house, carla)
    [owed] = await claim(house)
    assert await do(house, lambda c: claims.fail(c, owed.id, "one", "refused", NOW, None))
    assert await rows(house, "state, fault") == [("dead", "refused")]
    assert await claim(house, now=NOW + 10 * LEASE) == []


async def test_what_is_pushed_back_is_as_if_put_anew(house: House, carla: int) -> None:
    await put(house, carla)
    [owed] = await claim(house)
    assert await do(house, lambda c: claims.push_back(c, owed.id, "one", NOW + 7, NOW + MINUTE))
    assert await claim(house, now=NOW + MINUTE - 1) == []
    [again] = await claim(house, now=NOW + MINUTE)
    assert (again.created_at, again.fresh_at, again.tries) == (NOW, NOW + 7, 0)


Become = Callable[[Connection, Owed], bool]

BECOMING: tuple[Become, ...] = (
    lambda c, owed: claims.settle(c, owed.id, "one", outbox.SENT, NOW),
    lambda c, owed: claims.fail(c, owed.id, "one", "down", NOW, NOW + MINUTE),
    lambda c, owed: claims.push_back(c, owed.id, "one", NOW, NOW + MINUTE),
    lambda c, owed: claims.give_back(c, owed, "one", NOW + MINUTE),
)


@pytest.mark.parametrize("become", BECOMING)
async def test_nothing_becomes_of_what_another_postman_carries(
    house: House, carla: int, become: Become
) -> None:
    await put(house, carla)
    [owed] = await claim(house, "two")
    before = await rows(house, "state, tries, due_at, claimed_by")
    assert not await do(house, lambda c: become(c, owed))
    assert await rows(house, "state, tries, due_at, claimed_by") == before


@pytest.mark.parametrize("become", BECOMING)
async def test_what_becomes_of_one_becomes_of_no_other_that_is_under_way(
    house: House, carla: int, become: Become
) -> None:
    for _ in range(2):
        await put(house, carla)
    owed, other = await claim(house)
    told = "state, tries, due_at, claimed_by"
    before = (await rows(house, told))[1]
    assert await do(house, lambda c: become(c, owed))
    assert (await rows(house, told))[1] == before
    assert await do(house, lambda c: claims.settle(c, other.id, "one", outbox.SENT, NOW))


async def test_a_stopping_postman_gives_back_only_its_own(house: House, carla: int) -> None:
    for _ in range(2):
        await put(house, carla)
    await claim(house, "one", most=1)
    await claim(house, "two", most=1)
    assert await do(house, lambda c: claims.release(c, "one")) == 1
    [given_back] = await claim(house, "three")
    assert given_back.unsure == 0  # nothing had been tried


async def test_of_what_is_owed_once_one_row_waits(house: House, carla: int) -> None:
    ticket = await open_ticket(house, carla)
    once: dict[str, Any] = {
        "kind": Kind.MESSAGE_WAITING,
        "ticket": ticket,
        "once": True,
        "channel": Channel.MAIL,
    }
    await put(house, carla, **once)
    await put(house, carla, **once)
    [owed] = await claim(house)
    await put(house, carla, **once)  # being carried, it still waits
    assert await rows(house) == ["waiting"]
    await do(house, lambda c: claims.settle(c, owed.id, "one", outbox.SENT, NOW))
    await put(house, carla, **once)
    assert await rows(house) == ["sent", "waiting"]


async def test_once_is_for_each_ticket_kind_and_channel(house: House, carla: int) -> None:
    first, second = await open_ticket(house, carla), await open_ticket(house, carla)
    await put(house, carla, kind=Kind.MESSAGE_WAITING, ticket=first, once=True)
    await put(house, carla, kind=Kind.MESSAGE_WAITING, ticket=second, once=True)
    await put(house, carla, kind=Kind.TICKET_CLOSED, ticket=first, once=True)
    await put(house, carla, kind=Kind.TICKET_CLOSED, ticket=first, once=True, channel=Channel.MAIL)
    assert len(await rows(house)) == 4


async def test_each_channel_has_its_own_queue(house: House, carla: int) -> None:
    await put(house, carla, delay=9)
    await put(house, carla, delay=4)
    await put(house, carla, kind=Kind.TICKET_ASSIGNED, channel=Channel.PUSH)
    assert await house.database.read(outbox.queues) == {"mail": (2, NOW + 4), "push": (1, NOW)}
    [pushed] = await claim(house, channel=Channel.PUSH)
    assert pushed.channel == "push"
    assert len(await claim(house, now=NOW + 4)) == 1
    assert await house.database.read(outbox.queues) == {"mail": (2, NOW + 4), "push": (1, NOW)}


async def open_ticket(house: House, customer: int) -> int:
    """A bare ticket, with nothing owed for it."""
    return await do(
        house,
        lambda c: c.insert(
            "INSERT INTO tickets (query, customer_id, status, priority, opened_at, outline_seq, outline_at, "
            "conversation_seq, conversation_at, last_seq, updated_at) "
            "VALUES ('Help', ?, 'open', 'normal', 1, 1, 1, 1, 1, 1, 1)",
            customer,
        ),
    )


async def test_what_is_urgent_overtakes_the_rest(house: House, carla: int) -> None:
    now = clock.now()  # the claim is on the database's

    async def urgent(*channels: str) -> set[str]:
        return await house.database.read(lambda c: claims.urgent(c, channels, now))

    for kind in (Kind.WELCOME, Kind.WELCOME, Kind.NEW_DEVICE, Kind.MOBILE_CODE):
        way = Channel.SMS if kind is Kind.MOBILE_CODE else Channel.MAIL
        await put(house, carla, now=now, kind=kind, channel=way)
    assert await urgent("mail", "push") == {"mail"}
    assert [owed.kind for owed in await claim(house, now=now, most=2)] == ["new_device", "welcome"]
    assert await urgent("mail", "sms") == {"sms"}


async def test_places_that_are_kept_are_for_what_is_urgent_alone(house: House, carla: int) -> None:
    async def kept() -> list[str]:
        owed = await do(house, lambda c: claims.claim(c, "one", NOW, LEASE, 2, "mail", 1))
        return [each.kind for each in owed]

    for kind in (Kind.WELCOME, Kind.WELCOME, Kind.WELCOME, Kind.NEW_DEVICE, Kind.PASSWORD_CHANGED):
        await put(house, carla, kind=kind)
    assert await kept() == ["new_device", "password_changed"]
    assert await kept() == ["welcome"]


async def test_many_are_claimed_and_settled_in_one_go(house: House, carla: int) -> None:
    for _ in range(70):
        await put(house, carla)
    mine, [theirs] = await claim(house, "one", most=69), await claim(house, "two")
    settled = [
        claims.Settled(owed.id, outbox.SENT, {}, f"provider-{owed.id}" if owed.id % 3 else None)
        for owed in [*mine, theirs]
    ]
    assert await do(house, lambda c: claims.settle_all(c, "one", NOW + 5, settled)) == 69
    told = await rows(house, "id, state, provider_id, settled_at")
    expected = [(each.row, "sent", each.provider_id, NOW + 5) for each in settled if each.row != theirs.id]
    assert sorted(map(tuple, told)) == sorted([*expected, (theirs.id, "waiting", None, None)])
    assert await do(house, lambda c: claims.settle_all(c, "two", NOW, settled)) == 1
