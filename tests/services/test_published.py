"""The application's own images, put where browsers fetch them from."""

from pathlib import Path

import aiohttp
import pytest

from ccr.adapters.local import LocalFiles
from ccr.ports import FilesUnavailable
from ccr.services.published import Image, Published
from tests.live import registry_with_cast
from tests.object_storage import serving

MARK = {"mark.svg": Image(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml")}


async def test_a_folder_hands_nothing_out_and_holds_no_images(tmp_path: Path) -> None:
    published = Published(LocalFiles(tmp_path / "files"), MARK)

    await published.run()  # which is over at once

    assert published.address("mark.svg") is None
    assert not (tmp_path / "files").exists()


async def test_browsers_fetch_them_from_the_bucket_and_keep_them(tmp_path: Path) -> None:
    with serving("moto", tmp_path) as bucket:
        published = Published(bucket.files(), MARK)
        assert await published.publish()
        assert await published.publish(), "again is harmless, as several servers do"

        address = published.address("mark.svg") or ""
        async with aiohttp.ClientSession() as session, session.get(address) as response:
            assert (response.status, await response.read()) == (200, MARK["mark.svg"].content)
            assert response.headers["Content-Type"] == "image/svg+xml"
            assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert "X-Amz-Expires=604800" in address
        assert published.address("app.css") is None

        bucket.server.kill()
        bucket.server.wait()
        with pytest.raises(FilesUnavailable):
            await published.publish()
        assert published.address("mark.svg") == address, "which is still good for days"
        away = Published(bucket.files(), MARK)
        with pytest.raises(FilesUnavailable):
            await away.publish()
        assert away.address("mark.svg") is None, "it comes from the package"


async def test_pages_show_them_from_there_once_they_are_there(tmp_path: Path) -> None:
    with serving("nanio", tmp_path) as bucket:
        async with registry_with_cast(tmp_path / "data", **bucket.settings) as cast:
            client = cast.registry.site.test_client()
            await cast.registry.published.publish()

            page = await (await client.get("/login")).get_data(as_text=True)

            assert f'rel="icon" href="{bucket.endpoint}/care/' in page
            assert 'rel="stylesheet" href="/static/app' in page
