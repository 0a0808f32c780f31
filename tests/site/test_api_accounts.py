"""The JSON API of accounts, as a mobile app or a bot meets it."""

import gc
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from quart import Quart, Response

from ccr.services import exports
from ccr.site.export_answers import hand_out_held
from ccr.site.guards import identity
from tests.accounts_house import AMIR, CARLA, OMAR, PASSWORD, House, open_house, with_password
from tests.site.accounts_app import Caller, make_app, make_settings
from tests.waiting import until

NEW = "another horse"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
def app(house: House, tmp_path: Path) -> Quart:
    return make_app(house, make_settings(tmp_path, rate_limits=False))


@pytest.fixture
def caller(app: Quart) -> Caller:
    return Caller(app)


async def refused(response: Any, status: int, code: str, *fields: str) -> dict[str, Any]:
    """The contract's form of an error, and no more than that."""
    body: dict[str, Any] = await response.get_json()
    assert (response.status_code, body["code"]) == (status, code), body
    assert set(body) <= {"code", "message", "fields"}
    assert set(body.get("fields", {})) == set(fields)
    return body


async def test_carla_registers_signs_in_and_out(caller: Caller) -> None:
    registered = await caller.call("POST", "/customers", with_password(CARLA))
    assert registered.status_code == 201
    carla = await registered.get_json()
    assert carla["email"] == "carla@example.org"
    assert "password" not in str(carla)

    signed_in = await caller.call("POST", "/sessions", {"email": "carla@example.org", "password": PASSWORD})
    body = await signed_in.get_json()
    assert body["person"] == carla
    caller.headers["Authorization"] = f"Bearer {body['token']}"
    assert await (await caller.call("GET", "/me")).get_json() == carla

    assert (await caller.call("DELETE", "/sessions/current")).status_code == 204
    await refused(await caller.call("GET", "/me"), 401, "unauthenticated")


async def test_a_taken_e_mail_is_a_conflict(caller: Caller) -> None:
    await caller.call("POST", "/customers", with_password(CARLA))

    await refused(await caller.call("POST", "/customers", with_password(CARLA)), 409, "conflict", "email")


async def test_sign_in_takes_exactly_one_login(house: House, caller: Caller) -> None:
    await house.agent(await house.admin())

    both = {"email": "amir@example.org", "username": "amir", "password": PASSWORD}
    await refused(await caller.call("POST", "/sessions", both), 400, "invalid", "email")
    await refused(await caller.call("POST", "/sessions", {"password": PASSWORD}), 400, "invalid", "email")
    await caller.sign_in("amir")
    await caller.sign_in("amir@example.org")


async def test_a_wrong_password_is_unauthenticated_and_after_ten_limited(
    house: House, caller: Caller
) -> None:
    await house.customer()
    guess = {"email": "carla@example.org", "password": "a guess"}
    for _ in range(10):
        await refused(await caller.call("POST", "/sessions", guess), 401, "unauthenticated")

    limited = await caller.call("POST", "/sessions", guess)

    await refused(limited, 429, "rate_limited")
    assert limited.headers["Retry-After"] == "900"


async def test_a_page_gets_the_cookie_and_a_program_just_the_token(house: House, app: Quart) -> None:
    await house.customer()
    given = {"email": "carla@example.org", "password": PASSWORD}
    client = app.test_client()

    program = await client.post("/api/v1/sessions", json=given)
    page = await client.post("/api/v1/sessions", json=given, headers={"Origin": "http://localhost"})

    assert [cookie.partition("=")[0] for cookie in program.headers.getlist("Set-Cookie")] == ["ccr_device"]
    assert {cookie.partition("=")[0] for cookie in page.headers.getlist("Set-Cookie")} == {
        "ccr_device",
        "ccr_session",
    }
    assert (await client.get("/api/v1/me")).status_code == 200


async def test_signing_in_at_a_page_ends_the_session_that_its_cookie_was_for(
    house: House, app: Quart
) -> None:
    await house.customer()
    await house.customer(OMAR)
    client = app.test_client()
    origin = {"Origin": "http://localhost"}
    first = await client.post(
        "/api/v1/sessions", json={"email": "carla@example.org", "password": PASSWORD}, headers=origin
    )
    carla = {"Authorization": f"Bearer {(await first.get_json())['token']}"}
    omar = {"email": "omar@example.org", "password": PASSWORD}

    # A program that signs in beside the cookie leaves it as it is.
    assert (
        await client.post("/api/v1/sessions", json=omar, headers={"Authorization": "Bearer x"})
    ).status_code == 200
    assert (await client.get("/api/v1/me", headers=carla)).status_code == 200

    assert (await client.post("/api/v1/sessions", json=omar, headers=origin)).status_code == 200
    assert (await client.get("/api/v1/me", headers=carla)).status_code == 401
    assert (await (await client.get("/api/v1/me")).get_json())["email"] == "omar@example.org"


async def test_carla_ends_the_session_on_her_phone_and_not_omars(house: House, app: Quart) -> None:
    await house.customer()
    await house.customer(OMAR)
    carla = await Caller(app).sign_in("carla@example.org")
    phone = await Caller(app).sign_in("carla@example.org")
    omar = await Caller(app).sign_in("omar@example.org")

    listed = await (await carla.call("GET", "/sessions")).get_json()
    assert [row["current"] for row in listed].count(True) == 1
    theirs = await (await omar.call("GET", "/sessions")).get_json()
    for foreign in (theirs[0]["id"], 0, 2**53 - 1, 2**70):
        await refused(await carla.call("DELETE", f"/sessions/{foreign}"), 404, "not_found")
    other = next(row["id"] for row in listed if not row["current"])
    assert (await carla.call("DELETE", f"/sessions/{other}")).status_code == 204

    await refused(await phone.call("GET", "/me"), 401, "unauthenticated")
    assert (await omar.call("GET", "/me")).status_code == 200


async def test_a_code_by_mail_sets_a_new_password(house: House, caller: Caller) -> None:
    await house.customer()
    for email in ("carla@example.org", "nobody@example.org"):
        asked = await caller.call("POST", "/password-resets", {"email": email})
        assert (asked.status_code, await asked.get_data()) == (202, b"{}")
    made = await house.resets.mint("carla@example.org")
    assert made is not None

    given = {"email": "carla@example.org", "code": made[1], "password": NEW, "confirm_password": NEW}
    done = await caller.call("POST", "/password-resets/confirm", given)

    assert done.status_code == 204
    assert done.headers.getlist("Set-Cookie")[0].startswith("ccr_device=")
    await caller.sign_in("carla@example.org", NEW)
    await refused(await caller.call("POST", "/password-resets/confirm", given), 400, "invalid", "code")


async def test_carla_changes_takes_along_and_deletes_her_account(house: House, caller: Caller) -> None:
    await house.customer()
    await caller.sign_in("carla@example.org")

    changed = await caller.call("PATCH", "/me", {"mobile": "0301 2345"})
    assert (await changed.get_json())["mobile"] == "0301 2345"
    export = await caller.call("GET", "/me/export")
    assert (await export.get_json())["person"]["mobile"] == "0301 2345"
    assert (await caller.call("DELETE", "/me")).status_code == 204

    await refused(await caller.call("GET", "/me"), 401, "unauthenticated")


async def begun_export(app: Quart, caller: Caller, house: House) -> Response:
    """The caller's data on its way out, of which no more has been fetched than its beginning."""
    async with app.test_request_context("/api/v1/me/export", headers=caller.headers):
        asking = await identity()
        assert asking is not None
        return await hand_out_held(house.exports, asking.person)


async def test_each_person_is_handed_out_all_they_hold_once_at_a_time(house: House, tmp_path: Path) -> None:
    app = make_app(house, make_settings(tmp_path))
    await house.customer()
    await house.customer(OMAR)
    carla = await Caller(app).sign_in("carla@example.org")
    omar = await Caller(app).sign_in("omar@example.org")
    under_way = await begun_export(app, carla, house)

    too_soon = await carla.call("GET", "/me/export")
    await refused(too_soon, 429, "rate_limited")
    assert int(too_soon.headers["Retry-After"]) > 0
    assert (await omar.call("GET", "/me/export")).status_code == 200

    assert json.loads(await under_way.get_data())["tickets"] == []
    for _ in range(2):
        whole = await carla.call("GET", "/me/export")
        assert whole.headers["Cache-Control"] == "no-store"
        assert (await whole.get_json())["tickets"] == []


async def test_who_went_away_in_the_middle_or_met_a_fault_may_ask_for_it_anew(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(house, make_settings(tmp_path))
    await house.customer()
    carla = await Caller(app).sign_in("carla@example.org")

    given_up = await begun_export(app, carla, house)
    del given_up
    gc.collect()
    await until(lambda: not app.extensions["ccr.limits"]._taken)
    with monkeypatch.context() as broken:
        broken.setattr(exports, "tickets_of", lambda *_: 1 / 0)
        failing = await begun_export(app, carla, house)
        with pytest.raises(ZeroDivisionError):
            await failing.get_data()

    assert (await carla.call("GET", "/me/export")).status_code == 200


async def test_who_must_change_the_password_is_forbidden_everything_else(house: House, app: Quart) -> None:
    await house.agent(await house.admin())
    amir = await Caller(app).sign_in("amir")
    for method, path in [
        ("GET", "/me"),
        ("PATCH", "/me"),
        ("DELETE", "/me"),
        ("GET", "/me/export"),
        ("GET", "/sessions"),
        ("GET", "/canned-replies"),
        ("POST", "/feedback"),
    ]:
        await refused(await amir.call(method, path, {}), 403, "forbidden")

    given = {"current_password": PASSWORD, "password": NEW, "confirm_password": NEW}
    assert (await amir.call("POST", "/me/password", given)).status_code == 204
    assert (await amir.call("GET", "/me")).status_code == 200


async def test_ada_makes_changes_and_deactivates_amir(house: House, app: Quart) -> None:
    await house.admin()
    ada = await Caller(app).sign_in("ada@example.org")

    created = await ada.call("POST", "/agents", AMIR | {"password": PASSWORD})
    assert created.status_code == 201
    amir = await created.get_json()
    assert amir["must_change_password"] is True
    assert await (await ada.call("GET", "/agents")).get_json() == [amir]
    caller = await Caller(app).sign_in("amir")
    changed = await ada.call("PATCH", f"/agents/{amir['id']}", {"active": False, "first_name": "Amin"})
    assert (await changed.get_json())["name"] == "Amin Azad"

    await refused(await caller.call("GET", "/sessions"), 401, "unauthenticated")
    for nobody in (4711, 2**70):
        await refused(await ada.call("PATCH", f"/agents/{nobody}", {"active": True}), 404, "not_found")


async def test_customers_and_agents_have_no_say_about_agents(house: House, app: Quart) -> None:
    ada = await house.admin()
    await house.customer()
    amir = await house.agent(ada)
    carla = await Caller(app).sign_in("carla@example.org")

    for method, path in [
        ("GET", "/agents"),
        ("POST", "/agents"),
        ("PATCH", f"/agents/{amir.id}"),
        ("GET", "/feedback"),
    ]:
        await refused(await carla.call(method, path, AMIR), 403, "forbidden")


async def test_feedback_goes_from_carla_to_ada(house: House, app: Quart) -> None:
    await house.admin()
    await house.customer()
    carla, ada = await Caller(app).sign_in("carla@example.org"), await Caller(app).sign_in("ada@example.org")

    written = await carla.call("POST", "/feedback", {"about": "service", "stars": 4, "body": "Fine"})
    assert written.status_code == 201
    page = await (await ada.call("GET", "/feedback?limit=1")).get_json()

    assert page == {"feedback": [await written.get_json()], "cursor": None}
    await refused(await ada.call("POST", "/feedback", {"about": "service", "body": "x"}), 403, "forbidden")
    for query, field in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("limit=1&limit=2", "limit"),
        ("cursor=x", "cursor"),
        ("colour=red", "colour"),
    ]:
        await refused(await ada.call("GET", f"/feedback?{query}"), 400, "invalid", field)


REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/customers", with_password(OMAR)),
    ("POST", "/sessions", {"email": "carla@example.org", "password": PASSWORD}),
    ("POST", "/password-resets", {"email": "carla@example.org"}),
    (
        "POST",
        "/password-resets/confirm",
        {"email": "carla@example.org", "code": "123456", "password": NEW, "confirm_password": NEW},
    ),
    ("PATCH", "/me", {"first_name": "Carlotta", "mobile": "0301 2345"}),
    ("POST", "/me/password", {"current_password": PASSWORD, "password": NEW, "confirm_password": NEW}),
    ("POST", "/feedback", {"about": "service", "body": "Fine"}),
]
TABLES = ("people", "logins", "sessions", "codes", "outbox", "feedback", "wrong_tries")


async def stored(house: House) -> str:
    return str([await house.rows(f"SELECT * FROM {table}") for table in TABLES])  # noqa: S608 - our own names


def spoilt(given: dict[str, Any]) -> list[dict[str, Any]]:
    """The same with each field of a wrong type, unstorable or too long, and with one that is not known."""
    wrong: list[Any] = [None, 7, True, ["x"], {"a": 1}, "a\x00bcdefgh", "a\ud800bcdefgh", "x" * 5000, ""]
    return [given | {name: value} for name in given for value in wrong] + [given | {"unknown": 1}]


@pytest.mark.parametrize(("method", "path", "given"), REQUESTS)
async def test_what_is_wrong_with_a_field_is_said_and_nothing_stored(
    house: House, caller: Caller, method: str, path: str, given: dict[str, Any]
) -> None:
    await house.customer()
    await caller.sign_in("carla@example.org")
    before = await stored(house)

    for wrong in spoilt(given):
        response = await caller.call(method, path, json.dumps(wrong).encode())
        body = await response.get_json()
        assert (response.status_code, body["code"]) == (400, "invalid"), (wrong, body)
        assert body["fields"], wrong
    if method == "POST":
        for name in given:
            missing = {other: value for other, value in given.items() if other != name}
            await refused(await caller.call(method, path, missing), 400, "invalid", name)

    assert await stored(house) == before
    assert (await caller.call("GET", "/me")).status_code == 200


NOT_OBJECTS = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"7",
    b'{"email": NaN}',
    b'{"email": Infinity}',
    b'{"email": "a", "email": "b"}',
    b"{'email': 1}",
    b'{"email": "\xff"}',
    b"\xef\xbb\xbf{}",
    b'{"email": "a"} more',
    b"[" * 60_000,
    b'{"email": ' + b"9" * 60_000 + b"}",
]


async def test_what_is_no_json_object_is_invalid(house: House, caller: Caller) -> None:
    await house.customer()
    await caller.sign_in("carla@example.org")
    before = await stored(house)

    for method, path, _ in REQUESTS:
        for body in NOT_OBJECTS:
            await refused(await caller.call(method, path, body), 400, "invalid")

    assert await stored(house) == before


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "", "multipart/form-data"],
)
async def test_a_body_says_that_it_is_json(house: House, caller: Caller, kind: str) -> None:
    body = json.dumps(with_password(CARLA)).encode()

    await refused(
        await caller.call("POST", "/customers", body, headers={"Content-Type": kind}), 400, "invalid"
    )
    assert await house.rows("SELECT id FROM people") == []
    well = await caller.call(
        "POST", "/customers", body, headers={"Content-Type": "application/json; charset=utf-8"}
    )
    assert well.status_code == 201


async def test_a_body_is_64_kib_at_most(house: House, caller: Caller) -> None:
    body = json.dumps(with_password(CARLA)).encode()

    exact = await caller.call("POST", "/customers", body + b" " * (64 * 1024 - len(body)))
    beyond = await caller.call("POST", "/customers", body + b" " * (64 * 1024 + 1 - len(body)))

    assert exact.status_code == 201
    await refused(beyond, 413, "too_large")


async def test_a_body_that_hides_its_length_is_64_kib_at_most(app: Quart) -> None:
    async with app.test_client().request(
        "/api/v1/customers", method="POST", headers={"Content-Type": "application/json"}
    ) as connection:
        await connection.send(b" " * 40_000)
        await connection.send(b" " * 40_000)
        await connection.send_complete()
    response = await connection.as_response()

    await refused(response, 413, "too_large")


async def test_what_is_not_there_is_said_in_the_same_form(caller: Caller) -> None:
    await refused(await caller.call("GET", "/nothing"), 404, "not_found")
    wrong = await caller.call("PUT", "/customers", {})
    await refused(wrong, 405, "invalid")
    assert "POST" in wrong.headers["Allow"]


async def test_what_nobody_foresaw_shows_no_internals(
    house: House, app: Quart, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.customer()
    caller = await Caller(app).sign_in("carla@example.org")

    def fail(*_: object) -> None:
        raise RuntimeError("the innermost secret")

    monkeypatch.setattr(exports, "held_beside_talk", fail)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        body = await refused(await caller.call("GET", "/me/export"), 500, "internal")

    assert "secret" not in str(body)
    assert [record.name for record in caplog.records] == ["ccr.site.errors"]
    assert (await caller.call("GET", "/me")).status_code == 200


async def test_no_secret_is_ever_logged(house: House, app: Quart, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await Caller(app).call("POST", "/customers", with_password(CARLA))
        caller = await Caller(app).sign_in("carla@example.org")
        await caller.call("POST", "/sessions", {"email": "carla@example.org", "password": "a wrong guess"})
        made = await house.resets.mint("carla@example.org")
        assert made is not None
        given = {"email": "carla@example.org", "code": made[1], "password": NEW, "confirm_password": NEW}
        await caller.call("POST", "/password-resets/confirm", given)

    logged = " ".join(str(vars(record)) for record in caplog.records if record.name.startswith("ccr"))
    token = caller.headers["Authorization"].removeprefix("Bearer ")
    for secret in (PASSWORD, NEW, "a wrong guess", f"'{made[1]}'", token, "carla@example.org"):
        assert secret not in logged
    assert "signed in" in logged


async def test_answers_are_kept_by_nobody_on_the_way(house: House, caller: Caller) -> None:
    await house.customer()
    await caller.sign_in("carla@example.org")

    for path in ("/me", "/sessions", "/nothing"):
        assert (await caller.call("GET", path)).headers["Cache-Control"] == "no-store"
