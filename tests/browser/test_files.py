"""Files in the conversation, in browsers."""

import asyncio
import hashlib
import os
import re
from functools import cache
from typing import Any, cast

import pytest
from axe_playwright_python.async_playwright import Axe
from PIL import Image
from playwright.async_api import FilePayload, Page, expect

from tests.accounts_house import PASSWORD
from tests.browser.desk import LIVE, Desk, comes_true
from tests.file_corpus import HTML, PDF, photograph, picture, saved
from tests.files_house import Shaky
from tests.proxy import open_proxy
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHOTO: FilePayload = {"name": "Küche.jpg", "mimeType": "image/jpeg", "buffer": photograph("JPEG", (640, 480))}
PLAN: FilePayload = {"name": "Plan.pdf", "mimeType": "application/pdf", "buffer": PDF}
PICK = "[name=files]"
BODY = "textarea[name=body]"
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

SLOW = 50_000
"""Bytes a second: 400 kbit/s."""
QUICK = 3_000_000
BY_HAND = bool(os.environ.get("SLOW_TO_THE_END"))
"""`SLOW_TO_THE_END=1` keeps the line at 400 kbit/s for all of the picture, which takes two minutes."""

FILM_AND_SOUND = """async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 48 });
  const context = canvas.getContext("2d");
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const heard = audio.createMediaStreamDestination();
  tone.connect(heard);
  tone.start();
  const record = async (stream, type, name) => {
    const recorder = new MediaRecorder(stream, { mimeType: type });
    const parts = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    const over = new Promise((resolve) => (recorder.onstop = resolve));
    recorder.start(100);
    for (let n = 0; parts.reduce((sum, { size }) => sum + size, 0) < 2_000 || parts.length < 5; n++) {
      context.fillStyle = `hsl(${n * 40} 80% 50%)`;
      context.fillRect(n % 60, 0, 20, 48);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    recorder.stop();
    await over;
    return new File(parts, name, { type });
  };
  const data = new DataTransfer();
  data.items.add(await record(canvas.captureStream(20), "video/webm;codecs=vp8", "film.webm"));
  data.items.add(await record(heard.stream, "audio/webm;codecs=opus", "sound.webm"));
  const event = new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: data });
  document.querySelector("textarea").dispatchEvent(event);
}"""
"""A film and a sound as short as can be, made by the browser and dropped."""


PARCELS = """() => new Promise((resolve) => {
  indexedDB.open("ccr-files").onsuccess = ({ target: { result } }) => {
    const count = result.transaction("parcels").objectStore("parcels").count();
    count.onsuccess = () => (result.close(), resolve(count.result));
  };
})"""
"""How many messages wait for their files in this browser."""


@cache
def large_photograph() -> bytes:
    """Five megabytes."""
    noise = Image.effect_noise((2400, 1800), 90).convert("RGB")
    made = saved(noise, "JPEG", quality=92)
    return made + b"\0" * (5_000_000 - len(made)) if len(made) < 5_000_000 else made


def shaky_store(desk: Desk) -> Shaky:
    """What files are kept in from now on."""
    attachments = desk.live.registry.attachments
    store: Any = Shaky(attachments.store)
    attachments.store = store
    return cast(Shaky, store)


async def shown(page: Page, selector: str) -> None:
    """A picture is not only there but has been drawn."""
    await comes_true(page, "(selector) => document.querySelector(selector)?.naturalWidth > 0", selector)


async def faults(page: Page) -> list[str]:
    found = (await Axe().run(page)).response["violations"]
    return [f"{fault['id']} at {[node['target'] for node in fault['nodes']]}" for fault in found]


async def test_without_scripts_files_go_with_the_form(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}", java_script_enabled=False)
    amir = await desk.visit("amir", f"/tickets/{ticket}")

    await carla.locator(PICK).set_input_files([PHOTO, PLAN])
    await carla.click("message-composer button[type=submit]")

    for page in (carla, amir):
        await expect(page.locator("#e3 .files .name, #e3 .files img")).to_have_count(2)
    await expect(carla.locator("#e3 img")).to_have_attribute("alt", "Küche.jpg")


async def test_carla_sends_a_photograph_from_her_phone_and_amir_looks_at_it(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}", **PHONE)
    amir = await desk.visit("amir", f"/tickets/{ticket}")

    await expect(carla.get_by_label("Take a photograph")).to_have_attribute("capture", "environment")
    await carla.get_by_label("Take a photograph").set_input_files(PHOTO)
    await expect(carla.locator(".tray .pick")).to_have_count(1)
    await carla.locator(PICK).set_input_files(PLAN)
    await expect(carla.locator(".tray .pick")).to_have_count(2)
    await shown(carla, ".tray .thumb")
    if folder := os.environ.get("LOOK"):
        await carla.screenshot(path=f"{folder}/camera.png")
    await carla.fill(BODY, "This is how it looks")
    await expect(carla.get_by_label("Take a photograph")).to_be_hidden()
    await carla.get_by_role("button", name="Send", exact=True).tap()

    await shown(amir, "#e3 .picture img")
    await expect(amir.locator("#e3 .body")).to_have_text("This is how it looks")
    await expect(amir.locator("#e3 .file .name")).to_have_text("Plan.pdf")
    await expect(carla.locator("#e3 .picture img")).to_be_visible()
    await expect(carla.locator(".pending .entry")).to_have_count(0)
    await expect(carla.locator(".tray")).to_be_hidden()
    assert await carla.evaluate("Object.keys(localStorage).filter((name) => name.includes('parcel'))") == []
    if folder := os.environ.get("LOOK"):
        await carla.screenshot(path=f"{folder}/phone.png")
        await amir.screenshot(path=f"{folder}/desk.png")

    await amir.click("#e3 .picture")
    await shown(amir, ".lightbox img")
    await expect(amir.locator(".lightbox")).to_contain_text("Küche.jpg")
    await amir.keyboard.press("Escape")
    await expect(amir.locator(".lightbox")).to_have_count(0)
    await expect(amir.locator("#e3 .picture")).to_be_focused()


async def test_where_the_part_that_sends_files_cannot_be_had_they_go_with_the_form(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    await carla.route("**/static/files-*.js", lambda route: route.abort())

    await carla.locator(PICK).set_input_files([PHOTO, PLAN])
    await carla.press(BODY, "Enter")

    await expect(carla.locator("#e3 .files .name, #e3 .files img")).to_have_count(2)
    desk.complaints.clear()


async def test_a_file_that_may_not_be_sent_says_why_and_the_rest_goes(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    page: FilePayload = {"name": "page.txt", "mimeType": "text/plain", "buffer": HTML}

    await carla.locator(PICK).set_input_files([page, PLAN])
    await expect(carla.locator(".pick.failed")).to_contain_text("can carry scripts")
    await carla.press(BODY, "Enter")

    await expect(carla.locator("#e3 .file .name")).to_have_text("Plan.pdf")
    desk.complaints[:] = [words for words in desk.complaints if "status of 400" not in words]


async def test_what_is_picked_can_be_left_out_and_pasted_and_dropped(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    hand = """([kind, field, text]) => {
      const data = new DataTransfer();
      data.items.add(new File([text], `${kind}.txt`, { type: "text/plain" }));
      const Kind = kind === "paste" ? ClipboardEvent : DragEvent;
      const event = new Kind(kind, { bubbles: true, cancelable: true, [field]: data });
      document.querySelector("textarea").dispatchEvent(event);
      return event.defaultPrevented;
    }"""

    assert await carla.evaluate(hand, ["paste", "clipboardData", "pasted"])
    await expect(carla.locator(".tray .pick")).to_have_count(1)
    assert await carla.evaluate(hand, ["drop", "dataTransfer", "dropped"])
    await expect(carla.locator(".tray .pick")).to_have_count(2)
    await carla.get_by_role("button", name="Do not send paste.txt").click()
    await expect(carla.locator(".tray .pick")).to_have_count(1)
    await carla.press(BODY, "Enter")

    await expect(carla.locator("#e3 .file .name")).to_have_text("drop.txt")


async def test_what_is_picked_stays_while_the_ticket_is_closed(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    await carla.set_input_files(PICK, PLAN)
    await expect(carla.locator(".tray .pick")).to_have_count(1)
    await expect(carla.locator(".tray progress")).to_be_hidden()  # it has arrived: a closed ticket takes none
    await carla.fill(BODY, "This is the plan")

    await desk.live.do("amir", ticket, "close_ticket")
    await expect(carla.get_by_text("This ticket is closed.")).to_be_visible()
    await desk.live.do("carla", ticket, "reopen_ticket")
    await expect(carla.locator(".tray .pick")).to_contain_text("Plan.pdf")
    await carla.press(BODY, "Enter")

    sent = carla.locator(".entries .mine").last
    await expect(sent.locator(".body")).to_have_text("This is the plan")
    await expect(sent.locator(".file .name")).to_have_text("Plan.pdf")
    await expect(carla.locator(".tray .pick")).to_have_count(0)


async def test_a_large_picture_arrives_over_a_slow_line_that_is_cut_twice(desk: Desk) -> None:
    ticket, content = await desk.live.ticket_with_agent(), large_photograph()
    picture: FilePayload = {"name": "large.jpg", "mimeType": "image/jpeg", "buffer": content}

    async def received() -> int:
        rows = await desk.live.rows("SELECT received FROM uploads")
        return int(rows[0][0]) if rows else 0

    async def past(count: int) -> None:
        async with asyncio.timeout(200 if BY_HAND else 30):
            while await received() < count:
                await asyncio.sleep(0.02)

    async with open_proxy("127.0.0.1", desk.live.port) as proxy:
        desk.through(proxy)
        carla = await desk.visit("carla", f"/tickets/{ticket}")
        proxy.bandwidth = SLOW
        await carla.locator(PICK).set_input_files(picture)
        await shown(carla, ".tray .thumb")
        await carla.press(BODY, "Enter")
        await expect(carla.locator(".pending .pick progress")).to_be_visible()
        await past(1)
        assert proxy.cut()
        await carla.fill(BODY, "Do you see it?")
        await carla.press(BODY, "Enter")
        await expect(carla.locator("#e3 .body")).to_have_text("Do you see it?")
        await expect(carla.locator(".pending .pick")).to_have_count(1)
        proxy.bandwidth = SLOW if BY_HAND else QUICK
        await past(2_000_000)
        assert proxy.cut()
        await expect(carla.locator("#e4 .picture")).to_be_visible(timeout=200_000 if BY_HAND else 30_000)
        proxy.heal()

    [(digest, length)] = await desk.live.rows("SELECT digest, total FROM uploads")
    assert (digest, length) == (hashlib.sha256(content).hexdigest(), len(content))
    assert await desk.live.count("attachments") == 1
    # Two at once may ask for the same bytes to be next: the second asks again.
    desk.complaints[:] = [words for words in desk.complaints if "status of 409" not in words]


async def test_a_message_that_waits_for_its_file_outlives_a_reload_and_can_be_cancelled(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    async with open_proxy("127.0.0.1", desk.live.port) as proxy:
        desk.through(proxy)
        carla = await desk.visit("carla", f"/tickets/{ticket}")
        proxy.bandwidth = 20_000
        large: FilePayload = {"name": "large.jpg", "mimeType": "image/jpeg", "buffer": large_photograph()}
        await carla.locator(PICK).set_input_files(large)
        await expect(carla.locator(".tray .pick")).to_be_visible()
        await carla.fill(BODY, "With words")
        await carla.press(BODY, "Enter")
        await comes_true(carla, "Object.keys(localStorage).some((name) => name.startsWith('ccr:parcel'))")
        proxy.heal()
        proxy.bandwidth = 2_000_000
        await carla.reload()
        await expect(carla.locator("#e3 .picture")).to_be_visible(timeout=30_000)
        await expect(carla.locator("#e3 .body")).to_have_text("With words")

        proxy.bandwidth = 20_000
        await carla.locator(PICK).set_input_files(large)
        await expect(carla.locator(".tray .pick")).to_be_visible()
        await carla.fill(BODY, "Not this one")
        await carla.press(BODY, "Enter")
        await comes_true(carla, "Object.keys(localStorage).some((name) => name.startsWith('ccr:parcel'))")
        await carla.click("footer button")
        dialog = carla.get_by_role("dialog")
        await expect(dialog).to_contain_text("A message has not been sent")
        await dialog.get_by_role("button", name="Cancel").click()
        await carla.locator(".pending .cancel").click()
        await expect(carla.locator(BODY)).to_have_value("Not this one")
        await expect(carla.locator(".pending .entry")).to_have_count(0)
        proxy.heal()
    assert await desk.live.count("entries") == 3
    desk.complaints[:] = [words for words in desk.complaints if "status of 4" not in words]


async def test_a_message_that_waits_for_its_file_outlives_somebody_elses_sign_out_and_not_ones_own(
    desk: Desk,
) -> None:
    ticket, store = await desk.live.ticket_with_agent(), shaky_store(desk)
    page = await desk.visit("carla", f"/tickets/{ticket}")

    async def sends(words: str) -> None:
        await page.locator(PICK).set_input_files(PLAN)
        await expect(page.locator(".tray .pick")).to_be_visible()
        await page.fill(BODY, words)
        await page.press(BODY, "Enter")
        await comes_true(page, "Object.keys(localStorage).some((name) => name.startsWith('ccr:parcel'))")

    async def becomes(name: str, path: str) -> None:
        await page.goto("/login")
        await page.fill("[name=email]", f"{name}@example.org")
        await page.fill("[name=password]", PASSWORD)
        await page.click("button[type=submit]")
        await page.wait_for_url("**/tickets")
        await page.goto(path)

    store.away = True
    await sends("With the plan")
    await page.context.clear_cookies()  # as after a session that has simply run out
    await becomes("omar", "/account")
    await page.click("footer button")
    await page.wait_for_url("**/login**")
    store.away = False
    await becomes("carla", f"/tickets/{ticket}")
    await expect(page.locator("#e3 .file .name")).to_have_text("Plan.pdf")
    await expect(page.locator("#e3 .body")).to_have_text("With the plan")

    store.away = True
    await sends("Not this one")
    await page.click("footer button")
    await page.get_by_role("button", name="Sign out all the same").click()
    await page.wait_for_url("**/login**")
    store.away = False
    await becomes("carla", f"/tickets/{ticket}")
    await page.wait_for_selector(LIVE)
    assert await page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('ccr:'))") == []
    assert await page.evaluate(PARCELS) == 0
    desk.complaints[:] = [
        words for words in desk.complaints if not re.search("status of (401|409|503)", words)
    ]


async def test_over_a_slow_line_pictures_are_made_smaller_first(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    slow = "Object.defineProperty(navigator, 'connection', { value: { effectiveType: '2g' } })"
    await carla.evaluate(slow)
    wide = saved(Image.effect_noise((2400, 600), 90).convert("RGB"), "JPEG", quality=90)

    await carla.locator(PICK).set_input_files({"name": "wide.jpg", "mimeType": "image/jpeg", "buffer": wide})
    await carla.press(BODY, "Enter")

    await expect(carla.locator("#e3 .picture img")).to_have_attribute("width", "1600")
    [(length,)] = await desk.live.rows("SELECT total FROM uploads")
    assert length < len(wide)

    # Chromium takes a picture for what it is; a browser of Apple's reads HEIC as well.
    apples: FilePayload = {"name": "IMG_1.HEIC", "mimeType": "image/heic", "buffer": picture("PNG")}
    await carla.locator(PICK).set_input_files(apples)
    await carla.press(BODY, "Enter")
    await expect(carla.locator("#e4 .picture img")).to_have_attribute("alt", "IMG_1.jpg")


async def test_while_the_store_is_away_the_upload_says_so_and_tries_again(desk: Desk) -> None:
    ticket, store = await desk.live.ticket_with_agent(), shaky_store(desk)
    carla = await desk.visit("carla", f"/tickets/{ticket}")

    store.away = True
    await carla.locator(PICK).set_input_files(PLAN)
    await expect(carla.locator(".tray .error")).to_contain_text("Files cannot be stored")
    await carla.press(BODY, "Enter")
    await carla.fill(BODY, "Words go")
    await carla.press(BODY, "Enter")
    await expect(carla.locator("#e3 .body")).to_have_text("Words go")
    await expect(carla.locator(".pending .pick .error")).to_contain_text("Files cannot be stored")
    store.away = False

    await expect(carla.locator("#e4 .file .name")).to_have_text("Plan.pdf", timeout=40_000)
    assert await desk.live.count("attachments") == 1
    desk.complaints[:] = [words for words in desk.complaints if "status of 503" not in words]


async def test_a_message_cancelled_while_the_ticket_is_closed_leaves_its_words_for_when_it_is_open(
    desk: Desk,
) -> None:
    ticket, store = await desk.live.ticket_with_agent(), shaky_store(desk)
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    store.away = True
    await carla.locator(PICK).set_input_files(PLAN)
    await expect(carla.locator(".tray .error")).to_contain_text("Files cannot be stored")
    await carla.fill(BODY, "This is the plan")
    await carla.press(BODY, "Enter")
    await expect(carla.locator(".pending .entry")).to_contain_text("This is the plan")

    await desk.live.do("amir", ticket, "close_ticket")
    await expect(carla.get_by_text("This ticket is closed.")).to_be_visible()
    await carla.get_by_role("button", name="Cancel").click()
    await expect(carla.get_by_role("alert").filter(has_text="Your words are kept.")).to_be_visible()
    await expect(carla.locator(".pending .entry")).to_have_count(0)
    await carla.get_by_role("button", name="Reopen the ticket").click()

    await expect(carla.locator(BODY)).to_have_value("This is the plan")
    desk.complaints[:] = [words for words in desk.complaints if "status of 503" not in words]


async def test_what_is_sent_leaves_nothing_behind_that_waits_for_the_line(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    devtools = await carla.context.new_cdp_session(carla)

    async def waiting() -> int:
        window = (await devtools.send("Runtime.evaluate", {"expression": "window"}))["result"]["objectId"]
        found = await devtools.send("DOMDebugger.getEventListeners", {"objectId": window})
        return sum(each["type"] == "online" for each in found["listeners"])

    before = await waiting()
    for n in (3, 4):
        await carla.locator(PICK).set_input_files([PLAN, PHOTO])
        await carla.click("message-composer button[type=submit]")
        await expect(carla.locator(f"#e{n} .file .name")).to_have_text("Plan.pdf")

    assert await waiting() == before


async def test_words_taken_back_take_their_picture_with_them(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    amir = await desk.visit("amir", f"/tickets/{ticket}")
    await carla.locator(PICK).set_input_files(PHOTO)
    await carla.press(BODY, "Enter")
    await expect(amir.locator("#e3 .picture")).to_be_visible()

    await carla.hover("#e3")
    await carla.click("#e3 .undo")
    await carla.get_by_role("button", name="Take back").click()

    for page in (carla, amir):
        await expect(page.locator("#e3 .body")).to_have_text("Message taken back")
        await expect(page.locator("#e3 .files")).to_have_count(0)
    files = desk.live.registry.settings.data / "files"
    await until(lambda: not [path for path in files.rglob("*") if path.is_file()])


async def test_pictures_are_walked_through_by_the_keyboard_and_film_and_sound_play(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    amir = await desk.visit("amir", f"/tickets/{ticket}", color_scheme="dark")
    await carla.locator(PICK).set_input_files([PHOTO, PHOTO | {"name": "Bad.jpg"}])
    await expect(carla.locator(".tray .pick")).to_have_count(2)
    await carla.evaluate(FILM_AND_SOUND)
    await expect(carla.locator(".tray .pick")).to_have_count(4)
    await carla.press(BODY, "Enter")

    await shown(amir, "#e3 .picture img")
    assert await faults(amir) == []
    await amir.locator("#e3 .picture").first.focus()
    await amir.keyboard.press("Enter")
    await shown(amir, ".lightbox img")
    for key, words in (
        ("ArrowRight", "Bad.jpg (2 of 2)"),
        ("ArrowRight", "Küche.jpg (1 of 2)"),
        ("ArrowLeft", "Bad.jpg"),
    ):
        await amir.keyboard.press(key)
        await expect(amir.locator(".lightbox")).to_contain_text(words)
    for name, words in (("Picture after", "Küche.jpg (1 of 2)"), ("Picture before", "Bad.jpg (2 of 2)")):
        await amir.get_by_role("button", name=name).click()
        await expect(amir.locator(".lightbox")).to_contain_text(words)
    assert await faults(amir) == []
    await amir.keyboard.press("Escape")
    await expect(amir.locator("#e3 .picture").nth(1)).to_be_focused()

    for selector in ("#e3 .film video[controls]", "#e3 .sound audio[controls]"):
        await amir.locator(selector).evaluate("(player) => player.play()")
        await comes_true(amir, "(selector) => document.querySelector(selector).currentTime > 0", selector)
    assert await amir.locator("#e3 .film video").evaluate("(film) => film.videoWidth") == 64
    rows = await desk.live.rows("SELECT media_type FROM attachments ORDER BY media_type")
    assert [row[0] for row in rows] == ["audio/webm", "image/jpeg", "image/jpeg", "video/webm"]
