"""Files over HTTP: attached, piece by piece or whole, and handed out so that they can only ever be files."""

import asyncio
import base64
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from quart.datastructures import FileStorage
from werkzeug.sansio.multipart import MultipartDecoder

from ccr.services import attachments
from ccr.services.attachments import NewUpload
from ccr.services.uploads import PIECE
from ccr.site import limits, multipart
from ccr.store import uploads
from tests.file_corpus import FORBIDDEN, HTML, PDF, picture
from tests.live import Cast, registry_with_cast
from tests.object_storage import serving
from tests.waiting import PATIENCE, until

LONG = PDF[:9] + b"%" + bytes(range(33, 127)) * 8_000 + PDF[9:]
NAME = 'Ürgent "plan"; 漢.pdf'


@pytest.fixture
async def cast(tmp_path: Path) -> AsyncIterator[Cast]:
    async with registry_with_cast(tmp_path) as opened:
        yield opened


class Caller:
    """A program of one of the cast's."""

    def __init__(self, cast: Cast, name: str) -> None:
        self._client: Any = cast.registry.site.test_client(use_cookies=False)
        self.headers = {"Authorization": f"Bearer {cast.tokens[name]}"}

    async def call(self, method: str, path: str, headers: dict[str, str] | None = None, **given: Any) -> Any:
        """The answer."""
        return await self._client.open(
            f"/api/v1{path}", method=method, headers=self.headers | (headers or {}), **given
        )

    async def attach(self, ticket: int, content: bytes, name: str = "a.pdf", field: str = "file") -> Any:
        """By a form."""
        files = {field: FileStorage(io.BytesIO(content), filename=name)}
        return await self.call("POST", f"/tickets/{ticket}/attachments", files=files)


async def sent(cast: Cast, content: bytes = PDF, name: str = "a.pdf") -> tuple[int, Caller, int]:
    """A ticket, Carla, and what she sent on it."""
    ticket, carla = await cast.ticket_with_agent(), Caller(cast, "carla")
    given = NewUpload(name=name, length=len(content))
    attached = await cast.registry.attachments.add(cast.people["carla"], ticket, given, content)
    await cast.do("carla", ticket, "post_message", attachments=[attached["id"]])
    return ticket, carla, attached["id"]


async def test_attached_named_and_fetched(cast: Cast) -> None:
    ticket, carla = await cast.ticket_with_agent(), Caller(cast, "carla")

    response = await carla.attach(ticket, picture("PNG"), "a.png")
    attached = await response.get_json()
    await cast.do("carla", ticket, "post_message", body="Look", attachments=[attached["id"]])

    assert response.status_code == 201
    assert set(attached) == {"id", "name", "media_type", "bytes", "width", "height"}
    for path in ("", "/preview"):
        assert (
            await Caller(cast, "amir").call("GET", f"/attachments/{attached['id']}{path}")
        ).status_code == 200
        for other in ("omar", "bea", "ada"):
            fetched = await Caller(cast, other).call("GET", f"/attachments/{attached['id']}{path}")
            assert (fetched.status_code, (await fetched.get_json())["code"]) == (404, "not_found")


async def test_what_is_handed_out_can_only_be_a_file(cast: Cast) -> None:
    _, carla, attachment = await sent(cast, name=NAME)

    response = await carla.call("GET", f"/attachments/{attachment}")

    assert await response.get_data() == PDF
    headers = response.headers
    assert headers["Content-Type"] == "application/pdf"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Disposition"] == (
        'attachment; filename="_rgent _plan__ _.pdf"; '
        "filename*=UTF-8''%C3%9Crgent%20%22plan%22%3B%20%E6%BC%A2.pdf"
    )
    assert "sandbox" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"].startswith("private")
    assert int(headers["Content-Length"]) == len(PDF)


async def test_a_picture_may_be_looked_at_in_its_place_and_a_text_only_saved(cast: Cast) -> None:
    for content, name, kind in ((picture("GIF"), "a.gif", "inline"), (b"hello", "a.txt", "attachment")):
        _, carla, attachment = await sent(cast, content, name)
        response = await carla.call("GET", f"/attachments/{attachment}")
        assert response.headers["Content-Disposition"].startswith(f"{kind}; ")


PARTS = {
    "bytes=0-9": (206, 0, 9),
    "bytes=10-": (206, 10, len(LONG) - 1),
    "bytes=-5": (206, len(LONG) - 5, len(LONG) - 1),
    f"bytes=300000-{10**9}": (206, 300_000, len(LONG) - 1),
    "bytes=0-1,5-6": (200, 0, len(LONG) - 1),
    "lines=0-9": (200, 0, len(LONG) - 1),
    "nonsense": (200, 0, len(LONG) - 1),
}


async def test_parts_are_handed_out(cast: Cast) -> None:
    _, carla, attachment = await sent(cast, LONG)

    for asked, (status, first, last) in PARTS.items():
        response = await carla.call("GET", f"/attachments/{attachment}", {"Range": asked})
        assert response.status_code == status, asked
        assert await response.get_data() == LONG[first : last + 1]
        if status == 206:
            assert response.headers["Content-Range"] == f"bytes {first}-{last}/{len(LONG)}"
    behind = await carla.call("GET", f"/attachments/{attachment}", {"Range": f"bytes={len(LONG)}-"})
    assert (behind.status_code, behind.headers["Content-Range"]) == (416, f"bytes */{len(LONG)}")


async def test_what_is_known_already_is_not_sent_again(cast: Cast) -> None:
    _, carla, attachment = await sent(cast)
    path = f"/attachments/{attachment}"
    etag = (await carla.call("GET", path)).headers["ETag"]

    assert (await carla.call("GET", path, {"If-None-Match": etag})).status_code == 304
    part = {"Range": "bytes=0-3"}
    assert (await carla.call("GET", path, part | {"If-Range": etag})).status_code == 206
    assert (await carla.call("GET", path, part | {"If-Range": '"another"'})).status_code == 200
    head = await carla.call("HEAD", path)
    assert (head.status_code, int(head.headers["Content-Length"])) == (200, len(PDF))


async def test_a_form_that_is_none_or_has_no_file_is_refused(cast: Cast) -> None:
    ticket, carla = await cast.ticket_with_agent(), Caller(cast, "carla")
    path = f"/tickets/{ticket}/attachments"

    for response in (
        await carla.call("POST", path, json={}),
        await carla.call("POST", path, form={"file": "x"}),
        await carla.attach(ticket, PDF, field="other"),
        await carla.attach(ticket, HTML, "a.txt"),
        await carla.attach(ticket, b"", "a.txt"),
    ):
        assert (response.status_code, (await response.get_json())["code"]) == (400, "invalid")
    large = await carla.attach(ticket, b"%PDF-" + b"x" * (10 * 1024 * 1024), "a.pdf")
    assert (large.status_code, (await large.get_json())["code"]) == (413, "too_large")
    assert await cast.count("attachments") == 0


def metadata(**given: str) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in given.items())


async def begun(cast: Cast, content: bytes = LONG, name: str = "a.pdf") -> tuple[Caller, str]:
    """Carla's upload, and where it is."""
    carla = Caller(cast, "carla")
    announced = {"Upload-Length": str(len(content)), "Upload-Metadata": metadata(filename=name)}
    response = await carla.call("POST", f"/tickets/{await cast.ticket_with_agent()}/uploads", announced)
    assert response.status_code == 201
    assert (await response.get_json())["offset"] == 0
    return carla, response.headers["Location"].removeprefix("/api/v1")


def piece(start: int) -> dict[str, str]:
    return {"Upload-Offset": str(start), "Content-Type": "application/offset+octet-stream"}


async def test_an_upload_goes_on_where_it_stopped(cast: Cast) -> None:
    carla, upload = await begun(cast, name=NAME)

    first = await carla.call("PATCH", upload, piece(0), data=LONG[:300_000])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "300000")
    asked = await carla.call("HEAD", upload)
    assert (asked.headers["Upload-Offset"], asked.headers["Upload-Length"]) == ("300000", str(len(LONG)))
    assert asked.headers["Cache-Control"] == "no-store"
    again = await carla.call("PATCH", upload, piece(0), data=LONG[:300_000])
    assert again.status_code == 409
    early = await carla.call("POST", upload)
    assert early.status_code == 409
    await carla.call("PATCH", upload, piece(300_000), data=LONG[300_000:])
    done = await carla.call("POST", upload)

    attached = await done.get_json()
    assert (done.status_code, attached["name"]) == (201, NAME)
    fetched = await carla.call("GET", f"/attachments/{attached['id']}")
    assert await fetched.get_data() == LONG
    assert await (await carla.call("POST", upload)).get_json() == attached
    assert (await carla.call("DELETE", upload)).status_code == 204
    assert (await carla.call("GET", f"/attachments/{attached['id']}")).status_code == 404


async def test_what_came_of_a_long_request_before_it_was_cut_is_kept(cast: Cast) -> None:
    carla, upload = await begun(cast)
    client = carla._client
    path = f"/api/v1{upload}"

    async with client.request(path, method="PATCH", headers=carla.headers | piece(0)) as line:
        await line.send(LONG[: PIECE + 1_000])
        while await cast.count("upload_pieces") < 1:
            assert not (await cast.rows("SELECT 1 FROM uploads WHERE state <> 'open'"))
        await line.disconnect()

    assert (await carla.call("HEAD", upload)).headers["Upload-Offset"] == str(PIECE)


async def test_a_file_announced_wrongly_is_refused(cast: Cast) -> None:
    ticket, carla = await cast.ticket_with_agent(), Caller(cast, "carla")
    for headers, status in (
        ({}, 400),
        ({"Upload-Length": "x"}, 400),
        ({"Upload-Length": "-1"}, 400),
        ({"Upload-Length": "0"}, 400),
        ({"Upload-Length": str(11 * 1024 * 1024)}, 413),
        ({"Upload-Length": "9", "Upload-Metadata": "filename !"}, 400),
        ({"Upload-Length": "9", "Upload-Metadata": metadata(filename="../a.pdf")}, 400),
        ({"Upload-Length": "9", "Upload-Metadata": metadata(waveform="<b>")}, 400),
    ):
        response = await carla.call("POST", f"/tickets/{ticket}/uploads", headers)
        assert response.status_code == status, headers
    carla, upload = await begun(cast)
    assert (await carla.call("PATCH", upload, {"Upload-Offset": "0"}, data=b"x")).status_code == 400
    assert (
        await carla.call("PATCH", upload, piece(0) | {"Upload-Offset": "a"}, data=b"x")
    ).status_code == 400
    assert (await Caller(cast, "omar").call("HEAD", upload)).status_code == 404


async def test_it_says_which_protocol_it_speaks(cast: Cast) -> None:
    carla, upload = await begun(cast)

    response = await carla.call("OPTIONS", upload)

    assert response.headers["Tus-Version"] == "1.0.0"
    assert "creation" in response.headers["Tus-Extension"]
    assert int(response.headers["Tus-Max-Size"]) == 10 * 1024 * 1024


class Line:
    """A form with a file on its way: what has come of it so far, and no end."""

    def __init__(self, cast: Cast, name: str, path: str, length: int = 400_000) -> None:
        headers = {
            "Authorization": f"Bearer {cast.tokens[name]}",
            "Content-Type": "multipart/form-data; boundary=xx",
            "Content-Length": str(length),
        }
        client = cast.registry.site.test_client(use_cookies=False)
        self.connection: Any = client.request(path, method="POST", headers=headers)

    async def begin(self, field: str) -> None:
        """The head of the file, and a little of it."""
        await self.connection.__aenter__()
        head = f'--xx\r\nContent-Disposition: form-data; name="{field}"; filename="a.pdf"\r\n\r\n'
        await self.connection.send(head.encode() + PDF)

    async def end(self, **fields: str) -> Any:
        """The rest of the form; its answer."""
        body, _ = encoded(fields, [])
        await self.connection.send(b"\r\n" + body)
        await self.connection.send_complete()
        return await self.answer()

    async def answer(self) -> Any:
        """What was answered, whether or not the form has come to its end."""
        await asyncio.wait_for(self.connection._task, PATIENCE)
        return await self.connection.as_response()

    async def cut(self) -> None:
        """The line is gone."""
        await self.connection.disconnect()
        await self.connection.__aexit__(None, None, None)


DOORS = {
    "by a form": ("/tickets/{}/commands", "files"),
    "by the API": ("/api/v1/tickets/{}/attachments", "file"),
}


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Where files are sent to, and in which field."""
    return DOORS[request.param]


@pytest.mark.parametrize(("name", "status"), [("omar", 404), ("bea", 404), ("ada", 403)])
async def test_nothing_is_read_of_a_file_for_a_ticket_that_is_not_theirs(
    cast: Cast, door: tuple[str, str], name: str, status: int
) -> None:
    line = Line(cast, name, door[0].format(await cast.ticket_with_agent()))

    await line.begin(door[1])

    assert (await line.answer()).status_code == status


async def test_nothing_is_read_of_a_file_for_a_closed_ticket_or_beyond_what_may_be_sent_in_a_day(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, field = DOORS["by the API"]
    closed, ticket = await cast.ticket_with_agent(), await cast.ticket_with_agent()
    await cast.do("carla", closed, "close_ticket")
    monkeypatch.setattr(attachments, "A_DAY", 0)

    for where, status in ((closed, 409), (ticket, 429)):
        line = Line(cast, "carla", path.format(where))
        await line.begin(field)
        assert (await line.answer()).status_code == status


async def test_a_form_with_a_file_for_a_ticket_closed_meanwhile_comes_back_with_its_words(cast: Cast) -> None:
    ticket = await cast.ticket_with_agent()
    await cast.do("carla", ticket, "close_ticket")

    refused = await Browser(cast, ticket).send(("a.pdf", PDF), body="My words")

    assert refused.status_code == 409
    assert "The ticket is closed." in await refused.get_data(as_text=True)
    assert await cast.count("attachments") == 0


async def test_a_few_files_are_sent_by_one_person_at_once_and_others_do_not_wait_for_them(
    tmp_path: Path, door: tuple[str, str]
) -> None:
    async with registry_with_cast(tmp_path, rate_limits=True) as cast:
        path, field = door
        carlas = path.format(await cast.ticket_with_agent())
        lines = [Line(cast, "carla", carlas) for _ in range(multipart.AT_ONCE)]
        for line in lines:
            await line.begin(field)
        await until(lambda: taken(cast) == multipart.AT_ONCE)

        too_many = Line(cast, "carla", carlas)
        await too_many.begin(field)
        refused = await too_many.answer()
        assert (refused.status_code, int(refused.headers["Retry-After"])) == (429, limits.PLACE_IN)

        omars = Line(cast, "omar", path.format(await cast.raise_ticket("omar")))
        await omars.begin(field)
        fields = {"type": "post_message", "key": "a-key-of-a-form", "body": "Here"}
        assert (await omars.end(**fields)).status_code in (201, 303)
        await lines.pop().cut()
        assert (await lines.pop().end(**fields)).status_code in (201, 303)
        await until(lambda: taken(cast) == multipart.AT_ONCE - 2)
        again = Line(cast, "carla", carlas)
        await again.begin(field)
        assert (await again.end(**fields | {"key": "another-key-of-it"})).status_code in (201, 303)

        for line in lines:
            await line.cut()
        await until(lambda: taken(cast) == 0)


def taken(cast: Cast) -> int:
    """The places of all people together."""
    return sum(cast.registry.site.extensions["ccr.limits"]._taken.values())


async def test_a_slow_line_is_waited_for_and_a_silent_one_is_not(
    cast: Cast, door: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The loop's clock is put forward, for a machine that stands still for a moment must not be taken for a silent line.
    loop, ahead, waits = asyncio.get_running_loop(), 0.0, 0
    tells, goes_on = loop.time, multipart._Steady._more
    monkeypatch.setattr(loop, "time", lambda: tells() + ahead)

    async def counted(body: Any) -> bytes:
        nonlocal waits
        waits += 1
        return await goes_on(body)

    monkeypatch.setattr(multipart._Steady, "_more", counted)
    path, field = door
    ticket = await cast.ticket_with_agent()
    slow, silent = Line(cast, "carla", path.format(ticket)), Line(cast, "carla", path.format(ticket))

    await slow.begin(field)
    await until(lambda: waits == 2)  # that has come, and the next is waited for
    for number in range(3, 7):
        ahead += multipart.SILENCE / 2
        await slow.connection.send(b"%")
        await until(lambda: waits == number)  # noqa: B023 - within this turn
    fields = {"type": "post_message", "key": "a-key-of-a-form", "body": "Here"}
    assert (await slow.end(**fields)).status_code in (201, 303)

    waits = 0
    await silent.begin(field)
    await until(lambda: waits == 2)
    ahead += multipart.SILENCE
    refused = await silent.answer()
    assert (refused.status_code, taken(cast)) == (400, 0)
    assert "did not arrive in time" in await refused.get_data(as_text=True)


ENDLESS = {
    "the head of a file": b"a: b\r\n",
    "one line of it": b"Content-Disposition: form-data; " + b"a=b; " * 20_000,
    "fields": b'\r\n\r\n\r\n--xx\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"x" * 10_000,
}


@pytest.mark.parametrize("what", ENDLESS)
async def test_beside_its_files_a_form_is_as_small_as_any(
    cast: Cast, door: tuple[str, str], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_apart: list[int] = []
    receive = MultipartDecoder.receive_data

    def watched(decoder: MultipartDecoder, part: bytes | None) -> None:
        taken_apart.append(len(part or b""))
        receive(decoder, part)

    monkeypatch.setattr(MultipartDecoder, "receive_data", watched)
    path, field = door
    line = Line(cast, "carla", path.format(await cast.ticket_with_agent()))
    await line.connection.__aenter__()
    await line.connection.send(f'--xx\r\nContent-Disposition: form-data; name="{field}"\r\n'.encode())
    await line.connection.send(ENDLESS[what] * (1_000_000 // len(ENDLESS[what])))

    refused = await line.answer()
    assert (refused.status_code, taken(cast)) == (413, 0)
    assert sum(taken_apart) < 400_000
    assert max(taken_apart) < 70_000


async def test_what_is_in_a_file_is_not_counted_to_what_is_beside_it(
    cast: Cast, door: tuple[str, str]
) -> None:
    path, field = door
    line = Line(cast, "carla", path.format(await cast.ticket_with_agent()))

    await line.begin(field)
    await line.connection.send(b"\r\n%%\r" * 200_000 + b"\r\n" + PDF)

    fields = {"type": "post_message", "key": "a-key-of-a-form", "body": "Here" * 1_000}
    assert (await line.end(**fields)).status_code in (201, 303)
    [(size,)] = await cast.rows("SELECT bytes FROM attachments")
    assert size == len(PDF) * 2 + 1_000_002


class Browser:
    """A browser of Carla's without scripts."""

    def __init__(self, cast: Cast, ticket: int) -> None:
        self._client = cast.registry.site.test_client(use_cookies=False)
        self._headers = {"Authorization": f"Bearer {cast.tokens['carla']}"}
        self._path = f"/tickets/{ticket}"

    async def send(self, *files: tuple[str, bytes], key: str = "a-key-of-a-form", **fields: str) -> Any:
        """The composer's form."""
        picked = [FileStorage(io.BytesIO(content), filename=name, name="files") for name, content in files]
        given = {"type": "post_message", "key": key, "reply_to": ""} | fields
        body, headers = encoded(given, picked or [FileStorage(io.BytesIO(b""), filename="", name="files")])
        path = f"{self._path}/commands"
        return await self._client.post(path, data=body, headers=self._headers | headers)

    async def page(self) -> str:
        """What she sees."""
        html: str = await (await self._client.get(self._path, headers=self._headers)).get_data(as_text=True)
        return html


def encoded(fields: dict[str, str], files: list[FileStorage]) -> tuple[bytes, dict[str, str]]:
    """As browsers send a form with files."""
    parts = [
        f'--xx\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    for file in files:
        head = (
            f'--xx\r\nContent-Disposition: form-data; name="{file.name}"; filename="{file.filename}"\r\n\r\n'
        )
        parts.append(head.encode() + file.stream.read() + b"\r\n")
    return b"".join(parts) + b"--xx--\r\n", {"Content-Type": "multipart/form-data; boundary=xx"}


async def test_without_scripts_a_form_brings_files(cast: Cast) -> None:
    ticket = await cast.ticket_with_agent()
    carla = Browser(cast, ticket)

    response = await carla.send(("Plan.pdf", PDF), ("a.png", picture("PNG")), body="Both")
    again = await carla.send(("Plan.pdf", PDF), ("a.png", picture("PNG")), body="Both")
    alone = await carla.send(("Alone.pdf", PDF), key="another-key-of-it", body="")

    assert [one.status_code for one in (response, again, alone)] == [303, 303, 303]
    assert await cast.count("entries") == 4
    html = await carla.page()
    assert html.count('class="file"') == 2
    assert html.count('class="picture"') == 1
    assert "Plan.pdf" in html
    assert '<p class="body"></p>' not in html.partition("<template")[0]


async def test_a_form_with_files_that_is_sent_twice_at_the_same_time_is_carried_out_once(cast: Cast) -> None:
    ticket = await cast.ticket_with_agent()
    carla = Browser(cast, ticket)
    files = ("Plan.pdf", PDF), ("a.png", picture("PNG"))

    answers = await asyncio.gather(*(carla.send(*files, body="Both") for _ in range(3)))

    assert [one.status_code for one in answers] == [303, 303, 303]
    assert await cast.count("entries") == 3
    assert await cast.count("attachments WHERE seq IS NOT NULL") == 2


OTHERS: dict[str, tuple[str, list[tuple[str, bytes]]]] = {
    "other words": ("Other words", [("Plan.pdf", PDF), ("a.png", picture("PNG"))]),
    "another picture": ("Both", [("Plan.pdf", PDF), ("a.png", picture("PNG", size=(9, 9)))]),
    "another name": ("Both", [("Plan B.pdf", PDF), ("a.png", picture("PNG"))]),
    "one more": ("Both", [("Plan.pdf", PDF), ("a.png", picture("PNG")), ("b.pdf", PDF)]),
    "the other way round": ("Both", [("a.png", picture("PNG")), ("Plan.pdf", PDF)]),
    "none": ("Both", []),
}


@pytest.mark.parametrize("other", OTHERS)
async def test_another_form_under_a_used_key_comes_back_and_is_not_lost(cast: Cast, other: str) -> None:
    ticket = await cast.ticket_with_agent()
    carla = Browser(cast, ticket)
    await carla.send(("Plan.pdf", PDF), ("a.png", picture("PNG")), body="Both")

    words, files = OTHERS[other]
    refused = await carla.send(*files, body=words)

    html = await refused.get_data(as_text=True)
    assert refused.status_code == 409
    assert "This key was used for another command." in html
    assert f">{words}</textarea>" in html
    assert 'value="a-key-of-a-form"' not in html
    assert (await cast.count("entries"), await cast.count("attachments")) == (3, 2)


async def test_a_file_under_the_key_of_words_alone_is_not_lost(cast: Cast) -> None:
    ticket = await cast.ticket_with_agent()
    carla = Browser(cast, ticket)
    await carla.send(body="Words")

    assert (await carla.send(("Plan.pdf", PDF), body="Words")).status_code == 409
    assert (await carla.send(("Plan.pdf", PDF), body="Words", key="a-new-key-of-it")).status_code == 303


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [("a", PDF, 303), ("a", PDF + b"%", 409), ("b", PDF, 409)],
    ids=["same", "longer", "other name"],
)
async def test_long_after_it_was_sent_a_file_is_known_by_name_and_size(
    cast: Cast, name: str, content: bytes, status: int
) -> None:
    ticket = await cast.ticket_with_agent()
    carla = Browser(cast, ticket)
    await carla.send(("a", PDF), body="Words")
    await cast.registry.database.write(lambda c: uploads.forget_before(c, 2**62))

    assert (await carla.send((name, content), body="Words")).status_code == status
    assert await cast.count("entries") == 3


async def test_words_taken_back_are_not_what_comes_again_under_their_key(cast: Cast) -> None:
    ticket = await cast.ticket_with_agent()
    carla = Browser(cast, ticket)
    await carla.send(("Plan.pdf", PDF), body="Words")
    await cast.do("carla", ticket, "redact_message", of=3)

    assert (await carla.send(("Plan.pdf", PDF), body="Words")).status_code == 409


async def test_a_form_with_a_wrong_file_comes_back_with_its_words(cast: Cast) -> None:
    ticket = await cast.ticket_with_agent()
    carla = Browser(cast, ticket)

    called, content, reason = FORBIDDEN["a picture called a PDF"]
    for response, words in (
        (await carla.send((called, content), body="My words"), reason),
        (await carla.send(*[("a.pdf", PDF)] * 6, body="My words"), "length &lt;= 5"),
        (await carla.send(("a.pdf", PDF), body="My words" + "x" * 4_000), "4,000"),
        (await carla.send(body=""), "required"),
    ):
        html = await response.get_data(as_text=True)
        assert (response.status_code, words in html) == (400, True), words
        assert "My words" in html or words == "required"
    assert await cast.count("entries") == 2
    assert await cast.count("attachments") == 0


async def test_a_note_takes_no_files(cast: Cast) -> None:
    ticket = await cast.ticket_with_agent()
    amir = Browser(cast, ticket)
    amir._headers = {"Authorization": f"Bearer {cast.tokens['amir']}"}

    response = await amir.send(("a.pdf", PDF), type="post_note", body="Hm")

    assert response.status_code == 400
    assert await cast.count("attachments") == 0


async def test_from_a_bucket_files_come_by_a_link_and_without_it_people_talk_on(tmp_path: Path) -> None:
    with serving("nanio", tmp_path) as bucket:
        async with registry_with_cast(tmp_path / "data", **bucket.settings) as cast:
            ticket, carla, attachment = await sent(cast, picture("PNG"), NAME.replace("pdf", "png"))
            path = f"/attachments/{attachment}"
            found = await carla.call("GET", path)
            link = found.headers["Location"]
            async with aiohttp.ClientSession() as session, session.get(link) as response:
                fetched = (response.status, (await response.read())[:4])
            page = await cast.registry.site.test_client(use_cookies=False).get(
                f"/tickets/{ticket}", headers=carla.headers
            )

            assert (found.status_code, link.partition("/care/")[0]) == (302, bucket.endpoint)
            assert fetched == (200, b"\x89PNG")
            assert f"img-src 'self' blob: {bucket.endpoint};" in page.headers["Content-Security-Policy"]
            assert (await Caller(cast, "omar").call("GET", path)).status_code == 404

            bucket.server.kill()
            bucket.server.wait()
            away = await carla.attach(ticket, PDF)
            assert (away.status_code, (await away.get_json())["code"]) == (503, "unavailable")
            await cast.do("carla", ticket, "post_message", body="Still here")
            assert await cast.count("attachments") == 1
