"""One person may ask for so much, by all doors together; another person does not notice."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from ccr.desk.refusals import Refusal
from ccr.services.allowance import REMEMBERED, Allowance
from tests.live import Live, live_registry, new_key


@pytest.fixture
async def limited(tmp_path: Path) -> AsyncIterator[Live]:
    async with live_registry(tmp_path, rate_limits=True) as served:
        # Nothing comes back while a test is looking.
        handled = served.registry._lanes._handlers.values()
        for spent in {served.registry.changes._allowance, *(each[2] for each in handled if each[2])}:
            spent._clock = lambda: 0.0
            spent._buckets.clear()
        yield served


async def test_thirty_commands_at_once_over_all_sockets_forms_and_the_api(limited: Live) -> None:
    ticket = await limited.ticket_with_agent()
    amir, also_amir = await limited.on_ticket(ticket, "amir", "amir")
    for client in (amir, also_amir):
        for _ in range(14):
            assert (await client.do(ticket, "post_message", body="Hello"))["ok"]
    bearer = {"Authorization": f"Bearer {limited.tokens['amir']}"}
    url = f"{limited.url}/api/v1/tickets/{ticket}/commands"
    async with aiohttp.ClientSession(headers=bearer) as http:
        answers = []
        for _ in range(3):
            body = {"key": new_key(), "command": {"type": "post_message", "body": "By HTTP"}}
            async with http.post(url, json=body) as answer:
                answers.append((answer.status, answer.headers.get("Retry-After")))
    refused = await amir.do(ticket, "post_message", key="amir-waits", body="Too much")

    assert answers == [(200, None), (200, None), (429, "1")]
    assert {name: refused[name] for name in ("ok", "code", "retry_after")} == {
        "ok": False,
        "code": "rate_limited",
        "retry_after": 1,
    }
    [carla] = await limited.on_ticket(ticket, "carla")
    assert (await carla.do(ticket, "post_message", body="Hello"))["ok"]
    # A second later, by the same key.
    limited.registry.changes._allowance._clock = lambda: 1.0
    assert (await amir.do(ticket, "post_message", key="amir-waits", body="Too much"))["ok"]
    assert await limited.rows("SELECT COUNT(*) FROM entries WHERE client_key = 'amir-waits'") == [(1,)]


async def test_signals_and_questions_have_their_own_measure(limited: Live) -> None:
    ticket = await limited.ticket_with_agent()
    carla, amir = await limited.on_ticket(ticket, "carla", "amir")
    signals = [await carla.ask("typing", {"ticket": ticket, "on": True}) for _ in range(200)]
    questions = [await carla.ask("sync", {"ticket": ticket, "limit": 1}) for _ in range(400)]

    for answers in (signals, questions):
        assert answers[0]["ok"]
        assert {answer.get("code") for answer in answers} == {None, "rate_limited"}
    assert (await carla.do(ticket, "post_message", body="Hello"))["ok"]
    assert (await amir.heard("entry"))["body"] == "Hello"


async def test_what_follows_from_one_thing_asked_is_not_counted(limited: Live) -> None:
    limited.registry.changes._allowance._on = False
    tickets = [await limited.ticket_with_agent() for _ in range(40)]
    limited.registry.changes._allowance._on = True
    await limited.registry.staff.change(limited.people["ada"], limited.id("amir"), {"active": False})

    assert await limited.rows("SELECT COUNT(*) FROM tickets WHERE agent_id IS NULL") == [(len(tickets),)]


def test_a_bucket_fills_again_by_itself_and_never_above_its_brim() -> None:
    moment = 0.0
    allowance = Allowance(30, 5, clock=lambda: moment)

    def possible() -> int:
        for count in range(100):
            try:
                allowance.spend(1)
            except Refusal:
                return count
        raise AssertionError

    assert possible() == 30
    moment = 1.0
    assert possible() == 5
    moment = 1_000.0
    assert possible() == 30


def test_many_people_do_not_fill_the_memory() -> None:
    allowance = Allowance(1, 1, clock=lambda: 0.0)
    for person in range(REMEMBERED + 10):
        allowance.spend(person)

    assert len(allowance._buckets) == REMEMBERED
