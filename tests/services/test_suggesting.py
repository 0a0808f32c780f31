"""What the help offers an agent beside the conversation."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ccr import package_files
from ccr.desk.refusals import Code, Refusal
from ccr.services.help_centre import shipped
from ccr.services.help_papers import SURE
from ccr.services.suggesting import LIKELY, Suggesting
from tests.desk_house import Desk, open_desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as opened:
        await opened.house.help_centre.ship(
            shipped(*each) for each in package_files.shipped_articles().items()
        )
        yield opened


@pytest.fixture
def suggesting(desk: Desk) -> Suggesting:
    return Suggesting(desk.house.database, desk.house.help_centre.search)


async def ticket(desk: Desk, query: str, **fields: str) -> int:
    """Carla's, which Amir has."""
    opened = await desk.do(desk.carla, None, "carla-opens", "open_ticket", query=query, **fields)
    await desk.do(desk.ada, opened.ticket, "ada-assigns", "assign_agent", agent=desk.amir.id)
    return opened.ticket


async def test_the_likeliest_by_the_customers_words_comes_first(desk: Desk, suggesting: Suggesting) -> None:
    number = await ticket(desk, "Something else", details="I forgot my pasword")
    found = await suggesting.suggestions(desk.amir, number)
    assert found[0]["url"] == "/help/forgotten-password"

    await desk.do(desk.carla, number, "carla-writes", "post_message", body="And can I take back a message?")

    slugs = [one["slug"] for one in await suggesting.suggestions(desk.amir, number)]
    assert {"take-back-a-message", "forgotten-password"} <= set(slugs)
    assert len(slugs) == len(set(slugs)) <= 4


async def test_a_word_in_passing_brings_nothing(desk: Desk, suggesting: Suggesting) -> None:
    number = await ticket(desk, "My toaster is broken")
    found = (await desk.house.help_centre.search("My toaster is broken"))["articles"]

    assert any(LIKELY <= article["certainty"] < SURE for article in found)
    assert await suggesting.suggestions(desk.amir, number) == []


async def test_what_the_agent_wrote_is_not_asked_about(desk: Desk, suggesting: Suggesting) -> None:
    number = await ticket(desk, "Kettles")
    await desk.do(desk.amir, number, "amir-writes", "post_message", body="Did you forget your password?")
    await desk.do(desk.amir, number, "amir-notes", "post_note", body="Forgotten password, I guess")

    assert await suggesting.suggestions(desk.amir, number) == []


async def test_they_are_for_the_agent_who_has_the_ticket_alone(desk: Desk, suggesting: Suggesting) -> None:
    number = await ticket(desk, "I forgot my password")

    for person, code in (
        (desk.bea, Code.NOT_FOUND),
        (desk.carla, Code.FORBIDDEN),
        (desk.ada, Code.FORBIDDEN),
    ):
        with pytest.raises(Refusal) as refused:
            await suggesting.suggestions(person, number)
        assert refused.value.code is code
