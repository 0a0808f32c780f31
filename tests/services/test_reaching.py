"""What reaches people's phones and browsers while they are away: each thing once, and nothing that they have seen."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ccr.adapters.sms_twilio import TwilioTexter
from ccr.adapters.web_push import WebPusher
from ccr.desk.clock import DAY, HOUR, MINUTE, SECOND
from ccr.desk.notices import GLANCE, Channel, Kind
from ccr.desk.people import Person
from ccr.services import push_carrier, text_carrier
from ccr.services.carrying import Carrier
from ccr.services.identity import Identity
from ccr.services.postman import Postman
from ccr.services.push_carrier import PushCarrier
from ccr.services.text_carrier import TextCarrier
from ccr.services.text_data import WAITS
from ccr.store import mobiles, read_marks
from ccr.store.mobiles import Mobile
from ccr.store.quiet_kinds import turn
from tests.accounts_house import LAPTOP, PHONE
from tests.desk_house import Desk, open_desk
from tests.push_service import Arrived, PushService, push_service
from tests.twilio import ACCOUNT, SENDER, TOKEN, Twilio, twilio

HOME = "https://care.example"
KEY = "d29ya3MtZm9yLWV2ZXJ5LWJyb3dzZXItdGhlcmUtaXM"
NUMBER = "+4915112345678"


class Away:
    """Carla's ticket, which is Amir's, and the providers by which both may be reached."""

    def __init__(self, desk: Desk, provider: Twilio, service: PushService, tls: ssl.SSLContext) -> None:
        self.desk, self.house = desk, desk.house
        self.twilio, self.service = provider, service
        texter = TwilioTexter(account_sid=ACCOUNT, auth_token=TOKEN, sender=SENDER, host=provider.host)
        pusher = WebPusher(
            private_key=KEY,
            contact="mailto:care@example.org",
            allowed=lambda address: address.is_loopback,
            ports=lambda _: True,
            tls=tls,
        )
        self.house.subscriptions._pusher = pusher
        database, timed = self.house.database, {"now": lambda: self.house.time}
        self.carriers: dict[Channel, Carrier] = {
            Channel.SMS: TextCarrier(database, texter, self.house.mobiles.mint, public_url=HOME, **timed),
            Channel.PUSH: PushCarrier(database, pusher, **timed),
        }
        self.postman = Postman(database, self.carriers, chance=lambda: 0.5, **timed)
        self.ticket = 0
        self._keys = 0

    async def open(self) -> None:
        """Carla's ticket is opened and assigned, and everything about that is past."""
        self.ticket = await self.desk.open()
        await self.later(MINUTE)
        self.twilio.sent.clear()
        self.service.arrived.clear()

    async def do(self, who: Person, kind: str, **fields: Any) -> int:
        """Something happens on the ticket."""
        self._keys += 1
        return (await self.desk.do(who, self.ticket, f"key-of-{self._keys}", kind, **fields)).seq

    async def say(self, who: Person, body: str = "Is it blue?") -> int:
        return await self.do(who, "post_message", body=body)

    async def read(self, who: Person, seq: int) -> None:
        time = self.house.time
        await self.house.database.write(lambda c: read_marks.move(c, self.ticket, who.id, seq, time))

    async def later(self, milliseconds: int = GLANCE) -> None:
        """Time passes, and what became due is carried."""
        self.house.later(milliseconds)
        await self.postman.drain_once()

    async def textable(self, who: Person) -> None:
        """They have proved a number."""
        time = self.house.time
        await self.house.database.write(lambda c: mobiles.put(c, who.id, Mobile(NUMBER, time, texts=True)))

    async def notifiable(self, who: Person, device: Any = LAPTOP) -> Identity:
        """They are signed in at a browser that asked for notifications."""
        identity = await self.house.identity(who.email or "", device)
        browser = self.service.browser()
        subscription = browser.subscription()
        del subscription["expirationTime"]
        await self.house.subscriptions.subscribe(identity, subscription)
        return identity

    async def states(self, channel: Channel, kind: Kind = Kind.MESSAGE_WAITING) -> list[str]:
        found = await self.house.rows(
            "SELECT state FROM outbox WHERE channel = ? AND kind = ? ORDER BY id", channel.value, kind.value
        )
        return [row[0] for row in found]

    @property
    def texts(self) -> list[str]:
        return [text["Body"] for text in self.twilio.sent]

    @property
    def pushes(self) -> list[Arrived]:
        return self.service.arrived


@pytest.fixture
async def away(tmp_path: Path) -> AsyncIterator[Away]:
    async with open_desk(tmp_path) as desk, twilio() as provider, push_service(tmp_path) as (service, tls):
        opened = Away(desk, provider, service, tls)
        await opened.open()
        yield opened
        for carrier in opened.carriers.values():
            await carrier.close()


async def test_a_code_is_texted_and_proves_the_number(away: Away) -> None:
    carla = away.desk.carla
    await away.house.mobiles.ask(carla, {"mobile": NUMBER})
    await away.later(0)

    [text] = away.twilio.sent
    code = text["Body"][:6]
    assert text["To"] == NUMBER
    assert "good for 10 minutes." in text["Body"]
    assert text["Body"].endswith(f"\n\n@care.example #{code}")
    await away.house.mobiles.confirm(carla, {"code": code})
    assert (await away.house.mobiles.state(carla))["texts"]


async def test_a_code_is_texted_within_the_hour_or_not_at_all(away: Away) -> None:
    await away.house.mobiles.ask(away.desk.carla, {"mobile": NUMBER})
    await away.later(HOUR)
    assert len(away.texts) == 1
    await away.house.mobiles.ask(away.desk.carla, {"mobile": NUMBER})
    await away.later(HOUR + 1)
    assert len(away.texts) == 1
    assert await away.states(Channel.SMS, Kind.MOBILE_CODE) == ["sent", "pointless"]


async def test_a_number_that_takes_no_texts_is_said_to_be_one(away: Away) -> None:
    carla = away.desk.carla
    away.twilio.plan = [(400, 21614, {})]
    await away.house.mobiles.ask(carla, {"mobile": NUMBER})
    await away.later(0)

    state = await away.house.mobiles.state(carla)
    assert (state["pending"], state["pending_refused"]) == (None, NUMBER)
    assert await away.states(Channel.SMS, Kind.MOBILE_CODE) == ["dead"]


async def test_an_answer_that_waits_is_texted_once_until_it_is_read(away: Away) -> None:
    carla, amir = away.desk.carla, away.desk.amir
    await away.textable(carla)
    await away.say(amir, "The kettle was blue all along.")
    await away.later(GLANCE)
    assert away.texts == []
    await away.later(WAITS)
    assert away.texts == [
        f"Customer Care Registry: a reply waits on your ticket {away.ticket}. {HOME}/tickets/{away.ticket}"
    ]

    last = await away.say(amir, "And it boils.")
    await away.later(HOUR)
    assert len(away.texts) == 1
    assert "waiting" not in await away.states(Channel.SMS)

    await away.read(carla, last)
    await away.say(amir, "One more thing.")
    await away.later(GLANCE)
    await away.later(WAITS)
    assert len(away.texts) == 2


async def test_what_is_read_meanwhile_is_not_texted(away: Away) -> None:
    carla, amir = away.desk.carla, away.desk.amir
    await away.textable(carla)
    seq = await away.say(amir)
    await away.later(GLANCE)
    await away.read(carla, seq)
    await away.later(WAITS)
    assert away.texts == []
    assert await away.states(Channel.SMS) == ["pointless"]


async def test_who_has_looked_meanwhile_is_not_texted_who_looks_after_it(away: Away) -> None:
    carla = away.desk.carla
    await away.textable(carla)
    seq = await away.do(away.desk.ada, "assign_agent", agent=away.desk.bea.id)
    away.house.later(SECOND)
    await away.read(carla, seq)
    await away.later(0)
    assert away.texts == []
    assert await away.states(Channel.SMS, Kind.AGENT_ASSIGNED) == ["pointless"]


async def test_an_agent_is_texted_what_becomes_theirs(away: Away) -> None:
    await away.textable(away.desk.bea)
    await away.textable(away.desk.carla)
    await away.do(away.desk.ada, "assign_agent", agent=away.desk.bea.id)
    await away.later(0)
    link = f"{HOME}/tickets/{away.ticket}"
    assert sorted(away.texts) == [
        f"Customer Care Registry: an agent now looks after your ticket {away.ticket}. {link}",
        f"Customer Care Registry: ticket {away.ticket} is yours now. {link}",
    ]
    assert max(map(len, away.texts)) <= 160


async def test_an_agent_who_is_gone_is_texted_nothing_that_waits(away: Away) -> None:
    bea = away.desk.bea
    await away.textable(bea)
    away.twilio.plan = [(500, None, {})]
    await away.do(away.desk.ada, "assign_agent", agent=bea.id)
    await away.later(0)
    await away.house.database.write(lambda c: c.run("UPDATE people SET active = 0 WHERE id = ?", bea.id))
    await away.later(HOUR)
    assert (away.twilio.plan, away.texts) == ([], [])
    assert await away.states(Channel.SMS, Kind.TICKET_ASSIGNED) == ["pointless"]


async def test_both_are_notified_of_who_looks_after_it_and_of_its_end(away: Away) -> None:
    carla, ada, bea = away.desk.carla, away.desk.ada, away.desk.bea
    await away.notifiable(carla)
    await away.notifiable(bea)
    await away.do(ada, "assign_agent", agent=bea.id)
    await away.later()
    await away.later()
    assert sorted(push.payload["title"] for push in away.pushes) == [
        "A ticket is yours now",
        "Bea Brun now looks after it",
    ]
    away.pushes.clear()

    await away.do(ada, "close_ticket", reason="It boils again.")
    await away.later()
    await away.later()
    assert sorted(push.payload["title"] for push in away.pushes) == [
        "A ticket of yours is closed",
        "Your ticket is closed",
    ]


async def test_a_text_says_neither_names_nor_words(away: Away) -> None:
    await away.textable(away.desk.amir)
    await away.say(away.desk.carla, "My secret is 4711.")
    await away.later(GLANCE)
    await away.later(WAITS)
    [text] = away.texts
    for told in ("4711", "Carla", "Where is it?"):
        assert told not in text


async def test_who_answers_stop_is_texted_no_more(away: Away) -> None:
    carla, amir = away.desk.carla, away.desk.amir
    await away.textable(carla)
    away.twilio.plan = [(400, 21610, {})]
    await away.say(amir)
    await away.later(GLANCE)
    await away.later(WAITS)
    state = await away.house.mobiles.state(carla)
    assert (state["texts"], state["refused_at"] is not None) == (False, True)
    assert await away.states(Channel.SMS) == ["dead"]

    await away.say(amir)
    await away.later(HOUR)
    assert away.twilio.asked == 1


async def test_a_text_that_twilio_could_not_take_comes_later(away: Away) -> None:
    await away.textable(away.desk.carla)
    away.twilio.plan = [(500, None, {}), (429, 20429, {"Retry-After": "60"})]
    await away.say(away.desk.amir)
    for _ in range(4):
        await away.later(MINUTE + WAITS)
    assert len(away.texts) == 1


async def test_a_notification_goes_to_every_browser_of_who_is_away(away: Away) -> None:
    carla, amir = away.desk.carla, away.desk.amir
    await away.notifiable(carla)
    await away.notifiable(carla, PHONE)
    await away.say(amir, "The kettle was blue all along.")
    await away.later()

    assert len({push.browser for push in away.pushes}) == len(away.pushes) == 2
    content = away.pushes[0].payload
    assert (content["title"], content["body"]) == ("Amir Azad answered", f"Ticket {away.ticket}")
    assert content["path"] == f"/tickets/{away.ticket}"
    assert "kettle" not in str(content)
    assert "Where is it?" not in str(content)
    assert away.pushes[0].headers["Urgency"] == "high"
    assert 0 < int(away.pushes[0].headers["TTL"]) <= DAY / SECOND


async def test_each_message_replaces_the_notification_before_it(away: Away) -> None:
    carla, amir = away.desk.carla, away.desk.amir
    await away.notifiable(carla)
    for _ in range(2):
        await away.say(amir)
        await away.later()
    first, second = away.pushes
    assert first.headers["Topic"] == second.headers["Topic"]
    assert first.payload["ticket"] == second.payload["ticket"]
    assert first.payload["id"] != second.payload["id"]
    assert len(first.headers["Topic"]) == 32  # the most that there may be, and nothing that can be read


async def test_a_message_on_another_ticket_replaces_no_notification(away: Away) -> None:
    desk = away.desk
    await away.notifiable(desk.carla)
    other = (await desk.do(desk.carla, None, "carla-asks-more", "open_ticket", query="And the lid?")).ticket
    await desk.do(desk.ada, other, "ada-assigns", "assign_agent", agent=desk.amir.id)
    await away.later()
    away.pushes.clear()
    await away.say(desk.amir)
    await desk.do(desk.amir, other, "amir-writes", "post_message", body="It is blue.")
    await away.later()
    assert {push.payload["ticket"] for push in away.pushes} == {away.ticket, other}
    assert len({push.headers["Topic"] for push in away.pushes}) == 2


async def test_what_could_not_be_shown_for_a_day_is_no_news_any_more(away: Away) -> None:
    await away.notifiable(away.desk.carla)
    away.service.plan = [(503, {})]
    await away.say(away.desk.amir)
    await away.later()
    await away.later(DAY)
    assert (away.service.plan, away.pushes) == ([], [])
    assert await away.states(Channel.PUSH) == ["pointless"]


async def test_a_message_that_comes_while_a_notification_is_under_way_gets_its_own(away: Away) -> None:
    await away.notifiable(away.desk.carla)
    first = await away.say(away.desk.amir)
    away.service.answers.clear()
    carrying = asyncio.create_task(away.later())
    await away.service.asked.wait()

    second = await away.say(away.desk.amir, "Or green?")
    away.house.later(GLANCE)
    assert await away.postman._upkeep.spread() == 1
    away.service.answers.set()
    await carrying
    assert len(away.pushes) == 1
    await away.later()

    assert len(away.pushes) == 2
    found = await away.house.rows(
        "SELECT data FROM outbox WHERE channel = 'push' AND kind = 'message_waiting'"
    )
    assert [json.loads(row[0])["up_to"] for row in found] == [first, second]
    await away.later()
    assert len(away.pushes) == 2


async def test_who_is_looking_at_it_is_not_notified(away: Away) -> None:
    carla, amir = away.desk.carla, away.desk.amir
    await away.notifiable(carla)
    seq = await away.say(amir)
    await away.read(carla, seq)
    await away.later()
    closed = await away.do(amir, "close_ticket")
    await away.read(carla, closed)
    await away.later()
    assert away.pushes == []
    assert await away.states(Channel.PUSH, Kind.TICKET_CLOSED) == ["pointless"]


async def test_an_agent_is_not_told_a_customers_name(away: Away) -> None:
    await away.notifiable(away.desk.amir)
    await away.say(away.desk.carla)
    await away.later()
    [push] = away.pushes
    assert push.payload["title"] == "The customer wrote"
    assert "Carla" not in str(push.payload)


async def test_admins_hear_of_new_tickets_that_nobody_has_yet(away: Away) -> None:
    desk = away.desk
    await away.notifiable(desk.ada)
    raised = await desk.do(desk.omar, None, "omar-opens", "open_ticket", query="Where is mine?")
    await away.later()
    [push] = away.pushes
    assert push.payload["title"] == "A new ticket waits for an agent"
    assert push.payload["ticket"] == raised.ticket

    again = await desk.do(desk.omar, None, "omar-opens-2", "open_ticket", query="And this?")
    await desk.do(desk.ada, again.ticket, "ada-is-quick", "assign_agent", agent=desk.amir.id)
    await away.later()
    assert len(away.pushes) == 1


async def test_a_provider_that_says_nothing_is_left_and_asked_again(
    away: Away, monkeypatch: pytest.MonkeyPatch
) -> None:
    carla, amir = away.desk.carla, away.desk.amir
    await away.notifiable(carla)
    await away.textable(carla)
    away.twilio.plan = [None]
    away.service.answers.clear()
    with monkeypatch.context() as hurry:
        hurry.setattr(text_carrier, "SENDING", 0.1)
        hurry.setattr(push_carrier, "SENDING", 0.1)
        await away.say(amir)
        await away.later(WAITS)
    rows = "SELECT state, tries, unsure, fault FROM outbox WHERE channel IN ('sms', 'push') AND tries > 0"
    assert await away.house.rows(rows) == [("waiting", 1, 1, "no answer in time")] * 2

    away.service.answers.set()
    await away.later(MINUTE)
    assert (len(away.texts), len(away.pushes)) == (1, 1)


async def test_a_browser_that_is_gone_is_forgotten(away: Away) -> None:
    carla, amir = away.desk.carla, away.desk.amir
    identity = await away.notifiable(carla)
    away.service.browsers.clear()
    await away.say(amir)
    await away.later()
    assert (await away.house.subscriptions.state(identity))["subscriptions"] == []
    assert await away.states(Channel.PUSH) == ["pointless"]


async def test_nothing_is_shown_where_somebody_has_signed_out(away: Away) -> None:
    carla, amir = away.desk.carla, away.desk.amir
    identity = await away.notifiable(carla)
    await away.say(amir)
    await away.later(GLANCE - 1)
    await away.house.signing_in.sign_out(identity)
    await away.later(1)

    idle = await away.notifiable(carla)
    await away.house.database.write(
        lambda c: c.run("UPDATE sessions SET seen_at = 0 WHERE id = ?", idle.session_id)
    )
    await away.say(amir)
    await away.later()
    assert away.pushes == []


async def test_one_browser_in_trouble_holds_up_no_other(away: Away) -> None:
    carla, amir = away.desk.carla, away.desk.amir
    await away.notifiable(carla)
    await away.notifiable(carla, PHONE)
    away.service.plan = [(429, {"Retry-After": "600"})]
    await away.say(amir)
    await away.later()
    assert len(away.pushes) == 1
    await away.say(amir)
    await away.later()
    assert len(away.pushes) == 2
    await away.later(11 * MINUTE)
    assert len(away.pushes) == 3
    assert len({push.browser for push in away.pushes}) == 2


async def test_a_kind_that_was_turned_off_stays_away(away: Away) -> None:
    carla, amir = away.desk.carla, away.desk.amir
    await away.notifiable(carla)
    await away.textable(carla)
    for channel in (Channel.SMS, Channel.PUSH):
        await away.house.database.write(
            partial(turn, person=carla.id, kind="message_waiting", channel=channel.value, on=False)
        )
    await away.say(amir)
    await away.later(HOUR)
    assert (away.texts, away.pushes) == ([], [])


async def test_a_kind_that_is_turned_off_while_it_waits_to_be_tried_again_stays_away(away: Away) -> None:
    carla, amir = away.desk.carla, away.desk.amir
    await away.notifiable(carla)
    await away.textable(carla)
    away.service.plan, away.twilio.plan = [(500, {})] * 2, [(500, None, {})]
    await away.say(amir)
    await away.later()
    await away.later(WAITS)
    assert (away.service.plan, away.twilio.plan) == ([], [])
    for channel in (Channel.SMS, Channel.PUSH):
        await away.house.database.write(
            partial(turn, person=carla.id, kind="message_waiting", channel=channel.value, on=False)
        )
    await away.later(HOUR)
    assert (away.texts, away.pushes) == ([], [])


async def test_who_subscribes_while_a_mail_waits_is_notified_of_what_comes_next(away: Away) -> None:
    carla, amir = away.desk.carla, away.desk.amir
    seq = await away.say(amir)
    await away.later()  # she is told by mail, in two minutes
    await away.read(carla, seq)
    await away.notifiable(carla)
    await away.later(0)
    await away.say(amir)
    await away.later()
    assert len(away.pushes) == 1


async def test_without_a_texter_what_is_owed_by_text_is_let_lie(away: Away) -> None:
    await away.textable(away.desk.carla)
    silent = TextCarrier(away.house.database, None, away.house.mobiles.mint, public_url=HOME)
    postman = Postman(away.house.database, {Channel.SMS: silent}, now=lambda: away.house.time)
    await away.say(away.desk.amir)
    away.house.later(GLANCE)
    await postman.drain_once()
    assert await away.states(Channel.SMS) == ["pointless"]
