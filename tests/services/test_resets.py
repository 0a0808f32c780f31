"""Forgotten passwords."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ccr.desk.clock import MINUTE
from ccr.desk.refusals import Code, Refusal
from ccr.services.identity import Device
from tests.accounts_house import LAPTOP, PASSWORD, PHONE, House, open_house

NEW = "another horse"
STRANGER = Device("Chrome on Windows", "203.0.113.9")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


async def minted(house: House, email: str = "carla@example.org") -> str:
    """The code in Carla's mail."""
    made = await house.resets.mint(email)
    assert made is not None
    return made[1]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def use(code: str, **other: str) -> dict[str, str]:
    return {"email": "carla@example.org", "code": code, "password": NEW, "confirm_password": NEW} | other


async def refusal(house: House, given: Any, device: Device = STRANGER) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await house.resets.confirm(given, device)
    return refused.value


async def test_asking_leaves_the_same_trace_whether_there_is_somebody_or_not(house: House) -> None:
    await house.customer()

    await house.resets.ask({"email": "Carla@example.org"})
    await house.resets.ask({"email": "nobody@example.org"})

    rows = await house.rows("SELECT kind, person_id, address, data FROM outbox WHERE kind = 'one_time_code'")
    assert rows == [
        ("one_time_code", None, "carla@example.org", "{}"),
        ("one_time_code", None, "nobody@example.org", "{}"),
    ]
    assert await house.resets.mint("nobody@example.org") is None


async def test_a_code_sets_a_new_password_and_ends_every_session(house: House) -> None:
    carla = await house.customer()
    begun = await house.sign_in("carla@example.org")
    code = await minted(house)

    await house.resets.confirm(use(code), LAPTOP)

    assert await house.signing_in.identify(begun.token) is None
    assert house.publisher.ended == [begun.session_id]
    assert (await house.owed())[-1] == "password_changed"
    assert (await house.sign_in("carla@example.org", password=NEW)).person == carla
    with pytest.raises(Refusal):
        await house.sign_in("carla@example.org")


async def test_agents_and_admins_forget_passwords_too(house: House) -> None:
    amir = await house.agent(await house.admin())
    assert amir.must_change_password

    await house.resets.confirm(use(await minted(house, "amir@example.org"), email="amir@example.org"), LAPTOP)
    await house.resets.confirm(use(await minted(house, "ada@example.org"), email="ada@example.org"), LAPTOP)

    assert not (await house.sign_in("amir", password=NEW)).person.must_change_password
    await house.sign_in("ada@example.org", password=NEW)


async def test_a_code_has_six_digits_and_is_stored_as_a_keyed_hash(house: House) -> None:
    await house.customer()

    code = await minted(house)

    assert len(code) == 6
    assert code.isdigit()
    assert code not in str(await house.rows("SELECT * FROM codes"))


async def test_a_code_is_used_once(house: House) -> None:
    await house.customer()
    code = await minted(house)
    await house.resets.confirm(use(code), LAPTOP)

    assert set((await refusal(house, use(code))).fields) == {"code"}


async def test_a_code_is_good_for_ten_minutes(house: House) -> None:
    await house.customer()
    code = await minted(house)

    house.later(10 * MINUTE)

    assert set((await refusal(house, use(code))).fields) == {"code"}


async def test_a_newer_code_takes_the_place_of_an_older_one(house: House) -> None:
    await house.customer()
    older = newer = await minted(house)
    while newer == older:
        newer = await minted(house)

    await refusal(house, use(older))
    assert await house.resets.confirm(use(newer), LAPTOP)


async def test_a_code_may_be_wrong_five_times(house: House) -> None:
    await house.customer()
    code = await minted(house)
    for _ in range(4):
        await refusal(house, use(wrong(code)))
    assert await house.rows("SELECT tries_left FROM codes") == [(1,)]

    await refusal(house, use(wrong(code)))

    assert set((await refusal(house, use(code))).fields) == {"code"}
    await house.sign_in("carla@example.org")


async def test_strangers_cannot_use_up_the_tries_of_a_device_that_carla_uses(house: House) -> None:
    await house.customer()
    known = msgspec.structs.replace(LAPTOP, known=(await house.sign_in("carla@example.org")).device_token)
    code = await minted(house)
    for _ in range(7):
        await refusal(house, use(wrong(code)))
    await refusal(house, use(wrong(code)), known)

    assert await house.resets.confirm(use(code), known)


async def test_a_known_device_has_just_five_tries_too(house: House) -> None:
    await house.customer()
    known = msgspec.structs.replace(LAPTOP, known=(await house.sign_in("carla@example.org")).device_token)
    code = await minted(house)
    for _ in range(5):
        await refusal(house, use(wrong(code)), known)

    await refusal(house, use(code), known)
    assert await house.resets.confirm(use(await minted(house)), known)


async def test_a_wrong_code_and_nobodys_code_get_the_same_answer(house: House) -> None:
    await house.customer()
    code = await minted(house)

    answers = [
        await refusal(house, use(wrong(code))),
        await refusal(house, use(code, email="nobody@example.org")),
    ]

    assert answers[0].wire() == answers[1].wire()
    assert answers[0].code is Code.INVALID


async def test_a_code_is_good_for_its_person_only(house: House) -> None:
    await house.customer()
    await house.agent(await house.admin())
    code = await minted(house)

    await refusal(house, use(code, email="amir@example.org"))

    assert await house.resets.confirm(use(code), LAPTOP)


async def test_a_reset_ends_whatever_lock_strangers_caused(house: House) -> None:
    await house.customer()
    for _ in range(10):
        with pytest.raises(Refusal):
            await house.sign_in("carla@example.org", STRANGER, "a guess")

    token = await house.resets.confirm(use(await minted(house)), PHONE)

    await house.sign_in("carla@example.org", LAPTOP, NEW)
    # The strangers go on; the device that read the mail is known by now.
    for _ in range(10):
        with pytest.raises(Refusal):
            await house.sign_in("carla@example.org", STRANGER, "a guess")
    await house.sign_in("carla@example.org", msgspec.structs.replace(PHONE, known=token), NEW)


async def test_a_mailbox_is_not_flooded_and_nobody_can_tell(house: House) -> None:
    for _ in range(8):
        await house.resets.ask({"email": "carla@example.org"})

    assert len(await house.owed()) == 5

    house.later(15 * MINUTE)
    await house.resets.ask({"email": "carla@example.org"})
    assert len(await house.owed()) == 6


async def test_the_deactivated_get_no_code(house: House) -> None:
    ada = await house.admin()
    amir = await house.agent(ada)
    code = await minted(house, "amir@example.org")
    await house.staff.change(ada, amir.id, {"active": False})

    assert await house.resets.mint("amir@example.org") is None
    await refusal(house, use(code, email="amir@example.org"))
    await house.staff.change(ada, amir.id, {"active": True})
    await refusal(house, use(code, email="amir@example.org"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "12345"),
        ("code", "12 456"),
        ("code", 123456),
        ("code", None),
        ("password", "short"),
        ("confirm_password", "different"),
        ("email", 1),
        ("email", "\ud800"),
        ("email", "x" * 255),
        ("token", "x"),
    ],
)
async def test_a_wrong_field_costs_no_try(house: House, field: str, value: Any) -> None:
    await house.customer()
    code = await minted(house)

    refused = await refusal(house, use(code) | {field: value})

    assert refused.code is Code.INVALID
    assert field in refused.fields
    assert await house.rows("SELECT tries_left FROM codes") == [(5,)]


@pytest.mark.parametrize(
    "given", [{}, {"email": "nobody"}, {"email": 3}, {"email": "a@b.cd", "x": 1}, [], None]
)
async def test_what_is_no_e_mail_is_not_asked_for(house: House, given: Any) -> None:
    with pytest.raises(Refusal) as refused:
        await house.resets.ask(given)

    assert refused.value.code is Code.INVALID
    assert await house.owed() == []


async def test_the_old_password_goes_on_until_the_code_is_used(house: House) -> None:
    await house.customer()
    await minted(house)

    await house.sign_in("carla@example.org", password=PASSWORD)
