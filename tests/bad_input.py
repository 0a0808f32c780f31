"""What nobody may send: for every shape that comes in, values that are wrong for each of its fields.

Generated from the types themselves, so that a new field or command is attacked without anybody thinking of it.
"""

import json
import logging
import re
import types
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest

from ccr.desk import checking
from ccr.desk.commands import COMMANDS

SURROGATE = "\ud83d alone"
BLANK = ["", " ", "\r\n\t ", "\u200b", "\u200b \u2060\ufeff", "\u00a0", "\u3164", "\u2800\ufe0f"]
UNSTORABLE = ["a\x00b", SURROGATE, "fine until \udfff"]
IDS = [0, -1, 2**53, 2**63, 2**64, 10**30, True, False, 1.5, 1e300, "1", "", [], {}, [1], {"id": 1}]
"""No ids, whatever is stored."""
OBJECTS = [[], "x", 1, True, 0.5]

GOOD_COMMANDS: dict[str, dict[str, Any]] = {
    "open_ticket": {"query": "Where is it?", "details": "It was sent in May.", "priority": "high"},
    "post_message": {"body": "Hello", "reply_to": 1, "attachments": []},
    "post_note": {"body": "A note"},
    "assign_agent": {"agent": None},
    "set_priority": {"priority": "low"},
    "close_ticket": {"reason": "Done"},
    "reopen_ticket": {},
    "rate_ticket": {"stars": 5, "comment": "Quick"},
    "redact_message": {"of": 1, "reason": "A typo"},
    "request_person": {},
}
"""For every command fields that it takes, all of them given."""

assert GOOD_COMMANDS.keys() == COMMANDS.keys(), "a command that nobody attacks"


INTERNALS = re.compile(
    r"Traceback|ccr\.|\.py\b|msgspec|struct|sqlite|sqlcode|SELECT |INSERT |0x[0-9a-f]{6}", re.IGNORECASE
)
"""What an answer never says."""


class Bad(NamedTuple):
    """Something to send, and the field that is at fault."""

    given: dict[str, Any]
    fault: str


def bad_versions(shape: type[msgspec.Struct], good: dict[str, Any]) -> Iterator[Bad]:
    """Of what a shape takes all that it must not take: each field missing, of a wrong type, too long; unknown ones."""
    hints = get_type_hints(shape, include_extras=True)
    for field in msgspec.structs.fields(shape):
        name = field.encode_name
        if field.required:
            yield Bad({key: value for key, value in good.items() if key != name}, name)
        for value in bad_values(hints[field.name]):
            yield Bad({**good, name: value}, name)
    for unknown in ("unknown", "Type", "", "id", SURROGATE, "a\x00"):
        yield Bad({**good, unknown: 1}, checking.printable(unknown))


def bad_values(kind: Any) -> Iterator[Any]:
    """Values that are wrong for a field of this type."""
    options = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    if type(None) not in options:
        yield None
    for option in options:
        if option is not type(None):
            yield from _bad_of(option)


def _bad_of(kind: Any) -> Iterator[Any]:
    plain, limits = _unwrapped(kind)
    if plain is int:
        yield from (value for value in IDS if not _within(value, limits))
        yield from [] if limits is None or limits.le is None else [limits.le + 1]
        yield from [] if limits is None or limits.ge is None else [limits.ge - 1]
    elif plain is bool:
        yield from [0, 1, "true", "on", [], {}]
    elif plain is str:
        yield from [*BLANK, *UNSTORABLE, 1, 0, True, 1.5, [], {}, ["a text"], {"text": "a"}]
        if limits is not None and limits.max_length:
            yield from ["x" * (limits.max_length + 1), "\U0001f600" * (limits.max_length + 1), "x" * 20_000]
        if limits is not None and limits.pattern:
            yield from ["short", "x" * 65, "no blank here", "newline-\n", "ünïcödé-key", "٣٣٣٣٣٣٣٣"]
    elif isinstance(plain, type) and issubclass(plain, StrEnum):
        yield from ["", "LOW", "none", "low ", SURROGATE, "a\x00", 1, True, [], {}, ["low"]]
    elif get_origin(plain) is list:
        yield from ["", "1", 1, True, {}, [None], [[]], [1.5], [-1], [0], [True], [{}], ["1"], [SURROGATE]]
        yield [1, 2, 3, 4, 5, 6]
    elif get_origin(plain) is dict:
        yield from OBJECTS
    else:
        raise TypeError(f"nobody has thought of what is wrong for {kind}")


def _unwrapped(kind: Any) -> tuple[Any, msgspec.Meta | None]:
    if get_origin(kind) is Annotated:
        plain, *extras = get_args(kind)
        return plain, next((extra for extra in extras if isinstance(extra, msgspec.Meta)), None)
    return kind, None


def _within(value: Any, limits: msgspec.Meta | None) -> bool:
    """0 is fine for a number from 0 on."""
    return (
        type(value) is int
        and limits is not None
        and limits.ge is not None
        and value >= limits.ge
        and (limits.le is None or value <= limits.le)
    )


def refusals_logged(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, int | None]]:
    """Code, what was asked and by whom, of every refusal that the log tells; it must tell nothing that would wake
    anybody. (`caplog` must be set to INFO.)
    """
    assert not [record for record in caplog.records if record.levelno > logging.INFO], caplog.text
    lines = [record for record in caplog.records if record.name == "ccr.services.refusal_log"]
    assert all(
        (line.levelname, line.getMessage(), line.exc_info) == ("INFO", "refused", None) for line in lines
    )
    told = [vars(line) for line in lines]
    return [(line["code"], line["asked"], line["person"]) for line in told]


def everything_logged(caplog: pytest.LogCaptureFixture) -> str:
    """The log with every field of every line, nothing masked."""
    return "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)


def without_internals(answer: dict[str, Any]) -> bool:
    """Whether a refusal's body has the contract's form, and says nothing of how we are made."""
    known = {"ok", "code", "message", "fields", "retry_after"}
    return answer.keys() <= known and not INTERNALS.search(
        json.dumps([answer["message"], answer.get("fields")])
    )
