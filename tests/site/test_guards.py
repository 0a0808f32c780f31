"""Who may use a route, and from which page."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from quart import Quart, g
from quart.typing import ResponseReturnValue

from ccr.app import create_app
from ccr.desk.people import Role
from ccr.site import guards
from ccr.site.guards import anyone, barely_signed_in, guard_of, only, signed_in
from ccr.site.limits import Limits, limit_of
from tests.accounts_house import OMAR, PASSWORD, House, open_house
from tests.site.accounts_app import PUBLIC_URL, make_app, make_settings

SAME = {"Origin": "http://localhost"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


def with_rooms(app: Quart) -> Quart:
    """A room behind each guard, as a page and in the API."""

    async def room(**_: object) -> ResponseReturnValue:
        identity = g.get("identity")
        return identity.person.first_name if identity else "nobody"

    for name, guard in {
        "open": anyone,
        "barely": barely_signed_in,
        "inner": signed_in,
        "staff": only(Role.AGENT, Role.ADMIN),
    }.items():
        for base in ("", "/api"):
            app.add_url_rule(
                f"{base}/{name}",
                f"{base}{name}",
                guard(room),
                methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            )
    return app


@pytest.fixture
def app(house: House, tmp_path: Path) -> Quart:
    return with_rooms(make_app(house, make_settings(tmp_path)))


class Browser:
    """A browser that keeps cookies and says where its requests come from, unless told to say something else."""

    def __init__(self, app: Quart) -> None:
        self._client = app.test_client()

    async def sign_in(self, login: str, password: str = PASSWORD) -> "Browser":
        """Signed in from now on, by cookie."""
        name = "email" if "@" in login else "username"
        response = await self.ask("POST", "/api/v1/sessions", {name: login, "password": password})
        assert response.status_code == 200
        return self

    async def ask(self, method: str, path: str, given: Any = None, headers: dict[str, str] = SAME) -> Any:
        """The answer."""
        body = {} if given is None else {"json": given}
        return await self._client.open(path, method=method, headers=headers, **body)


async def test_everybody_is_let_in_where_they_belong(house: House, app: Quart) -> None:
    ada, _ = await house.admin(), await house.customer()
    await house.agent(ada)
    stranger = Browser(app)
    carla = await Browser(app).sign_in("carla@example.org")
    amir = await Browser(app).sign_in("amir")
    boss = await Browser(app).sign_in("ada@example.org")

    seen = {
        name: [
            (await who.ask("GET", f"/api/{room}")).status_code
            for room in ("open", "barely", "inner", "staff")
        ]
        for name, who in {"stranger": stranger, "Carla": carla, "Amir": amir, "Ada": boss}.items()
    }

    assert seen == {
        "stranger": [200, 401, 401, 401],
        "Carla": [200, 200, 200, 403],
        "Amir": [200, 200, 403, 403],  # his password is still the one that Ada gave him
        "Ada": [200, 200, 200, 200],
    }


async def test_pages_send_people_where_they_can_go_on(house: House, app: Quart) -> None:
    await house.agent(await house.admin())
    await house.customer()
    amir = await Browser(app).sign_in("amir")
    carla = await Browser(app).sign_in("carla@example.org")

    for method, login in (("GET", "/login?next=%2Finner"), ("POST", "/login")):
        stranger = await Browser(app).ask(method, "/inner")
        assert (stranger.status_code, stranger.headers["Location"]) == (303, login)
        given = await amir.ask(method, "/inner")
        assert (given.status_code, given.headers["Location"]) == (303, "/account#password")
    assert (await carla.ask("GET", "/staff")).status_code == 403
    assert (await (await carla.ask("GET", "/open")).get_data()) == b"Carla"
    assert (await (await Browser(app).ask("GET", "/open")).get_data()) == b"nobody"


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Origin": "http://localhost"}, True),
        ({"Origin": "HTTP://LOCALHOST"}, True),
        ({"Origin": PUBLIC_URL}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": ""}, False),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "https://localhost"}, False),
        ({"Origin": "http://localhost:81"}, False),
        ({"Origin": "http://localhost.evil.example"}, False),
        ({"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}, False),
        ({"Referer": "http://localhost/inner"}, False),
    ],
)
async def test_a_change_by_cookie_must_come_from_a_page_of_ours(
    house: House, app: Quart, headers: dict[str, str], allowed: bool
) -> None:
    await house.customer()
    carla = await Browser(app).sign_in("carla@example.org")

    for room in ("/open", "/inner", "/api/inner"):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert (await carla.ask(method, room, headers=headers)).status_code == (200 if allowed else 403)
        assert (await carla.ask("GET", room, headers=headers)).status_code == 200


async def test_a_foreign_page_cannot_sign_anybody_in(house: House, app: Quart) -> None:
    await house.customer()
    given = {"email": "carla@example.org", "password": PASSWORD}

    response = await Browser(app).ask("POST", "/api/v1/sessions", given, {"Origin": "http://evil.example"})

    assert response.status_code == 403
    assert await house.rows("SELECT id FROM sessions") == []


async def test_a_bearer_may_come_from_anywhere(house: House, app: Quart) -> None:
    await house.customer()
    bearer = {"Authorization": f"Bearer {(await house.sign_in('carla@example.org')).token}"}

    for origin in ({}, {"Origin": "http://evil.example"}, {"Origin": "capacitor://localhost"}):
        assert (await Browser(app).ask("POST", "/api/inner", headers=bearer | origin)).status_code == 200


async def test_an_invalid_bearer_does_not_open_the_door_for_the_cookie(house: House, app: Quart) -> None:
    await house.customer()
    carla = await Browser(app).sign_in("carla@example.org")

    foreign = {"Origin": "http://evil.example", "Authorization": "Bearer x"}
    assert (await carla.ask("POST", "/api/inner", headers=foreign)).status_code == 401


async def test_what_one_person_wrote_is_not_taken_from_another_who_has_signed_in_since(
    house: House, app: Quart
) -> None:
    omar, carla = await house.customer(OMAR), await house.customer()
    browser = await Browser(app).sign_in("carla@example.org")

    for meant, status in ((carla.id, 200), (omar.id, 401), (0, 401), ("", 401)):
        headers = SAME | {"As-Person": str(meant)}
        assert (await browser.ask("POST", "/api/inner", headers=headers)).status_code == status


async def test_a_wrong_bearer_is_nobody_even_beside_a_good_cookie(house: House, app: Quart) -> None:
    await house.customer()
    carla = await Browser(app).sign_in("carla@example.org")

    for value in ("Bearer ", "Bearer x", f"bearer {'x' * 43}", f"Bearer {'é' * 43}"):
        assert (await carla.ask("GET", "/api/inner", headers={"Authorization": value})).status_code == 401


async def test_a_forged_or_foreign_cookie_is_nobody(house: House, app: Quart) -> None:
    await house.customer()
    token = (await house.sign_in("carla@example.org")).token

    for value in (token, f"{token}.forged.signature", "", "x" * 5000, '"', "%00"):
        headers = {"Cookie": f"ccr_session={value}"}
        assert (await Browser(app).ask("GET", "/api/inner", headers=headers)).status_code == 401


async def test_an_ended_session_is_nobody_at_the_next_request(house: House, app: Quart) -> None:
    await house.customer()
    carla = await Browser(app).sign_in("carla@example.org")
    listed = await (await carla.ask("GET", "/api/v1/sessions")).get_json()
    here = await house.identity("carla@example.org")

    await house.signing_in.end_session(here, listed[0]["id"])

    assert (await carla.ask("GET", "/api/inner")).status_code == 401


@pytest.mark.parametrize("secure", [False, True])
async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    house: House, tmp_path: Path, secure: bool
) -> None:
    url = "https://care.example.org" if secure else ""
    app = make_app(house, make_settings(tmp_path, public_url=url))
    await house.customer()
    given = {"email": "carla@example.org", "password": PASSWORD}

    origin = {"Origin": url or "http://localhost"}
    response = await app.test_client().post("/api/v1/sessions", json=given, headers=origin)

    set_cookies = response.headers.getlist("Set-Cookie")
    assert len(set_cookies) == 2
    for cookie in set_cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Path=/" in cookie.split("; ")
        assert "Domain" not in cookie
        assert ("Secure" in cookie) is secure
        assert cookie.startswith("__Host-") is secure
    assert (await response.get_json())["token"] not in str(set_cookies)


async def test_the_live_half_finds_the_token_in_the_cookie_header(house: House, tmp_path: Path) -> None:
    app = Quart(__name__)
    token_in = guards.install(app, make_settings(tmp_path), house.signing_in)
    signed = app.extensions["QUART_AUTH"][0].dump_token("the-token", app)

    assert token_in(f"other={{bad; ccr_session={signed}") == "the-token"
    for header in (
        "",
        "ccr_session=the-token",
        f"ccr_session={signed}x",
        f"CCR_SESSION={signed}",
        "\x00",
        "a=b; ;;",
    ):
        assert token_in(header) is None


def routes_of(app: Quart) -> Iterator[tuple[str, str, Any]]:
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield method, rule.rule, app.view_functions[rule.endpoint]


def test_every_route_of_the_registry_has_a_guard(tmp_path: Path) -> None:
    registry = create_app(make_settings(tmp_path))
    routes = list(routes_of(registry.site))

    assert len(routes) > 50
    assert [path for _, path, view in routes if guard_of(view) is None] == []
    unasked = {path for method, path, view in routes if guard_of(view) == "unasked"}
    assert unasked == {
        "/healthz",
        "/readyz",
        "/metrics",
        "/static/<name>",
        "/sw.js",
        "/offline",
        "/unsubscribe/<token>",
        "/hooks/sendgrid",
    }


def test_what_anybody_may_change_by_json_has_a_limit(house: House, tmp_path: Path) -> None:
    routes = list(routes_of(make_app(house, make_settings(tmp_path))))

    assert [
        path
        for method, path, view in routes
        if guard_of(view) == "anyone" and method != "GET" and not limit_of(view)
    ] == []


def test_a_route_has_no_second_guard() -> None:
    async def room() -> str:
        return ""

    with pytest.raises(TypeError):
        anyone(signed_in(room))


async def test_registering_is_limited_by_address(app: Quart) -> None:
    app.extensions["ccr.limits"] = Limits(clock=lambda: 0.0)
    body = json.dumps({}).encode()
    client = app.test_client()

    async def register(address: str) -> Any:
        return await client.post(
            "/api/v1/customers",
            data=body,
            headers={"Content-Type": "application/json"},
            scope_base={"client": (address, 1)},
        )

    answers = [(await register("192.0.2.1")).status_code for _ in range(31)]
    assert answers == [400] * 30 + [429]
    limited = await register("192.0.2.1")
    assert 0 < int(limited.headers["Retry-After"]) <= 2
    assert (await limited.get_json())["code"] == "rate_limited"
    assert (await register("192.0.2.2")).status_code == 400


async def test_having_many_accounts_does_not_help_against_a_limit_by_address(
    house: House, app: Quart
) -> None:
    app.extensions["ccr.limits"] = Limits(clock=lambda: 0.0)
    await house.customer()
    carla = await Browser(app).sign_in("carla@example.org")

    answers = [(await carla.ask("POST", "/api/v1/sessions", {})).status_code for _ in range(30)]
    answers += [(await Browser(app).ask("POST", "/api/v1/sessions", {})).status_code for _ in range(30)]

    assert answers == [400] * 59 + [429]
