"""What a check says, and how it is told."""

from textwrap import wrap
from typing import NamedTuple

WIDTH = 110
"""Characters of a line."""


class Finding(NamedTuple):
    """What was looked at, what is said of it, and, where that is wrong, what to do."""

    name: str
    said: str
    todo: str = ""


def passed(found: list[Finding]) -> bool:
    """Whether there is nothing to do."""
    return not any(finding.todo for finding in found)


def report(found: list[Finding]) -> str:
    """A line for each, and one below it with what to do."""
    lines = []
    for finding in found:
        lines.append(f"{'FAIL' if finding.todo else 'ok':<5}{finding.name:<12}{finding.said}")
        if finding.todo:
            lines += wrap(f"→ {finding.todo}", WIDTH, initial_indent=" " * 17, subsequent_indent=" " * 19)
    return "\n".join(lines)
