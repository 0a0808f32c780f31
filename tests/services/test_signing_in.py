"""Sessions, devices, and how often one may be wrong."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from ccr.adapters.passwords import Argon2Passwords
from ccr.desk.clock import DAY, MINUTE
from ccr.desk.refusals import Code, Refusal
from ccr.services.identity import Device, Identity, SignedIn, device_name
from tests.accounts_house import LAPTOP, OMAR, PASSWORD, PHONE, House, open_house

STRANGER = Device("Chrome on Windows", "203.0.113.9")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


async def refusal(house: House, login: str, password: str = "a guess", device: Device = STRANGER) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await house.sign_in(login, device, password)
    return refused.value


def on(device: Device, begun: SignedIn) -> Device:
    """The device with the cookie that it was given."""
    return msgspec.structs.replace(device, known=begun.device_token)


async def test_carla_signs_in_and_is_known_by_her_token(house: House) -> None:
    carla = await house.customer()

    begun = await house.sign_in(" CARLA@example.org ")

    assert await house.signing_in.identify(begun.token) == Identity(begun.session_id, carla)
    assert begun.token not in str(await house.rows("SELECT * FROM sessions"))
    assert begun.device_token not in str(await house.rows("SELECT * FROM devices"))


async def test_amir_signs_in_by_e_mail_and_by_username(house: House) -> None:
    amir = await house.agent(await house.admin())

    assert (await house.sign_in("Amir")).person == amir
    assert (await house.sign_in("amir@example.org")).person == amir


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "\ud800", "' OR 1=1 --"])
async def test_no_other_token_is_anybody(house: House, token: str) -> None:
    await house.customer()
    await house.sign_in("carla@example.org")

    assert await house.signing_in.identify(token) is None


async def test_wrong_password_unknown_login_and_deactivated_person_get_the_same_answer(house: House) -> None:
    ada = await house.admin()
    await house.customer()
    amir = await house.agent(ada)
    await house.staff.change(ada, amir.id, {"active": False})

    answers = [
        await refusal(house, "carla@example.org"),
        await refusal(house, "nobody@example.org"),
        await refusal(house, "amir", PASSWORD),
    ]

    assert {(answer.code, answer.message) for answer in answers} == {
        (Code.UNAUTHENTICATED, "There is nobody with this login and password.")
    }


async def test_an_unknown_login_costs_the_same_hashing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.customer()
    verified: list[str] = []
    matches = Argon2Passwords._matches

    def count(self: Argon2Passwords, password_hash: str, password: str) -> bool:
        verified.append(password_hash.rpartition("$")[0].rpartition("$")[0])
        return matches(self, password_hash, password)

    monkeypatch.setattr(Argon2Passwords, "_matches", count)
    await refusal(house, "carla@example.org")
    await refusal(house, "nobody@example.org")

    assert len(verified) == 2
    assert verified[0] == verified[1]  # algorithm and parameters


async def test_a_session_ends_after_14_idle_days_and_lives_on_while_used(house: House) -> None:
    await house.customer()
    begun = await house.sign_in("carla@example.org")

    for _ in range(3):
        house.later(13 * DAY)
        assert await house.signing_in.identify(begun.token)
    house.later(14 * DAY)

    assert await house.signing_in.identify(begun.token) is None


async def test_a_session_is_noted_as_seen_every_five_minutes_at_most(house: House) -> None:
    await house.customer()
    begun = await house.sign_in("carla@example.org")
    noted = [house.time]

    for _ in range(6):
        house.later(2 * MINUTE)
        await house.signing_in.identify(begun.token)
        noted.append((await house.rows("SELECT seen_at FROM sessions"))[0][0])

    assert [at - noted[0] for at in noted] == [0, 0, 0, 6 * MINUTE, 6 * MINUTE, 6 * MINUTE, 12 * MINUTE]


async def test_carla_sees_where_she_is_signed_in_and_ends_that(house: House) -> None:
    await house.customer()
    phone = await house.sign_in("carla@example.org", PHONE)
    house.later()
    here = await house.identity("carla@example.org", LAPTOP)

    listed = await house.signing_in.sessions(here)
    assert [(row["device"], row["address"], row["current"]) for row in listed] == [
        ("Firefox on Linux", "192.0.2.1", True),
        ("Safari on iPhone", "192.0.2.2", False),
    ]
    await house.signing_in.end_session(here, phone.session_id)

    assert await house.signing_in.identify(phone.token) is None
    assert house.publisher.ended == [phone.session_id]


async def test_nobody_ends_a_session_of_somebody_else(house: House) -> None:
    await house.customer()
    await house.customer(OMAR)
    carla = await house.sign_in("carla@example.org")
    omar = await house.identity("omar@example.org")

    with pytest.raises(Refusal) as refused:
        await house.signing_in.end_session(omar, carla.session_id)

    assert refused.value.code is Code.NOT_FOUND
    assert await house.signing_in.identify(carla.token)
    assert house.publisher.ended == []


async def test_signing_out_ends_the_session_for_good(house: House) -> None:
    await house.customer()
    begun = await house.sign_in("carla@example.org")
    here = await house.signing_in.identify(begun.token)
    assert here

    await house.signing_in.sign_out(here)

    assert await house.signing_in.identify(begun.token) is None
    assert house.publisher.ended == [begun.session_id]


async def test_whoever_signs_in_over_a_session_ends_it_whoevers_it_was(house: House) -> None:
    await house.customer()
    await house.customer(OMAR)
    for before in ("carla@example.org", "omar@example.org"):
        replaced = await house.sign_in(before)
        with pytest.raises(Refusal):
            await house.signing_in.sign_in("omar@example.org", "a guess", LAPTOP, instead_of=replaced.token)
        assert await house.signing_in.identify(replaced.token)

        begun = await house.signing_in.sign_in(
            "omar@example.org", PASSWORD, LAPTOP, instead_of=replaced.token
        )

        assert await house.signing_in.identify(replaced.token) is None
        assert await house.signing_in.identify(begun.token)
        assert house.publisher.ended[-1:] == [replaced.session_id]


async def test_what_is_no_session_any_more_is_nothing_to_end(house: House) -> None:
    await house.customer()
    for gone in ("x", "x" * 43):
        await house.signing_in.sign_in("carla@example.org", PASSWORD, LAPTOP, instead_of=gone)
    assert house.publisher.ended == []


async def test_a_second_device_is_mailed_about_and_a_known_one_is_not(house: House) -> None:
    await house.customer()
    laptop = await house.sign_in("carla@example.org", LAPTOP)
    assert await house.owed() == ["welcome"]

    phone = await house.sign_in("carla@example.org", PHONE)
    await house.sign_in("carla@example.org", on(LAPTOP, laptop))
    await house.sign_in("carla@example.org", on(PHONE, phone))

    assert await house.owed() == ["welcome", "new_device"]
    (data,) = (await house.rows("SELECT data FROM outbox WHERE kind = 'new_device'"))[0]
    told = msgspec.json.decode(data)
    assert (told["device"], told["address"]) == ("Safari on iPhone", "192.0.2.2")
    alarmed = await house.alarms.session(told["link"])
    assert alarmed
    assert alarmed["device"] == "Safari on iPhone"


async def test_the_alarm_signs_a_new_device_out_wherever_it_is_signed_in_by_now(house: House) -> None:
    await house.customer()
    laptop = await house.sign_in("carla@example.org", LAPTOP)
    phone = await house.sign_in("carla@example.org", PHONE)
    (data,) = (await house.rows("SELECT data FROM outbox WHERE kind = 'new_device'"))[0]
    link = msgspec.json.decode(data)["link"]
    again = await house.sign_in("carla@example.org", on(PHONE, phone))

    await house.alarms.end(link)

    assert sorted(house.publisher.ended) == [phone.session_id, again.session_id]
    assert await house.alarms.session(link) is None
    assert await house.signing_in.identify(laptop.token)
    await house.sign_in("carla@example.org", on(PHONE, phone))
    assert (await house.owed()).count("new_device") == 2


async def test_a_device_that_two_people_use_is_known_to_both(house: House) -> None:
    await house.customer()
    await house.customer(OMAR)
    carla = await house.sign_in("carla@example.org")

    omar = await house.sign_in("omar@example.org", on(LAPTOP, carla))
    await house.sign_in("carla@example.org", on(LAPTOP, omar))

    assert omar.device_token == carla.device_token
    assert "new_device" not in await house.owed()


async def test_an_invented_device_cookie_is_replaced(house: House) -> None:
    await house.customer()

    begun = await house.sign_in("carla@example.org", Device("?", "192.0.2.1", "mine!"))

    assert begun.device_token != "mine!"


@pytest.mark.parametrize("login", ["carla@example.org", "nobody@example.org"])
async def test_after_ten_wrong_tries_no_more_are_heard_for_a_while(house: House, login: str) -> None:
    await house.customer()
    for _ in range(10):
        assert (await refusal(house, login)).code is Code.UNAUTHENTICATED
        house.later(MINUTE)

    limited = await refusal(house, login, PASSWORD)
    assert limited.code is Code.RATE_LIMITED
    assert limited.retry_after == 5 * 60
    assert limited.message == "Too many tries. Try again in 5 minutes."

    house.later(5 * MINUTE)
    assert (await refusal(house, login)).code is Code.UNAUTHENTICATED
    assert (await refusal(house, login)).code is Code.RATE_LIMITED


async def test_answers_get_slower_before_that(house: House) -> None:
    await house.customer()
    for _ in range(10):
        await refusal(house, "carla@example.org")

    assert house.pauses[:3] == [0, 0, 0]
    assert house.pauses[3:] == sorted(house.pauses[3:])
    assert 0 < house.pauses[3] < house.pauses[-1] <= 1


async def test_a_hundred_tries_at_once_are_still_ten(house: House) -> None:
    await house.customer()

    tries = await asyncio.gather(
        *(house.sign_in("carla@example.org", STRANGER, "a guess") for _ in range(100)), return_exceptions=True
    )

    codes = [each.code for each in tries if isinstance(each, Refusal)]
    assert (codes.count(Code.UNAUTHENTICATED), codes.count(Code.RATE_LIMITED)) == (10, 90)


async def test_e_mail_and_username_are_one_account(house: House) -> None:
    await house.agent(await house.admin())
    for login in ["amir", "amir@example.org"] * 5:
        await refusal(house, login)

    assert (await refusal(house, "amir", PASSWORD)).code is Code.RATE_LIMITED


async def test_strangers_cannot_lock_carla_out_of_a_device_she_uses(house: House) -> None:
    await house.customer()
    laptop = await house.sign_in("carla@example.org")
    for _ in range(10):
        await refusal(house, "carla@example.org")
    assert (await refusal(house, "carla@example.org")).code is Code.RATE_LIMITED

    await house.sign_in("carla@example.org", on(LAPTOP, laptop))


async def test_a_known_device_has_just_ten_tries_too(house: House) -> None:
    await house.customer()
    laptop = on(LAPTOP, await house.sign_in("carla@example.org"))
    for _ in range(10):
        await refusal(house, "carla@example.org", device=laptop)

    assert (await refusal(house, "carla@example.org", PASSWORD, laptop)).code is Code.RATE_LIMITED


async def test_a_device_known_to_omar_is_a_stranger_to_carla(house: House) -> None:
    await house.customer()
    await house.customer(OMAR)
    omars = on(LAPTOP, await house.sign_in("omar@example.org"))
    for _ in range(10):
        await refusal(house, "carla@example.org", device=omars)

    assert (await refusal(house, "carla@example.org")).code is Code.RATE_LIMITED


async def test_the_right_password_costs_no_try(house: House) -> None:
    await house.customer()
    for _ in range(12):
        await house.sign_in("carla@example.org", STRANGER)


async def test_whoever_was_deactivated_while_signing_in_does_not_get_in(house: House) -> None:
    ada = await house.admin()
    amir = await house.agent(ada)

    async def deactivate(seconds: float) -> None:
        await house.staff.change(ada, amir.id, {"active": False})

    house.signing_in._pause = deactivate

    assert (await refusal(house, "amir", PASSWORD)).code is Code.UNAUTHENTICATED
    assert await house.rows("SELECT id FROM sessions WHERE person_id = ?", amir.id) == []


async def test_a_password_that_was_changed_while_it_was_checked_does_not_let_in(house: House) -> None:
    await house.customer()
    here = await house.identity("carla@example.org")

    async def change(seconds: float) -> None:
        new = {"current_password": PASSWORD, "password": "another horse", "confirm_password": "another horse"}
        await house.accounts.change_password(here, new)

    matches = house.hasher.verify

    async def verify(password_hash: str | None, password: str) -> bool:
        right = await matches(password_hash, password)
        house.hasher.verify = matches  # type: ignore[method-assign]
        await change(0)
        return right

    house.hasher.verify = verify  # type: ignore[method-assign]

    assert (await refusal(house, "carla@example.org", PASSWORD)).code is Code.UNAUTHENTICATED
    assert len(await house.rows("SELECT id FROM sessions")) == 1


async def test_the_session_of_somebody_inactive_is_nobodys_however_they_became_so(house: House) -> None:
    carla = await house.customer()
    begun = await house.sign_in("carla@example.org")

    await house.database.write(lambda c: c.run("UPDATE people SET active = 0 WHERE id = ?", carla.id))

    assert await house.signing_in.identify(begun.token) is None


async def test_a_hash_of_an_older_make_is_renewed(house: House) -> None:
    await house.customer()
    old = await house.rows("SELECT password_hash FROM people")
    house.signing_in._hasher = Argon2Passwords(memory_kib=16, passes=1)

    await house.sign_in("carla@example.org")

    assert "m=16," in str(await house.rows("SELECT password_hash FROM people"))
    assert "m=8," in str(old)
    await house.sign_in("carla@example.org")
    house.signing_in._hasher.close()


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("", PASSWORD),
        ("x" * 255, PASSWORD),
        ("a\x00b", PASSWORD),
        ("a\ud800b", PASSWORD),
        ("carla", ""),
        ("carla", "\ud800"),
    ],
)
async def test_what_is_no_login_or_password_is_invalid(house: House, login: str, password: str) -> None:
    assert (await refusal(house, login, password)).code is Code.INVALID
    assert await house.rows("SELECT id FROM wrong_tries") == []


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        ("curl/8.5", "Unknown device"),
        ("", "Unknown device"),
    ],
)
def test_a_device_is_called_what_a_person_would_call_it(user_agent: str, name: str) -> None:
    assert device_name(user_agent) == name
