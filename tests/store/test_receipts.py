"""What was answered to a key, and how far everybody has read."""

import pytest

from ccr.store import read_marks, receipts
from ccr.store.dialects import Trouble
from ccr.store.receipts import OPENING, Receipt
from tests.store.contract import NOW, Store


class TestReceipts:
    def test_an_answer_is_found_by_person_place_and_key(self, store: Store) -> None:
        ticket = store.raise_ticket()
        receipt = Receipt(receipts.command_hash(b"{}"), ticket.id, 7, 2, NOW)
        receipts.put(store.connection, store.carla.id, ticket.id, "the-key-1", receipt)

        def found(person: int, scope: int, key: str) -> Receipt | None:
            return receipts.find(store.connection, person, scope, key)

        assert found(store.carla.id, ticket.id, "the-key-1") == receipt
        assert found(store.carla.id, ticket.id, "THE-KEY-1") is None
        assert found(store.carla.id, ticket.id, "the-key-2") is None
        assert found(store.carla.id, OPENING, "the-key-1") is None
        assert found(store.omar.id, ticket.id, "the-key-1") is None

    def test_a_key_has_one_answer_in_each_place(self, store: Store) -> None:
        ticket = store.raise_ticket()
        receipt = Receipt("h" * 32, ticket.id, 1, 1, NOW)
        for person, scope in [(store.carla, ticket.id), (store.omar, ticket.id), (store.carla, OPENING)]:
            receipts.put(store.connection, person.id, scope, "the-key-1", receipt)
        with pytest.raises(Exception) as raised:  # noqa: PT011 - each driver has its own
            receipts.put(store.connection, store.carla.id, OPENING, "the-key-1", receipt)
        assert store.connection.dialect.trouble(raised.value) is Trouble.DUPLICATE

    def test_the_longest_key_is_kept(self, store: Store) -> None:
        ticket, key = store.raise_ticket(), "k" * 64
        receipts.put(
            store.connection, store.carla.id, ticket.id, key, Receipt("h" * 32, ticket.id, 1, 1, NOW)
        )
        assert receipts.find(store.connection, store.carla.id, ticket.id, key) is not None

    def test_the_same_command_has_the_same_hash(self) -> None:
        assert receipts.command_hash(b"a") == receipts.command_hash(b"a")
        assert receipts.command_hash(b"a") != receipts.command_hash(b"b")
        assert len(receipts.command_hash(b"a")) == 32


class TestReadMarks:
    def test_a_mark_only_ever_moves_on(self, store: Store) -> None:
        ticket = store.raise_ticket()
        moved = [
            read_marks.move(store.connection, ticket.id, store.carla.id, seq, NOW) for seq in (2, 2, 1, 5)
        ]
        assert moved == [True, False, False, True]
        assert read_marks.find(store.connection, ticket.id, store.carla.id) == 5
        assert read_marks.find(store.connection, ticket.id, store.amir.id) is None

    def test_the_ticks_show_the_other_side_of_today(self, store: Store) -> None:
        ticket = store.assign(store.raise_ticket(), store.amir)
        for seq, person in enumerate((store.carla, store.amir, store.bea, store.ada), start=1):
            read_marks.move(store.connection, ticket.id, person.id, seq, NOW)

        assert read_marks.of_others(store.connection, ticket.id, store.carla) == [(store.amir.id, 2)]
        assert read_marks.of_others(store.connection, ticket.id, store.amir) == [(store.carla.id, 1)]
        assert sorted(read_marks.of_others(store.connection, ticket.id, store.ada)) == [
            (store.carla.id, 1),
            (store.amir.id, 2),
        ]
        store.assign(ticket, store.bea)
        assert read_marks.of_others(store.connection, ticket.id, store.carla) == [(store.bea.id, 3)]
