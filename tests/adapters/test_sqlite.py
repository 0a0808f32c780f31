"""What is kept in SQLite is for the registry's own user to read, and for nobody else on the machine."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import registry_with_cast


@pytest.fixture(autouse=True)
def generous() -> Iterator[None]:
    """A system that lets everybody do everything with new files unless it is told otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """The folder, and the database's files in it, each with what who may."""
    files = {path.name: path for path in folder.glob("*.db*")}
    return {name: stat.S_IMODE(path.stat().st_mode) for name, path in {".": folder, **files}.items()}


async def test_the_database_with_all_beside_it_is_its_owners_alone(tmp_path: Path) -> None:
    async with registry_with_cast(tmp_path / "data"):
        assert modes(tmp_path / "data") == {
            ".": 0o700,
            "registry.db": 0o600,
            "registry.db-wal": 0o600,
            "registry.db-shm": 0o600,
        }


async def test_also_where_another_place_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    async with registry_with_cast(tmp_path / "data", database_url=f"sqlite:///{folder / 'care.db'}"):
        assert modes(folder) == {
            ".": 0o700,
            "care.db": 0o600,
            "care.db-wal": 0o600,
            "care.db-shm": 0o600,
        }


async def test_what_an_operator_made_for_a_group_stays_so(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o750)
    (folder / "registry.db").touch(mode=0o640)

    async with registry_with_cast(folder):
        assert modes(folder) == {
            ".": 0o750,
            "registry.db": 0o640,
            "registry.db-wal": 0o640,
            "registry.db-shm": 0o640,
        }
