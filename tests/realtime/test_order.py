"""Commit, then push, then acknowledge; and everything in the order in which it was sent."""

import asyncio
import json
import logging
import sqlite3
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import Metric

from ccr import metrics
from ccr.adapters import sqlite
from ccr.desk.commands import PostMessage
from ccr.realtime.sockets import MOST_IN_FLIGHT
from ccr.store import entries
from tests.bad_input import refusals_logged
from tests.live import Live, new_key
from tests.waiting import until

SQLITE_COMMIT = sqlite.DIALECT.commit
APPEND = entries.append


class Gate:
    """Holds every commit of what was done on a ticket up, or makes it fail, while it is told to; the postman's pass."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.opened.set()
        self.waiting = 0
        self.failing = False
        self._written = False

    def append(self, *given: Any) -> Any:
        self._written = True
        return APPEND(*given)

    def commit(self, driver: Any) -> None:
        if not self._written:
            SQLITE_COMMIT(driver)
            return
        self._written = False
        self.waiting += 1
        self.opened.wait()
        if self.failing:
            raise sqlite3.OperationalError("disk I/O error")
        SQLITE_COMMIT(driver)

    async def hold(self) -> None:
        """From the next commit on."""
        self.opened.clear()
        self.waiting = 0

    async def somebody_waits(self) -> None:
        """Everything up to the commit has been done."""
        await until(lambda: self.waiting)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made = Gate()
    monkeypatch.setattr(sqlite.DIALECT, "commit", made.commit)
    monkeypatch.setattr(entries, "append", made.append)
    yield made
    made.opened.set()


def message(ticket: int, body: str, key: str | None = None) -> dict[str, Any]:
    return {"ticket": ticket, "key": key or new_key(), "command": {"type": "post_message", "body": body}}


async def test_a_hundred_messages_sent_at_once_are_stored_in_the_order_sent(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    [amir] = await live.on_ticket(ticket, "amir")
    carla = await live.connect("carla")

    answers = [await carla.send("do", message(ticket, f"message {n}")) for n in range(100)]

    assert [(await answer)["seq"] for answer in answers] == [*range(3, 103)]
    await amir.heard("entry", 100)
    for told in (amir.got("entry"), (await amir.ask("sync", {"ticket": ticket, "after": 2}))["entries"]):
        assert [entry["body"] for entry in told] == [f"message {n}" for n in range(100)]


async def test_everybodys_messages_keep_their_order_across_shared_commits(live: Live, gate: Gate) -> None:
    hers, his = await live.ticket_with_agent("amir"), await live.raise_ticket("omar")
    await live.do("ada", his, "assign_agent", agent=live.id("bea"))
    pairs = [("carla", hers), ("amir", hers), ("omar", his), ("bea", his)]
    raws = [(await live.raw(name), ticket) for name, ticket in pairs]
    [before] = metrics.COMMIT_UNITS.collect()

    async def says(who: int, first: int, end: int) -> None:
        raw, ticket = raws[who]
        for n in range(first, end):
            await raw.ask(n, "do", message(ticket, f"{who} {n}"))

    # While the first is being committed, somebody waits on each of the other connections: they are committed together.
    await gate.hold()
    await says(0, 0, 1)
    await gate.somebody_waits()
    await asyncio.gather(says(0, 1, 40), *(says(who, 0, 40) for who in (1, 2, 3)))
    await until(lambda: live.registry.database.waiting() >= 3)
    gate.opened.set()
    for raw, _ in raws:
        answers = [json.loads((await raw.hear()).partition("[")[2][:-1]) for _ in range(40)]
        assert all(answer["ok"] for answer in answers)

    for ticket in (hers, his):
        rows = await live.rows(
            "SELECT seq, fields FROM entries WHERE ticket_id = ? AND seq > 2 ORDER BY seq", ticket
        )
        assert [seq for seq, _ in rows] == [*range(3, 83)]
        bodies = [json.loads(fields)["body"].split() for _, fields in rows]
        for who in {who for who, _ in bodies}:
            assert [int(n) for by, n in bodies if by == who] == [*range(40)]
    [after] = metrics.COMMIT_UNITS.collect()
    assert shared(before, after) > 1


def shared(before: Metric, after: Metric) -> float:
    """Units for each commit, from one reading of the metric to another."""

    def totals(read: Metric) -> list[float]:
        return [
            sample.value for end in ("_sum", "_count") for sample in read.samples if sample.name.endswith(end)
        ]

    (units, commits), (units_before, commits_before) = totals(after), totals(before)
    return (units - units_before) / (commits - commits_before)


async def test_one_connection_hears_of_entries_in_the_order_of_their_numbers(live: Live) -> None:
    """Those of others by push and one's own by acknowledgement: no answer overtakes what was stored before it."""
    ticket = await live.ticket_with_agent()
    raws = [await live.raw(name) for name in ("carla", "amir")]
    for raw in raws:
        await raw.ask(0, "join", {"ticket": ticket})
        await raw.hear()

    await asyncio.gather(
        *(raw.ask(n, "do", message(ticket, f"message {n}")) for raw in raws for n in range(40))
    )

    for raw in raws:
        frames = [await raw.hear() for _ in range(80)]
        assert [seq_in(frame) for frame in frames] == [*range(3, 83)]


def seq_in(frame: str) -> int:
    """Of a pushed entry, or of an acknowledgement."""
    parsed = json.loads(frame[frame.index("[") :])
    return int((parsed[1] if frame.startswith("42") else parsed[0])["seq"])


async def test_nobody_hears_of_a_message_before_it_is_committed(live: Live, gate: Gate) -> None:
    ticket = await live.ticket_with_agent()
    carla, amir = await live.on_ticket(ticket, "carla", "amir")
    await gate.hold()

    answer = await carla.send("do", message(ticket, "Hello"))
    await gate.somebody_waits()
    await amir.fence()

    assert (answer.done(), amir.got("entry")) == (False, [])
    assert await live.count("entries") == 2
    gate.opened.set()
    assert (await answer)["seq"] == 3
    await amir.heard("entry")


async def test_what_is_rolled_back_is_told_to_nobody_and_the_key_can_be_sent_again(
    live: Live, gate: Gate
) -> None:
    ticket = await live.ticket_with_agent()
    carla, amir = await live.on_ticket(ticket, "carla", "amir")
    asked = message(ticket, "Hello")

    gate.failing = True
    refused = await carla.ask("do", asked)
    gate.failing = False
    await amir.fence()

    assert (refused["ok"], refused["code"]) == (False, "unavailable")
    assert "disk" not in refused["message"]
    assert amir.got("entry") == []
    assert (await live.count("entries"), await live.count("receipts")) == (2, 3)
    assert (await carla.ask("do", asked))["seq"] == 3
    assert (await amir.heard("entry"))["seq"] == 3


async def test_a_caller_who_is_cancelled_leaves_row_and_push_behind(live: Live, gate: Gate) -> None:
    ticket = await live.ticket_with_agent()
    [amir] = await live.on_ticket(ticket, "amir")
    await gate.hold()

    carry_out = live.registry.changes.carry_out(
        live.people["carla"], ticket, new_key(), PostMessage(body="Gone")
    )
    caller = asyncio.create_task(carry_out)
    await gate.somebody_waits()
    caller.cancel()
    gate.opened.set()

    with pytest.raises(asyncio.CancelledError):
        await caller
    assert (await amir.heard("entry"))["body"] == "Gone"


async def test_what_was_sent_before_the_connection_broke_is_done_and_told(live: Live) -> None:
    ticket = await live.ticket_with_agent()
    [amir] = await live.on_ticket(ticket, "amir")
    raw = await live.raw("carla")

    for n in range(20):
        await raw.ask(n, "do", message(ticket, f"message {n}"))
    await raw.cut()

    await amir.heard("entry", 20)
    assert [entry["body"] for entry in amir.got("entry")] == [f"message {n}" for n in range(20)]


async def test_more_than_a_hundred_in_flight_are_refused_and_the_others_still_done(
    live: Live, gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    ticket = await live.ticket_with_agent()
    carla = await live.connect("carla")
    await gate.hold()

    answers = [await carla.send("do", message(ticket, f"message {n}")) for n in range(MOST_IN_FLIGHT + 5)]
    refused = await asyncio.gather(*answers[MOST_IN_FLIGHT:])
    gate.opened.set()
    done = await asyncio.gather(*answers[:MOST_IN_FLIGHT])

    assert [(answer["ok"], answer["code"]) for answer in refused] == [(False, "rate_limited")] * 5
    assert refusals_logged(caplog) == [("rate_limited", "in flight", live.id("carla"))] * 5
    assert [answer["seq"] for answer in done] == [*range(3, 3 + MOST_IN_FLIGHT)]
    assert (await carla.do(ticket, "post_message", body="One more"))["ok"]
