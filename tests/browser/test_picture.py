"""The README's picture: a customer's phone and the admin's board, as they really look.

`DRAW=1 python -m pytest tests/browser/test_picture.py` draws it anew; without that it is only made sure that it can be.
"""

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from ccr import demo, serving
from ccr.demo import DemoClock
from ccr.services.identity import Device
from ccr.settings import Settings
from tests.browser.desk import FLAGS, LIVE
from tests.live import make_registry

PICTURE = Path(__file__).parent / "pictures" / "registry.png"

FRAME = """
<style>
body {{ margin: 0; padding: 28px; display: flex; gap: 28px; align-items: center; background: #dfe8e4 }}
img {{ border-radius: 12px; box-shadow: 0 6px 24px #0003; display: block }}
</style>
<img src="{board}" height="600"><img src="{phone}" height="600">
"""


@pytest.fixture
async def chromium(chromium_path: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield browser
        await browser.close()


async def look(
    chromium: Browser, url: str, login: str, path: str, width: int, height: int, theme: str
) -> str:
    """What somebody sees there, as a data URL."""
    context = await chromium.new_context(
        base_url=url,
        viewport={"width": width, "height": height},
        color_scheme=theme,  # type: ignore[arg-type]
    )
    page = await context.new_page()
    await page.goto("/login")
    await page.fill("[name=email]", login)
    await page.fill("[name=password]", demo.PASSWORD)
    await page.click("button[type=submit]")
    await page.wait_for_url("**/tickets")
    await page.goto(path)
    await page.wait_for_selector(LIVE)
    picture = base64.b64encode(await page.screenshot(animations="disabled")).decode()
    await context.close()
    return f"data:image/png;base64,{picture}"


async def test_the_picture_shows_a_lively_registry(tmp_path: Path, chromium: Browser) -> None:
    time, stop = DemoClock(), asyncio.Event()
    listener = serving.listen(Settings(data=tmp_path, bind="127.0.0.1:0"))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    registry = make_registry(tmp_path, now=time.now, public_url=url)
    await registry.prepare()
    await demo.fill(registry, time)
    serves = asyncio.create_task(
        serving.serve(registry, registry.settings, registry.drain, listener=listener, stop=stop)
    )
    omar = await registry.signing_in.sign_in("omar@example.org", demo.PASSWORD, Device("Test", "127.0.0.1"))
    mine = await registry.reading.tickets(omar.person)
    talked = next(one for one in mine["tickets"] if one["status"] == "assigned")
    board = await look(chromium, url, "ada@example.org", "/tickets", 1200, 864, "light")
    phone = await look(chromium, url, "omar@example.org", f"/tickets/{talked['id']}", 390, 720, "dark")
    stop.set()
    await serves

    page = await chromium.new_page(viewport={"width": 1260, "height": 656})
    await page.set_content(FRAME.format(board=board, phone=phone))
    drawn = await page.screenshot(full_page=True)

    assert drawn.startswith(b"\x89PNG")
    assert len(drawn) > 50_000, "an empty page is smaller than this"
    if os.environ.get("DRAW"):
        PICTURE.write_bytes(drawn)
    assert PICTURE.exists(), "draw it with DRAW=1"
