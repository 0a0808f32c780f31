"""What every test may use."""

import logging
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.watson import Watson, watson_served

# How long an example takes says more about the machine than about us.
hypothesis.settings.register_profile("patient", deadline=None, database=None)
hypothesis.settings.load_profile("patient")

pytest_plugins = ["tests.requiring"]


@pytest.fixture(autouse=True)
def _logs_go_where_they_went_before() -> Iterator[None]:
    """A command that sets up its log sets up that of the whole process, which goes on to other tests."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def find_chromium() -> Path | None:
    """The machine's Chromium, as Debian packages it, or whatever PATH has by one of its names."""
    debian = Path("/usr/bin/chromium")
    if debian.exists():
        return debian
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((Path(found) for name in names if (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """The browser, or a skip with one line that says what to install."""
    found = find_chromium()
    if found is None:
        pytest.skip("Chromium is missing: apt-get install chromium")
    return found


@pytest.fixture
async def watson() -> AsyncIterator[Watson]:
    """A stand-in for IBM Watson, served on this machine."""
    async with watson_served() as served:
        yield served
