"""When agents are there, by the clock on their wall."""

from datetime import UTC, datetime

import pytest

from ccr.desk.hours import Hours, read_spans, spans_said

OFFICE = Hours(
    zone="Europe/Berlin",
    week=(((540, 720), (780, 1020)),) * 5 + ((), ()),
    off=("2026-12-24", "2026-12-25"),
)


def at(text: str) -> int:
    """A time in UTC, in milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000


@pytest.mark.parametrize(
    ("when", "on", "back"),
    [
        ("2026-11-23T08:00", True, "Monday, 23 November, 13:00 (Europe/Berlin)"),
        ("2026-11-23T07:59", False, "Monday, 23 November, 09:00 (Europe/Berlin)"),
        ("2026-11-23T11:00", False, "Monday, 23 November, 13:00 (Europe/Berlin)"),
        ("2026-11-23T16:00", False, "Tuesday, 24 November, 09:00 (Europe/Berlin)"),
        ("2026-11-20T16:00", False, "Monday, 23 November, 09:00 (Europe/Berlin)"),
        ("2026-12-23T16:00", False, "Monday, 28 December, 09:00 (Europe/Berlin)"),
        ("2026-12-24T10:00", False, "Monday, 28 December, 09:00 (Europe/Berlin)"),
        ("2026-03-27T16:00", False, "Monday, 30 March, 09:00 (Europe/Berlin)"),  # summer begins in between
        ("2026-03-30T07:00", True, "Monday, 30 March, 13:00 (Europe/Berlin)"),
    ],
)
def test_whether_anybody_is_there_and_when_they_come(when: str, on: bool, back: str) -> None:
    assert OFFICE.are_on(at(when)) is on
    come = OFFICE.next_after(at(when))
    assert come is not None
    assert OFFICE.said(come) == back


def test_nobody_ever_comes_where_there_are_no_hours() -> None:
    never = Hours(zone="UTC", week=((),) * 7)

    assert not never.are_on(at("2026-11-23T10:00"))
    assert never.next_after(at("2026-11-23T10:00")) is None


def test_until_midnight_is_until_the_day_is_over() -> None:
    night = Hours(zone="UTC", week=(((0, 1440),),) + ((),) * 6)

    assert night.are_on(at("2026-11-23T23:59"))
    assert not night.are_on(at("2026-11-24T00:00"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ""),
        ("9-17", "09:00-17:00"),
        ("9:30 – 12, 13:00-17:05", "09:30-12:00, 13:00-17:05"),
        ("0-24", "00:00-24:00"),
        ("0:00-6:00, 22:00-24:00", "00:00-06:00, 22:00-24:00"),
    ],
)
def test_hours_as_people_write_them(text: str, said: str) -> None:
    assert spans_said(read_spans(text)) == said
    assert read_spans(said) == read_spans(text)


@pytest.mark.parametrize("text", ["nine", "9", "17-9", "9-9", "9-12, 11-13", "24:30-25", "9-24:01", "٩-١٧"])
def test_what_are_no_hours(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be written|must go"):
        read_spans(text)


def test_who_writes_a_night_into_one_day_hears_where_the_rest_of_it_goes() -> None:
    with pytest.raises(ValueError, match="the next day's"):
        read_spans("22-6")
