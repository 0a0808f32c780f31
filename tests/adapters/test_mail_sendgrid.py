"""Mails through SendGrid, against a stand-in that refuses what the real one would."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from ccr.adapters import mail_sendgrid, mailer_for
from ccr.adapters.mail_file import FileMailer
from ccr.adapters.mail_sendgrid import SendGridMailer
from ccr.ports import Mail, SendFailed
from ccr.settings import Settings, SettingsError

KEY = "SG.a-key-of-the-tests"
NOW = 1_763_717_400.0


class Double:
    """Takes mails in SendGrid's form under the right key; `plan` holds the next answers, `None` for silence."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.plan: list[tuple[int, dict[str, str]] | None] = []
        self.ended = asyncio.Event()
        self.host = ""

    async def mail(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return self.fault(401)
        if self.plan:
            planned = self.plan.pop(0)
            if planned is None:
                await self.ended.wait()
                return self.fault(500)
            status, headers = planned
            return self.fault(status, headers)
        mail = await request.json()
        if fault := self.wrong(mail):
            return self.fault(400, text=fault)
        self.sent.append(mail)
        return web.Response(status=202, headers={"X-Message-Id": "abc"})

    @staticmethod
    def wrong(mail: dict[str, Any]) -> str | None:
        """By SendGrid's description of `/v3/mail/send`, for the fields that we use."""
        known = {
            "from",
            "subject",
            "personalizations",
            "content",
            "categories",
            "custom_args",
            "tracking_settings",
        }
        if unknown := set(mail) - known:
            return f"unknown {unknown}"
        if [part["type"] for part in mail["content"]] != ["text/plain", "text/html"]:
            return "text comes before HTML"
        if not all(isinstance(value, str) for value in mail["custom_args"].values()):
            return "custom_args are texts"
        if not all(len(category) <= 255 for category in mail["categories"]):
            return "categories are short"
        people = [person for to in mail["personalizations"] for person in to["to"]] + [mail["from"]]
        return None if all("@" in person["email"] for person in people) else "not an address"

    @staticmethod
    def fault(status: int, headers: dict[str, str] | None = None, text: str = "forced") -> web.Response:
        return web.json_response({"errors": [{"message": text}]}, status=status, headers=headers)


@pytest.fixture
async def sendgrid() -> AsyncIterator[Double]:
    double = Double()
    app = web.Application()
    app.router.add_post("/v3/mail/send", double.mail)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    double.host = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield double
    double.ended.set()
    await runner.cleanup()


@pytest.fixture
async def mailer(sendgrid: Double) -> AsyncIterator[SendGridMailer]:
    made = SendGridMailer(
        api_key=KEY,
        host=sendgrid.host,
        sender="no-reply@care.example.org",
        sender_name="Care",
        now=lambda: NOW,
    )
    yield made
    await made.close()


MAIL = Mail(
    outbox_id=7,
    to="carla@example.org",
    to_name="Carla Custer",
    subject="We have your ticket",
    text="It is here ✓",
    html="<p>It is here ✓</p>",
    kind="ticket_opened",
)


async def test_a_mail_arrives_with_the_number_of_its_row(mailer: SendGridMailer, sendgrid: Double) -> None:
    await mailer.send(MAIL)
    [mail] = sendgrid.sent
    assert mail["personalizations"] == [{"to": [{"email": "carla@example.org", "name": "Carla Custer"}]}]
    assert mail["from"] == {"email": "no-reply@care.example.org", "name": "Care"}
    assert mail["subject"] == "We have your ticket"
    assert [part["value"] for part in mail["content"]] == [MAIL.text, MAIL.html]
    assert mail["custom_args"] == {"ccr_outbox": "7"}
    assert mail["categories"] == ["ticket_opened"]
    assert mail["tracking_settings"]["click_tracking"]["enable"] is False


async def test_who_has_no_name_is_written_to_all_the_same(mailer: SendGridMailer, sendgrid: Double) -> None:
    await mailer.send(
        Mail(**{name: getattr(MAIL, name) for name in MAIL.__struct_fields__} | {"to_name": ""})
    )
    assert sendgrid.sent[0]["personalizations"] == [{"to": [{"email": "carla@example.org"}]}]


@pytest.mark.parametrize(
    ("status", "again"),
    [(400, False), (401, True), (403, True), (413, False), (408, True), (500, True), (503, True)],
)
async def test_a_refusal_is_for_good_only_if_it_is_the_mails_fault(
    mailer: SendGridMailer, sendgrid: Double, status: int, again: bool
) -> None:
    sendgrid.plan = [(status, {})]
    with pytest.raises(SendFailed) as failure:
        await mailer.send(MAIL)
    assert failure.value.again is again
    assert failure.value.reason == f"SendGrid answered {status}"


@pytest.mark.parametrize(
    ("reset", "after"), [(str(int(NOW) + 42), 42.0), (str(int(NOW) - 5), 0.0), ("soon", None), (None, None)]
)
async def test_too_many_mails_wait_until_the_moment_named(
    mailer: SendGridMailer, sendgrid: Double, reset: str | None, after: float | None
) -> None:
    sendgrid.plan = [(429, {"X-RateLimit-Reset": reset} if reset else {})]
    with pytest.raises(SendFailed) as failure:
        await mailer.send(MAIL)
    assert (failure.value.again, failure.value.after) == (True, after)


async def test_silence_is_tried_again(
    mailer: SendGridMailer, sendgrid: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_sendgrid, "ANSWERING", 0.05)
    sendgrid.plan = [None]
    with pytest.raises(SendFailed) as failure:
        await mailer.send(MAIL)
    assert failure.value.again
    assert failure.value.reason == "SendGrid did not answer in time"


async def test_a_closed_door_is_tried_again() -> None:
    mailer = SendGridMailer(api_key=KEY, host="http://127.0.0.1:1", sender="a@b.c", sender_name="Care")
    with pytest.raises(SendFailed) as failure:
        await mailer.send(MAIL)
    await mailer.close()
    assert failure.value.again
    assert KEY not in failure.value.reason


def test_the_sdk_is_loaded_only_by_a_mail() -> None:
    code = "import sys, ccr.adapters.mail_sendgrid; sys.exit('sendgrid' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_settings_choose_who_carries_mails() -> None:
    assert isinstance(mailer_for(Settings()), FileMailer)
    assert isinstance(mailer_for(Settings(mail="sendgrid", sendgrid_api_key=KEY)), SendGridMailer)
    with pytest.raises(SettingsError, match="CCR_MAIL"):
        mailer_for(Settings(mail="smtp://127.0.0.1:25"))
