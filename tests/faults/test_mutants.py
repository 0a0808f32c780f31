"""The checker can fail: a server that breaks a promise is found out."""

from pathlib import Path

import pytest

from tests.faults import checker
from tests.faults.nemesis import Nemesis
from tests.faults.story import Story, told

TICKETS = 3


async def found(story: Story) -> set[str]:
    """The kinds of what is wrong in the end."""
    truth = await story.conclude(quickly=True)
    return {violation.kind for violation in checker.check(story.history, truth)}


@pytest.mark.slow
async def test_keys_that_mean_nothing_are_found_out(tmp_path: Path) -> None:
    async with told(tmp_path, tickets=TICKETS, forgets=0.0, mutant="keys_mean_nothing") as story:
        story.chat()
        await story.acknowledges(20)
        await Nemesis(story, seed=1).die_at(story.nodes[0], "after_commit", after=5)
        assert "twice" in await found(story)


@pytest.mark.slow
async def test_an_ack_before_its_commit_is_found_out(tmp_path: Path) -> None:
    async with told(tmp_path, tickets=TICKETS, mutant="ack_before_commit") as story:
        # Whatever else is noted down commits the messages before it, too: a kill might come right behind that.
        story.chat(messages_only=True)
        for _ in range(3):
            await story.acknowledges(50)
            await story.nodes[0].kill()
            await story.nodes[0].start()
        assert "lost" in await found(story)


@pytest.mark.slow
async def test_catching_up_that_is_skipped_is_found_out(tmp_path: Path) -> None:
    async with told(tmp_path, tickets=TICKETS, mutant="nothing_missed") as story:
        story.chat()
        for _ in range(3):
            await story.acknowledges(50)
            for line in story.lines:
                line.cut()
        await story.acknowledges(50)
        assert "not caught up" in await found(story)


@pytest.mark.slow
async def test_handlers_side_by_side_are_found_out(tmp_path: Path) -> None:
    async with told(tmp_path, tickets=TICKETS, mutant="all_at_once") as story:
        story.chat()
        await story.acknowledges(200)
        assert "out of order" in await found(story)
