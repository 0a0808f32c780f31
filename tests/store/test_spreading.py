"""A notice becomes one row for each way in which its reader wants to hear of it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ccr.desk.clock import MINUTE
from ccr.desk.notices import GLANCE, WAITS_UNREAD, Channel, Kind
from ccr.store import claims, outbox, quiet_kinds, read_marks, spreading
from ccr.store.spreading import Ways
from tests.desk_house import Desk, open_desk

MAIL, PHONE, LAPTOP = (Channel.MAIL, None), (Channel.PUSH, 7), (Channel.PUSH, 8)


class Spread:
    """Carla's ticket, and what waits for her."""

    def __init__(self, desk: Desk, ticket: int) -> None:
        self.desk = desk
        self.house = desk.house
        self.ticket = ticket
        self._keys = 0

    async def say(self) -> int:
        """Amir writes."""
        self._keys += 1
        key = f"amir-says-{self._keys}"
        return (await self.desk.do(self.desk.amir, self.ticket, key, "post_message", body="Hello")).seq

    async def spread(self) -> None:
        """All that is due."""
        now = self.house.time
        for due in await self.house.database.read(lambda c: claims.to_spread(c, now, 50)):
            await self.house.database.write(lambda c: spreading.spread(c, due.id, due.ticket, now))  # noqa: B023

    async def rows(self, kind: Kind = Kind.MESSAGE_WAITING) -> list[tuple[Any, ...]]:
        """Channel, place and state, and in how many milliseconds it is due."""
        found = await self.house.rows(
            "SELECT channel, target_id, state, due_at FROM outbox WHERE kind = ? AND person_id = ? ORDER BY id",
            kind.value,
            self.desk.carla.id,
        )
        return [(*row[:3], row[3] - self.house.time) for row in found]

    async def read(self, seq: int) -> None:
        """Carla has read so far."""
        carla, time = self.desk.carla.id, self.house.time
        await self.house.database.write(lambda c: read_marks.move(c, self.ticket, carla, seq, time))

    async def settle(self, up_to: int) -> None:
        """The mail that is due was sent."""
        now = self.house.time
        [owed, *_] = await self.house.database.write(lambda c: claims.claim(c, "one", now, MINUTE, 1))
        await self.house.database.write(
            lambda c: claims.settle(c, owed.id, "one", outbox.SENT, now, {"up_to": up_to})
        )


@pytest.fixture
async def waiting(tmp_path: Path) -> AsyncIterator[Spread]:
    async with open_desk(tmp_path) as desk:
        ticket = await desk.open()
        await desk.house.database.write(lambda c: c.run("DELETE FROM outbox"))
        yield Spread(desk, ticket)


@pytest.fixture
def everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody has mail, a telephone and a laptop."""
    ways: Ways = [MAIL, PHONE, LAPTOP]
    monkeypatch.setattr(spreading, "ways", lambda *_: ways)


async def test_whoever_has_only_mail_is_told_by_mail(waiting: Spread) -> None:
    again = {"agent": waiting.desk.bea.id}
    await waiting.desk.do(waiting.desk.ada, waiting.ticket, "ada-gives-bea", "assign_agent", **again)
    assert await waiting.rows(Kind.AGENT_ASSIGNED) == [("every", None, "waiting", 0)]
    await waiting.spread()
    assert await waiting.rows(Kind.AGENT_ASSIGNED) == [("mail", None, "waiting", 0)]


@pytest.mark.usefixtures("everywhere")
async def test_whoever_has_more_is_told_everywhere(waiting: Spread) -> None:
    again = {"agent": waiting.desk.bea.id}
    await waiting.desk.do(waiting.desk.ada, waiting.ticket, "ada-gives-bea", "assign_agent", **again)
    await waiting.spread()
    told = await waiting.rows(Kind.AGENT_ASSIGNED)
    assert told == [("mail", None, "waiting", 0), ("push", 7, "waiting", 0), ("push", 8, "waiting", 0)]


async def test_whoever_turned_it_off_is_not_told(waiting: Spread) -> None:
    carla = waiting.desk.carla.id
    await waiting.house.database.write(
        lambda c: quiet_kinds.turn(c, carla, "agent_assigned", "mail", on=False)
    )
    again = {"agent": waiting.desk.bea.id}
    await waiting.desk.do(waiting.desk.ada, waiting.ticket, "ada-gives-bea", "assign_agent", **again)
    await waiting.spread()
    assert await waiting.rows(Kind.AGENT_ASSIGNED) == [("every", None, "pointless", 0)]


async def test_messages_put_one_row_until_their_mail_is_due(waiting: Spread) -> None:
    await waiting.say()
    assert await waiting.rows() == [("every", None, "waiting", GLANCE)]
    waiting.house.later(GLANCE)
    await waiting.spread()
    assert await waiting.rows() == [("every", None, "waiting", WAITS_UNREAD - GLANCE)]
    await waiting.say()
    waiting.house.later(WAITS_UNREAD - GLANCE)
    await waiting.spread()
    assert await waiting.rows() == [("mail", None, "waiting", 0)]


async def test_messages_read_in_time_are_not_mailed(waiting: Spread) -> None:
    await waiting.read(await waiting.say())
    waiting.house.later(WAITS_UNREAD)
    await waiting.spread()
    assert [row[2] for row in await waiting.rows()] == ["pointless"]


@pytest.mark.usefixtures("everywhere")
class TestEverywhere:
    async def test_a_message_is_told_at_once_and_mailed_later(self, waiting: Spread) -> None:
        await waiting.say()
        waiting.house.later(GLANCE)
        await waiting.spread()
        assert await waiting.rows() == [
            ("mail", None, "waiting", WAITS_UNREAD - GLANCE),
            ("push", 7, "waiting", 0),
            ("push", 8, "waiting", 0),
        ]

    async def test_the_next_message_adds_only_what_does_not_wait(self, waiting: Spread) -> None:
        await waiting.say()
        waiting.house.later(GLANCE)
        await waiting.spread()
        await waiting.house.database.write(lambda c: c.run("DELETE FROM outbox WHERE target_id = 7"))
        await waiting.say()
        waiting.house.later(GLANCE)
        await waiting.spread()
        assert sorted(str(row[:2]) for row in await waiting.rows()) == [
            "('mail', None)",
            "('push', 7)",
            "('push', 8)",
        ]

    async def test_what_was_read_at_a_glance_is_told_nowhere(self, waiting: Spread) -> None:
        await waiting.read(await waiting.say())
        waiting.house.later(GLANCE)
        await waiting.spread()
        assert await waiting.rows() == []

    async def test_what_was_mailed_may_still_be_pushed(self, waiting: Spread) -> None:
        seq = await waiting.say()
        waiting.house.later(WAITS_UNREAD)
        await waiting.spread()
        await waiting.house.database.write(lambda c: c.run("DELETE FROM outbox WHERE channel = 'push'"))
        await waiting.settle(seq)
        await waiting.say()
        waiting.house.later(GLANCE)
        await waiting.spread()
        assert [row[0] for row in await waiting.rows()] == ["mail", "mail", "push", "push"]


async def test_two_postmen_spread_a_notice_once(waiting: Spread) -> None:
    await waiting.say()
    waiting.house.later(WAITS_UNREAD)
    now = waiting.house.time
    [due] = await waiting.house.database.read(lambda c: claims.to_spread(c, now, 50))
    for told in (True, False):
        assert told is await waiting.house.database.write(
            lambda c: spreading.spread(c, due.id, due.ticket, now)
        )
    assert len(await waiting.rows()) == 1
