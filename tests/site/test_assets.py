"""What pages load: cached for ever under a name that changes with the content, compressed ahead of time."""

import gzip
import json
import threading
from pathlib import Path

import pytest
from quart import Quart, Response
from quart.typing import TestClientProtocol as Client

from ccr.site import compression
from ccr.site.assets import Assets, AssetsMissing, static_files

SCRIPT = b"export const hello = 1;\n" * 40


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """What the web build leaves behind."""
    manifest = {"page.js": "page-AB12CD34.js", "favicon.svg": "favicon-00FF00FF.svg", "app.css": "app-1.css"}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "licenses.txt").write_text("MIT")
    (tmp_path / "page-AB12CD34.js").write_bytes(SCRIPT)
    (tmp_path / "page-AB12CD34.js.br").write_bytes(b"as brotli")
    (tmp_path / "page-AB12CD34.js.gz").write_bytes(b"as gzip")
    (tmp_path / "favicon-00FF00FF.svg").write_text("<svg/>")
    (tmp_path / "app-1.css").write_text("")
    (tmp_path / "sw.js").write_text("skipWaiting()")
    return tmp_path


@pytest.fixture
def client(built: Path) -> Client:
    app = Quart(__name__, static_folder=None)
    app.register_blueprint(static_files(Assets(built)))
    return app.test_client()


def test_a_template_asks_by_the_plain_name(built: Path) -> None:
    assert Assets(built).url("page.js") == "/static/page-AB12CD34.js"


@pytest.mark.parametrize("name", ["other.js", "", "page-AB12CD34.js", "../pyproject.toml"])
def test_a_name_that_nobody_built_is_an_error_and_not_a_dead_link(built: Path, name: str) -> None:
    with pytest.raises(AssetsMissing, match=r"there are app\.css, favicon\.svg, page\.js"):
        Assets(built).url(name)


def test_without_a_build_the_start_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(AssetsMissing, match=r"python web/build_hook\.py"):
        Assets(tmp_path)


def test_half_a_build_is_refused_at_the_start(built: Path) -> None:
    (built / "page-AB12CD34.js").unlink()

    with pytest.raises(AssetsMissing, match=r"page-AB12CD34\.js"):
        Assets(built)


def test_so_is_one_without_the_worker(built: Path) -> None:
    (built / "sw.js").unlink()

    with pytest.raises(AssetsMissing, match=r"sw\.js"):
        Assets(built)


async def test_the_worker_is_asked_for_again_at_every_visit_and_is_as_strict_as_a_page(
    client: Client,
) -> None:
    response = await client.get("/sw.js")

    assert await response.get_data() == b"skipWaiting()"
    assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-cache"
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    known = {"If-None-Match": response.headers["ETag"]}
    assert (await client.get("/sw.js", headers=known)).status_code == 304


@pytest.mark.parametrize(
    ("accepted", "coding", "body"),
    [
        ("gzip, deflate, br, zstd", "br", b"as brotli"),
        ("gzip", "gzip", b"as gzip"),
        ("br;q=0, gzip", "gzip", b"as gzip"),
        ("identity", None, SCRIPT),
        ("", None, SCRIPT),
        ("nonsense;;q=x", None, SCRIPT),
    ],
)
async def test_a_browser_gets_the_best_form_that_it_takes(
    client: Client, accepted: str, coding: str | None, body: bytes
) -> None:
    response = await client.get("/static/page-AB12CD34.js", headers={"Accept-Encoding": accepted})

    assert response.status_code == 200
    assert response.headers.get("Content-Encoding") == coding
    assert response.headers["Vary"] == "Accept-Encoding"
    assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert response.headers["Content-Length"] == str(len(body))
    assert await response.get_data() == body


async def test_it_is_cached_for_ever(client: Client) -> None:
    response = await client.get("/static/favicon-00FF00FF.svg")

    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Content-Type"].startswith("image/svg+xml")


async def test_a_browser_that_asks_again_is_told_that_nothing_changed(client: Client) -> None:
    first = await client.get("/static/page-AB12CD34.js", headers={"Accept-Encoding": "br"})

    again = await client.get(
        "/static/page-AB12CD34.js", headers={"Accept-Encoding": "br", "If-None-Match": first.headers["ETag"]}
    )

    assert again.status_code == 304
    assert await again.get_data() == b""


@pytest.mark.parametrize(
    "path",
    ["manifest.json", "licenses.txt", "page.js", "page-AB12CD34.js.br", "..%2fmanifest.json", "%00", ""],
)
async def test_nothing_else_is_served(client: Client, path: str) -> None:
    assert (await client.get(f"/static/{path}")).status_code == 404


ASKED = {"Accept-Encoding": "gzip, br"}


@pytest.fixture
def answering() -> Quart:
    """An app whose answers are of many kinds."""
    app = Quart(__name__, static_folder=None)
    compression.set_up(app)

    @app.get("/page")
    async def page() -> str:
        return "<p>a ticket</p>" * 200

    @app.get("/json")
    async def data() -> dict[str, str]:
        return {"text": "a ticket " * 200}

    @app.get("/large")
    async def large() -> dict[str, str]:
        return {"text": "a ticket " * 20_000}

    @app.get("/small")
    async def small() -> str:
        return "<p>a ticket</p>"

    @app.get("/picture")
    async def picture() -> Response:
        return Response(b"p" * 5000, content_type="image/png")

    @app.get("/encoded")
    async def encoded() -> Response:
        return Response(b"e" * 5000, headers={"Content-Encoding": "br"}, content_type="text/html")

    return app


@pytest.mark.parametrize("path", ["/page", "/json", "/large"])
async def test_what_is_worth_it_is_compressed(answering: Quart, path: str) -> None:
    plain = await answering.test_client().get(path)
    packed = await answering.test_client().get(path, headers=ASKED)

    assert packed.headers["Content-Encoding"] == "gzip"
    body = await packed.get_data(as_text=False)
    assert packed.headers["Content-Length"] == str(len(body))
    assert gzip.decompress(body) == await plain.get_data(as_text=False)
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"


async def test_much_is_compressed_where_nobody_waits_for_it(
    answering: Quart, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []

    def noted(content: bytes, *given: int, **named: int) -> bytes:
        threads.append(threading.current_thread())
        return content

    monkeypatch.setattr(gzip, "compress", noted)
    for path in ("/page", "/large"):
        await answering.test_client().get(path, headers=ASKED)

    assert [thread is threading.current_thread() for thread in threads] == [True, False]


@pytest.mark.parametrize("path", ["/small", "/picture"])
async def test_what_is_small_or_a_picture_is_left_alone(answering: Quart, path: str) -> None:
    assert "Content-Encoding" not in (await answering.test_client().get(path, headers=ASKED)).headers


async def test_what_is_compressed_already_stays_as_it_is(answering: Quart) -> None:
    response = await answering.test_client().get("/encoded", headers=ASKED)

    assert await response.get_data(as_text=False) == b"e" * 5000
