"""Raising a ticket on a bad line: what was written is not lost, and it is raised once."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from tests.browser.desk import Desk, comes_true, only_hold_drafts
from tests.browser.lines import bad_line, gone, outgoing
from tests.proxy import Proxy

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
async def line(desk: Desk) -> AsyncIterator[Proxy]:
    async with bad_line(desk) as proxy:
        yield proxy


async def fill(page: Page) -> None:
    """An urgent ticket, with details."""
    await page.fill("[name=query]", "My parcel is wet")
    await page.fill("[name=details]", "All of it.\nReally.")
    await page.select_option("[name=priority]", "urgent")


async def raised(desk: Desk) -> list[tuple[object, ...]]:
    """What was raised."""
    return await desk.live.rows("SELECT query, priority FROM tickets")


async def test_what_is_half_written_is_there_again_and_gone_once_it_is_raised(desk: Desk) -> None:
    carla = await desk.visit("carla", "/tickets/new", live=False)
    await fill(carla)
    await carla.goto("/tickets")
    await carla.goto("/tickets/new")
    await expect(carla.locator("[name=query]")).to_have_value("My parcel is wet")
    await expect(carla.locator("[name=details]")).to_have_value("All of it.\nReally.")
    await expect(carla.locator("[name=priority]")).to_have_value("urgent")

    await carla.dblclick("main button[type=submit]")
    await carla.wait_for_url("**/tickets/1")
    await expect(carla.locator(".details")).to_have_text("All of it.\nReally.")
    assert await raised(desk) == [("My parcel is wet", "urgent")]
    await carla.goto("/tickets/new")
    await expect(carla.locator("[name=query]")).to_have_value("")


async def test_who_comes_back_from_a_raised_ticket_finds_nothing_of_it_in_the_form(desk: Desk) -> None:
    carla = await desk.visit("carla", "/tickets/new", live=False)
    await fill(carla)
    await carla.click("main button[type=submit]")
    await carla.wait_for_url("**/tickets/1")

    await carla.go_back()

    for name, value in (("query", ""), ("details", ""), ("priority", "normal")):
        await expect(carla.locator(f"[name={name}]")).to_have_value(value)


async def test_two_tabs_hold_two_tickets_half_written(desk: Desk) -> None:
    first = await desk.visit("carla", "/tickets/new", live=False)
    await fill(first)
    second = await first.context.new_page()
    await second.goto("/tickets/new")
    await second.fill("[name=query]", "My lid is lost")

    for page, query in ((first, "My parcel is wet"), (second, "My lid is lost")):
        await page.reload()
        await expect(page.locator("[name=query]")).to_have_value(query)
    await expect(second.locator("[name=details]")).to_have_value("")
    await second.click("main button[type=submit]")
    await second.wait_for_url("**/tickets/1")
    await first.close()
    await only_hold_drafts(second)
    await second.goto("/tickets/new")

    await expect(second.locator("[name=query]")).to_have_value("My parcel is wet")
    await expect(second.locator("[name=priority]")).to_have_value("urgent")


async def test_what_an_earlier_version_kept_of_a_ticket_goes_on(desk: Desk) -> None:
    carla = await desk.visit("carla", "/tickets/new", live=False)
    await carla.evaluate(
        "([name, draft]) => localStorage.setItem(name, JSON.stringify(draft))",
        [f"ccr:draft:{desk.live.id('carla')}:new", {"query": "My parcel is wet", "priority": "high"}],
    )

    await carla.reload()

    await expect(carla.locator("[name=query]")).to_have_value("My parcel is wet")
    await expect(carla.locator("[name=priority]")).to_have_value("high")


async def test_a_ticket_raised_without_a_connection_is_raised_on_return(desk: Desk, line: Proxy) -> None:
    carla = await desk.visit("carla", "/tickets/new", live=False)
    await desk.worker_at_hand(carla)
    await carla.goto("/tickets")
    await carla.goto("/tickets/new")
    await fill(carla)
    await comes_true(carla, "caches.match('/tickets', {ignoreVary: true}).then(Boolean)")
    gone(line)
    await carla.click("main button[type=submit]")
    await expect(carla.get_by_role("status")).to_contain_text("Your ticket is kept here")
    assert await outgoing(carla) == 1
    await carla.goto("/tickets")
    await expect(carla.locator(".unraised")).to_contain_text("My parcel is wet waits for a connection")

    line.heal()
    await carla.goto("/tickets")
    await expect(carla.locator("#t1 .subject")).to_have_text("My parcel is wet")
    await expect(carla.locator(".unraised")).to_be_hidden()
    assert await raised(desk) == [("My parcel is wet", "urgent")]


async def test_the_form_is_at_hand_without_a_connection_though_it_was_never_opened(
    desk: Desk, line: Proxy
) -> None:
    carla = await desk.visit("carla")
    await desk.worker_at_hand(carla)
    await carla.goto("/tickets")
    await comes_true(carla, "caches.match('/tickets/new', {ignoreVary: true}).then(Boolean)")

    gone(line)
    await carla.get_by_role("link", name="New ticket").click()
    await fill(carla)
    await carla.click("main button[type=submit]")

    await expect(carla.get_by_role("status")).to_contain_text("Your ticket is kept here")


async def test_a_refused_one_says_why_where_it_is_wrong(desk: Desk) -> None:
    carla = await desk.visit("carla", "/tickets/new", live=False)
    await carla.fill("[name=query]", " \N{NO-BREAK SPACE} ")
    await carla.click("main button[type=submit]")

    await expect(carla.locator("#query-error")).to_be_visible()
    assert await outgoing(carla) == 0
    assert await raised(desk) == []
    desk.complaints.clear()  # the browser's own line about the answer's status
