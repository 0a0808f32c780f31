"""Mails through SendGrid. Its SDK writes the mail; we post it ourselves, which is ten times as fast and times out."""

import asyncio
import secrets
import time
from collections.abc import Callable
from functools import cache

import aiohttp
import msgspec

from ccr.adapters.asking import TOO_MANY, explained, seconds
from ccr.adapters.mail_message import headers, mailbox, one_line
from ccr.ports import Mail, SendFailed

CONNECTING = 5.0
ANSWERING = 15.0
"""Seconds: less than the postman has for one mail, so that he hears why."""

OUTBOX = "ccr_outbox"
"""What our row's number is called in a mail and in the events that tell of it."""

_HEADER = "header "
_encode = msgspec.json.Encoder().encode

TAKEN = frozenset({200, 202})
"""What SendGrid answers to a mail: 202 where it takes it, 200 where it only looks at it, in the sandbox."""

OUR_FAULT = frozenset({401, 403})
"""A key or a sender that is not accepted: the mail is right, and goes once the settings are."""


class SendGridMailer:
    """Posts mails to `host` under `api_key`, from `sender`. `close` it at the end.

    In the `sandbox` SendGrid checks each mail and sends none.
    """

    most = 50

    def __init__(
        self,
        *,
        api_key: str,
        host: str,
        sender: str,
        sandbox: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._api_key = api_key
        self._url = f"{host.rstrip('/')}/v3/mail/send"
        self._scopes = f"{host.rstrip('/')}/v3/scopes"
        self._sender = sender
        self._sandbox = sandbox
        self._now = now
        self._loaded = False
        self._session: aiohttp.ClientSession | None = None

    async def send(self, mail: Mail) -> str | None:
        """Hand it over. Raises `SendFailed`; after a timeout it may have been taken all the same."""
        if not self._loaded:
            # The SDK takes its time to be imported, which the event loop has not got.
            await asyncio.to_thread(payload, mail, self._sender, self._sandbox)
            self._loaded = True
        body = payload(mail, self._sender, self._sandbox)
        with explained("SendGrid"):
            async with self._opened().post(self._url, data=body, allow_redirects=False) as answer:
                if answer.status not in TAKEN:
                    raise self._failure(answer)
                return answer.headers.get("X-Message-Id", "")[:100] or None

    async def ask(self) -> None:
        """Whether SendGrid is there, knows the key and takes mails under it. Raises `SendFailed`."""
        with explained("SendGrid"):
            async with self._opened().get(self._scopes, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise self._failure(answer)
                if "mail.send" not in await answer.text():
                    raise SendFailed("SendGrid takes no mails under this key", again=True)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        """Made when first used, since it belongs to the event loop that is running then."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                headers={"Authorization": f"Bearer {self._api_key}", "Content-Type": "application/json"},
                # Each mail would pay for what an API has no use for.
                skip_auto_headers=("Accept", "Accept-Encoding"),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=ANSWERING, connect=CONNECTING),
            )
        return self._session

    def _failure(self, answer: aiohttp.ClientResponse) -> SendFailed:
        """By the status alone: what SendGrid writes beside it may quote the address.

        A redirect, or another success than SendGrid's own, comes from something in between: the mail is right.
        """
        reason = f"SendGrid answered {answer.status}"
        if answer.status == 429:
            reset = self._until(answer.headers.get("X-RateLimit-Reset"))
            after = seconds(
                answer.headers.get("Retry-After"), TOO_MANY if reset is None else reset, self._now
            )
            return SendFailed(reason, again=True, after=max(after, reset or 0.0))
        for_good = 400 <= answer.status < 500 and answer.status not in OUR_FAULT | {408}
        return SendFailed(reason, again=not for_good, unsure=answer.status < 300)

    def _until(self, reset: str | None) -> float | None:
        """Seconds until the moment (in Unix time) that SendGrid named."""
        try:
            return max(0.0, float(reset or "") - self._now())
        except ValueError:
            return None


def payload(mail: Mail, sender: str, sandbox: bool = False) -> bytes:
    """The mail in SendGrid's form, as JSON. `custom_args` come back with every event: a duplicate is known by them."""
    values = _values(mail, sender)
    pieces, names = _form(frozenset(values), sender, sandbox)
    written = [
        piece for name, piece in zip(names, pieces, strict=False) for piece in (piece, _encode(values[name]))
    ]
    return b"".join([*written, pieces[-1]])


def _values(mail: Mail, sender: str) -> dict[str, str]:
    """What differs from mail to mail, by name; what is not there is no part of it."""
    values = {
        "to": mail.to,
        "name": one_line(mail.to_name),
        "subject": one_line(mail.subject),
        "text": mail.text,
        "html": mail.html,
        OUTBOX: str(mail.outbox_id),
        "category": mail.kind,
    }
    if not values["name"]:
        del values["name"]
    return values | {_HEADER + name: value for name, value in headers(mail, sender).items()}


@cache
def _form(names: frozenset[str], sender: str, sandbox: bool) -> tuple[list[bytes], list[str]]:
    """A mail with these values as the SDK writes it, cut where the values go; and which goes where.

    The SDK takes ten times as long for a mail as it takes to write the JSON, and it knows few forms of them.
    """
    marks = {name: f"{secrets.token_hex(8)}@example.org" for name in names}
    written = _by_sdk(marks, sender, sandbox)
    places = sorted((written.index(_encode(mark)), name) for name, mark in marks.items())
    pieces, start = [], 0
    for at, name in places:
        pieces.append(written[start:at])
        start = at + len(_encode(marks[name]))
    return [*pieces, written[start:]], [name for _, name in places]


def _by_sdk(values: dict[str, str], sender: str, sandbox: bool) -> bytes:
    from sendgrid.helpers import mail as sdk  # 0.2 s and many megabytes, only where it is used

    name, address = mailbox(sender)
    message = sdk.Mail(
        from_email=sdk.From(address, one_line(name) or None),
        to_emails=sdk.To(values["to"], values.get("name")),
        subject=values["subject"],
        plain_text_content=values["text"],
        html_content=values["html"],
    )
    message.add_custom_arg(sdk.CustomArg(OUTBOX, values[OUTBOX], p=0))
    message.add_category(sdk.Category(values["category"]))
    for key, value in values.items():
        if key.startswith(_HEADER):
            message.add_header(sdk.Header(key.removeprefix(_HEADER), value))
    # Links with codes and tickets in them are nobody's to count.
    message.tracking_settings = sdk.TrackingSettings(
        click_tracking=sdk.ClickTracking(enable=False, enable_text=False),
        open_tracking=sdk.OpenTracking(enable=False),
    )
    if sandbox:
        message.mail_settings = sdk.MailSettings(sandbox_mode=sdk.SandBoxMode(enable=True))
    return _encode(message.get())
