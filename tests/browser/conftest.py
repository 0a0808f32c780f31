"""A desk for every test that asks for one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.browser.desk import Desk, open_desk


@pytest.fixture
async def desk(tmp_path: Path, chromium_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path, chromium_path) as opened:
        yield opened
