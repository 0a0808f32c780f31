"""Files that are there as a whole or not at all, and their owner's alone."""

import os
from pathlib import Path


def write(folder: Path, name: str, content: bytes) -> None:
    """Under another name first: who watches the folder never reads half of it. Raises `OSError`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = _unfinished(folder, name)
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(folder / name)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def remove(folder: Path, name: str) -> None:
    """Also what a process that ended in the middle has left of it. Again is harmless. Raises `OSError`."""
    _unfinished(folder, name).unlink(missing_ok=True)
    (folder / name).unlink(missing_ok=True)


def _unfinished(folder: Path, name: str) -> Path:
    """With another ending, too, by which nobody looks for it."""
    return folder / f".{name}.unfinished"
