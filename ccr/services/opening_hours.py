"""When agents are there: an admin says it for everybody, an agent for themselves."""

import re
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from ccr.desk import clock
from ccr.desk.hours import DAYS, Hours, read_spans, spans_said
from ccr.desk.people import Person, Role
from ccr.desk.refusals import forbidden, invalid
from ccr.services.account_forms import Form, read
from ccr.services.bot_words import back_words
from ccr.store import hours
from ccr.store.database import Database

MOST_DAYS_OFF = 100
"""Of those that are not over."""

DAY_FIELDS = tuple(day.lower() for day in DAYS)

_Line = Annotated[str, msgspec.Meta(max_length=100)]


class HoursForm(Form, frozen=True):
    """A week as `9:00-12:00, 13:00-17:00` a day, the days off apart by blanks or commas; all of it empty is none."""

    zone: Annotated[str, msgspec.Meta(max_length=60)]
    monday: _Line = ""
    tuesday: _Line = ""
    wednesday: _Line = ""
    thursday: _Line = ""
    friday: _Line = ""
    saturday: _Line = ""
    sunday: _Line = ""
    off: Annotated[str, msgspec.Meta(max_length=2_000)] = ""


class OpeningHours:
    """Reads and saves them. `changed` is called when others hold from now on."""

    def __init__(
        self,
        database: Database,
        *,
        now: Callable[[], int] = clock.now,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._now = now
        self._changed = changed

    async def back(self, agent: int | None) -> str | None:
        """When this agent, or whichever gets it, is there again, for a customer; `None` while somebody is there."""
        found = await self._database.read(lambda connection: hours.of(connection, agent))
        return back_words(found, self._now())

    async def shown(self, person: Person) -> dict[str, Any]:
        """`{fields, zones}`: the form as it stands, and what may be chosen. Agents and admins only."""
        owner = _owner(person)
        found = await self._database.read(lambda connection: hours.own(connection, owner))
        zoned = [(name, name) for name in zones()]
        return {"fields": _fields(found) if found else {"zone": "UTC"}, "zones": zoned}

    async def save(self, person: Person, given: object) -> None:
        """From now on these hold. Raises `forbidden` and `invalid`, by field."""
        owner, form = _owner(person), read(HoursForm, given)
        made = _hours(form, self._now())
        await self._database.write(lambda connection: hours.save(connection, owner, made))
        self._changed()


@cache
def zones() -> tuple[str, ...]:
    """The time zones by name, without those that are no places."""
    places = (name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    return (*sorted(places), "UTC")


def _owner(person: Person) -> int:
    if person.role is Role.ADMIN:
        return hours.EVERYBODY
    if person.role is not Role.AGENT:
        raise forbidden("Only agents and admins say when agents are there.")
    return person.id


def _hours(form: HoursForm, now: int) -> Hours | None:
    wrong, week = {}, []
    for name in DAY_FIELDS:
        try:
            week.append(read_spans(getattr(form, name)))
        except ValueError as fault:
            wrong[name] = str(fault)
    if form.zone not in zones():
        wrong["zone"] = "is not a time zone"
    off: tuple[str, ...] = ()
    try:
        off = _days(form.off, "UTC" if "zone" in wrong else form.zone, now)
    except ValueError as fault:
        wrong["off"] = str(fault)
    if off and not wrong and not any(week):
        wrong["off"] = "need hours on at least one day of the week"
    if wrong:
        raise invalid(**wrong)
    return Hours(zone=form.zone, week=tuple(week), off=off) if any(week) else None


def _days(text: str, zone: str, now: int) -> tuple[str, ...]:
    """Those that are not over where the agents are. Raises `ValueError` with what is wrong."""
    try:
        days = {date.fromisoformat(day) for day in re.split(r"[\s,;]+", text) if day}
    except ValueError:
        raise ValueError("must be written like 2026-12-24, one a line") from None
    today = datetime.fromtimestamp(now // clock.SECOND, ZoneInfo(zone)).date()
    ahead = sorted(day.isoformat() for day in days if day >= today)
    if len(ahead) > MOST_DAYS_OFF:
        raise ValueError(f"are {len(ahead)}, and can be {MOST_DAYS_OFF} at most")
    return tuple(ahead)


def _fields(found: Hours) -> dict[str, str]:
    week = {name: spans_said(spans) for name, spans in zip(DAY_FIELDS, found.week, strict=True)}
    return {"zone": found.zone, **week, "off": "\n".join(found.off)}
