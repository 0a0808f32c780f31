"""What SendGrid's Event Webhook tells us, once it is certain that it is SendGrid who tells."""

import json
import time
from binascii import Error as NotBase64
from collections.abc import Callable
from functools import cached_property
from typing import Any

from ccr.adapters.mail_sendgrid import OUTBOX
from ccr.desk.refusals import Code, Refusal, forbidden
from ccr.ports import MailReport

OLDEST = 600.0
"""Seconds after which a signature is not believed any more: somebody may have kept it."""

WORDS = {
    "delivered": "delivered",
    "bounce": "bounced",
    "spamreport": "spam",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed",
}
"""SendGrid's events that mean something to us, in our words; but for `dropped`, which is told by its reason."""

DROPS = {
    "Bounced Address": "dropped",
    "Invalid": "dropped",
    "Unsubscribed Address": "unsubscribed",
    "Spam Reporting Address": "unsubscribed",
}
"""Reasons of drops that tell of the address or of what its owner wants, in full, as others begin alike.

Any other drop (a quota, a header, what the mail said) is ours or SendGrid's own fault, and nobody's address suffers.
"""


class SendGridEvents:
    """Checks and reads them. `key` is the verification key that SendGrid shows."""

    def __init__(self, key: str, *, now: Callable[[], float] = time.time) -> None:
        self._key = key
        self._now = now

    def read(self, body: bytes, signature: str, timestamp: str) -> list[MailReport]:
        """The reports. Raises `forbidden` unless SendGrid signed just this, lately; `invalid` if it holds none."""
        if not self._is_fresh(timestamp) or not self._is_signed(body, signature, timestamp):
            raise forbidden("This is not signed by SendGrid, or too old.")
        try:
            events = json.loads(body)
        except (ValueError, RecursionError):
            events = None
        if not isinstance(events, list):
            raise Refusal(Code.INVALID, "The body must be a list of events.")
        return [report for event in events if (report := _report(event))]

    def _is_fresh(self, timestamp: str) -> bool:
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 17):
            return False
        return abs(self._now() - int(timestamp)) <= OLDEST

    def _is_signed(self, body: bytes, signature: str, timestamp: str) -> bool:
        try:
            return bool(self._webhook.verify_signature(body.decode(), signature, timestamp))
        except (UnicodeDecodeError, NotBase64, ValueError):
            return False

    @cached_property
    def _webhook(self) -> Any:
        from sendgrid.helpers.eventwebhook import EventWebhook  # heavy, and only where it is used

        return EventWebhook(self._key)


def _report(event: Any) -> MailReport | None:
    if not isinstance(event, dict) or not isinstance(event.get("sg_event_id"), str):
        return None
    reason = _text(event.get("reason") or event.get("response"))
    dropped = event.get("event") == "dropped"
    what = DROPS.get(reason.strip(), "blocked") if dropped else WORDS.get(str(event.get("event")))
    if what == "bounced" and event.get("type") == "blocked":
        what = "blocked"
    if what is None:
        return None
    row = str(event.get(OUTBOX, ""))
    return MailReport(
        id=_text(event["sg_event_id"]),
        what=what,
        outbox_id=int(row) if row.isascii() and row.isdigit() and len(row) < 17 else None,
        address=_text(event.get("email")),
        reason=reason,
        unsent=dropped,
    )


def _text(said: Any) -> str:
    """Half of a character, which JSON may hold and no database takes, would spoil what came with it."""
    return str(said or "").encode("utf-8", "replace").decode()
