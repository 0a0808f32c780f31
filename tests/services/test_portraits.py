"""Portraits: whose, by whom, and what is left of the picture they were made from."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ccr.desk.refusals import Code, Refusal
from tests.file_corpus import HTML, MAKER, PDF, PLACE, WRITTEN, photograph, picture, pixel_flood
from tests.files_house import FilesHouse, open_files


@pytest.fixture
async def files(tmp_path: Path) -> AsyncIterator[FilesHouse]:
    async with open_files(tmp_path) as opened:
        yield opened


async def refused(asked: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await asked
    return caught.value


async def fetched(files: FilesHouse, address: str) -> bytes:
    _, _, of, tag = address.split("/")
    stored = await files.portraits.stored(int(of), tag)
    return await stored.read(0, stored.size)


async def test_amir_gives_himself_a_face_and_it_is_all_that_is_kept(files: FilesHouse) -> None:
    amir = files.desk.amir

    state = await files.portraits.put(amir, amir.id, "me.jpg", photograph("JPEG", (900, 600)))

    assert state["name"] == amir.name
    square = await fetched(files, state["portrait"])
    assert Image.open(io.BytesIO(square)).size == (256, 256)
    assert files.lying() == [square], "the photograph itself lies nowhere"
    for secret in (MAKER, PLACE, WRITTEN, b"Exif"):
        assert secret not in square


async def test_another_one_has_another_address_and_the_old_one_is_gone(files: FilesHouse) -> None:
    amir = files.desk.amir
    first = await files.portraits.put(amir, amir.id, "me.png", picture("PNG"))

    second = await files.portraits.put(amir, amir.id, "me.png", picture("PNG", (32, 32)))

    assert first["portrait"] != second["portrait"]
    assert (await refused(fetched(files, first["portrait"]))).code is Code.NOT_FOUND
    await files.sweeper.sweep()
    assert len(files.lying()) == 1
    await files.portraits.remove(amir, amir.id)
    await files.portraits.remove(amir, amir.id)
    await files.sweeper.sweep()
    assert files.lying() == []
    assert (await files.portraits.state(amir, amir.id))["portrait"] is None


async def test_admins_give_agents_theirs_and_nobody_else_anybody(files: FilesHouse) -> None:
    desk, given = files.desk, ("a.png", picture("PNG"))
    put = files.portraits.put

    assert (await put(desk.ada, desk.amir.id, *given))["portrait"]
    assert (await put(desk.ada, desk.ada.id, *given))["portrait"]
    for who, of, code in (
        (desk.carla, desk.carla.id, Code.FORBIDDEN),
        (desk.carla, desk.amir.id, Code.FORBIDDEN),
        (desk.amir, desk.ada.id, Code.NOT_FOUND),
        (desk.ada, desk.carla.id, Code.NOT_FOUND),
        (desk.ada, 999_999, Code.NOT_FOUND),
    ):
        assert (await refused(put(who, of, *given))).code is code
        assert (await refused(files.portraits.remove(who, of))).code is code
    assert len(files.lying()) == 2


async def test_what_is_no_picture_is_refused_and_nothing_is_kept(files: FilesHouse) -> None:
    amir = files.desk.amir

    for name, content, words in (
        ("a.pdf", PDF, "not a picture"),
        ("a.png", HTML, "scripts"),
        ("a.png", pixel_flood(), "megapixels"),
        ("a.jpg", picture("PNG"), "called .jpg"),
        ("a.png", picture("PNG")[:60], "whole"),
    ):
        found = await refused(files.portraits.put(amir, amir.id, name, content))
        assert words in found.fields["file"], name
    large = await refused(files.portraits.put(amir, amir.id, "a.png", b"x" * (10 * 1024 * 1024 + 1)))
    assert large.code is Code.TOO_LARGE
    assert files.lying() == []


async def test_with_the_store_away_the_old_one_stays(files: FilesHouse) -> None:
    amir = files.desk.amir
    before = await files.portraits.put(amir, amir.id, "me.png", picture("PNG"))

    files.store.away = True
    found = await refused(files.portraits.put(amir, amir.id, "me.png", picture("PNG", (32, 32))))
    files.store.away = False

    assert found.code is Code.UNAVAILABLE
    assert await files.portraits.state(amir, amir.id) == before
    assert await fetched(files, before["portrait"])
