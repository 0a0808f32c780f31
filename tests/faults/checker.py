"""From what clients noted down and what is there in the end to everything that is wrong: a pure function.

Each check is a few lines about the contract, and none knows how the servers keep it.
"""

from collections import defaultdict
from collections.abc import Iterable

from tests.faults import checks_mail, checks_marks, checks_seen, checks_stored
from tests.faults.history import History, Row, Truth, Violation

MOST_TOLD = 20
"""Violations of one kind that are told in full."""


def check(history: History, truth: Truth) -> list[Violation]:
    """Everything that is wrong; empty where all promises were kept."""
    timelines = _by_ticket(truth.rows)
    return [
        *checks_stored.lost(history, truth.rows),
        *checks_stored.twice(truth.rows),
        *checks_stored.invented(history, truth.rows),
        *checks_stored.gaps(timelines),
        *checks_stored.answered_differently(history),
        *checks_stored.out_of_order(history, truth.rows),
        *checks_stored.before_its_time(history, truth.rows),
        *checks_seen.differing(history, truth),
        *checks_seen.unread(history, truth, timelines),
        *checks_seen.reread_differently(truth, timelines),
        *checks_seen.seen_without_right(history, truth, timelines),
        *checks_seen.read_without_right(history, truth),
        *checks_marks.stored(history, truth),
        *checks_marks.invented(history, truth, timelines),
        *checks_marks.not_told(history, truth, timelines),
        *checks_mail.mails(truth),
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


def _by_ticket(rows: list[Row]) -> dict[int, list[Row]]:
    timelines: defaultdict[int, list[Row]] = defaultdict(list)
    for row in sorted(rows):
        timelines[row.ticket].append(row)
    return timelines
