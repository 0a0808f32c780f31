"""What a file is, found from its content alone, and whether that is among what may be sent."""

import io
import re
import zipfile
from typing import AnyStr, NoReturn

import msgspec

from ccr.desk.refusals import bad_file
from ccr.services.file_names import extension

MOST_UNPACKED = 100 * 1024 * 1024
"""Bytes that an office document may say it unpacks to."""
MOST_ENTRIES = 2_000
MOST_RATIO = 200
"""How many bytes may come of one; XML that repeats itself stays below."""

_ENTRY = b"PK\x01\x02"
"""What each entry of an archive's table of contents begins with."""

_HEAD = 1024
_STRETCH = 64 * 1024
"""Bytes, or characters, that are searched in one go: for so long nobody else in the process can do anything."""
_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."


class Kind(msgspec.Struct, frozen=True):
    """A type that may be sent, what its files are called, and what people call it."""

    media_type: str
    extensions: tuple[str, ...]
    words: str

    @property
    def is_picture(self) -> bool:
        """Whether it is made anew from its pixels."""
        return self.media_type.startswith("image/")

    @property
    def is_sound(self) -> bool:
        """Whether it can be a voice note."""
        return self.media_type.startswith("audio/")


JPEG = Kind("image/jpeg", ("jpg", "jpeg", "jpe", "jfif"), "a JPEG picture")
PNG = Kind("image/png", ("png",), "a PNG picture")
WEBP = Kind("image/webp", ("webp",), "a WebP picture")
GIF = Kind("image/gif", ("gif",), "a GIF picture")
PDF = Kind("application/pdf", ("pdf",), "a PDF")
TEXT = Kind("text/plain", ("txt", "log", "csv"), "plain text")
WEBM = Kind("video/webm", ("webm",), "a WebM video")
WEBM_SOUND = Kind("audio/webm", ("webm", "weba"), "a WebM sound")
OPUS = Kind("audio/ogg", ("opus", "ogg", "oga"), "an Opus sound")
MP4 = Kind("video/mp4", ("mp4", "m4v"), "an MP4 video")
M4A = Kind("audio/mp4", ("m4a", "mp4"), "an M4A sound")
_WORD = Kind(f"{_OOXML}wordprocessingml.document", ("docx",), "a Word document")
_EXCEL = Kind(f"{_OOXML}spreadsheetml.sheet", ("xlsx",), "an Excel sheet")
_POWERPOINT = Kind(f"{_OOXML}presentationml.presentation", ("pptx",), "a PowerPoint presentation")
_ODT = Kind(f"{_ODF}text", ("odt",), "an OpenDocument text")
_ODS = Kind(f"{_ODF}spreadsheet", ("ods",), "an OpenDocument sheet")
_ODP = Kind(f"{_ODF}presentation", ("odp",), "an OpenDocument presentation")

_PACKED = {"word/": _WORD, "xl/": _EXCEL, "ppt/": _POWERPOINT}
_OPEN = {kind.media_type: kind for kind in (_ODT, _ODS, _ODP)}
ALLOWED = (
    "JPEG, PNG, WebP, GIF, PDF, plain text, Office documents, and sound or video as Opus, WebM, MP4 or M4A"
)

_MARKUP = re.compile(
    rb"<\s{0,99}(?:!doctype|\?xml|html|head|body|script|svg|iframe|object|embed|img|style|a\s)", re.IGNORECASE
)
# In what is no text, a tag of two letters comes about by chance.
_PAGE = re.compile(
    rb"<\s*(?:!doctype|\?xml|html|head|body|script|svg|iframe|object|embed|style)", re.IGNORECASE
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
# An element of Matroska: the codec of a track. Its letters alone are in many a sound.
_MOVING = re.compile(rb"\x86[\x81-\xbf]V_(?:VP8|VP9|AV1|MPEG|THEORA|MS/)")
_SOUND_BRANDS = frozenset({b"M4A ", b"M4B "})
_MOVIE_BRANDS = frozenset(
    {
        b"isom",
        b"iso2",
        b"iso3",
        b"iso4",
        b"iso5",
        b"iso6",
        b"mp41",
        b"mp42",
        b"avc1",
        b"dash",
        b"M4V ",
        b"msnv",
    }
)


def kind_of(name: str, content: bytes) -> Kind:
    """What it is. Raises `invalid` with the reason why it may not be sent; it takes a moment for a large archive."""
    if not content:
        _refuse("is empty")
    kind = _found(content)
    if kind not in _OPEN.values() and kind not in _PACKED.values():
        _refuse_second_nature(kind, content)
    ending = extension(name)
    if ending and ending not in kind.extensions:
        _refuse(f"is called .{ending}, and is {kind.words}")
    return kind


def _found(content: bytes) -> Kind:
    for start, kind in (
        (b"\xff\xd8\xff", JPEG),
        (b"\x89PNG\r\n\x1a\n", PNG),
        (b"GIF87a", GIF),
        (b"GIF89a", GIF),
    ):
        if content.startswith(start):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return WEBP
    if content.startswith(b"%PDF-"):
        return PDF if b"%%EOF" in content[-2 * _HEAD :] else _refuse("is not a whole PDF")
    if content.startswith(b"PK\x03\x04"):
        return _document(content)
    return _sound_or_film(content) or _text(content)


def _sound_or_film(content: bytes) -> Kind | None:
    if content.startswith(b"\x1aE\xdf\xa3") and b"webm" in content[:64]:
        return WEBM if _MOVING.search(content[: 64 * _HEAD]) else WEBM_SOUND
    if content.startswith(b"OggS") and b"OpusHead" in content[:64]:
        return OPUS
    if content[4:8] == b"ftyp":
        brand = content[8:12]
        if brand in _SOUND_BRANDS:
            return M4A
        if brand in _MOVIE_BRANDS:
            return MP4 if _has_pictures(content) else M4A
    return None


def _has_pictures(content: bytes) -> bool:
    """Whether one of an MP4's tracks is handled as video: a box `hdlr`, version and flags, 0, the handler's type."""
    at = content.find(b"hdlr")
    while at >= 0:
        if content[at + 12 : at + 16] == b"vide":
            return True
        at = content.find(b"hdlr", at + 4)
    return False


def _text(content: bytes) -> Kind:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        _refuse(f"is of a kind that cannot be sent. These can: {ALLOWED}")
    if _is_anywhere(_CONTROL, text):
        _refuse(f"is of a kind that cannot be sent. These can: {ALLOWED}")
    if text.lstrip()[:1] == "<" or _is_anywhere(_MARKUP, content):
        _refuse("is a page or a drawing that can carry scripts")
    return TEXT


def _is_anywhere(pattern: re.Pattern[AnyStr], text: AnyStr) -> bool:
    """Whether it is in the text, wherever that is cut: what is looked for is shorter than `_HEAD`."""
    return any(
        pattern.search(text, start, start + _STRETCH + _HEAD) for start in range(0, len(text), _STRETCH)
    )


def _document(content: bytes) -> Kind:
    """An archive may only be an office document: small unpacked, without macros, its names staying inside."""
    if content.count(_ENTRY) > MOST_ENTRIES:
        _refuse("unpacks to far more than it is")  # before it is read: of 200,000 entries that takes 60 MB
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            kind = _document_kind(archive, {entry.filename for entry in entries})
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, KeyError):
        _refuse("is not a whole document")
    if kind is None:
        _refuse("is an archive, which cannot be sent")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MOST_UNPACKED or unpacked > MOST_RATIO * len(content):
        _refuse("unpacks to far more than it is")
    for entry in entries:
        parts = re.split(r"[/\\]", entry.filename)
        if ".." in parts or not parts[0] or ":" in entry.filename:
            _refuse("holds names that lead out of it")
        if parts[-1].lower() in {"vbaproject.bin", "script-lb.xml", "script-lc.xml"}:
            _refuse("carries macros")
    return kind


def _document_kind(archive: zipfile.ZipFile, names: set[str]) -> Kind | None:
    if "[Content_Types].xml" in names:
        return next(
            (kind for start, kind in _PACKED.items() if any(n.startswith(start) for n in names)), None
        )
    if "mimetype" in names and archive.getinfo("mimetype").file_size < 100:
        return _OPEN.get(archive.read("mimetype").decode("ascii", "replace").strip())
    return None


def _refuse_second_nature(kind: Kind, content: bytes) -> None:
    """A file that another program would take for something else: an archive at its end, a page at its beginning."""
    if zipfile.is_zipfile(io.BytesIO(content)):
        _refuse(f"is {kind.words} and an archive at the same time")
    if kind is not TEXT and not kind.is_picture and _PAGE.search(content[:_HEAD]):
        _refuse(f"is {kind.words} and a page at the same time")


def _refuse(why: str) -> NoReturn:
    raise bad_file(why)
