"""Mails through SendGrid, against a stand-in that refuses what the real one would."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from ccr import checks
from ccr.adapters import mail_sendgrid, mailer_for
from ccr.adapters.mail_file import FileMailer
from ccr.adapters.mail_sendgrid import SendGridMailer
from ccr.adapters.mail_smtp import SmtpMailer
from ccr.ports import Mail, SendFailed
from ccr.settings import Settings
from tests.sendgrid import KEY, Double, served

NOW = 1_763_717_400.0


@pytest.fixture
async def sendgrid() -> AsyncIterator[Double]:
    async with served(Double()) as double:
        yield double


@pytest.fixture
async def mailer(sendgrid: Double) -> AsyncIterator[SendGridMailer]:
    made = SendGridMailer(
        api_key=KEY,
        host=sendgrid.host,
        sender="Care <no-reply@care.example.org>",
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
    put_at=1_763_717_400_123,
    unsubscribe="https://care.example.org/unsubscribe/token",
)


async def test_a_mail_arrives_with_the_number_of_its_row(mailer: SendGridMailer, sendgrid: Double) -> None:
    provider_id = await mailer.send(MAIL)
    [mail] = sendgrid.accepted
    assert provider_id
    assert len(provider_id) == 22
    assert mail["personalizations"] == [
        {
            "to": [{"email": "carla@example.org", "name": "Carla Custer"}],
            "custom_args": {"ccr_outbox": "7"},
        }
    ]
    assert mail["from"] == {"email": "no-reply@care.example.org", "name": "Care"}
    assert mail["subject"] == "We have your ticket"
    assert [part["value"] for part in mail["content"]] == [MAIL.text, MAIL.html]
    assert mail["headers"]["Message-ID"] == "<ccr-7.19aa5bfc63b@care.example.org>"
    assert mail["headers"]["List-Unsubscribe"] == "<https://care.example.org/unsubscribe/token>"
    assert mail["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "mail_settings" not in mail
    assert mail["categories"] == ["ticket_opened"]
    assert mail["tracking_settings"] == {
        "click_tracking": {"enable": False, "enable_text": False},
        "open_tracking": {"enable": False},
    }


async def test_who_has_no_name_is_written_to_all_the_same(mailer: SendGridMailer, sendgrid: Double) -> None:
    await mailer.send(msgspec.structs.replace(MAIL, to_name=""))
    assert sendgrid.accepted[0]["personalizations"][0]["to"] == [{"email": "carla@example.org"}]


async def test_in_the_sandbox_a_mail_is_only_checked(sendgrid: Double) -> None:
    mailer = SendGridMailer(api_key=KEY, host=sendgrid.host, sender="a@care.example.org", sandbox=True)
    await mailer.send(MAIL)
    await mailer.close()
    assert sendgrid.accepted[0]["mail_settings"] == {"sandbox_mode": {"enable": True}}


@pytest.mark.parametrize(
    "name", ["<img src=x onerror=alert(1)>", "Eve\r\nBcc: victim@example.org", "李小龍 🙂"]
)
async def test_a_name_is_only_a_name(mailer: SendGridMailer, sendgrid: Double, name: str) -> None:
    await mailer.send(msgspec.structs.replace(MAIL, to_name=name, subject=f"Hello {name}"))
    [mail] = sendgrid.accepted
    shown = " ".join(name.split())
    assert mail["personalizations"][0]["to"] == [{"email": "carla@example.org", "name": shown}]
    assert mail["subject"] == f"Hello {shown}"


@pytest.mark.parametrize(
    ("status", "again"),
    [(400, False), (401, True), (403, True), (413, False), (408, True), (500, True), (503, True)],
)
async def test_a_refusal_is_for_good_only_if_it_is_the_mails_fault(
    mailer: SendGridMailer, sendgrid: Double, status: int, again: bool
) -> None:
    sendgrid.plan = [status]
    with pytest.raises(SendFailed) as failure:
        await mailer.send(MAIL)
    assert failure.value.again is again
    assert failure.value.reason == f"SendGrid answered {status}"


async def test_a_redirect_is_a_failure_whatever_page_it_leads_to(
    mailer: SendGridMailer, sendgrid: Double
) -> None:
    sendgrid.plan, sendgrid.headers = [302], {"Location": "/v3/scopes"}
    with pytest.raises(SendFailed) as failure:
        await mailer.send(MAIL)
    assert failure.value.reason == "SendGrid answered 302"
    assert (failure.value.again, failure.value.unsure) == (True, False)


@pytest.mark.parametrize("status", [201, 204])
async def test_only_sendgrids_own_success_counts_as_sent(
    mailer: SendGridMailer, sendgrid: Double, status: int
) -> None:
    sendgrid.plan = [status]
    with pytest.raises(SendFailed) as failure:
        await mailer.send(MAIL)
    assert (failure.value.again, failure.value.unsure) == (True, True)


@pytest.mark.parametrize(
    ("reset", "after"), [(str(int(NOW) + 42), 42.0), (str(int(NOW) - 5), 0.0), ("soon", 10.0), (None, 10.0)]
)
async def test_too_many_mails_wait_until_the_moment_named(
    mailer: SendGridMailer, sendgrid: Double, reset: str | None, after: float
) -> None:
    sendgrid.plan, sendgrid.headers = [429], {"X-RateLimit-Reset": reset} if reset else {"X": "y"}
    with pytest.raises(SendFailed) as failure:
        await mailer.send(MAIL)
    assert (failure.value.again, failure.value.after) == (True, after)


@pytest.mark.parametrize("silence", ["hang", "lost"])
async def test_silence_is_tried_again_and_nobody_knows_whether_it_arrived(
    mailer: SendGridMailer, sendgrid: Double, monkeypatch: pytest.MonkeyPatch, silence: str
) -> None:
    await mailer.send(MAIL)  # the connection is there: what follows is the answer's time alone
    session = mailer._opened()
    assert session.timeout.total == mail_sendgrid.ANSWERING
    monkeypatch.setattr(session, "_timeout", aiohttp.ClientTimeout(total=0.05))
    sendgrid.plan = [silence]
    with pytest.raises(SendFailed) as failure:
        await mailer.send(MAIL)
    assert failure.value.again
    assert failure.value.unsure
    assert failure.value.reason == "SendGrid did not answer in time"


async def test_a_closed_door_is_tried_again() -> None:
    mailer = SendGridMailer(api_key=KEY, host="http://127.0.0.1:1", sender="a@b.c")
    with pytest.raises(SendFailed) as failure:
        await mailer.send(MAIL)
    await mailer.close()
    assert (failure.value.again, failure.value.unsure) == (True, False)
    assert KEY not in failure.value.reason


def test_the_sdk_is_loaded_only_by_a_mail() -> None:
    code = "import sys, ccr.adapters.mail_sendgrid; sys.exit('sendgrid' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("said", "reset", "after"),
    [
        ("17", None, 17.0),
        (formatdate(NOW + 17, usegmt=True), None, 17.0),
        (formatdate(NOW - 17, usegmt=True), None, 0.0),
        ("17", NOW + 42, 42.0),
        ("42", NOW - 5, 42.0),
    ],
)
async def test_a_pause_may_be_named_in_seconds_or_by_its_end_and_the_longer_one_counts(
    mailer: SendGridMailer, sendgrid: Double, said: str, reset: float | None, after: float
) -> None:
    named = {"X-RateLimit-Reset": str(int(reset))} if reset else {}
    sendgrid.plan, sendgrid.headers = [429], {"Retry-After": said} | named
    with pytest.raises(SendFailed) as failure:
        await mailer.send(MAIL)
    assert failure.value.after == after


def test_the_settings_choose_who_carries_mails() -> None:
    by: dict[str, Any] = {"mail_from": "care@example.org"}
    assert isinstance(mailer_for(Settings()), FileMailer)
    assert isinstance(mailer_for(Settings(mail="sendgrid", sendgrid_api_key=KEY, **by)), SendGridMailer)
    assert isinstance(mailer_for(Settings(mail="smtp://127.0.0.1:25", **by)), SmtpMailer)


async def test_whether_mails_would_be_taken_is_asked_without_sending_one(
    mailer: SendGridMailer, sendgrid: Double
) -> None:
    await mailer.ask()
    sendgrid.allowed = ["stats.read"]
    with pytest.raises(SendFailed, match="takes no mails under this key"):
        await mailer.ask()
    stranger = SendGridMailer(api_key="SG.another", host=sendgrid.host, sender="care@example.org")
    with pytest.raises(SendFailed, match="answered 401"):
        await stranger.ask()
    await stranger.close()
    assert sendgrid.accepted == []


async def test_the_check_of_an_operator_says_whether_sendgrid_lets_us_in(
    sendgrid: Double, tmp_path: Path
) -> None:
    settings = Settings(
        data=tmp_path,
        mail="sendgrid",
        mail_from="care@example.org",
        sendgrid_api_key=KEY,
        sendgrid_host=sendgrid.host,
    )
    found = await asyncio.to_thread(checks.run, settings)
    assert [finding.todo for finding in found if finding.name == "mail"] == [""]
    wrong = replace(settings, sendgrid_api_key="SG.another")
    said = checks.report(await asyncio.to_thread(checks.run, wrong))
    assert f"FAIL mail        by sendgrid, {sendgrid.host}: SendGrid answered 401" in said
    assert "CCR_SENDGRID_API_KEY must be a key that may send mail" in said
    assert "SG.another" not in said
