"""The page on which Ada says when agents are there, and Amir when he is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.accounts_house import PASSWORD
from tests.site.pages_app import NEW, Pages, open_pages

OFFICE = {"zone": "Europe/Berlin", "monday": "9-12, 13-17", "off": "2026-12-25 2026-12-24"}


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
    assert "2026-12-24\n2026-12-25" in shown.html
    assert (await ada.send("/hours", zone="UTC")).status == 303
    assert (await ada.open("/hours")).value_of("monday") is None


async def test_what_is_wrong_stands_beside_its_field(pages: Pages) -> None:
    await pages.house.admin()
    ada = await pages.browser_of("ada@example.org")

    refused = await ada.send("/hours", zone="Moon", monday="9-12", tuesday="late", off="<b>")

    assert refused.status == 400
    assert refused.fault_of("zone") == "Time zone is not a time zone."
    assert refused.fault_of("tuesday") == "Tuesday is not like 9:00-17:00."
    assert refused.fault_of("off")
    assert refused.value_of("monday") == "9-12"
    assert "<b>" not in refused.html


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
