"""The page of one's own account, asked and sent by a browser without scripts."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.accounts_house import PASSWORD
from tests.site.pages_app import NEW, Pages, open_pages


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Pages]:
    async with open_pages(tmp_path) as opened:
        yield opened


async def test_strangers_are_sent_to_sign_in(pages: Pages) -> None:
    for path in ("/account", "/account/export", "/agents", "/feedback"):
        assert (await pages.browser().open(path)).leads_to.startswith("/login")


async def test_carla_changes_her_name(pages: Pages) -> None:
    await pages.house.customer()
    browser = await pages.browser_of("carla@example.org")

    saved = await browser.send("/account", first_name="Clara", last_name="Customer", mobile="+44 20 123456")

    assert saved.leads_to == "/account?done=profile"
    page = await browser.open(saved.leads_to)
    assert "Your profile is saved." in page.html
    assert page.value_of("first_name") == "Clara"


async def test_a_refused_profile_keeps_what_was_typed_and_changes_nothing(pages: Pages) -> None:
    await pages.house.customer()
    browser = await pages.browser_of("carla@example.org")

    refused = await browser.send("/account", first_name="", last_name="Kept", mobile="12")

    assert refused.status == 400
    assert refused.value_of("last_name") == "Kept"
    assert refused.fault_of("first_name")
    assert refused.fault_of("mobile")
    assert (await browser.open("/account")).value_of("last_name") == "Custer"


async def test_an_admin_without_a_mobile_number_may_change_their_name(pages: Pages) -> None:
    await pages.house.first_admin.from_settings("ada@example.org", PASSWORD)
    browser = await pages.browser_of("ada@example.org")

    saved = await browser.send("/account", first_name="Ada", last_name="Lovelace", mobile="")

    assert saved.leads_to == "/account?done=profile"


async def test_carla_changes_her_password_and_her_other_device_is_out(pages: Pages) -> None:
    await pages.house.customer()
    phone, laptop = (
        await pages.browser_of("carla@example.org"),
        await pages.browser_of("carla@example.org"),
    )

    wrong = await laptop.send("/account/password", current_password="not it at all", **NEW)
    right = await laptop.send("/account/password", current_password=PASSWORD, **NEW)

    assert wrong.status == 400
    assert wrong.fault_of("current_password") == "Password until now is not your password."
    assert right.leads_to == "/account?done=password#password"
    assert await laptop.is_signed_in()
    assert not await phone.is_signed_in()


async def test_carla_sees_where_she_is_signed_in_and_signs_that_out(pages: Pages) -> None:
    await pages.house.customer()
    phone, laptop = (
        await pages.browser_of("carla@example.org"),
        await pages.browser_of("carla@example.org"),
    )

    page = await laptop.open("/account")
    others = re.findall(r'action="(/account/sessions/\d+)"', page.html)
    assert len(others) == 1
    assert "This device" in page.html
    assert (await laptop.send(others[0])).leads_to == "/account?done=sessions#sessions"

    assert not await phone.is_signed_in()
    assert await laptop.is_signed_in()


async def test_nobody_signs_out_the_devices_of_others(pages: Pages) -> None:
    await pages.house.customer()
    await pages.house.admin()
    carla, ada = await pages.browser_of("carla@example.org"), await pages.browser_of("ada@example.org")

    for session in range(1, 4):
        await ada.send(f"/account/sessions/{session}")

    assert await carla.is_signed_in()
    assert (await carla.send("/account/sessions/999")).status == 404


async def test_carla_takes_her_data_along(pages: Pages) -> None:
    await pages.house.customer()
    browser = await pages.browser_of("carla@example.org")

    file = await browser.open("/account/export")

    assert file.status == 200
    assert file.headers["Content-Disposition"].startswith("attachment; ")
    assert json.loads(file.html)["person"]["email"] == "carla@example.org"


async def test_carla_deletes_her_account_but_not_by_accident(pages: Pages) -> None:
    await pages.house.customer()
    browser = await pages.browser_of("carla@example.org")

    slip = await browser.send("/account/delete")
    assert slip.status == 400
    assert slip.fault_of("sure") == "Tick this if you are sure."
    assert "sure: " not in slip.html
    assert await browser.is_signed_in()

    assert (await browser.send("/account/delete", sure="yes")).leads_to == "/login?done=deleted"
    assert not await browser.is_signed_in()
    assert (await browser.sign_in("carla@example.org")).status == 401


async def test_staff_cannot_delete_themselves(pages: Pages) -> None:
    await pages.house.admin()
    browser = await pages.browser_of("ada@example.org")

    assert "/account/delete" not in (await browser.open("/account")).html
    assert (await browser.send("/account/delete", sure="yes")).status == 403
    assert await browser.is_signed_in()


async def test_pages_behind_the_sign_in_are_not_kept_by_the_browser(pages: Pages) -> None:
    await pages.house.customer()
    browser = await pages.browser_of("carla@example.org")

    assert (await browser.open("/account")).headers["Cache-Control"] == "no-store"
