"""Attachments: what was attached to a ticket, by whom, and which entry names it."""

from collections.abc import Sequence

import msgspec

from ccr.desk.events import Attached, Reach
from ccr.desk.people import Person
from ccr.store import files, tickets
from ccr.store.connection import Connection, Row

_COLUMNS = (
    "a.id, a.ticket_id, a.owner_id, a.seq, a.name, a.media_type, a.bytes, a.width, a.height, "
    "a.duration_ms, a.waveform, a.file, a.preview, a.preview_bytes"
)


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """`seq` is the entry that names it; `file` and `preview` are names in the store."""

    id: int
    ticket: int
    owner: int
    seq: int | None = None
    name: str
    media_type: str
    bytes: int
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    waveform: str | None = None
    file: str
    preview: str | None = None
    preview_bytes: int | None = None

    def attached(self) -> Attached:
        """As an entry names it."""
        return Attached(
            id=self.id,
            name=self.name,
            media_type=self.media_type,
            bytes=self.bytes,
            width=self.width,
            height=self.height,
            duration_ms=self.duration_ms,
            waveform=self.waveform,
        )


def add(connection: Connection, given: Attachment, now: int) -> None:
    """Its files must have been kept before."""
    connection.run(
        "INSERT INTO attachments (id, ticket_id, owner_id, seq, name, media_type, bytes, width, height, "
        "duration_ms, waveform, file, preview, preview_bytes, added_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        given.id,
        given.ticket,
        given.owner,
        given.seq,
        given.name,
        given.media_type,
        given.bytes,
        given.width,
        given.height,
        given.duration_ms,
        given.waveform,
        given.file,
        given.preview,
        given.preview_bytes,
        now,
    )


def find(connection: Connection, attachment_id: int) -> Attachment | None:
    """Whoever may see it."""
    row = connection.row(f"SELECT {_COLUMNS} FROM attachments a WHERE a.id = ?", attachment_id)
    return _from_row(row) if row else None


def seen(connection: Connection, attachment_id: int, person: Person, depth: Reach) -> Attachment | None:
    """The attachment, if the person sees the entry that names it; while there is none yet, if it is their own.

    Either way the ticket must be theirs, now.
    """
    row = connection.row(
        f"SELECT {_COLUMNS} FROM attachments a JOIN tickets t ON t.id = a.ticket_id "
        "LEFT JOIN entries e ON e.ticket_id = a.ticket_id AND e.seq = a.seq "
        f"WHERE a.id = ? AND {tickets.of_person(person)} "
        "AND ((a.seq IS NULL AND a.owner_id = ?) OR (a.seq IS NOT NULL AND e.reach <= ?))",
        attachment_id,
        *tickets.owner(person),
        person.id,
        int(depth),
    )
    return _from_row(row) if row else None


def unnamed(connection: Connection, ticket: int, person: int, ids: Sequence[int]) -> tuple[Attached, ...]:
    """Those of `ids` that this person attached to the ticket and no entry names yet, in the order asked for."""
    if not ids:
        return ()
    rows = connection.rows(
        f"SELECT {_COLUMNS} FROM attachments a WHERE a.id IN ({', '.join('?' * len(ids))}) "
        "AND a.ticket_id = ? AND a.owner_id = ? AND a.seq IS NULL",
        *ids,
        ticket,
        person,
    )
    found = {row[0]: _from_row(row).attached() for row in rows}
    return tuple(found.pop(one) for one in ids if one in found)  # named twice, it is there once


def name_in(connection: Connection, ids: Sequence[int], seq: int) -> None:
    """Entry `seq` of their ticket names them."""
    for one in ids:
        connection.run("UPDATE attachments SET seq = ? WHERE id = ?", seq, one)


def remove_of_entry(connection: Connection, ticket: int, seq: int) -> None:
    """The words that they came with were taken back, and they go, too."""
    _remove(connection, "a.ticket_id = ? AND a.seq = ?", ticket, seq)


def remove_unnamed(connection: Connection, attachment_id: int, owner: int) -> None:
    """Somebody thought better of it, before they sent it."""
    _remove(connection, "a.id = ? AND a.owner_id = ? AND a.seq IS NULL", attachment_id, owner)


def remove_unnamed_of(connection: Connection, owner: int) -> None:
    """What somebody attached and never sent, and what they were just sending."""
    _remove(connection, "a.owner_id = ? AND a.seq IS NULL", owner)


def remove_unnamed_before(connection: Connection, before: int) -> None:
    """What was attached before this time, and no entry ever named."""
    _remove(connection, "a.seq IS NULL AND a.added_at < ?", before)


def of_owner(connection: Connection, owner: int) -> list[Attachment]:
    """Everything that this person attached, by ticket."""
    rows = connection.rows(
        f"SELECT {_COLUMNS} FROM attachments a WHERE a.owner_id = ? ORDER BY a.ticket_id, a.seq", owner
    )
    return [_from_row(row) for row in rows]


def _remove(connection: Connection, which: str, *params: object) -> None:
    rows = connection.rows(f"SELECT a.id, a.file, a.preview FROM attachments a WHERE {which}", *params)
    for attachment_id, file, preview in rows:
        connection.run("DELETE FROM attachments WHERE id = ?", attachment_id)
        files.drop(connection, (file, preview))


def _from_row(row: Row) -> Attachment:
    return Attachment(
        id=row[0],
        ticket=row[1],
        owner=row[2],
        seq=row[3],
        name=row[4],
        media_type=row[5],
        bytes=row[6],
        width=row[7],
        height=row[8],
        duration_ms=row[9],
        waveform=row[10],
        file=row[11],
        preview=row[12],
        preview_bytes=row[13],
    )
