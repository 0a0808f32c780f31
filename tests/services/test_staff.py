"""Agents, made and unmade by the admin; and how the first admin comes to be."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ccr.desk.clock import DAY
from ccr.desk.commands import AssignAgent, CloseTicket, OpenTicket
from ccr.desk.refusals import Code, Refusal
from ccr.store import people
from tests.accounts_house import ADA, AMIR, BEA, CARLA, LAPTOP, PASSWORD, House, open_house, with_password

NEW = "another horse"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


async def ticket_of(house: House, customer: Any, key: str) -> int:
    answer = await house.changes.carry_out(customer, None, key, OpenTicket(query="My kettle is cold"))
    return answer.ticket


async def test_ada_creates_amir_who_must_change_the_password(house: House) -> None:
    ada = await house.admin()

    amir = await house.staff.create(ada, AMIR | {"password": PASSWORD})

    assert amir.wire() == AMIR | {
        "id": amir.id,
        "role": "agent",
        "name": "Amir Azad",
        "must_change_password": True,
    }
    assert await house.staff.agents(ada) == [amir.wire()]
    assert (await house.sign_in("amir")).person.must_change_password


async def test_amir_changes_it_and_need_not_again(house: House) -> None:
    await house.agent(await house.admin())
    here = await house.identity("amir")

    await house.accounts.change_password(
        here, {"current_password": PASSWORD, "password": NEW, "confirm_password": NEW}
    )

    assert not (await house.sign_in("amir", password=NEW)).person.must_change_password


@pytest.mark.parametrize("field", ["first_name", "last_name", "email", "mobile", "username", "password"])
async def test_a_missing_field_is_named(house: House, field: str) -> None:
    ada = await house.admin()
    given = AMIR | {"password": PASSWORD}
    del given[field]

    with pytest.raises(Refusal) as refused:
        await house.staff.create(ada, given)

    assert refused.value.fields == {field: "is required"}
    assert await house.staff.agents(ada) == []


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("gender", "unknown"),
        ("gender", 1),
        ("username", "no"),
        ("username", "with blank"),
        ("username", "am@ir"),
        ("username", "x" * 65),
        ("password", "short"),
        ("role", "admin"),
        *[(name, bad) for name in AMIR for bad in (1, ["x"], "a\x00bc", "a\ud800bc")],
    ],
)
async def test_a_wrong_field_is_named_and_nothing_stored(house: House, field: str, wrong: Any) -> None:
    ada = await house.admin()

    with pytest.raises(Refusal) as refused:
        await house.staff.create(ada, AMIR | {"password": PASSWORD} | {field: wrong})

    assert (refused.value.code, set(refused.value.fields)) == (Code.INVALID, {field})
    assert await house.staff.agents(ada) == []


async def test_e_mail_and_username_belong_to_one_person(house: House) -> None:
    ada = await house.admin()
    await house.agent(ada)
    await house.customer()

    with pytest.raises(Refusal) as refused:
        await house.staff.create(
            ada, BEA | {"email": "Carla@example.org", "username": "AMIR", "password": PASSWORD}
        )

    assert refused.value.code is Code.CONFLICT
    assert set(refused.value.fields) == {"email", "username"}


async def test_ada_changes_what_amir_signs_in_with(house: House) -> None:
    ada = await house.admin()
    amir = await house.agent(ada)

    changed = await house.staff.change(ada, amir.id, {"username": "azad", "gender": None})

    assert (changed.username, changed.gender, changed.email) == ("azad", None, amir.email)
    await house.sign_in("azad")
    with pytest.raises(Refusal):
        await house.sign_in("amir")
    await house.agent(ada, BEA | {"username": "amir"})


async def test_a_change_may_not_take_another_ones_login(house: House) -> None:
    ada = await house.admin()
    amir, bea = await house.agent(ada), await house.agent(ada, BEA)

    with pytest.raises(Refusal) as refused:
        await house.staff.change(ada, bea.id, {"username": "amir", "first_name": "Beatrice"})

    assert set(refused.value.fields) == {"username"}
    assert await house.staff.agents(ada) == [amir.wire(), bea.wire()]


async def test_two_processes_at_once_do_not_give_one_login_to_two_people(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await house.admin()
    amir, bea = await house.agent(ada), await house.agent(ada, BEA)
    monkeypatch.setattr(people, "owner", lambda *_: None)  # the other process is not done yet when we look

    for asked in (
        house.customer(CARLA | {"email": "amir@example.org"}),
        house.agent(ada, AMIR | {"email": "other@example.org"}),
        house.staff.change(ada, bea.id, {"username": "amir"}),
    ):
        with pytest.raises(Refusal) as refused:
            await asked
        assert refused.value.code is Code.CONFLICT
    assert await house.staff.agents(ada) == [amir.wire(), bea.wire()]


async def test_a_new_password_by_ada_signs_amir_out_and_must_be_changed(house: House) -> None:
    ada = await house.admin()
    amir = await house.agent(ada)
    here = await house.identity("amir")
    await house.accounts.change_password(
        here, {"current_password": PASSWORD, "password": NEW, "confirm_password": NEW}
    )

    changed = await house.staff.change(ada, amir.id, {"password": "a third horse"})

    assert changed.must_change_password
    assert here.session_id in house.publisher.ended
    assert (await house.sign_in("amir", password="a third horse")).person.must_change_password


async def test_deactivated_amir_is_out_at_once_and_his_tickets_are_nobodys(house: House) -> None:
    ada, carla = await house.admin(), await house.customer()
    amir = await house.agent(ada)
    tickets = [await ticket_of(house, carla, f"opening-{n}") for n in range(3)]
    for ticket in tickets:
        await house.changes.carry_out(ada, ticket, "assigning", AssignAgent(agent=amir.id))
    await house.changes.carry_out(carla, tickets[2], "closing-it", CloseTicket())
    begun = await house.sign_in("amir")

    changed = await house.staff.change(ada, amir.id, {"active": False})

    assert changed.wire()["active"] is False
    assert await house.signing_in.identify(begun.token) is None
    assert house.publisher.ended == [begun.session_id]
    stand = await house.rows("SELECT status, agent_id FROM tickets ORDER BY id")
    assert stand == [("open", None), ("open", None), ("closed", amir.id)]
    told = await house.rows(
        "SELECT actor_id, fields FROM entries WHERE type = 'agent_assigned' ORDER BY ticket_id, seq"
    )
    assert [row for row in told if row[1] == '{"agent":null}'] == [(ada.id, '{"agent":null}')] * 2
    with pytest.raises(Refusal):
        await house.changes.carry_out(ada, tickets[0], "once-again", AssignAgent(agent=amir.id))


async def test_a_ticket_that_bea_was_given_meanwhile_stays_hers(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, carla = await house.admin(), await house.customer()
    amir, bea = await house.agent(ada), await house.agent(ada, BEA)
    ticket = await ticket_of(house, carla, "opening")
    await house.changes.carry_out(ada, ticket, "assigning", AssignAgent(agent=amir.id))
    carry_out = house.changes.carry_out

    async def once_bea_has_it(*asked: Any, **options: Any) -> Any:
        await carry_out(ada, ticket, "to-bea-now", AssignAgent(agent=bea.id))
        return await carry_out(*asked, **options)

    monkeypatch.setattr(house.changes, "carry_out", once_bea_has_it)
    await house.staff.change(ada, amir.id, {"active": False})

    assert await house.rows("SELECT status, agent_id FROM tickets") == [("assigned", bea.id)]


async def test_reactivated_amir_signs_in_again(house: House) -> None:
    ada = await house.admin()
    amir = await house.agent(ada)
    await house.staff.change(ada, amir.id, {"active": False})

    changed = await house.staff.change(ada, amir.id, {"active": True})

    assert changed.active
    await house.sign_in("amir")


@pytest.mark.parametrize("whom", ["carla", "ada", "nobody"])
async def test_only_agents_are_changed_like_this(house: House, whom: str) -> None:
    ada, carla = await house.admin(), await house.customer()
    number = {"carla": carla.id, "ada": ada.id, "nobody": 4711}[whom]

    with pytest.raises(Refusal) as refused:
        await house.staff.change(ada, number, {"active": False})

    assert refused.value.code is Code.NOT_FOUND
    await house.sign_in("carla@example.org")


async def test_only_ada_does_this(house: House) -> None:
    ada, carla = await house.admin(), await house.customer()
    amir = await house.agent(ada)

    for person in (carla, amir):
        for asked in (
            house.staff.agents(person),
            house.staff.create(person, BEA | {"password": PASSWORD}),
            house.staff.change(person, amir.id, {"active": False}),
        ):
            with pytest.raises(Refusal) as refused:
                await asked
            assert refused.value.code is Code.FORBIDDEN
    assert await house.staff.agents(ada) == [amir.wire()]


async def test_the_settings_make_the_first_admin_just_once(house: House) -> None:
    first = await house.first_admin.from_settings("ada@example.org", PASSWORD)
    again = await house.first_admin.from_settings("eve@example.org", PASSWORD)

    assert first is not None
    assert again is None
    assert (await house.sign_in("ada@example.org")).person == first
    assert not first.must_change_password
    assert await house.first_admin.invitation() is None


async def test_the_first_starts_link_is_good_until_there_is_an_admin(house: House) -> None:
    link = await house.first_admin.invitation()
    assert link is not None
    assert link == await house.first_admin.invitation()
    (invitation,) = parse_qs(urlsplit(link).query)["invitation"]
    assert await house.first_admin.is_open(invitation)

    await house.first_admin.accept(invitation, with_password(ADA))

    assert not await house.first_admin.is_open(invitation)
    with pytest.raises(Refusal) as refused:
        await house.first_admin.accept(invitation, with_password(CARLA))
    assert refused.value.code is Code.FORBIDDEN
    assert len(await house.rows("SELECT id FROM people")) == 1


async def test_nobody_invites_themselves(house: House) -> None:
    with pytest.raises(Refusal) as refused:
        await house.first_admin.accept("please", with_password(CARLA))

    assert refused.value.code is Code.FORBIDDEN
    assert await house.rows("SELECT id FROM people") == []


async def test_the_command_line_makes_an_admin_who_sets_the_password_by_a_link(house: House) -> None:
    link = urlsplit(await house.first_admin.make_admin("ada@example.org"))

    assert link.path == "/reset"
    given = {name: values[0] for name, values in parse_qs(link.query).items()}
    house.later(DAY - 1)
    await house.resets.confirm(given | {"password": NEW, "confirm_password": NEW}, LAPTOP)
    assert (await house.sign_in("ada@example.org", password=NEW)).person.role == "admin"


async def test_the_command_line_helps_an_admin_who_forgot_the_password(house: House) -> None:
    ada = await house.admin()

    link = urlsplit(await house.first_admin.make_admin("ADA@example.org"))

    given = {name: values[0] for name, values in parse_qs(link.query).items()}
    await house.resets.confirm(given | {"password": NEW, "confirm_password": NEW}, LAPTOP)
    assert (await house.sign_in("ada@example.org", password=NEW)).person == ada


async def test_the_command_line_makes_no_admin_of_a_customer(house: House) -> None:
    await house.customer()

    with pytest.raises(Refusal) as refused:
        await house.first_admin.make_admin("carla@example.org")

    assert refused.value.code is Code.CONFLICT
    assert (await house.sign_in("carla@example.org")).person.role == "customer"
