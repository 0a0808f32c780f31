"""One file for each outside thing and its local twin. Which one it is, is decided here and nowhere else."""

import dataclasses
import ipaddress
import logging
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ccr.adapters import sqlite
from ccr.ports import AnsweringMailer, Assistant, FileStore, MailReports, Pusher, Texter
from ccr.settings import Settings, push_key
from ccr.store.dialects import Dialect, Driver

PATIENCE = 3_600
"""Seconds that one step of a migration may take in DB2."""

if TYPE_CHECKING:
    from ccr.adapters.redis_line import RedisLine

SENDER_NAME = "Customer Care Registry"

_log = logging.getLogger(__name__)


def database_driver(
    settings: Settings, *, patient: bool = False
) -> tuple[Callable[[], Driver], Dialect, int, int]:
    """How to connect to where everything is kept, what that speaks, and how many writers and readers it takes.

    `patient` is for work that may take minutes. Raises `SettingsError`.
    """
    url = settings.database_url
    if url.startswith("db2:"):
        return _db2(url, patient=patient)
    path = Path(url.removeprefix("sqlite:///"))
    sqlite.make(path)
    return partial(sqlite.connect, path), sqlite.DIALECT, 1, 2


def _db2(url: str, *, patient: bool) -> tuple[Callable[[], Driver], Dialect, int, int]:
    from ccr.adapters import db2, db2_url

    target = db2_url.read(url)
    db2.load()
    if not target.encrypted and not target.local:
        _log.warning("the connection to DB2 is not encrypted (security=none)")
    if patient:
        target = dataclasses.replace(target, timeout=PATIENCE)
    return partial(db2.connect, target), db2.DIALECT, target.writers, target.readers


def line_for(settings: Settings, name: str) -> "RedisLine | None":
    """What carries words between processes; `None` where there is but one."""
    if settings.redis_url is None:
        return None
    from ccr.adapters.redis_line import RedisLine

    return RedisLine(settings.redis_url, name)


def database_owner(settings: Settings) -> str | None:
    """The schema that the tables are in; `None` where the database knows no users. Raises `SettingsError`."""
    if not settings.database_url.startswith("db2:"):
        return None
    from ccr.adapters import db2_url

    return db2_url.read(settings.database_url).owner


def database_place(settings: Settings) -> str:
    """Where the database is, without user and password. Raises `SettingsError`."""
    if not settings.database_url.startswith("db2:"):
        return settings.database_url.removeprefix("sqlite:///")
    from ccr.adapters import db2_url

    return db2_url.read(settings.database_url).place


def explain(error: Exception) -> tuple[str, str] | None:
    """What is wrong with the database, and what to do about it; `None` if this is no error of a database's driver."""
    if isinstance(error, sqlite3.Error):
        return sqlite.explain(error)
    if not hasattr(error, "sqlcode"):
        return None
    from ccr.adapters import db2, db2_advice

    return db2_advice.explain(error) if isinstance(error, db2.DriverError) else None


def assistant_for(settings: Settings, embedded: Assistant) -> Assistant | None:
    """Who answers first, `None` where nobody does."""
    if settings.assistant != "watson":
        return None if settings.assistant == "off" else embedded
    assert settings.watson_url
    assert settings.watson_api_key
    assert settings.watson_assistant_id
    assert settings.watson_environment_id
    from ccr.adapters.watson import WatsonAssistant

    return WatsonAssistant(
        url=settings.watson_url,
        api_key=settings.watson_api_key,
        assistant_id=settings.watson_assistant_id,
        environment_id=settings.watson_environment_id,
        iam_url=settings.watson_iam_url,
    )


def mailer_for(settings: Settings) -> AnsweringMailer:
    """Who carries the mails."""
    sender = settings.mail_from or f"{SENDER_NAME} <{_sender(settings.public_url)}>"
    if settings.mail == "file":
        from ccr.adapters.mail_file import FileMailer

        return FileMailer(settings.data / "mail", sender=sender)
    if settings.mail == "sendgrid":
        assert settings.sendgrid_api_key
        from ccr.adapters.mail_sendgrid import SendGridMailer

        return SendGridMailer(
            api_key=settings.sendgrid_api_key,
            host=settings.sendgrid_host,
            sender=sender,
            sandbox=settings.sendgrid_sandbox,
        )
    from ccr.adapters.mail_smtp import SmtpMailer

    return SmtpMailer(settings.mail, sender=sender)


def reports_for(settings: Settings) -> MailReports | None:
    """Who reads what the mail's provider reports; `None` where there is nothing to know it by."""
    if settings.sendgrid_webhook_key is None:
        return None
    from ccr.adapters.sendgrid_events import SendGridEvents

    return SendGridEvents(settings.sendgrid_webhook_key)


def texter_for(settings: Settings) -> Texter | None:
    """Who carries the text messages, `None` where they are off."""
    if settings.sms == "file":
        from ccr.adapters.sms_file import FileTexter

        return FileTexter(settings.data / "sms")
    if settings.sms == "twilio":
        assert settings.twilio_account_sid
        assert settings.twilio_auth_token
        assert settings.twilio_from
        from ccr.adapters.sms_twilio import TwilioTexter

        return TwilioTexter(
            account_sid=settings.twilio_account_sid,
            auth_token=settings.twilio_auth_token,
            sender=settings.twilio_from,
            host=settings.twilio_host,
        )
    return None


def pusher_for(settings: Settings) -> Pusher:
    """Who carries the notifications. Raises `SettingsError` if the key kept for them is damaged."""
    from ccr.adapters.web_push import WebPusher

    own = settings.public_url if settings.secure_cookies else f"mailto:{_sender(settings.public_url)}"
    return WebPusher(private_key=push_key(settings), contact=settings.vapid_contact or own)


def files_for(settings: Settings) -> FileStore:
    """Where files lie."""
    if settings.files == "local":
        from ccr.adapters.local import LocalFiles

        return LocalFiles(settings.data / "files")
    from ccr.adapters.cos import CosFiles

    return CosFiles(
        endpoint=settings.cos_endpoint or "",
        bucket=settings.cos_bucket or "",
        access_key=settings.cos_access_key or "",
        secret_key=settings.cos_secret_key or "",
    )


def _sender(public_url: str) -> str:
    """`no-reply` at the host by which people know us; at `localhost` where that is but a number."""
    host = urlsplit(public_url).hostname or "localhost"
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return f"no-reply@{host}"
    return "no-reply@localhost"
