"""Pictures made anew from their pixels by Pillow, in a thread of its own: what else a file carries never gets further.

That takes away where and by what a photograph was taken, and whatever a picture that is also a script or an archive
hides. One at a time, because one of 40 megapixels takes 350 MB for two seconds, and as WebP 800.
"""

import asyncio
import io
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from tempfile import TemporaryFile
from typing import Any, TypeVar

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from ccr.desk.refusals import Code, Refusal, bad_file
from ccr.ports import Picture

T = TypeVar("T")

# We count pixels ourselves, and sooner.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

MOST_PIXELS = 40_000_000
"""In all frames together."""
MOST_FRAMES = 500
MOST_BYTES = 10 * 1024 * 1024
"""Of what it becomes."""
MOST_WAITING = 16

PREVIEW_BYTES = 20_000
PREVIEW_TRIES = ((640, 70), (640, 50), (480, 50), (320, 50), (240, 40), (160, 30), (96, 20))
"""Longest side and quality: the first that is small enough is taken."""
PORTRAIT_SIDE = 256

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
}
_SRGB = ImageCms.createProfile("sRGB")


class PillowPictures:
    """The port `Pictures`."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pictures")
        self._waiting = 0

    async def renew(self, content: bytes) -> Picture:
        """The picture upright and without anything but its pixels. Raises `Refusal`: `invalid`, or `rate_limited`."""
        return await self._run(_renew, content)

    async def portrait(self, content: bytes) -> bytes:
        """Its middle as a small square, as WebP. Raises the same."""
        return await self._run(_portrait, content)

    def close(self) -> None:
        """End the thread once what runs is done."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def _run(self, work: Callable[[bytes], T], content: bytes) -> T:
        if self._waiting >= MOST_WAITING:
            words = "Too many pictures are being looked at just now. Try again soon."
            raise Refusal(Code.RATE_LIMITED, words, retry_after=5)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, _safely, work, content)
        finally:
            self._waiting -= 1


def _safely(work: Callable[[bytes], T], content: bytes) -> T:
    """Whatever a broken file does to the library, it is the file's fault."""
    try:
        return work(content)
    except (Refusal, MemoryError):
        raise
    except Exception as error:
        raise bad_file("is not a whole picture") from error


def _renew(content: bytes) -> Picture:
    with _opened(content) as image:
        media_type = _TYPES[image.format or ""]
        frames = [] if media_type == "image/jpeg" else _frames(image)
        still = frames[0][0] if frames else _upright(image)
    made = _encoded(media_type, still, frames)
    if len(made) > MOST_BYTES:
        raise bad_file("takes more than 10 MiB without its tricks: save it smaller")
    return Picture(
        content=made,
        media_type=media_type,
        width=still.width,
        height=still.height,
        preview=_preview(still),
    )


def _portrait(content: bytes) -> bytes:
    with _opened(content) as image:
        square = ImageOps.fit(_upright(image), (PORTRAIT_SIDE, PORTRAIT_SIDE), Image.Resampling.LANCZOS)
        return _saved(square, "WEBP", quality=80, method=4)


def _opened(content: bytes) -> Image.Image:
    """Only its head is read so far: how large it will be is known before anything is unpacked."""
    try:
        image = Image.open(io.BytesIO(content), formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise _flood() from error
    except (UnidentifiedImageError, OSError) as error:
        raise bad_file("is not a picture that can be read") from error
    if image.width * image.height > MOST_PIXELS:
        raise _flood()
    return image


def _flood(where: str = "") -> Refusal:
    return bad_file(f"has more than {MOST_PIXELS // 1_000_000} megapixels{where}")


def _frames(image: Image.Image) -> list[tuple[Image.Image, int]]:
    """Each frame with its milliseconds, where there is more than one. Asking for their number would unpack them all."""
    if not getattr(image, "is_animated", False):
        return []
    frames: list[tuple[Image.Image, int]] = []
    left = MOST_PIXELS
    for number in range(MOST_FRAMES + 1):
        try:
            image.seek(number)
        except EOFError:
            break
        left -= image.width * image.height
        if left < 0 or number == MOST_FRAMES:
            raise _flood(" in its frames")
        frames.append((_upright(image.convert("RGBA")), int(image.info.get("duration", 100) or 100)))
    return frames


def _upright(image: Image.Image) -> Image.Image:
    """Turned as its metadata says, in everybody's colours, and with nothing else about it left. `image` is given up."""
    profile = image.info.get("icc_profile")
    turned = ImageOps.exif_transpose(image)
    image.close()  # each copy takes four bytes a pixel
    has_alpha = "A" in turned.getbands() or "transparency" in turned.info
    mode = "RGBA" if has_alpha else "L" if turned.mode in ("1", "L") else "RGB"
    if turned.mode == "I;16":
        turned = turned.point(lambda value: value / 256)  # from 16 bits; conversion alone would clip
    plain = _in_srgb(turned, profile, mode) if profile else _in_mode(turned, mode)
    plain.info.clear()
    return plain


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    return image if image.mode == mode else image.convert(mode)


def _in_srgb(image: Image.Image, profile: bytes, mode: str) -> Image.Image:
    """A profile names the maker of a camera or a screen, and without it colours would be wrong."""
    wanted = "RGB" if mode == "L" else mode
    source = image if image.mode in ("RGB", "CMYK", "RGBA") else image.convert(wanted)
    try:
        converted = ImageCms.profileToProfile(
            source, ImageCms.ImageCmsProfile(io.BytesIO(profile)), _SRGB, outputMode=wanted
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return _in_mode(image, mode)
    return converted if converted is not None else _in_mode(image, mode)


def _encoded(media_type: str, still: Image.Image, frames: list[tuple[Image.Image, int]]) -> bytes:
    if frames:
        moving: dict[str, Any] = {
            "save_all": True,
            "append_images": [frame for frame, _ in frames[1:]],
            "duration": [duration for _, duration in frames],
            "loop": 0,
        }
        if media_type == "image/gif":
            return _saved(still, "GIF", disposal=2, **moving)
        return _saved(still, "WEBP" if media_type == "image/webp" else "PNG", **moving)
    if media_type == "image/jpeg":
        return _saved(still, "JPEG", quality=88, optimize=True, progressive=True)
    if media_type == "image/webp":
        return _saved(still, "WEBP", quality=86, method=2)  # 4 takes six times as long
    return _saved(still, media_type.removeprefix("image/").upper())


def _preview(still: Image.Image) -> bytes:
    for side, quality in PREVIEW_TRIES:
        small = _small(still, side)
        made = _saved(small, "WEBP", quality=quality, method=4)
        if len(made) <= PREVIEW_BYTES:
            return made
    raise AssertionError("96 pixels take less than that")


def _small(image: Image.Image, side: int) -> Image.Image:
    scale = min(side / max(image.size), 1)
    size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2)


def _saved(image: Image.Image, form: str, **options: Any) -> bytes:
    """Encoded by way of a file: into memory a JPEG is written in one go, and no other thread runs for as long."""
    with TemporaryFile() as target:
        image.save(target, form, **options)
        target.seek(0)
        return target.read()
