"""Two nodes, or two writers of one, that concern the same person at the same time: one waits for the other."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ccr.desk.commands import AssignAgent, CloseTicket, Command, OpenTicket, ReopenTicket
from ccr.desk.people import Person
from ccr.desk.refusals import Code, Refusal
from ccr.services.identity import Device, Identity
from ccr.store import mobiles, people, questions, sessions, tickets
from ccr.store.connection import Connection
from tests.accounts_house import AMIR, PASSWORD, PHONE, House, open_house
from tests.db2.conftest import Db2
from tests.db2.halting import Halt
from tests.db2.nodes import new_key

NEW = {"password": "another horse", "confirm_password": "another horse"}


@pytest.fixture
async def house(tmp_path: Path, on_db2: Db2) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
async def other(tmp_path: Path, house: House) -> AsyncIterator[House]:
    """A second node on the same database."""
    async with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
async def ada(house: House) -> Person:
    return await house.admin()


@pytest.fixture
async def amir(house: House, ada: Person) -> Person:
    return await house.agent(ada, AMIR)


@pytest.fixture
async def carla(house: House) -> Person:
    return await house.customer()


async def do(house: House, person: Person, ticket: int | None, command: Command) -> int:
    """The ticket."""
    return (await house.changes.carry_out(person, ticket, new_key(), command)).ticket


async def stored(house: House, person: Person) -> tuple[Any, ...]:
    [row] = await house.rows("SELECT first_name, email, active FROM people WHERE id = ?", person.id)
    return row


class TestAPersonWhoIsChangedTwiceAtOnce:
    async def test_amir_stays_deactivated_though_he_is_changing_his_name(
        self,
        house: House,
        other: House,
        ada: Person,
        amir: Person,
        on_db2: Db2,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        halt = Halt(monkeypatch, people, "save")
        renaming = house.accounts.update(amir, {"first_name": "Emir"})
        await halt.met_by(on_db2, renaming, other.staff.change(ada, amir.id, {"active": False}))
        assert await stored(house, amir) == ("Emir", "amir@example.org", 0)

    async def test_carla_stays_deleted_though_she_is_changing_her_name(
        self, house: House, other: House, carla: Person, on_db2: Db2, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        halt = Halt(monkeypatch, people, "save")
        renaming = house.accounts.update(carla, {"first_name": "Clara"})
        await halt.met_by(on_db2, renaming, other.accounts.delete(Identity(0, carla)))
        assert await stored(house, carla) == ("deleted customer", None, 0)
        assert await house.rows("SELECT login FROM logins") == []

    async def test_nobody_is_renamed_who_is_just_being_deleted(
        self, house: House, other: House, carla: Person, on_db2: Db2, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        halt = Halt(monkeypatch, people, "forget")
        deleting = house.accounts.delete(Identity(0, carla))
        _, refused = await halt.met_by(
            on_db2, deleting, other.accounts.update(carla, {"first_name": "Clara"})
        )
        assert isinstance(refused, Refusal)
        assert refused.code is Code.NOT_FOUND
        assert await stored(house, carla) == ("deleted customer", None, 0)

    async def test_what_ada_and_amir_change_of_him_at_once_is_both_kept(
        self,
        house: House,
        other: House,
        ada: Person,
        amir: Person,
        on_db2: Db2,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        halt = Halt(monkeypatch, people, "save")
        moving = house.staff.change(ada, amir.id, {"email": "azad@example.org"})
        await halt.met_by(on_db2, moving, other.accounts.update(amir, {"first_name": "Emir"}))
        assert await stored(house, amir) == ("Emir", "azad@example.org", 1)
        assert await house.rows("SELECT login FROM logins WHERE person_id = ? ORDER BY login", amir.id) == [
            ("amir",),
            ("azad@example.org",),
        ]

    async def test_a_number_is_not_proved_by_who_is_deleting_their_account(
        self, house: House, other: House, carla: Person, on_db2: Db2, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await house.mobiles.ask(carla, {"mobile": "+49 151 12345678"})
        code = await house.mobiles.mint(carla.id, "+4915112345678")
        halt = Halt(monkeypatch, mobiles, "drop_pending")
        proving = house.mobiles.confirm(carla, {"code": code})
        await halt.met_by(on_db2, proving, other.accounts.delete(Identity(0, carla)))
        assert await house.rows("SELECT mobile FROM mobiles") == []

    async def test_no_number_is_asked_for_by_who_is_gone(self, house: House, carla: Person) -> None:
        await house.accounts.delete(Identity(0, carla))
        with pytest.raises(Refusal, match="person"):
            await house.mobiles.ask(carla, {"mobile": "+49 151 12345678"})
        assert await house.rows("SELECT mobile FROM mobile_codes") == []


class TestAPasswordThatIsChangedTwiceAtOnce:
    async def test_the_second_is_refused_and_the_first_one_counts(
        self, house: House, other: House, carla: Person, on_db2: Db2, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here = await house.identity("carla@example.org")
        given = {"current_password": PASSWORD}
        halt = Halt(monkeypatch, people, "set_password")
        first = house.accounts.change_password(here, given | NEW)
        late = {"password": "a third horse", "confirm_password": "a third horse"}
        _, refused = await halt.met_by(on_db2, first, other.accounts.change_password(here, given | late))
        assert isinstance(refused, Refusal)
        await house.sign_in("carla@example.org", password=NEW["password"])

    async def test_a_code_is_used_on_one_node_only(
        self, house: House, other: House, carla: Person, on_db2: Db2, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = await house.resets.mint("carla@example.org")
        assert made is not None
        given = {"email": "carla@example.org", "code": made[1]} | NEW
        halt = Halt(monkeypatch, people, "set_password")
        using = house.resets.confirm(given, Device("Firefox", "192.0.2.1"))
        _, refused = await halt.met_by(on_db2, using, other.resets.confirm(given, PHONE))
        assert isinstance(refused, Refusal)
        assert set(refused.fields) == {"code"}

    async def test_nobody_who_signs_in_with_the_old_one_stays_signed_in(
        self, house: House, other: House, carla: Person, on_db2: Db2, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here = await house.identity("carla@example.org")
        halt = Halt(monkeypatch, sessions, "add")
        signing_in = house.sign_in("carla@example.org", PHONE)
        changing = other.accounts.change_password(here, {"current_password": PASSWORD} | NEW)
        begun, _ = await halt.met_by(on_db2, signing_in, changing)
        assert await house.rows("SELECT id FROM sessions") == [(here.session_id,)]
        assert other.publisher.ended == [begun.session_id]


class TestATicketOfWhoIsLeaving:
    async def test_is_not_left_with_amir_who_is_deactivated_while_it_is_given_to_him(
        self,
        house: House,
        ada: Person,
        amir: Person,
        carla: Person,
        on_db2: Db2,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        ticket = await do(house, carla, None, OpenTicket(query="My kettle hums"))
        halt = Halt(monkeypatch, tickets, "save")
        giving = do(house, ada, ticket, AssignAgent(agent=amir.id))
        await halt.met_by(on_db2, giving, house.staff.change(ada, amir.id, {"active": False}))
        assert await house.rows("SELECT status, agent_id FROM tickets") == [("open", None)]

    async def test_is_not_given_to_amir_who_is_just_being_deactivated(
        self,
        house: House,
        ada: Person,
        amir: Person,
        carla: Person,
        on_db2: Db2,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        ticket = await do(house, carla, None, OpenTicket(query="My kettle hums"))
        halt = Halt(monkeypatch, people, "save")
        leaving = house.staff.change(ada, amir.id, {"active": False})
        _, refused = await halt.met_by(on_db2, leaving, do(house, ada, ticket, AssignAgent(agent=amir.id)))
        assert isinstance(refused, Refusal)
        assert set(refused.fields) == {"agent"}
        assert await house.rows("SELECT status, agent_id FROM tickets") == [("open", None)]

    async def test_is_closed_where_carla_deletes_her_account_while_it_is_opened(
        self, house: House, carla: Person, on_db2: Db2, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        halt = Halt(monkeypatch, tickets, "insert")
        opening = do(house, carla, None, OpenTicket(query="My kettle hums"))
        await halt.met_by(on_db2, opening, house.accounts.delete(Identity(0, carla)))
        assert await house.rows("SELECT status FROM tickets") == [("closed",)]
        assert await stored(house, carla) == ("deleted customer", None, 0)

    @pytest.mark.parametrize("who", ["carla", "amir"])
    async def test_is_reopened_before_its_customer_and_its_agent_can_leave(
        self,
        house: House,
        ada: Person,
        amir: Person,
        carla: Person,
        on_db2: Db2,
        who: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        ticket = await do(house, carla, None, OpenTicket(query="My kettle hums"))
        await do(house, ada, ticket, AssignAgent(agent=amir.id))
        await do(house, carla, ticket, CloseTicket())
        halt = Halt(monkeypatch, tickets, "save")

        def leave(connection: Connection) -> bool:
            connection.dialect.lock_person(connection, {"carla": carla, "amir": amir}[who].id)
            return halt.on.is_set()

        reopening = do(house, carla, ticket, ReopenTicket())
        _, waited = await halt.met_by(on_db2, reopening, house.database.write(leave))
        assert waited

    async def test_her_question_is_withdrawn_that_carla_hands_in_while_she_deletes_her_account(
        self, house: House, carla: Person, on_db2: Db2, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ticket = await do(house, carla, None, OpenTicket(query="My kettle hums"))
        await do(house, carla, ticket, CloseTicket())
        halt = Halt(monkeypatch, questions, "add")
        given = {"key": new_key(), "title": "Why does a kettle hum?", "body": "It does.", "seen": 0}
        handing_in = house.community.hand_in(carla, ticket, given)
        await halt.met_by(on_db2, handing_in, house.accounts.delete(Identity(0, carla)))
        assert await house.rows("SELECT state, body FROM questions") == [("withdrawn", "")]
