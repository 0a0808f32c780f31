"""Lists of tickets as each person sees them."""

from typing import Any

import pytest

from ccr.desk.events import Reach, TicketClosed
from ccr.desk.people import Person, Role
from ccr.store import lists, read_marks
from ccr.store.lists import Filters
from tests.accounts_house import CARLA
from tests.store.contract import NOW, Store

DEPTH = {Role.CUSTOMER: Reach.CONVERSATION, Role.AGENT: Reach.STAFF, Role.ADMIN: Reach.EVERYONE}


def listed(store: Store, person: Person, most: int = 50, **filters: Any) -> list[int]:
    """The ids on the person's list."""
    found = lists.page(store.connection, person, DEPTH[person.role], Filters(**filters), most)
    return [seen.ticket.id for seen in found]


class TestLists:
    def test_everybody_has_their_own(self, store: Store) -> None:
        first = store.assign(store.raise_ticket(store.carla), store.amir).id
        second = store.raise_ticket(store.omar).id
        assert listed(store, store.carla) == [first]
        assert listed(store, store.omar) == [second]
        assert listed(store, store.amir) == [first]
        assert listed(store, store.bea) == []
        assert listed(store, store.ada) == [second, first]

    def test_the_newest_activity_that_the_viewer_sees_comes_first(self, store: Store) -> None:
        first = store.assign(store.raise_ticket(), store.amir)
        second = store.assign(store.raise_ticket(), store.amir)
        first = store.note(first, store.amir, "Hm")
        assert listed(store, store.amir) == [first.id, second.id]
        assert listed(store, store.carla) == [second.id, first.id]
        store.say(first, store.amir, "Hello")
        assert listed(store, store.carla) == [first.id, second.id]
        assert listed(store, store.ada) == [second.id, first.id]

    def test_pages_follow_each_other_though_many_changed_at_once(self, store: Store) -> None:
        made = []
        for _ in range(5):
            made.append(store.raise_ticket().id)
            store.time = NOW
        found: list[int] = []
        before = None
        while page := lists.page(store.connection, store.carla, Reach.CONVERSATION, Filters(), 2, before):
            found += [seen.ticket.id for seen in page]
            last = page[-1].ticket
            before = (last.heads.times[Reach.CONVERSATION], last.id)
        assert found == made[::-1]

    def test_each_filter_narrows(self, store: Store) -> None:
        unassigned = store.raise_ticket().id
        waiting = store.assign(store.raise_ticket(), store.amir).id
        answered = store.say(store.assign(store.raise_ticket(), store.bea), store.bea, "Hi").id
        closed = store.happen(store.raise_ticket(), store.carla, TicketClosed(reason=None))[0].id
        assert listed(store, store.ada, status="open") == [unassigned]
        assert listed(store, store.ada, status="closed") == [closed]
        assert listed(store, store.ada, active=True) == [answered, waiting, unassigned]
        assert listed(store, store.ada, agent=store.bea.id) == [answered]
        assert listed(store, store.ada, unassigned=True, active=True) == [unassigned]
        assert listed(store, store.ada, waiting_on="agent") == [waiting, unassigned]
        assert listed(store, store.ada, waiting_on="customer", agent=store.amir.id) == []

    @pytest.mark.parametrize(
        ("search", "finds"),
        [
            ("parcel", True),
            ("PARCEL", True),
            ("größe", True),
            ("GRÖSSE", False),
            ("100%", True),
            ("1%0", False),
            ("_", False),
            ("!", False),
            ("漢", True),
            ("'; DROP", False),
            ("nothing", False),
        ],
    )
    def test_a_query_is_found_by_a_part_of_it(self, store: Store, search: str, finds: bool) -> None:
        ticket = store.raise_ticket(query="My parcel of Größe 漢 cost 100% more").id
        store.raise_ticket(query="Something else")
        assert listed(store, store.carla, search=search) == [ticket] * finds

    def test_a_ticket_is_found_by_its_number(self, store: Store) -> None:
        ticket = store.raise_ticket().id
        assert listed(store, store.carla, search=str(ticket)) == [ticket]
        assert listed(store, store.carla, search=f"#{ticket}") == [ticket]
        assert listed(store, store.omar, search=str(ticket)) == []

    def test_staff_find_by_the_customers_name_and_customers_do_not(self, store: Store) -> None:
        twin = store.add(Role.CUSTOMER, CARLA | {"email": "other@example.org", "last_name": "Ünal"})
        ticket = store.assign(store.raise_ticket(twin), store.amir).id
        assert listed(store, store.ada, search="carla ünal") == [ticket]
        assert listed(store, store.amir, search="ünal") == [ticket]
        assert listed(store, twin, search="ünal") == []

    def test_names_unread_messages_and_the_mark_are_told(self, store: Store) -> None:
        ticket = store.assign(store.raise_ticket(), store.amir)
        for body in ("one", "two", "three"):
            ticket = store.say(ticket, store.amir, body)
        store.note(store.say(ticket, store.carla, "mine"), store.amir, "hidden")
        read_marks.move(store.connection, ticket.id, store.carla.id, 3, NOW)
        told = {}
        for person in (store.carla, store.amir, store.ada):
            [seen] = lists.some(store.connection, person, DEPTH[person.role], [ticket.id])
            told[person.first_name] = (seen.read_seq, seen.unread)
            assert (seen.names.customer, seen.names.agent) == ("Carla Custer", "Amir Azad")
        assert told == {"Carla": (3, 2), "Amir": (0, 1), "Ada": (0, 0)}

    def test_of_some_ids_only_ones_own_are_given(self, store: Store) -> None:
        mine, other = store.raise_ticket(store.carla).id, store.raise_ticket(store.omar).id
        found = lists.some(store.connection, store.carla, Reach.CONVERSATION, [mine, other, 77_777])
        assert [seen.ticket.id for seen in found] == [mine]

    def test_counts_and_loads(self, store: Store) -> None:
        nothing = {"open": 0, "assigned": 0, "closed": 0, "unassigned": 0, "waiting_on_agent": 0}
        assert lists.counts(store.connection, store.ada) == nothing
        store.raise_ticket()
        store.assign(store.raise_ticket(), store.amir)
        store.say(store.assign(store.raise_ticket(store.omar), store.amir), store.amir, "Hi")
        store.happen(store.assign(store.raise_ticket(), store.bea), store.carla, TicketClosed(reason=None))
        assert lists.counts(store.connection, store.ada) == {
            "open": 1,
            "assigned": 2,
            "closed": 1,
            "unassigned": 1,
            "waiting_on_agent": 2,
        }
        assert lists.counts(store.connection, store.omar) == nothing | {"assigned": 1}
        assert lists.loads(store.connection) == [
            (store.amir.id, "Amir", "Azad", 2),
            (store.bea.id, "Bea", "Brun", 0),
        ]
