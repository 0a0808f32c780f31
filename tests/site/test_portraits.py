"""Portraits over HTTP: chosen by a form or a program, shown beside a name, kept by browsers for long."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from quart.datastructures import FileStorage

from tests.file_corpus import HTML, photograph, picture
from tests.live import Cast, registry_with_cast
from tests.object_storage import serving


@pytest.fixture
async def cast(tmp_path: Path) -> AsyncIterator[Cast]:
    async with registry_with_cast(tmp_path) as opened:
        yield opened


class Caller:
    """Somebody of the cast, by a program or by forms."""

    def __init__(self, cast: Cast, name: str) -> None:
        self._client: Any = cast.registry.site.test_client(use_cookies=False)
        self._headers = {"Authorization": f"Bearer {cast.tokens[name]}"}

    async def call(self, method: str, path: str, **given: Any) -> Any:
        return await self._client.open(path, method=method, headers=self._headers, **given)

    async def text(self, path: str) -> str:
        html: str = await (await self.call("GET", path)).get_data(as_text=True)
        return html

    async def send(self, path: str, content: bytes, name: str = "me.png") -> Any:
        return await self.call("POST", path, files={"file": FileStorage(io.BytesIO(content), filename=name)})


async def test_a_customer_sees_the_face_of_who_looks_after_the_ticket(cast: Cast) -> None:
    ticket, amir, carla = await cast.ticket_with_agent(), Caller(cast, "amir"), Caller(cast, "carla")
    assert "<img" not in await carla.text(f"/tickets/{ticket}")

    sent = await amir.send("/account/portrait", photograph("JPEG"), "me.jpg")

    assert (sent.status_code, sent.headers["Location"]) == (303, "/account/portrait?done=portrait")
    api = await (await carla.call("GET", f"/api/v1/tickets/{ticket}")).get_json()
    address = api["agent"]["portrait"]
    for who, path in (
        (carla, f"/tickets/{ticket}"),
        (Caller(cast, "ada"), f"/tickets/{ticket}"),
        (Caller(cast, "ada"), "/agents"),
        (amir, "/account/portrait"),
    ):
        assert f'src="{address}"' in await who.text(path), path
    picture = await carla.call("GET", address)
    assert picture.status_code == 200
    assert picture.headers["Content-Type"] == "image/webp"
    assert picture.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert picture.headers["X-Content-Type-Options"] == "nosniff"
    assert (await cast.registry.site.test_client().get(address)).status_code == 303, "to sign in"
    assert (await carla.call("GET", address[:-1] + "x")).status_code == 404
    held = await (await amir.call("GET", "/api/v1/me/export")).get_json()
    assert held["portrait"] == address

    gone = await amir.call("POST", "/account/portrait/remove")
    assert gone.status_code == 303
    assert "<img" not in await carla.text(f"/tickets/{ticket}")


async def test_a_form_with_something_else_comes_back_and_says_why(cast: Cast) -> None:
    amir = Caller(cast, "amir")

    for content, words in ((HTML, "can carry scripts"), (b"", "Choose a picture first")):
        response = await amir.send("/account/portrait", content, "me.png" if content else "")
        assert (response.status_code, words in await response.get_data(as_text=True)) == (400, True)
    for path in ("/account/portrait", f"/agents/{cast.id('amir')}/portrait"):
        assert (await Caller(cast, "carla").send(path, picture("PNG"))).status_code == 403
    assert (await amir.send(f"/agents/{cast.id('bea')}/portrait", picture("PNG"))).status_code == 403
    assert (await Caller(cast, "ada").call("GET", f"/agents/{cast.id('carla')}/portrait")).status_code == 404
    assert await cast.count("portraits") == 0


async def test_programs_and_admins_do_the_same(cast: Cast) -> None:
    amir, ada, of = Caller(cast, "amir"), Caller(cast, "ada"), cast.id("amir")

    mine = await (await amir.send("/api/v1/me/portrait", picture("PNG"))).get_json()
    assert mine == await (await amir.call("GET", "/api/v1/me/portrait")).get_json()
    agents = await (await ada.call("GET", "/api/v1/agents")).get_json()
    assert [agent.get("portrait") for agent in agents] == [mine["portrait"], None]
    theirs = await (await ada.send(f"/api/v1/agents/{of}/portrait", picture("PNG"))).get_json()
    assert theirs["portrait"] != mine["portrait"]
    assert (await ada.call("DELETE", f"/api/v1/agents/{of}/portrait")).status_code == 204
    assert (await amir.call("DELETE", "/api/v1/me/portrait")).status_code == 204
    assert (await (await amir.call("GET", "/api/v1/me/portrait")).get_json())["portrait"] is None
    assert (await amir.call("POST", "/api/v1/me/portrait", json={})).status_code == 400
    assert (await ada.send(f"/agents/{of}/portrait", picture("PNG"))).status_code == 303
    assert (await ada.call("POST", f"/agents/{of}/portrait/remove")).status_code == 303
    assert await cast.count("portraits") == 0


async def test_from_a_bucket_it_comes_by_the_same_lasting_address(tmp_path: Path) -> None:
    with serving("nanio", tmp_path) as bucket:
        async with registry_with_cast(tmp_path / "data", **bucket.settings) as cast:
            amir = Caller(cast, "amir")
            state = await (await amir.send("/api/v1/me/portrait", picture("PNG"))).get_json()

            found = await amir.call("GET", state["portrait"])

            assert found.status_code == 200
            assert (await found.get_data())[8:12] == b"WEBP"
            assert "immutable" in found.headers["Cache-Control"]
            assert not (tmp_path / "data" / "files").exists()
