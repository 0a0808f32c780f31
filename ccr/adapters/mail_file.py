"""Mails as files: the local twin of every provider. Each is one complete `.eml` in a folder, oldest name first."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, make_msgid
from pathlib import Path

from ccr.adapters import whole_files
from ccr.desk import clock
from ccr.ports import Mail, SendFailed

# What ends a header's line, or would turn the text that follows it around.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_ADDRESS = re.compile(r"[^@\s\x00-\x1f\x7f<>,;:\"()\[\]\\]+@[^@\s\x00-\x1f\x7f<>,;:\"()\\]+")


class FileMailer:
    """Writes mails into `folder`, from the address `sender`. Only its owner may read them: some carry codes."""

    def __init__(
        self, folder: Path, *, sender: str, sender_name: str, now: Callable[[], int] = clock.now
    ) -> None:
        self._folder = folder
        self._sender = sender
        self._sender_name = sender_name
        self._now = now

    async def send(self, mail: Mail) -> str | None:
        """Write it. Raises `SendFailed` if the address is none, or the disk refuses."""
        message = compose(mail, sender=self._sender, sender_name=self._sender_name, at=self._now())
        try:
            name = file_name(mail, self._now())
            await asyncio.to_thread(whole_files.write, self._folder, name, message.as_bytes())
        except OSError as error:
            raise SendFailed(f"the file could not be written ({type(error).__name__})", again=True) from error
        return None

    async def close(self) -> None:
        """Nothing is held open."""


def compose(mail: Mail, *, sender: str, sender_name: str, at: int) -> EmailMessage:
    """The message, text and HTML, in the form that goes over the wire; `at` in milliseconds UTC.

    Names and subjects are only ever text: what could end a header's line becomes a blank. Raises `SendFailed` if
    the address is none.
    """
    message = EmailMessage(policy=SMTP if mail.to.isascii() else SMTPUTF8)
    message["From"] = _mailbox(sender_name, sender)
    message["To"] = _mailbox(mail.to_name, mail.to)
    message["Subject"] = one_line(mail.subject)
    message["Date"] = format_datetime(datetime.fromtimestamp(at // 1000, UTC))
    message["Message-ID"] = make_msgid(f"outbox-{mail.outbox_id}", sender.rpartition("@")[2])
    message["X-CCR-Outbox"] = str(mail.outbox_id)
    message["X-CCR-Kind"] = one_line(mail.kind)
    message["Auto-Submitted"] = "auto-generated"  # no out-of-office answers, please
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


def one_line(text: str) -> str:
    """The text without what a header cannot hold, or would take for an encoding of something else."""
    return " ".join(_UNFIT.sub(" ", text).split()).replace("=?", "= ?")


def file_name(mail: Mail, at: int) -> str:
    """`TIME-OUTBOXID-KIND.eml`, which sorts by time."""
    moment = datetime.fromtimestamp(at // 1000, UTC)
    kind = re.sub(r"[^a-z0-9_]+", "_", mail.kind.lower())[:40]
    return f"{moment:%Y%m%dT%H%M%S}.{at % 1000:03d}Z-{mail.outbox_id:06d}-{kind}.eml"


def _mailbox(name: str, address: str) -> Address:
    if not _ADDRESS.fullmatch(address):
        raise SendFailed("not an address that mail can be sent to", again=False)
    user, _, domain = address.rpartition("@")
    return Address(one_line(name), user, domain)
