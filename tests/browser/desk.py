"""People of the cast at browsers of their own, looking at a registry that is being served."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from email import message_from_bytes
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

from tests.accounts_house import PASSWORD
from tests.live import LASTING, WITHIN, Live, live_registry
from tests.proxy import Proxy
from tests.waiting import until

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
)
WORKER_OUT_OF_REACH = "An unknown error occurred when fetching the script."
"""What Chromium itself says of a service worker that could not be fetched, whatever the page makes of that."""
GIVEN_UP = "WebSocket is closed before the connection is established"
"""And of a connection that the page does not wait for any longer."""

DORA = {
    "first_name": "Dora",
    "last_name": "Dahl",
    "email": "dora@example.org",
    "mobile": "+47 22 22 22",
}

UNSETTLED = """(() => {
  const start = window.setTimeout;
  window.setTimeout = (work, delay, ...given) =>
    delay === 5_000 ? (window.settleNow = work) : start(work, delay, ...given);
})()"""
"""Five seconds on, a page fetches what only later ones use. By this script it does once told to, by `settleNow()`."""

LIVE = "[data-live]"
"""A timeline or a list that hears of everything by now."""


class Desk:
    """Everybody's browsers, and what these complained about."""

    def __init__(self, live: Live, chromium: Browser) -> None:
        self.live = live
        self.complaints: list[str] = []
        self.browser = chromium
        self.bad_line: Proxy | None = None

    def through(self, proxy: Proxy) -> None:
        """From now on everybody comes by a line that may be as bad as it likes."""
        self.bad_line = proxy
        self.live.url = proxy.url

    async def visit(
        self, name: str, path: str = "/tickets", *, live: bool = True, script: str = "", **look: Any
    ) -> Page:
        """A page of a new browser of this person's; `live` unless it has no scripts or nothing to hear.

        In every page of this browser `script` runs before the page's own.
        """
        page = await self._open(look)
        if script:
            await page.context.add_init_script(script)
        await self._sign_in(page, name)
        if path != "/tickets":
            await page.goto(path)
        if live and look.get("java_script_enabled", True):
            await page.wait_for_selector(LIVE)
        return page

    async def newcomer(self, **look: Any) -> Page:
        """A page of a new browser of Dora's, who registers."""
        page = await self._open(look)
        await page.goto("/register")
        for field, value in (DORA | {"password": PASSWORD, "confirm_password": PASSWORD}).items():
            await page.fill(f"[name={field}]", value)
        await page.click("main form button[type=submit]")
        await page.wait_for_url("**/tickets")
        return page

    async def mailed(self, kind: str, to: str) -> None:
        """Wait for the `.eml` of a mail of this kind to this person."""
        folder = self.live.registry.settings.data / "mail"

        def addressees() -> list[str]:
            found = [message_from_bytes(path.read_bytes()) for path in folder.glob(f"*-{kind}.eml")]
            return [parseaddr(mail["To"])[1] for mail in found]

        await until(lambda: f"{to}@example.org" in addressees())

    async def _open(self, look: dict[str, Any]) -> Page:
        context = await self.browser.new_context(
            base_url=self.live.url, **({"viewport": {"width": 1280, "height": 800}} | look)
        )
        context.set_default_timeout(15_000)
        page = await context.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    async def _sign_in(self, page: Page, name: str) -> None:
        await page.goto("/login")
        await page.fill("[name=email]", self.live.people[name].email or "")
        await page.fill("[name=password]", LASTING if name in {"amir", "bea"} else PASSWORD)
        await page.click("button[type=submit]")
        await page.wait_for_url("**/tickets")

    def _hear(self, message: ConsoleMessage) -> None:
        # That the network was away, as a test had it, is not the page's fault.
        if "ERR_INTERNET_DISCONNECTED" in message.text:
            return
        if self.bad_line and any(
            words in message.text for words in ("net::ERR_", WORKER_OUT_OF_REACH, GIVEN_UP)
        ):
            return
        self.complaints.append(f"{message.type}: {message.text}")

    @staticmethod
    async def worker_at_hand(page: Page) -> None:
        """The service worker is there at once, not only when the page has nothing else to do."""
        await page.evaluate("navigator.serviceWorker.register('/sw.js')")
        await comes_true(page, "Boolean(navigator.serviceWorker.controller)")

    async def cut(self, context: BrowserContext) -> None:
        """The line is dead, and stays so until `mend`."""
        await context.set_offline(True)
        for transport in list(self.live.registry.server.eio.sockets):
            await self.live.registry.server.cut(transport, "was cut off by a test")

    async def mend(self, context: BrowserContext) -> None:
        """The network is back."""
        await context.set_offline(False)


async def comes_true(page: Page, expression: str, arg: Any = None) -> None:
    """Wait for what a page says of itself; Playwright's own way is forbidden by our pages' policy."""
    async with asyncio.timeout(WITHIN):
        while not await page.evaluate(expression, arg):
            await asyncio.sleep(0.02)


DRAFTS_HELD = """async (count) =>
  (await navigator.locks.query()).held.filter(({ name }) => name.startsWith("ccr:draft:")).length === count
"""


async def only_hold_drafts(*pages: Page) -> None:
    """The browser has noticed that other pages are gone, and what was half written there may go on elsewhere."""
    await comes_true(pages[0], DRAFTS_HELD, len(pages))


@asynccontextmanager
async def open_desk(folder: Path, chromium_path: Path, **settings: Any) -> AsyncIterator[Desk]:
    """A registry, its cast, and a browser; at the end nothing may have been complained about."""
    async with AsyncExitStack() as stack:
        live = await stack.enter_async_context(live_registry(folder, **settings))
        playwright = await stack.enter_async_context(async_playwright())
        chromium = await playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        stack.push_async_callback(chromium.close)
        desk = Desk(live, chromium)
        yield desk
        assert not desk.complaints, desk.complaints
