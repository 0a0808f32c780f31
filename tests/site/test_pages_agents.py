"""The page on which Ada looks after agents."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.accounts_house import AMIR, PASSWORD
from tests.site.pages_app import NEW, Pages, open_pages


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Pages]:
    async with open_pages(tmp_path) as opened:
        yield opened


async def test_ada_makes_an_agent_who_must_replace_the_password_first(pages: Pages) -> None:
    await pages.house.admin()
    ada = await pages.browser_of("ada@example.org")

    made = await ada.send("/agents", **AMIR, password=PASSWORD)
    assert made.leads_to == "/agents?done=create"
    assert "Amir Azad" in (await ada.open(made.leads_to)).html

    amir = await pages.browser_of("amir")
    assert (await amir.open("/feedback")).leads_to == "/account#password"
    account = await amir.open("/account")
    assert 'name="current_password"' in account.html
    assert 'name="first_name"' not in account.html
    assert (await amir.send("/account/password", current_password=PASSWORD, **NEW)).leads_to == "/tickets"
    assert (await amir.open("/feedback")).status == 200


async def test_a_refused_agent_comes_back_with_everything_but_the_password(pages: Pages) -> None:
    await pages.agent()
    ada = await pages.browser_of("ada@example.org")

    taken = await ada.send("/agents", **AMIR, password=PASSWORD)
    wrong = await ada.send(
        "/agents", **AMIR | {"username": "bea", "email": "bea", "gender": ""}, password="x"
    )

    assert taken.status == 409
    assert taken.fault_of("email") == "E-mail is taken."
    assert taken.fault_of("username") == "Username is taken."
    assert wrong.status == 400
    assert wrong.value_of("username") == "bea"
    assert wrong.value_of("password") is None
    assert wrong.fault_of("email")
    assert wrong.fault_of("gender") is None


async def test_ada_edits_an_agent(pages: Pages) -> None:
    amir = await pages.agent()
    ada = await pages.browser_of("ada@example.org")
    wanted = AMIR | {"last_name": "Assistant", "gender": "", "password": ""}

    saved = await ada.send(f"/agents/{amir.id}", **wanted)
    refused = await ada.send(f"/agents/{amir.id}", **wanted | {"email": "amir"})

    assert saved.leads_to == f"/agents?done=agent-{amir.id}#agent-{amir.id}"
    assert "Amir Assistant" in (await ada.open("/agents")).html
    assert refused.status == 400
    assert refused.fault_of(f"email-{amir.id}") == "E-mail is not an e-mail address."
    assert refused.fault_of("email-error") is None
    assert (await ada.send("/agents/999", **wanted)).status == 404


async def test_an_agent_taken_out_of_service_is_signed_out_and_may_come_back(pages: Pages) -> None:
    amir = await pages.agent()
    ada, his = await pages.browser_of("ada@example.org"), await pages.browser_of("amir")

    await ada.send(f"/agents/{amir.id}/active", active="false")
    assert not await his.is_signed_in()
    assert "Not in service" in (await ada.open("/agents")).html
    assert (await his.sign_in("amir")).status == 401

    await ada.send(f"/agents/{amir.id}/active", active="true")
    assert (await his.sign_in("amir")).leads_to == "/tickets"
    assert (await ada.send(f"/agents/{amir.id}/active", active="perhaps")).status == 400


async def test_the_list_shows_who_is_online(pages: Pages) -> None:
    amir = await pages.agent()
    ada = await pages.browser_of("ada@example.org")

    assert "Offline" in (await ada.open("/agents")).html
    pages.online.add(amir.id)
    assert "Online" in (await ada.open("/agents")).html


async def test_agents_and_customers_do_not_see_the_agents_page(pages: Pages) -> None:
    await pages.house.customer()
    carla = await pages.browser_of("carla@example.org")

    assert (await carla.open("/agents")).status == 403
    assert (await carla.send("/agents", **AMIR, password=PASSWORD)).status == 403
    assert 'href="/agents"' not in (await carla.open("/account")).html
