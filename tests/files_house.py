"""A desk whose people send each other files."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ccr.adapters.local import LocalFiles
from ccr.adapters.pictures import PillowPictures
from ccr.desk.people import Person
from ccr.ports import FileStore, FilesUnavailable
from ccr.services.attachments import Attachments, NewUpload
from ccr.services.portraits import Portraits
from ccr.services.stored_files import StoredFile
from ccr.services.sweeping import Sweeper
from ccr.services.uploads import Uploads
from tests.desk_house import Desk, open_desk
from tests.file_corpus import picture


class Shaky:
    """A store that is away when the test wants it, or `slow`: nothing gets there until that is set again."""

    def __init__(self, store: FileStore) -> None:
        self._store = store
        self.away = False
        self.slow = asyncio.Event()
        self.slow.set()
        self.putting = 0

    async def put(self, name: str, content: bytes, media_type: str) -> None:
        self.putting += 1
        await self.slow.wait()
        await self.__getattr__("put")(name, content, media_type)

    def __getattr__(self, name: str) -> Any:
        if self.away:
            raise FilesUnavailable("as the test wants it")
        return getattr(self._store, name)


class FilesHouse:
    """The desk, the services of files, and the folder where files lie."""

    def __init__(self, desk: Desk, folder: Path, pictures: PillowPictures, *, admins_read: bool) -> None:
        self.desk, self.folder = desk, folder / "files"
        self.store = Shaky(LocalFiles(self.folder))
        store: Any = self.store
        database, now = desk.house.database, lambda: desk.house.time
        self.attachments = Attachments(database, store, pictures, admins_read=admins_read, now=now)
        self.woken = 0
        self.uploads = Uploads(database, self.attachments, now=now, sweep=self._wake)
        self.sweeper = Sweeper(database, store, now=now)
        self.portraits = Portraits(database, store, pictures, now=now)

    def _wake(self) -> None:
        self.woken += 1

    async def attach(
        self, who: Person, ticket: int, content: bytes = b"", name: str = "a.png"
    ) -> dict[str, Any]:
        """A whole file, a small picture unless another is given."""
        content = content or picture("PNG")
        return await self.attachments.add(who, ticket, NewUpload(name=name, length=len(content)), content)

    async def send(
        self, who: Person, ticket: int, key: str, content: bytes = b"", name: str = "a.png"
    ) -> int:
        """A message with a file; the file's id."""
        sent = await self.attach(who, ticket, content, name)
        await self.desk.do(who, ticket, key, "post_message", attachments=[sent["id"]])
        return int(sent["id"])

    async def fetch(self, who: Person, attachment: int, *, preview: bool = False) -> bytes:
        """All of it."""
        stored: StoredFile = await self.attachments.stored(who, attachment, preview=preview)
        return await stored.read(0, stored.size)

    def lying(self) -> list[bytes]:
        """What lies in the folder."""
        return [path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file()]

    async def count(self, table: str) -> int:
        """Rows of a table."""
        return int((await self.desk.house.rows(f"SELECT COUNT(*) FROM {table}"))[0][0])  # noqa: S608


@asynccontextmanager
async def open_files(folder: Path, *, admins_read: bool = False) -> AsyncIterator[FilesHouse]:
    """Open until the test is over."""
    pictures = PillowPictures()
    try:
        async with open_desk(folder) as desk:
            yield FilesHouse(desk, folder, pictures, admins_read=admins_read)
    finally:
        pictures.close()
