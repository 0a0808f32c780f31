"""One file for each outside thing and its local twin. Which one it is, is decided here and nowhere else."""

import ipaddress
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from ccr.adapters import sqlite
from ccr.ports import Mailer
from ccr.settings import Settings, SettingsError
from ccr.store.dialects import Dialect, Driver

SENDER_NAME = "Customer Care Registry"


def database_driver(settings: Settings) -> tuple[Callable[[], Driver], Dialect]:
    """How to connect to where everything is kept, and what that speaks. Raises `SettingsError`."""
    url = settings.database_url
    if not url.startswith("sqlite:///"):
        raise SettingsError("CCR_DATABASE_URL", "for DB2 is not supported yet: use sqlite:///PATH")
    path = Path(url.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True, exist_ok=True)
    return partial(sqlite.connect, path), sqlite.DIALECT


def mailer_for(settings: Settings) -> Mailer:
    """Who carries the mails. Raises `SettingsError` for a way that there is none for yet."""
    sender = _sender(settings.public_url)
    if settings.mail == "file":
        from ccr.adapters.mail_file import FileMailer

        return FileMailer(settings.data / "mail", sender=sender, sender_name=SENDER_NAME)
    if settings.mail == "sendgrid" and settings.sendgrid_api_key is not None:
        from ccr.adapters.mail_sendgrid import SendGridMailer

        return SendGridMailer(
            api_key=settings.sendgrid_api_key,
            host=settings.sendgrid_host,
            sender=sender,
            sender_name=SENDER_NAME,
        )
    raise SettingsError("CCR_MAIL", "by SMTP is not supported yet: use file or sendgrid")


def _sender(public_url: str) -> str:
    """`no-reply` at the host by which people know us; at `localhost` where that is but a number."""
    host = urlsplit(public_url).hostname or "localhost"
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return f"no-reply@{host}"
    return "no-reply@localhost"
