"""A mail as mail programs read it: text and HTML, and headers that nobody's name can break."""

import re
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr
from functools import cache

from ccr.ports import Mail, SendFailed

# What ends a header's line, or would turn the text that follows it around.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_ADDRESS = re.compile(r"[^@\s\x00-\x1f\x7f<>,;:\"()\[\]\\]+@[^@\s\x00-\x1f\x7f<>,;:\"()\\]+")


def compose(mail: Mail, *, sender: str, at: int) -> EmailMessage:
    """The message, text and HTML, in the form that goes over the wire; `at` in milliseconds UTC.

    Names and subjects are only ever text: what could end a header's line becomes a blank. Raises `SendFailed` if
    the address is none.
    """
    name, address = mailbox(sender)
    message = EmailMessage(policy=SMTP if mail.to.isascii() and address.isascii() else SMTPUTF8)
    message["From"] = _mailbox(name, address)
    message["To"] = _mailbox(mail.to_name, mail.to)
    message["Subject"] = one_line(mail.subject)
    message["Date"] = format_datetime(datetime.fromtimestamp(at // 1000, UTC))
    for header, value in headers(mail, sender).items():
        message[header] = value
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


def _mailbox(name: str, address: str) -> Address:
    if not _ADDRESS.fullmatch(address):
        raise SendFailed("not an address that mail can be sent to", again=False)
    user, _, domain = address.rpartition("@")
    return Address(one_line(name), user, domain)
