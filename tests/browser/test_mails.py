"""Every kind of mail as a mail program shows it: on a narrow phone, in a light and in a dark one, and for everybody."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright

from ccr.adapters.mail_templates import JinjaTemplates
from ccr.package_files import template_folder
from tests.adapters.test_mail_templates import MAILED, SAMPLES
from tests.browser.desk import FLAGS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
"""What a document must keep to; landmarks are for pages, and a mail is a part of its program's."""

LONG = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz" * 3
"""A word that no screen is wide enough for."""


@pytest.fixture
async def chromium(chromium_path: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield browser
        await browser.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_every_kind_fits_a_phone_and_its_theme(chromium: Browser, theme: Any, tmp_path: Path) -> None:
    templates = JinjaTemplates(template_folder() / "mail")
    context = await chromium.new_context(viewport={"width": 360, "height": 740}, color_scheme=theme)
    page = await context.new_page()
    for kind in MAILED:
        data = SAMPLES[kind] | {"ticket": SAMPLES[kind]["ticket"] | {"query": LONG}}
        subject, _, html = templates.mail(kind, data)
        await page.set_content(html)
        await page.screenshot(path=tmp_path / f"{kind.value}-{theme}.png", full_page=True)

        assert await page.title() == subject
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360, kind
        assert (await _brightness(page) < 0.3) is (theme == "dark"), kind
        found = await Axe().run(page, options={"runOnly": WCAG})
        assert not found.violations_count, f"{kind}: {found.generate_report()}"


async def _brightness(page: Page) -> float:
    """Of the page behind the card, 0 to 1."""
    colour = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    channels = [int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    return sum(channels) / len(channels) / 255
