"""What goes wrong on the way to DB2, and what becomes of what was being stored."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest

from ccr.desk.refusals import Refusal
from ccr.store import readers, receipts, remote, writer
from ccr.store.connection import Connection
from ccr.store.dialects import DB2
from tests.accounts_house import CARLA, OMAR
from tests.db2.conftest import Db2
from tests.db2.derby import Shim
from tests.db2.nodes import SLACK, SOON, Node, Waited, new_key, open_impatient_node, open_node
from tests.waiting import until

EARNEST = [
    (module, name, getattr(module, name))
    for module, name in (
        (writer, "LONGEST"),
        (remote, "TOO_LATE"),
        (remote, "PATIENCE"),
        (remote, "TRIES"),
        (readers, "PATIENCE"),
        (readers, "TRIES"),
    )
]
"""How long anybody waits where the tests do not have it otherwise."""


@pytest.fixture
def in_earnest(on_db2: Db2, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From when it is called on nobody waits longer than the contract says."""

    def begin() -> None:
        for module, name, value in EARNEST:
            monkeypatch.setattr(module, name, value)

    return begin


@pytest.fixture
async def node(tmp_path: Path, in_earnest: Callable[[], None]) -> AsyncIterator[Node]:
    async with open_node(tmp_path) as opened:
        await opened.settle_in()
        in_earnest()
        for each in opened.database._writers:
            each._patience = writer._Patience()  # which else would look in a minute only
        yield opened


@pytest.fixture
async def impatient(tmp_path: Path, on_db2: Db2, in_earnest: Callable[[], None]) -> AsyncIterator[Node]:
    async with open_impatient_node(tmp_path, on_db2.url) as opened:
        in_earnest()
        yield opened


@pytest.fixture
async def other(tmp_path: Path, node: Node) -> AsyncIterator[Node]:
    """A second node on the same database."""
    async with open_node(tmp_path) as opened:
        opened.carla, opened.ticket = node.carla, node.ticket
        yield opened


class TestAKeyThatIsThereAlready:
    async def test_gets_its_first_answer_though_two_nodes_looked_before_either_wrote(
        self, node: Node, other: Node, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key, looks, find = new_key(), [0], receipts.find

        def blind_at_first(
            connection: Connection, person: int, scope: int, key: str
        ) -> receipts.Receipt | None:
            looks[0] += 1
            return None if looks[0] == 1 else find(connection, person, scope, key)

        first = await node.raise_ticket(key)
        monkeypatch.setattr(receipts, "find", blind_at_first)
        assert await other.raise_ticket(key) == first
        assert looks == [2]
        assert other.pushed() == []
        assert await node.rows("SELECT COUNT(*) FROM tickets") == [(2,)]

    async def test_is_a_conflict_where_it_is_a_login(self, node: Node, other: Node) -> None:
        with pytest.raises(Refusal, match="taken"):
            await other.customer(CARLA)


class TestLocks:
    async def test_a_deadlock_is_broken_and_both_get_through(self, node: Node, other: Node) -> None:
        second = await node.raise_ticket()
        for each in (node, other):  # they have their connections before it begins to count how long they take
            await each.database.write(lambda c: c.row("VALUES (1)"))
        both_have_one = threading.Barrier(2, timeout=10)
        met: set[str] = set()

        def lock(name: str, first: int, then: int, connection: Connection) -> str:
            connection.dialect.lock_ticket(connection, first)
            if name not in met:
                met.add(name)
                both_have_one.wait()
            connection.dialect.lock_ticket(connection, then)
            return name

        one = node.database.write(lambda c: lock("one", node.ticket, second, c))
        two = other.database.write(lambda c: lock("two", second, node.ticket, c))
        assert tuple(await asyncio.gather(one, two)) == ("one", "two")

    async def test_a_lock_that_is_let_go_of_in_time_only_delays(
        self, node: Node, on_db2: Db2, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        holder = on_db2.connect()
        lock, asked = holder.dialect.lock_ticket, threading.Event()
        lock(holder, node.ticket)

        def tell_and_lock(_: object, connection: Connection, ticket: int) -> None:
            asked.set()
            lock(connection, ticket)

        monkeypatch.setattr(type(holder.dialect), "lock_ticket", tell_and_lock)
        saying = asyncio.create_task(node.say("Hello?"))
        await until(asked.is_set)
        assert not saying.done()
        holder.dialect.rollback(holder.driver)
        assert (await saying).seq == 2
        holder.driver.close()

    async def test_a_lock_that_is_held_makes_unavailable_and_other_tickets_go_on(
        self, node: Node, on_db2: Db2
    ) -> None:
        second = await node.raise_ticket()
        await node.say("I have two questions", ticket=second)  # whose writer has its connection from here on
        holder = on_db2.connect()
        holder.dialect.lock_ticket(holder, node.ticket)
        with Waited() as waited:
            stuck = asyncio.create_task(node.say("Hello?"))
            assert (await node.say("Hello!", ticket=second)).seq == 3
            assert not stuck.done()
            await stuck
        assert waited.refusal is not None
        assert waited.seconds < SOON + SLACK
        holder.dialect.rollback(holder.driver)
        holder.driver.close()
        assert (await node.say("At last")).seq == 2

    async def test_what_is_committed_together_takes_its_tickets_in_the_order_of_their_ids(
        self, node: Node, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(remote, "SLICE", 3600)  # however long the first of them takes
        busy, going = threading.Event(), threading.Event()
        order: list[tuple[int, int]] = []
        lanes = [13, 5, 9, 1, 5]  # all of one writer

        def keep_busy(_: Connection) -> None:
            busy.set()
            going.wait(10)

        first = asyncio.create_task(node.database.write(keep_busy, lane=1))
        await until(busy.is_set)

        def unit(place: int, _: Connection) -> None:
            order.append((lanes[place], place))

        rest = [
            asyncio.create_task(node.database.write(partial(unit, place), lane=lane))
            for place, lane in enumerate(lanes)
        ]
        await until(lambda: node.database.waiting() == 5)
        going.set()
        await asyncio.gather(first, *rest)
        assert order == [(1, 3), (5, 1), (5, 4), (9, 2), (13, 0)]

    async def test_two_nodes_that_write_to_the_same_tickets_never_wait_for_each_other_for_ever(
        self, node: Node, other: Node
    ) -> None:
        tickets = [node.ticket, *[await node.raise_ticket() for _ in range(5)]]
        said = [
            each.again(f"{n}", ticket=ticket)
            for n in range(6)
            for ticket in tickets
            for each in (node, other)
        ]
        await asyncio.gather(*said)
        for ticket in tickets:
            assert [row[0] for row in await node.timeline(ticket)] == list(range(1, 14))


class TestAConnectionLost:
    async def test_before_the_commit_it_is_done_again(self, node: Node, shim: Shim) -> None:
        shim.tell("cut")  # and the next connection, in the middle of the transaction
        shim.tell("statement INSERT INTO receipts=cut")
        assert (await node.say("Hello?")).seq == 2
        assert [row[0] for row in await node.timeline()] == [1, 2]
        assert node.pushed() == [1, 2]

    @pytest.mark.parametrize("when", ["before", "after"])
    async def test_during_the_commit_it_is_found_out_and_done_once(
        self, node: Node, shim: Shim, when: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        key = new_key()
        shim.tell(f"commit {when}")
        assert (await node.say("Hello?", key)).seq == 2
        assert [row[1] for row in await node.timeline()][1:] == [key]
        assert node.pushed() == [1, 2]
        assert f"lost was {'done' if when == 'after' else 'not done'}" in caplog.text

    @pytest.mark.parametrize("when", ["before", "after"])
    async def test_during_the_commit_of_what_has_no_key_it_is_found_out_too(
        self, node: Node, shim: Shim, when: str
    ) -> None:
        shim.tell(f"commit {when}")
        omar = await node.customer(OMAR)
        assert (await node.sign_in("omar@example.org")).person.id == omar.id
        assert await node.rows("SELECT COUNT(*) FROM people WHERE first_name = 'Omar'") == [(1,)]

    async def test_during_the_commit_and_then_out_of_reach_nobody_claims_to_know(
        self, impatient: Node, shim: Shim
    ) -> None:
        key = new_key()
        pushed = impatient.pushed()
        shim.tell("commit freeze")
        with Waited() as waited:
            await impatient.say("Hello?", key)
        assert waited.refusal is not None
        assert "not certain" in waited.refusal.message
        assert waited.seconds < SOON + SLACK
        assert impatient.pushed() == pushed
        shim.tell("resume")
        answer = await impatient.again("Hello?", key)
        assert answer.seq == 3
        assert impatient.pushed() == [*pushed, 3]
        assert [row[1] for row in await impatient.timeline()][2:] == [key]

    async def test_reading_goes_on_over_a_new_connection(self, node: Node, shim: Shim) -> None:
        await node.timeline()
        shim.tell("cut")
        assert len(await node.timeline()) == 1


class TestAServerThatDoesNotAnswer:
    async def test_is_unavailable_soon_and_recovers_by_itself(self, impatient: Node, shim: Shim) -> None:
        shim.tell("pause")
        with Waited() as writing:
            await impatient.say("Hello?")
        with Waited() as reading:
            await impatient.timeline()
        shim.tell("resume")
        assert writing.refusal is not None
        assert reading.refusal is not None
        assert max(writing.seconds, reading.seconds) < SOON + SLACK
        await impatient.again("Back")
        bodies = [row[2] for row in await impatient.timeline()]
        assert len(bodies) == 3
        assert "Back" in bodies[2]

    async def test_nobody_waits_longer_for_coming_later(self, impatient: Node, shim: Shim) -> None:
        shim.tell("pause")
        waits = []

        async def ask(after: float) -> None:
            await asyncio.sleep(after)
            with Waited() as waited:
                await impatient.say("Hello?")
            assert waited.refusal is not None
            waits.append(waited.seconds)

        await asyncio.gather(*[ask(n * 0.25) for n in range(12)])
        shim.tell("resume")
        assert max(waits) < SOON + SLACK

    async def test_one_that_is_slow_at_every_step_is_told_soon_and_what_it_stored_is_found_by_its_key(
        self, node: Node, shim: Shim, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key, begun, lock = new_key(), threading.Event(), DB2.lock_ticket

        def tell_and_lock(dialect: DB2, connection: Connection, ticket: int) -> None:
            begun.set()
            lock(dialect, connection, ticket)

        monkeypatch.setattr(DB2, "lock_ticket", tell_and_lock)
        shim.tell("delay 0.7")  # for each of seven round trips and more
        saying = asyncio.create_task(node.say("Hello?", key))
        await until(begun.is_set)
        with Waited() as next_:
            await node.say("And?")  # for the same writer, which has not come to it
        with Waited() as first:
            await saying
        shim.tell("delay 0")
        assert first.refusal is not None
        assert "not certain" in first.refusal.message
        assert next_.refusal is not None
        assert "Nothing was saved" in next_.refusal.message
        assert next_.seconds < SOON + SLACK
        assert (await node.say("Hello?", key)).seq == 2
        assert [row[1] for row in await node.timeline()][1:] == [key]
        assert node.pushed() == [1, 2]

    async def test_one_that_refuses_connections_is_told_at_once(self, node: Node, shim: Shim) -> None:
        shim.tell("refuse")
        shim.tell("cut")
        with Waited() as waited:
            await node.say("Hello?")
        assert waited.refusal is not None
        assert waited.seconds < SOON + SLACK
        shim.tell("accept")
        assert (await node.again("Back")).seq == 2


class TestAServerThatCannotStore:
    @pytest.mark.parametrize("fault", ["-968 57011", "-964 57011"])
    async def test_disk_or_log_full_is_unavailable_and_nothing_is_stored(
        self, node: Node, shim: Shim, fault: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        shim.tell(f"commit {fault}")
        with caplog.at_level(logging.ERROR), Waited() as waited:
            await node.say("Hello?")
        assert waited.refusal is not None
        assert len(await node.timeline()) == 1
        assert node.pushed() == [1]
        assert f"nothing was stored: SQLCODE={fault.partition(' ')[0]}" in caplog.text
        assert (await node.say("Room again")).seq == 2
