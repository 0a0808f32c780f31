"""The timelines: numbers, pages, who sees how deep, and what is taken back."""

import pytest

from ccr.desk.checking import MAX_SEQ
from ccr.desk.events import Entry, MessagePosted, Reach
from ccr.desk.ticket import Ticket
from ccr.store import entries
from ccr.store.dialects import Trouble
from tests.store.contract import NO_ID, Store

WORDS = "Grüße, 漢字, 😀, \"quoted\" and 'so'; a\nline\u2028 and \\u0000 ?"


@pytest.fixture
def ticket(store: Store) -> Ticket:
    """1 opened, 2 assigned, 3 message, 4 note, 5 message, 6 note, 7 message."""
    ticket = store.assign(store.raise_ticket(), store.amir)
    for n in (3, 5):
        ticket = store.note(store.say(ticket, store.amir, f"Message {n}"), store.amir, f"Note {n + 1}")
    return store.say(ticket, store.carla, "Message 7")


def seqs(found: list[Entry]) -> list[int]:
    return [entry.seq for entry in found]


class TestEntries:
    def test_an_entry_comes_back_as_it_happened(self, store: Store, ticket: Ticket) -> None:
        _, entry = store.happen(ticket, store.amir, MessagePosted(body=WORDS, reply_to=3))
        found = entries.find(store.connection, ticket.id, 8)
        assert found is not None
        assert found.fields["body"] == WORDS
        assert found.fields["reply_to"] == 3
        assert (found.seq, found.at, found.actor, found.key, found.type, found.reach) == (
            (entry.seq, entry.at, entry.actor, entry.key, entry.type, entry.reach)
        )
        assert entries.find(store.connection, ticket.id, 9) is None
        assert entries.find(store.connection, NO_ID, 1) is None

    @pytest.mark.parametrize(
        ("clearance", "after", "most", "expected"),
        [
            (Reach.STAFF, 0, 50, [1, 2, 3, 4, 5, 6, 7]),
            (Reach.CONVERSATION, 0, 50, [1, 2, 3, 5, 7]),
            (Reach.EVERYONE, 0, 50, [1, 2]),
            (Reach.CONVERSATION, 0, 4, [1, 2, 3, 5]),
            (Reach.CONVERSATION, 3, 1, [5]),
            (Reach.STAFF, 7, 50, []),
        ],
    )
    def test_a_page_behind_a_number(
        self, store: Store, ticket: Ticket, clearance: Reach, after: int, most: int, expected: list[int]
    ) -> None:
        assert seqs(entries.page_after(store.connection, ticket.id, clearance, after, most)) == expected

    def test_a_page_between_two_numbers(self, store: Store, ticket: Ticket) -> None:
        assert seqs(entries.page_after(store.connection, ticket.id, Reach.STAFF, 2, 50, 6)) == [3, 4, 5]

    @pytest.mark.parametrize(
        ("clearance", "before", "most", "expected"),
        [
            (Reach.STAFF, 6, 2, [4, 5]),
            (Reach.CONVERSATION, MAX_SEQ, 3, [3, 5, 7]),
            (Reach.EVERYONE, MAX_SEQ, 3, [1, 2]),
            (Reach.STAFF, 1, 3, []),
        ],
    )
    def test_the_nearest_in_front_of_a_number_oldest_first(
        self, store: Store, ticket: Ticket, clearance: Reach, before: int, most: int, expected: list[int]
    ) -> None:
        assert seqs(entries.page_before(store.connection, ticket.id, clearance, before, most)) == expected

    def test_a_span_leaves_nothing_out(self, store: Store, ticket: Ticket) -> None:
        assert seqs(entries.span(store.connection, ticket.id, 3, 6)) == [3, 4, 5, 6]

    def test_what_a_viewer_saw_before(self, store: Store, ticket: Ticket) -> None:
        asked = [(7, Reach.STAFF), (7, Reach.CONVERSATION), (7, Reach.EVERYONE), (1, Reach.STAFF)]
        found = [entries.seq_before(store.connection, ticket.id, depth, seq) for seq, depth in asked]
        assert found == [6, 5, 2, 0]

    def test_what_is_taken_back_keeps_its_place_and_loses_its_words(
        self, store: Store, ticket: Ticket
    ) -> None:
        entry = entries.find(store.connection, ticket.id, 3)
        assert entry is not None
        entries.blank(store.connection, entry)
        blanked = entries.find(store.connection, ticket.id, 3)
        assert blanked is not None
        assert blanked.fields == {"body": "", "redacted": True}
        assert (blanked.seq, blanked.at, blanked.actor) == (entry.seq, entry.at, entry.actor)
        others = [entries.find(store.connection, ticket.id, seq) for seq in (5, 7)]
        assert [other.fields["body"] for other in others if other] == ["Message 5", "Message 7"]

    def test_a_number_is_given_once(self, store: Store, ticket: Ticket) -> None:
        with pytest.raises(Exception) as raised:  # noqa: PT011 - each driver has its own
            entries.append(
                store.connection, ticket.id, 7, store.time, store.carla, "k" * 8, MessagePosted(body="x")
            )
        assert store.connection.dialect.trouble(raised.value) is Trouble.DUPLICATE

    def test_nothing_is_said_on_a_ticket_that_is_not_there(self, store: Store) -> None:
        with pytest.raises(Exception):  # noqa: B017, PT011
            entries.append(
                store.connection, NO_ID, 1, store.time, store.carla, "k" * 8, MessagePosted(body="x")
            )
