"""The SQL of the registry as it stands in its source, and what of it needs which right on which table."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ccr.store.migrations import MIGRATIONS

CCR = Path(__file__).parents[2] / "ccr"
MIGRATING = ("store/migrations/", "store/schema.py")
"""Run as the tables' owner."""

_SQL = re.compile(
    r"^\s*(SELECT|INSERT|UPDATE|DELETE|VALUES|SET|CREATE|ALTER|DROP|PRAGMA|WITH)\b.*\s", re.DOTALL
)
_CREATED = re.compile(r"CREATE TABLE (\w+)")
_NEEDS = {
    "SELECT": re.compile(r"\b(?:FROM|JOIN)\s+([a-z]\w*)"),
    "INSERT": re.compile(r"\bINSERT INTO\s+([a-z]\w*)"),
    "UPDATE": re.compile(r"\bUPDATE\s+([a-z]\w*)\s+SET"),
    "DELETE": re.compile(r"\bDELETE FROM\s+([a-z]\w*)"),
}


class Text(NamedTuple):
    """A string in the source; what is put into it later stands as `{}`, but for the module's own constants."""

    file: str
    line: int
    sql: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.sql!r}"


def tables() -> list[str]:
    """Every table that the migrations make, each behind those that it refers to."""
    return [name for _, _, statements in MIGRATIONS for sql in statements for name in _CREATED.findall(sql)]


def numbered() -> list[str]:
    """Those whose rows have an identity."""
    return [
        _CREATED.findall(sql)[0]
        for _, _, statements in MIGRATIONS
        for sql in statements
        if "{identity}" in sql
    ]


def statements() -> list[Text]:
    """Every string of ours that begins as a statement does, the migrations' own left out."""
    return [text for text in texts() if _SQL.match(text.sql)]


def texts() -> list[Text]:
    """Every string of ours that could be a part of a statement."""
    found: list[Text] = []
    for path in sorted(CCR.rglob("*.py")):
        file = path.relative_to(CCR).as_posix()
        if not file.startswith(MIGRATING):
            found += _of(file, ast.parse(path.read_text(encoding="utf-8")))
    return found


def needs() -> dict[str, set[str]]:
    """By table what the serving user must be allowed, as the statements have it."""
    found: dict[str, set[str]] = {}
    for text in texts():
        for right, pattern in _NEEDS.items():
            if right == "SELECT" and "DELETE FROM" in text.sql:
                continue
            for table in pattern.findall(text.sql):
                found.setdefault(table, set()).add(right)
    return found


def _of(file: str, tree: ast.Module) -> Iterator[Text]:
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }
    parts = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)
    } | {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield Text(file, node.lineno, "".join(_piece(part, constants) for part in node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield Text(file, node.lineno, node.value)


def _piece(part: ast.expr, constants: dict[str, str]) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    assert isinstance(part, ast.FormattedValue)
    name = part.value.id if isinstance(part.value, ast.Name) else ""
    return constants.get(name, "{}")
