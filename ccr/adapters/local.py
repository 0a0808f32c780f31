"""Files in a folder: the embedded default."""

import asyncio
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from ccr.adapters import whole_files
from ccr.ports import LINK_LASTS, FileMissing, FilesUnavailable

_NAME = re.compile(r"[a-z0-9]{8,64}")


class LocalFiles:
    """The port `FileStore` on `folder`, whose files only their owner may read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, name: str, content: bytes, media_type: str) -> None:  # noqa: ARG002 - a folder knows no types
        """Durable once this returns: the file and its name are on the disk."""
        await self._run(self._put, self._path(name), content)

    async def read(self, name: str, start: int, length: int) -> bytes:
        """`length` bytes from byte `start` on, which it must have. Raises `FileMissing`."""
        return await asyncio.to_thread(_read, self._path(name), start, length)

    async def remove(self, name: str) -> None:
        """Forget it; again is harmless."""
        path = self._path(name)
        await self._run(whole_files.remove, path.parent, path.name)

    async def link(
        self,
        name: str,  # noqa: ARG002 - the port's
        headers: Mapping[str, str],  # noqa: ARG002
        lasts: int = LINK_LASTS,  # noqa: ARG002
    ) -> str | None:
        """There is no other way to it than through us."""
        return None

    async def close(self) -> None:
        """Nothing is held open."""

    def _path(self, name: str) -> Path:
        """Never anything but one of our own names, whoever asks."""
        if not _NAME.fullmatch(name):
            raise ValueError("not the name of a file of ours")
        return self._folder / name[:2] / name

    @staticmethod
    async def _run(work: Callable[..., None], *given: object) -> None:
        try:
            await asyncio.to_thread(work, *given)
        except OSError as error:
            raise FilesUnavailable(f"the folder of files: {error.strerror}") from error

    def _put(self, path: Path, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        whole_files.write(path.parent, path.name, content)
        _sync(path.parent)


def _read(path: Path, start: int, length: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(length)
    except FileNotFoundError as error:
        raise FileMissing(path.name) from error
    except OSError as error:
        raise FilesUnavailable(f"the folder of files: {error.strerror}") from error


def _sync(folder: Path) -> None:
    """A new name lasts once its folder is written, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
