"""A live registry for every test that asks for one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.live import Live, live_registry


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    async with live_registry(tmp_path) as served:
        yield served
