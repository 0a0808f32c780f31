"""Voice notes, by Chromium's fake microphone: a beep every second."""

import os
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.browser.desk import LIVE, Desk, comes_true

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BODY = "textarea[name=body]"
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
MICROPHONE = ["microphone"]
DENIED = ["geolocation"]
"""Something else is allowed, and so the microphone is not."""

PLAYED = """(selector) => {
  const { currentTime, played } = document.querySelector(selector);
  return currentTime > 0 && played.length > 0;
}"""

LINES = """(node) => {
  const range = document.createRange();
  range.selectNodeContents(node);
  return new Set([...range.getClientRects()].map(({ top }) => top)).size;
}"""
"""How many lines it takes."""

FORWARD = """() => {
  const now = performance.now.bind(performance);
  let ahead = 0;
  performance.now = () => now() + ahead;
  globalThis.forward = (ms) => (ahead += ms);
}"""

HIDE = """() => {
  Object.defineProperty(document, "hidden", { value: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def record(page: Page) -> Any:
    return page.get_by_role("button", name="Record a voice note")


async def is_recording(page: Page) -> None:
    """There is something to be heard by now."""
    await expect(page.locator(".recording .wave i").nth(3)).to_be_attached()


async def look(page: Page, name: str) -> None:
    if folder := os.environ.get("LOOK"):
        await page.screenshot(path=f"{folder}/{name}.png")


async def faults(page: Page) -> list[str]:
    found = (await Axe().run(page)).response["violations"]
    return [f"{fault['id']} at {[node['target'] for node in fault['nodes']]}" for fault in found]


async def test_a_voice_note_is_recorded_listened_to_sent_and_played(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}", permissions=MICROPHONE, **PHONE)
    amir = await desk.visit("amir", f"/tickets/{ticket}", color_scheme="dark")
    fetched: list[str] = []
    amir.on("request", lambda request: fetched.append(request.url))

    await record(carla).tap()
    await is_recording(carla)
    await look(carla, "recording")
    assert await faults(carla) == []
    await carla.get_by_role("button", name="Stop").tap()
    await carla.locator(".tray").get_by_role("button", name="Play").tap()
    await comes_true(carla, PLAYED, ".tray audio")
    await look(carla, "note-to-send")
    assert await faults(carla) == []
    await carla.get_by_role("button", name="Send", exact=True).tap()

    note = amir.locator("#e3 .sound")
    await expect(note.locator(".wave i").nth(3)).to_be_visible()
    assert [url for url in fetched if "/attachments/" in url] == [], "only what is played is fetched"
    await look(amir, "note")
    assert await faults(amir) == []
    await note.get_by_role("button", name="Play").click()
    await comes_true(amir, PLAYED, "#e3 audio")
    for speed in ("1.5×", "2×", "1×"):
        await note.locator(".speed").click()
        await expect(note.locator(".speed")).to_have_accessible_name(f"Speed {speed}")
        rate = await amir.evaluate("document.querySelector('#e3 audio').playbackRate")
        assert rate == float(speed[:-1])

    [(media_type, duration, size)] = await desk.live.rows(
        "SELECT media_type, duration_ms, bytes FROM attachments"
    )
    assert media_type == "audio/webm"
    assert duration >= 400
    assert size / duration < 10, "bytes in a millisecond: far more than 24 kbit/s"


async def test_who_comes_later_goes_to_a_moment_of_it_by_the_keyboard(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    narrow = {"width": 390, "height": 844}
    carla = await desk.visit("carla", f"/tickets/{ticket}", permissions=MICROPHONE, viewport=narrow)
    await carla.evaluate(FORWARD)
    await record(carla).click()
    await is_recording(carla)
    await carla.fill(BODY, "Listen to this")
    await carla.press(BODY, "Enter")  # which ends it and takes it along
    await expect(carla.locator("#e3 .body")).to_have_text("Listen to this")
    assert await carla.locator("#e3 .player .number").evaluate(LINES) == 1

    amir = await desk.visit("amir", f"/tickets/{ticket}")
    slider = amir.get_by_role("slider", name="Position")
    await slider.focus()
    await slider.press("ArrowRight")
    await slider.press("ArrowUp")
    await comes_true(amir, "document.querySelector('#e3 audio').currentTime > 0")
    await expect(slider).to_be_focused()
    assert " of " in (await slider.get_attribute("aria-valuetext") or "")
    assert await desk.live.count("entries") == 3


async def test_however_a_recording_ends_what_was_said_is_kept_unless_it_is_discarded(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}", permissions=MICROPHONE, reduced_motion="reduce")
    await carla.evaluate(FORWARD)
    notes = carla.locator(".tray .sound")

    await record(carla).hover()
    await carla.mouse.down()
    await is_recording(carla)
    await expect(carla.locator(".recording .wave i").first).to_be_hidden()
    await carla.evaluate("forward(1_000)")
    await carla.mouse.move(5, 5)
    await carla.mouse.up()  # held, and let go of
    await expect(notes).to_have_count(1)

    await record(carla).click()
    await is_recording(carla)
    await carla.evaluate("forward(150_500)")
    await expect(carla.locator(".recording .number")).to_contain_text("left")
    await expect(carla.locator(".recording [role=status]")).to_have_text("30 seconds left")
    await carla.evaluate("forward(30_000)")  # three minutes are over
    await expect(notes).to_have_count(2)
    assert await notes.nth(1).get_attribute("data-duration") == "180000"

    await record(carla).focus()
    await carla.keyboard.press("Enter")
    await is_recording(carla)
    await carla.get_by_role("button", name="Discard").press("Enter")
    await expect(carla.locator(".recording")).to_have_count(0)
    await expect(record(carla)).to_be_focused()
    await expect(notes).to_have_count(2)

    await record(carla).click()
    await is_recording(carla)
    await carla.evaluate(HIDE)
    await expect(notes).to_have_count(3)
    await expect(carla.locator(".recording")).to_have_count(0)


async def test_without_leave_it_says_so_and_what_cannot_record_offers_no_button(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}", permissions=DENIED)
    await carla.locator("[name=files]").set_input_files(
        {"name": "a.txt", "mimeType": "text/plain", "buffer": b"hello"}
    )
    await expect(carla.locator(".tray .pick")).to_have_count(1)

    await record(carla).click()

    await expect(carla.locator(".composer > .error")).to_contain_text("Allow it for this site")
    await expect(carla.locator(".tray .pick")).to_have_count(1)
    await expect(carla.locator(".recording")).to_have_count(0)
    await carla.fill(BODY, "With words there is no room for it, nor need")
    await expect(record(carla)).to_be_hidden()
    await carla.press(BODY, "Enter")
    await expect(carla.locator("#e3 .file .name")).to_have_text("a.txt")
    await expect(record(carla)).to_be_visible()

    await carla.add_init_script("delete globalThis.MediaRecorder")
    await carla.goto(f"/tickets/{ticket}")
    await carla.wait_for_selector(LIVE)
    await expect(record(carla)).to_be_hidden()


async def test_a_browser_that_records_mp4_only_sends_that(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}", permissions=MICROPHONE)
    await carla.evaluate(
        """() => {
          const able = MediaRecorder.isTypeSupported;
          MediaRecorder.isTypeSupported = (type) => type.startsWith("audio/mp4") && able(type);
        }"""
    )

    await record(carla).click()
    await is_recording(carla)
    await carla.get_by_role("button", name="Send", exact=True).click()

    await expect(carla.locator("#e3 .sound .wave")).to_be_visible()
    assert await desk.live.rows("SELECT media_type, name FROM attachments") == [
        ("audio/mp4", "Voice note.m4a")
    ]
    await carla.locator("#e3").get_by_role("button", name="Play").click()
    await comes_true(carla, PLAYED, "#e3 audio")
