"""People and their own accounts."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ccr.desk.commands import AssignAgent, OpenTicket, PostMessage, PostNote
from ccr.desk.refusals import Code, Refusal
from ccr.ports import MailReport
from ccr.services.identity import Identity
from tests.accounts_house import CARLA, OMAR, PASSWORD, PHONE, House, open_house, with_password

NEW = "another horse"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


async def ticket_of(house: House, customer: Any, key: str = "opening-1") -> int:
    answer = await house.changes.carry_out(customer, None, key, OpenTicket(query="My kettle is cold"))
    return answer.ticket


async def test_carla_registers_and_is_welcomed(house: House) -> None:
    carla = await house.accounts.register(with_password(CARLA))

    assert carla.wire() == CARLA | {
        "id": carla.id,
        "role": "customer",
        "name": "Carla Custer",
        "gender": None,
    }
    assert await house.owed() == ["welcome"]
    assert house.wakes == 1


async def test_a_password_is_stored_as_an_argon2id_hash_only(house: House) -> None:
    await house.customer()

    (stored,) = (await house.rows("SELECT password_hash FROM people"))[0]
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


async def test_an_e_mail_is_taken_whatever_its_case(house: House) -> None:
    await house.customer()

    with pytest.raises(Refusal) as refused:
        await house.accounts.register(with_password(OMAR | {"email": "CARLA@Example.org"}))

    assert refused.value.code is Code.CONFLICT
    assert set(refused.value.fields) == {"email"}
    assert len(await house.rows("SELECT id FROM people")) == 1
    assert await house.owed() == ["welcome"]


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("first_name", ""),
        ("first_name", "   "),
        ("first_name", "x" * 101),
        ("last_name", "two\nlines"),
        ("last_name", "turned \u202e round"),
        ("email", "nobody"),
        ("email", "a@b"),
        ("email", "a..b@example.org"),
        ("email", "two@at@example.org"),
        ("email", f"{'x' * 250}@example.org"),
        ("mobile", "1234"),
        ("mobile", "1" * 21),
        ("mobile", "call me"),
        ("password", "seven77"),
        ("password", "x" * 129),
        ("password", "        "),
        ("confirm_password", "something else"),
        ("nickname", "Carlotta"),
        *[
            (name, bad)
            for name in with_password(CARLA)
            for bad in (None, 1, ["x"], "a\x00bcdefgh", "a\ud800bcdefgh")
        ],
    ],
)
async def test_a_wrong_field_is_named_and_nothing_stored(house: House, field: str, wrong: Any) -> None:
    with pytest.raises(Refusal) as refused:
        await house.accounts.register(with_password(CARLA) | {field: wrong})

    assert refused.value.code is Code.INVALID
    assert field in refused.value.fields
    assert await house.rows("SELECT id FROM people") == []
    assert await house.owed() == []


@pytest.mark.parametrize("field", list(with_password(CARLA)))
async def test_a_missing_field_is_named(house: House, field: str) -> None:
    given = with_password(CARLA)
    del given[field]

    with pytest.raises(Refusal) as refused:
        await house.accounts.register(given)

    assert refused.value.fields == {field: "is required"}


async def test_every_fault_is_told_at_once(house: House) -> None:
    with pytest.raises(Refusal) as refused:
        await house.accounts.register({"email": "x", "password": "short", "confirm_password": "other"})

    assert set(refused.value.fields) == {*with_password(CARLA)}


async def test_carla_changes_her_name_and_number_and_the_rest_stays(house: House) -> None:
    carla = await house.customer()

    changed = await house.accounts.update(carla, {"last_name": " Cole ", "mobile": "0301 2345"})

    assert (changed.name, changed.mobile, changed.email) == ("Carla Cole", "0301 2345", carla.email)
    assert (await house.identity("carla@example.org")).person == changed


@pytest.mark.parametrize(
    "given",
    [{"email": "new@example.org"}, {"role": "admin"}, {"mobile": None}, {"first_name": ""}, [], "x", None],
)
async def test_what_carla_may_not_change_stays(house: House, given: Any) -> None:
    carla = await house.customer()

    with pytest.raises(Refusal) as refused:
        await house.accounts.update(carla, given)

    assert refused.value.code is Code.INVALID
    assert (await house.identity("carla@example.org")).person == carla


async def test_a_new_password_ends_the_other_sessions_and_is_mailed_about(house: House) -> None:
    await house.customer()
    phone = await house.sign_in("carla@example.org", PHONE)
    here = await house.identity("carla@example.org")

    await house.accounts.change_password(
        here, {"current_password": PASSWORD, "password": NEW, "confirm_password": NEW}
    )

    assert await house.signing_in.identify(phone.token) is None
    assert house.publisher.ended == [phone.session_id]
    assert [row["id"] for row in await house.signing_in.sessions(here)] == [here.session_id]
    assert (await house.owed())[-1] == "password_changed"
    assert (await house.sign_in("carla@example.org", password=NEW)).person.id == here.person.id
    with pytest.raises(Refusal):
        await house.sign_in("carla@example.org")


async def test_a_new_password_needs_the_old_one(house: House) -> None:
    await house.customer()
    here = await house.identity("carla@example.org")

    with pytest.raises(Refusal) as refused:
        await house.accounts.change_password(
            here, {"current_password": "a guess", "password": NEW, "confirm_password": NEW}
        )

    assert (refused.value.code, set(refused.value.fields)) == (Code.INVALID, {"current_password"})
    await house.sign_in("carla@example.org")


async def test_a_new_password_must_be_new(house: House) -> None:
    await house.customer()
    here = await house.identity("carla@example.org")

    with pytest.raises(Refusal) as refused:
        await house.accounts.change_password(
            here, {"current_password": PASSWORD, "password": PASSWORD, "confirm_password": PASSWORD}
        )

    assert set(refused.value.fields) == {"password"}


async def test_who_found_an_open_session_cannot_guess_the_password_in_it(house: House) -> None:
    await house.customer()
    here = await house.identity("carla@example.org")
    guess = {"current_password": "a guess", "password": NEW, "confirm_password": NEW}

    for _ in range(10):
        with pytest.raises(Refusal) as refused:
            await house.accounts.change_password(here, guess)
        assert refused.value.code is Code.INVALID
    with pytest.raises(Refusal) as refused:
        await house.accounts.change_password(here, guess | {"current_password": PASSWORD})

    assert refused.value.code is Code.RATE_LIMITED


async def test_carla_takes_everything_along_that_is_held_about_her(house: House) -> None:
    ada, carla = await house.admin(), await house.customer()
    amir = await house.agent(ada)
    ticket = await ticket_of(house, carla)
    await house.changes.carry_out(ada, ticket, "assign-1", AssignAgent(agent=amir.id))
    await house.changes.carry_out(amir, ticket, "message-1", PostMessage(body="Which kettle?"))
    await house.changes.carry_out(amir, ticket, "a-note-1", PostNote(body="Third kettle this week"))
    await house.feedback.write(carla, {"about": "service", "body": "Nice"})
    await house.identity("carla@example.org")

    export = await house.export(carla)

    assert export["person"]["email"] == "carla@example.org"
    assert [entry["body"] for entry in export["feedback"]] == ["Nice"]
    assert [session["device"] for session in export["sessions"]] == ["Firefox on Linux"]
    assert "ticket_opened" in [mail["kind"] for mail in export["mails"]]
    timeline = export["tickets"][0]["timeline"]
    assert [(entry["type"], entry["prev"]) for entry in timeline] == [
        ("ticket_opened", 0),
        ("agent_assigned", 1),
        ("message_posted", 2),
    ]
    assert "Third kettle" not in str(export)
    assert "argon2" not in str(export)


async def test_amir_takes_along_what_he_did(house: House) -> None:
    ada, carla = await house.admin(), await house.customer()
    amir = await house.agent(ada)
    ticket = await ticket_of(house, carla)
    await house.changes.carry_out(ada, ticket, "assign-1", AssignAgent(agent=amir.id))
    await house.changes.carry_out(carla, ticket, "message-1", PostMessage(body="Hello?"))
    await house.changes.carry_out(amir, ticket, "message-2", PostMessage(body="Which kettle?"))

    export = await house.export(amir)

    assert [(deed["type"], deed["body"]) for deed in export["entries"]] == [
        ("message_posted", "Which kettle?")
    ]
    assert "tickets" not in export


async def test_carla_deletes_her_account_and_her_words_stay(house: House) -> None:
    carla, omar = await house.customer(), await house.customer(OMAR)
    ticket = await ticket_of(house, carla)
    await house.changes.carry_out(carla, ticket, "message-1", PostMessage(body="Still cold"))
    begun = await house.sign_in("carla@example.org")

    await house.accounts.delete(Identity(begun.session_id, carla))

    assert await house.rows("SELECT status FROM tickets") == [("closed",)]
    assert await house.signing_in.identify(begun.token) is None
    assert house.publisher.ended == [begun.session_id]
    (row,) = await house.rows(
        "SELECT first_name, last_name, email, mobile, username, password_hash, active FROM people WHERE id = ?",
        carla.id,
    )
    assert row == ("deleted customer", "", None, None, None, None, 0)
    for table in ("logins", "sessions", "devices", "codes"):
        owners = await house.rows(f"SELECT person_id FROM {table}")  # noqa: S608 - our own names
        assert (carla.id,) not in owners
    for table in ("people", "logins", "sessions", "devices", "entries", "receipts"):
        kept = str(await house.rows(f"SELECT * FROM {table}"))  # noqa: S608 - our own names
        assert "carla@" not in kept
        assert "Custer" not in kept
    assert "Still cold" in str(await house.rows("SELECT fields FROM entries"))
    assert (await house.identity("omar@example.org")).person == omar
    with pytest.raises(Refusal):
        await house.sign_in("carla@example.org")


async def test_a_ticket_raised_while_the_account_goes_is_closed_too(house: House) -> None:
    carla = await house.customer()
    here = await house.identity("carla@example.org")
    await ticket_of(house, carla)
    write = house.database.write

    async def raise_another(unit: Any, **options: Any) -> Any:
        if unit.__name__ == "forget":
            house.database.write = write  # type: ignore[method-assign]
            await ticket_of(house, carla, "opening-2")
        return await write(unit, **options)

    house.database.write = raise_another  # type: ignore[method-assign]
    await house.accounts.delete(here)

    assert await house.rows("SELECT status FROM tickets") == [("closed",), ("closed",)]
    assert await house.rows("SELECT email FROM people") == [(None,)]


async def test_a_deleted_e_mail_can_be_registered_anew(house: House) -> None:
    first = await house.customer()
    await house.accounts.delete(await house.identity("carla@example.org"))

    second = await house.customer()

    assert second.id != first.id


async def bounce(house: House, number: int, address: str) -> None:
    """Mail to this address came back."""
    reason = f"550 5.1.1 {address} unknown"
    report = MailReport(id=f"event-{number}", what="bounced", outbox_id=None, address=address, reason=reason)
    await house.notice_traces.take([report])


async def test_a_deleted_e_mail_is_not_kept_by_what_came_back_or_was_never_sent(house: House) -> None:
    await house.customer(CARLA | {"email": "Carla@Example.org"})
    omar = await house.customer(OMAR)
    for number, address in enumerate(("carla@example.org", "omar@example.org")):
        await bounce(house, number, address)
        await house.resets.ask({"email": address})
    quoted = "UPDATE outbox SET state = ?, fault = COALESCE(address, 'carla@example.org') || ' unknown'"
    await house.database.write(
        lambda c: c.run(f"{quoted} WHERE person_id IS NULL OR person_id <> ?", "dead", omar.id)
    )
    await house.resets.ask({"email": "carla@example.org"})

    await house.accounts.delete(await house.identity("carla@example.org"))
    await bounce(house, 2, "carla@example.org")  # told late

    for table in ("bounced_addresses", "outbox"):
        kept = str(await house.rows(f"SELECT * FROM {table}"))  # noqa: S608 - our own names
        assert "carla@" not in kept.lower()
        assert "omar@example.org" in kept


async def test_a_deleted_e_mail_that_is_somebody_elses_by_now_is_theirs(house: House) -> None:
    await house.customer()
    first = await house.identity("carla@example.org")
    await house.accounts.delete(first)
    await house.customer()
    await bounce(house, 1, "carla@example.org")

    await house.accounts.delete(first)  # a second press, on its way until now

    assert [row[0] for row in await house.rows("SELECT * FROM bounced_addresses")] == ["carla@example.org"]


async def test_an_account_is_not_deleted_while_its_tickets_cannot_be_closed(house: House) -> None:
    carla = await house.customer()
    here = await house.identity("carla@example.org")
    await ticket_of(house, carla)
    house.changes._database = _Broken()  # type: ignore[assignment]

    with pytest.raises(Refusal):
        await house.accounts.delete(here)

    assert (await house.identity("carla@example.org")).person == carla


async def test_staff_do_not_delete_themselves(house: House) -> None:
    ada = await house.admin()
    await house.agent(ada)

    for login in ("amir", "ada@example.org"):
        with pytest.raises(Refusal) as refused:
            await house.accounts.delete(await house.identity(login))
        assert refused.value.code is Code.FORBIDDEN
        await house.sign_in(login)


class _Broken:
    async def write(self, *_: object, **__: object) -> None:
        raise Refusal(Code.UNAVAILABLE, "out of reach")
