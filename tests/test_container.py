"""The Dockerfile, as far as it can be held against the rest without Docker."""

import asyncio
import json
import os
import re
import sys
import tomllib
from importlib import import_module
from pathlib import Path

from packaging.specifiers import SpecifierSet

from ccr.settings import documented
from tests.live import live_registry
from tests.servers import free_port
from tests.test_package import SOURCES

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def stages() -> list[list[tuple[str, str]]]:
    """Of each stage its instructions in order, each with what stands behind it."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", text)).splitlines()
    given = [
        (name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines if line.strip())
    ]
    starts = [place for place, (name, _) in enumerate(given) if name == "FROM"]
    return [given[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]


BUILD, RUN = stages()


def one(name: str) -> str:
    """What stands behind the last stage's only instruction of this name."""
    [found] = [rest for given, rest in RUN if given == name]
    return found


def environ() -> dict[str, str]:
    """What the container sets."""
    return dict(each.split("=", 1) for each in one("ENV").split())


def test_its_python_is_one_that_we_run_on_and_the_same_in_both_stages() -> None:
    images = [re.match(r"python:(\d+\.\d+)-", stage[0][1]) for stage in (BUILD, RUN)]
    [build, run] = [image[1] for image in images if image]

    assert build == run
    assert run in SpecifierSet(PROJECT["requires-python"])


def test_what_it_copies_is_there_and_all_that_the_wheel_is_made_of() -> None:
    copied = {name for given, rest in BUILD if given == "COPY" for name in rest.split()[:-1]}
    let_through = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }

    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert copied == set(SOURCES) == let_through


def test_it_runs_a_command_that_the_installation_has() -> None:
    [command] = json.loads(one("CMD"))
    module, _, function = PROJECT["scripts"][command].partition(":")

    assert callable(getattr(import_module(module), function))
    assert environ()["PATH"].split(":")[0] == "/opt/ccr/bin"
    assert ("RUN", "python -m venv /opt/ccr") in BUILD
    assert "--from=build /opt/ccr /opt/ccr" in [rest for given, rest in RUN if given == "COPY"]


def test_it_is_nobody_of_power_and_owns_nothing_but_the_volume() -> None:
    user, data = one("USER"), environ()["CCR_DATA"]
    made = " ".join(rest for given, rest in RUN if given == "RUN")

    assert user not in {"root", "0"}
    assert re.search(rf"useradd .*--uid [1-9]\d+ .*\b{user}\b", made)
    assert f"--owner={user} --group={user} --mode=0700 {data}" in made
    assert one("VOLUME") == one("WORKDIR") == data


def test_what_it_sets_are_settings_and_it_listens_where_it_says() -> None:
    assert {name for name in environ() if name.startswith("CCR_")} <= set(documented())
    assert environ()["CCR_BIND"] == f"0.0.0.0:{one('EXPOSE')}"
    assert one("STOPSIGNAL") == "SIGTERM"


async def health(bind: str) -> int | None:
    """How the health check ends."""
    _, _, command = one("HEALTHCHECK").partition(" CMD ")
    python, *rest = json.loads(re.sub(r"\s{2,}", " ", command))
    assert python == "python"
    asked = await asyncio.create_subprocess_exec(
        sys.executable, *rest, env={**os.environ, "CCR_BIND": bind}, stderr=asyncio.subprocess.DEVNULL
    )
    return await asked.wait()


async def test_it_is_well_while_it_is_served_and_else_not(tmp_path: Path) -> None:
    async with live_registry(tmp_path) as live:
        assert await health(f"0.0.0.0:{live.port}") == 0
    assert await health(f"0.0.0.0:{free_port()}") != 0
