"""What scripts draw from a socket is what the server draws from the database: one source of markup."""

import asyncio

import pytest
from playwright.async_api import Page, expect

from ccr.desk.commands import PostMessage
from ccr.desk.events import EVENTS
from ccr.services.attachments import NewUpload
from ccr.store import bots
from tests.browser.desk import Desk
from tests.file_corpus import MP4, PDF, WEBM_NOTE, picture
from tests.live import WITHIN, new_key

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ADDRESSES = (
    "See http://127.0.0.1/help/mails, or (https://example.org/a_b?c=d&e#f).",
    "javascript:alert(1) data:text/html,x https://bank.example@evil.example/ https:// HTTPS://EXAMPLE.ORG",
    'https://example.org/\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe and "https://example.org/@me"',
)

# The timeline or the list as lines, one an element: attributes in order, texts without their blanks. Left out is what
# only scripts add (highlights that pass, the order of the Tab key) and how a time is written.
AS_LINES = """(selector) => {
  const lines = [];
  const added = ["tabindex", "title", "value", "data-agent"];
  const classes = (value) => value.split(/\\s+/).filter((name) => name && !["changed", "arrived"].includes(name));
  const walk = (node, depth) => {
    if (node.nodeType === Node.TEXT_NODE) {
      const text = node.textContent.trim();
      if (text) lines.push(" ".repeat(depth) + text);
      return;
    }
    if (node.matches(".player")) return;
    const attributes = [...node.attributes]
      .filter(({ name, value }) => value !== "" && !added.includes(name))
      .map(({ name, value }) => `${name}=${name === "class" ? classes(value).sort().join(".") : value}`)
      .filter((attribute) => attribute !== "class=");
    lines.push(" ".repeat(depth) + [node.localName, ...attributes.sort()].join(" "));
    if (node.localName === "time") return;
    for (const child of node.childNodes) walk(child, depth + 1);
  };
  walk(document.querySelector(selector), 0);
  return lines;
}"""


async def drawn(page: Page, selector: str) -> list[str]:
    lines: list[str] = await page.evaluate(AS_LINES, selector)
    return lines


async def has_read(desk: Desk, name: str, page: Page) -> None:
    """Until it is stored that they have read what stands there: none of it is new to them later."""
    seq = await page.locator(".entries > .entry:not(.mine)").last.get_attribute("data-seq")
    mark = "SELECT seq FROM read_marks WHERE person_id = ? AND seq >= ?"
    async with asyncio.timeout(WITHIN):
        while not await desk.live.rows(mark, desk.live.id(name), int(seq or 0)):
            await asyncio.sleep(0.02)


async def four_files(desk: Desk, ticket: int) -> list[int]:
    """One of each kind that is drawn in its own way; their ids."""
    add, carla = desk.live.registry.attachments.add, desk.live.people["carla"]
    ids = []
    for name, content in (
        ("a & b.png", picture("PNG")),
        ("c.webm", WEBM_NOTE),
        ("d.mp4", MP4),
        ("e.pdf", PDF),
    ):
        given = NewUpload(name=name, length=len(content), duration_ms=4_200, waveform="0az9")
        ids.append((await add(carla, ticket, given, content))["id"])
    return ids


async def the_bot_says(desk: Desk, ticket: int, body: str) -> None:
    """The actor that is no login."""
    registry = desk.live.registry
    bot = await registry.database.write(lambda connection: bots.person(connection, 0))
    await registry.changes.carry_out(bot, ticket, new_key(), PostMessage(body=body, reply_to=1))


async def everything_happens(desk: Desk) -> int:
    """A ticket with every type of event, and every shape each can have; the number of its last entry."""
    live, ticket = desk.live, 1
    await live.do("ada", ticket, "assign_agent", agent=live.id("amir"))
    await live.do("carla", ticket, "post_message", body="It <b>hums</b>.\n\nAt  night & day.")
    await the_bot_says(desk, ticket, "See /help/mails, or <b>/help/Z</b>.")
    await live.do("carla", ticket, "request_person")
    await live.do("amir", ticket, "post_message", body="Since when?", reply_to=3)
    await live.do("amir", ticket, "post_message", body="And where?", reply_to=1)
    await live.do("carla", ticket, "post_message", body="x" * 200)
    await live.do("carla", ticket, "post_message", body="See above", reply_to=8)
    await live.do("amir", ticket, "post_note", body="Transformer?")
    await live.do("amir", ticket, "post_note", body="Nonsense")
    await live.do("amir", ticket, "redact_message", of=11)
    await live.do("carla", ticket, "redact_message", of=8, reason="Too long")
    for words in ADDRESSES:
        await live.do("amir", ticket, "post_message", body=words)
    await live.do("amir", ticket, "post_note", body=ADDRESSES[0])
    await live.do("amir", ticket, "set_priority", priority="urgent")
    await live.do("ada", ticket, "assign_agent", agent=None)
    await live.do("ada", ticket, "assign_agent", agent=live.id("amir"))
    await live.do("carla", ticket, "post_message", attachments=await four_files(desk, ticket))
    await live.do("amir", ticket, "close_ticket", reason="Replaced & gone")
    await live.do("carla", ticket, "rate_ticket", stars=4, comment="Quick, kind")
    await live.do("carla", ticket, "reopen_ticket")
    await live.do("carla", ticket, "close_ticket")
    last = await live.do("carla", ticket, "rate_ticket", stars=5)
    return int(last["seq"])


@pytest.mark.parametrize("name", ["carla", "ada"])
async def test_a_timeline_seen_live_is_the_timeline_seen_later(desk: Desk, name: str) -> None:
    await desk.live.do("carla", None, "open_ticket", query="It hums", details=f"A & B: {ADDRESSES[0]}")
    live_page = await desk.visit(name, "/tickets/1")

    last = await everything_happens(desk)
    await expect(live_page.locator(f"#e{last}")).to_be_attached()
    if name == "carla":
        await expect(live_page.locator(".files :is(.picture, .sound, .film, .file[download])")).to_have_count(
            4
        )
        await has_read(desk, name, live_page)
    live_lines = await drawn(live_page, ".entries")
    later_page = await desk.visit(name, "/tickets/1", java_script_enabled=False)

    assert live_lines == await drawn(later_page, ".entries")
    types = set(
        await later_page.locator(".entry").evaluate_all("items => items.map((item) => item.dataset.type)")
    )
    seen_by_nobody_else = {"note_posted"} | (
        {"message_posted", "message_redacted"} if name == "ada" else set()
    )
    assert types == set(EVENTS) - seen_by_nobody_else


async def test_the_agents_timeline_too_with_its_notes(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    live_page = await desk.visit("amir", f"/tickets/{ticket}")

    await desk.live.do("carla", ticket, "post_message", body="Hello?")
    await desk.live.do("amir", ticket, "post_note", body="Transformer?")
    await desk.live.do("amir", ticket, "post_note", body="Nonsense")
    await desk.live.do("amir", ticket, "redact_message", of=5)
    await desk.live.do("amir", ticket, "post_message", body="Hello!", reply_to=3)
    await expect(live_page.locator("#e7")).to_be_attached()
    await has_read(desk, "amir", live_page)
    live_lines = await drawn(live_page, ".entries")
    later_page = await desk.visit("amir", f"/tickets/{ticket}", java_script_enabled=False)

    assert live_lines == await drawn(later_page, ".entries")


@pytest.mark.parametrize("name", ["carla", "amir", "ada"])
async def test_a_list_seen_live_is_the_list_seen_later(desk: Desk, name: str) -> None:
    live, page = desk.live, await desk.visit(name)

    for query in ("It hums", "A & <b>", "Third"):
        await live.do(
            "carla", None, "open_ticket", query=query, priority="high" if query == "Third" else "normal"
        )
    for ticket in (1, 2):
        await live.do("ada", ticket, "assign_agent", agent=live.id("amir"))
    await live.do("amir", 2, "post_message", body="Hello")
    await live.do("carla", 1, "post_message", body="Hello")
    await live.do("amir", 1, "set_priority", priority="urgent")
    await expect(page.locator("#t1 .weight")).to_have_text("Urgent")
    if name == "carla":
        await live.do("carla", 3, "close_ticket")
        await live.do("carla", 3, "rate_ticket", stars=2)
        await expect(page.locator("#t3 .rated")).to_be_visible()
    if name == "ada":
        # Opened and assigned within one push, it is counted only when the board has asked again.
        await expect(page.locator("#t1 option").nth(1)).to_have_text("Amir Azad · 2 open")
    await expect(page.locator(".ticket-row")).to_have_count({"carla": 3, "amir": 2, "ada": 3}[name])
    live_lines = await drawn(page, ".ticket-rows")
    later_page = await desk.visit(name, java_script_enabled=False)

    assert live_lines == await drawn(later_page, ".ticket-rows")


@pytest.mark.parametrize("scripts", [True, False])
async def test_addresses_that_people_write_can_be_followed_and_nothing_else(
    desk: Desk, scripts: bool
) -> None:
    ticket = await desk.live.ticket_with_agent()
    if not scripts:
        for words in ADDRESSES:
            await desk.live.do("amir", ticket, "post_message", body=words)
    carla = await desk.visit("carla", f"/tickets/{ticket}", java_script_enabled=scripts)
    if scripts:
        for words in ADDRESSES:
            await desk.live.do("amir", ticket, "post_message", body=words)

    await expect(carla.locator(".entries .body")).to_have_text(list(ADDRESSES))
    links = carla.locator(".entries .body a")
    assert await links.evaluate_all("links => links.map((link) => link.getAttribute('href'))") == [
        "http://127.0.0.1/help/mails",
        "https://example.org/a_b?c=d&e#f",
        "https://example.org/",
        "https://example.org/@me",
    ]
    assert await links.evaluate_all("links => links.every(({ rel, target }) => rel && target === '_blank')")
