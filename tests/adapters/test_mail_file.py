"""Mails as files: complete, readable by any mail program, and safe whatever people call themselves."""

import email
import email.policy
import os
import re
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path
from typing import Any

import pytest

from ccr.adapters.mail_file import FileMailer
from ccr.ports import Mail, SendFailed

NOW = 1_763_717_400_123


def a_mail(**changes: Any) -> Mail:
    """One to Carla."""
    given: dict[str, Any] = {
        "outbox_id": 7,
        "to": "carla@example.org",
        "to_name": "Carla Custer",
        "subject": "We have your ticket",
        "text": "Hello Carla,\n\nit is here ✓\n",
        "html": "<p>It is <b>here</b> ✓</p>",
        "kind": "ticket_opened",
        "put_at": NOW,
    }
    return Mail(**(given | changes))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "mail"


@pytest.fixture
def mailer(folder: Path) -> FileMailer:
    return FileMailer(folder, sender="Care <no-reply@care.example.org>", now=lambda: NOW)


def files(folder: Path) -> list[str]:
    """Names of all that is in the folder."""
    return [path.name for path in folder.iterdir()] if folder.exists() else []


def raw(folder: Path) -> bytes:
    """The bytes of the one mail in the folder."""
    [path] = folder.iterdir()
    return path.read_bytes()


def only(folder: Path) -> EmailMessage:
    """The one mail in the folder, as a mail program reads it."""
    message = email.message_from_bytes(raw(folder), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, kind: str) -> str:
    """What it says in its `plain` or `html` part."""
    body = message.get_body((kind,))
    assert body is not None
    text: str = body.get_content()
    return text.replace("\r\n", "\n")


def modes(folder: Path) -> list[int]:
    """Who may do what with the folder, and with each file in it."""
    return [path.stat().st_mode & 0o777 for path in [folder, *folder.iterdir()]]


async def test_a_mail_is_one_file_with_text_and_html(mailer: FileMailer, folder: Path) -> None:
    await mailer.send(a_mail())
    message = only(folder)
    assert message["To"] == "Carla Custer <carla@example.org>"
    assert message["From"] == "Care <no-reply@care.example.org>"
    assert message["Subject"] == "We have your ticket"
    assert message["X-CCR-Outbox"] == "7"
    assert message["Message-ID"] == f"<ccr-7.{NOW:x}@care.example.org>"
    assert "List-Unsubscribe" not in message
    assert message["Date"] == "Fri, 21 Nov 2025 09:30:00 +0000"
    assert message.get_content_type() == "multipart/alternative"
    assert part(message, "plain") == "Hello Carla,\n\nit is here ✓\n"
    assert "<b>here</b> ✓" in part(message, "html")


async def test_a_mail_that_may_be_turned_off_says_how(mailer: FileMailer, folder: Path) -> None:
    link = "https://care.example.org/unsubscribe/" + "t" * 120
    await mailer.send(a_mail(unsubscribe=link))
    # As it stands there: a mail program decodes nothing in a header that holds addresses.
    head = raw(folder).decode().split("\r\n\r\n")[0].split("\r\n")
    assert f"List-Unsubscribe: <{link}>" in head
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in head


async def test_file_names_sort_by_time_and_name_row_and_kind(mailer: FileMailer, folder: Path) -> None:
    await mailer.send(a_mail())
    assert files(folder) == ["20251121T093000.123Z-000007-ticket_opened.eml"]


async def test_only_the_owner_reads_them(mailer: FileMailer, folder: Path) -> None:
    await mailer.send(a_mail())
    assert modes(folder) == [0o700, 0o600]


async def test_lines_end_as_they_do_on_the_wire(mailer: FileMailer, folder: Path) -> None:
    await mailer.send(a_mail(text="One\n" + "long " * 400 + "\n.\nFrom here\n"))
    content = raw(folder)
    assert content.count(b"\n") == content.count(b"\r\n")
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert part(only(folder), "plain") == "One\n" + "long " * 400 + "\n.\nFrom here\n"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        ("Eve\r\nBcc: victim@example.org", "Eve Bcc: victim@example.org"),
        ("Eve\nX-Evil: yes\n\n<p>", "Eve X-Evil: yes <p>"),
        ('a "quoted" \\ name', 'a "quoted" \\ name'),
        ("Custer, Carla; (Ms): a@b", "Custer, Carla; (Ms): a@b"),
        ("Custer, " * 9 + "victim@example.org,", "Custer, " * 9 + "victim@example.org,"),
        ("李小龍", "李小龍"),
        ("Ştefan 🙂", "Ştefan 🙂"),
        ("=?utf-8?q?=0D=0ABcc:_victim@example.org?=", "= ?utf-8?q?=0D=0ABcc:_victim@example.org?="),
        ("abc\u202edef\x00\u2028ghi", "abc def ghi"),
        ("", ""),
    ],
)
async def test_a_name_is_only_a_name(mailer: FileMailer, folder: Path, name: str, shown: str) -> None:
    await mailer.send(a_mail(to_name=name, subject=f"Hello {name}"))
    message = only(folder)
    [address] = message["To"].addresses
    assert (address.display_name, address.addr_spec) == (shown, "carla@example.org")
    assert message["Subject"] == f"Hello {shown}".strip()
    assert "Bcc" not in message
    assert "X-Evil" not in message
    assert message.get_content_type() == "multipart/alternative"


async def test_a_long_name_in_any_script_is_one_recipients(mailer: FileMailer, folder: Path) -> None:
    name = "Zoë, " + "victim@example.org, " * 8
    await mailer.send(a_mail(to_name=name))
    [line] = re.findall(rb"^To: (.*(?:\r\n .*)*)\r\n", raw(folder), re.MULTILINE)
    [(shown, address)] = getaddresses([line.decode()])
    assert (str(make_header(decode_header(shown))), address) == (name.strip(), "carla@example.org")


async def test_a_subject_in_two_scripts_keeps_its_blanks(mailer: FileMailer, folder: Path) -> None:
    subject = "Closed: 12, kg Straße für naïve 🙂 kg ok kg 🙂 bitte Zahlung: falsche Straße Zahlung: falsche"
    await mailer.send(a_mail(subject=subject))
    assert only(folder)["Subject"] == subject
    assert max(map(len, raw(folder).split(b"\r\n\r\n")[0].split(b"\r\n"))) <= 78


@pytest.mark.parametrize(
    "address", ["carla", "a@b@c", "carla@example.org\r\nBcc: x@y.z", "a b@c.d", "<a@b.c>", "a@b.c,d@e.f", ""]
)
async def test_what_is_no_address_is_refused_for_good(mailer: FileMailer, folder: Path, address: str) -> None:
    with pytest.raises(SendFailed) as failure:
        await mailer.send(a_mail(to=address))
    assert not failure.value.again
    assert files(folder) == []


async def test_addresses_may_be_in_any_script(mailer: FileMailer, folder: Path) -> None:
    await mailer.send(a_mail(to="jürgen@exämple.org"))
    assert "Carla Custer <jürgen@exämple.org>" in raw(folder).decode()


async def test_a_half_written_mail_is_never_seen(
    mailer: FileMailer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        assert not any(name.endswith(".eml") for name in files(folder))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SendFailed) as failure:
        await mailer.send(a_mail())
    assert failure.value.again
    assert files(folder) == []
