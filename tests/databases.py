"""Which database the tests run on: SQLite in their own folder, unless another was chosen around them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_chosen: list[str] = []


def url(folder: Path) -> str:
    """For `CCR_DATABASE_URL`."""
    return _chosen[-1] if _chosen else f"sqlite:///{folder / 'registry.db'}"


@contextmanager
def chosen(url: str) -> Iterator[None]:
    """Everything opened within is opened there."""
    _chosen.append(url)
    try:
        yield
    finally:
        _chosen.pop()
