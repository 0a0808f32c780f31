"""Files in a conversation: who sends them, who sees them, and when they go."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ccr.desk.clock import DAY, HOUR
from ccr.desk.people import Person
from ccr.desk.refusals import Code, Refusal
from ccr.services import attachments as limits
from ccr.services.attachments import NewUpload
from tests.file_corpus import (
    DECEIVING,
    FORBIDDEN,
    MAKER,
    PDF,
    PLACE,
    WEBM_NOTE,
    WRITTEN,
    photograph,
    pixel_flood,
)
from tests.files_house import FilesHouse, open_files

ID = 2**53


@pytest.fixture
async def files(tmp_path: Path) -> AsyncIterator[FilesHouse]:
    async with open_files(tmp_path) as opened:
        yield opened


async def refused(asked: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await asked
    return caught.value


async def test_carla_sends_a_photograph_and_amir_sees_it_without_its_secrets(files: FilesHouse) -> None:
    desk = files.desk
    ticket = await desk.open()
    content = photograph()

    sent = await files.attach(desk.carla, ticket, content, "Küche.jpg")
    answer = await desk.do(
        desk.carla, ticket, "carla-sends", "post_message", body="So", attachments=[sent["id"]]
    )

    assert {**sent, "id": 1, "bytes": 1} == {
        "id": 1,
        "name": "Küche.jpg",
        "media_type": "image/jpeg",
        "bytes": 1,
        "width": 48,
        "height": 64,
    }
    assert 0 < sent["id"] < ID
    assert list(answer.entries[0]["attachments"]) == [sent]
    for preview in (False, True):
        assert await files.fetch(desk.amir, sent["id"], preview=preview)
    assert len(await files.fetch(desk.amir, sent["id"])) == sent["bytes"]
    assert len(files.lying()) == 2
    for stored in files.lying():
        for secret in (MAKER, PLACE, WRITTEN, b"Exif"):
            assert secret not in stored
    [(digest,)] = await desk.house.rows("SELECT digest FROM uploads")
    assert digest == hashlib.sha256(content).hexdigest()


async def test_what_is_no_picture_is_kept_as_it_came(files: FilesHouse) -> None:
    desk = files.desk
    ticket = await desk.open()

    attachment = await files.send(desk.amir, ticket, "amir-sends", PDF, "plan.pdf")

    assert await files.fetch(desk.carla, attachment) == PDF
    assert (await refused(files.fetch(desk.carla, attachment, preview=True))).code is Code.NOT_FOUND


async def test_until_it_is_sent_only_the_sender_sees_it(files: FilesHouse) -> None:
    desk = files.desk
    ticket = await desk.open()
    attachment = (await files.attach(desk.carla, ticket))["id"]

    assert await files.fetch(desk.carla, attachment)
    for other in (desk.amir, desk.omar, desk.bea, desk.ada):
        assert (await refused(files.fetch(other, attachment))).code is Code.NOT_FOUND


async def test_once_sent_those_see_it_who_see_its_message(files: FilesHouse) -> None:
    desk = files.desk
    ticket = await desk.open()
    attachment = await files.send(desk.carla, ticket, "carla-sends")
    await desk.do(desk.ada, ticket, "ada-takes", "assign_agent", agent=desk.bea.id)

    assert await files.fetch(desk.carla, attachment)
    assert await files.fetch(desk.bea, attachment)
    for other in (desk.amir, desk.omar, desk.ada):
        assert (await refused(files.fetch(other, attachment))).code is Code.NOT_FOUND
        assert (await refused(files.fetch(other, attachment, preview=True))).code is Code.NOT_FOUND


async def test_a_file_belongs_to_its_message_also_where_that_asks_for_a_person(files: FilesHouse) -> None:
    desk = files.desk
    ticket = await desk.open()
    sent = (await files.attach(desk.carla, ticket))["id"]
    wish = await desk.do(
        desk.carla, ticket, "carla-asks", "post_message", body="I want a person", attachments=[sent]
    )
    assert [entry["type"] for entry in wish.entries] == ["message_posted", "person_requested"]

    assert await files.fetch(desk.amir, sent)
    assert (await refused(files.fetch(desk.ada, sent))).code is Code.NOT_FOUND
    await desk.do(desk.carla, ticket, "carla-regrets", "redact_message", of=wish.entries[0]["seq"])
    assert (await refused(files.fetch(desk.amir, sent))).code is Code.NOT_FOUND


async def test_an_agent_who_lost_the_ticket_has_lost_what_they_attached(files: FilesHouse) -> None:
    desk = files.desk
    ticket = await desk.open()
    attachment = (await files.attach(desk.amir, ticket))["id"]
    await desk.do(desk.ada, ticket, "ada-takes", "assign_agent", agent=None)

    assert (await refused(files.fetch(desk.amir, attachment))).code is Code.NOT_FOUND


async def test_admins_see_files_where_they_read_along(tmp_path: Path) -> None:
    async with open_files(tmp_path, admins_read=True) as files:
        ticket = await files.desk.open()
        attachment = await files.send(files.desk.carla, ticket, "carla-sends")

        assert await files.fetch(files.desk.ada, attachment)


async def test_only_who_may_write_may_attach(files: FilesHouse) -> None:
    desk = files.desk
    ticket = await desk.open()

    async def code(who: Person, on: int = ticket) -> Code:
        return (await refused(files.attach(who, on))).code

    assert await code(desk.omar) is Code.NOT_FOUND
    assert await code(desk.bea) is Code.NOT_FOUND
    assert await code(desk.carla, 4711) is Code.NOT_FOUND
    assert await code(desk.ada) is Code.FORBIDDEN
    await desk.do(desk.carla, ticket, "carla-closes", "close_ticket")
    assert await code(desk.carla) is Code.CONFLICT
    assert files.lying() == []
    assert await files.count("uploads") == 0


async def test_a_message_names_only_what_its_writer_attached_to_this_ticket(files: FilesHouse) -> None:
    desk = files.desk
    ticket = await desk.open()
    other = (await desk.do(desk.carla, None, "carla-opens-2", "open_ticket", query="And this?")).ticket
    mine = (await files.attach(desk.carla, ticket))["id"]
    elsewhere = (await files.attach(desk.carla, other))["id"]
    amirs = (await files.attach(desk.amir, ticket))["id"]
    sent = await files.send(desk.carla, ticket, "carla-sends")

    for number, ids in enumerate(([elsewhere], [amirs], [sent], [4711], [mine, mine], [mine, amirs])):
        code = await desk.refused(
            desk.carla, ticket, f"carla-tries-{number}", "post_message", attachments=ids
        )
        assert code == "invalid"
    for wrong in ([mine] * 6, ["x"], [0], [ID]):
        with pytest.raises(Refusal):
            await desk.do(desk.carla, ticket, "carla-tries-x", "post_message", attachments=wrong)
    await desk.do(desk.carla, ticket, "carla-tries-0", "post_message", attachments=[mine])


async def test_a_message_sent_again_is_one_message(files: FilesHouse) -> None:
    desk = files.desk
    ticket = await desk.open()
    ids = [(await files.attach(desk.carla, ticket))["id"] for _ in range(5)]

    first = await desk.do(desk.carla, ticket, "carla-sends", "post_message", attachments=ids)
    again = await desk.do(desk.carla, ticket, "carla-sends", "post_message", attachments=ids)

    assert (again.seq, [e["attachments"] for e in again.entries]) == (
        first.seq,
        [list(e["attachments"]) for e in first.entries],
    )
    assert [file["id"] for file in first.entries[0]["attachments"]] == ids


async def test_words_taken_back_take_their_files_with_them(files: FilesHouse) -> None:
    desk = files.desk
    ticket = await desk.open()
    attachment = await files.send(desk.carla, ticket, "carla-sends")
    kept = await files.send(desk.carla, ticket, "carla-sends-2", PDF, "kept.pdf")

    await desk.do(desk.carla, ticket, "carla-undoes", "redact_message", of=3)

    for who in (desk.carla, desk.amir):
        assert (await refused(files.fetch(who, attachment))).code is Code.NOT_FOUND
    assert await files.sweeper.sweep() == 2
    assert files.lying() == [PDF]
    assert await files.fetch(desk.amir, kept) == PDF
    rows = await desk.house.rows("SELECT fields FROM entries WHERE seq = 3")
    assert "a.png" not in rows[0][0]


async def test_what_nobody_sent_goes_after_a_day(files: FilesHouse) -> None:
    desk = files.desk
    ticket = await desk.open()
    sent = await files.send(desk.carla, ticket, "carla-sends", PDF, "a.pdf")
    unsent = (await files.attach(desk.carla, ticket))["id"]

    desk.house.later(DAY - HOUR)
    assert await files.sweeper.sweep() == 0
    assert await files.fetch(desk.carla, unsent)
    desk.house.later(2 * HOUR)
    assert await files.sweeper.sweep() == 2

    assert (await refused(files.fetch(desk.carla, unsent))).code is Code.NOT_FOUND
    assert await files.fetch(desk.carla, sent) == PDF
    assert (await files.count("files"), await files.count("uploads")) == (1, 0)
    await desk.refused(desk.carla, ticket, "carla-too-late", "post_message", attachments=[unsent])


async def test_deleting_an_account_takes_what_only_it_had(files: FilesHouse) -> None:
    desk = files.desk
    ticket = await desk.open()
    await files.send(desk.carla, ticket, "carla-sends", PDF, "a.pdf")
    await files.attach(desk.carla, ticket)
    await files.uploads.begin(desk.carla, ticket, NewUpload(name="b.pdf", length=5_000))
    identity = await desk.house.identity("carla@example.org")

    await desk.house.accounts.delete(identity)
    await files.sweeper.sweep()

    assert files.lying() == [PDF]
    assert (await files.count("attachments"), await files.count("uploads")) == (1, 0)


async def test_the_export_names_what_a_person_sent(files: FilesHouse) -> None:
    desk = files.desk
    ticket = await desk.open()
    sent = await files.send(desk.carla, ticket, "carla-sends")
    unsent = (await files.attach(desk.carla, ticket))["id"]

    held = await desk.house.export(desk.carla)

    assert {(file["id"], file["seq"]) for file in held["files"]} == {(sent, 3), (unsent, None)}


async def test_what_may_not_be_sent_leaves_nothing_behind(files: FilesHouse) -> None:
    carla, ticket = files.desk.carla, await files.desk.open()
    wrong = [(called, content) for called, content, _ in FORBIDDEN.values()]
    wrong += [("a.png", pixel_flood()), *((name, PDF) for name in DECEIVING)]

    for called, content in wrong:
        given = NewUpload(name=called, length=len(content))
        refusal = await refused(files.attachments.add(carla, ticket, given, content))
        assert refusal.code is Code.INVALID
        assert set(refusal.fields) == {"file"}

    assert (files.lying(), await files.count("attachments"), await files.count("files")) == ([], 0, 0)


async def test_too_large_and_not_whole_are_refused(files: FilesHouse) -> None:
    desk = files.desk
    ticket = await desk.open()
    large = NewUpload(name="a.pdf", length=limits.LARGEST + 1)

    assert (await refused(files.uploads.begin(desk.carla, ticket, large))).code is Code.TOO_LARGE
    for length in (len(PDF) - 1, len(PDF) + 1):
        given = NewUpload(name="a.pdf", length=length)
        assert (await refused(files.attachments.add(desk.carla, ticket, given, PDF))).code is Code.INVALID


async def test_there_is_an_end_to_a_day(files: FilesHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "A_DAY", 2 * len(PDF))
    desk = files.desk
    ticket = await desk.open()
    for _ in range(2):
        await files.attach(desk.carla, ticket, PDF, "a.pdf")

    refusal = await refused(files.attach(desk.carla, ticket, PDF, "a.pdf"))
    assert (refusal.code, bool(refusal.retry_after)) == (Code.RATE_LIMITED, True)
    await files.attach(desk.amir, ticket, PDF, "a.pdf")
    desk.house.later(DAY)
    await files.attach(desk.carla, ticket, PDF, "a.pdf")


async def test_while_the_store_is_away_people_talk_on_and_nothing_half_stored_is_named(
    files: FilesHouse,
) -> None:
    desk = files.desk
    ticket = await desk.open()
    attachment = await files.send(desk.carla, ticket, "carla-sends")
    files.store.away = True

    assert (await refused(files.attach(desk.carla, ticket))).code is Code.UNAVAILABLE
    assert (await refused(files.fetch(desk.carla, attachment))).code is Code.UNAVAILABLE
    await desk.do(desk.carla, ticket, "carla-talks-on", "post_message", body="Still here")
    assert await files.count("attachments") == 1

    files.store.away = False
    assert await files.attach(desk.carla, ticket)
    desk.house.later(2 * DAY)
    await files.sweeper.sweep()
    assert await files.count("files") == len(files.lying()) == 2


async def test_a_note_says_how_long_it_is_and_how_it_looks(files: FilesHouse) -> None:
    desk = files.desk
    ticket = await desk.open()
    note = NewUpload(name="note.webm", length=len(WEBM_NOTE), duration_ms=4_200, waveform="0az9")

    sent = await files.attachments.add(desk.carla, ticket, note, WEBM_NOTE)
    plain = await files.attachments.add(
        desk.carla, ticket, NewUpload(name="a.pdf", length=len(PDF), duration_ms=5, waveform="a"), PDF
    )

    assert (sent["media_type"], sent["duration_ms"], sent["waveform"]) == ("audio/webm", 4_200, "0az9")
    assert "waveform" not in plain


async def test_the_longest_message_with_the_longest_names_fits(files: FilesHouse) -> None:
    desk = files.desk
    ticket = await desk.open()
    ids = [(await files.attach(desk.carla, ticket, name="漢" * 200 + ".png"))["id"] for _ in range(5)]

    await desk.do(
        desk.carla, ticket, "carla-sends", "post_message", body="\x01" * 3999 + "a", attachments=ids
    )

    rows = await desk.house.rows("SELECT fields FROM entries WHERE seq = 3")
    assert len(rows[0][0].encode()) < 26_000
