"""What keeps files, and makes pictures anew."""

from collections.abc import Mapping
from typing import Protocol

import msgspec


class FileMissing(Exception):
    """There is no file of that name."""


class FilesUnavailable(Exception):
    """The store of files could not be reached, or could not do it just now; later it may."""


LINK_LASTS = 5 * 60
"""Seconds for which a link to somebody's file can be followed."""


class FileStore(Protocol):
    """Keeps bytes under names that we make up. A name is written once; reading never sees half a file.

    Every method raises `FilesUnavailable` where the store cannot do it just now.
    """

    async def put(self, name: str, content: bytes, media_type: str) -> None:
        """Keep it; once this returns it is there to stay."""

    async def read(self, name: str, start: int, length: int) -> bytes:
        """`length` bytes from byte `start` on, which it must have. Raises `FileMissing`."""

    async def remove(self, name: str) -> None:
        """Forget it; again is harmless."""

    async def link(self, name: str, headers: Mapping[str, str], lasts: int = LINK_LASTS) -> str | None:
        """Where anybody can fetch it for so many seconds, answered with these headers; `None`: we must hand it out."""

    async def close(self) -> None:
        """Let go of what is held open."""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture made anew from its pixels: nothing else of what came in is left. Width and height in pixels."""

    content: bytes
    media_type: str
    width: int
    height: int
    preview: bytes


PREVIEW_TYPE = "image/webp"
"""What every preview is."""


class Pictures(Protocol):
    """Makes pictures anew, away from the event loop."""

    async def renew(self, content: bytes) -> Picture:
        """The picture upright and without anything but its pixels. Raises `Refusal`: `invalid`, or `rate_limited`."""

    async def portrait(self, content: bytes) -> bytes:
        """Its middle as a small square, as `PREVIEW_TYPE`. Raises the same."""

    def close(self) -> None:
        """No more pictures."""
