"""Files that are there as a whole or not at all, and their owner's alone."""

import os
import tempfile
from pathlib import Path


def write(folder: Path, name: str, content: bytes) -> None:
    """Under another name first: who watches the folder never reads half of it. Raises `OSError`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, unfinished = tempfile.mkstemp(prefix=".unfinished-", dir=folder)  # made with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(unfinished).rename(folder / name)
    except OSError:
        Path(unfinished).unlink(missing_ok=True)
        raise
