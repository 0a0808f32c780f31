"""Mobile numbers: taken in one form, proved by a code, switched on and off, and forgotten."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ccr.desk.clock import MINUTE
from ccr.desk.notices import Kind
from ccr.desk.people import Person
from ccr.desk.refusals import Code, Refusal
from ccr.services.mobiles import Mobiles
from ccr.store import mobiles as stored
from tests.accounts_house import OMAR, SECRET, House, open_house

NUMBER = "+4915112345678"
OTHER = "+447911123456"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
async def carla(house: House) -> Person:
    return await house.customer()


async def ask(house: House, person: Person, number: str = "+49 151 12345678") -> None:
    await house.mobiles.ask(person, {"mobile": number})


async def code(house: House, person: Person, number: str = NUMBER) -> str:
    """What the text will say."""
    made = await house.mobiles.mint(person.id, number)
    assert made is not None
    return made


async def prove(house: House, person: Person) -> None:
    await ask(house, person)
    await house.mobiles.confirm(person, {"code": await code(house, person)})


async def refused(awaitable: Any) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        await awaitable
    return refusal.value


async def test_a_number_is_texted_only_once_its_owner_has_proved_it(house: House, carla: Person) -> None:
    await ask(house, carla)
    asked = await house.mobiles.state(carla)
    assert (asked["mobile"], asked["pending"], asked["texts"]) == (None, NUMBER, False)

    await house.mobiles.confirm(carla, {"code": await code(house, carla)})
    proved = await house.mobiles.state(carla)
    assert (proved["mobile"], proved["pending"], proved["texts"]) == (NUMBER, None, True)
    # What she tells others as her number is another matter.
    assert await house.rows("SELECT mobile FROM people WHERE id = ?", carla.id) == [(carla.mobile,)]


async def test_a_text_is_owed_to_the_number_and_the_code_is_nowhere(house: House, carla: Person) -> None:
    await ask(house, carla)
    [row] = await house.rows(
        "SELECT channel, address, person_id, data FROM outbox WHERE kind = ?", Kind.MOBILE_CODE.value
    )
    assert row == ("sms", NUMBER, carla.id, "{}")

    made = await code(house, carla)
    kept = await house.rows("SELECT * FROM mobile_codes")
    assert made not in str(kept)
    assert house.wakes > 0


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("0151 12345678", "must begin with + and the country's code"),
        ("+49 30 901820", "is not a mobile number"),
        ("+49 900 1234567", "is not a mobile number"),
        ("+1 555 12345", "is not a telephone number that exists"),
        ("12345", "must begin with + and the country's code"),
        ("call me", "must have 5 to 20 digits, and otherwise only blanks and + ( ) -"),
    ],
)
async def test_what_cannot_be_texted_is_refused(house: House, carla: Person, given: str, fault: str) -> None:
    refusal = await refused(ask(house, carla, given))
    assert (refusal.code, refusal.fields) == (Code.INVALID, {"mobile": fault})
    assert await house.rows("SELECT * FROM mobile_codes") == []


async def test_where_a_country_is_set_its_numbers_need_no_code(house: House, carla: Person) -> None:
    german = Mobiles(house.database, secret=SECRET, offered=True, country="DE", now=lambda: house.time)
    await german.ask(carla, {"mobile": "(0151) 12345678"})
    assert (await german.state(carla))["pending"] == NUMBER


async def test_a_code_is_used_once(house: House, carla: Person) -> None:
    await ask(house, carla)
    made = await code(house, carla)
    await house.mobiles.confirm(carla, {"code": made})
    refusal = await refused(house.mobiles.confirm(carla, {"code": made}))
    assert refusal.fields == {"code": "is wrong, used or too old"}


async def test_a_code_is_good_for_ten_minutes(house: House, carla: Person) -> None:
    await ask(house, carla)
    house.later(30 * MINUTE)  # the text was long on its way
    made = await code(house, carla)
    house.later(10 * MINUTE)
    assert (await refused(house.mobiles.confirm(carla, {"code": made}))).fields

    made = await code(house, carla)
    house.later(10 * MINUTE - 1)
    await house.mobiles.confirm(carla, {"code": made})


async def test_five_wrong_tries_are_all_and_another_text_gives_no_more(house: House, carla: Person) -> None:
    await ask(house, carla)
    made = await code(house, carla)
    wrong = f"{(int(made) + 1) % 1_000_000:06d}"
    for _ in range(5):
        await refused(house.mobiles.confirm(carla, {"code": wrong}))
    await refused(house.mobiles.confirm(carla, {"code": made}))
    assert await house.mobiles.mint(carla.id, NUMBER) is None
    assert (await house.mobiles.state(carla))["mobile"] is None


async def test_before_the_text_goes_out_no_code_is_right(house: House, carla: Person) -> None:
    await ask(house, carla)
    for tried in ("000000", "123456"):
        assert (await refused(house.mobiles.confirm(carla, {"code": tried}))).fields


async def test_one_persons_code_is_nobody_elses(house: House, carla: Person) -> None:
    omar = await house.customer(OMAR)
    await ask(house, carla)
    await ask(house, omar)
    made = await code(house, carla)
    other = await code(house, omar)
    if made != other:
        await refused(house.mobiles.confirm(omar, {"code": made}))
    await house.mobiles.confirm(omar, {"code": other})
    await house.mobiles.confirm(carla, {"code": made})


async def test_a_code_belongs_to_the_number_asked_for_last(house: House, carla: Person) -> None:
    await ask(house, carla)
    await ask(house, carla, OTHER)
    assert await house.mobiles.mint(carla.id, NUMBER) is None
    await house.mobiles.confirm(carla, {"code": await code(house, carla, OTHER)})
    assert (await house.mobiles.state(carla))["mobile"] == OTHER


async def test_the_proved_number_stays_until_another_is_proved(house: House, carla: Person) -> None:
    await prove(house, carla)
    await ask(house, carla, OTHER)
    state = await house.mobiles.state(carla)
    assert (state["mobile"], state["pending"], state["texts"]) == (NUMBER, OTHER, True)
    await house.mobiles.give_up(carla)
    assert (await house.mobiles.state(carla))["pending"] is None


async def test_nobody_has_many_codes_texted(house: House, carla: Person) -> None:
    for _ in range(3):
        await ask(house, carla)
    assert (await refused(ask(house, carla))).code is Code.RATE_LIMITED
    omar = await house.customer(OMAR)
    assert (await refused(ask(house, omar))).code is Code.RATE_LIMITED  # nor is a stranger bothered by many
    for number in (OTHER, "+447911123457"):
        await ask(house, carla, number)
    assert (await refused(ask(house, carla, "+447911123458"))).code is Code.RATE_LIMITED
    house.later(16 * MINUTE)
    await ask(house, carla)


async def test_texts_are_switched_off_and_on(house: House, carla: Person) -> None:
    assert (await refused(house.mobiles.switch(carla, {"texts": True}))).code is Code.CONFLICT
    await prove(house, carla)
    await house.mobiles.switch(carla, {"texts": False})
    assert (await house.mobiles.state(carla))["texts"] is False

    await house.mobiles.switch(carla, {"texts": True})
    await house.database.write(lambda c: stored.refuse(c, carla.id, NUMBER, house.time))
    state = await house.mobiles.state(carla)
    assert (state["texts"], state["refused_at"] is not None) == (False, True)
    await house.mobiles.switch(carla, {"texts": True})
    assert (await house.mobiles.state(carla))["refused_at"] is None


async def test_admins_and_registries_without_texts_are_offered_none(house: House, carla: Person) -> None:
    ada = await house.admin()
    assert (await refused(ask(house, ada))).code is Code.CONFLICT
    silent = Mobiles(house.database, secret=SECRET, offered=False)
    assert (await refused(silent.ask(carla, {"mobile": NUMBER}))).code is Code.CONFLICT
    assert (await silent.state(carla))["offered"] is False
    await prove(house, carla)
    assert (await refused(silent.switch(carla, {"texts": True}))).code is Code.CONFLICT
    await silent.switch(carla, {"texts": False})


async def test_a_number_can_be_forgotten_and_goes_with_the_account(house: House, carla: Person) -> None:
    await prove(house, carla)
    await house.mobiles.forget(carla)
    assert (await house.mobiles.state(carla))["mobile"] is None

    house.later(16 * MINUTE)
    await prove(house, carla)
    assert (await house.export(carla))["mobile"]["mobile"] == NUMBER
    await house.accounts.delete(await house.identity("carla@example.org"))
    assert await house.rows("SELECT * FROM mobiles") == await house.rows("SELECT * FROM mobile_codes") == []
