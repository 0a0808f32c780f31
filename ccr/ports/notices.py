"""What carries notices out of the house, and what comes back about them."""

from typing import Protocol

import msgspec


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A rendered mail. `outbox_id` travels with it, so that a duplicate can be recognised.

    `put_at` is when it was owed, in milliseconds UTC; `unsubscribe`, where it is one that may be turned off, the link
    that does so.
    """

    outbox_id: int
    to: str
    to_name: str
    subject: str
    text: str
    html: str
    kind: str
    put_at: int = 0
    unsubscribe: str = ""


class SendFailed(Exception):
    """A provider did not take it. `again`: try later, `after` so many seconds where the provider named a time.

    `unsure`: it did not answer, and may have taken it all the same. `alone`: it speaks for this one only, since there
    are many providers, and others need not wait.

    The `reason` is in our own words and goes into the log. What others wrote, who may quote the address or the notice
    itself, is `quoted`: it stands beside the reason where admins read it, and is never logged.
    """

    def __init__(
        self,
        reason: str,
        *,
        again: bool,
        after: float | None = None,
        unsure: bool = False,
        alone: bool = False,
        quoted: str = "",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again
        self.after = after
        self.unsure = unsure
        self.alone = alone
        self.quoted = quoted

    @property
    def fault(self) -> str:
        """The reason with what others wrote."""
        return f"{self.reason}: {self.quoted}" if self.quoted else self.reason


class Unreachable(SendFailed):
    """There is nobody at this address any more, or they want nothing from us: no more is sent there."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, again=False)


class Mailer(Protocol):
    """Carries mails to their recipients."""

    most: int
    """So many may be on their way at once: what the provider takes."""

    async def send(self, mail: Mail) -> str | None:
        """Hand it over; what the provider calls it. Raises `SendFailed`."""

    async def close(self) -> None:
        """No more mails: let go of what is held open."""


class AnsweringMailer(Mailer, Protocol):
    """One that can be asked whether it would carry anything."""

    async def ask(self) -> None:
        """Whether the provider is there and lets us in; nothing is sent. Raises `SendFailed`."""


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A text message. `to` is a number in the form E.164: `+4915112345678`."""

    outbox_id: int
    to: str
    body: str
    kind: str


class Texter(Protocol):
    """Carries text messages to mobile phones."""

    most: int
    """So many may be on their way at once: what the provider takes."""

    async def send(self, text: Text) -> str | None:
        """Hand it over; what the provider calls it.

        Raises `SendFailed`, or `Unreachable` for a number that cannot or must not be written to.
        """

    async def close(self) -> None:
        """No more texts: let go of what is held open."""


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """A notification for one browser that asked for them.

    `endpoint` is where its maker takes it; `payload` is encrypted for the browser's keys `p256dh` and `auth`, both in
    base64url. What waits there under the same `topic` is replaced; after `lasts` seconds it is no more worth showing.
    """

    endpoint: str
    p256dh: str
    auth: str
    payload: bytes
    topic: str
    lasts: int
    urgent: bool = True


class Pusher(Protocol):
    """Carries notifications to browsers."""

    async def public_key(self) -> str:
        """What a browser asks for when it subscribes: our public key, in base64url."""

    async def check(self, endpoint: str, asker: int) -> str | None:
        """What is wrong with this endpoint; `None` if we may send there: by https, and not into a private network.

        Of one `asker`, a person's number, one at a time is looked at: anybody may name anything.
        """

    async def takes(self, p256dh: str) -> bool:
        """Whether this is a browser's key at all."""

    async def send(self, push: Push) -> None:
        """Hand it over. Raises `SendFailed`, or `Unreachable` where the browser wants no more of them."""

    async def close(self) -> None:
        """No more notifications: let go of what is held open."""


class MailReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider tells of a mail after it took it.

    `what` is `delivered`, `bounced` (for good), `blocked` (this once), `dropped` (never sent, since the address bounced
    before or is none), `spam` or `unsubscribed`; `id` is the same each time it is told, `outbox_id` the row's.
    `unsent`: the provider did not even try, for whatever reason.
    """

    id: str
    what: str
    outbox_id: int | None
    address: str
    reason: str = ""
    unsent: bool = False


class MailReports(Protocol):
    """Reads what a provider posts to us."""

    def read(self, body: bytes, signature: str, timestamp: str) -> list[MailReport]:
        """The reports, of which those that mean nothing to us are left out. Raises `Refusal` unless it is genuine."""


class Templates(Protocol):
    """Renders a mail from its kind and the data gathered for it."""

    def mail(self, kind: str, data: dict[str, object]) -> tuple[str, str, str]:
        """Subject, text and HTML."""
