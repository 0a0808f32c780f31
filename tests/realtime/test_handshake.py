"""Who is let in, and who is told why not."""

import asyncio
import json
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from socketio.exceptions import ConnectionError as NotConnected
from websockets.exceptions import InvalidStatus

from ccr.desk.refusals import unavailable
from ccr.realtime import server
from ccr.realtime.sockets import MOST_OF_ONE
from ccr.realtime.transport import Transport
from tests.accounts_house import CARLA, LAPTOP, PASSWORD
from tests.live import Live, live_registry
from tests.waiting import until

CHEN = {
    "first_name": "Chen",
    "last_name": "Cao",
    "email": "chen@example.org",
    "mobile": "+1 555 77777",
    "username": "chen",
    "gender": "other",
}


async def refusal(live: Live, *, transport: str = "websocket", **options: Any) -> Any:
    """What somebody is told who is not let in."""
    told: list[Any] = []
    with pytest.raises(NotConnected):
        await live.connect(None, transports=[transport], retry=False, told=told, **options)
    assert live.registry.sockets.all() == []
    return told[0]["data"]


async def cookie_of(live: Live) -> str:
    """Carla's session cookie, as her browser would send it."""
    given = {"email": CARLA["email"], "password": PASSWORD}
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as browser,
        browser.post(f"{live.url}/api/v1/sessions", json=given, headers={"Origin": live.url}) as answer,
    ):
        assert answer.status == 200
        jar = SimpleCookie()
        for header in answer.headers.getall("Set-Cookie"):
            jar.load(header)
    return f"ccr_session={jar['ccr_session'].value}"


async def test_a_token_lets_its_person_in(live: Live) -> None:
    carla = await live.connect("carla")
    assert (await carla.ask("watch", {}))["ok"]


async def test_the_cookie_lets_its_person_in_also_beside_another_sites_malformed_one(live: Live) -> None:
    ours = await cookie_of(live)

    for cookie in (ours, f'theirs={{"a": "b c"}}; [=]; {ours}; a b', f"{ours}; ccr_session_2=x"):
        raw = await live.raw(headers={"Cookie": cookie, "Origin": live.url})
        await raw.hear()
        await raw.say("40")
        assert (await raw.hear()).startswith("40{"), cookie


async def test_nobody_is_let_in_without_an_identity(live: Live) -> None:
    tokens: list[Any] = [
        None,
        {},
        {"token": ""},
        {"token": "x" * 43},
        {"token": None},
        {"token": 1},
        {"token": {}},
        ["token"],
        "token",
        {"token": "\ud800" * 43},
        {"token": "a\x00"},
    ]
    for auth in tokens:
        told = await refusal(live, auth=auth)
        assert told == {"code": "unauthenticated", "message": "Sign in first."}, auth


async def test_a_forged_or_foreign_cookie_is_no_identity(live: Live) -> None:
    for cookie in ("ccr_session=x", "ccr_session=", f"ccr_session={live.tokens['carla']}", "x" * 4_000):
        told = await refusal(live, headers={"Cookie": cookie})
        assert told["code"] == "unauthenticated"


async def test_a_wrong_token_is_not_made_good_by_a_cookie(live: Live) -> None:
    told = await refusal(live, auth={"token": "x" * 43}, headers={"Cookie": await cookie_of(live)})
    assert told["code"] == "unauthenticated"


async def test_an_ended_session_is_no_identity(live: Live) -> None:
    await live.registry.signing_in.sign_out(live.identity("carla"))
    told = await refusal(live, auth={"token": live.tokens["carla"]})
    assert told["code"] == "unauthenticated"


async def test_an_agent_changes_the_given_password_first(live: Live) -> None:
    await live.registry.staff.create(live.people["ada"], CHEN | {"password": PASSWORD})
    begun = await live.registry.signing_in.sign_in("chen", PASSWORD, LAPTOP)

    told = await refusal(live, auth={"token": begun.token})

    assert told == {"code": "forbidden", "message": "Change your password first."}


async def test_a_database_out_of_reach_is_told_as_such(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(token: str) -> None:
        raise unavailable()

    async def breaks(token: str) -> None:
        raise RuntimeError("not foreseen")

    for failing in (fails, breaks):
        monkeypatch.setattr(live.registry.signing_in, "identify", failing)
        told = await refusal(live, auth={"token": live.tokens["carla"]})
        assert told["code"] == "unavailable"
        assert "foreseen" not in told["message"]


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_foreign_page_is_refused(live: Live, transport: str) -> None:
    for origin in ("https://elsewhere.example", "null", f"{live.url}.elsewhere.example", "http://127.0.0.1"):
        with pytest.raises(NotConnected):
            await live.connect("carla", transports=[transport], headers={"Origin": origin}, retry=False)
    assert live.registry.sockets.all() == []
    await live.connect("carla", transports=[transport], headers={"Origin": live.url})


async def test_a_foreign_pages_websocket_is_not_even_opened(live: Live) -> None:
    with pytest.raises(InvalidStatus):
        await live.raw(headers={"Origin": "https://elsewhere.example"})


async def test_the_public_address_is_an_origin_of_ours_whatever_host_was_asked_for(live: Live) -> None:
    raw = await live.raw(headers={"Origin": live.url.upper()})
    assert (await raw.hear()).startswith("0{")


async def test_a_session_that_ends_during_the_handshake_lets_nobody_in(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    identify = live.registry.signing_in.identify

    async def slowly(token: str) -> Any:
        found = await identify(token)
        await live.registry.signing_in.sign_out(live.identity("carla"))
        return found

    monkeypatch.setattr(live.registry.signing_in, "identify", slowly)

    assert (await refusal(live, auth={"token": live.tokens["carla"]}))["code"] == "unauthenticated"


async def test_who_has_very_many_sockets_gets_no_more_and_the_others_stay(tmp_path: Path) -> None:
    async with live_registry(tmp_path, rate_limits=True) as limited:
        raws = [await limited.raw("carla") for _ in range(MOST_OF_ONE)]
        told: list[Any] = []
        with pytest.raises(NotConnected):
            await limited.connect("carla", retry=False, told=told)
        assert (told[0]["data"]["code"], len(limited.registry.sockets.all())) == ("rate_limited", MOST_OF_ONE)
        await limited.connect("omar")

        await raws[0].cut()
        await until(lambda: not limited.registry.sockets.many(limited.id("carla")))
        await limited.connect("carla")


def patience_of(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is carried out when it ends, for each time that it begins: here it ends when a test says so."""
    over: list[Any] = []
    monkeypatch.setattr(Transport, "expect", lambda _, _within, otherwise: over.append(otherwise))
    return over


async def test_a_connection_that_says_nothing_is_closed(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PATIENCE", 0.01)
    raw = await live.raw()
    assert [frame[:1] for frame in await raw.hear_all()] == ["0", "1"]
    await until(lambda: live.transports() == 0)


async def test_who_was_refused_and_stays_is_closed(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    over = patience_of(monkeypatch)
    raw = await live.raw()
    await raw.hear()
    await raw.say('40{"token":"nobody"}')
    assert (await raw.hear()).startswith("44")

    await over.pop()()
    assert await raw.hear_all() == ["1"]


async def test_who_leaves_and_keeps_the_transport_is_closed(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = patience_of(monkeypatch)
    raw = await live.raw("carla")
    await raw.say("41")
    await until(lambda: not live.registry.sockets.all() and len(over) == 2)

    await over.pop()()
    assert await raw.hear_all() == ["1"]


async def test_who_is_still_being_looked_up_is_waited_for(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = patience_of(monkeypatch)
    asked, go, look_up = asyncio.Event(), asyncio.Event(), live.registry.signing_in.identify

    async def slowly(token: str) -> Any:
        asked.set()
        await go.wait()
        return await look_up(token)

    monkeypatch.setattr(live.registry.signing_in, "identify", slowly)
    raw = await live.raw()
    await raw.hear()
    await raw.say(f'40{{"token":"{live.tokens["carla"]}"}}')
    await asked.wait()

    await over.pop()()
    assert len(over) == 1
    go.set()
    assert (await raw.hear()).startswith("40{")


async def test_the_token_may_be_told_after_a_refusal(live: Live) -> None:
    raw = await live.raw()
    await raw.hear()
    await raw.say("40")
    assert (await raw.hear()).startswith("44{")
    await raw.say(f"40{json.dumps({'token': live.tokens['carla']})}")
    assert (await raw.hear()).startswith("40{")


async def test_a_page_of_somebody_else_than_who_is_signed_in_now_is_not_let_in(live: Live) -> None:
    carlas = {"token": live.tokens["carla"]}

    told = await refusal(live, auth=carlas | {"person": live.id("omar")})
    assert told["code"] == "unauthenticated"
    for person in (live.id("carla"), None, "odd"):
        carla = await live.connect(None, auth=carlas | {"person": person})
        assert (await carla.ask("watch", {}))["ok"]
