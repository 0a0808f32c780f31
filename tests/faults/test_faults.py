"""Whatever is done to two servers on one database: what was acknowledged is there, once, in order, for everyone."""

from pathlib import Path

import pytest

from tests.faults import checker, report
from tests.faults.launcher import POINTS
from tests.faults.nemesis import Nemesis
from tests.faults.story import told


@pytest.mark.slow
async def test_nothing_is_lost_or_doubled_whatever_is_done_to_servers_and_lines(tmp_path: Path) -> None:
    async with told(tmp_path, nodes=2, redis=True) as story:
        nemesis = Nemesis(story, seed=1, haste=0.4)
        story.pace = 0.1
        story.chat()
        await story.acknowledges(100)
        for point in sorted(POINTS):
            await nemesis.die_at(story.nodes[0], point, after=10)
        await story.nodes[0].start()
        for name in sorted(nemesis.harms):
            await nemesis.harm(name)
            await story.acknowledges(20)
        await story.nodes[1].kill()
        await story.nodes[1].start()
        await story.acknowledges(100)
        truth = await story.conclude()
    violations = checker.check(story.history, truth)
    assert checker.summary(violations) == ""
    assert f"{'lost':48} {0:>10}" in report.table(story, nemesis, truth, violations)
    deaths = story.nodes[0].deaths
    assert all(deaths[point] for point in POINTS)
    assert nemesis.refused_for_no_room
    unknown = report.unknown_sends(story.history, truth)
    # Who died right behind a commit had told nobody of it: it is asked for again, or given up.
    assert unknown["unknown, sent again: had been stored"] + unknown["unknown, given up: stored"]
    outcomes = story.outcomes()
    assert min(outcomes["unknown"], outcomes["refused"], outcomes["ok"]) > 0
    assert [line for node in story.nodes for line in node.complaints] == []
