"""When agents are there: hours of the week in their own time zone, and days on which nobody is."""

import re
from calendar import month_name
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from ccr.desk.clock import SECOND

Span = tuple[int, int]
"""From and until, in minutes of a day; until is not among them, and may be 1,440."""

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LOOKED_AHEAD = 60
"""Days after which nobody can say when agents come back."""

_SPAN = re.compile(r"([01]?\d|2[0-4])(?::([0-5]\d))?\s*[-–]\s*([01]?\d|2[0-4])(?::([0-5]\d))?", re.ASCII)


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """A week, Monday first, in time zone `zone`; `off` are days, as `2026-12-24`, on which nobody is there."""

    zone: str
    week: tuple[tuple[Span, ...], ...]
    off: tuple[str, ...] = ()

    def are_on(self, at: int) -> bool:
        """Whether agents are there at this time, in milliseconds since 1970 UTC."""
        there = self._there(at)
        minute = there.hour * 60 + there.minute
        return any(begin <= minute < end for begin, end in self._spans(there.date()))

    def next_after(self, at: int) -> int | None:
        """When they come next, in milliseconds; `None` if not within `LOOKED_AHEAD` days."""
        first = self._there(at).date()
        for day in (first + timedelta(days=n) for n in range(LOOKED_AHEAD)):
            for begin, _ in self._spans(day):
                # By the clock on the wall: a day on which it is put forward or back has its hours all the same.
                wall = datetime(
                    day.year, day.month, day.day, begin // 60, begin % 60, tzinfo=ZoneInfo(self.zone)
                )
                come = int(wall.timestamp()) * SECOND
                if come > at:
                    return come
        return None

    def said(self, at: int) -> str:
        """The time as people there say it: `Monday, 23 November, 09:00 (Europe/Berlin)`."""
        there = self._there(at)
        day = f"{DAYS[there.weekday()]}, {there.day} {month_name[there.month]}"
        return f"{day}, {there:%H:%M} ({self.zone})"

    def _there(self, at: int) -> datetime:
        return datetime.fromtimestamp(at // SECOND, UTC).astimezone(ZoneInfo(self.zone))

    def _spans(self, day: date) -> Iterator[Span]:
        if day.isoformat() not in self.off:
            yield from self.week[day.weekday()]


def read_spans(text: str) -> tuple[Span, ...]:
    """`9-12:30, 13:00-17:00`; nothing is nobody. Raises `ValueError` with what is wrong."""
    spans: list[Span] = []
    for part in filter(None, (piece.strip() for piece in text.replace(";", ",").split(","))):
        form = _SPAN.fullmatch(part)
        if form is None:
            raise ValueError("must be written like 9:00-17:00")
        begin, end = (int(form[n]) * 60 + int(form[n + 1] or 0) for n in (1, 3))
        if not (spans[-1][1] if spans else 0) <= begin < end <= 24 * 60:
            raise ValueError(
                "must go from earlier to later, to 24:00 at most: what follows is the next day's"
            )
        spans.append((begin, end))
    return tuple(spans)


def spans_said(spans: tuple[Span, ...]) -> str:
    """As `read_spans` takes it."""
    return ", ".join(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in spans)
