"""A desk whose people come by a line of their own, which the test makes as bad as it likes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page, expect

from tests.browser.desk import Desk, comes_true
from tests.live import WITHIN
from tests.proxy import Proxy, open_proxy

BODY = "textarea[name=body]"
ON_ITS_WAY = ".on-its-way"


@asynccontextmanager
async def bad_line(desk: Desk) -> AsyncIterator[Proxy]:
    """The line by which everybody comes from now on."""
    async with open_proxy("127.0.0.1", desk.live.port) as proxy:
        desk.through(proxy)
        yield proxy


def gone(line: Proxy) -> None:
    """No network any more."""
    line.refusing = True
    line.cut()


async def back(line: Proxy, page: Page) -> None:
    """The network is back, and the page is told so, as browsers tell it."""
    line.heal()
    await page.evaluate("dispatchEvent(new Event('online'))")


async def write(page: Page, *texts: str) -> None:
    """One message after the other, by the keyboard."""
    for text in texts:
        await page.fill(BODY, text)
        await page.press(BODY, "Enter")


async def write_unsent(page: Page, *texts: str) -> None:
    """The same where nothing can be sent: each is kept in the browser before the next is written."""
    before = await page.locator(ON_ITS_WAY).count()
    for number, text in enumerate(texts, before + 1):
        await write(page, text)
        await expect(page.locator(ON_ITS_WAY)).to_have_count(number)
        await _kept(page, number)


async def _kept(page: Page, count: int) -> None:
    await comes_true(page, "!Object.keys(localStorage).some((name) => name.startsWith('ccr:draft:'))")
    async with asyncio.timeout(WITHIN):
        while await outgoing(page) < count:
            await asyncio.sleep(0.02)


async def outgoing(page: Page) -> int:
    """How many messages lie in the browser's database."""
    found: int = await page.evaluate(
        """() => new Promise((resolve) => {
            indexedDB.open("ccr").onsuccess = ({ target: { result } }) => {
                const count = result.transaction("outgoing").objectStore("outgoing").count();
                count.onsuccess = () => (result.close(), resolve(count.result));
            };
        })"""
    )
    return found
