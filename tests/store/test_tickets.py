"""The tickets' rows: whose they are, what is locked, what is saved."""

import pytest

from ccr.desk.events import PriorityChanged, TicketClosed, TicketRated
from ccr.desk.people import Person
from ccr.store import receipts, tickets
from ccr.store.receipts import Receipt
from tests.store.contract import NO_ID, Store


class TestTickets:
    def test_a_ticket_comes_back_as_it_was_put(self, store: Store) -> None:
        ticket = store.assign(store.raise_ticket(query="Größe 漢字 😀 'x' \"y\" ? %"), store.amir)
        ticket = store.note(store.say(ticket, store.amir, "Hello"), store.amir, "Hm")
        ticket, _ = store.happen(ticket, store.ada, PriorityChanged(priority="urgent"))
        ticket, _ = store.happen(ticket, store.carla, TicketClosed(reason=None))
        ticket, _ = store.happen(ticket, store.carla, TicketRated(stars=5, comment="❤"))
        assert tickets.find(store.connection, ticket.id, store.carla) == ticket
        assert tickets.stands(store.connection, ticket.id) == ticket
        assert tickets.some(store.connection, [ticket.id, NO_ID]) == [ticket]

    def test_ids_grow_with_time(self, store: Store) -> None:
        ids = [store.raise_ticket().id for _ in range(3)]
        assert ids == sorted(set(ids))

    def test_a_ticket_is_its_customers_its_agents_and_the_admins(self, store: Store) -> None:
        ticket = store.assign(store.raise_ticket(), store.amir)

        def sees(person: Person) -> bool:
            return tickets.find(store.connection, ticket.id, person) is not None

        assert [sees(each) for each in (store.carla, store.amir, store.ada)] == [True] * 3
        assert [sees(each) for each in (store.omar, store.bea)] == [False] * 2
        store.assign(ticket, store.bea)
        assert [sees(store.amir), sees(store.bea)] == [False, True]

    def test_what_is_locked_is_the_ticket_with_the_person_and_their_key(self, store: Store) -> None:
        ticket = store.raise_ticket()
        receipt = Receipt("h" * 32, ticket.id, 1, 1, store.time)
        receipts.put(store.connection, store.carla.id, ticket.id, "known-key", receipt)
        known = tickets.lock(store.connection, ticket.id, store.carla.id, "known-key")
        assert known is not None
        assert (known.ticket, known.person.id, known.receipt) == (ticket, store.carla.id, receipt)
        others = tickets.lock(store.connection, ticket.id, store.omar.id, "known-key")
        assert others is not None
        assert others.receipt is None

    @pytest.mark.parametrize("lacking", ["ticket", "person"])
    def test_nothing_is_locked_where_there_is_nothing(self, store: Store, lacking: str) -> None:
        ticket = NO_ID if lacking == "ticket" else store.raise_ticket().id
        person = NO_ID if lacking == "person" else store.carla.id
        assert tickets.lock(store.connection, ticket, person, "any-key-1") is None

    def test_whoever_acts_is_read_as_they_are_now(self, store: Store) -> None:
        actor = tickets.actor(store.connection, store.carla.id)
        assert actor is not None
        assert (actor.id, actor.email, actor.active) == (store.carla.id, "carla@example.org", True)
        assert tickets.actor(store.connection, NO_ID) is None

    @pytest.mark.parametrize(
        "change",
        [
            "status = 'lost'",
            "priority = 'huge'",
            "waiting_on = 'godot'",
            "stars = 6",
            "status = 'assigned'",
            "agent_id = 77777",
        ],
    )
    def test_the_database_itself_refuses_what_cannot_be(self, store: Store, change: str) -> None:
        ticket = store.raise_ticket()
        with pytest.raises(Exception):  # noqa: B017, PT011 - each driver has its own
            store.connection.run(f"UPDATE tickets SET {change} WHERE id = ?", ticket.id)  # noqa: S608
