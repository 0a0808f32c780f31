"""Pictures are made anew: what is seen stays, and nothing else does."""

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms

from ccr.adapters import pictures
from ccr.adapters.pictures import PillowPictures
from ccr.desk.refusals import Code, Refusal
from ccr.ports import Picture
from tests.file_corpus import MAKER, PLACE, WRITTEN, archive, moving, photograph, picture, pixel_flood, saved

FORMS = ["JPEG", "PNG", "WEBP", "GIF"]


@pytest.fixture
def renewing() -> Iterator[PillowPictures]:
    made = PillowPictures()
    yield made
    made.close()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def near(pixel: object, wanted: tuple[int, ...]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(one - other) < 25 for one, other in zip(pixel, wanted, strict=False))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
async def test_where_and_by_what_it_was_taken_is_gone_and_it_stands_upright(
    renewing: PillowPictures, form: str
) -> None:
    made = await renewing.renew(photograph(form))

    assert (made.width, made.height) == (48, 64)
    for content in (made.content, made.preview):
        for secret in (MAKER, PLACE, WRITTEN, b"Exif"):
            assert secret not in content
        image = opened(content)
        assert not image.getexif()
        assert not {"exif", "icc_profile", "comment", "xmp", "photoshop"} & set(image.info)
        rgb = image.convert("RGB")
        assert near(rgb.getpixel((24, 8)), (220, 0, 0))  # what was on the left is above
        assert near(rgb.getpixel((24, 56)), (0, 0, 200))


@pytest.mark.parametrize("form", FORMS)
async def test_it_stays_what_it_was(renewing: PillowPictures, form: str) -> None:
    made = await renewing.renew(picture(form))

    assert opened(made.content).format == form
    assert made.media_type == f"image/{form.lower()}"
    assert opened(made.preview).format == "WEBP"
    assert opened(made.preview).size == (64, 48)


@pytest.mark.parametrize("form", FORMS)
async def test_other_threads_go_on_while_it_is_encoded(
    renewing: PillowPictures, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, files = picture(form), list[int]()
    save = Image.Image.save

    def watched(image: Image.Image, target: Any, *about: Any, **options: Any) -> None:
        files.append(target.fileno())  # to a file Pillow writes without Python's lock, to memory it does not
        save(image, target, *about, **options)

    monkeypatch.setattr(Image.Image, "save", watched)

    made = await renewing.renew(content)

    assert made.width == 64
    assert len(files) == 2, "picture and preview"


PEAK = """
import asyncio, resource, sys
from pathlib import Path
from ccr.adapters.pictures import PillowPictures

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

async def renew():
    renewing = PillowPictures()
    small, large = (Path(name).read_bytes() for name in sys.argv[1:])
    await renewing.renew(small)
    before = peak()
    await renewing.renew(large)
    print((peak() - before) * (1 if sys.platform == "darwin" else 1024))
    renewing.close()

asyncio.run(renew())
"""
"""Prints the bytes that the second picture takes beyond what the first took."""


def test_a_large_photograph_is_held_twice_and_no_more(tmp_path: Path) -> None:
    side = 3_000
    names = []
    for each in (30, side):
        names.append(tmp_path / f"{each}.jpg")
        names[-1].write_bytes(photograph("JPEG", (each, each)))

    taken = subprocess.check_output([sys.executable, "-c", PEAK, *names], text=True)

    assert int(taken) < 2.75 * 4 * side * side  # 4 bytes a pixel, and what the encoder needs


async def test_a_preview_of_the_busiest_picture_is_small(renewing: PillowPictures) -> None:
    noise = Image.effect_noise((1600, 1200), 120).convert("RGB")

    made = await renewing.renew(saved(noise, "JPEG", quality=80))

    assert len(made.preview) <= 20_000
    assert (made.width, made.height) == (1600, 1200)


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
async def test_what_moves_goes_on_moving(renewing: PillowPictures, form: str) -> None:
    made = await renewing.renew(moving(form))

    assert getattr(opened(made.content), "n_frames", 1) == 3


async def test_what_can_be_seen_through_stays_so(renewing: PillowPictures) -> None:
    clear = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    palette = Image.new("P", (20, 20), 0)
    for content in (saved(clear, "PNG"), saved(clear, "WEBP"), saved(palette, "PNG", transparency=0)):
        made = await renewing.renew(content)
        assert opened(made.content).convert("RGBA").getpixel((10, 10))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16"])
async def test_colours_of_every_kind_are_read(renewing: PillowPictures, mode: str) -> None:
    image = Image.new(mode, (30, 20), 0) if mode != "I;16" else Image.new(mode, (30, 20), 65_535)
    made = await renewing.renew(saved(image, "JPEG" if mode == "CMYK" else "PNG"))

    assert (made.width, made.height) == (30, 20)
    if mode == "I;16":
        assert opened(made.content).convert("L").getpixel((5, 5)) == 255


async def test_a_colour_profile_is_followed_and_left_out(renewing: PillowPictures) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    made = await renewing.renew(picture("JPEG", icc_profile=profile))

    assert "icc_profile" not in opened(made.content).info
    assert near(opened(made.content).getpixel((5, 5)), (220, 0, 0))
    assert (await renewing.renew(picture("JPEG", icc_profile=b"none at all"))).width == 64


@pytest.mark.parametrize("form", FORMS)
async def test_what_hides_behind_a_picture_is_gone(renewing: PillowPictures, form: str) -> None:
    made = await renewing.renew(picture(form) + b"<script>alert(1)</script>" + archive({"a": b"x"}))

    assert b"<script>" not in made.content
    assert b"PK\x03\x04" not in made.content


async def test_a_script_within_a_gif_is_gone(renewing: PillowPictures) -> None:
    content = saved(Image.new("P", (8, 8)), "GIF", comment=b"*/=1;alert(1);/*")
    assert b"alert" in content

    assert b"alert" not in (await renewing.renew(content)).content


async def refused(renewing: PillowPictures, content: bytes) -> str:
    with pytest.raises(Refusal) as caught:
        await renewing.renew(content)
    assert caught.value.code is Code.INVALID
    return caught.value.fields["file"]


async def test_a_flood_of_pixels_is_refused_before_it_is_unpacked(renewing: PillowPictures) -> None:
    assert "megapixels" in await refused(renewing, pixel_flood())
    assert "megapixels" in await refused(renewing, moving("GIF", 600, (1, 1)))


async def test_many_large_frames_are_refused(
    renewing: PillowPictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "MOST_PIXELS", 32 * 24 * 2)

    assert "frames" in await refused(renewing, moving("GIF", 3))


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", picture("PNG")[:60], b"\xff\xd8\xff\xe0nonsense", b"RIFF\0\0\0\0WEBPVP8 "]
)
async def test_a_broken_one_is_refused(renewing: PillowPictures, content: bytes) -> None:
    assert "picture" in await refused(renewing, content)


async def test_other_formats_are_not_even_tried(renewing: PillowPictures) -> None:
    for form in ("BMP", "TIFF", "ICO", "PPM"):
        assert "picture" in await refused(renewing, picture(form, (16, 16)))


async def test_a_portrait_is_a_small_square(renewing: PillowPictures) -> None:
    portrait = await renewing.portrait(photograph("JPEG", (300, 200)))

    assert opened(portrait).size == (256, 256)
    assert opened(portrait).format == "WEBP"
    assert MAKER not in portrait


async def test_too_many_at_once_are_told_to_come_again(renewing: PillowPictures) -> None:
    renewing._waiting = pictures.MOST_WAITING

    with pytest.raises(Refusal) as caught:
        await renewing.renew(picture())

    assert caught.value.code is Code.RATE_LIMITED
    assert caught.value.retry_after


async def test_pixels_only_are_handed_on(renewing: PillowPictures) -> None:
    assert isinstance(await renewing.renew(picture()), Picture)
