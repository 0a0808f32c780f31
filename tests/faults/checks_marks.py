"""Read marks: who asked for them, what is stored, and what others are told of them."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate

from tests.faults.checks_seen import depth_of, terms_of, visible_to
from tests.faults.history import History, Row, Truth, Violation

Timelines = dict[int, list[Row]]


def stored(history: History, truth: Truth) -> Iterator[Violation]:
    """A mark is as far as was acknowledged, and no further than was asked for."""
    asked: defaultdict[tuple[int, int], int] = defaultdict(int)
    known: defaultdict[tuple[int, int], int] = defaultdict(int)
    for mark in history.marks:
        place = (mark.ticket, mark.person)
        asked[place] = max(asked[place], mark.seq)
        if mark.ended:
            known[place] = max(known[place], mark.seq)
    for place in asked.keys() | truth.marks.keys():
        if not known[place] <= truth.marks.get(place, 0) <= asked[place]:
            found = (
                f"{truth.marks.get(place, 0)}, of {known[place]} acknowledged and {asked[place]} asked for"
            )
            yield Violation("mark", f"person {place[1]} has read ticket {place[0]} up to {found}")


def invented(history: History, truth: Truth, timelines: Timelines) -> Iterator[Violation]:
    """Nobody is told of more than somebody asked for by then, or of a number that is not for them."""
    asked = _risen(history, answered=False)
    for told in history.told:
        rows = timelines.get(told.ticket, [])
        if told.seq > _by(asked, told.ticket, told.reader, told.at):
            yield Violation("mark invented", str(told))
        elif told.seq and not (
            told.seq <= len(rows) and rows[told.seq - 1].reach <= depth_of(told.person, truth)
        ):
            yield Violation("mark seen without right", str(told))


def not_told(history: History, truth: Truth, timelines: Timelines) -> Iterator[Violation]:
    """Whoever comes to a ticket, or reads it, is told of every mark that was acknowledged before.

    For an agent's there is that promise while the ticket is theirs, which here must be from then on to the end.
    """
    known = _risen(history, answered=True)
    sides = {ticket: _sides(rows, truth.customers[ticket]) for ticket, rows in timelines.items()}
    seen = {
        (ticket, person): visible_to(rows, person, truth)
        for ticket, rows in timelines.items()
        for person in truth.roles
    }
    for asked in history.asked:
        if truth.roles[asked.person] == "admin":
            if asked.reads:
                yield Violation("mark seen without right", str(asked))
            continue
        for reader in sides.get(asked.ticket, set()) - {asked.person}:
            numbers = seen[asked.ticket, asked.person]
            mark = _by(known, asked.ticket, reader, asked.begun)
            due = numbers[place - 1] if (place := bisect_right(numbers, mark)) else 0
            if asked.reads.get(reader, 0) < due:
                yield Violation("mark not told", f"{asked}: {reader} had read up to {due}")


Risen = dict[tuple[int, int], tuple[list[float], list[int]]]
"""By ticket and person: times, and how far their mark was by then."""


def _risen(history: History, *, answered: bool) -> Risen:
    found: defaultdict[tuple[int, int], list[tuple[float, int]]] = defaultdict(list)
    for mark in history.marks:
        if mark.ended or not answered:
            found[mark.ticket, mark.person].append((mark.ended if answered else mark.begun, mark.seq))
    risen: Risen = {}
    for place, marks in found.items():
        marks.sort()
        risen[place] = [at for at, _ in marks], list(accumulate((seq for _, seq in marks), max))
    return risen


def _by(risen: Risen, ticket: int, person: int, at: float) -> int:
    times, marks = risen.get((ticket, person), ([], []))
    place = bisect_right(times, at)
    return marks[place - 1] if place else 0


def _sides(rows: list[Row], customer: int) -> set[int]:
    """The customer, and the agent who never lost it."""
    agents = {
        row.fields["agent"]["id"] for row in rows if row.type == "agent_assigned" and row.fields["agent"]
    }
    return {customer} | {agent for agent in agents if _never_lost(rows, agent)}


def _never_lost(rows: list[Row], agent: int) -> bool:
    terms = terms_of(rows, agent)
    return len(terms) == 1 and terms[0][1] > len(rows)
