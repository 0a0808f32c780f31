"""The longest of everything that people may write fits, counted in characters of any script."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ccr.desk.commands import CloseTicket, OpenTicket, PostMessage, RateTicket
from ccr.desk.events import Reach
from ccr.desk.refusals import Code, Refusal
from ccr.store import claims, lists
from ccr.store.dialects import DB2
from ccr.store.lists import Filters
from tests.accounts_house import CARLA, PASSWORD
from tests.db2.conftest import Db2
from tests.db2.nodes import Node, new_key, open_node

CHARACTERS = ["😀", "漢", "ß", "\x01", '"']


def length(text: str) -> int:
    """In bytes."""
    return len(text.encode())


def declared(word: str) -> int:
    """Bytes that a migration's type has room for."""
    return int(DB2.types[word].removeprefix("VARCHAR(").removesuffix(")"))


@pytest.fixture
async def node(tmp_path: Path, on_db2: Db2) -> AsyncIterator[Node]:
    async with open_node(tmp_path) as opened:
        await opened.settle_in()
        yield opened


@pytest.mark.parametrize("character", CHARACTERS)
async def test_a_ticket_with_everything_as_long_as_it_may_be(node: Node, character: str) -> None:
    text = character * 3999 + "a"
    opening = OpenTicket(query=character * 149 + "a", details=text)
    ticket = (await node.changes.carry_out(node.carla, None, new_key(), opening)).ticket
    for command in (
        PostMessage(body=text),
        CloseTicket(reason=character * 499 + "a"),
        RateTicket(stars=5, comment=text),
    ):
        await node.changes.carry_out(node.carla, ticket, new_key(), command)
    await node.feedback.write(node.carla, {"about": "service", "body": text})
    [row] = await node.rows("SELECT query, rating_comment FROM tickets WHERE id = ?", ticket)
    assert row == (character * 149 + "a", text)
    entries = [fields for _, _, fields in await node.timeline(ticket)]
    assert len(entries) == 4
    # The server of the tests counts characters, and DB2 bytes.
    assert max(length(fields) for fields in entries) <= declared("json")
    assert length(text) <= declared("text")
    assert length(row[0]) <= 600


async def test_names_as_long_as_they_may_be(node: Node) -> None:
    given = CARLA | {"email": "long@example.org", "first_name": "😀" * 100, "last_name": "漢" * 100}
    person = await node.customer(given)
    [row] = await node.rows("SELECT first_name, last_name FROM people WHERE id = ?", person.id)
    assert row == ("😀" * 100, "漢" * 100)


async def test_a_login_longer_than_any_is_nobodys(node: Node) -> None:
    with pytest.raises(Refusal) as refused:
        await node.sign_in("😀" * 254, password=PASSWORD)
    assert refused.value.code is Code.UNAUTHENTICATED


async def test_a_search_for_more_than_there_can_be_finds_nothing(node: Node) -> None:
    found = await node.database.read(
        lambda c: lists.page(c, node.carla, Reach.CONVERSATION, Filters(search="😀" * 4000), 50)
    )
    assert found == []


async def test_a_fault_of_a_mail_is_cut_by_its_bytes(node: Node) -> None:
    [owed, *_] = await node.database.write(lambda c: claims.claim(c, "one", node.time, 60_000, 50))
    await node.database.write(lambda c: claims.fail(c, owed.id, "one", "漢" * 400, node.time, None))
    [row] = await node.rows("SELECT fault FROM outbox WHERE id = ?", owed.id)
    assert row == ("漢" * 100,)
