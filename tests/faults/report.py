"""What a run came to, in one table."""

from collections import Counter
from statistics import median

from tests.faults.history import OK, REFUSED, UNKNOWN, History, Send, Truth, Violation
from tests.faults.nemesis import Nemesis
from tests.faults.story import Story


def table(story: Story, nemesis: Nemesis, truth: Truth, violations: list[Violation]) -> str:
    """Lines of name and number."""
    history = story.history
    deaths: Counter[str] = sum((node.deaths for node in story.nodes), Counter())
    kinds = Counter(violation.kind for violation in violations)
    lines: list[tuple[str, object]] = [
        ("acknowledged", sum(1 for send in history.sends.values() if send.answers)),
        ("refused for good", sum(1 for send in history.sends.values() if send.refused)),
        ("attempts refused for now", _refused_for_now(history)),
        *unknown_sends(history, truth).items(),
        ("entries stored", len(truth.rows)),
        ("connections made", sum(talker.connects for talker in story.talkers)),
        ("kills", _kills(deaths)),
        *((f"  {how}", count) for how, count in sorted(deaths.items()) if how not in _NO_KILLS),
        ("SIGTERM", deaths["SIGTERM"]),
        ("slowest stop, seconds", round(max(node.slowest_stop for node in story.nodes), 1)),
        *((name, count) for name, count in sorted(nemesis.faults.items())),
        ("read marks moved", sum(bool(mark.ended) for mark in history.marks)),
        ("caught up after Redis' return, seconds, at most", round(max(nemesis.caught_up, default=0.0), 1)),
        ("  median", round(median(nemesis.caught_up or [0.0]), 2)),
        ("lost", kinds["lost"]),
        ("twice", kinds["twice"]),
        ("out of order", kinds["out of order"] + kinds["before its time"]),
        ("everything else found wrong", _others(kinds)),
    ]
    return "\n".join(f"{name:48} {count:>10}" for name, count in lines)


_NO_KILLS = ("SIGTERM", "the end")


def unknown_sends(history: History, truth: Truth) -> dict[str, int]:
    """What became of attempts that nobody answered, by what is stored in the end.

    One that was sent again was stored by the first where its time is before that of the second.
    """
    stored = {row.key: row.at for row in truth.rows}
    found = dict.fromkeys(_BECAME, 0)
    for send in history.sends.values():
        for number, attempt in enumerate(send.attempts):
            if attempt.outcome == UNKNOWN:
                later = send.attempts[number + 1 :]
                found[_BECAME[_case(send, stored.get(send.key), later[0].wall if later else None)]] += 1
                break
    return found


_BECAME = (
    "unknown, given up: stored",
    "unknown, given up: not stored",
    "unknown, sent again: had been stored",
    "unknown, sent again: had not been stored",
)


def _case(send: Send, stored_at: int | None, again_at: int | None) -> int:
    if again_at is None:
        return 0 if stored_at is not None else 1
    return 2 if stored_at is not None and stored_at < again_at else 3


def _kills(deaths: Counter[str]) -> int:
    return sum(count for how, count in deaths.items() if how not in _NO_KILLS)


def _refused_for_now(history: History) -> int:
    return sum(
        attempt.outcome == REFUSED
        for send in history.sends.values()
        if any(a.outcome == OK for a in send.attempts)
        for attempt in send.attempts
    )


def _others(kinds: Counter[str]) -> int:
    told = ("lost", "twice", "out of order", "before its time")
    return sum(count for kind, count in kinds.items() if kind not in told)
