"""What must stay secret is in no line of the log, at any level, whatever goes well or wrong with a mail."""

import io
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ccr import logs
from ccr.app import Parts, Registry, create_app
from ccr.desk import clock
from ccr.desk.clock import MINUTE
from ccr.desk.commands import AssignAgent, OpenTicket, PostMessage
from ccr.desk.people import Person
from ccr.settings import Settings
from tests.accounts_house import ADA, AMIR, CARLA, PASSWORD, with_password
from tests.sendgrid import KEY, Answer, Double, served

CANARY = "tweet-8c1f"


class Watch(logging.Handler):
    """Everything that is logged, before anything is masked."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(f"{record.getMessage()} {record.__dict__}")


@pytest.fixture
def watch() -> Iterator[tuple[Watch, io.StringIO]]:
    """The log as an operator has it at `debug`, and as it was before it was masked."""
    root, before = logging.getLogger(), logging.getLogger().handlers[:]
    level, stream, handler = root.level, io.StringIO(), Watch()
    logs.set_up("debug", "json", stream)
    root.addHandler(handler)
    yield handler, stream
    root.handlers[:] = before
    root.setLevel(level)


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
    monkeypatch.setattr("ccr.adapters.mail_sendgrid.ANSWERING", 0.5)
    handler, stream = watch
    _, amir, ticket = await desk.cast()
    await desk.carry(400, 500, 429, "hang", "lost")
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
