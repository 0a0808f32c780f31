"""Mails as files: the local twin of every provider. Each is one complete `.eml` in a folder, oldest name first."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from ccr.adapters import whole_files
from ccr.adapters.mail_message import compose
from ccr.desk import clock
from ccr.ports import Mail, SendFailed


class FileMailer:
    """Writes mails into `folder`, from `sender`. Only its owner may read them: some carry codes."""

    most = 50

    def __init__(self, folder: Path, *, sender: str, now: Callable[[], int] = clock.now) -> None:
        self._folder = folder
        self._sender = sender
        self._now = now

    async def send(self, mail: Mail) -> str | None:
        """Write it. Raises `SendFailed` if the address is none, or the disk refuses."""
        message = compose(mail, sender=self._sender, at=self._now())
        try:
            name = file_name(mail, self._now())
            await asyncio.to_thread(whole_files.write, self._folder, name, message.as_bytes())
        except OSError as error:
            raise SendFailed(f"the file could not be written ({type(error).__name__})", again=True) from error
        return None

    async def ask(self) -> None:
        """A folder is there, or is made."""

    async def close(self) -> None:
        """Nothing is held open."""


def file_name(mail: Mail, at: int) -> str:
    """`TIME-OUTBOXID-KIND.eml`, which sorts by time."""
    moment = datetime.fromtimestamp(at // 1000, UTC)
    kind = re.sub(r"[^a-z0-9_]+", "_", mail.kind.lower())[:40]
    return f"{moment:%Y%m%dT%H%M%S}.{at % 1000:03d}Z-{mail.outbox_id:06d}-{kind}.eml"
