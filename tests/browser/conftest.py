"""A desk for every test that asks for one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.desk import Desk, open_desk

# A busy machine may take its time; whatever is expected comes by itself, or not at all.
expect.set_options(timeout=15_000)


@pytest.fixture
async def desk(tmp_path: Path, chromium_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path, chromium_path) as opened:
        yield opened
