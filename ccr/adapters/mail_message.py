"""A mail as mail programs read it: text and HTML, and headers that nobody's name can break."""

import re
from datetime import UTC, datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8, EmailPolicy
from email.utils import format_datetime, parseaddr, quote
from functools import cache
from typing import Self

from ccr.ports import Mail, SendFailed

# What ends a header's line, or would turn the text that follows it around.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_ADDRESS = re.compile(r"[^@\s\x00-\x1f\x7f<>,;:\"()\[\]\\]+@[^@\s\x00-\x1f\x7f<>,;:\"()\\]+")

_SPECIAL = re.compile(r'[][()<>@,:;."\\]')
"""What a name may only hold in quotes."""


class _Written(str):
    """A header's value as it goes over the wire.

    The library would fold it: it encodes a link that is longer than a line, takes the quotes off a long name, whose
    commas then make several recipients of it, and loses blanks between words that it encodes.
    """

    __slots__ = ("name",)

    name: str

    def __new__(cls, name: str, value: str) -> Self:
        made = super().__new__(cls, value)
        made.name = name
        return made

    def fold(self, *, policy: EmailPolicy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


def compose(mail: Mail, *, sender: str, at: int) -> EmailMessage:
    """The message, text and HTML, in the form that goes over the wire; `at` in milliseconds UTC.

    Names and subjects are only ever text: what could end a header's line becomes a blank. Raises `SendFailed` if
    the address is none.
    """
    name, address = mailbox(sender)
    message = EmailMessage(policy=SMTP if mail.to.isascii() and address.isascii() else SMTPUTF8)
    written = {
        "From": _mailbox("From", name, address),
        "To": _mailbox("To", mail.to_name, mail.to),
        "Subject": _encoded("Subject", one_line(mail.subject)),
        "Date": format_datetime(datetime.fromtimestamp(at // 1000, UTC)),
    }
    for header, value in (written | headers(mail, sender)).items():
        message[header] = _Written(header, value)
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


def headers(mail: Mail, sender: str) -> dict[str, str]:
    """What every provider is to put into the mail, whatever else it does.

    The message's id follows from the outbox row alone, so that a mail which arrives twice is known by it. The two of
    `List-Unsubscribe` are RFC 8058's: a mail program may offer one button that turns the kind off.
    """
    domain = mailbox(sender)[1].rpartition("@")[2] or "localhost"
    made = {
        "Message-ID": f"<ccr-{mail.outbox_id}.{mail.put_at:x}@{domain}>",
        "X-CCR-Outbox": str(mail.outbox_id),
        "X-CCR-Kind": one_line(mail.kind),
        "Auto-Submitted": "auto-generated",  # no out-of-office answers, please
    }
    if mail.unsubscribe:
        made["List-Unsubscribe"] = f"<{mail.unsubscribe}>"
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return made


@cache
def mailbox(sender: str) -> tuple[str, str]:
    """Name and address of the one sender there is."""
    return parseaddr(sender)


def one_line(text: str) -> str:
    """The text without what a header cannot hold, or would take for an encoding of something else."""
    return " ".join(_UNFIT.sub(" ", text).split()).replace("=?", "= ?")


def _mailbox(header: str, name: str, address: str) -> str:
    if not _ADDRESS.fullmatch(address):
        raise SendFailed("not an address that mail can be sent to", again=False)
    name = one_line(name)
    if not name.isascii():
        return f"{_encoded(header, name)}\r\n <{address}>"
    return f'"{quote(name)}" <{address}>' if _SPECIAL.search(name) else f"{name} <{address}>".lstrip()


def _encoded(header: str, text: str) -> str:
    """The text as this header holds it."""
    return text if text.isascii() else Header(text, "utf-8", header_name=header).encode(linesep="\r\n")
