"""In CI nothing may be left out: there a skip is a failure."""

import os
import subprocess
import sys
from pathlib import Path

SKIPPING = """
import pytest

def test_skips_itself():
    pytest.skip("Chromium is missing")

@pytest.mark.skip("Chromium is missing")
def test_is_marked(): ...

@pytest.fixture
def browser():
    pytest.skip("Chromium is missing")

def test_has_a_fixture_that_skips(browser): ...

@pytest.mark.xfail
def test_is_expected_to_fail():
    assert False
"""
MODULE = """
import pytest

pytest.skip("Chromium is missing", allow_module_level=True)
"""


def test_a_skip_is_only_a_skip_on_a_machine_of_ones_own(tmp_path: Path) -> None:
    said = _run(tmp_path, require="")

    assert "4 skipped, 1 xfailed" in said
    assert "CCR_TESTS_REQUIRE" not in said


def test_a_skip_is_a_failure_where_everything_is_required(tmp_path: Path) -> None:
    said = _run(tmp_path, require="all")

    assert "1 failed, 1 xfailed, 3 errors" in said
    assert "skipped" not in said.splitlines()[-1]
    assert "CCR_TESTS_REQUIRE=all, but: Skipped: Chromium is missing" in said


def _run(folder: Path, require: str) -> str:
    (folder / "test_tests.py").write_text(SKIPPING, encoding="utf-8")
    (folder / "test_module.py").write_text(MODULE, encoding="utf-8")
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "tests.requiring", "-p", "no:cacheprovider"]
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(Path(__file__).parent.parent)}
    ran = subprocess.run(
        [*pytest, "--continue-on-collection-errors", "--rootdir", str(folder), str(folder)],
        cwd=folder,
        env={**os.environ, **alone, "CCR_TESTS_REQUIRE": require},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout.strip()
