"""A message's files as its template draws them. `web/js/files/draw.js` works out the same."""

from typing import Any

import msgspec


class File(msgspec.Struct, kw_only=True):
    """One file: how it is shown (`picture`, `sound`, `film` or `file`), and its size in words; blank, a template."""

    kind: str
    id: int | str = ""
    name: str = ""
    width: int | str = ""
    height: int | str = ""
    about: str = ""
    duration_ms: int | None = None
    waveform: str | None = None


KINDS = ("picture", "sound", "film", "file")


def files_of(entry: dict[str, Any]) -> list[File]:
    """Those of an entry on the wire."""
    return [_file(given) for given in entry.get("attachments", ())]


def blanks() -> list[File]:
    """One of each kind, for the templates that the browser fills."""
    return [File(kind=kind) for kind in KINDS]


def _file(given: dict[str, Any]) -> File:
    kind = {"image": "picture", "audio": "sound", "video": "film"}.get(
        given["media_type"].partition("/")[0], "file"
    )
    return File(
        kind=kind,
        id=given["id"],
        name=given["name"],
        width=given.get("width", ""),
        height=given.get("height", ""),
        about=size_in_words(given["bytes"]),
        duration_ms=given.get("duration_ms"),
        waveform=given.get("waveform"),
    )


def size_in_words(count: int) -> str:
    """Bytes as people write them: `340 kB`, `1.2 MB`."""
    if count < 999_500:
        return f"{max(1, (count + 500) // 1000)} kB"
    tenths = (count + 50_000) // 100_000
    return f"{tenths // 10}.{tenths % 10} MB"
