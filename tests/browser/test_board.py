"""Lists that keep themselves up to date: the admin's board above all."""

from collections.abc import Mapping

import pytest
from playwright.async_api import Page, expect

from ccr.desk.refusals import Code, Refusal
from tests.browser.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def rows(page: Page) -> list[str]:
    """The tickets' numbers from top to bottom."""
    return await page.locator(".ticket-row .number").all_inner_texts()


async def counts(page: Page) -> Mapping[str, str]:
    """What stands behind each tab."""
    tabs = await page.locator("[data-count]").all()
    return {await tab.get_attribute("data-count") or "": await tab.inner_text() for tab in tabs}


async def test_the_newest_activity_is_on_top_and_the_counts_go_along(desk: Desk) -> None:
    first, second = await desk.live.raise_ticket(), await desk.live.raise_ticket("omar")
    ada = await desk.visit("ada")
    assert await rows(ada) == [f"#{second}", f"#{first}"]

    await desk.live.do("ada", first, "assign_agent", agent=desk.live.id("amir"))
    await expect(ada.locator(".ticket-row .number").first).to_have_text(f"#{first}")
    third = await desk.live.raise_ticket()
    await expect(ada.locator(".ticket-row .number").first).to_have_text(f"#{third}")
    await desk.live.do("amir", first, "post_message", body="Hello")
    await desk.live.do("omar", second, "close_ticket")
    await expect(ada.locator(f"#t{second}")).to_have_count(0)

    await expect(ada.locator("[data-count=waiting]")).to_have_text("1")
    assert await counts(ada) == {"open": "2", "unassigned": "1", "waiting": "1", "closed": "1"}
    # What was said moves nothing on an admin's board: they do not see that it was.
    assert await rows(ada) == [f"#{third}", f"#{first}"]
    await ada.reload()
    assert await counts(ada) == {"open": "2", "unassigned": "1", "waiting": "1", "closed": "1"}


async def test_a_filtered_list_keeps_to_its_filter(desk: Desk) -> None:
    ticket = await desk.live.raise_ticket(query="A broken lamp")
    unassigned = await desk.visit("ada", "/tickets?show=unassigned")
    amirs = await desk.visit("ada", f"/tickets?agent={desk.live.id('amir')}")
    lamps = await desk.visit("ada", "/tickets?q=LAMP")
    row = f"#t{ticket}"

    await desk.live.do("ada", ticket, "assign_agent", agent=desk.live.id("amir"))
    await expect(unassigned.locator(row)).to_have_count(0)
    await expect(amirs.locator(row)).to_be_visible()
    await desk.live.do("ada", ticket, "assign_agent", agent=desk.live.id("bea"))
    await expect(amirs.locator(row)).to_have_count(0)
    await desk.live.do("ada", ticket, "assign_agent", agent=None)
    await expect(unassigned.locator(row)).to_be_visible()
    await desk.live.raise_ticket(query="A table")
    await desk.live.raise_ticket(query="Two lamps")
    await expect(lamps.locator("#t3")).to_be_visible()
    assert await rows(lamps) == ["#3", "#1"]


async def test_a_row_stays_under_the_hand_that_chooses_in_it(desk: Desk) -> None:
    first = await desk.live.raise_ticket()
    await desk.live.raise_ticket("omar")
    ada = await desk.visit("ada")
    await ada.focus(f"#t{first} select")

    await desk.live.do("ada", first, "set_priority", priority="high")
    await expect(ada.locator(f"#t{first} .weight")).to_have_text("High")
    assert await rows(ada) == ["#2", "#1"]
    await expect(ada.locator(f"#t{first} select")).to_be_focused()
    await ada.focus("[name=q]")

    await expect(ada.locator(".ticket-row .number").first).to_have_text("#1")


async def test_the_dropdown_tells_who_is_there_and_how_much_they_have(desk: Desk) -> None:
    ticket = await desk.live.raise_ticket()
    ada = await desk.visit("ada")
    option = ada.locator(f"#t{ticket} option", has_text="Amir")
    await expect(option).to_have_text("Amir Azad · 0 open")

    amir = await desk.visit("amir")
    await expect(option).to_have_text("Amir Azad · 0 open · online")
    await ada.locator(f"#t{ticket} select").select_option(str(desk.live.id("amir")))
    await expect(option).to_have_text("Amir Azad · 1 open · online")
    await expect(amir.locator(f"#t{ticket}")).to_be_visible()
    await amir.close()
    await expect(option).to_have_text("Amir Azad · 1 open")
    await desk.live.do("carla", ticket, "close_ticket")
    await desk.live.raise_ticket()

    await expect(ada.locator("#t2 option", has_text="Amir")).to_have_text("Amir Azad · 0 open")


async def test_an_assignment_that_is_refused_says_so_and_is_undone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await desk.live.raise_ticket()
    ada = await desk.visit("ada")

    async def refuse(*_: object, **__: object) -> None:
        raise Refusal(Code.UNAVAILABLE, "Not now.")

    with monkeypatch.context() as stubborn:
        stubborn.setattr(desk.live.registry.changes, "carry_out", refuse)
        await ada.locator(f"#t{ticket} select").select_option(str(desk.live.id("amir")))
        await expect(ada.locator(f"#t{ticket} .said")).to_have_text("Not now.")
    await expect(ada.locator(f"#t{ticket} select option:checked")).to_have_text("Nobody yet")


async def test_waiting_times_go_on_by_themselves(desk: Desk) -> None:
    ticket = await desk.live.raise_ticket()
    ada = await desk.visit("ada")
    since = ada.locator(f"#t{ticket} .since")
    await expect(since).to_have_text("< 1 min")
    await ada.clock.install()
    await ada.reload()
    await ada.wait_for_selector("[data-live]")

    await ada.clock.fast_forward("05:10")

    await expect(since).to_have_text("5 min")


async def test_what_happened_while_away_is_there_on_return(desk: Desk) -> None:
    first, second = await desk.live.raise_ticket(), await desk.live.raise_ticket("omar")
    ada = await desk.visit("ada")

    await desk.cut(ada.context)
    await expect(ada.locator(".line-state")).to_be_visible()
    await desk.live.do("carla", first, "close_ticket")
    third = await desk.live.raise_ticket()
    await desk.live.do("ada", second, "assign_agent", agent=desk.live.id("bea"))
    await desk.mend(ada.context)

    await expect(ada.locator(f"#t{first}")).to_have_count(0)
    await expect(ada.locator(f"#t{second} .status")).to_have_text("Assigned")
    await expect(ada.locator(f"#t{third}")).to_be_visible()
    await expect(ada.locator("[data-count=closed]")).to_have_text("1")
    await expect(ada.locator(f"#t{third} option", has_text="Bea")).to_have_text("Bea Brun · 1 open")


async def test_carlas_list_shows_what_is_new_to_her(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla")

    for number in range(2):
        await desk.live.do("amir", ticket, "post_message", body=f"Line {number}")
    badge = carla.locator(f"#t{ticket} .badge")
    await expect(badge).to_have_text("2 new")
    await expect(carla).to_have_title("(2) My tickets · Customer Care Registry")
    await expect(carla.locator(f"#t{ticket} .on")).to_have_text("Your turn")
    reading = await desk.visit("carla", f"/tickets/{ticket}")

    await expect(badge).to_be_hidden()
    await expect(carla).to_have_title("My tickets · Customer Care Registry")
    await reading.close()


async def test_an_agent_who_loses_a_ticket_loses_its_row(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    amir = await desk.visit("amir")
    await expect(amir.locator(f"#t{ticket}")).to_be_visible()

    await desk.live.do("ada", ticket, "assign_agent", agent=desk.live.id("bea"))

    await expect(amir.locator(f"#t{ticket}")).to_have_count(0)
    await expect(amir.locator(".empty")).to_be_visible()
    await expect(amir.locator("[data-count=open]")).to_have_text("0")


async def test_a_time_older_than_the_waiting_says_that_it_is_of_the_last_change(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    ada = await desk.visit("ada")
    changed = ada.locator(f"#t{ticket} .last")
    await expect(changed).not_to_contain_text("Changed", use_inner_text=True)

    await desk.live.do("amir", ticket, "post_message", body="Hello")

    await expect(changed).to_contain_text("Changed", use_inner_text=True)
    await ada.reload()
    await expect(changed).to_contain_text("Changed", use_inner_text=True)
