"""What is stored, against what was asked for and acknowledged."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise

from tests.faults.history import History, Row, Send, Violation

EVENT_OF = {
    "open_ticket": "ticket_opened",
    "post_message": "message_posted",
    "post_note": "note_posted",
    "assign_agent": "agent_assigned",
    "set_priority": "priority_changed",
    "close_ticket": "ticket_closed",
    "reopen_ticket": "ticket_reopened",
    "redact_message": "message_redacted",
}

MOST_TOLD = 20
"""Holes of one ticket that are told."""


def lost(history: History, rows: list[Row]) -> Iterator[Violation]:
    """What was acknowledged is stored, under the number that was told."""
    stored = {(row.key, row.ticket, row.seq) for row in rows}
    keys = {row.key for row in rows}
    for send in history.sends.values():
        for ticket, seq in send.answers:
            if (send.key, ticket, seq) not in stored and _does_something(send, keys):
                yield Violation("lost", f"{send!s} acknowledged as {ticket}#{seq}")


def twice(rows: list[Row]) -> Iterator[Violation]:
    """Nothing is stored twice: every command of these tests makes one entry."""
    for key, count in Counter(row.key for row in rows).items():
        if count > 1:
            yield Violation("twice", f"key {key} is stored {count} times")


def invented(history: History, rows: list[Row]) -> Iterator[Violation]:
    """Nothing is stored that nobody sent so, or that was refused."""
    for row in rows:
        send = history.sends.get(row.key)
        if send is None or send.person != row.actor or not _carries_out(send, row):
            yield Violation("invented", f"{row.ticket}#{row.seq} {row.type} under key {row.key}")
        elif send.refused:
            codes = ", ".join(attempt.code for attempt in send.attempts)
            yield Violation("stored though refused", f"{send!s} ({codes}) is {row.ticket}#{row.seq}")


def gaps(timelines: dict[int, list[Row]]) -> Iterator[Violation]:
    """The numbers of a ticket are 1, 2, 3 …"""
    for ticket, rows in timelines.items():
        numbers = [row.seq for row in rows]
        if numbers != list(range(1, len(numbers) + 1)):
            holes = [f"{a}→{b}" for a, b in pairwise([0, *numbers]) if b != a + 1]
            yield Violation("gap", f"ticket {ticket}: {', '.join(holes[:MOST_TOLD])}")


def answered_differently(history: History) -> Iterator[Violation]:
    """The same key gets the same answer."""
    for send in history.sends.values():
        if len(send.answers) > 1:
            yield Violation("answered differently", f"{send!s}: {sorted(send.answers)}")


def out_of_order(history: History, rows: list[Row]) -> Iterator[Violation]:
    """What one client sent on a ticket is stored in that order, but for what was refused at first or given up."""
    places = {row.key: row.seq for row in rows}
    last: dict[tuple[str, int], tuple[int, Send]] = {}
    for send in sorted(history.sends.values(), key=lambda send: send.begun):
        if send.key not in places or send.ever_refused or send.forgotten:
            continue
        seq, line = places[send.key], (send.client, send.ticket)
        if send.ticket and line in last and last[line][0] > seq:
            yield Violation("out of order", f"{send!s} is #{seq}, behind {last[line][1]!s}")
        last[line] = (seq, send)


def before_its_time(history: History, rows: list[Row]) -> Iterator[Violation]:
    """What was acknowledged before something else was begun has the smaller number."""
    stored: defaultdict[int, list[tuple[int, Send]]] = defaultdict(list)
    for row in rows:
        if row.key in history.sends:
            stored[row.ticket].append((row.seq, history.sends[row.key]))
    for ticket, sends in stored.items():
        known = sorted((at, seq) for seq, send in sends if (at := send.acknowledged_at) is not None)
        heads = _running_max(seq for _, seq in known)
        for seq, send in sends:
            before = bisect_left(known, (send.begun, 0))
            if before and heads[before - 1] >= seq:
                yield Violation("before its time", f"{send!s} is {ticket}#{seq}")


def _does_something(send: Send, keys: set[str]) -> bool:
    """What changes nothing is acknowledged without an entry of its own."""
    return send.key in keys or send.command["type"] in ("open_ticket", "post_message", "post_note")


def _carries_out(send: Send, row: Row) -> bool:
    command = send.command
    if EVENT_OF[command["type"]] != row.type or (send.ticket and send.ticket != row.ticket):
        return False
    said = command.get("body")
    return said is None or bool(row.fields.get("redacted")) or row.fields["body"] == said


def _running_max(numbers: Iterable[int]) -> list[int]:
    heads: list[int] = []
    for number in numbers:
        heads.append(max(number, heads[-1]) if heads else number)
    return heads
