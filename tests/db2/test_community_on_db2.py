"""Public questions on DB2."""

import asyncio
import threading
from typing import Any

import pytest

from ccr.desk.refusals import Code
from ccr.services import kept_questions, moderation
from ccr.store import public_answers
from tests.desk_house import Desk
from tests.services.test_community import *
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("on_db2")

LONG_ENOUGH = 1.0
"""Seconds within which whoever waits for nobody is done, on a busy machine too."""


class Pause:
    """Whoever reads an answer first stops there, until `go_on`, or until it is plain that others wait for them."""

    def __init__(self) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()

    def __call__(self, *given: Any) -> public_answers.PublicAnswer:
        found = kept_questions.answer_to(*given)
        if not self.reached.is_set():
            self.reached.set()
            self.go_on.wait(LONG_ENOUGH)
        return found


@pytest.fixture
def pause(monkeypatch: pytest.MonkeyPatch) -> Pause:
    pause = Pause()
    monkeypatch.setattr(moderation, "answer_to", pause)
    return pause


async def test_nobody_accepts_what_somebody_else_is_hiding(desk: Desk, pause: Pause) -> None:
    question = await public(desk)
    answer = await answered(desk, question)
    assert desk.amir.id % desk.house.database.writers != desk.bea.id % desk.house.database.writers
    accepting = asyncio.create_task(decide(desk, "accept", question, answer))
    await until(pause.reached.is_set)

    await desk.house.moderation.turn_answer(desk.bea, question, answer, {"key": "bea-hides"}, hide=True)
    pause.go_on.set()
    await accepting

    assert await desk.house.rows("SELECT accepted_id FROM questions") == [(None,)]
    assert await desk.house.rows("SELECT state FROM public_answers") == [("hidden",)]


async def test_nor_what_was_hidden_just_before(desk: Desk, pause: Pause) -> None:
    question = await public(desk)
    answer = await answered(desk, question)
    seen_by_amir = {"key": "amir-accepts", "seen": (await seen(desk, question))["revision"]}
    hiding = asyncio.create_task(
        desk.house.moderation.turn_answer(desk.bea, question, answer, {"key": "bea-hides"}, hide=True)
    )
    await until(pause.reached.is_set)

    await refused(Code.CONFLICT, desk.house.moderation.accept(desk.amir, question, answer, seen_by_amir))
    pause.go_on.set()
    await hiding

    assert await desk.house.rows("SELECT accepted_id FROM questions") == [(None,)]
