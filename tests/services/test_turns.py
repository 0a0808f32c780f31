"""A notice's turn: it comes while the claim lasts and the provider takes more, and what is told then is still so."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ccr.desk.clock import HOUR, MINUTE
from ccr.desk.commands import AssignAgent
from ccr.desk.notices import Channel, Kind
from ccr.ports import SendFailed
from ccr.services import mail_data
from ccr.services.carrying import Carrier, NotNow, Sent
from ccr.services.deliveries import FOR_OTHERS, IN_FLIGHT
from ccr.services.pacing import Pace, Turn
from ccr.services.postman import LEASE, Postman
from ccr.store import claims
from ccr.store.connection import Connection
from ccr.store.owed import Owed
from tests.office import Letterbox, Office, open_office, working
from tests.waiting import until


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(tmp_path) as opened:
        yield opened


CLAIMED_BY = "SELECT claimed_by FROM outbox WHERE kind = 'password_changed'"


async def at_once() -> None:
    """A lull where nobody waits for anything."""


@pytest.mark.parametrize(
    ("seconds", "is_allowed", "is_full"), [(0.05, True, True), (-1.0, True, True), (60.0, False, False)]
)
async def test_one_that_comes_too_late_or_in_a_pause_does_not_count(
    seconds: float, is_allowed: bool, is_full: bool
) -> None:
    place = asyncio.Semaphore(1)
    if is_full:
        await place.acquire()
    by = asyncio.get_running_loop().time() + seconds
    spare = asyncio.Semaphore(1) if seconds < 0 else None  # who is in a hurry waits for nothing
    turn = Turn(Pace(0.0, at_once), [place], by, lambda: is_allowed, spare)
    with pytest.raises(NotNow):
        await turn()
    turn.over()
    assert not turn.has_come
    assert place.locked() == is_full


async def test_what_waits_too_long_behind_a_slow_provider_is_claimed_anew_and_sent_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccr.services.postman.TURN_WITHIN", 0.05)
    given_back = counted(monkeypatch, "give_back")
    box = Letterbox(most=1)
    box.doors.clear()
    for _ in range(3):
        await office.owe(kind=Kind.WELCOME)
    async with working(office.another_postman(box)):
        await until(lambda: len(given_back) >= 4)
        monkeypatch.setattr("ccr.services.postman.TURN_WITHIN", 60.0)
        box.doors.set()
        await until(lambda: len(box.mails) == 3)
    assert len({mail.outbox_id for mail in box.mails}) == 3
    assert set(await office.house.rows("SELECT state, tries, unsure FROM outbox WHERE kind = 'welcome'")) == {
        ("sent", 0, 0)
    }


async def test_who_gives_back_a_claim_that_ran_out_takes_it_from_nobody(office: Office) -> None:
    await office.owe()
    late, now = await claimed(office, "amir", 0), await claimed(office, "amir", LEASE)

    def give_back(owed: Owed) -> Any:
        return office.house.database.write(lambda c: claims.give_back(c, owed, "amir", owed.due_at))

    assert not await give_back(late)
    assert await office.house.rows(CLAIMED_BY) == [("amir",)]
    assert await give_back(now)
    assert await office.house.rows(CLAIMED_BY) == [(None,)]


async def test_when_a_provider_asks_for_a_pause_the_rest_of_what_was_claimed_waits_for_its_end(
    office: Office,
) -> None:
    box = Letterbox(most=1)
    box.troubles = [SendFailed("too many requests", again=True, after=60.0)]
    postman = office.another_postman(box)
    for _ in range(5):
        await office.owe(kind=Kind.WELCOME)

    await postman.drain_once()

    assert box.mails == []
    found = await office.house.rows(
        "SELECT tries, due_at, claimed_by FROM outbox WHERE kind = 'welcome' AND state = 'waiting' ORDER BY tries"
    )
    assert found[:4] == [(0, office.house.time + MINUTE, None)] * 4
    assert found[4][0] == 1
    office.house.later(2 * MINUTE)
    await postman.drain_once()
    assert len(box.mails) == 5


async def test_what_was_read_while_it_waited_is_not_sent(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccr.services.carrying.HOLDS", 0.0)
    judged: list[Owed] = []
    judge = mail_data.judge

    def noted(connection: Connection, owed: list[Owed], *given: Any) -> Any:
        judged.extend(owed)
        return judge(connection, owed, *given)

    monkeypatch.setattr(mail_data, "judge", noted)
    box = Letterbox(most=1)
    box.doors.clear()
    seq = await office.say(office.amir, "Have you seen it?")
    office.house.later(3 * MINUTE)
    await office.owe(kind=Kind.ONE_TIME_CODE, to=None, address="carla@example.org")
    postman = office.another_postman(box)
    async with working(postman):
        await until(lambda: box.under_way and judged)
        await office.read(office.carla, seq)
        box.doors.set()
        await until(lambda: not postman._going)
    assert box.kinds == ["one_time_code"]


async def test_news_that_lay_for_an_hour_is_none_to_who_has_been_there(office: Office) -> None:
    await office.do(office.ada, AssignAgent(agent=office.bea.id))
    office.house.later(HOUR)  # the provider had asked for a pause
    await office.read(office.carla, await office.say(office.bea, "Good morning, Carla."))
    await office.postman.drain_once()
    assert "agent_assigned" not in office.box.kinds


async def test_what_was_sent_but_not_written_down_when_he_left_counts_as_a_try(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccr.services.postman.SETTLED_WITHIN", 0.05)

    def broken(*_: Any) -> int:
        raise RuntimeError("no database")

    monkeypatch.setattr(claims, "settle_all", broken)  # to the end: he goes on trying to write it down
    await office.owe()
    async with working(office.postman):
        await until(lambda: office.box.mails)

    next_box = Letterbox()
    await office.another_postman(next_box).drain_once()
    assert next_box.kinds == []  # as long as the claim lasts
    await office.house.database.write(
        lambda c: c.run("UPDATE outbox SET claimed_until = 1 WHERE state = 'waiting'")
    )
    assert (await claimed(office, "bea", LEASE)).unsure == 1


class Quick:
    """A channel by which everything goes at once."""

    most = 30

    def __init__(self) -> None:
        self.carried: list[Owed] = []

    async def carry(self, owed: Owed, turn: Any) -> Sent:
        await turn()
        self.carried.append(owed)
        return Sent()

    async def close(self) -> None:
        """Nothing is held open."""


async def test_a_provider_that_hangs_holds_up_no_other_channel(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccr.services.mail_carrier.SENDING", 600.0)
    monkeypatch.setattr("ccr.services.postman.GRACE", 0)
    office.box.doors.clear()
    quick = Quick()
    carriers: dict[Channel, Carrier] = {**office.postman._carriers, Channel.PUSH: quick}
    postman = Postman(office.house.database, carriers, now=lambda: office.house.time)
    for _ in range(3 * IN_FLIGHT):
        await office.owe(kind=Kind.WELCOME)
    async with working(postman):
        await until(lambda: office.box.under_way == IN_FLIGHT - FOR_OTHERS)
        await office.owe(kind=Kind.TICKET_CLOSED, ticket=office.ticket, channel=Channel.PUSH)
        postman.wake()
        await until(lambda: quick.carried)


async def claimed(office: Office, worker: str, lease: int) -> Owed:
    """The only mail that is due."""
    now = office.house.time
    [owed] = await office.house.database.write(lambda c: claims.claim(c, worker, now, lease, 5))
    return owed


def counted(monkeypatch: pytest.MonkeyPatch, name: str) -> list[Owed]:
    """The rows with which this unit of `claims` is asked for."""
    found: list[Owed] = []
    unit = getattr(claims, name)

    def count(connection: Connection, owed: Owed, **given: Any) -> Any:
        found.append(owed)
        return unit(connection, owed, **given)

    monkeypatch.setattr(claims, name, count)
    return found
