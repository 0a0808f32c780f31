"""Pages and routes about notices: the admins' list, what people turn off, the link in a mail, the provider's hook."""

import base64
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ccr.adapters.sendgrid_events import OLDEST, SendGridEvents
from ccr.desk.clock import MINUTE
from ccr.desk.commands import OpenTicket
from ccr.desk.notices import Channel, Kind, Notice
from ccr.settings import Settings
from ccr.site.api_notices import SIGNATURE, TIMESTAMP
from ccr.store import claims, outbox
from tests.accounts_house import CARLA
from tests.site.pages_app import Pages, open_pages

KEY = ec.generate_private_key(ec.SECP256R1())
STRANGERS = ec.generate_private_key(ec.SECP256R1())
NOW = 1_763_717_460
"""It stays so for what SendGrid tells, however long this takes."""


def shown(key: ec.EllipticCurvePrivateKey) -> str:
    """The verification key as SendGrid shows it."""
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(der).decode()


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Pages]:
    async with open_pages(tmp_path, reports=SendGridEvents(shown(KEY), now=lambda: NOW)) as opened:
        await opened.house.admin()
        await opened.house.customer(CARLA)
        await opened.house.database.write(lambda c: c.run("DELETE FROM outbox"))
        yield opened


async def mail(pages: Pages, *, dead: bool, ticket: int | None = None) -> int:
    """One to Carla that was sent, or given up; its row."""
    house = pages.house
    [(carla,)] = await house.rows("SELECT id FROM people WHERE email = 'carla@example.org'")

    def settle(c: Any) -> int:
        notice = Notice(kind=Kind.TICKET_OPENED, to=carla, ticket=ticket, channel=Channel.MAIL)
        outbox.put(c, notice, house.time)
        [owed] = claims.claim(c, "one", house.time, MINUTE, 1)
        if dead:
            claims.fail(c, owed.id, "one", "<b>no such mailbox</b>", house.time, None)
        else:
            claims.settle(c, owed.id, "one", outbox.SENT, house.time)
        return owed.id

    return await house.database.write(settle)


async def states(pages: Pages) -> list[Any]:
    return await pages.house.rows("SELECT state, fate FROM outbox ORDER BY id")


class TestList:
    async def test_shows_what_was_given_up_and_has_it_sent_again(self, pages: Pages) -> None:
        row = await mail(pages, dead=True)
        ada = await pages.browser_of("ada@example.org")
        seen = await ada.open("/notices")
        assert "&lt;b&gt;no such mailbox" in seen.html
        assert "Carla Custer" in seen.html
        assert "1 was given up" in seen.html
        sent = await ada.send(f"/notices/{row}/again")
        assert (sent.status, sent.leads_to) == (303, "/notices?done=again")
        assert "It is on its way again." in (await ada.open("/notices?done=again")).html
        assert await states(pages) == [("waiting", None)]
        refused = await ada.send(f"/notices/{row}/again")
        assert refused.status == 409
        assert "can be sent again" in refused.html

    async def test_says_that_one_is_not_needed_where_another_tells_the_same(self, pages: Pages) -> None:
        carla = (await pages.house.sign_in("carla@example.org")).person
        opening = OpenTicket(query="My kettle hums")
        ticket = (await pages.house.changes.carry_out(carla, None, "carla-opens", opening)).ticket
        await pages.house.database.write(lambda c: c.run("DELETE FROM outbox"))
        first, second = [await mail(pages, dead=True, ticket=ticket) for _ in range(2)]
        ada = await pages.browser_of("ada@example.org")
        assert (await ada.send(f"/notices/{first}/again")).leads_to == "/notices?done=again"
        assert (await ada.send(f"/notices/{second}/again")).leads_to == "/notices?done=joined"
        seen = (await ada.open("/notices?done=joined")).html
        assert "so this one is not needed any more" in seen
        assert "None was given up" in seen

    async def test_shows_every_notice_where_that_is_wanted(self, pages: Pages) -> None:
        await mail(pages, dead=False)
        ada = await pages.browser_of("ada@example.org")
        assert "None was given up" in (await ada.open("/notices")).html
        assert "Carla Custer" in (await ada.open("/notices?show=all")).html

    async def test_is_for_admins(self, pages: Pages) -> None:
        carla = await pages.browser_of("carla@example.org")
        assert (await carla.open("/notices")).status == 403
        assert "/notices" not in (await carla.open("/account")).html.replace("/account/notices", "")

    async def test_lets_an_address_be_tried_again(self, pages: Pages) -> None:
        await post(pages, [event("bounce", await mail(pages, dead=False))])
        ada = await pages.browser_of("ada@example.org")
        assert "carla@example.org" in (await ada.open("/notices")).html
        assert (await ada.send("/notices/addresses", address="carla@example.org")).status == 303
        assert "carla@example.org" not in (await ada.open("/notices")).html
        assert (await ada.send("/notices/addresses", address="carla@example.org")).status == 404


class TestJson:
    async def test_says_the_same(self, pages: Pages) -> None:
        row = await mail(pages, dead=True)
        client = pages.app.test_client()
        begun = await pages.house.sign_in("ada@example.org")
        headers = {"Authorization": f"Bearer {begun.token}"}
        listed = await (await client.get("/api/v1/notices?show=dead", headers=headers)).get_json()
        assert [notice["id"] for notice in listed["notices"]] == [row]
        again = await client.post(f"/api/v1/notices/{row}/again", headers=headers)
        assert again.status_code == 204
        wrong = await client.get("/api/v1/notices?show=some", headers=headers)
        assert wrong.status_code == 400
        body = {"address": "nobody@example.org"}
        gone = await client.post("/api/v1/notices/addresses", json=body, headers=headers)
        assert gone.status_code == 404

    async def test_lets_people_choose(self, pages: Pages) -> None:
        begun = await pages.house.sign_in("carla@example.org")
        client, headers = pages.app.test_client(), {"Authorization": f"Bearer {begun.token}"}
        wanted = {"ticket_closed": {"mail": False}}
        chosen = await client.patch("/api/v1/me/notices", json=wanted, headers=headers)
        assert (await chosen.get_json())["ticket_closed"]["mail"] is False
        seen = await client.get("/api/v1/me/notices", headers=headers)
        assert await seen.get_json() == await chosen.get_json()


class TestChoosing:
    async def test_on_the_account_page(self, pages: Pages) -> None:
        carla = await pages.browser_of("carla@example.org")
        boxes = dict(
            re.findall(r'name="(\w+\.mail)" value="on"( checked)?', (await carla.open("/account")).html)
        )
        assert boxes.keys() >= {"message_waiting.mail", "ticket_closed.mail"}
        assert all(boxes.values())
        saved = await carla.send("/account/notices", **{"message_waiting.mail": "on"})
        assert saved.leads_to == "/account?done=notices#notices"
        seen = (await carla.open("/account?done=notices")).html
        after = dict(re.findall(r'name="(\w+\.mail)" value="on"( checked)?', seen))
        assert [name for name, on in after.items() if on] == ["message_waiting.mail"]
        assert "Your choice is saved." in seen


class TestUnsubscribing:
    async def link(self, pages: Pages) -> str:
        [(carla,)] = await pages.house.rows("SELECT id FROM people WHERE email = 'carla@example.org'")
        return "/unsubscribe/" + pages.house.notice_choices.link(carla, "message_waiting").rpartition("/")[2]

    async def test_by_one_click_without_cookie_or_origin(self, pages: Pages) -> None:
        link, client = await self.link(pages), pages.app.test_client(use_cookies=False)
        answered = await client.post(link, form={"List-Unsubscribe": "One-Click"})
        assert answered.status_code == 200
        assert await pages.house.rows("SELECT kind, channel FROM quiet_kinds") == [
            ("message_waiting", "mail")
        ]

    async def test_looking_changes_nothing_and_offers_to(self, pages: Pages) -> None:
        link, browser = await self.link(pages), pages.browser()
        seen = await browser.open(link)
        assert (seen.status, f'action="{link}"' in seen.html) == (200, True)
        assert "Messages that wait for you" in seen.html
        assert "<title>Turn mails off" in seen.html
        assert await pages.house.rows("SELECT * FROM quiet_kinds") == []
        assert "Turned off" in (await browser.send(link)).html
        assert "Turned off" in (await browser.send(link, origin=None)).html

    @pytest.mark.parametrize("method", ["open", "send"])
    async def test_a_forged_link_leads_nowhere(self, pages: Pages, method: str) -> None:
        answered = await getattr(pages.browser(), method)((await self.link(pages))[:-2])
        assert answered.status == 404


def event(name: str, row: int, **more: Any) -> dict[str, Any]:
    """As SendGrid tells it."""
    told = {
        "email": "carla@example.org",
        "timestamp": 1_763_717_400,
        "event": name,
        "sg_event_id": f"{name}-{row}",
        "sg_message_id": "abc.filter",
        "category": ["ticket_opened"],
        "ccr_outbox": str(row),
        "reason": "550 5.1.1 no such mailbox",
    }
    return told | more


async def post(
    pages: Pages,
    events: Any,
    *,
    key: ec.EllipticCurvePrivateKey = KEY,
    age: int = 0,
    spoil: str = "",
    raw: bytes | None = None,
) -> int:
    """What SendGrid posts; the answer's status."""
    body = json.dumps(events, indent=1).encode() if raw is None else raw
    timestamp = str(NOW - age)
    signature = base64.b64encode(key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
    answered = await pages.app.test_client(use_cookies=False).post(
        "/hooks/sendgrid",
        data=body + spoil.encode(),
        headers={SIGNATURE: signature, TIMESTAMP: timestamp, "Content-Type": "application/json"},
    )
    return answered.status_code


class TestHook:
    async def test_takes_what_sendgrid_signed(self, pages: Pages) -> None:
        first, second, third = [await mail(pages, dead=False) for _ in range(3)]
        told = [event("delivered", first), event("bounce", second), event("bounce", third, type="blocked")]
        assert await post(pages, [*told, event("open", first), {"event": "bounce"}, "?"]) == 204
        assert await states(pages) == [("sent", "delivered"), ("dead", "bounced"), ("dead", "blocked")]
        assert await pages.house.rows("SELECT address, reason FROM bounced_addresses") == [
            ("carla@example.org", "550 5.1.1 no such mailbox")
        ]

    @pytest.mark.parametrize("spoilt", ["sg_event_id", "email", "reason"])
    async def test_takes_the_rest_where_one_holds_half_a_character(self, pages: Pages, spoilt: str) -> None:
        first, second = [await mail(pages, dead=False) for _ in range(2)]
        told = [event("bounce", first, **{spoilt: "\ud83d"}), event("delivered", second)]
        assert await post(pages, told) == 204
        assert await states(pages) == [("dead", "bounced"), ("sent", "delivered")]

    async def test_takes_each_event_once(self, pages: Pages) -> None:
        row = await mail(pages, dead=False)
        for _ in range(2):
            assert await post(pages, [event("bounce", row)] * 2) == 204
        assert len(await pages.house.rows("SELECT * FROM reports_seen")) == 1

    @pytest.mark.parametrize(
        "how",
        [
            {"key": STRANGERS},
            {"age": int(OLDEST) + 1},
            {"age": -int(OLDEST) - 1},
            {"spoil": " "},
            {"raw": b"\xff"},
        ],
    )
    async def test_believes_nothing_else(self, pages: Pages, how: dict[str, Any]) -> None:
        row = await mail(pages, dead=False)
        assert await post(pages, [event("bounce", row)], **how) == 403
        assert await states(pages) == [("sent", None)]

    async def test_a_signature_of_no_form_is_refused(self, pages: Pages) -> None:
        client = pages.app.test_client(use_cookies=False)
        for signature, timestamp in [("", ""), ("é", "soon"), ("AAAA", str(NOW))]:
            headers = {SIGNATURE: signature, TIMESTAMP: timestamp}
            answered = await client.post("/hooks/sendgrid", data=b"[]", headers=headers)
            assert answered.status_code == 403

    @pytest.mark.parametrize("raw", [b"{}", b"nothing", b"[" * 9000])
    async def test_what_is_no_list_is_refused(self, pages: Pages, raw: bytes) -> None:
        assert await post(pages, None, raw=raw) == 400

    async def test_what_is_too_much_is_refused(self, pages: Pages) -> None:
        assert await post(pages, None, raw=b" " * (2**20 + 1)) == 413

    @pytest.mark.parametrize(
        ("reason", "fate", "is_bad", "turns_off"),
        [
            ("Bounced Address", "dropped", True, False),
            ("Invalid", "dropped", True, False),
            ("Unsubscribed Address", "unsubscribed", False, True),
            ("Spam Reporting Address", "unsubscribed", False, True),
            ("Invalid SMTPAPI header", "blocked", False, False),
            ("Spam Content (if Spam Checker app is enabled)", "blocked", False, False),
            ("Spam Content", "blocked", False, False),
            ("Recipient List over Package Quota", "blocked", False, False),
            ("What SendGrid thinks of next", "blocked", False, False),
        ],
    )
    async def test_what_was_dropped_is_given_up_and_its_reader_pays_only_for_their_own(
        self, pages: Pages, reason: str, fate: str, is_bad: bool, turns_off: bool
    ) -> None:
        row, house = await mail(pages, dead=False), pages.house
        assert await post(pages, [event("dropped", row, reason=reason)]) == 204
        assert await house.rows("SELECT state, fate, fault FROM outbox") == [
            ("dead", fate, f"{fate}: {reason}")
        ]
        assert bool(await house.rows("SELECT * FROM bounced_addresses")) is is_bad
        assert bool(await house.rows("SELECT * FROM quiet_kinds")) is turns_off

    async def test_without_a_key_there_is_no_such_address(self, tmp_path: Path) -> None:
        async with open_pages(tmp_path) as pages:
            assert await post(pages, []) == 404


def test_the_key_may_be_given_as_pem_or_bare() -> None:
    bare = shown(KEY)
    pem = f"-----BEGIN PUBLIC KEY-----\n{bare[:64]}\n{bare[64:]}\n-----END PUBLIC KEY-----\n"
    for text in (bare, pem):
        assert Settings.read({"CCR_SENDGRID_WEBHOOK_KEY": text}).sendgrid_webhook_key == bare
