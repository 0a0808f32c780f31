"""What people want to be told of, what became of what they were told, and what their mail's provider says of it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ccr.desk.clock import DAY, MINUTE
from ccr.desk.notices import CHANNELS, TOLD, Channel, Kind, Notice
from ccr.desk.people import Person
from ccr.desk.refusals import Refusal
from ccr.ports import MailReport, SendFailed
from ccr.services import mail_data
from ccr.services.carrying import Pointless
from ccr.store import bounces, claims, notices, outbox, quiet_kinds
from tests.desk_house import Desk, open_desk

HOME = "https://care.example.org"
ALWAYS = {Kind.ONE_TIME_CODE, Kind.PASSWORD_CHANGED, Kind.NEW_DEVICE, Kind.WELCOME}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Nothing is owed yet."""
    async with open_desk(tmp_path) as opened:
        await opened.house.database.write(lambda c: c.run("DELETE FROM outbox"))
        yield opened


async def owe(desk: Desk, kind: Kind = Kind.TICKET_OPENED, **more: Any) -> int:
    """A mail to Carla; its row."""
    given: dict[str, Any] = {"kind": kind, "to": desk.carla.id, "channel": Channel.MAIL}
    notice = Notice(**(given | more))
    await desk.house.database.write(lambda c: outbox.put(c, notice, desk.house.time))
    return int((await desk.house.rows("SELECT MAX(id) FROM outbox"))[0][0])


async def end(desk: Desk, state: str = outbox.SENT, **more: Any) -> int:
    """A mail to Carla that was sent, or given up; its row."""
    row = await owe(desk, **more)

    def settle(c: Any) -> None:
        claims.claim(c, "one", desk.house.time, MINUTE, 50)
        if state == outbox.DEAD:
            claims.fail(c, row, "one", "no such mailbox", desk.house.time, None)
        else:
            claims.settle(c, row, "one", state, desk.house.time)

    await desk.house.database.write(settle)
    return row


async def refusal(what: Any) -> str:
    with pytest.raises(Refusal) as refused:
        await what
    return refused.value.code.value


def test_every_kind_that_may_be_turned_off_is_for_somebody_to_turn_off() -> None:
    assert {kind for kinds in TOLD.values() for kind in kinds} <= CHANNELS.keys()
    assert not ALWAYS & CHANNELS.keys()


class TestChoices:
    async def test_everything_is_on_until_it_is_turned_off(self, desk: Desk) -> None:
        choices = desk.house.notice_choices
        found = await choices.of(desk.carla)
        assert found["message_waiting"]["mail"] is True
        assert "ticket_assigned" not in found
        assert "ticket_assigned" in await choices.of(desk.amir)
        assert await choices.of(desk.ada) == {"question_waiting": {"mail": True}}
        assert not ALWAYS & (await choices.of(desk.amir)).keys()

        after = await choices.choose(desk.carla, {"message_waiting": {"mail": False}})
        assert after["message_waiting"]["mail"] is False
        assert after["ticket_closed"]["mail"] is True
        again = await choices.choose(desk.carla, {"message_waiting": {"mail": True}})
        assert again == found

    @pytest.mark.parametrize(
        "wanted",
        [
            {"one_time_code": {"mail": False}},
            {"password_changed": {"mail": False}},
            {"message_waiting": {"mail": "no"}},
            {"message_waiting": {"pigeon": False}},
            {"message_waiting": False},
            [],
        ],
    )
    async def test_what_cannot_be_chosen_is_refused(self, desk: Desk, wanted: Any) -> None:
        assert await refusal(desk.house.notice_choices.choose(desk.carla, wanted)) == "invalid"
        assert await desk.house.rows("SELECT * FROM quiet_kinds") == []

    async def test_a_link_turns_its_kind_off_for_whom_it_was_made(self, desk: Desk) -> None:
        choices = desk.house.notice_choices
        link = choices.link(desk.carla.id, "ticket_closed")
        assert link.startswith(f"{HOME}/unsubscribe/")
        for _ in range(2):
            assert await choices.unsubscribe(link.rpartition("/")[2]) == "ticket_closed"
        assert (await choices.of(desk.carla))["ticket_closed"]["mail"] is False
        assert (await choices.of(desk.carla))["message_waiting"]["mail"] is True
        assert (await choices.of(desk.amir))["ticket_closed"]["mail"] is True

    async def test_a_forged_link_does_nothing(self, desk: Desk) -> None:
        choices = desk.house.notice_choices
        token = choices.link(desk.carla.id, "ticket_closed").rpartition("/")[2]
        for forged in [
            "",
            "x",
            token[:-1],
            token.replace(".", "x."),
            "W251bGwsMV0." + token.partition(".")[2],
            choices.link(9_999, "ticket_closed").rpartition("/")[2],  # nobody's
        ]:
            assert await refusal(choices.unsubscribe(forged)) == "not_found"

    async def test_what_was_turned_off_is_not_mailed(self, desk: Desk) -> None:
        await desk.house.notice_choices.choose(desk.carla, {"ticket_opened": {"mail": False}})
        row = await owe(desk)

        def judge(c: Any) -> Any:
            [owed] = claims.claim(c, "one", desk.house.time, MINUTE, 50)
            assert owed.id == row
            return mail_data.judge(c, [owed], desk.house.time, HOME)

        assert await desk.house.database.write(judge) == [Pointless()]


class TestTraces:
    async def test_an_admin_sees_what_was_given_up_and_why(self, desk: Desk) -> None:
        await end(desk)
        row = await end(desk, outbox.DEAD)
        found = await desk.house.notice_traces.page(desk.ada)
        [dead] = found["notices"]
        assert (dead["id"], dead["reason"], dead["can_repeat"]) == (row, "no such mailbox", True)
        assert dead["person"] == {"id": desk.carla.id, "name": "Carla Custer"}
        assert found["counts"] == {"waiting": 0, "dead": 1}
        everything = await desk.house.notice_traces.page(desk.ada, dead=False)
        assert [notice["state"] for notice in everything["notices"]] == ["dead", "sent"]

    async def test_pages_lead_to_the_older(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ccr.services.notice_traces.PAGE", 2)
        rows = [await end(desk, outbox.DEAD) for _ in range(3)]
        first = await desk.house.notice_traces.page(desk.ada)
        rest = await desk.house.notice_traces.page(desk.ada, before=first["cursor"])
        assert [notice["id"] for notice in first["notices"] + rest["notices"]] == rows[::-1]
        assert rest["cursor"] is None

    @pytest.mark.parametrize("who", ["carla", "amir"])
    async def test_nobody_else_does(self, desk: Desk, who: str) -> None:
        person: Person = getattr(desk, who)
        row = await end(desk, outbox.DEAD)
        traces = desk.house.notice_traces
        assert await refusal(traces.page(person)) == "forbidden"
        assert await refusal(traces.again(person, row)) == "forbidden"
        assert await refusal(traces.mail_again(person, "x@example.org")) == "forbidden"

    async def test_what_was_given_up_is_sent_again_with_fresh_patience(self, desk: Desk) -> None:
        row = await end(desk, outbox.DEAD)
        desk.house.later(2 * DAY)
        await desk.house.notice_traces.again(desk.ada, row)
        assert desk.house.wakes == 1
        [owed] = await desk.house.database.write(
            lambda c: claims.claim(c, "two", desk.house.time, MINUTE, 50)
        )
        assert (owed.id, owed.tries, owed.fresh_at) == (row, 0, desk.house.time)
        assert await refusal(desk.house.notice_traces.again(desk.ada, row)) == "conflict"
        assert await refusal(desk.house.notice_traces.again(desk.ada, row + 99)) == "not_found"

    async def test_of_many_that_were_given_up_only_that_one_is_sent_again(self, desk: Desk) -> None:
        row, other = await end(desk, outbox.DEAD), await end(desk, outbox.DEAD)
        await desk.house.notice_traces.again(desk.ada, row)
        assert await desk.house.rows("SELECT id, state FROM outbox ORDER BY id") == [
            (row, "waiting"),
            (other, "dead"),
        ]

    async def test_what_was_sent_is_not_sent_again(self, desk: Desk) -> None:
        row = await end(desk)
        assert await refusal(desk.house.notice_traces.again(desk.ada, row)) == "conflict"


class TestReports:
    async def told(self, desk: Desk, what: str, row: int | None, **more: Any) -> int:
        given = {"id": "event-1", "address": "carla@example.org"} | more
        return await desk.house.notice_traces.take([MailReport(what=what, outbox_id=row, **given)])

    async def fate(self, desk: Desk, row: int) -> tuple[Any, ...]:
        return (await desk.house.rows("SELECT state, fate, fault FROM outbox WHERE id = ?", row))[0]

    async def test_a_delivery_lands_on_its_row(self, desk: Desk) -> None:
        row = await end(desk)
        await self.told(desk, "delivered", row, reason="250 OK")
        assert await self.fate(desk, row) == ("sent", "delivered", None)

    async def test_what_was_given_up_and_arrived_after_all_forgets_whom_and_what(self, desk: Desk) -> None:
        row = await end(desk, outbox.DEAD, data={"device": "Firefox"}, address="carla@example.org")
        await self.told(desk, "delivered", row)
        assert await desk.house.rows("SELECT state, data, address FROM outbox") == [("sent", "{}", None)]

    @pytest.mark.parametrize(
        ("what", "address_is_bad"), [("bounced", True), ("dropped", True), ("blocked", False)]
    )
    async def test_what_came_back_is_given_up_with_the_reason(
        self, desk: Desk, what: str, address_is_bad: bool
    ) -> None:
        row = await end(desk)
        await self.told(desk, what, row, reason="550 no such\r\nmailbox\0")
        assert await self.fate(desk, row) == ("dead", what, f"{what}: 550 no such mailbox")
        [dead] = (await desk.house.notice_traces.page(desk.ada))["notices"]
        assert not dead["can_repeat"]
        listed = (await desk.house.notice_traces.page(desk.ada))["bounced"]
        assert bool(listed) is address_is_bad

    @pytest.mark.parametrize("state", [outbox.SENT, outbox.DEAD])
    @pytest.mark.parametrize("what", ["delivered", "bounced", "spam"])
    async def test_what_is_told_of_one_is_noted_on_no_other(self, desk: Desk, what: str, state: str) -> None:
        row, other = await end(desk, state), await end(desk, state)
        before = await self.fate(desk, other)
        await self.told(desk, what, row, reason="as it is")
        assert await self.fate(desk, row) != before
        assert await self.fate(desk, other) == before

    async def test_of_an_address_that_bounced_twice_the_later_reason_counts(self, desk: Desk) -> None:
        row = await end(desk)
        await self.told(desk, "bounced", row, reason="552 full")
        assert await self.told(desk, "bounced", row, id="event-2", reason="550 no such mailbox") == 1
        [bounced] = (await desk.house.notice_traces.page(desk.ada))["bounced"]
        assert (bounced["address"], bounced["reason"]) == ("carla@example.org", "550 no such mailbox")

    async def test_a_report_counts_once(self, desk: Desk) -> None:
        row = await end(desk)
        assert await self.told(desk, "bounced", row) == 1
        await desk.house.notice_traces.mail_again(desk.ada, "CARLA@example.org")
        assert await self.told(desk, "bounced", row) == 0
        assert (await desk.house.notice_traces.page(desk.ada))["bounced"] == []

    async def test_an_address_that_bounced_is_not_mailed_until_it_is_another(self, desk: Desk) -> None:
        await self.told(desk, "bounced", await end(desk), reason="550", address="Carla@Example.org")
        await owe(desk, Kind.PASSWORD_CHANGED)
        [owed] = await desk.house.database.write(
            lambda c: claims.claim(c, "two", desk.house.time, MINUTE, 50)
        )

        def judge(c: Any) -> Any:
            return mail_data.judge(c, [owed], desk.house.time, HOME)

        [failure] = await desk.house.database.read(judge)
        assert isinstance(failure, SendFailed)
        assert (failure.fault, failure.again) == ("mail to this address came back: 550", False)
        await desk.house.database.write(
            lambda c: c.run("UPDATE people SET email = 'c@example.org' WHERE id = ?", desk.carla.id)
        )
        [verdict] = await desk.house.database.read(judge)
        assert isinstance(verdict, mail_data.Send)

    @pytest.mark.parametrize("what", ["spam", "unsubscribed"])
    async def test_who_called_it_spam_gets_no_more_of_what_may_be_turned_off(
        self, desk: Desk, what: str
    ) -> None:
        row = await end(desk)
        await self.told(desk, what, row)
        assert await self.fate(desk, row) == ("sent", what, None)
        choices = await desk.house.notice_choices.of(desk.carla)
        assert not any(channels["mail"] for channels in choices.values())

    async def test_a_code_that_was_dropped_since_its_reader_left_was_not_sent(self, desk: Desk) -> None:
        row = await end(desk, kind=Kind.ONE_TIME_CODE, to=None, address="carla@example.org")
        await self.told(desk, "unsubscribed", row, reason="Unsubscribed Address", unsent=True)
        assert await self.fate(desk, row) == ("dead", "unsubscribed", "unsubscribed: Unsubscribed Address")
        assert await desk.house.rows("SELECT * FROM bounced_addresses") == []

    async def test_a_bounce_that_is_quicker_than_our_own_note_stays(self, desk: Desk) -> None:
        row = await self.under_way(desk)
        await self.told(desk, "bounced", row)
        assert (await self.fate(desk, row))[:2] == ("waiting", "bounced")

    async def under_way(self, desk: Desk) -> int:
        """A mail to Carla that a postman carries just now; its row."""
        row = await owe(desk)
        await desk.house.database.write(lambda c: claims.claim(c, "one", desk.house.time, MINUTE, 50))
        return row

    @pytest.mark.parametrize("again_in", [MINUTE, None])
    async def test_what_is_told_of_a_try_that_failed_is_not_the_fate_of_the_notice(
        self, desk: Desk, again_in: int | None
    ) -> None:
        row, now = await self.under_way(desk), desk.house.time
        await self.told(desk, "blocked", row, reason="try later")
        again_at = None if again_in is None else now + again_in
        await desk.house.database.write(
            lambda c: claims.fail(c, row, "one", "no answer in time", now, again_at, unsure=True)
        )
        assert (await self.fate(desk, row))[1:] == (None, "no answer in time")
        await self.told(desk, "blocked", row, id="event-2", reason="try later")
        assert (await self.fate(desk, row))[1:] == (None, "blocked: try later")

    async def test_what_was_given_up_may_be_sent_again_whatever_is_told_of_its_tries(
        self, desk: Desk
    ) -> None:
        row = await end(desk, outbox.DEAD, data={"agent": "Amir"})
        await self.told(desk, "blocked", row, reason="try later")
        [dead] = (await desk.house.notice_traces.page(desk.ada))["notices"]
        assert (dead["fate"], dead["reason"], dead["can_repeat"]) == (None, "blocked: try later", True)
        assert await desk.house.notice_traces.again(desk.ada, row)
        assert await desk.house.rows("SELECT state, data FROM outbox") == [("waiting", '{"agent":"Amir"}')]

    async def test_of_what_arrived_once_and_then_was_given_up_the_rest_may_be_sent_again(
        self, desk: Desk
    ) -> None:
        row = await self.under_way(desk)
        await self.told(desk, "delivered", row)
        await desk.house.database.write(
            lambda c: claims.fail(c, row, "one", "no such mailbox", desk.house.time, None)
        )
        [dead] = (await desk.house.notice_traces.page(desk.ada))["notices"]
        assert (dead["fate"], dead["can_repeat"]) == ("delivered", True)
        assert await desk.house.notice_traces.again(desk.ada, row)

    async def test_reports_of_rows_that_are_none_do_no_harm(self, desk: Desk) -> None:
        assert await self.told(desk, "bounced", 999) == 1
        assert await self.told(desk, "spam", None, id="event-2") == 1


class TestClearingUp:
    async def test_old_rows_go_and_numbers_never_come_back(self, desk: Desk) -> None:
        sent, dead = await end(desk), await end(desk, outbox.DEAD)
        waiting = await owe(desk)
        ids = "SELECT id FROM outbox ORDER BY id"

        async def sweep() -> int:
            return await desk.house.database.write(lambda c: notices.sweep(c, desk.house.time))

        desk.house.later(notices.SETTLED_KEPT)
        assert await sweep() == 0
        desk.house.later(1)
        assert await sweep() == 1
        assert await desk.house.rows(ids) == [(dead,), (waiting,)]
        desk.house.later(notices.DEAD_KEPT)
        assert await sweep() == 1
        assert await desk.house.rows(ids) == [(waiting,)]
        await desk.house.database.write(lambda c: c.run("DELETE FROM outbox"))
        assert await owe(desk) > waiting > sent

    async def test_reports_are_remembered_as_long_as_they_may_come_again(self, desk: Desk) -> None:
        def new(c: Any) -> bool:
            bounces.sweep(c, desk.house.time)
            return bounces.is_new(c, "event-1" * 40, desk.house.time)

        assert await desk.house.database.write(new)
        desk.house.later(bounces.REPORTS_KEPT)
        assert not await desk.house.database.write(new)
        desk.house.later(1)
        assert await desk.house.database.write(new)

    async def test_an_address_that_came_back_is_kept_while_it_is_somebodys(self, desk: Desk) -> None:
        stale = "INSERT INTO bounced_addresses (address, reason, bounced_at) VALUES (?, 'unknown', 1)"
        await desk.house.database.write(lambda c: c.run(stale, "gone@example.org"))
        await desk.house.database.write(lambda c: bounces.put(c, "carla@example.org", "unknown", 1))
        await desk.house.database.write(lambda c: bounces.sweep(c, desk.house.time))
        assert await desk.house.rows("SELECT address FROM bounced_addresses") == [("carla@example.org",)]

    async def test_what_is_owed_to_who_is_gone_says_nothing_about_them(self, desk: Desk) -> None:
        await owe(desk, data={"agent": "Amir"}, address="carla@example.org")
        await desk.house.database.write(lambda c: notices.forget(c, desk.carla.id))
        assert await desk.house.rows("SELECT data, address FROM outbox") == [("{}", None)]

    async def test_and_what_is_owed_to_others_stays_as_it_is(self, desk: Desk) -> None:
        others = await owe(desk, to=desk.omar.id, data={"agent": "Amir"}, address="omar@example.org")
        await desk.house.database.write(
            lambda c: quiet_kinds.turn(c, desk.omar.id, "ticket_closed", Channel.MAIL.value, on=False)
        )
        before = await desk.house.rows("SELECT data, address FROM outbox WHERE id = ?", others)
        await desk.house.database.write(lambda c: notices.forget(c, desk.carla.id))
        assert await desk.house.rows("SELECT data, address FROM outbox WHERE id = ?", others) == before
        assert await desk.house.rows("SELECT person_id FROM quiet_kinds") == [(desk.omar.id,)]
