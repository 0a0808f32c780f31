"""Uploads that go on where they stopped."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ccr.desk.clock import DAY
from ccr.desk.people import Person
from ccr.desk.refusals import Code, Refusal
from ccr.services.attachments import NewUpload
from ccr.store.uploads import Upload
from tests.file_corpus import HTML, MAKER, PDF, PLACE, WRITTEN, photograph, picture
from tests.files_house import FilesHouse, open_files
from tests.waiting import PATIENCE, until

LONG = PDF[:9] + b"%" + b"x" * 5_000 + PDF[9:]


@pytest.fixture
async def files(tmp_path: Path) -> AsyncIterator[FilesHouse]:
    async with open_files(tmp_path) as opened:
        yield opened


async def code(asked: Any) -> Code:
    with pytest.raises(Refusal) as caught:
        await asked
    return caught.value.code


async def begun(files: FilesHouse, content: bytes = LONG, name: str = "long.pdf") -> tuple[Person, int]:
    """Carla's upload on her ticket."""
    ticket = await files.desk.open()
    upload = await files.uploads.begin(files.desk.carla, ticket, NewUpload(name=name, length=len(content)))
    return files.desk.carla, upload.id


async def test_pieces_become_the_file(files: FilesHouse) -> None:
    carla, upload = await begun(files)

    for start in range(0, len(LONG), 2_000):
        assert (await files.uploads.find(carla, upload)).received == start
        await files.uploads.take(carla, upload, start, LONG[start : start + 2_000])
    sent = await files.uploads.finish(carla, upload)

    assert await files.fetch(carla, sent["id"]) == LONG
    assert await files.uploads.finish(carla, upload) == sent
    assert await files.count("attachments") == 1
    assert await files.sweeper.sweep() == 3
    assert files.lying() == [LONG]


async def test_who_asks_many_times_at_once_has_it_made_whole_once(files: FilesHouse) -> None:
    carla, upload = await begun(files)
    await files.uploads.take(carla, upload, 0, LONG)

    first, *others = await asyncio.gather(*(files.uploads.finish(carla, upload) for _ in range(20)))

    assert others == [first] * 19
    assert files.lying() == [LONG] * 2, "the piece, and what it became"


async def test_what_is_under_way_is_done_though_whoever_sent_it_has_left(files: FilesHouse) -> None:
    carla, upload = await begun(files)
    store = files.store

    for n, asked in enumerate(
        (files.uploads.take(carla, upload, 0, LONG), files.uploads.finish(carla, upload))
    ):
        store.slow.clear()
        left = asyncio.create_task(asked)
        await until(lambda n=n: store.putting > n)  # type: ignore[misc]
        left.cancel()
        await asyncio.gather(left, return_exceptions=True)
        store.slow.set()
        async with asyncio.timeout(PATIENCE):
            while await files.count("files WHERE kept = 0 AND sweep_at > 0"):
                await asyncio.sleep(0.005)

    sent = await files.uploads.finish(carla, upload)
    assert await files.fetch(carla, sent["id"]) == LONG
    assert store.putting == 2


async def test_of_pieces_that_come_at_once_only_the_one_that_is_taken_stays(files: FilesHouse) -> None:
    carla, upload = await begun(files)

    files.store.slow.clear()
    came = [asyncio.create_task(files.uploads.take(carla, upload, 0, LONG)) for _ in range(10)]
    await until(lambda: files.store.putting == 10)
    files.store.slow.set()
    taken = await asyncio.gather(*came, return_exceptions=True)
    await files.sweeper.sweep()

    assert sum(isinstance(one, Refusal) and one.code is Code.CONFLICT for one in taken) == 9
    assert files.lying() == [LONG]
    assert files.woken, "nobody waits for the next round"


async def test_of_each_person_one_file_is_looked_at_at_a_time(
    files: FilesHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at, others = list[int](), asyncio.Event()
    attach = files.attachments.attach

    async def slowly(upload: Upload, content: bytes) -> dict[str, Any]:
        looked_at.append(upload.owner)
        if upload.owner == files.desk.carla.id:
            await others.wait()
        return await attach(upload, content)

    monkeypatch.setattr(files.attachments, "attach", slowly)
    ticket = await files.desk.open()
    sending = [asyncio.create_task(files.attach(files.desk.carla, ticket)) for _ in range(5)]
    await until(lambda: bool(looked_at))

    await files.attach(files.desk.amir, ticket)

    assert looked_at == [files.desk.carla.id, files.desk.amir.id]
    others.set()
    await asyncio.gather(*sending)


async def test_what_a_photograph_tells_goes_with_its_pieces_as_soon_as_it_is_whole(files: FilesHouse) -> None:
    content = photograph("JPEG", (400, 300))
    carla, upload = await begun(files, content, "a.jpg")
    await files.uploads.take(carla, upload, 0, content)
    assert files.woken == 0

    await files.uploads.finish(carla, upload)

    assert files.woken == 1, "nobody waits for the next round"
    await files.sweeper.sweep()
    assert len(files.lying()) == 2
    for secret in (MAKER, PLACE, WRITTEN, b"Exif"):
        assert not any(secret in stored for stored in files.lying())


async def test_a_piece_comes_once_and_in_order(files: FilesHouse) -> None:
    carla, upload = await begun(files)
    await files.uploads.take(carla, upload, 0, LONG[:2_000])

    for start in (0, 1_999, 2_001, 4_000):
        assert await code(files.uploads.take(carla, upload, start, b"x" * 1_024)) is Code.CONFLICT
    assert await code(files.uploads.finish(carla, upload)) is Code.CONFLICT
    assert await code(files.uploads.take(carla, upload, 2_000, LONG)) is Code.INVALID
    assert await code(files.uploads.take(carla, upload, 2_000, b"xy")) is Code.INVALID
    assert (await files.uploads.find(carla, upload)).received == 2_000


async def test_it_is_nobody_elses(files: FilesHouse) -> None:
    carla, upload = await begun(files)
    desk = files.desk

    for other in (desk.amir, desk.omar, desk.ada):
        assert await code(files.uploads.find(other, upload)) is Code.NOT_FOUND
        assert await code(files.uploads.take(other, upload, 0, LONG)) is Code.NOT_FOUND
        assert await code(files.uploads.finish(other, upload)) is Code.NOT_FOUND
        assert await code(files.uploads.give_up(other, upload)) is Code.NOT_FOUND
    assert await code(files.uploads.find(carla, upload + 1)) is Code.NOT_FOUND


async def test_given_up_it_leaves_nothing_even_when_it_was_done(files: FilesHouse) -> None:
    carla, half = await begun(files)
    await files.uploads.take(carla, half, 0, LONG[:2_000])
    ticket = (await files.uploads.find(carla, half)).ticket
    done = await files.uploads.begin(carla, ticket, NewUpload(name="a.png", length=len(picture("PNG"))))
    await files.uploads.take(carla, done.id, 0, picture("PNG"))
    sent = await files.uploads.finish(carla, done.id)

    for upload in (half, done.id, half):
        await files.uploads.give_up(carla, upload)
    await files.sweeper.sweep()

    assert files.lying() == []
    assert await code(files.fetch(carla, sent["id"])) is Code.NOT_FOUND
    assert await code(files.uploads.take(carla, half, 2_000, LONG[2_000:])) is Code.CONFLICT


async def test_given_up_while_it_is_made_whole_it_leaves_nothing_either(files: FilesHouse) -> None:
    carla, upload = await begun(files)
    await files.uploads.take(carla, upload, 0, LONG)
    files.store.slow.clear()
    finishing = asyncio.create_task(files.uploads.finish(carla, upload))
    await until(lambda: files.store.putting == 2)

    await files.uploads.give_up(carla, upload)
    files.store.slow.set()

    assert await code(finishing) is Code.CONFLICT
    await files.sweeper.sweep()
    assert await files.count("attachments") == 0
    assert files.lying() == []


async def test_what_was_sent_stays_when_its_upload_is_given_up(files: FilesHouse) -> None:
    carla, upload = await begun(files)
    await files.uploads.take(carla, upload, 0, LONG)
    sent = await files.uploads.finish(carla, upload)
    ticket = (await files.uploads.find(carla, upload)).ticket
    await files.desk.do(carla, ticket, "carla-sends", "post_message", attachments=[sent["id"]])

    await files.uploads.give_up(carla, upload)
    await files.sweeper.sweep()

    assert await files.fetch(carla, sent["id"]) == LONG


async def test_what_may_not_be_sent_is_refused_at_the_end_and_ends_it(files: FilesHouse) -> None:
    carla, upload = await begun(files, HTML, "page.txt")
    await files.uploads.take(carla, upload, 0, HTML)

    assert await code(files.uploads.finish(carla, upload)) is Code.INVALID
    assert await code(files.uploads.finish(carla, upload)) is Code.CONFLICT
    await files.sweeper.sweep()
    assert files.lying() == []


async def test_while_the_store_is_away_it_can_be_asked_again(files: FilesHouse) -> None:
    carla, upload = await begun(files)
    files.store.away = True
    assert await code(files.uploads.take(carla, upload, 0, LONG)) is Code.UNAVAILABLE
    files.store.away = False
    await files.uploads.take(carla, upload, 0, LONG)
    files.store.away = True
    assert await code(files.uploads.finish(carla, upload)) is Code.UNAVAILABLE
    files.store.away = False

    assert (await files.uploads.finish(carla, upload))["name"] == "long.pdf"


async def test_after_a_day_it_is_forgotten(files: FilesHouse) -> None:
    carla, upload = await begun(files)
    await files.uploads.take(carla, upload, 0, LONG[:2_000])

    files.desk.house.later(DAY + 1)
    await files.sweeper.sweep()

    assert await code(files.uploads.find(carla, upload)) is Code.NOT_FOUND
    assert files.lying() == []


@pytest.mark.parametrize(
    "wrong", [{"duration_ms": 0}, {"duration_ms": 10**6}, {"waveform": "A"}, {"waveform": "a" * 33}]
)
async def test_a_note_that_says_nonsense_is_refused(files: FilesHouse, wrong: dict[str, Any]) -> None:
    ticket = await files.desk.open()
    given = NewUpload(name="a.webm", length=10, **wrong)

    assert await code(files.uploads.begin(files.desk.carla, ticket, given)) is Code.INVALID
