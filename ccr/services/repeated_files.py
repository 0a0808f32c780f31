"""A form with files that comes again under its key: whether its files are those that came with it before.

Attached anew they would have other numbers, and so make another command of it. While their upload is remembered they
are known by their bytes; later by name and size, but for a picture, which was made anew and has another size.
"""

import hashlib
from collections.abc import Sequence

import msgspec

from ccr.desk.events import Attached
from ccr.services import file_names
from ccr.store import entries, receipts, uploads
from ccr.store.connection import Connection


class Brought(msgspec.Struct, frozen=True, kw_only=True):
    """A file that an entry names. `sent_as` and `digest` are those of its upload, while that is remembered."""

    file: Attached
    sent_as: str | None = None
    digest: str | None = None

    def is_same(self, name: str, content: bytes) -> bool:
        """Whether this is what became of a file of that name. Raises `invalid` for a name that deceives."""
        name = file_names.checked(name)
        if self.digest is not None:
            return (name, hashlib.sha256(content).hexdigest()) == (self.sent_as, self.digest)
        kept_as = file_names.with_extension(name, file_names.extension(self.file.name))
        is_picture = self.file.width is not None
        return not is_picture and (kept_as, len(content)) == (self.file.name, self.file.bytes)


def brought_under(connection: Connection, person: int, ticket: int, key: str) -> list[Brought] | None:
    """The files that came with what this person's key was answered for; `None` where the key is new."""
    known = receipts.find(connection, person, ticket, key)
    if known is None:
        return None
    entry = entries.find(connection, known.ticket, known.seq - known.entries + 1) if known.entries else None
    named = msgspec.convert(entry.fields.get("attachments", []) if entry else [], list[Attached])
    return [_brought(connection, person, file) for file in named]


def are_same(brought: Sequence[Brought], given: Sequence[tuple[str, bytes]]) -> bool:
    """Whether these are the files, in their order. Reads all of them: for a thread."""
    return len(brought) == len(given) and all(
        one.is_same(name, content) for one, (name, content) in zip(brought, given, strict=True)
    )


def _brought(connection: Connection, person: int, file: Attached) -> Brought:
    sent_as, digest = uploads.became(connection, person, file.id) or (None, None)
    return Brought(file=file, sent_as=sent_as, digest=digest)
