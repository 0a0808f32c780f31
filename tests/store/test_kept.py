"""Feedback, ready-made replies, and all that is held about a person."""

import pytest

from ccr.desk.events import TicketClosed, TicketRated
from ccr.desk.notices import Kind, Notice
from ccr.desk.people import Person
from ccr.store import canned_replies, feedback, holdings, outbox, read_marks, receipts
from ccr.store.dialects import Trouble
from ccr.store.feedback import Feedback
from ccr.store.receipts import Receipt
from tests.store.contract import NOW, Store


def give(store: Store, person: Person, body: str, ticket: int | None = None) -> Feedback:
    """Feedback of a person's."""
    given = Feedback(
        person=person.id,
        name=person.name,
        role=person.role.value,
        about="agent" if ticket else "service",
        ticket=ticket,
        stars=4 if ticket else None,
        body=body,
        written_at=store.time,
    )
    return feedback.add(store.connection, given)


class TestFeedback:
    def test_the_newest_comes_first_page_by_page(self, store: Store) -> None:
        ticket = store.raise_ticket().id
        first = give(store, store.carla, "Fine 😀", ticket)
        second, third = give(store, store.amir, "Good tools"), give(store, store.omar, "Ok")
        assert feedback.page(store.connection, 2**53, 2) == [third, second]
        assert feedback.page(store.connection, second.id, 2) == [first]
        assert feedback.by_person(store.connection, store.carla.id) == [first]
        assert feedback.by_person(store.connection, store.bea.id) == []

    @pytest.mark.parametrize("change", ["about = 'weather'", "stars = 0", "person_id = 77777"])
    def test_the_database_itself_refuses_what_cannot_be(self, store: Store, change: str) -> None:
        given = give(store, store.carla, "Fine")
        with pytest.raises(Exception):  # noqa: B017, PT011 - each driver has its own
            store.connection.run(f"UPDATE feedback SET {change} WHERE id = ?", given.id)  # noqa: S608


class TestCannedReplies:
    def test_they_come_by_shortcut(self, store: Store) -> None:
        for shortcut, body in (("thanks", "Thank you!"), ("hello", "Grüß Gott 漢")):
            canned_replies.add(store.connection, shortcut, body)
        found = canned_replies.every(store.connection)
        assert [(reply.shortcut, reply.body) for reply in found] == [
            ("hello", "Grüß Gott 漢"),
            ("thanks", "Thank you!"),
        ]

    def test_a_shortcut_is_there_once(self, store: Store) -> None:
        canned_replies.add(store.connection, "hello", "Hi")
        with pytest.raises(Exception) as raised:  # noqa: PT011
            canned_replies.add(store.connection, "hello", "Hi")
        assert store.connection.dialect.trouble(raised.value) is Trouble.DUPLICATE


class TestHoldings:
    def test_what_is_still_open_is_listed_oldest_first(self, store: Store) -> None:
        first = store.assign(store.raise_ticket(), store.amir).id
        second = store.raise_ticket().id
        store.happen(store.assign(store.raise_ticket(), store.amir), store.carla, TicketClosed(reason=None))
        assert holdings.open_of_customer(store.connection, store.carla.id) == [first, second]
        assert holdings.open_of_agent(store.connection, store.amir.id) == [first]
        assert holdings.open_of_agent(store.connection, store.bea.id) == []

    def test_a_customer_takes_along_tickets_and_conversations_without_notes(self, store: Store) -> None:
        ticket = store.assign(store.raise_ticket(), store.amir)
        ticket = store.note(store.say(ticket, store.amir, "Hello"), store.amir, "Hm")
        ticket, _ = store.happen(ticket, store.carla, TicketRated(stars=5, comment="Good"))
        [held] = holdings.tickets_of_customer(store.connection, store.carla.id)
        assert held == {
            "id": ticket.id,
            "query": "Where is it?",
            "status": "assigned",
            "priority": "normal",
            "opened_at": ticket.opened_at,
            "stars": 5,
            "comment": "Good",
        }
        said = [entry.type for entry in holdings.conversation_after(store.connection, ticket.id, 0)]
        assert said == ["ticket_opened", "agent_assigned", "message_posted", "ticket_rated"]

    def test_a_long_conversation_is_fetched_page_by_page(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(holdings, "PAGE", 2)
        ticket = store.raise_ticket()
        for n in range(4):
            ticket = store.say(ticket, store.carla, str(n))
        pages = [
            [entry.seq for entry in holdings.conversation_after(store.connection, ticket.id, seq)]
            for seq in (0, 2, 4, 5)
        ]
        assert pages == [[1, 2], [3, 4], [5], []]

    def test_what_staff_did_is_found_by_their_receipts(self, store: Store) -> None:
        ticket = store.say(store.assign(store.raise_ticket(), store.amir), store.amir, "Hello")
        receipt = Receipt("h" * 32, ticket.id, 3, 1, NOW)
        receipts.put(store.connection, store.amir.id, ticket.id, "amirs-key", receipt)
        assert holdings.tickets_with_deeds(store.connection, store.amir.id) == [ticket.id]
        [deed] = holdings.deeds_after(store.connection, ticket.id, store.amir.id, 0)
        assert (deed["ticket"], deed["seq"], deed["type"], deed["body"]) == (
            ticket.id,
            3,
            "message_posted",
            "Hello",
        )
        assert holdings.deeds_after(store.connection, ticket.id, store.amir.id, 3) == []
        assert holdings.tickets_with_deeds(store.connection, store.bea.id) == []

    def test_mails_and_read_marks_are_held_too(self, store: Store) -> None:
        ticket = store.raise_ticket()
        outbox.put(store.connection, Notice(kind=Kind.WELCOME, to=store.carla.id), NOW)
        read_marks.move(store.connection, ticket.id, store.carla.id, 1, NOW)
        [mail] = holdings.notices_to(store.connection, store.carla.id)
        assert (mail["kind"], mail["ticket"], mail["created_at"]) == ("welcome", None, NOW)
        marks = holdings.read_marks(store.connection, store.carla.id)
        assert marks == [{"ticket": ticket.id, "seq": 1, "read_at": NOW}]
