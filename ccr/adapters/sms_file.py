"""Text messages as files: the local twin of Twilio. Each is one `.txt` in a folder, oldest name first."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from ccr.adapters import whole_files
from ccr.desk import clock
from ccr.ports import SendFailed, Text


class FileTexter:
    """Writes texts into `folder`. Only its owner may read them: some carry codes."""

    most = 50

    def __init__(self, folder: Path, *, now: Callable[[], int] = clock.now) -> None:
        self._folder = folder
        self._now = now

    async def send(self, text: Text) -> str | None:
        """Write it; its file's name. Raises `SendFailed` if the disk refuses."""
        content = f"To: {text.to}\nOutbox: {text.outbox_id}\nKind: {text.kind}\n\n{text.body}\n"
        try:
            name = file_name(text, self._now())
            await asyncio.to_thread(whole_files.write, self._folder, name, content.encode())
        except OSError as error:
            raise SendFailed(f"the file could not be written ({type(error).__name__})", again=True) from error
        return name

    async def close(self) -> None:
        """Nothing is held open."""


def file_name(text: Text, at: int) -> str:
    """`TIME-OUTBOXID-KIND.txt`, which sorts by time; `at` in milliseconds UTC."""
    moment = datetime.fromtimestamp(at // 1000, UTC)
    kind = re.sub(r"[^a-z0-9_]+", "_", text.kind.lower())[:40]
    return f"{moment:%Y%m%dT%H%M%S}.{at % 1000:03d}Z-{text.outbox_id:06d}-{kind}.txt"
