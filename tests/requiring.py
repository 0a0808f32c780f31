"""With CCR_TESTS_REQUIRE=all a skip is a failure: in CI nothing is left out unseen. A pytest plugin."""

import os
from collections.abc import Generator

import pytest

ALL_REQUIRED = os.environ.get("CCR_TESTS_REQUIRE") == "all"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that skips, or whose fixture does."""
    report = yield
    if ALL_REQUIRED and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = _required(report.longrepr)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that skips itself while it is imported."""
    report = yield
    if ALL_REQUIRED and report.skipped:
        report.outcome = "failed"
        report.longrepr = _required(report.longrepr)
    return report


def _required(reason: object) -> str:
    said = reason[2] if isinstance(reason, tuple) else reason
    return f"CCR_TESTS_REQUIRE=all, but: {said}"
