"""Uploads under way, piece by piece; finished ones are remembered for a day."""

import msgspec

from ccr.store import files
from ccr.store.connection import Connection, Row

_COLUMNS = "id, ticket_id, owner_id, name, total, received, duration_ms, waveform, state, attachment_id"


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """`received` of `length` bytes are stored. `state` is `open`, `done` (an attachment) or `ended` (given up)."""

    id: int
    ticket: int
    owner: int
    name: str
    length: int
    received: int = 0
    duration_ms: int | None = None
    waveform: str | None = None
    state: str = "open"
    attachment: int | None = None


class Piece(msgspec.Struct, frozen=True):
    """`bytes` from byte `start` on lie in `file`."""

    start: int
    bytes: int
    file: str


def begin(connection: Connection, upload: Upload, now: int) -> None:
    """An upload announced."""
    connection.run(
        "INSERT INTO uploads (id, ticket_id, owner_id, name, total, received, duration_ms, waveform, state, begun_at) "
        "VALUES (?, ?, ?, ?, ?, 0, ?, ?, 'open', ?)",
        upload.id,
        upload.ticket,
        upload.owner,
        upload.name,
        upload.length,
        upload.duration_ms,
        upload.waveform,
        now,
    )


def find(connection: Connection, upload_id: int, owner: int) -> Upload | None:
    """This person's upload."""
    row = connection.row(f"SELECT {_COLUMNS} FROM uploads WHERE id = ? AND owner_id = ?", upload_id, owner)
    return _from_row(row) if row else None


def spent(connection: Connection, owner: int, since: int) -> int:
    """Bytes that this person has announced since then; of what was given up only those that came."""
    row = connection.row(
        "SELECT SUM(CASE WHEN state = 'ended' THEN received ELSE total END) FROM uploads "
        "WHERE owner_id = ? AND begun_at > ?",
        owner,
        since,
    )
    return int(row[0] or 0) if row else 0


def add_piece(connection: Connection, upload: Upload, piece: Piece) -> bool:
    """The next piece is stored; false where another came first, or the upload is over."""
    if not _advance(connection, upload, piece):
        return False
    connection.run(
        "INSERT INTO upload_pieces (upload_id, start_at, bytes, file) VALUES (?, ?, ?, ?)",
        upload.id,
        piece.start,
        piece.bytes,
        piece.file,
    )
    return True


def pieces(connection: Connection, upload_id: int) -> list[Piece]:
    """In their order."""
    rows = connection.rows(
        "SELECT start_at, bytes, file FROM upload_pieces WHERE upload_id = ? ORDER BY start_at", upload_id
    )
    return [Piece(*row) for row in rows]


def finish(connection: Connection, upload_id: int, attachment: int, digest: str) -> bool:
    """It has become an attachment; `digest` is the SHA-256 of what came in. False where it is over already."""
    changed = connection.run(
        "UPDATE uploads SET state = 'done', received = total, attachment_id = ?, digest = ? "
        "WHERE id = ? AND state = 'open'",
        attachment,
        digest,
        upload_id,
    )
    _drop_pieces(connection, upload_id)
    return changed == 1


def became(connection: Connection, owner: int, attachment: int) -> tuple[str, str] | None:
    """Under which name, and with which SHA-256, this person sent what became the attachment; `None` once forgotten."""
    row = connection.row(
        "SELECT name, digest FROM uploads WHERE owner_id = ? AND attachment_id = ?", owner, attachment
    )
    return (row[0], row[1]) if row else None


def end(connection: Connection, upload_id: int) -> None:
    """Given up, or refused."""
    connection.run("UPDATE uploads SET state = 'ended' WHERE id = ? AND state = 'open'", upload_id)
    _drop_pieces(connection, upload_id)


def end_all_of(connection: Connection, owner: int) -> None:
    """Everything that this person was sending, and that they sent anything."""
    _forget(connection, "owner_id = ?", owner)


def forget_before(connection: Connection, before: int) -> None:
    """Those begun before this time."""
    _forget(connection, "begun_at < ?", before)


def _forget(connection: Connection, which: str, parameter: int) -> None:
    for (upload_id,) in connection.rows(f"SELECT id FROM uploads WHERE {which}", parameter):
        _drop_pieces(connection, upload_id)
        connection.run("DELETE FROM uploads WHERE id = ?", upload_id)


def _advance(connection: Connection, upload: Upload, piece: Piece) -> bool:
    changed = connection.run(
        "UPDATE uploads SET received = ? WHERE id = ? AND received = ? AND state = 'open'",
        piece.start + piece.bytes,
        upload.id,
        piece.start,
    )
    return changed == 1


def _drop_pieces(connection: Connection, upload_id: int) -> None:
    dropped = pieces(connection, upload_id)
    connection.run("DELETE FROM upload_pieces WHERE upload_id = ?", upload_id)
    files.drop(connection, [piece.file for piece in dropped])


def _from_row(row: Row) -> Upload:
    return Upload(
        id=row[0],
        ticket=row[1],
        owner=row[2],
        name=row[3],
        length=row[4],
        received=row[5],
        duration_ms=row[6],
        waveform=row[7],
        state=row[8],
        attachment=row[9],
    )
