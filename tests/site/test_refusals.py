"""What is refused by HTTP, in JSON or by a page: one calm line in the log each, and nothing of what was sent."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.accounts_house import CARLA, PASSWORD, with_password
from tests.bad_input import everything_logged, refusals_logged, without_internals
from tests.live import Cast, new_key, registry_with_cast
from tests.site.accounts_app import Caller
from tests.site.pages_app import Browser

HERE = "http://localhost"
WORDS = "what nobody else may read"


@pytest.fixture
async def cast(tmp_path: Path) -> AsyncIterator[Cast]:
    async with registry_with_cast(tmp_path) as assembled:
        yield assembled


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


def caller(cast: Cast, name: str | None) -> Caller:
    called = Caller(cast.registry.site)
    if name:
        called.headers["Authorization"] = f"Bearer {cast.tokens[name]}"
    return called


async def test_of_the_api_code_route_and_person(cast: Cast, log: pytest.LogCaptureFixture) -> None:
    hers, his = await cast.ticket_with_agent(), await cast.raise_ticket("omar")
    await cast.do("carla", hers, "close_ticket")
    before = await cast.count("entries")
    log.clear()

    said = {"key": new_key(), "command": {"type": "post_message", "body": WORDS}}
    on_hers, on_his = f"/tickets/{hers}/commands", f"/tickets/{his}/commands"
    attempts: list[tuple[str, str, str, str, Any]] = [
        ("invalid", "tickets_api.open_ticket", "POST", "/tickets", {"key": new_key(), "query": WORDS * 20}),
        ("invalid", "tickets_api.open_ticket", "POST", "/tickets", None),
        ("too_large", "tickets_api.open_ticket", "POST", "/tickets", {"query": WORDS * 5_000}),
        ("invalid", "tickets_api.carry_out", "POST", on_hers, {"key": new_key(), "command": {WORDS: 1}}),
        ("conflict", "tickets_api.carry_out", "POST", on_hers, said),
        ("not_found", "tickets_api.carry_out", "POST", on_his, said),
        ("invalid", "tickets_api.tickets", "GET", f"/tickets?status={WORDS.replace(' ', '+')}", None),
        ("forbidden", "accounts_api.agents", "GET", "/agents", None),
    ]
    for code, _, method, path, given in attempts:
        body = await (await caller(cast, "carla").call(method, path, given)).get_json()
        assert body["code"] == code, path
        assert without_internals(body)
    taken = await caller(cast, None).call("POST", "/customers", with_password(CARLA))
    assert taken.status_code == 409

    assert refusals_logged(log) == [
        *((code, asked, cast.id("carla")) for code, asked, *_ in attempts),
        ("conflict", "accounts_api.register", None),
    ]
    assert await cast.count("entries") == before
    for secret in (WORDS, WORDS.replace(" ", "+"), CARLA["email"], cast.tokens["carla"], str(said["key"])):
        assert secret not in everything_logged(log)


async def test_of_a_form_that_comes_back_and_of_a_page_that_is_not_theirs(
    cast: Cast, log: pytest.LogCaptureFixture
) -> None:
    hers, his = await cast.ticket_with_agent(), await cast.raise_ticket("omar")
    carla = Browser(cast.registry.site)
    await carla.send("/login", origin=HERE, email=CARLA["email"], password=PASSWORD)
    log.clear()

    sent = {"type": "post_message", "key": new_key(), "body": WORDS * 200}
    assert (await carla.send(f"/tickets/{hers}/commands", origin=HERE, **sent)).status == 400
    assert (await carla.send("/tickets/new", origin=HERE, key=new_key(), query="")).status == 400
    assert (await carla.open(f"/tickets/{his}")).status == 404
    assert (await carla.open(f"/{WORDS.replace(' ', '-')}")).status == 404
    assert (await carla.send("/tickets", origin=HERE)).status == 405

    me = cast.id("carla")
    assert refusals_logged(log) == [
        ("invalid", "tickets_pages.command", me),
        ("invalid", "tickets_pages.open_ticket", me),
        ("not_found", "tickets_pages.ticket", me),
        ("not_found", "no route", None),
        ("invalid", "no route", None),
    ]
    for secret in (WORDS, WORDS.replace(" ", "-")):
        assert secret not in everything_logged(log)


async def test_none_of_what_goes_well_nor_of_who_has_to_sign_in(
    cast: Cast, log: pytest.LogCaptureFixture
) -> None:
    ticket = await cast.ticket_with_agent()
    given = {"key": new_key(), "command": {"type": "post_message", "body": WORDS}}
    said = await caller(cast, "carla").call("POST", f"/tickets/{ticket}/commands", given)
    strange = await caller(cast, None).call("GET", "/me")
    wrong = {"email": CARLA["email"], "password": "not this one"}
    tried = await caller(cast, None).call("POST", "/sessions", wrong)

    assert [answer.status_code for answer in (said, strange, tried)] == [200, 401, 401]
    assert refusals_logged(log) == []


URL_ENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=cut"
FIELD = b'--cut\r\nContent-Disposition: form-data; name="email"\r\n\r\ncarla@example.org\r\n'
FILE = b'--cut\r\nContent-Disposition: form-data; name="email"; filename="email"\r\n\r\n'


@pytest.mark.parametrize(
    ("kind", "start"),
    [(URL_ENCODED, b"a=&"), (MULTIPART, FIELD), (MULTIPART, FILE)],
    ids=["plain", "fields", "file"],
)
@pytest.mark.parametrize("says_so", [True, False])
async def test_a_form_that_brings_no_files_is_256_kib_at_most(
    cast: Cast, kind: str, start: bytes, *, says_so: bool
) -> None:
    length = 256 * 1024 + 1
    headers = {"Content-Type": kind, "Origin": HERE} | ({"Content-Length": str(length)} if says_so else {})
    client = cast.registry.site.test_client()
    async with client.request("/login", method="POST", headers=headers) as connection:
        body = (start * length)[:length] if start is not FILE else start.ljust(length)
        await connection.send(body[:100_000])
        await connection.send(body[100_000:])
        await connection.send_complete()
    response = await connection.as_response()

    assert response.status_code == 413
    assert "More was sent than is allowed." in await response.get_data(as_text=True)


@pytest.mark.parametrize(("fields", "status"), [(1_000, 400), (1_001, 413)])
@pytest.mark.parametrize("kind", [URL_ENCODED, MULTIPART], ids=["plain", "parts"])
async def test_a_form_has_a_thousand_fields_at_most(cast: Cast, kind: str, fields: int, status: int) -> None:
    body = FIELD * fields + b"--cut--\r\n" if kind is MULTIPART else b"&".join([b"a="] * fields)
    headers = {"Content-Type": kind, "Origin": HERE}

    response = await cast.registry.site.test_client().post("/login", data=body, headers=headers)

    assert response.status_code == status


async def test_the_longest_form_that_may_be_sent_is_read(cast: Cast) -> None:
    carla = Browser(cast.registry.site)
    await carla.send("/login", origin=HERE, email=CARLA["email"], password=PASSWORD)

    sent = {
        "key": new_key(),
        "query": "\U0001f4e6" * 150,
        "details": "\U0001f4e6" * 4_000,
        "priority": "normal",
    }
    assert (await carla.send("/tickets/new", origin=HERE, **sent)).status == 303
    too_long = await carla.send("/tickets/new", origin=HERE, **sent | {"details": "\U0001f4e6" * 20_000})

    assert too_long.status == 400
    assert "\U0001f4e6" * 20_000 in too_long.html
    assert await cast.rows("SELECT COUNT(*) FROM tickets") == [(1,)]
