"""The wheel: whoever installs it needs nothing else, and gets nothing that is not for them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = ["ccr", "web", "hypercorn.toml", "pyproject.toml", "README.md", "LICENSE"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources: another test may be using what the source tree itself has built."""
    folder = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        _copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `pip install .` builds it."""
    built = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-deps", "--quiet"]
    subprocess.run([*pip, "--wheel-dir", built, "."], cwd=source, check=True)
    (made,) = built.iterdir()
    return made


def test_it_holds_all_that_the_registry_needs(source: Path, wheel: Path) -> None:
    names = _names(wheel)
    templates = {path.relative_to(source / "web").as_posix() for path in source.glob("web/templates/**/*.*")}
    modules = {path.relative_to(source).as_posix() for path in source.glob("ccr/**/*.py")}

    assert "ccr/_files/hypercorn.toml" in names
    assert "ccr/py.typed" in names
    assert {f"ccr/_files/{name}" for name in templates} <= names
    assert modules <= names


def test_it_holds_the_browsers_half_compressed(wheel: Path) -> None:
    names = _names(wheel)
    with ZipFile(wheel) as archive:
        manifest = json.loads(archive.read("ccr/_files/static/manifest.json"))

    assert {"ticket.js", "list.js", "page.js", "app.css", "favicon.svg"} <= set(manifest)
    for built in manifest.values():
        assert f"ccr/_files/static/{built}" in names
    for source in ("ticket.js", "app.css"):
        assert f"ccr/_files/static/{manifest[source]}.br" in names
        assert f"ccr/_files/static/{manifest[source]}.gz" in names
    assert "ccr/_files/static/sw.js.br" in names
    # Nothing that others wrote is bundled; what ever is, must bring its licence.
    assert "ccr/_files/static/licenses.txt" in names


def test_it_holds_nothing_else(wheel: Path) -> None:
    names = _names(wheel)

    assert {name.split("/")[0].split("-")[0] for name in names} == {"ccr", "customer_care_registry"}
    assert not [name for name in names if name.endswith(".map") or "node_modules" in name or "tests" in name]


def test_once_installed_the_code_finds_its_files(wheel: Path, tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-deps", "--quiet"]
    subprocess.run([*pip, "--target", tmp_path / "installed", wheel], check=True)
    program = (
        "import ccr.package_files as files, ccr.serving as serving\n"
        "from ccr.site.assets import Assets\n"
        "print(files.__file__, Assets(files.static_folder()).url('ticket.js'))\n"
        "print((files.template_folder() / 'layout.html').exists(), serving._config().alpn_protocols)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()

    assert said[0].startswith(f"{tmp_path / 'installed'}{os.sep}ccr{os.sep}package_files.py /static/ticket-")
    assert said[1] == "True ['http/1.1']"


def test_nothing_that_others_wrote_is_carried_in_the_source_tree() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()

    assert {"/web/dist/", "/web/node_modules/"} <= set(ignored)
    lock = (ROOT / "web/package-lock.json").read_text(encoding="utf-8")
    assert "resolved" not in lock
    assert "://" not in lock


def _names(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


def _copy(source: Path, target: Path) -> None:
    def left_out(folder: str, names: list[str]) -> list[str]:
        built = [name for name in names if name.startswith("dist")] if Path(folder) == source else []
        return [*built, "__pycache__"]

    if source.is_dir():
        # With the packages of the web build, where they are there: they need not be fetched again.
        shutil.copytree(source, target, symlinks=True, ignore=left_out)
    else:
        shutil.copy(source, target)
