"""Keys that are made once and kept in the data folder, for its owner alone."""

import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

from ccr.setting_values import SettingsError


def kept(path: Path, name: str, parse: Callable[[str], str], size: int) -> str:
    """The key in the file, made of `size` random bytes the first time, in base64url.

    Raises `SettingsError` in the name of the setting that could give it, if the file is damaged or out of reach.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make(path, size)
        return parse(path.read_text(encoding="ascii").strip())
    except ValueError as error:
        raise SettingsError(name, f"is not given, and the one kept in {path} is damaged") from error
    except OSError as error:
        raise SettingsError(
            name, f"is not given, and CCR_DATA can keep none: {path}: {error.strerror}"
        ) from error


def _make(path: Path, size: int) -> None:
    """Two processes may start at once: the whole file gets its name in one step, and the first wins."""
    descriptor, name = tempfile.mkstemp(dir=path.parent)  # made with mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(size) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(name, path)
        except FileExistsError:
            return
    finally:
        Path(name).unlink()
