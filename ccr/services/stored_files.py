"""A file as it is handed out: what it is called and what it is, and how its bytes are had."""

from collections.abc import Mapping

from ccr.desk.refusals import Code, Refusal, not_found
from ccr.ports import FileMissing, FileStore, FilesUnavailable


class StoredFile:
    """`size` bytes of `media_type`, shown as `name`. `tag` is the same for the same bytes."""

    def __init__(self, store: FileStore, file: str, *, name: str, media_type: str, size: int) -> None:
        self._store = store
        self._file = file
        self.name = name
        self.media_type = media_type
        self.size = size

    @property
    def tag(self) -> str:
        """Says nothing of where it lies."""
        return self._file[:16]

    async def link(self, headers: Mapping[str, str]) -> str | None:
        """Where the store itself hands it out, for five minutes and with these headers. Raises `unavailable`."""
        try:
            return await self._store.link(self._file, headers)
        except FilesUnavailable as error:
            raise no_store() from error

    async def read(self, start: int, length: int) -> bytes:
        """`length` bytes from byte `start` on. Raises `not_found`, or `unavailable`."""
        try:
            return await self._store.read(self._file, start, length)
        except FileMissing as error:
            raise not_found("file") from error
        except FilesUnavailable as error:
            raise no_store() from error


def no_store() -> Refusal:
    """Nothing is half stored; the same may be asked again."""
    return Refusal(Code.UNAVAILABLE, "Files cannot be stored or fetched right now. Try again in a moment.")
