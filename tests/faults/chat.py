"""What people write, and what is asked for beside it: raising, handing on, closing."""

import asyncio
import random
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tests.faults.talkers import Poster, Talker

if TYPE_CHECKING:
    from tests.faults.story import Story

WINDOW = 5
"""Messages that a hasty customer has in flight."""


READS = 0.03
"""How often somebody has read everything, of the times that they look."""


async def chat(story: "Story", posters: Iterable[Poster]) -> None:
    """Until cancelled."""
    turn = 0
    while True:
        turn += 1
        for talker in story.talkers:
            if random.random() < READS:
                talker.reads()
            _says_something(talker)
        for poster in posters:
            if not poster.waiting:
                _asks_for_something(story, poster, turn)
        await asyncio.sleep(story.pace)


def _says_something(talker: Talker) -> None:
    if talker.name.endswith("-tab"):
        return  # reads along
    while len(talker.waiting) < (WINDOW if talker.person.role == "customer" else 1):
        chance = random.random()
        if chance < 0.05:
            talker.says("post_note")  # a customer is refused
        elif chance < 0.07 and talker.own:
            talker.wants("redact_message", of=talker.own.pop())
        else:
            talker.says()


def _asks_for_something(story: "Story", poster: Poster, turn: int) -> None:
    if poster.name == "ada-shares" and turn % 25 == 0:
        poster.wants("assign_agent", agent=random.choice(story.cast.agents[1:]).id)
    elif poster.name == "ada-closes" and turn % 50 < 2:
        poster.wants(("close_ticket", "reopen_ticket")[turn % 50])
    elif poster.name == "raiser" and turn % 25 == 0:
        poster.wants("open_ticket", query=f"One more question, the {turn}th")
    elif poster.name in ("carla2-http", "stranger-http") and turn % 5 == 0:
        poster.says()
