"""Mails by SMTP, to a real server: encrypted, let in by password, and refused in every way a server knows."""

import asyncio
import email
import email.policy
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage
from typing import Any
from urllib.parse import quote

import aiosmtplib
import msgspec
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from ccr.adapters import mail_smtp
from ccr.adapters.mail_smtp import SmtpMailer
from ccr.ports import Mail, SendFailed
from ccr.services import mail_carrier
from tests.certificates import Certificate, make_certificate
from tests.waiting import until

SENDER = "Care <no-reply@care.example.org>"
PASSWORD = "pass word/@:?"
MAIL = Mail(
    outbox_id=7,
    to="carla@example.org",
    to_name="Carla Custer",
    subject="We have your ticket ✓",
    text="It is here ✓\n.\nFrom now on\n",
    html="<p>It is here ✓</p>",
    kind="ticket_opened",
    put_at=1_763_717_400_123,
    unsubscribe="https://care.example.org/unsubscribe/token",
)


class Server:
    """Takes mails; `answers` says what it answers instead, by command."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.sessions: list[Session] = []
        self.contents: list[bytes] = []
        self.options: list[list[str]] = []
        self.readers: list[str] = []
        self.answers: dict[str, str] = {}
        self.silent = asyncio.Event()
        self.left_by_client = asyncio.Event()
        self.port = 0

    def url(self, certificate: Certificate, user: str = "care", password: str = PASSWORD) -> str:
        return f"smtp://{user}:{quote(password, safe='')}@127.0.0.1:{self.port}?ca={certificate.chain}"

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, offered: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [line for line in offered if "old" not in self.answers or "8BITMIME" not in line]

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        self.options.append(options)
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        self.readers.append(address)
        if "slow" in self.answers:
            try:
                await self.silent.wait()
            except asyncio.CancelledError:  # nobody is there any more
                self.left_by_client.set()
                raise
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        made = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(made, EmailMessage)
        self.mails.append(made)
        self.contents.append(envelope.content)
        self.sessions.append(session)
        if "silence" in self.answers:
            await self.silent.wait()
        return self.answers.get("DATA", "250 OK")

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if "no goodbye" in self.answers:
            await self.silent.wait()
        return "221 Bye"

    def let_in(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any
    ) -> AuthResult:
        right = isinstance(data, LoginPassword) and data == LoginPassword(b"care", PASSWORD.encode())
        return AuthResult(success=right, handled=right)


class MailsTime:
    """The module `asyncio`, as far as the time of a mail is measured by it: that is over when the test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.given: list[asyncio.Timeout] = []
        monkeypatch.setattr(mail_smtp, "asyncio", self)

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    def timeout(self, seconds: float) -> asyncio.Timeout:
        assert seconds == mail_smtp.IN_ALL
        self.given.append(asyncio.timeout(None))
        return self.given[-1]

    def is_over(self) -> None:
        [all_of_it] = self.given
        all_of_it.reschedule(asyncio.get_running_loop().time())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def context(certificate: Certificate) -> ssl.SSLContext:
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(certificate.chain, certificate.key)
    return made


@asynccontextmanager
async def listening(
    server: Server, make: Callable[[], SMTP], tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    listener = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    yield server
    server.silent.set()
    listener.close()


@pytest.fixture
async def server(context: ssl.SSLContext) -> AsyncIterator[Server]:
    """As mail servers are today: STARTTLS, then a password."""
    made = Server()

    def smtp() -> SMTP:
        return SMTP(
            made,
            tls_context=context,
            require_starttls=True,
            authenticator=made.let_in,
            auth_required=True,
            enable_SMTPUTF8=True,
        )

    async with listening(made, smtp):
        yield made


@pytest.fixture
async def mailer(server: Server, certificate: Certificate) -> AsyncIterator[SmtpMailer]:
    made = SmtpMailer(server.url(certificate), sender=SENDER)
    yield made
    await made.close()


def text_of(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


async def test_a_mail_arrives_encrypted_and_whole(mailer: SmtpMailer, server: Server) -> None:
    await mailer.send(MAIL)
    [mail], [session] = server.mails, server.sessions
    assert session.ssl
    assert session.authenticated
    assert mail["To"] == "Carla Custer <carla@example.org>"
    assert mail["Subject"] == MAIL.subject
    assert mail["Message-ID"] == "<ccr-7.19aa5bfc63b@care.example.org>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert text_of(mail, "plain") == MAIL.text
    assert "<p>It is here ✓</p>" in text_of(mail, "html")


@pytest.mark.parametrize(("server_is", "ascii_only"), [("old", True), ("new", False)])
async def test_a_server_that_takes_no_accents_gets_none(
    mailer: SmtpMailer, server: Server, server_is: str, ascii_only: bool
) -> None:
    server.answers[server_is] = "yes"
    await mailer.send(MAIL)
    [content], [options], [mail] = server.contents, server.options, server.mails
    assert content.isascii() is ascii_only
    assert ("BODY=8BITMIME" in options) is not ascii_only
    assert mail["Subject"] == MAIL.subject
    assert text_of(mail, "plain") == MAIL.text
    assert MAIL.html in text_of(mail, "html")


async def test_the_next_mail_takes_the_same_connection(mailer: SmtpMailer, server: Server) -> None:
    await mailer.send(MAIL)
    await mailer.send(MAIL)
    first, second = server.sessions
    assert first is second


async def test_a_connection_that_the_server_closed_is_made_anew(
    mailer: SmtpMailer, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mailer.send(MAIL)
    monkeypatch.setattr(mail_smtp, "KEPT", 0)
    await mailer.send(MAIL)
    first, second = server.sessions
    assert first is not second


async def test_a_server_that_says_no_goodbye_keeps_no_mail_from_going(
    mailer: SmtpMailer, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mailer.send(MAIL)
    monkeypatch.setattr(mail_smtp, "KEPT", 0)
    server.answers["no goodbye"] = "yes"
    await mailer.send(MAIL)
    assert len(server.mails) == 2


async def test_a_name_is_only_a_name(mailer: SmtpMailer, server: Server) -> None:
    name = "Eve\r\nBcc: victim@example.org"
    await mailer.send(msgspec.structs.replace(MAIL, to_name=name, subject=name))
    [mail] = server.mails
    assert mail["To"].addresses[0].display_name == "Eve Bcc: victim@example.org"
    assert "Bcc" not in mail


async def test_an_address_may_be_in_any_script(mailer: SmtpMailer, server: Server) -> None:
    await mailer.send(msgspec.structs.replace(MAIL, to="jürgen@exämple.org"))
    assert server.readers == ["jürgen@exämple.org"]
    assert "SMTPUTF8" in server.options[-1]
    await mailer.send(MAIL)
    assert "SMTPUTF8" not in server.options[-1]


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("smtp://mail.example", 587),
        ("smtps://mail.example", 465),
        ("smtp://mail.example:25", 25),
        ("smtps://mail.example:8465", 8465),
    ],
)
def test_where_no_port_is_named_it_is_the_usual_one(url: str, port: int) -> None:
    assert mail_smtp.read(url).port == port


@pytest.mark.parametrize(
    ("command", "answer", "again"),
    [
        ("RCPT", "550 no such mailbox: carla@example.org", False),
        ("RCPT", "451 come back later", True),
        ("DATA", "554 spam", False),
        ("DATA", "452 full", True),
        ("MAIL", "421 going down", True),
    ],
)
async def test_a_refusal_is_for_good_if_the_server_says_so(
    mailer: SmtpMailer, server: Server, command: str, answer: str, again: bool
) -> None:
    server.answers[command] = answer
    with pytest.raises(SendFailed) as failure:
        await mailer.send(MAIL)
    assert failure.value.reason == f"the mail server answered {answer[:3]}"
    assert (failure.value.again, failure.value.unsure) == (again, False)


async def test_silence_after_the_text_leaves_it_open(
    mailer: SmtpMailer, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell = mail_smtp._tell

    async def impatient(smtp: aiosmtplib.SMTP, content: bytes) -> None:
        assert smtp.timeout == mail_smtp.ANSWERING
        smtp.timeout = 0.5  # from here on: all before it has the usual time
        await tell(smtp, content)

    monkeypatch.setattr(mail_smtp, "_tell", impatient)
    server.answers["silence"] = "yes"
    with pytest.raises(SendFailed) as failure:
        await mailer.send(MAIL)
    assert (failure.value.again, failure.value.unsure) == (True, True)


async def test_of_a_server_that_is_slow_before_the_text_one_knows_that_it_has_none(
    mailer: SmtpMailer, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = MailsTime(monkeypatch)
    server.answers["slow"] = "yes"
    sending = asyncio.create_task(mailer.send(MAIL))
    await until(lambda: server.readers)
    time.is_over()
    with pytest.raises(SendFailed) as failure:
        await sending
    assert (failure.value.again, failure.value.unsure) == (True, False)
    await until(server.left_by_client.is_set)
    assert (server.readers, server.mails) == (["carla@example.org"], [])


async def test_of_a_server_that_is_slow_with_the_text_nobody_knows_whether_it_took_it(
    mailer: SmtpMailer, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = MailsTime(monkeypatch)
    server.answers["silence"] = "yes"
    sending = asyncio.create_task(mailer.send(MAIL))
    await until(lambda: server.mails)
    time.is_over()
    with pytest.raises(SendFailed) as failure:
        await sending
    assert (failure.value.again, failure.value.unsure) == (True, True)
    assert failure.value.reason == "the mail server did not answer in time"


def test_the_postman_is_told_before_his_own_patience_ends() -> None:
    assert mail_smtp.IN_ALL < mail_carrier.SENDING


async def test_a_wrong_password_is_our_fault_and_tried_again(
    server: Server, certificate: Certificate
) -> None:
    mailer = SmtpMailer(server.url(certificate, password="wrong"), sender=SENDER)
    with pytest.raises(SendFailed) as failure:
        await mailer.send(MAIL)
    assert (failure.value.again, failure.value.reason) == (True, "the mail server did not let us in (535)")


async def test_whether_we_are_let_in_is_asked_without_a_mail(
    mailer: SmtpMailer, server: Server, certificate: Certificate
) -> None:
    await mailer.ask()
    stranger = SmtpMailer(server.url(certificate, password="wrong"), sender=SENDER)
    with pytest.raises(SendFailed, match="did not let us in"):
        await stranger.ask()
    assert server.mails == []


async def test_nobody_is_talked_to_who_cannot_prove_who_they_are(server: Server) -> None:
    mailer = SmtpMailer(f"smtp://127.0.0.1:{server.port}", sender=SENDER)
    with pytest.raises(SendFailed) as failure:
        await mailer.send(MAIL)
    assert failure.value.again
    assert server.mails == []


async def test_nothing_goes_out_in_clear_unless_that_is_wanted() -> None:
    server = Server()
    async with listening(server, lambda: SMTP(server)):
        url = f"smtp://127.0.0.1:{server.port}"
        with pytest.raises(SendFailed) as failure:
            await SmtpMailer(url, sender=SENDER).send(MAIL)
        assert failure.value.again
        assert server.mails == []
        mailer = SmtpMailer(f"{url}?tls=off", sender=SENDER)
        await mailer.send(MAIL)
        await mailer.close()
        assert len(server.mails) == 1


async def test_it_may_be_encrypted_from_the_first_byte_on(
    context: ssl.SSLContext, certificate: Certificate
) -> None:
    server = Server()
    async with listening(server, lambda: SMTP(server), context):
        mailer = SmtpMailer(f"smtps://127.0.0.1:{server.port}?ca={certificate.chain}", sender=SENDER)
        await mailer.send(MAIL)
        await mailer.close()
        assert len(server.mails) == 1


async def test_a_closed_door_is_tried_again() -> None:
    with pytest.raises(SendFailed) as failure:
        await SmtpMailer("smtp://127.0.0.1:1", sender=SENDER).send(MAIL)
    assert (failure.value.again, failure.value.unsure) == (True, False)


async def test_a_server_that_talks_to_nobody_is_no_reason_to_give_a_mail_up() -> None:
    left = asyncio.Event()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ready\r\n")
        while await reader.readline():
            writer.write(b"550 not from where you are\r\n")
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        left.set()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(SendFailed, match="answered 550") as failure:
            await SmtpMailer(f"smtp://127.0.0.1:{port}?tls=off", sender=SENDER).send(MAIL)
        await left.wait()
    assert (failure.value.again, failure.value.unsure) == (True, False)
