"""The checker can fail: a server that breaks a promise is found out.

Nobody speaks but who is told to, and only where the broken promise must show: nothing here is left to chance.
"""

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
        [node] = story.nodes
        await node.stop()
        # The first that is stored kills the server, so it is hers, and nobody has told her: she sends it again.
        story.talker("carla0").says()
        await Nemesis(story, seed=1).die_at(node, "after_commit", after=1)
        assert await found(story) == {"twice"}


@pytest.mark.slow
async def test_an_ack_before_its_commit_is_found_out(tmp_path: Path) -> None:
    async with told(tmp_path, tickets=TICKETS, mutant="ack_before_commit") as story:
        story.talker("carla0").says()
        await story.acknowledges(1)
        await story.nodes[0].kill()
        assert "lost" in await found(story)


@pytest.mark.slow
async def test_catching_up_that_is_skipped_is_found_out(tmp_path: Path) -> None:
    async with told(tmp_path, tickets=TICKETS, mutant="nothing_missed") as story:
        near, far = story.lines
        carla, tab = story.talker("carla0"), story.talker("carla0-tab")
        carla.leads_by(near)
        tab.leads_by(far)
        await story.until(lambda: tab.head)
        far.refusing = True
        far.cut()
        carla.says()
        await story.acknowledges(1)
        assert await found(story) == {"not caught up"}


@pytest.mark.slow
async def test_handlers_side_by_side_are_found_out(tmp_path: Path) -> None:
    async with told(tmp_path, tickets=TICKETS, mutant="all_at_once") as story:
        for _ in range(2):
            story.talker("carla0").says()
        await story.acknowledges(2)
        assert await found(story) == {"out of order"}
