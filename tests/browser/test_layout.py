"""Nothing sticks out of a page, and nothing lies on anything else, on whatever screen."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.desk import LIVE, Desk

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WIDTHS = (320, 360, 390, 768, 860, 1080, 1280)
LONG = "Donaudampfschifffahrtsgesellschaft"
PAGES = {
    "carla": ("/tickets", "/tickets/1", "/tickets/2", "/tickets/new", "/account", "/help"),
    "amir": ("/tickets", "/tickets?show=closed", "/tickets/1", "/tickets/2", "/help/new", "/feedback"),
    "ada": ("/tickets", "/tickets/1", "/agents", "/notices", "/feedback"),
}

# What stands beside each other: the words, as far as they can be seen, of which no two may share a place, and none is
# left no more than a letter's breadth.
ON_EACH_OTHER = """() => {
  const beside = ":is(.header, .sieve, .ticket-row, .about, .agent > .ends) *";
  const isSeen = (part) => !part.closest("svg, option, .unseen") && part.checkVisibility({ visibilityProperty: true });
  const saysIt = (part) => part.matches("input, select") || (!part.children.length && part.textContent.trim());
  const parts = [...document.querySelectorAll(beside)]
    .filter((part) => isSeen(part) && saysIt(part))
    .map((part) => ({ part, box: part.getBoundingClientRect() }));
  const isSqueezed = ({ box }) => box.width < 24 && box.height > 72;
  const found = parts.filter(isSqueezed).map(({ part }) => `${part.textContent} is squeezed into letters`);
  parts.forEach(({ part, box: a }, n) => {
    for (const { part: other, box: b } of parts.slice(n + 1)) {
      const isApart = a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
      if (!isApart) found.push(`${part.textContent || part.name} / ${other.textContent || other.name}`);
    }
  });
  return found;
}"""
STICKS_OUT = "document.documentElement.scrollWidth > innerWidth"


async def a_full_desk(desk: Desk) -> None:
    """Tickets with much to say about them: one that goes on, one that is closed, and one nobody has."""
    live = desk.live
    await live.do("carla", None, "open_ticket", query=f"{LONG}: where is it?", priority="urgent")
    await live.do("carla", None, "open_ticket", query=LONG * 2)
    for ticket in (1, 2):
        await live.do("ada", ticket, "assign_agent", agent=live.id("amir"))
    await live.do("amir", 1, "post_message", body=f"https://shop.example.org/{'a' * 200}")
    await live.do("carla", 1, "post_message", body="x" * 300)
    await live.do("carla", 2, "close_ticket")
    await live.do("carla", None, "open_ticket", query="It hums", priority="low")


async def faults(page: Page) -> list[Any]:
    """What is wrong with the page as it stands."""
    found: list[Any] = await page.evaluate(ON_EACH_OTHER)
    return found + (["it sticks out"] if await page.evaluate(STICKS_OUT) else [])


@pytest.mark.parametrize("name", PAGES)
async def test_pages_fit_on_every_screen(desk: Desk, name: str) -> None:
    await a_full_desk(desk)
    page = await desk.visit(name)

    found = {}
    for path in PAGES[name]:
        await page.goto(path)
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 800})
            if wrong := await faults(page):
                found[path, width] = wrong

    assert not found


async def test_a_strangers_pages_fit_on_every_screen(desk: Desk) -> None:
    context = await desk.browser.new_context(base_url=desk.live.url)
    page = await context.new_page()

    found = {}
    for path in ("/", "/login", "/register", "/help", "/help/questions"):
        await page.goto(path)
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 800})
            if wrong := await faults(page):
                found[path, width] = wrong

    assert not found


async def test_on_a_phone_that_shows_everything_twice_as_large_one_comes_everywhere_and_writes(
    desk: Desk,
) -> None:
    ticket = await desk.live.ticket_with_agent()
    look: dict[str, Any] = {"viewport": {"width": 195, "height": 422}}
    carla = await desk.visit("carla", f"/tickets/{ticket}", **look)
    field = await carla.locator("textarea[name=body]").bounding_box()
    assert field
    assert field["width"] > 140
    stranger = await (await desk.browser.new_context(base_url=desk.live.url, **look)).new_page()

    for page, paths in (
        (carla, ("/tickets", f"/tickets/{ticket}", "/tickets/new", "/account")),
        (stranger, ("/", "/login", "/register")),
    ):
        for path in paths:
            await page.goto(path)
            assert not await page.evaluate(STICKS_OUT), path


@pytest.mark.parametrize("width", WIDTHS[:2])
async def test_a_ticket_fits_without_scripts_too(desk: Desk, width: int) -> None:
    await a_full_desk(desk)
    size = {"width": width, "height": 800}

    page = await desk.visit("carla", "/tickets/1", java_script_enabled=False, viewport=size)

    assert await faults(page) == []
    picker = await page.locator("[name=files]").bounding_box()
    assert picker
    assert picker["x"] + picker["width"] <= width


async def test_a_long_address_in_the_message_leaves_the_button_that_sends_it(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    for look in ({"width": 390, "height": 800}, {"width": 1280, "height": 800}):
        carla = await desk.visit("carla", f"/tickets/{ticket}", viewport=look)

        await carla.fill("textarea[name=body]", "https://example.org/" + "a" * 2_000)

        await expect(carla.get_by_role("button", name="Send")).to_be_in_viewport(ratio=1)
        assert await faults(carla) == []


async def test_what_may_be_read_of_an_agents_ticket_has_the_width_of_the_phone(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    amir = await desk.visit("amir", f"/tickets/{ticket}", viewport={"width": 360, "height": 740})
    assert await amir.locator("summary .row").evaluate("row => row.clientHeight") < 40, "it is one line"

    await amir.locator(".about summary").click()

    assert await amir.locator(".about .facts").evaluate("facts => facts.clientWidth") > 300
    assert await faults(amir) == []


async def test_on_a_low_screen_an_agent_scrolls_to_the_suggested_replies_and_still_writes(desk: Desk) -> None:
    ticket = await desk.live.raise_ticket(query="I forgot my password")
    await desk.live.do("ada", ticket, "assign_agent", agent=desk.live.id("amir"))
    amir = await desk.visit("amir", f"/tickets/{ticket}", viewport={"width": 970, "height": 600})

    insert = amir.get_by_role("button", name="Insert").first
    await insert.scroll_into_view_if_needed()

    await expect(insert).to_be_in_viewport(ratio=1)
    await expect(amir.get_by_role("button", name="Send")).to_be_in_viewport(ratio=1)
    assert await amir.locator("#suggested").evaluate("box => box.scrollHeight <= box.clientHeight")


async def test_the_tab_key_stops_at_a_title_only_where_it_folds_anything(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    title = carla.locator(".about summary")

    await expect(title).to_have_attribute("tabindex", "-1")
    await desk.live.do("ada", ticket, "set_priority", priority="high")
    await expect(carla.locator(".about .weight")).to_have_text("High")
    await expect(title).to_have_attribute("tabindex", "-1")

    await carla.set_viewport_size({"width": 390, "height": 800})
    await expect(title).to_have_attribute("tabindex", "0")
    await carla.wait_for_selector(LIVE)
