"""The page on which Ada says when agents are there, and Amir when he is."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from ccr.desk.clock import HOUR
from ccr.services.opening_hours import DAY_FIELDS, MOST_DAYS_OFF
from tests.accounts_house import PASSWORD
from tests.site.pages_app import NEW, Pages, open_pages

OFFICE = {"zone": "Europe/Berlin", "monday": "9-12, 13-17", "off": "2027-12-25 2027-12-24"}
"""It is January 2027 in this house."""


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Pages]:
    async with open_pages(tmp_path) as opened:
        yield opened


async def test_ada_says_when_agents_are_there(pages: Pages) -> None:
    await pages.house.admin()
    ada = await pages.browser_of("ada@example.org")

    saved = await ada.send("/hours", **OFFICE)

    assert saved.leads_to == "/hours?done=saved"
    shown = await ada.open(saved.leads_to)
    assert shown.value_of("monday") == "09:00-12:00, 13:00-17:00"
    assert '<option value="Europe/Berlin" selected>' in shown.html
    assert "2027-12-24\n2027-12-25" in shown.html
    assert (await ada.send("/hours", zone="UTC")).status == 303
    assert (await ada.open("/hours")).value_of("monday") is None


async def test_days_on_which_nobody_is_there_are_left_empty(pages: Pages) -> None:
    await pages.house.admin()
    ada = await pages.browser_of("ada@example.org")
    empty = dict.fromkeys(DAY_FIELDS, "") | {"off": ""}  # a browser sends every field

    assert (await ada.send("/hours", **empty | {"zone": "UTC", "monday": "9-17"})).status == 303
    assert (await ada.open("/hours")).value_of("monday") == "09:00-17:00"
    assert (await ada.send("/hours", **empty | {"zone": "UTC"})).status == 303
    assert (await ada.open("/hours")).value_of("monday") is None


async def test_who_leaves_every_day_empty_has_no_hours_but_everybodys(pages: Pages) -> None:
    house = pages.house
    amir = await house.agent(await house.admin())
    ada = await pages.browser_of("ada@example.org")
    assert (await ada.send("/hours", **dict.fromkeys(DAY_FIELDS, "0-24") | {"zone": "UTC"})).status == 303

    await house.hours.save(amir, {"zone": "UTC", "monday": "9-10"})
    assert len(await house.rows("SELECT person_id FROM agent_hours")) == 2
    await house.hours.save(amir, {"zone": "UTC"})

    assert len(await house.rows("SELECT person_id FROM agent_hours")) == 1
    assert await house.hours.back(amir.id) is None


async def test_what_is_wrong_stands_beside_its_field(pages: Pages) -> None:
    await pages.house.admin()
    ada = await pages.browser_of("ada@example.org")

    refused = await ada.send("/hours", zone="Moon", monday="9-12", tuesday="late", off="<b>")

    assert refused.status == 400
    assert refused.fault_of("zone") == "Time zone is not a time zone."
    assert refused.fault_of("tuesday") == "Tuesday must be written like 9:00-17:00."
    assert refused.fault_of("off") == "Days off must be written like 2026-12-24, one a line."
    assert refused.value_of("monday") == "9-12"
    assert "<b>" not in refused.html


async def test_days_that_are_over_make_room_for_those_to_come(pages: Pages) -> None:
    await pages.house.admin()
    ada = await pages.browser_of("ada@example.org")
    today = date(2027, 1, 15)
    over = [str(today - timedelta(days=n)) for n in range(1, 41)]
    ahead = [str(today + timedelta(days=n)) for n in range(MOST_DAYS_OFF)]

    assert (await ada.send("/hours", **OFFICE | {"off": " ".join(over + ahead)})).status == 303

    assert "\n".join(ahead) in (await ada.open("/hours")).html
    assert over[0] not in (await ada.open("/hours")).html


async def test_more_days_than_are_kept_are_refused_and_stay_in_the_form(pages: Pages) -> None:
    await pages.house.admin()
    ada = await pages.browser_of("ada@example.org")
    days = "\n".join(str(date(2027, 2, 1) + timedelta(days=n)) for n in range(MOST_DAYS_OFF + 1))

    refused = await ada.send("/hours", **OFFICE | {"off": days})

    assert (refused.status, refused.fault_of("off")) == (400, "Days off are 101, and can be 100 at most.")
    assert days in refused.html
    assert "2027-02-01" not in (await ada.open("/hours")).html


async def test_today_is_what_it_is_where_the_agents_are(pages: Pages) -> None:
    await pages.house.admin()
    ada = await pages.browser_of("ada@example.org")
    days = {"off": "2027-01-15 2027-01-16"}
    pages.house.later(
        11 * HOUR
    )  # 19:00 in London: the 16th on Kiritimati already, and still the 15th in Honolulu

    await ada.send("/hours", **OFFICE | days | {"zone": "Pacific/Kiritimati"})
    assert "2027-01-15" not in (await ada.open("/hours")).html
    await ada.send("/hours", **OFFICE | days | {"zone": "Pacific/Honolulu"})
    assert "2027-01-15\n2027-01-16" in (await ada.open("/hours")).html


async def test_days_off_without_hours_are_not_taken_for_saved(pages: Pages) -> None:
    await pages.house.admin()
    ada = await pages.browser_of("ada@example.org")

    refused = await ada.send("/hours", zone="UTC", off="2027-12-24")

    assert refused.fault_of("off") == "Days off need hours on at least one day of the week."


async def test_an_agents_own_hours_are_nobody_elses(pages: Pages) -> None:
    await pages.agent()
    amir, ada = await pages.browser_of("amir"), await pages.browser_of("ada@example.org")
    await amir.send("/account/password", current_password=PASSWORD, **NEW)

    await amir.send("/hours", zone="Asia/Tokyo", friday="10-11")

    assert (await amir.open("/hours")).value_of("friday") == "10:00-11:00"
    assert (await ada.open("/hours")).value_of("friday") is None


async def test_customers_have_no_hours(pages: Pages) -> None:
    await pages.house.customer()
    carla = await pages.browser_of("carla@example.org")

    assert (await carla.open("/hours")).status == 403
