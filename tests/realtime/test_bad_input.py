"""What cannot be meant is refused, clearly; nothing of it is stored, and everybody else goes on."""

import json
import logging
from typing import Any

import pytest

from ccr.desk.commands import COMMANDS
from ccr.realtime import messages
from ccr.services.upkeep import Upkeep
from tests.bad_input import GOOD_COMMANDS, Bad, bad_versions, refusals_logged, without_internals
from tests.live import Client, Live, new_key


@pytest.fixture(autouse=True)
def nothing_is_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    """When a notice is due, its row becomes one for each way, or none: not while a test counts them."""
    monkeypatch.setattr(Upkeep, "spread_soon", lambda _: None)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What an operator reads from here on."""
    caplog.set_level(logging.INFO)
    return caplog


TABLES = ("tickets", "entries", "receipts", "read_marks", "outbox")

SHAPES: dict[str, type[messages.Message]] = {
    "join": messages.Join,
    "leave": messages.Leave,
    "sync": messages.Sync,
    "do": messages.Do,
    "watch": messages.Watch,
    "typing": messages.Typing,
    "read": messages.Read,
}


def good_message(event: str, ticket: int) -> dict[str, Any]:
    """A payload that it takes, every field given."""
    good: dict[str, dict[str, Any]] = {
        "join": {"ticket": ticket, "after": 0},
        "leave": {"ticket": ticket},
        "sync": {"ticket": ticket, "after": 0, "before": 10, "limit": 10},
        "do": {"ticket": ticket, "key": new_key(), "command": {"type": "post_message", "body": "Hello"}},
        "watch": {},
        "typing": {"ticket": ticket, "on": True},
        "read": {"ticket": ticket, "seq": 1},
    }
    return good[event]


async def stored(live: Live) -> list[int]:
    """How much there is."""
    return [await live.count(table) for table in TABLES]


async def refused(client: Client, event: str, bad: Bad) -> str | None:
    """What is wrong with the way in which it was refused, if anything is."""
    answer = await client.ask(event, bad.given)
    shown = f"{event} {json.dumps(bad.given)[:200]} → {json.dumps(answer)[:300]}"
    if not without_internals(answer):
        return f"internals: {shown}"
    if answer.get("ok") is not False or answer.get("code") != "invalid":
        return shown
    if bad.fault not in answer.get("fields", {}) or not answer["message"]:
        return f"no word about {bad.fault}: {shown}"
    return None


@pytest.mark.parametrize("event", SHAPES)
async def test_what_an_event_does_not_take_is_refused_by_the_name_of_the_field(
    live: Live, event: str, log: pytest.LogCaptureFixture
) -> None:
    ticket = await live.ticket_with_agent()
    carla = await live.connect("carla")
    before = await stored(live)

    wrong = [
        await refused(carla, event, bad) for bad in bad_versions(SHAPES[event], good_message(event, ticket))
    ]

    assert [each for each in wrong if each] == []
    assert len(wrong) >= 6
    assert await stored(live) == before
    assert refusals_logged(log) == [("invalid", event, live.id("carla"))] * len(wrong)
    assert (await carla.ask(event, good_message(event, ticket)))["ok"]


@pytest.mark.parametrize("kind", COMMANDS)
async def test_what_a_command_does_not_take_is_refused_by_the_name_of_the_field(
    live: Live, kind: str, log: pytest.LogCaptureFixture
) -> None:
    ticket = None if kind == "open_ticket" else await live.ticket_with_agent()
    carla = await live.connect("carla")
    before = await stored(live)

    wrong = []
    for bad in bad_versions(COMMANDS[kind], {"type": kind, **GOOD_COMMANDS[kind]}):
        asked = {"ticket": ticket, "key": new_key(), "command": bad.given}
        wrong.append(await refused(carla, "do", Bad(asked, bad.fault)))

    assert [each for each in wrong if each] == []
    assert await stored(live) == before
    assert refusals_logged(log) == [("invalid", "do", live.id("carla"))] * len(wrong)


async def test_a_payload_that_is_no_object_and_a_command_that_is_none_are_refused(
    live: Live, log: pytest.LogCaptureFixture
) -> None:
    ticket = await live.ticket_with_agent()
    carla = await live.connect("carla")
    before = await stored(live)

    payloads: list[Any] = [None, [], "x", 1, 0.5, True, "\ud800"]
    for event in SHAPES:
        for payload in payloads:
            assert (await carla.ask(event, payload))["code"] == "invalid", (event, payload)
    commands: list[Any] = [
        {},
        {"type": None},
        {"type": "post"},
        {"type": ""},
        {"type": 1},
        {"type": []},
        {"type": {}},
        {"type": "\ud800"},
        {"type": "connect"},
        {"type": "message_posted", "body": "x"},
        {"body": "x"},
    ]
    for command in commands:
        answer = await carla.ask("do", {"ticket": ticket, "key": new_key(), "command": command})
        assert (answer["code"], [*answer["fields"]]) == ("invalid", ["type"]), command
    no_events = ("", "message", "entry", "do ", "DO", "__init__", "\ud800", "x" * 10_000)
    for event in no_events:
        assert (await carla.ask(event, {}))["code"] == "invalid"

    assert await stored(live) == before
    asked_for = [event for event in SHAPES for _ in payloads] + ["do"] * len(commands)
    # What is no event is its client's words, and no line has them.
    assert refusals_logged(log) == [
        ("invalid", asked, live.id("carla")) for asked in [*asked_for, *("no event" for _ in no_events)]
    ]


async def test_a_ticket_is_opened_without_one_and_everything_else_on_one(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    carla = await live.connect("carla")
    before = await stored(live)

    for on, kind in ((ticket, "open_ticket"), (None, "post_message"), (None, "close_ticket")):
        answer = await carla.do(on, kind, **GOOD_COMMANDS[kind])
        assert (answer["code"], [*answer["fields"]]) == ("invalid", ["ticket"])
    assert await stored(live) == before


async def test_lengths_are_counted_in_characters_after_line_ends_became_one(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    carla = await live.connect("carla")

    for most, kind, field in (
        (4_000, "post_message", "body"),
        (4_000, "open_ticket", "details"),
        (150, "open_ticket", "query"),
    ):
        on = None if kind == "open_ticket" else ticket
        for text in (
            "x" * most,
            "\U0001f600" * most,
            "é" * most,
            "a\r\n" * (most // 2),
            "\r" * (most - 1) + "x",
        ):
            answer = await carla.do(
                on, kind, **{"query": "A question", field: text} if on is None else {field: text}
            )
            assert answer["ok"], (kind, text[:3])
            assert answer["entries"][0][field] == text.replace("\r\n", "\n").replace("\r", "\n")
        for text in ("x" * (most + 1), "\U0001f600" * (most + 1)):
            answer = await carla.do(
                on, kind, **{"query": "A question", field: text} if on is None else {field: text}
            )
            assert (answer["code"], [*answer["fields"]]) == ("invalid", [field])
            assert f"{most:,}" in answer["fields"][field]


async def test_foreign_ids_are_refused_in_every_position(live: Live, log: pytest.LogCaptureFixture) -> None:
    hers, his = await live.ticket_with_agent(), await live.raise_ticket("omar")
    await live.do("amir", hers, "post_note", body="For agents only")
    carla, bea, ada = [await live.connect(name) for name in ("carla", "bea", "ada")]
    before = await stored(live)

    for client, ticket in ((carla, his), (bea, hers), (carla, 999_999), (bea, his), (carla, 2**53 - 1)):
        for event in ("join", "sync", "do", "typing", "read"):
            answer = await client.ask(event, good_message(event, ticket))
            assert (answer["ok"], answer["code"]) == (False, "not_found"), (event, ticket)
            assert answer["message"] == "There is no such ticket."
        for kind, fields in GOOD_COMMANDS.items():
            if kind != "open_ticket":
                assert (await client.do(ticket, kind, **fields))["code"] == "not_found", kind
    for agent in (live.id("carla"), live.id("ada"), 999_999, 2**53 - 1):
        answer = await ada.do(hers, "assign_agent", agent=agent)
        assert (answer["code"], [*answer["fields"]]) == ("invalid", ["agent"])
    for seq in (2, 3, 4, 999):  # an outline's entry, a note, and none at all
        answer = await carla.do(hers, "post_message", body="As you said", reply_to=seq)
        assert (answer["code"], [*answer["fields"]]) == ("invalid", ["reply_to"])
        assert (await carla.do(hers, "redact_message", of=seq))["code"] == "not_found"
    answer = await carla.do(hers, "post_message", body="See here", attachments=[1])
    assert (answer["code"], [*answer["fields"]]) == ("invalid", ["attachments"])

    assert await stored(live) == before
    lines = refusals_logged(log)
    foreign = [
        ("not_found", event, live.id(name))
        for name in ("carla", "bea", "carla", "bea", "carla")
        for event in ("join", "sync", "do", "typing", "read", *["do"] * (len(GOOD_COMMANDS) - 1))
    ]
    assert lines[: len(foreign)] == foreign
    others = (
        [("ada", "invalid")] * 4 + [("carla", "invalid"), ("carla", "not_found")] * 4 + [("carla", "invalid")]
    )
    assert lines[len(foreign) :] == [(code, "do", live.id(name)) for name, code in others]


async def test_a_closed_ticket_takes_no_messages(live: Live, log: pytest.LogCaptureFixture) -> None:
    ticket = await live.ticket_with_agent()
    await live.do("carla", ticket, "close_ticket")
    carla, amir, ada = [await live.connect(name) for name in ("carla", "amir", "ada")]
    before = await stored(live)

    for client, kind, fields in (
        (carla, "post_message", {"body": "One more thing"}),
        (amir, "post_message", {"body": "One more thing"}),
        (ada, "assign_agent", {"agent": live.id("bea")}),
        (amir, "set_priority", {"priority": "low"}),
    ):
        answer = await client.do(ticket, kind, **fields)
        assert (answer["ok"], answer["code"]) == (False, "conflict"), kind
        assert without_internals(answer)

    assert await stored(live) == before
    assert refusals_logged(log) == [
        ("conflict", "do", live.id(name)) for name in ("carla", "amir", "ada", "amir")
    ]


async def test_leaving_what_is_not_ones_own_says_nothing_about_it(live: Live) -> None:
    his = await live.raise_ticket("omar")
    carla = await live.connect("carla")
    assert (
        await carla.ask("leave", {"ticket": his}) == await carla.ask("leave", {"ticket": 999}) == {"ok": True}
    )
