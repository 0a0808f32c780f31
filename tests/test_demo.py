"""The demo: full, believable by the registry's own rules, on loopback only, and gone when it ends."""

import asyncio
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from quart import Quart

from ccr import demo
from ccr.adapters.passwords import Argon2Passwords
from ccr.app import Parts, Registry, create_app
from ccr.demo import DemoClock, SignIn
from ccr.desk import clock
from ccr.desk.people import Person
from ccr.package_files import template_folder
from ccr.services.identity import Device
from ccr.services.refusal_log import RefusalLog
from ccr.settings import Settings, SettingsError
from ccr.site import errors, guards, rendering
from ccr.site.sent_mails import sent_mails
from tests.waiting import PATIENCE

TICKETS = 30


@pytest.fixture
async def filled(tmp_path: Path) -> AsyncIterator[tuple[Registry, list[SignIn]]]:
    time = DemoClock()
    parts = Parts(now=time.now, hasher=Argon2Passwords(memory_kib=8, passes=1))
    registry = create_app(Settings(data=tmp_path), parts)
    await registry.prepare()
    yield registry, await demo.fill(registry, time)
    await registry.database.close()
    registry.hasher.close()


async def person(registry: Registry, login: str) -> Person:
    """Signed in as the terminal says."""
    return (await registry.signing_in.sign_in(login, demo.PASSWORD, Device("Test", "127.0.0.1"))).person


async def tickets_of(registry: Registry, login: str) -> list[dict[str, Any]]:
    found = await registry.reading.tickets(await person(registry, login), limit=TICKETS + 1)
    tickets: list[dict[str, Any]] = found["tickets"]
    return tickets


def eml_kinds(folder: Path) -> set[str]:
    return {path.stem.rpartition("-")[2] for path in folder.iterdir()}


async def test_it_is_full_of_tickets_in_every_state(filled: tuple[Registry, list[SignIn]]) -> None:
    registry, sign_ins = filled
    everything = await tickets_of(registry, "ada@example.org")
    assert len(everything) == TICKETS
    assert {ticket["status"] for ticket in everything} == {"open", "assigned", "closed"}
    assert {ticket["priority"] for ticket in everything} == {"low", "normal", "high", "urgent"}
    assert {ticket["waiting_on"] for ticket in everything} == {"agent", "customer", None}
    assert any(ticket["rating"] for ticket in everything)

    carlas = await tickets_of(registry, "carla@example.org")
    assert len(carlas) == max(Counter(ticket["customer"]["id"] for ticket in everything).values())
    assert any(ticket["unread"] for ticket in carlas)

    for who in sign_ins:
        assert await tickets_of(registry, who.login), f"{who.name} has nothing to look at"
    roles = Counter(who.role for who in sign_ins)
    assert (roles["admin"], roles["agent"], roles["customer"] >= 3) == (1, 3, True)


async def test_it_happened_in_the_past_and_in_order(filled: tuple[Registry, list[SignIn]]) -> None:
    registry, _ = filled
    entries = await registry.database.read(
        lambda c: c.rows("SELECT ticket_id, seq, happened_at, type FROM entries ORDER BY ticket_id, seq")
    )
    assert max(at for _, _, at, _ in entries) <= clock.now()
    opened = [at for _, seq, at, _ in entries if seq == 1]
    assert opened == sorted(opened)
    kinds = {kind for _, _, _, kind in entries}
    assert kinds >= {"note_posted", "message_redacted", "ticket_rated", "ticket_reopened", "priority_changed"}


async def test_the_community_has_questions_with_answers_and_votes(
    filled: tuple[Registry, list[SignIn]],
) -> None:
    community = filled[0].community
    questions = (await community.page(None))["questions"]
    shown = [await community.question(None, question["id"]) for question in questions]

    assert [bool(one["question"]["accepted"]) for one in shown] == [False, True]
    assert [[answer["votes"] for answer in one["answers"]] for one in shown] == [[2, 0], [3, 1]]
    found = await filled[0].help_centre.search("Where can I cancel the newsletter?")
    assert found["articles"][0]["kind"] == "question"


async def test_its_mails_are_there(filled: tuple[Registry, list[SignIn]], tmp_path: Path) -> None:
    registry, _ = filled
    assert eml_kinds(tmp_path / "mail") >= {"welcome", "ticket_opened", "agent_assigned", "message_waiting"}
    waiting = await registry.database.read(
        lambda c: c.rows("SELECT kind, due_at FROM outbox WHERE state = 'waiting'")
    )
    assert waiting == []


async def test_its_mails_can_be_read_and_nothing_else(
    filled: tuple[Registry, list[SignIn]], tmp_path: Path
) -> None:
    registry, _ = filled
    app = Quart("demo")
    rendering.set_up(app, templates=template_folder(), asset=lambda name: f"/static/{name}")
    guards.install(app, registry.settings, registry.signing_in)
    errors.install(app, rendering.error_page, RefusalLog())
    app.register_blueprint(sent_mails(tmp_path / "mail"))
    (tmp_path / "secret.eml").write_text("Subject: none of yours\n\nx")
    client = app.test_client()
    listed = await (await client.get("/dev/mail")).get_data(as_text=True)
    links = re.findall(r'href="(/dev/mail/[^"]+)"', listed)
    assert len(links) > 20
    for link in links[:4]:
        seen = await client.get(link)
        assert seen.status_code == 200
        assert "Hello " in await seen.get_data(as_text=True)
    for name in ("nothing.eml", "..%2Fsecret.eml", "%2e%2e%2fsecret.eml"):
        assert (await client.get(f"/dev/mail/{name}/html")).status_code == 404


async def test_nobody_else_has_them(filled: tuple[Registry, list[SignIn]]) -> None:
    registry, _ = filled
    assert "/dev/mail" not in {rule.rule for rule in registry.site.url_map.iter_rules()}


async def test_it_is_not_for_others_to_reach() -> None:
    settings = Settings(bind="0.0.0.0:0", secret_key="x" * 32)
    with pytest.raises(SettingsError, match="loopback"):
        await demo.serve(settings)


async def test_the_command_says_how_to_sign_in_and_leaves_nothing_behind(tmp_path: Path) -> None:
    going = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ccr",
        "demo",
        env=os.environ | {"CCR_BIND": "127.0.0.1:0", "TMPDIR": str(tmp_path)},
        cwd=Path(__file__).parent.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert going.stdout is not None
        said = ""
        async with asyncio.timeout(PATIENCE):
            while "kwame@example.org" not in said:
                line = await going.stdout.readline()
                assert line, said
                said += line.decode()
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert found
        assert demo.PASSWORD in said
        credentials = {"email": "carla@example.org", "password": demo.PASSWORD}
        async with (
            aiohttp.ClientSession() as browser,
            browser.post(f"{found[0]}/api/v1/sessions", json=credentials) as answer,
        ):
            assert answer.status == 200
        going.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            assert await going.wait() == 0
    finally:
        if going.returncode is None:
            going.kill()
            await going.wait()
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - not worth a thread
