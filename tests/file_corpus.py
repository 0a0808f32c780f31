"""Files as people send them, and as they should not: made here, so that it is plain what each of them is."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

from PIL import Image

MAKER, PLACE, WRITTEN = b"Spyglass Optics", b"52.5163", b"Carla's own words"
"""What a photograph tells besides its pixels."""


def picture(form: str = "JPEG", size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    """Red on its left half, so that turning it shows."""
    image = Image.new("RGB", size, (0, 0, 200))
    image.paste((220, 0, 0), (0, 0, size[0] // 2, size[1]))
    return saved(image, form, **options)


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, form, **options)
    return target.getvalue()


def photograph(form: str = "JPEG", size: tuple[int, int] = (64, 48), orientation: int = 6) -> bytes:
    """With a camera's name, a place, a comment, and lying on its side."""
    exif = Image.Exif()
    exif[0x010F] = MAKER.decode()
    exif[0x0112] = orientation
    place = exif.get_ifd(0x8825)
    place[1], place[2], place[29] = "N", (52.0, 30.0, 58.7), PLACE.decode()
    options: dict[str, Any] = {"exif": exif}
    if form == "JPEG":
        options["comment"] = WRITTEN
    made = picture(form, size, **options)
    assert MAKER in made
    assert PLACE in made
    return made


def archive(files: Mapping[str, bytes | str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return target.getvalue()


def document(**also: bytes | str) -> bytes:
    """A Word document, as far as anybody looks into it here."""
    return archive({"[Content_Types].xml": "<Types/>", "word/document.xml": "<w:document/>"} | also)


def open_document() -> bytes:
    return archive({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<office:body/>"})


def pixel_flood() -> bytes:
    """A PNG of a hundred bytes that says it is 30,000 × 30,000."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


def moving(form: str, frames: int = 3, size: tuple[int, int] = (32, 24)) -> bytes:
    pictures = [Image.new("RGB", size, (index * 7 % 256, 80, 10 * (index % 20))) for index in range(frames)]
    return saved(pictures[0], form, save_all=True, append_images=pictures[1:], duration=40, loop=0)


PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
WEBM_NOTE = (
    b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm\x86\x86A_OPUS"
    + b"\0" * 99
)
WEBM_FILM = WEBM_NOTE.replace(b"\x86\x86A_OPUS", b"\x86\x85V_VP8")
OGG_NOTE = b"OggS\x00\x02" + b"\0" * 22 + b"OpusHead" + b"\0" * 50
MP4 = b"\0\0\0\x18ftypisom\0\0\x02\0isommp41" + b"\0\0\0\x20hdlr\0\0\0\0\0\0\0\0vide" + b"\0" * 50
M4A = b"\0\0\0\x18ftypM4A \0\0\x02\0M4A mp42" + b"\0" * 80
SOUND_IN_MP4 = MP4.replace(b"vide", b"soun")

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"

ALLOWED: dict[str, tuple[str, bytes, str]] = {
    "JPEG": ("a.jpg", picture("JPEG"), "image/jpeg"),
    "PNG": ("a.PNG", picture("PNG"), "image/png"),
    "WebP": ("a.webp", picture("WEBP"), "image/webp"),
    "GIF": ("a.gif", picture("GIF"), "image/gif"),
    "PDF": ("a.pdf", PDF, "application/pdf"),
    "text": ("a.txt", "Grüße, 你好 < 5\r\n\tok".encode(), "text/plain"),
    "a log": ("a.log", b"12:00 started", "text/plain"),
    "Word": ("a.docx", document(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "Excel": (
        "a.xlsx",
        archive({"[Content_Types].xml": "", "xl/workbook.xml": ""}),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    "OpenDocument": ("a.odt", open_document(), "application/vnd.oasis.opendocument.text"),
    "a WebM note": ("a.webm", WEBM_NOTE, "audio/webm"),
    "a WebM note whose sound happens to spell": ("a.webm", WEBM_NOTE + b"V_VP8 <a <IMG ", "audio/webm"),
    "a WebM film": ("a.webm", WEBM_FILM, "video/webm"),
    "an Opus note": ("a.ogg", OGG_NOTE, "audio/ogg"),
    "MP4": ("a.mp4", MP4, "video/mp4"),
    "M4A": ("a.m4a", M4A, "audio/mp4"),
    "sound in MP4": ("a.mp4", SOUND_IN_MP4, "audio/mp4"),
}
"""Name, bytes and what it is."""

FORBIDDEN: dict[str, tuple[str, bytes, str]] = {
    "nothing": ("a.txt", b"", "empty"),
    "SVG": ("a.svg", SVG, "scripts"),
    "SVG called a picture": ("a.png", SVG, "scripts"),
    "SVG behind a mark and blanks": ("a.txt", b"\xef\xbb\xbf \n" + SVG, "scripts"),
    "HTML": ("a.html", HTML, "scripts"),
    "HTML called text": ("a.txt", HTML, "scripts"),
    "HTML behind words": ("a.txt", b"hello\n" * 900 + b"<ScRiPt>alert(1)</script>", "scripts"),
    "XML": ("a.txt", b"<?xml version='1.0'?><a/>", "scripts"),
    "a program": ("a.pdf", b"\x7fELF" + b"\0" * 50, "kind"),
    "a program for Windows": ("a.exe", b"MZ\x90\0" + b"\0" * 50, "kind"),
    "a script": ("a.js", b"alert(1)", "called .js"),
    "text with bytes that are none": ("a.txt", b"abc\x00def", "kind"),
    "text in another encoding": ("a.txt", "Grüße".encode("latin-1"), "kind"),
    "HEIC": ("a.heic", b"\0\0\0\x18ftypheic" + b"\0" * 50, "kind"),
    "an old Word document": ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "kind"),
    "a PDF called a picture": ("a.jpg", PDF, "called .jpg"),
    "a picture called a PDF": ("a.pdf", picture("PNG"), "called .pdf"),
    "a PNG called JPEG": ("a.jpg", picture("PNG"), "called .jpg"),
    "two extensions": ("a.pdf.exe", PDF, "called .exe"),
    "half a PDF": ("a.pdf", PDF[:30], "whole"),
    "a PDF and a page": ("a.pdf", b"%PDF-1.7\n<html><script>alert(1)</script>" + PDF, "same time"),
    "a PDF and an archive": ("a.pdf", PDF + archive({"a.class": b"x"}) + b"%%EOF", "same time"),
    "a picture and an archive": ("a.gif", picture("GIF") + archive({"a.class": b"x"}), "same time"),
    "a film and a page": ("a.mp4", MP4 + b"<script>alert(1)</script>", "same time"),
    "an archive": ("a.zip", archive({"a.txt": "hello"}), "archive"),
    "a Java archive called a document": ("a.docx", archive({"META-INF/MANIFEST.MF": ""}), "archive"),
    "half an archive": ("a.docx", document()[:-30], "whole"),
    "a zip bomb": ("a.docx", document(**{"word/media/a.bin": b"\0" * 8_000_000}), "unpacks"),
    "many entries": ("a.docx", document(**{f"word/{n}": "" for n in range(2_001)}), "unpacks"),
    "macros": ("a.docx", document(**{"word/vbaProject.bin": "Sub"}), "macros"),
    "names that lead out": ("a.docx", document(**{"word/../../../etc/passwd": ""}), "lead out"),
    "names from the root": ("a.docx", document(**{"/etc/passwd": ""}), "lead out"),
}
"""Name, bytes and a word of the reason."""

DECEIVING: dict[str, str] = {
    "../../etc/passwd": "path",
    "..\\..\\boot.ini": "path",
    "/etc/passwd": "path",
    "..": "path",
    "photo\x00.jpg": "control",
    "photo\n.jpg": "control",
    "photo\u2028.jpg": "control",
    "photo\u202egpj.exe": "direction",
    "\u2066photo\u2069.jpg": "direction",
    "pho\u200bto.jpg": "nobody sees",
    "pho\u200dto.jpg": "nobody sees",
    "\ufeffphoto.jpg": "nobody sees",
    "photo\u00ad.jpg": "nobody sees",
    "photo\U000e0041.jpg": "nobody sees",
    "photo\ud800.jpg": "stored",
}
"""Names with a word of the reason."""
