"""The postman: carries what is due, tries again, gives up, and does not bother who has read it already."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ccr import metrics
from ccr.desk.clock import DAY, HOUR, MINUTE, SECOND
from ccr.desk.commands import (
    AssignAgent,
    CloseTicket,
    OpenTicket,
    PostNote,
    RedactMessage,
)
from ccr.desk.notices import Channel, Kind
from ccr.desk.refusals import unavailable
from ccr.ports import MailReport, SendFailed
from ccr.services import mail_carrier, mail_retries
from ccr.services.deliveries import IN_FLIGHT, SPARE
from ccr.services.mail_carrier import MailCarrier
from ccr.services.upkeep import AT_ONCE
from ccr.store import bounces, claims, notices, spreading
from tests.office import HOME, Letterbox, Office, open_office, working
from tests.waiting import PATIENCE, until


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(tmp_path) as opened:
        yield opened


async def test_a_ticket_is_confirmed_to_who_raised_it(office: Office) -> None:
    await office.do(office.carla, OpenTicket(query="Where is my parcel?"), new=True)
    assert await office.postman.drain_once() == 1
    [mail] = office.box.mails
    assert (mail.to, mail.to_name, mail.kind) == ("carla@example.org", "Carla Custer", "ticket_opened")
    assert "Where is my parcel?" in mail.subject
    assert f"{HOME}/tickets/{office.ticket + 1}" in mail.text
    assert mail.outbox_id > 0
    assert mail.put_at == office.house.time
    assert await office.postman.drain_once() == 0


async def test_an_assignment_is_told_to_both(office: Office) -> None:
    await office.do(office.ada, AssignAgent(agent=office.bea.id))
    await office.postman.drain_once()
    told = {mail.kind: mail for mail in office.box.mails}
    assert told["agent_assigned"].to == "carla@example.org"
    assert "Bea Brun" in told["agent_assigned"].text
    assert told["ticket_assigned"].to == "bea@example.org"
    assert "Carla Custer" in told["ticket_assigned"].text


async def test_a_code_is_made_when_its_mail_is_carried(office: Office) -> None:
    await office.house.resets.ask({"email": "carla@example.org"})
    await office.postman.drain_once()
    [mail] = office.box.mails
    [code] = [word for word in mail.text.split() if word.isdigit() and len(word) == 6]
    assert (mail.to, mail.to_name) == ("carla@example.org", "Carla Custer")
    assert "within 10 minutes" in mail.text
    assert "within 10 minutes" in mail.html
    assert code not in str(await office.house.rows("SELECT * FROM outbox"))


async def test_what_may_be_turned_off_says_how_and_what_keeps_an_account_safe_may_not(office: Office) -> None:
    await office.do(office.carla, CloseTicket())
    await office.owe(kind=Kind.NEW_DEVICE, data={"device": "Firefox", "address": "203.0.113.7", "link": "x"})
    await office.owe(kind=Kind.PASSWORD_CHANGED)
    await office.owe(kind=Kind.WELCOME)
    await office.house.resets.ask({"email": "carla@example.org"})
    await office.postman.drain_once()
    mails = {mail.kind: mail for mail in office.box.mails if mail.to == "carla@example.org"}
    offering = {kind for kind, mail in mails.items() if "/unsubscribe/" in mail.text + mail.html}
    assert offering == {kind for kind, mail in mails.items() if mail.unsubscribe} == {"ticket_closed"}
    assert len(mails) == 5
    assert mails["ticket_closed"].unsubscribe == f"{HOME}/unsubscribe/{office.carla.id}-ticket_closed"


async def test_nobody_is_mailed_a_code_who_has_no_account(office: Office) -> None:
    await office.house.resets.ask({"email": "nobody@example.org"})
    await office.postman.drain_once()
    assert office.box.mails == []
    assert await office.states(Kind.ONE_TIME_CODE) == ["pointless"]


async def test_no_code_is_mailed_to_an_address_that_mail_came_back_from(office: Office) -> None:
    address, now = "carla@example.org", office.house.time
    await office.house.database.write(lambda c: bounces.put(c, address, "550 no such mailbox", now))
    await office.house.resets.ask({"email": address})
    await office.postman.drain_once()
    assert office.box.mails == []
    assert await office.states(Kind.ONE_TIME_CODE) == ["dead"]


async def test_nothing_is_mailed_to_an_address_that_mail_came_back_from(office: Office) -> None:
    address, now = "carla@example.org", office.house.time
    await office.house.database.write(lambda c: bounces.put(c, address, "550 no such mailbox", now))
    await office.owe()
    await office.postman.drain_once()
    assert office.box.mails == []
    assert await office.house.rows("SELECT state, fault FROM outbox WHERE kind = 'password_changed'") == [
        ("dead", "mail to this address came back: 550 no such mailbox")
    ]


async def test_a_provider_that_says_nothing_is_left_and_asked_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.owe()
    office.box.doors.clear()
    with monkeypatch.context() as hurry:
        hurry.setattr(mail_carrier, "SENDING", 0.1)
        await office.postman.drain_once()
    assert await office.unsure() == [1]
    assert await office.house.rows("SELECT tries, fault FROM outbox WHERE kind = 'password_changed'") == [
        (1, "no answer in time")
    ]
    office.box.doors.set()
    office.house.later(MINUTE)
    await office.postman.drain_once()
    assert office.box.kinds == ["password_changed"]


async def test_the_postman_clears_away_what_was_settled_long_ago(office: Office) -> None:
    await office.owe()
    await office.postman.drain_once()
    office.house.later(notices.SETTLED_KEPT + 1)
    async with working(office.postman), asyncio.timeout(PATIENCE):
        while await office.states(Kind.PASSWORD_CHANGED):
            await asyncio.sleep(0.005)


async def test_a_code_that_could_not_be_carried_for_an_hour_is_let_go(office: Office) -> None:
    await office.house.resets.ask({"email": "carla@example.org"})
    office.house.later(HOUR + 1)
    await office.postman.drain_once()
    assert office.box.mails == []


async def test_a_code_that_comes_within_the_hour_is_worth_it(office: Office) -> None:
    await office.house.resets.ask({"email": "carla@example.org"})
    office.house.later(HOUR)
    await office.postman.drain_once()
    assert office.box.kinds == ["one_time_code"]


class TestMessagesThatWait:
    async def test_are_mailed_when_they_lay_unread_for_two_minutes(self, office: Office) -> None:
        await office.say(office.amir, "Good morning, Carla.")
        office.house.later(2 * MINUTE - 1)
        assert await office.postman.drain_once() == 0
        office.house.later(1)
        await office.postman.drain_once()
        [mail] = office.box.mails
        assert (mail.to, mail.kind) == ("carla@example.org", "message_waiting")
        assert "> Good morning, Carla." in mail.text
        assert "Amir Azad" in mail.subject

    async def test_are_not_mailed_to_who_has_read_them(self, office: Office) -> None:
        seq = await office.say(office.amir, "Good morning, Carla.")
        await office.read(office.carla, seq)
        office.house.later(2 * MINUTE)
        await office.postman.drain_once()
        assert office.box.mails == []
        assert await office.states(Kind.MESSAGE_WAITING) == ["pointless"]

    async def test_wait_two_minutes_each_though_earlier_ones_were_read(self, office: Office) -> None:
        await office.read(office.carla, await office.say(office.amir, "Good morning."))
        office.house.later(MINUTE)
        await office.say(office.amir, "Which address should it be?")
        office.house.later(MINUTE)
        await office.postman.drain_once()
        assert office.box.mails == []
        office.house.later(MINUTE)
        await office.postman.drain_once()
        [mail] = office.box.mails
        assert "Which address" in mail.text
        assert "Good morning" not in mail.text

    async def test_make_one_mail_together(self, office: Office) -> None:
        for n in range(7):
            await office.say(office.amir, f"Line {n}")
        await office.do(office.amir, PostNote(body="She is in a hurry."))
        office.house.later(2 * MINUTE)
        await office.postman.drain_once()
        [mail] = office.box.mails
        assert "7 messages wait for you" in mail.text
        assert "Line 1" not in mail.text
        assert "Line 2" in mail.text
        assert "Line 6" in mail.text
        assert "hurry" not in mail.text + mail.html

    async def test_are_quoted_in_part_when_long(self, office: Office) -> None:
        await office.say(office.amir, "word " * 700)
        office.house.later(2 * MINUTE)
        await office.postman.drain_once()
        [mail] = office.box.mails
        assert 90 <= mail.text.count("word ") <= 100
        assert "…" in mail.text

    async def test_are_mailed_about_once(self, office: Office) -> None:
        await office.say(office.amir, "First")
        office.house.later(2 * MINUTE)
        await office.postman.drain_once()
        await office.say(office.amir, "Second")
        office.house.later(2 * MINUTE)
        await office.postman.drain_once()
        first, second = office.box.mails
        assert "First" in first.text
        assert "Second" in second.text
        assert "First" not in second.text

    async def test_that_come_while_a_mail_is_carried_get_their_own(self, office: Office) -> None:
        await office.say(office.amir, "First")
        office.house.later(2 * MINUTE)
        office.box.doors.clear()
        carrying = asyncio.create_task(office.postman.drain_once())
        await until(lambda: office.box.under_way)
        await office.say(office.amir, "Second")
        office.box.doors.set()
        await carrying
        assert await office.states(Kind.MESSAGE_WAITING) == ["sent", "waiting"]
        office.house.later(2 * MINUTE - 1)
        assert await office.postman.drain_once() == 0
        office.house.later(1)
        await office.postman.drain_once()
        assert [("Second" in mail.text) for mail in office.box.mails] == [False, True]

    async def test_taken_back_are_not_told_of(self, office: Office) -> None:
        seq = await office.say(office.amir, "Oops")
        await office.do(office.amir, RedactMessage(of=seq))
        office.house.later(2 * MINUTE)
        await office.postman.drain_once()
        assert office.box.mails == []

    async def test_are_told_to_the_agent_as_well(self, office: Office) -> None:
        await office.say(office.amir, "How can I help?")
        await office.say(office.carla, "The street is wrong.")
        office.house.later(2 * MINUTE)
        await office.postman.drain_once()
        told = {mail.to: mail.text for mail in office.box.mails}
        assert "The street is wrong." in told["amir@example.org"]
        assert "How can I help?" not in told["amir@example.org"]
        assert "The street is wrong." not in told["carla@example.org"]

    async def test_are_no_longer_told_to_an_agent_who_lost_the_ticket(self, office: Office) -> None:
        await office.say(office.carla, "The street is wrong.")
        await office.do(office.ada, AssignAgent(agent=office.bea.id))
        office.house.later(2 * MINUTE)
        await office.postman.drain_once()
        assert [mail.to for mail in office.box.mails if mail.kind == "message_waiting"] == []
        assert await office.states(Kind.MESSAGE_WAITING) == ["pointless"]


class TestMailsOfNoUse:
    @pytest.mark.parametrize("news", ["read on the page", "still news"])
    async def test_that_come_late_to_who_knows_by_then(self, office: Office, news: str) -> None:
        office.box.troubles = [SendFailed("down", again=True)]
        seq = await office.do(office.amir, CloseTicket())
        await office.postman.drain_once()
        if news == "read on the page":
            await office.read(office.carla, seq)
        office.house.later(HOUR)
        await office.postman.drain_once()
        assert office.box.kinds == (["ticket_closed"] if news == "still news" else [])

    async def test_that_come_late_and_name_an_agent_who_is_gone(self, office: Office) -> None:
        office.box.troubles = [SendFailed("down", again=True)] * 2
        await office.do(office.ada, AssignAgent(agent=office.bea.id))
        await office.postman.drain_once()
        await office.do(office.ada, AssignAgent(agent=office.amir.id))
        office.house.later(HOUR)
        await office.postman.drain_once()
        told = [mail.subject for mail in office.box.mails if mail.kind == "agent_assigned"]
        assert len(told) == 1
        assert told[0].startswith("Amir Azad")

    async def test_to_who_is_no_longer_active(self, office: Office) -> None:
        await office.say(office.amir, "Good morning, Carla.")
        await office.owe()
        await office.deactivate(office.carla)
        office.house.later(2 * MINUTE)
        await office.postman.drain_once()
        assert office.box.mails == []
        assert await office.states(Kind.MESSAGE_WAITING) == ["pointless"]

    async def test_to_who_has_no_address(self, office: Office) -> None:
        await office.owe()
        await office.house.database.write(
            lambda c: c.run("UPDATE people SET email = NULL WHERE id = ?", office.carla.id)
        )
        await office.postman.drain_once()
        assert office.box.mails == []

    async def test_to_an_agent_whose_ticket_went_to_another(self, office: Office) -> None:
        await office.do(office.ada, AssignAgent(agent=office.bea.id))
        await office.do(office.ada, AssignAgent(agent=office.amir.id))
        await office.postman.drain_once()
        assigned = [mail.to for mail in office.box.mails if mail.kind == "ticket_assigned"]
        assert assigned == ["amir@example.org"]

    async def test_a_closed_ticket_is_told_to_both_sides(self, office: Office) -> None:
        await office.do(office.carla, CloseTicket(reason="Found it."))
        await office.postman.drain_once()
        assert {mail.to: "You closed" in mail.text for mail in office.box.mails} == {
            "carla@example.org": True,
            "amir@example.org": False,
        }


class TestTrouble:
    async def test_is_tried_again_later_each_time(self, office: Office) -> None:
        office.box.troubles = [SendFailed("down", again=True), SendFailed("down", again=True)]
        await office.owe()
        await office.postman.drain_once()
        office.house.later(10 * SECOND - 1)
        assert await office.postman.drain_once() == 0
        office.house.later(1)
        assert await office.postman.drain_once() == 1
        office.house.later(20 * SECOND - 1)
        assert await office.postman.drain_once() == 0
        office.house.later(1)
        await office.postman.drain_once()
        assert office.box.kinds == ["password_changed"]

    @pytest.mark.parametrize("after", [None, 60.0])
    async def test_of_many_at_once_is_not_over_at_the_same_moment_for_all(
        self, office: Office, after: float | None
    ) -> None:
        await office.owe()
        [owed] = await office.house.database.write(lambda c: claims.claim(c, "one", office.house.time, 1, 1))
        failure = SendFailed("too many", again=True, after=after)
        early, late = [mail_retries.again_at(owed, failure, 0, lambda: point) for point in (0.0, 1.0)]  # noqa: B023
        assert early is not None
        assert late is not None
        assert early + 2 * SECOND <= late

    async def test_is_tried_again_when_the_provider_says(self, office: Office) -> None:
        office.box.troubles = [SendFailed("too many", again=True, after=2 * 3600.0)]
        await office.owe()
        await office.postman.drain_once()
        office.house.later(2 * HOUR)
        assert await office.postman.drain_once() == 0
        office.house.later(2 * SECOND)
        assert await office.postman.drain_once() == 1
        assert len(office.box.mails) == 1

    @pytest.mark.parametrize("named", [-5.0, 0.0, 1.7e9])
    async def test_whose_end_is_named_by_a_wrong_clock_is_tried_later_each_time(
        self, office: Office, named: float
    ) -> None:
        await office.owe()
        tries = 0
        for _ in range(600):
            office.box.troubles = [SendFailed("too many", again=True, after=named)]
            tries += await office.postman.drain_once()
            office.house.later(SECOND)
        assert 5 <= tries <= 8

    async def test_that_nothing_can_mend_is_given_up_loudly(
        self, office: Office, caplog: pytest.LogCaptureFixture
    ) -> None:
        office.box.troubles = [SendFailed("no such mailbox", again=False)]
        await office.owe()
        await office.postman.drain_once()
        assert await office.states(Kind.PASSWORD_CHANGED) == ["dead"]
        [line] = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert line.getMessage() == "notice given up"
        assert (line.__dict__["kind"], line.__dict__["why"]) == ("password_changed", "no such mailbox")
        assert "carla" not in str(line.__dict__).lower()
        office.house.later(DAY)
        assert await office.postman.drain_once() == 0

    async def test_is_not_given_up_for_tries_without_an_answer_when_this_one_had_one(
        self, office: Office
    ) -> None:
        await office.owe()
        for _ in range(mail_retries.MOST_UNSURE):
            await office.house.database.write(lambda c: claims.claim(c, "dead", office.house.time, 0, 1))
        await office.house.database.write(lambda c: c.run("UPDATE outbox SET unsure = unsure - 1"))
        office.box.troubles = [SendFailed("500", again=True)]
        await office.postman.drain_once()
        office.house.later(MINUTE)
        await office.postman.drain_once()
        assert office.box.kinds == ["password_changed"]

    async def test_of_which_every_postman_dies_ends_too(self, office: Office) -> None:
        await office.owe()
        for _ in range(mail_retries.MOST_UNSURE):
            await office.house.database.write(lambda c: claims.claim(c, "dead", office.house.time, 0, 1))
        await office.postman.drain_once()
        assert office.box.mails == []
        assert await office.house.rows("SELECT state, fault FROM outbox WHERE kind = 'password_changed'") == [
            ("dead", "5 tries without an answer: it may have arrived")
        ]

    async def test_of_a_whole_day_is_enough(self, office: Office) -> None:
        await office.owe()
        tries = 0
        while await office.states(Kind.PASSWORD_CHANGED) == ["waiting"]:
            office.box.troubles = [SendFailed("down", again=True)]
            tries += await office.postman.drain_once()
            office.house.later(30 * MINUTE)
        assert await office.states(Kind.PASSWORD_CHANGED) == ["dead"]
        assert 30 <= tries <= 60

    @pytest.mark.parametrize("channel", ["mail", "every"])
    async def test_with_a_kind_that_only_a_newer_version_knows_is_left_to_that(
        self, office: Office, channel: str
    ) -> None:
        await office.house.database.write(
            lambda c: c.run(
                "INSERT INTO outbox (kind, channel, person_id, ticket_id, data, state, created_at, due_at, tries, "
                "claimed_until) VALUES ('love_letter', ?, ?, ?, '{}', 'waiting', 1, ?, 0, 0)",
                channel,
                office.carla.id,
                office.ticket,
                office.house.time,
            )
        )
        await office.house.database.write(
            lambda c: c.run("UPDATE outbox SET fresh_at = ? WHERE kind = 'love_letter'", office.house.time)
        )
        await office.postman.drain_once()
        assert await office.house.rows("SELECT channel, state FROM outbox WHERE kind = 'love_letter'") == [
            (channel, "waiting")
        ]

    @pytest.mark.parametrize("poison", [{"kind": Kind.AGENT_ASSIGNED}, {"kind": "love_letter"}])
    async def test_with_one_mail_never_holds_up_the_next(
        self, office: Office, caplog: pytest.LogCaptureFixture, poison: dict[str, Any]
    ) -> None:
        await office.house.database.write(
            lambda c: c.run(
                "INSERT INTO outbox (kind, person_id, ticket_id, data, state, created_at, due_at, tries, "
                "claimed_until) VALUES (?, ?, ?, '{\"secret\": \"carla\"}', 'waiting', 1, 1, 0, 0)",
                str(poison["kind"]),
                office.carla.id,
                office.ticket,
            )
        )
        await office.owe()
        await office.postman.drain_once()
        assert office.box.kinds == ["password_changed"]
        assert "carla" not in caplog.text.lower()

    async def test_with_what_cannot_even_be_read_holds_up_nothing(self, office: Office) -> None:
        await office.owe(kind=Kind.WELCOME)
        await office.house.database.write(
            lambda c: c.run("UPDATE outbox SET data = '{broken' WHERE kind = 'welcome' AND state = 'waiting'")
        )
        await office.owe()
        await office.postman.drain_once()
        assert office.box.kinds == ["password_changed"]
        assert await office.house.rows(
            "SELECT state, tries FROM outbox WHERE kind = 'welcome' AND state = 'waiting'"
        ) == [("waiting", 1)]

    async def test_with_one_notice_that_is_to_be_spread_holds_up_no_other(
        self, office: Office, caplog: pytest.LogCaptureFixture
    ) -> None:
        await office.say(office.amir, "Good morning, Carla.")
        await office.house.database.write(
            lambda c: c.run("UPDATE entries SET fields = '{broken' WHERE type = 'message_posted'")
        )
        await office.say(office.carla, "Good morning, Amir.")  # and to him that can be told
        office.house.later(3 * MINUTE)
        await office.owe()
        async with working(office.postman):
            await until(lambda: {"password_changed", "message_waiting"} <= set(office.box.kinds))
            spreading = office.postman._upkeep._spreading
            assert spreading is not None
            await spreading  # he would leave what is still to be written down of it
        [broken] = await office.house.rows(
            "SELECT state, tries, fault FROM outbox WHERE kind = 'message_waiting' AND person_id = ?",
            office.carla.id,
        )
        assert broken[:2] == ("waiting", 1)
        assert broken[2].startswith("DecodeError")
        assert "notice put off" in caplog.text

    async def test_many_notices_are_spread_a_few_at_a_time(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However many are due, somebody who writes meanwhile waits for a few of them at most."""
        for _ in range(3 * AT_ONCE):
            await office.owe(kind=Kind.TICKET_OPENED, ticket=office.ticket, channel=Channel.EVERY)
        write, under_way, most = office.house.database.write, 0, 0

        async def counted(unit: Any, **how: Any) -> Any:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            try:
                return await write(unit, **how)
            finally:
                under_way -= 1

        monkeypatch.setattr(office.house.database, "write", counted)
        await office.postman.drain_once()
        assert office.box.kinds == ["ticket_opened"] * 3 * AT_ONCE
        assert most == AT_ONCE

    async def test_that_nothing_can_mend_in_spreading_ends_too(self, office: Office) -> None:
        await office.say(office.amir, "Good morning, Carla.")
        await office.house.database.write(
            lambda c: c.run("UPDATE entries SET fields = '{broken' WHERE type = 'message_posted'")
        )
        office.house.later(3 * MINUTE)
        for _ in range(60):
            await office.postman.drain_once()
            office.house.later(30 * MINUTE)
        assert await office.states(Kind.MESSAGE_WAITING) == ["dead"]
        page = await office.house.notice_traces.page(office.ada)
        assert [notice["can_repeat"] for notice in page["notices"]] == [True]

    async def test_on_a_ticket_that_somebody_holds_delays_no_other_notice(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def held(*_: Any, **__: Any) -> bool:
            raise unavailable()

        monkeypatch.setattr(spreading, "spread", held)
        await office.say(office.amir, "Good morning, Carla.")
        office.house.later(3 * MINUTE)
        await office.owe()
        async with working(office.postman):
            await until(lambda: office.box.mails)
        assert office.box.kinds == ["password_changed"]
        assert await office.house.rows("SELECT state, tries FROM outbox WHERE kind = 'message_waiting'") == [
            ("waiting", 0)
        ]

    async def test_of_the_database_is_held_against_no_notice(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def away(*_: Any) -> None:
            raise unavailable()

        await office.owe()
        with monkeypatch.context() as patched:
            patched.setattr(MailCarrier, "_judge", away)
            for _ in range(7):
                assert await office.postman.drain_once() == 1
                office.house.later(10 * SECOND)
        assert await office.house.rows(
            "SELECT tries, unsure FROM outbox WHERE kind = 'password_changed' AND state = 'waiting'"
        ) == [(0, 0)]
        await office.postman.drain_once()
        assert office.box.kinds == ["password_changed"]

    async def test_of_any_other_kind_is_tried_again_too(self, office: Office) -> None:
        office.box.troubles = [RuntimeError("carla@example.org is unlucky")]
        await office.owe()
        await office.postman.drain_once()
        [(state, fault)] = await office.house.rows(
            "SELECT state, fault FROM outbox WHERE kind = 'password_changed'"
        )
        assert state == "waiting"
        assert fault.startswith("RuntimeError at office.py")
        assert "carla" not in fault


class TestWhatArrivedAfterAll:
    """No answer came, and then a report that the mail was delivered."""

    async def tries(self, office: Office, kind: Kind, times: int) -> int:
        """So many without an answer; the row's number."""
        await office.owe(kind=kind)
        for _ in range(times):
            office.box.troubles = [SendFailed("no answer", again=True, unsure=True)]
            await office.postman.drain_once()
            office.house.later(HOUR)
        [(row,)] = await office.house.rows("SELECT MAX(id) FROM outbox")
        return int(row)

    async def delivered(self, office: Office, row: int) -> None:
        report = MailReport(id="1", what="delivered", outbox_id=row, address="carla@example.org")
        await office.house.notice_traces.take([report])

    async def test_is_not_sent_again(self, office: Office) -> None:
        await self.delivered(office, await self.tries(office, Kind.PASSWORD_CHANGED, 1))
        await office.postman.drain_once()
        assert office.box.mails == []
        assert await office.states(Kind.PASSWORD_CHANGED) == ["sent"]

    async def test_no_longer_counts_as_given_up(self, office: Office) -> None:
        row = await self.tries(office, Kind.PASSWORD_CHANGED, mail_retries.MOST_UNSURE)
        assert (await office.house.notice_traces.page(office.ada))["counts"]["dead"] == 1
        await self.delivered(office, row)
        assert await office.house.rows("SELECT state, fate, fault FROM outbox WHERE id = ?", row) == [
            ("sent", "delivered", None)
        ]
        assert (await office.house.notice_traces.page(office.ada))["counts"]["dead"] == 0

    async def test_of_messages_that_wait_is_sent_again_since_it_may_tell_of_more(
        self, office: Office
    ) -> None:
        await office.say(office.amir, "First")
        office.house.later(2 * MINUTE)
        office.box.troubles = [SendFailed("no answer", again=True, unsure=True)]
        await office.postman.drain_once()
        [(row,)] = await office.house.rows("SELECT MAX(id) FROM outbox")
        await self.delivered(office, row)
        await office.say(office.amir, "Second")
        office.house.later(2 * MINUTE)
        await office.postman.drain_once()
        assert "Second" in office.box.mails[0].text

    async def test_does_not_have_told_again_what_was_told_long_ago(self, office: Office) -> None:
        await mailed(office, "First")
        row = await given_up(office, "Second")
        await self.delivered(office, row)
        assert await office.house.rows("SELECT state, data FROM outbox WHERE id = ?", row) == [("sent", "{}")]
        await mailed(office, "Third")
        assert "Third" in office.box.mails[-1].text
        assert "First" not in office.box.mails[-1].text


async def mailed(office: Office, body: str) -> None:
    """Amir writes this, and the mail that tells of it is carried."""
    await office.say(office.amir, body)
    office.house.later(3 * MINUTE)
    await office.postman.drain_once()


async def given_up(office: Office, body: str) -> int:
    """The same, but nobody takes the mail; its row."""
    office.box.troubles = [SendFailed("no such mailbox", again=False)]
    await mailed(office, body)
    [(row,)] = await office.house.rows("SELECT MAX(id) FROM outbox WHERE state = 'dead'")
    return int(row)


class TestSentAgain:
    """An admin has a mail sent again that was given up."""

    async def test_it_may_be_though_one_of_its_tries_was_refused_later(self, office: Office) -> None:
        await office.owe(kind=Kind.WELCOME)
        [(row,)] = await office.house.rows("SELECT MAX(id) FROM outbox")
        office.box.troubles = [
            SendFailed("no answer", again=True, unsure=True),
            SendFailed("SendGrid answered 400", again=False),
        ]
        await office.postman.drain_once()
        refused = MailReport(id="1", what="blocked", outbox_id=row, address="", reason="try later")
        await office.house.notice_traces.take([refused])
        office.house.later(5 * MINUTE)
        await office.postman.drain_once()
        [dead] = (await office.house.notice_traces.page(office.ada))["notices"]
        assert (dead["id"], dead["can_repeat"]) == (row, True)
        assert await office.house.notice_traces.again(office.ada, row)
        await office.postman.drain_once()
        assert office.box.kinds == ["welcome"]
        arrived = MailReport(id="2", what="delivered", outbox_id=row, address="")
        await office.house.notice_traces.take([arrived])
        assert await office.house.rows("SELECT state, fate FROM outbox WHERE id = ?", row) == [
            ("sent", "delivered")
        ]

    async def test_several_about_one_ticket_make_one_mail(self, office: Office) -> None:
        rows = [await given_up(office, body) for body in ("First", "Second", "Third")]
        again = office.house.notice_traces.again
        assert [await again(office.ada, row) for row in rows] == [True, False, False]
        await office.postman.drain_once()
        [mail] = office.box.mails
        assert all(body in mail.text for body in ("First", "Second", "Third"))
        assert await office.states(Kind.MESSAGE_WAITING) == ["sent", "pointless", "pointless"]

    async def test_what_differs_goes_by_itself(self, office: Office) -> None:
        said = {"ticket": office.ticket, "channel": Channel.MAIL}
        for notice in (
            {"kind": Kind.TICKET_CLOSED, "data": {"by": "Amir", "reason": "It works."}},
            {"kind": Kind.TICKET_CLOSED, "data": {"by": "Bea", "reason": "It works again."}},
            {"kind": Kind.AGENT_ASSIGNED, "data": {"agent": "Bea Brun"}},
            {"kind": Kind.AGENT_ASSIGNED, "data": {"agent": "Bea Brun"}, "to": office.amir.id},
        ):
            office.box.troubles.append(SendFailed("no such mailbox", again=False))
            await office.owe(**(said | notice))
        await office.postman.drain_once()
        page = await office.house.notice_traces.page(office.ada)
        for trace in page["notices"]:
            assert await office.house.notice_traces.again(office.ada, trace["id"])
        assert page["counts"]["dead"] == 4

    async def test_it_counts_for_what_has_been_told_though_its_row_is_older(self, office: Office) -> None:
        row = await given_up(office, "First")
        await mailed(office, "Second")
        await office.house.notice_traces.again(office.ada, row)
        await mailed(office, "Third")
        assert office.box.mails[-1].outbox_id == row
        await mailed(office, "Fourth")
        assert "Fourth" in office.box.mails[-1].text
        assert "Third" not in office.box.mails[-1].text


class TestAtWork:
    async def test_he_carries_what_he_is_woken_for(self, office: Office) -> None:
        async with working(office.postman):
            await office.owe()
            office.postman.wake()
            await until(lambda: office.box.mails)

    async def test_he_has_no_more_under_way_than_he_can_carry(self, office: Office) -> None:
        office.box.doors.clear()
        for _ in range(IN_FLIGHT + 20):
            await office.owe(kind=Kind.WELCOME)
        async with working(office.postman):
            await until(lambda: office.box.under_way == IN_FLIGHT)
            office.box.doors.set()
            await until(lambda: len(office.box.mails) == IN_FLIGHT + 20)

    async def test_a_provider_is_given_no_more_at_once_than_it_takes(self, office: Office) -> None:
        box = Letterbox(most=3)
        box.doors.clear()
        for _ in range(20):
            await office.owe(kind=Kind.WELCOME)
        async with working(office.another_postman(box)):
            await until(lambda: box.under_way == 3)
            box.most_under_way = 0
            box.doors.set()
            await until(lambda: len(box.mails) == 20)
        assert box.most_under_way <= 3

    async def test_a_code_does_not_wait_behind_what_is_not_urgent(self, office: Office) -> None:
        office.box.doors.clear()
        for _ in range(IN_FLIGHT + 20):
            await office.owe(kind=Kind.WELCOME)
        async with working(office.postman):
            await until(lambda: office.box.under_way == IN_FLIGHT)
            await office.house.resets.ask({"email": "carla@example.org"})
            office.postman.wake()
            await until(lambda: office.box.under_way == IN_FLIGHT + 1)
            office.box.doors.set()
            await until(lambda: len(office.box.mails) == IN_FLIGHT + 21)
        assert "one_time_code" in office.box.kinds[: IN_FLIGHT + 1]

    async def test_even_of_what_is_urgent_there_is_an_end_to_what_he_carries(self, office: Office) -> None:
        office.box.doors.clear()
        for kind in (Kind.WELCOME, Kind.PASSWORD_CHANGED):
            for _ in range(IN_FLIGHT + 20):
                await office.owe(kind=kind)
        async with working(office.postman):
            await until(lambda: office.box.under_way == IN_FLIGHT + SPARE)
            office.box.doors.set()
            await until(lambda: len(office.box.mails) == 2 * (IN_FLIGHT + 20))
        assert office.box.kinds[: IN_FLIGHT + SPARE] == ["password_changed"] * (IN_FLIGHT + SPARE)

    async def test_he_counts_what_was_given_up(self, office: Office) -> None:
        metrics.OUTBOX_DEAD.labels("mail").set(0)
        before = measured("ccr_notices_total", outcome="given_up")
        office.box.troubles = [SendFailed("no such mailbox", again=False)]
        await office.owe()
        async with working(office.postman):
            await until(lambda: measured("ccr_outbox_dead") == 1)
        assert measured("ccr_notices_total", outcome="given_up") == before + 1

    async def test_he_says_how_overdue_the_oldest_mail_is(self, office: Office) -> None:
        assert office.postman.age() == 0
        office.box.doors.clear()
        await office.owe()
        office.house.later(30 * SECOND)
        async with working(office.postman):
            await until(lambda: office.postman.age() == 30)
            office.box.doors.set()
            await until(lambda: office.postman.age() == 0)

    async def test_what_was_under_way_when_he_left_arrives(self, office: Office) -> None:
        office.box.doors.clear()
        await office.owe()
        async with working(office.postman) as going:
            await until(lambda: office.box.under_way)
            going.cancel()
            office.box.doors.set()
        assert office.box.kinds == ["password_changed"]
        assert await office.states(Kind.PASSWORD_CHANGED) == ["sent"]
        assert office.box.closed

    async def test_what_did_not_arrive_in_time_is_there_for_the_next(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ccr.services.postman.GRACE", 0)
        office.box.doors.clear()
        await office.owe()
        async with working(office.postman):
            await until(lambda: office.box.under_way)
        assert await office.unsure() == [1]  # it may have arrived
        next_box = Letterbox()
        office.house.later(MINUTE)
        await office.another_postman(next_box).drain_once()
        assert next_box.kinds == ["password_changed"]

    async def test_what_he_had_not_begun_with_when_he_left_has_surely_not_arrived(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ccr.services.postman.GRACE", 0)
        office.box.doors.clear()
        for _ in range(IN_FLIGHT + 1):
            await office.owe(kind=Kind.WELCOME)
        async with working(office.postman):
            await until(lambda: office.box.under_way == IN_FLIGHT)
        assert sorted(await office.unsure(Kind.WELCOME)) == [0] + IN_FLIGHT * [1]

    async def test_he_outlives_a_database_that_does_not_answer(
        self, office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr("ccr.services.postman.IDLE", 0.01)
        working_claim = claims.claim

        def broken(*_: Any) -> Any:
            raise RuntimeError("no database")

        await office.owe()
        monkeypatch.setattr(claims, "claim", broken)
        async with working(office.postman):
            await until(lambda: "outbox out of reach" in caplog.text)
            monkeypatch.setattr(claims, "claim", working_claim)
            await until(lambda: office.box.mails)

    async def test_a_mail_that_went_out_is_settled_when_the_database_is_back(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ccr.services.settling.SETTLING", (0, 0, 0))
        working_settle, broken = claims.settle_all, [1, 2]

        def settle(*given: Any) -> int:
            if broken:
                broken.pop()
                raise RuntimeError("no database")
            return working_settle(*given)

        monkeypatch.setattr(claims, "settle_all", settle)
        await office.owe()
        await office.postman.drain_once()
        assert not broken
        assert office.box.kinds == ["password_changed"]
        assert await office.states(Kind.PASSWORD_CHANGED) == ["sent"]


def measured(name: str, **labels: str) -> float:
    """What `/metrics` says of mails."""
    return metrics.REGISTRY.get_sample_value(name, {"channel": "mail"} | labels) or 0
