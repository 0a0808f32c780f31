"""Refusals in the log: a line each, until somebody makes a flood of them."""

import logging

import pytest

from ccr.desk.refusals import Code
from ccr.services.refusal_log import BURST, RefusalLog
from tests.bad_input import refusals_logged

CARLA, OMAR = 1, 2


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


def test_who_floods_it_is_left_out_for_a_while_and_nobody_else_is(log: pytest.LogCaptureFixture) -> None:
    time = 0.0
    refusals = RefusalLog(clock=lambda: time)
    for _ in range(1_000):
        refusals.note(Code.RATE_LIMITED, "do", CARLA)
    assert refusals_logged(log) == [("rate_limited", "do", CARLA)] * BURST
    log.clear()

    refusals.note(Code.INVALID, "join", OMAR)
    assert refusals_logged(log) == [("invalid", "join", OMAR)]
    assert vars(log.records[0])["left_out"] == 1_000 - BURST
    log.clear()

    time = 5.0
    for _ in range(10):
        refusals.note(Code.INVALID, "do", CARLA)
    assert refusals_logged(log) == [("invalid", "do", CARLA)]
    assert "left_out" not in vars(log.records[0])


def test_all_who_are_not_signed_in_share_what_there_is(log: pytest.LogCaptureFixture) -> None:
    refusals = RefusalLog(clock=lambda: 0.0)
    for _ in range(1_000):
        refusals.note(Code.INVALID, "accounts_api.register", None)

    assert refusals_logged(log) == [("invalid", "accounts_api.register", None)] * BURST


def test_an_ended_session_and_a_database_away_are_no_bad_input(log: pytest.LogCaptureFixture) -> None:
    refusals = RefusalLog()
    for code in Code:
        refusals.note(code, "do", CARLA)

    assert [code for code, _, _ in refusals_logged(log)] == [
        code for code in Code if code not in {"unauthenticated", "unavailable"}
    ]


def test_without_limits_none_is_left_out(log: pytest.LogCaptureFixture) -> None:
    refusals = RefusalLog(on=False)
    for _ in range(100):
        refusals.note(Code.INVALID, "do", CARLA)

    assert len(refusals_logged(log)) == 100
