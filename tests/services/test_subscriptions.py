"""Browsers that asked for notifications: each as long as its session lasts, and nobody else's."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ccr.desk.clock import DAY
from ccr.desk.refusals import Code, Refusal
from ccr.services.identity import Identity
from ccr.services.subscriptions import MOST
from tests.accounts_house import LAPTOP, OMAR, PASSWORD, PHONE, House, open_house

KEYS = {"p256dh": "B" + "a" * 86, "auth": "b" * 22}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        await opened.customer()
        yield opened


@pytest.fixture
async def carla(house: House) -> Identity:
    return await house.identity("carla@example.org")


def browser(name: str = "one", **more: Any) -> dict[str, Any]:
    return {"endpoint": f"https://push.example/{name}", "keys": KEYS} | more


async def known(house: House, identity: Identity) -> list[tuple[str, bool]]:
    """Device, and whether it is this one."""
    found = (await house.subscriptions.state(identity))["subscriptions"]
    return [(one["device"], one["current"]) for one in found]


async def refused(awaitable: Any) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        await awaitable
    return refusal.value


async def test_a_browser_is_known_by_its_device(house: House, carla: Identity) -> None:
    phone = await house.identity("carla@example.org", PHONE)
    made = await house.subscriptions.subscribe(carla, browser())
    await house.subscriptions.subscribe(phone, browser("two"))

    assert made["device"] == "Firefox on Linux"
    assert await known(house, carla) == [("Firefox on Linux", True), ("Safari on iPhone", False)]
    assert len((await house.subscriptions.state(carla))["key"]) == 87


@pytest.mark.parametrize("expires", [None, 1_800_000_000_000, 1_800_000_000_000.5])
async def test_it_is_taken_in_the_words_of_the_browser(
    house: House, carla: Identity, expires: float | None
) -> None:
    await house.subscriptions.subscribe(carla, browser(expirationTime=expires))

    assert await known(house, carla) == [("Firefox on Linux", True)]


async def test_the_same_again_is_the_same_and_a_new_endpoint_takes_its_place(
    house: House, carla: Identity
) -> None:
    first = await house.subscriptions.subscribe(carla, browser())
    assert await house.subscriptions.subscribe(carla, browser()) == first
    second = await house.subscriptions.subscribe(carla, browser("renewed"))
    assert second["id"] != first["id"]
    assert len(await known(house, carla)) == 1


async def test_it_is_gone_with_its_session(house: House, carla: Identity) -> None:
    for end in ("sign-out", "elsewhere", "password"):
        phone = await house.identity("carla@example.org", PHONE)
        await house.subscriptions.subscribe(phone, browser(end))
        assert len(await known(house, carla)) == 1
        if end == "sign-out":
            await house.signing_in.sign_out(phone)
        elif end == "elsewhere":
            await house.signing_in.end_session(carla, phone.session_id)
        else:
            given = {"password": "another horse", "confirm_password": "another horse"}
            await house.accounts.change_password(carla, {"current_password": "correct horse"} | given)
        assert await known(house, carla) == []
    assert await house.rows("SELECT * FROM subscriptions") == []


async def test_it_goes_on_for_who_signs_in_again_and_is_gone_when_somebody_else_does(house: House) -> None:
    await house.customer(OMAR)
    begun = await house.sign_in("carla@example.org")
    made = await house.subscriptions.subscribe(Identity(begun.session_id, begun.person), browser())

    again = await house.signing_in.sign_in("carla@example.org", PASSWORD, LAPTOP, instead_of=begun.token)
    state = await house.subscriptions.state(Identity(again.session_id, again.person))
    assert [(one["id"], one["current"]) for one in state["subscriptions"]] == [(made["id"], True)]

    await house.signing_in.sign_in("omar@example.org", PASSWORD, LAPTOP, instead_of=again.token)
    assert await house.rows("SELECT * FROM subscriptions") == []


async def test_who_signs_in_next_at_the_same_browser_takes_it_over(house: House, carla: Identity) -> None:
    await house.customer(OMAR)
    omar = await house.identity("omar@example.org")
    await house.subscriptions.subscribe(carla, browser())
    await house.subscriptions.subscribe(omar, browser())

    assert await known(house, carla) == []
    assert await known(house, omar) == [("Firefox on Linux", True)]


async def test_who_only_knows_the_endpoint_takes_nothing_over(house: House, carla: Identity) -> None:
    await house.customer(OMAR)
    omar = await house.identity("omar@example.org")
    await house.subscriptions.subscribe(carla, browser())

    stolen = browser(keys=KEYS | {"auth": "c" * 22})
    assert (await refused(house.subscriptions.subscribe(omar, stolen))).code is Code.CONFLICT
    assert len(await known(house, carla)) == 1


async def test_who_is_slower_than_another_process_may_try_again(
    house: House, carla: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.customer(OMAR)
    omar = await house.identity("omar@example.org")
    await house.subscriptions.subscribe(carla, browser())
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("ccr.store.subscriptions.by_endpoint", lambda *_: None)
        failure = await refused(house.subscriptions.subscribe(omar, browser()))
    assert failure.code is Code.CONFLICT
    await house.subscriptions.subscribe(omar, browser())
    assert await known(house, omar) == [("Firefox on Linux", True)]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (browser("private"), "endpoint"),
        ({"endpoint": "https://push.example/ 1", "keys": KEYS}, "endpoint"),
        ({"endpoint": "https://push.example/" + "x" * 1000, "keys": KEYS}, "endpoint"),
        (browser(keys=KEYS | {"p256dh": "A" * 87}), "keys"),
        (browser(keys={"p256dh": "short", "auth": "b" * 22}), "keys"),
        (browser(keys=KEYS | {"more": "x"}), "keys"),
        (browser(colour="red"), "colour"),
        (browser(expirationTime="soon"), "expirationTime"),
    ],
)
async def test_what_is_no_subscription_is_refused(
    house: House, carla: Identity, given: dict[str, Any], field: str
) -> None:
    refusal = await refused(house.subscriptions.subscribe(carla, given))
    assert refusal.code is Code.INVALID
    assert any(name.startswith(field) for name in refusal.fields), refusal.fields
    assert await house.rows("SELECT * FROM subscriptions") == []


async def test_a_session_that_just_ended_subscribes_nothing(house: House, carla: Identity) -> None:
    await house.signing_in.sign_out(carla)
    assert (await refused(house.subscriptions.subscribe(carla, browser()))).code is Code.UNAUTHENTICATED


async def test_one_turns_off_ones_own_only(house: House, carla: Identity) -> None:
    await house.customer(OMAR)
    omar = await house.identity("omar@example.org")
    made = await house.subscriptions.subscribe(carla, browser())

    assert (await refused(house.subscriptions.end(omar, made["id"]))).code is Code.NOT_FOUND
    await house.subscriptions.end(carla, made["id"])
    assert (await refused(house.subscriptions.end(carla, made["id"]))).code is Code.NOT_FOUND


async def test_the_one_that_asked_first_goes_for_one_too_many(house: House, carla: Identity) -> None:
    for number in range(MOST + 1):
        identity = await house.identity("carla@example.org", PHONE)
        await house.subscriptions.subscribe(identity, browser(f"n{number}"))
    kept = await house.rows("SELECT endpoint FROM subscriptions ORDER BY id")
    assert [row[0].rpartition("/")[2] for row in kept] == [f"n{number}" for number in range(1, MOST + 1)]


async def test_it_is_exported_and_goes_with_the_account(house: House, carla: Identity) -> None:
    await house.subscriptions.subscribe(carla, browser())
    [told] = (await house.export(carla.person))["notified_browsers"]
    assert told["endpoint"] == "https://push.example/one"
    await house.accounts.delete(carla)
    assert await house.rows("SELECT * FROM subscriptions") == []


async def test_an_idle_session_that_is_swept_takes_its_subscription_along(
    house: House, carla: Identity
) -> None:
    await house.subscriptions.subscribe(carla, browser())
    house.later(15 * DAY)
    await house.identity("carla@example.org", PHONE)
    assert await house.rows("SELECT * FROM subscriptions") == []
