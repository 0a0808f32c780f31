"""What a process reads that was not told of everything."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ccr.desk.events import Reach
from ccr.services.catching_up import PUSHED, CatchingUp
from tests.accounts_house import CARLA, LAPTOP, PASSWORD
from tests.desk_house import Desk, open_desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as opened:
        yield opened


@pytest.fixture
def catching_up(desk: Desk) -> CatchingUp:
    return CatchingUp(desk.house.database)


async def test_it_gives_what_came_after_what_is_known(desk: Desk, catching_up: CatchingUp) -> None:
    ticket = await desk.open()
    other = (await desk.do(desk.omar, None, "omar-opens", "open_ticket", query="And mine?")).ticket
    await desk.do(desk.carla, ticket, "carla-says", "post_message", body="Hello")
    await desk.do(desk.amir, ticket, "amir-notes", "post_note", body="Careful")
    [first, second] = await catching_up.missed({ticket: (2, 2, 2), other: (1, 1, 1), 999: (0, 0, 0)})

    assert [entry.seq for entry in first.entries] == [3, 4]
    assert first.prevs == (2, 2, 2)
    assert (first.ticket.agent_id, first.ticket.heads.seqs) == (desk.amir.id, (2, 3, 4))
    assert (second.ticket.id, second.entries) == (other, [])


async def test_of_very_much_it_gives_the_newest_and_what_is_in_front_of_it(
    desk: Desk, catching_up: CatchingUp
) -> None:
    ticket = await desk.open()
    await desk.do(desk.amir, ticket, "amir-notes", "post_note", body="Careful")
    for number in range(PUSHED):
        await desk.do(desk.carla, ticket, f"carla-says-{number}", "post_message", body="Hello")
    [missed] = await catching_up.missed({ticket: (2, 2, 2)})

    assert [entry.seq for entry in missed.entries] == [*range(4, 4 + PUSHED)]
    assert missed.prevs == tuple(
        {Reach.EVERYONE: 2, Reach.CONVERSATION: 2, Reach.STAFF: 3}[reach] for reach in Reach
    )


async def test_it_tells_which_tickets_stand_how_and_which_sessions_have_ended(
    desk: Desk, catching_up: CatchingUp
) -> None:
    ticket = await desk.open()
    begun = [await desk.house.signing_in.sign_in(CARLA["email"], PASSWORD, LAPTOP) for _ in range(2)]
    ids = {each.session_id for each in begun}
    assert await catching_up.ended(ids) == set()
    identity = await desk.house.signing_in.identify(begun[0].token)
    assert identity is not None
    await desk.house.signing_in.sign_out(identity)

    assert await catching_up.ended(ids | {10**9}) == {begun[0].session_id, 10**9}
    assert [each.last_seq for each in await catching_up.standing([ticket, 10**9])] == [2]
    assert await catching_up.standing([]) == []
