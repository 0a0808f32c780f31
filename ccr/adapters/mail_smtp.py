"""Mails by SMTP, to a server that carries them on."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from time import monotonic
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPConnectTimeoutError,
    SMTPException,
    SMTPResponseException,
    SMTPTimeoutError,
)

from ccr.adapters.mail_message import compose, mailbox
from ccr.desk import clock
from ccr.ports import Mail, SendFailed

ANSWERING = 15.0
"""Seconds for each answer."""

IN_ALL = 18.0
"""Seconds for a mail, however many answers it takes: less than the postman has for one, who cannot tell how far it came
and would think of every mail to a slow server that it may have arrived."""

KEPT = 10.0
"""Seconds that an idle connection is kept for the next mail; servers hang up after some more."""

_EIGHT_BIT = "8bitmime"

_SILENT = "the mail server did not answer in time"

SUBMISSION, TLS_SUBMISSION = 587, 465


@dataclass(frozen=True, kw_only=True)
class Target:
    """The server, who we are to it, and how the way there is kept private."""

    host: str
    port: int
    user: str
    password: str
    tls: bool
    """From the first byte on; otherwise by STARTTLS."""
    plain: bool
    """May stay unencrypted where the server offers nothing better."""
    ca: str | None


def read(url: str) -> Target:
    """`smtp://` or `smtps://`, `[USER:PASSWORD@]HOST[:PORT]`, `?tls=off` and `?ca=FILE`; checked by the settings."""
    parts: SplitResult = urlsplit(url)
    options = {name: values[0] for name, values in parse_qs(parts.query).items()}
    tls = parts.scheme == "smtps"
    return Target(
        host=parts.hostname or "",
        port=parts.port or (TLS_SUBMISSION if tls else SUBMISSION),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=tls,
        plain=options.get("tls") == "off",
        ca=options.get("ca"),
    )


class SmtpMailer:
    """Hands mails to the server at `url`, from `sender`. Keeps a few connections; `close` them at the end."""

    most = 10  # each has a connection of its own, and servers let in few from one place

    def __init__(self, url: str, *, sender: str, now: Callable[[], int] = clock.now) -> None:
        self._target = read(url)
        self._sender = sender
        self._now = now
        self._idle: list[tuple[SMTP, float]] = []

    async def send(self, mail: Mail) -> str | None:
        """Hand it over. Raises `SendFailed`; once the text is on its way to the server, silence leaves it open."""
        message = compose(mail, sender=self._sender, at=self._now())
        begun = False
        try:
            async with asyncio.timeout(IN_ALL):
                async with self._connection() as smtp:
                    content = await asyncio.to_thread(_written, message, smtp)
                    await self._address(smtp, mail)
                    begun = True
                    await _tell(smtp, content)
        except TimeoutError:
            raise SendFailed(_SILENT, again=True, unsure=begun) from None
        return None

    async def ask(self) -> None:
        """Whether the server is there, proves who it is, and lets us in. Raises `SendFailed`."""
        async with self._connection():
            pass

    async def close(self) -> None:
        """Say goodbye to the server."""
        while self._idle:
            await _leave(self._idle.pop()[0])

    async def _address(self, smtp: SMTP, mail: Mail) -> None:
        options = ["BODY=8BITMIME"] if smtp.supports_extension(_EIGHT_BIT) else []
        if not mail.to.isascii():
            options.append("SMTPUTF8")
        try:
            await smtp.mail(mailbox(self._sender)[1], options=options, encoding="utf-8")
            await smtp.rcpt(mail.to, encoding="utf-8")
        except SMTPException as error:
            raise _failure(error, unsure=False) from None

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[SMTP]:
        """One for one mail; kept for the next if this one went well."""
        smtp = await self._kept() or await self._connect()
        try:
            yield smtp
        except BaseException:
            smtp.close()
            raise
        self._idle.append((smtp, monotonic()))

    async def _kept(self) -> SMTP | None:
        while self._idle:
            smtp, since = self._idle.pop()
            if smtp.is_connected and monotonic() - since < KEPT:
                with suppress(SMTPException):
                    await smtp.noop()
                    return smtp
            await _leave(smtp)
        return None

    async def _connect(self) -> SMTP:
        target = self._target
        smtp = SMTP(
            hostname=target.host,
            port=target.port,
            use_tls=target.tls,
            start_tls=None if target.plain else not target.tls,
            tls_context=ssl.create_default_context(cafile=target.ca),
            username=target.user or None,
            password=target.password or None,
            timeout=ANSWERING,
        )
        try:
            await smtp.connect()
        except (SMTPException, ValueError) as error:
            smtp.close()
            raise _failure(error, unsure=False, our_fault=True) from None
        return smtp


def _written(message: EmailMessage, smtp: SMTP) -> bytes:
    """In plain letters alone for a server that does not say it takes others: it might refuse or spoil them."""
    policy = message.policy if smtp.supports_extension(_EIGHT_BIT) else message.policy.clone(cte_type="7bit")
    return message.as_bytes(policy=policy)


async def _tell(smtp: SMTP, content: bytes) -> None:
    try:
        await smtp.data(content)
    except SMTPException as error:
        raise _failure(error, unsure=not isinstance(error, SMTPResponseException)) from None


def _failure(error: Exception, *, unsure: bool, our_fault: bool = False) -> SendFailed:
    """By the code alone: what a server writes beside it may quote the address."""
    if isinstance(error, SMTPAuthenticationError):
        return SendFailed(f"the mail server did not let us in ({error.code})", again=True)
    if isinstance(error, SMTPResponseException) and not isinstance(error, SMTPConnectError):
        for_good = 500 <= error.code < 600 and not our_fault
        return SendFailed(f"the mail server answered {error.code}", again=not for_good)
    if isinstance(error, SMTPTimeoutError) and not isinstance(error, SMTPConnectTimeoutError):
        return SendFailed(_SILENT, again=True, unsure=unsure)
    return SendFailed(f"mail server out of reach ({type(error).__name__})", again=True, unsure=unsure)


async def _leave(smtp: SMTP) -> None:
    with suppress(SMTPException, TimeoutError):
        await asyncio.wait_for(smtp.quit(), 1.0)
    smtp.close()
