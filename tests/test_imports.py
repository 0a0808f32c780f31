"""Who may know whom: the house stands because its rooms do not reach through each other's walls."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent

LEAVES = {"logs", "metrics", "package_files", "packing"}
"""Know nothing of ours, so that every room but `desk` may use them."""

MAY_IMPORT: dict[str, set[str]] = {
    "desk": set(),
    "store": {"desk"} | LEAVES,
    "services": {"desk", "store", "ports"} | LEAVES,
    "ports": {"desk"},
    "adapters": {"desk", "ports", "settings", "setting_values", "store.dialects"} | LEAVES,
    "realtime": {"services", "desk", "settings"} | LEAVES,
    "site": {"services", "desk", "settings"} | LEAVES,
    "settings": {"setting_values", "kept_keys"},
    "kept_keys": {"setting_values"},
    "setting_values": set(),
    "serving": {"settings", "hypercorn_fixes"} | LEAVES,
    "hypercorn_fixes": set(),
    "operating": {"adapters", "settings", "store"} | LEAVES,
    "checks": {"operating", "adapters", "settings", "store", "desk", "ports"} | LEAVES,
} | {leaf: set() for leaf in LEAVES}

KNOW_EVERYONE = {"app", "__main__", "demo"}

HOMES: dict[str, set[str]] = {
    "PIL": {"adapters"},
    "aiohttp": {"adapters"},
    "aiosmtplib": {"adapters"},
    "argon2": {"adapters"},
    "cryptography": {"adapters"},
    "engineio": {"realtime"},
    "hypercorn": {"serving", "hypercorn_fixes"},
    "ibm_boto3": {"adapters"},
    "ibm_botocore": {"adapters"},
    "ibm_cloud_sdk_core": {"adapters"},
    "ibm_db": {"adapters"},
    "ibm_db_dbi": {"adapters"},
    "ibm_watson": {"adapters"},
    "phonenumbers": {"services"},
    "lunr": {"adapters"},
    "markdown_it": {"services", "site"},
    "nh3": {"site"},
    "prometheus_client": {"metrics"},
    "py_vapid": {"adapters"},
    "pywebpush": {"adapters"},
    "quart": {"site"},
    "quart_auth": {"site"},
    "rapidfuzz": {"adapters"},
    "redis": {"adapters"},
    "sendgrid": {"adapters"},
    "socketio": {"realtime"},
    "sqlite3": {"adapters"},
    "uvloop": {"serving"},
}
"""Whose business a library is; beside them only those that know everyone may import it."""

LAZY = {
    "cryptography",
    "ibm_boto3",
    "ibm_botocore",
    "ibm_cloud_sdk_core",
    "ibm_db",
    "ibm_db_dbi",
    "ibm_watson",
    "phonenumbers",
    "py_vapid",
    "pywebpush",
    "redis",
    "sendgrid",
}
"""Slow and heavy to load: imported where first used, never at the top of a module."""


class Import(NamedTuple):
    """One name that a module of ours imports."""

    file: str
    line: int
    room: str
    target: str
    at_top: bool

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.target}"


def _imports() -> Iterator[Import]:
    for path in sorted((ROOT / "ccr").rglob("*.py")):
        parts = path.relative_to(ROOT / "ccr").with_suffix("").parts
        tree = ast.parse(path.read_text(encoding="utf-8"))
        top = set(_outside_functions(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                for target in _targets(node):
                    yield Import(str(path.relative_to(ROOT)), node.lineno, parts[0], target, node in top)


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _outside_functions(child)


def _targets(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [f"{node.module}.{alias.name}" for alias in node.names]


ALL = list(_imports())


def _ours(found: Import) -> str | None:
    """The path within `ccr` that is imported, or None where it is not ours."""
    return found.target.removeprefix("ccr.") if found.target.startswith("ccr.") else None


def _allowed(room: str, target: str) -> bool:
    return target.split(".", 1)[0] == room or any(
        target == name or target.startswith(f"{name}.") for name in MAY_IMPORT[room]
    )


def test_every_room_has_its_rule() -> None:
    rooms = {
        path.stem
        for path in (ROOT / "ccr").glob("*")
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }

    assert rooms - {"__init__"} <= set(MAY_IMPORT) | KNOW_EVERYONE


def test_no_room_imports_what_it_must_not_know() -> None:
    strangers = [
        str(found)
        for found in ALL
        if (target := _ours(found)) is not None
        and found.room not in KNOW_EVERYONE
        and not _allowed(found.room, target)
    ]

    assert strangers == []


def test_only_the_start_knows_those_who_know_everyone() -> None:
    curious = [
        str(found)
        for found in ALL
        if (_ours(found) or "").split(".", 1)[0] in KNOW_EVERYONE and found.room not in KNOW_EVERYONE
    ]

    assert curious == []


def test_a_library_stays_with_those_whose_business_it_is() -> None:
    strays = [
        str(found)
        for found in ALL
        if found.target.split(".", 1)[0] in HOMES
        and found.room not in HOMES[found.target.split(".", 1)[0]] | KNOW_EVERYONE
    ]

    assert strays == []


def test_heavy_libraries_are_loaded_when_first_used() -> None:
    early = [str(found) for found in ALL if found.at_top and found.target.split(".", 1)[0] in LAZY]

    assert early == []


@pytest.mark.parametrize(
    ("room", "target", "allowed"),
    [
        ("desk", "desk.rules", True),
        ("desk", "store.people", False),
        ("adapters", "store.dialects", True),
        ("adapters", "store.dialects.SQLITE", True),
        ("adapters", "store.database", False),
        ("site", "realtime.server", False),
        ("realtime", "metrics", True),
        ("desk", "metrics", False),
    ],
)
def test_the_rule_itself(room: str, target: str, allowed: bool) -> None:
    assert _allowed(room, target) is allowed
