"""What `ccr check` looks at, each with what to do where it is wrong. Nothing here prints a secret.

`CHECKS` names them all: a new outside thing gets a function of the settings that says what it found.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from ccr import adapters
from ccr.checks import outside
from ccr.checks.database import database
from ccr.checks.finding import Finding, passed, report
from ccr.operating import DatabaseTrouble
from ccr.settings import Settings, SettingsError

__all__ = ["CHECKS", "Finding", "passed", "report", "run"]


def run(settings: Settings) -> list[Finding]:
    """Everything, one after another."""
    return [finding for check in CHECKS for finding in _settled(check, settings)]


def _settled(check: "Check", settings: Settings) -> Iterator[Finding]:
    """What it found until something made the rest pointless."""
    try:
        yield from check(settings)
    except DatabaseTrouble as trouble:
        yield Finding("database", f"{adapters.database_place(settings)}: {trouble.what}", trouble.todo)
    except SettingsError as error:
        yield Finding("settings", str(error), "change this setting; the README lists what is allowed")


def _settings(settings: Settings) -> Iterator[Finding]:
    kind = "production" if settings.production else "for this machine only"
    yield Finding("settings", f"{kind}: {settings.public_url}, listening on {settings.bind}")
    for warning in settings.warnings:
        yield Finding("settings", warning, "correct the name, or remove it")


def _folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data.resolve()
    if not _writable(folder):
        yield Finding(
            "folder",
            f"{folder} cannot be written",
            "give its owner's right to whoever runs `ccr`, or set CCR_DATA",
        )
    elif not folder.exists():
        yield Finding("folder", f"{folder}, which the first start makes")
    else:
        yield Finding("folder", str(folder))


def _writable(folder: Path) -> bool:
    """Whether it can be written, or made where it is not there yet."""
    while not folder.exists():
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


Check = Callable[[Settings], Iterator[Finding]]
CHECKS: tuple[Check, ...] = (
    _settings,
    _folder,
    database,
    outside.redis,
    outside.mail,
    outside.files,
    outside.texts,
    outside.notifications,
)
