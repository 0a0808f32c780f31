"""From what clients noted down and what is there in the end to everything that is wrong: a pure function.

Each check is a few lines about the contract, and none knows how the servers keep it.
"""

import json
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from tests.faults.history import Asked, History, Owed, Row, Send, Truth

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
"""Violations of one kind that are told in full."""


class Violation(NamedTuple):
    """A broken promise."""

    kind: str
    what: str


def check(history: History, truth: Truth) -> list[Violation]:
    """Everything that is wrong; empty where all promises were kept."""
    timelines = _by_ticket(truth.rows)
    return [
        *lost(history, truth.rows),
        *twice(truth.rows),
        *invented(history, truth.rows),
        *gaps(timelines),
        *answered_differently(history),
        *differing(history, truth),
        *unread(history, truth, timelines),
        *reread_differently(truth, timelines),
        *out_of_order(history, truth.rows),
        *before_its_time(history, truth.rows),
        *seen_without_right(history, truth, timelines),
        *read_without_right(history, truth),
        *mails(truth),
        *(Violation("not told", name) for name in history.unaware),
    ]


def summary(violations: Iterable[Violation]) -> str:
    """The first of each kind, and how many there are."""
    kinds: defaultdict[str, list[str]] = defaultdict(list)
    for violation in violations:
        kinds[violation.kind].append(violation.what)
    return "\n".join(
        f"{kind}: {len(whats)}\n  " + "\n  ".join(whats[:MOST_TOLD]) for kind, whats in kinds.items()
    )


def lost(history: History, rows: list[Row]) -> Iterator[Violation]:
    """What was acknowledged is stored, under the number that was told."""
    stored = {(row.key, row.ticket, row.seq) for row in rows}
    keys = {row.key for row in rows}
    for send in history.sends.values():
        for ticket, seq in send.answers:
            if (send.key, ticket, seq) not in stored and _does_something(send, keys):
                yield Violation("lost", f"{_told(send)} acknowledged as {ticket}#{seq}")


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
            yield Violation("stored though refused", f"{_told(send)} ({codes}) is {row.ticket}#{row.seq}")


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
            yield Violation("answered differently", f"{_told(send)}: {sorted(send.answers)}")


def differing(history: History, truth: Truth) -> Iterator[Violation]:
    """At a number there is the same for everybody for ever; only words may have been taken back."""
    stored = {(row.ticket, row.seq): row for row in truth.rows}
    blanked = {(row.ticket, row.fields["of"]) for row in truth.rows if row.type == "message_redacted"}
    for place, contents in history.contents.items():
        row = stored.get(place)
        if row is None:
            yield Violation("vanished", f"{place} was seen by {next(iter(contents.values()))}")
            continue
        versions = {_without_words(text) for text in contents} if place in blanked else set(contents)
        if len(versions) > 1 or not all(_same(text, row) for text in versions):
            yield Violation("differing", f"{place}: {dict(list(contents.items())[:3])}")


def unread(history: History, truth: Truth, timelines: dict[int, list[Row]]) -> Iterator[Violation]:
    """What a reader applied is strictly rising and without a hole, to the end while the ticket is theirs."""
    for name, reader in history.readers.items():
        rows = timelines.get(reader.ticket, [])
        visible = _visible(rows, reader.person, truth)
        if reader.applied != visible[: len(reader.applied)]:
            wrong = next(n for n, pair in enumerate(_zipped(reader.applied, visible)) if pair[0] != pair[1])
            yield Violation("applied", f"{name}: {reader.applied[wrong - 2 : wrong + 3]} at {wrong}")
        elif len(reader.applied) < len(visible) and _may_read(rows, reader.person, truth):
            yield Violation("not caught up", f"{name}: {len(reader.applied)} of {len(visible)} entries")


def reread_differently(truth: Truth, timelines: dict[int, list[Row]]) -> Iterator[Violation]:
    """Every way of reading a ticket shows all of it that its reader may see."""
    for (way, person, ticket), numbers in truth.timelines.items():
        visible = _visible(timelines.get(ticket, []), person, truth)
        if numbers != visible:
            yield Violation("read", f"{way}: person {person} reads {len(numbers)} of {len(visible)}")


def out_of_order(history: History, rows: list[Row]) -> Iterator[Violation]:
    """What one client sent on a ticket is stored in that order, but for what was refused at first or given up."""
    places = {row.key: row.seq for row in rows}
    last: dict[tuple[str, int], tuple[int, Send]] = {}
    for send in sorted(history.sends.values(), key=_begun):
        if send.key not in places or send.ever_refused or send.forgotten:
            continue
        seq, line = places[send.key], (send.client, send.ticket)
        if send.ticket and line in last and last[line][0] > seq:
            yield Violation("out of order", f"{_told(send)} is #{seq}, behind {_told(last[line][1])}")
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
            before = bisect_left(known, (_begun(send), 0))
            if before and heads[before - 1] >= seq:
                yield Violation("before its time", f"{_told(send)} is {ticket}#{seq}")


def seen_without_right(
    history: History, truth: Truth, timelines: dict[int, list[Row]]
) -> Iterator[Violation]:
    """Nobody was shown what is not for them, nor an agent what came when the ticket was no longer theirs."""
    for (ticket, seq), people in history.viewers.items():
        rows = timelines.get(ticket, [])
        if seq > len(rows):
            continue
        for person in people:
            if not _sees(rows[seq - 1], _terms(rows, person), person, truth):
                yield Violation("seen without right", f"{ticket}#{seq} {rows[seq - 1].type} by {person}")


def read_without_right(history: History, truth: Truth) -> Iterator[Violation]:
    """Who asks after it was acknowledged that the ticket is no longer theirs is told that there is none."""
    turns: defaultdict[int, list[Send]] = defaultdict(list)
    for send in history.sends.values():
        if send.command["type"] == "assign_agent":
            turns[send.ticket].append(send)
    for asked in history.asked:
        if truth.roles[asked.person] == "agent" and not _could_have(turns[asked.ticket], asked):
            yield Violation("read without right", f"ticket {asked.ticket} by agent {asked.person}")
        elif truth.roles[asked.person] == "customer" and truth.customers[asked.ticket] != asked.person:
            yield Violation("read without right", f"ticket {asked.ticket} by customer {asked.person}")


def mails(truth: Truth) -> Iterator[Violation]:
    """For every event there are the mails that it owes, and no others; what was carried is what was owed."""
    owed = Counter((mail.kind, mail.ticket, mail.person) for mail in truth.owed if mail.ticket)
    due = _due(truth)
    for mail in sorted(owed.keys() | due.keys()):
        kind = mail[0]
        wrong = bool(owed[mail]) != bool(due[mail]) if kind == "message_waiting" else owed[mail] != due[mail]
        if wrong:
            yield Violation(
                "mail", f"{kind} of ticket {mail[1]} to {mail[2]}: {owed[mail]} for {due[mail]} events"
            )
    rows = {mail.id: mail for mail in truth.owed}
    for id_, count in truth.carried.items():
        if id_ not in rows:
            yield Violation("mail", f"{count} carried under number {id_}, which nobody owed")
    for mail_ in rows.values():
        if mail_.state == "sent" and not truth.carried.get(mail_.id):
            yield Violation("mail", f"{_mail(mail_)} counts as sent and never was")
        elif mail_.state == "dead":
            yield Violation("mail", f"{_mail(mail_)} was given up")


def _due(truth: Truth) -> Counter[tuple[str, int, int]]:
    due: Counter[tuple[str, int, int]] = Counter()
    agents: dict[int, int | None] = {}
    for row in truth.rows:
        customer, agent = truth.customers[row.ticket], agents.get(row.ticket)
        if row.type == "ticket_opened":
            due["ticket_opened", row.ticket, customer] += 1
        elif row.type == "agent_assigned":
            agent = agents[row.ticket] = (row.fields["agent"] or {}).get("id")
            if agent:
                due["agent_assigned", row.ticket, customer] += 1
                due["ticket_assigned", row.ticket, agent] += 1
        elif row.type == "ticket_closed":
            due["ticket_closed", row.ticket, customer] += 1
            if agent and row.actor != agent:
                due["ticket_closed", row.ticket, agent] += 1
        elif row.type == "message_posted":
            reader = agent if row.actor == customer else customer
            if reader:
                due["message_waiting", row.ticket, reader] += 1
    return due


def _by_ticket(rows: list[Row]) -> dict[int, list[Row]]:
    timelines: defaultdict[int, list[Row]] = defaultdict(list)
    for row in sorted(rows):
        timelines[row.ticket].append(row)
    return timelines


def _does_something(send: Send, keys: set[str]) -> bool:
    """What changes nothing is acknowledged without an entry of its own."""
    return send.key in keys or send.command["type"] in ("open_ticket", "post_message", "post_note")


def _carries_out(send: Send, row: Row) -> bool:
    command = send.command
    if EVENT_OF[command["type"]] != row.type or (send.ticket and send.ticket != row.ticket):
        return False
    said = command.get("body")
    return said is None or bool(row.fields.get("redacted")) or row.fields["body"] == said


def _same(text: str, row: Row) -> bool:
    seen = json.loads(text)
    if seen["type"] != row.type or seen["actor"]["id"] != row.actor:
        return False
    if row.fields.get("redacted") or seen.get("redacted"):
        return True
    return bool(seen.get("body") == row.fields.get("body"))


def _without_words(text: str) -> str:
    said = json.loads(text)
    return json.dumps({k: v for k, v in said.items() if k not in ("body", "redacted")}, sort_keys=True)


def _depth(person: int, truth: Truth) -> int:
    return {"customer": 1, "agent": 2, "admin": 0}[truth.roles[person]]


def _terms(rows: list[Row], person: int) -> list[tuple[int, int]]:
    """From which number to before which the ticket was this agent's; the last may go on."""
    terms, began = [], 0
    for row in rows:
        if row.type == "agent_assigned":
            now = (row.fields["agent"] or {}).get("id") == person
            if began and not now:
                terms.append((began, row.seq))
                began = 0
            elif now and not began:
                began = row.seq
    return [*terms, (began, len(rows) + 1)] if began else terms


def _sees(row: Row, terms: list[tuple[int, int]], person: int, truth: Truth) -> bool:
    if row.reach > _depth(person, truth):
        return False
    role = truth.roles[person]
    if role == "agent":
        return any(row.seq < until for _, until in terms)
    return role == "admin" or truth.customers[row.ticket] == person


def _visible(rows: list[Row], person: int, truth: Truth) -> list[int]:
    terms = _terms(rows, person)
    return [row.seq for row in rows if _sees(row, terms, person, truth)]


def _may_read(rows: list[Row], person: int, truth: Truth) -> bool:
    """Whether the ticket is theirs in the end."""
    terms = _terms(rows, person)
    return truth.roles[person] != "agent" or bool(terms and terms[-1][1] > len(rows))


def _could_have(turns: list[Send], asked: Asked) -> bool:
    """Whether there is an assignment to them that none to another, begun once it was known, had ended by then."""
    for mine in turns:
        if mine.command["agent"] != asked.person or mine.refused or _begun(mine) > asked.ended:
            continue
        since = mine.acknowledged_at
        others = [other for other in turns if other.command["agent"] != asked.person]
        if since is None or not any(_ended_it(other, since, asked.begun) for other in others):
            return True
    return False


def _ended_it(other: Send, since: float, by: float) -> bool:
    done = other.acknowledged_at
    return done is not None and done < by and _begun(other) > since


def _begun(send: Send) -> float:
    return send.attempts[0].begun


def _running_max(numbers: Iterable[int]) -> list[int]:
    heads: list[int] = []
    for number in numbers:
        heads.append(max(number, heads[-1]) if heads else number)
    return heads


def _zipped(applied: list[int], visible: list[int]) -> list[tuple[int, int]]:
    return list(zip(applied, [*visible, *[0] * len(applied)], strict=False))


def _told(send: Send) -> str:
    return f"{send.client}'s {send.command['type']} {send.key}"


def _mail(mail: Owed) -> str:
    return f"{mail.kind} {mail.id} of ticket {mail.ticket}"
