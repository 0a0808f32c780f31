"""Images of the application itself, such as its mark: put where browsers fetch them from, if that is not us."""

import asyncio
import hashlib
import logging
from collections.abc import Mapping
from typing import NamedTuple

from ccr.ports import FileStore, FilesUnavailable

ADDRESS_LASTS = 7 * 24 * 3600
"""Seconds: the longest that a signed link can."""

RENEWED = ADDRESS_LASTS // 2
"""Seconds for which an address stays the same, and a page that has it still works at the end of them."""

AGAIN = 60
"""Seconds until the next try, where the store was away."""

_log = logging.getLogger(__name__)


class Image(NamedTuple):
    """One that came with the package."""

    content: bytes
    media_type: str


class Published:
    """Puts the images under the hash of their content, which is harmless to do again, and knows where they are.

    Nothing waits for it: until an image is out there, and with a store that hands nothing out itself, it comes from us.
    """

    def __init__(self, store: FileStore, images: Mapping[str, Image]) -> None:
        self._store = store
        self._images = images
        self._addresses: dict[str, str] = {}

    def address(self, name: str) -> str | None:
        """Where browsers get it, if not from us."""
        return self._addresses.get(name)

    async def run(self) -> None:
        """Until cancelled, or at once over where there is no such store."""
        while True:
            try:
                if not await self.publish():
                    return
                pause = RENEWED
            except FilesUnavailable as error:
                _log.warning("images come from the package for now: %s", error)
                pause = AGAIN
            await asyncio.sleep(pause)

    async def publish(self) -> bool:
        """Whether the store hands them out from now on. Raises `FilesUnavailable`; then nothing has changed."""
        found = {}
        for name, image in self._images.items():
            key = hashlib.sha256(image.content).hexdigest()[:40]
            headers = {
                "Content-Type": image.media_type,
                "Cache-Control": "public, max-age=31536000, immutable",
            }
            link = await self._store.link(key, headers, lasts=ADDRESS_LASTS)
            if link is None:
                return False
            await self._store.put(key, image.content, image.media_type)
            found[name] = link
        self._addresses = found
        return True
