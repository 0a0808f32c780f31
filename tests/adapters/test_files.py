"""Where files lie: the same of a folder and of a bucket, which two servers of different makes stand for."""

import os
import stat
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from ccr.adapters.cos import CosFiles, region_of
from ccr.adapters.local import LocalFiles
from ccr.checks import outside, passed
from ccr.ports import FileMissing, FileStore, FilesUnavailable
from ccr.settings import Settings
from tests.object_storage import Bucket, serving
from tests.servers import free_port

NAME = "abcdefgh12345678"
FRESH = "zyxwvuts87654321"
"""Of nothing that was put before: tests share a bucket."""

BYTES = bytes(range(256)) * 64


@pytest.fixture(scope="module", params=["nanio", "moto"])
def bucket(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    with serving(request.param, tmp_path_factory.mktemp(request.param)) as made:
        yield made


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """The one that checks signatures."""
    with serving("nanio", tmp_path_factory.mktemp("signing")) as made:
        yield made


@pytest.fixture
async def cos(bucket: Bucket) -> AsyncIterator[CosFiles]:
    files = bucket.files()
    yield files
    await files.close()


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


async def keeps_files(files: FileStore) -> None:
    """What everybody may rely on."""
    with pytest.raises(FileMissing):
        await files.read(FRESH, 0, 10)
    await files.remove(FRESH)

    await files.put(FRESH, BYTES, "image/png")
    assert await files.read(FRESH, 0, len(BYTES)) == BYTES
    assert await files.read(FRESH, 1, 2) == BYTES[1:3]
    assert await files.read(FRESH, len(BYTES) - 3, 3) == BYTES[-3:]
    assert await files.read(FRESH, 5, 0) == b""
    await files.put(FRESH, b"another", "text/plain")
    assert await files.read(FRESH, 0, 7) == b"another"

    await files.remove(FRESH)
    await files.remove(FRESH)
    with pytest.raises(FileMissing):
        await files.read(FRESH, 0, 10)


async def test_a_folder_keeps_files(tmp_path: Path) -> None:
    await keeps_files(LocalFiles(tmp_path / "files"))


async def test_a_bucket_keeps_files(cos: CosFiles) -> None:
    await keeps_files(cos)


async def test_only_the_owner_reads_the_folder(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path / "files")
    await files.put(NAME, BYTES, "image/png")

    [file] = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "files").stat().st_mode) & 0o077 == 0
    assert await files.link(NAME, {}) is None


@pytest.mark.parametrize(
    "name", ["../registry", "/etc/passwd", "ab", "", "a\x00bcdefgh", "ABCDEFGH", "a/b/c/d/e/f"]
)
async def test_a_folder_knows_no_names_but_ours(tmp_path: Path, name: str) -> None:
    files = LocalFiles(tmp_path / "files")

    for attempt in (files.put(name, b"", ""), files.remove(name), files.read(name, 0, 1)):
        with pytest.raises(ValueError, match="name"):
            await attempt
    assert names_in(tmp_path) == []


async def test_what_the_folder_cannot_take_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("in the way")

    with pytest.raises(FilesUnavailable):
        await LocalFiles(tmp_path / "files").put(NAME, b"x", "")


async def test_what_a_process_that_was_killed_has_left_of_a_file_goes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """Nothing of ours runs any more."""

    def kill(_: int) -> None:
        raise Killed

    files = LocalFiles(tmp_path / "files")
    with monkeypatch.context() as process:
        process.setattr(os, "fsync", kill)
        with pytest.raises(Killed):
            await files.put(NAME, BYTES, "")
    assert len(names_in(tmp_path)) == 1
    with pytest.raises(FileMissing):
        await files.read(NAME, 0, 1)

    await files.remove(NAME)

    assert names_in(tmp_path) == []


async def test_a_link_is_good_for_anybody_and_says_what_we_want(cos: CosFiles) -> None:
    await cos.put(NAME, BYTES, "image/png")
    headers = {
        "Content-Type": "image/png",
        "Content-Disposition": "attachment; filename*=UTF-8''%E6%BC%A2.png",
        "Cache-Control": "private, max-age=60",
    }
    link = await cos.link(NAME, headers | {"X-Other": "left out"})

    assert link is not None
    assert "X-Amz-Expires=300" in link
    async with aiohttp.ClientSession() as session, session.get(link) as response:
        assert response.status == 200
        assert await response.read() == BYTES
        given = {name: response.headers[name] for name in headers if name in response.headers}
    assert given.items() <= headers.items()
    assert "Content-Type" in given


class SixMinutesAgo:
    """The module `datetime`, as far as links are signed by it."""

    class datetime:  # noqa: N801 - as it is called there
        @staticmethod
        def utcnow() -> datetime:
            return datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=6)


async def test_an_altered_or_expired_link_opens_nothing(
    signing: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = signing.files()
    await files.put(NAME, BYTES, "image/png")
    await files.put(NAME + "2", b"somebody else's", "image/png")
    link = await files.link(NAME, {"Content-Disposition": "attachment"})
    monkeypatch.setattr("ibm_botocore.auth.datetime", SixMinutesAgo)
    expired = await files.link(NAME, {})
    await files.close()

    assert link is not None
    assert expired is not None
    async with aiohttp.ClientSession() as session:
        for altered, status in {
            link: 200,
            link.replace(NAME, NAME + "2"): 403,
            link.replace("Expires=300", "Expires=3000"): 403,
            link.replace("attachment", "inline"): 403,
            link.partition("?")[0]: 403,
            expired: 403,
        }.items():
            async with session.get(altered) as response:
                assert response.status == status, altered


async def test_wrong_keys_are_refused_as_not_available(signing: Bucket) -> None:
    files = signing.files(secret_key="another")

    for attempt in (files.put(NAME, b"x", ""), files.read(NAME, 0, 1)):
        with pytest.raises(FilesUnavailable, match="refused"):
            await attempt
    await files.close()


async def test_a_store_that_is_away_is_said_once_and_without_its_keys(
    caplog: pytest.LogCaptureFixture,
) -> None:
    given = {"bucket": "care", "access_key": "ACCESS", "secret_key": "SECRET"}
    files = CosFiles(endpoint=f"http://127.0.0.1:{free_port()}", **given)

    for _ in range(2):
        with pytest.raises(FilesUnavailable):
            await files.put(NAME, b"x", "")
    await files.close()

    assert [record.name for record in caplog.records] == ["ccr.adapters.cos"]
    assert "SECRET" not in caplog.text


def test_check_says_whether_the_bucket_can_be_reached(signing: Bucket) -> None:
    good = Settings(**signing.settings)
    for settings, right in (
        (Settings(), True),
        (good, True),
        (replace(good, cos_bucket="another"), False),
        (replace(good, cos_secret_key="another"), False),
        (replace(good, cos_endpoint=f"http://127.0.0.1:{free_port()}"), False),
    ):
        [found] = outside.files(settings)
        assert passed([found]) is right, found


def test_the_region_is_that_of_the_endpoint() -> None:
    assert region_of("https://s3.eu-de.cloud-object-storage.appdomain.cloud") == "eu-de"
    assert region_of("https://s3.private.us-south.cloud-object-storage.appdomain.cloud") == "us-south"
    assert region_of("https://s3.ams03.example.cloud") == "us-east-1"
    assert region_of("http://127.0.0.1:9000") == "us-east-1"
