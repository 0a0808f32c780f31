"""What must stay secret is in no line of the log, at any level, whatever goes well or wrong with a mail."""

import asyncio
import base64
import io
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

from ccr import logs
from ccr.adapters.mail_smtp import SmtpMailer
from ccr.adapters.sms_twilio import TwilioTexter
from ccr.adapters.web_push import WebPusher
from ccr.app import Parts, Registry, create_app
from ccr.desk import clock
from ccr.desk.clock import MINUTE
from ccr.desk.commands import AssignAgent, OpenTicket, PostMessage
from ccr.desk.people import Person
from ccr.ports import Mail, MailReport, Push, SendFailed, Text
from ccr.settings import Settings
from tests.accounts_house import ADA, AMIR, CARLA, PASSWORD, with_password
from tests.push_service import push_service
from tests.sendgrid import KEY, Answer, Double, served
from tests.twilio import ACCOUNT, CUT, SENDER, TOKEN, twilio

CANARY = "tweet-8c1f"
NUMBER = "+15005550111"
MAIL = Mail(
    outbox_id=7,
    to=CARLA["email"],
    to_name=f"{CANARY} name",
    subject=f"{CANARY} subject",
    text=f"{CANARY} body 482913",
    html=f"<p>{CANARY} body 482913</p>",
    kind="one_time_code",
    put_at=1_763_717_400_123,
)


class Watch(logging.Handler):
    """Everything that is logged, before anything is masked."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(f"{record.getMessage()} {record.__dict__}")


@pytest.fixture
def watch() -> tuple[Watch, io.StringIO]:
    """The log as an operator has it at `debug`, and as it was before it was masked."""
    stream, handler = io.StringIO(), Watch()
    logs.set_up("debug", "json", stream)
    logging.getLogger().addHandler(handler)
    return handler, stream


class Desk:
    """A registry with a clock that the test moves, mailing through a double."""

    def __init__(self, registry: Registry, double: Double, time: list[int]) -> None:
        self.registry = registry
        self.double = double
        self.time = time

    async def cast(self) -> tuple[Person, Person, int]:
        """Carla and Amir, with a ticket between them."""
        registry = self.registry
        carla = await registry.accounts.register(with_password(CARLA))
        invitation = await registry.first_admin.invitation()
        assert invitation
        ada = await registry.first_admin.accept(invitation.partition("=")[2], with_password(ADA))
        amir = await registry.staff.create(ada, AMIR | {"password": PASSWORD})
        opened = await registry.changes.carry_out(
            carla, None, "carla-opens", OpenTicket(query=f"{CANARY} query")
        )
        await registry.changes.carry_out(ada, opened.ticket, "ada-assigns", AssignAgent(agent=amir.id))
        return carla, amir, opened.ticket

    async def carry(self, *answers: Answer) -> None:
        """Everything due, met with these answers."""
        self.double.plan += answers
        await self.registry.postman.drain_once()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with served(Double()) as double:
        settings = Settings(
            data=tmp_path,
            mail="sendgrid",
            mail_from="Care <care@example.org>",
            sendgrid_api_key=KEY,
            sendgrid_host=double.host,
        )
        time = [clock.now()]
        registry = create_app(settings, Parts(now=lambda: time[0]))
        await registry.prepare()
        yield Desk(registry, double, time)
        await registry.database.close()
        registry.hasher.close()
        await registry.postman.close()


async def test_neither_key_nor_code_nor_words_are_logged(
    desk: Desk, watch: tuple[Watch, io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    handler, stream = watch
    _, amir, ticket = await desk.cast()
    await desk.carry(400, 500, 429)
    monkeypatch.setattr("ccr.adapters.mail_sendgrid.ANSWERING", 2.0)
    await desk.registry.postman.close()  # so that it is less patient from here on
    desk.double.plan += ["hang", "lost"]
    while desk.double.plan:  # where two seconds are over before it is asked
        desk.time[0] += 60 * MINUTE
        await desk.carry()
    monkeypatch.undo()
    await desk.registry.postman.close()
    desk.time[0] += 60 * MINUTE
    await desk.carry()
    await desk.registry.resets.ask({"email": CARLA["email"]})
    body = PostMessage(body=f"{CANARY} body")
    await desk.registry.changes.carry_out(amir, ticket, "amir-writes", body)
    desk.time[0] += 5 * MINUTE
    await desk.carry()

    mails = {mail["categories"][0]: str(mail) for mail in desk.double.accepted}
    assert f"{CANARY} body" in mails["message_waiting"]
    [code] = [
        word
        for word in mails["one_time_code"].replace("\\n", " ").split()
        if word.isdigit() and len(word) == 6
    ]
    lines = [*handler.said, *stream.getvalue().splitlines()]
    assert any("notice given up" in line for line in lines)
    assert any("notice put off" in line for line in lines)
    assert any("notice sent" in line for line in lines)
    for secret in (KEY, code, CANARY, CARLA["email"], PASSWORD):
        assert [line for line in lines if secret in line] == []


async def test_what_a_mail_server_wrote_when_mail_came_back_is_on_the_row_and_not_logged(
    desk: Desk, watch: tuple[Watch, io.StringIO]
) -> None:
    await desk.cast()
    reason = f"550 5.1.1 <{CARLA['email']}>: no such user; you wrote: {CANARY} body"
    bounce = MailReport(id="1", what="bounced", outbox_id=None, address=CARLA["email"], reason=reason)
    await desk.registry.notice_traces.take([bounce])
    await desk.carry()
    await desk.registry.resets.ask({"email": CARLA["email"]})
    await desk.carry()

    given_up = await desk.registry.database.read(
        lambda c: c.rows("SELECT kind, fault FROM outbox WHERE state = 'dead'")
    )
    assert {"welcome", "one_time_code"} <= {kind for kind, _ in given_up}
    assert {fault for _, fault in given_up} == {f"mail to this address came back: {reason}"}
    handler, stream = watch
    lines = [*handler.said, *stream.getvalue().splitlines()]
    assert any("notice given up" in line for line in lines)
    for secret in (CANARY, CARLA["email"], "no such user"):
        assert [line for line in lines if secret in line] == []


async def tried(send: Callable[[], Awaitable[object]]) -> bool:
    """Whether it arrived; if not, what is said of it goes to the log, as the postman would put it."""
    try:
        await send()
    except SendFailed as failure:
        logging.getLogger("ccr.postman").warning("notice put off", extra={"why": failure.reason})
        return False
    return True


def no_line_says(watch: tuple[Watch, io.StringIO], *secrets: str) -> None:
    handler, stream = watch
    lines = [*handler.said, *stream.getvalue().splitlines()]
    assert any("notice put off" in line for line in lines)
    for secret in secrets:
        assert [line for line in lines if secret in line] == []


async def test_neither_password_nor_words_of_mails_by_smtp_are_logged(
    watch: tuple[Watch, io.StringIO],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging.getLogger("mail.log"), "propagate", False)  # what the server of the test says
    password, taken = "the-password-of-the-mail", list[str]()

    class Taking:
        async def handle_DATA(self, _server: SMTP, _session: object, envelope: Envelope) -> str:  # noqa: N802
            taken.append(str(envelope.content))
            return "250 OK" if len(taken) > 1 else f"451 {CANARY} later"

    def let_in(
        _server: SMTP, _session: object, _envelope: object, _how: str, given: LoginPassword
    ) -> AuthResult:
        return AuthResult(success=given.password == password.encode(), handled=False)

    def smtp() -> SMTP:
        return SMTP(Taking(), authenticator=let_in, auth_require_tls=False)

    listener = await asyncio.get_running_loop().create_server(smtp, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    right, wrong = (
        SmtpMailer(f"smtp://care:{word}@127.0.0.1:{port}?tls=off", sender="care@example.org")
        for word in (password, f"{password}-no-more")
    )
    assert not await tried(lambda: wrong.send(MAIL))
    assert not await tried(lambda: right.send(MAIL))
    assert await tried(lambda: right.send(MAIL))
    await right.close()
    await wrong.close()
    listener.close()
    assert CANARY in taken[-1]
    no_line_says(
        watch, password, base64.b64encode(password.encode()).decode(), CANARY, CARLA["email"], "482913"
    )


async def test_neither_token_nor_number_nor_code_of_texts_is_logged(watch: tuple[Watch, io.StringIO]) -> None:
    text = Text(outbox_id=7, to=NUMBER, body=f"{CANARY} 482913", kind="mobile_code")
    async with twilio() as double:
        right, wrong = (
            TwilioTexter(account_sid=ACCOUNT, auth_token=token, sender=SENDER, host=double.host)
            for token in (TOKEN, f"{TOKEN} no more")
        )
        double.plan = [(429, 20429, {}), CUT]
        assert [await tried(lambda: right.send(text)) for _ in range(3)] == [False, False, True]
        assert not await tried(lambda: wrong.send(text))
        await right.close()
        await wrong.close()
    both = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    no_line_says(watch, TOKEN, both, NUMBER, CANARY, "482913")


async def test_neither_key_nor_address_nor_words_of_notifications_are_logged(
    watch: tuple[Watch, io.StringIO], tmp_path: Path
) -> None:
    key = "d29ya3MtZm9yLWV2ZXJ5LWJyb3dzZXItdGhlcmUtaXM"
    async with push_service(tmp_path) as (service, tls):
        pusher = WebPusher(
            private_key=key,
            contact="mailto:care@example.org",
            allowed=lambda address: address.is_loopback,
            ports=lambda _: True,
            tls=tls,
        )
        browser = service.browser()
        keys = browser.subscription()["keys"]
        content = json.dumps({"title": CANARY}).encode()
        push = Push(endpoint=browser.endpoint, payload=content, topic="t", lasts=60, **keys)
        service.plan = [(503, {}), (413, {}), (429, {"Retry-After": "7"})]
        assert [await tried(lambda: pusher.send(push)) for _ in range(4)] == [False, False, False, True]
        await pusher.close()
        assert service.arrived[0].payload == {"title": CANARY}
    name = browser.endpoint.rpartition("/")[2]
    no_line_says(watch, key, name, keys["auth"], keys["p256dh"], CANARY)
