"""What clients saw and applied, against what is stored and whose it is to see."""

import json
from collections import defaultdict
from collections.abc import Iterator

from tests.faults.history import Asked, History, Row, Send, Truth, Violation


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
        visible = visible_to(rows, reader.person, truth)
        if reader.applied != visible[: len(reader.applied)]:
            wrong = next(n for n, pair in enumerate(_zipped(reader.applied, visible)) if pair[0] != pair[1])
            yield Violation("applied", f"{name}: {reader.applied[wrong - 2 : wrong + 3]} at {wrong}")
        elif len(reader.applied) < len(visible) and _may_read(rows, reader.person, truth):
            yield Violation("not caught up", f"{name}: {len(reader.applied)} of {len(visible)} entries")


def reread_differently(truth: Truth, timelines: dict[int, list[Row]]) -> Iterator[Violation]:
    """Every way of reading a ticket shows all of it that its reader may see."""
    for (way, person, ticket), numbers in truth.timelines.items():
        visible = visible_to(timelines.get(ticket, []), person, truth)
        if numbers != visible:
            yield Violation("read", f"{way}: person {person} reads {len(numbers)} of {len(visible)}")


def seen_without_right(
    history: History, truth: Truth, timelines: dict[int, list[Row]]
) -> Iterator[Violation]:
    """Nobody was shown what is not for them, nor an agent what came when the ticket was no longer theirs."""
    terms = {
        (ticket, person): terms_of(rows, person)
        for ticket, rows in timelines.items()
        for person in truth.roles
    }
    for (ticket, seq), people in history.viewers.items():
        rows = timelines.get(ticket, [])
        if seq > len(rows):
            continue
        for person in people:
            if not _sees(rows[seq - 1], terms[ticket, person], person, truth):
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


def depth_of(person: int, truth: Truth) -> int:
    """The greatest reach that this person sees."""
    return {"customer": 1, "agent": 2, "admin": 0}[truth.roles[person]]


def terms_of(rows: list[Row], person: int) -> list[tuple[int, int]]:
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
    if row.reach > depth_of(person, truth):
        return False
    role = truth.roles[person]
    if role == "agent":
        return any(row.seq < until for _, until in terms)
    return role == "admin" or truth.customers[row.ticket] == person


def visible_to(rows: list[Row], person: int, truth: Truth) -> list[int]:
    """The numbers of a ticket that this person may see, or might while it was theirs."""
    terms = terms_of(rows, person)
    return [row.seq for row in rows if _sees(row, terms, person, truth)]


def _may_read(rows: list[Row], person: int, truth: Truth) -> bool:
    """Whether the ticket is theirs in the end."""
    terms = terms_of(rows, person)
    return truth.roles[person] != "agent" or bool(terms and terms[-1][1] > len(rows))


def _could_have(turns: list[Send], asked: Asked) -> bool:
    """Whether there is an assignment to them that none to another, begun once it was known, had ended by then."""
    mine, ended = [], 0.0
    for turn in turns:
        done = turn.acknowledged_at
        if turn.command["agent"] != asked.person:
            ended = max(ended, turn.begun) if done is not None and done < asked.begun else ended
        elif not turn.refused and turn.begun <= asked.ended:
            mine.append(done)
    return any(since is None or since >= ended for since in mine)


def _zipped(applied: list[int], visible: list[int]) -> list[tuple[int, int]]:
    return list(zip(applied, [*visible, *[0] * len(applied)], strict=False))
