"""One line an event, for people or, as JSON, for machines.

Say what happened in the message, and give what varies as `extra`: `log.info("mail sent", extra={"kind": …})`.
Never a secret, a code, a token, or what somebody wrote. As a last resort, what looks like one is masked here.
"""

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

# These put bodies, keys or every packet into their chatter, so they stay quiet whatever CCR_LOG says.
_CALMED = {
    "aiohttp": logging.WARNING,
    "asyncio": logging.WARNING,
    "engineio": logging.WARNING,
    "engineio.server": logging.ERROR,  # without a level it would write lines in a form of its own
    "hypercorn": logging.WARNING,
    "ibm_boto3": logging.WARNING,
    "ibm_botocore": logging.WARNING,
    "ibm_cloud_sdk_core": logging.WARNING,
    "ibm-cloud-sdk-core": logging.WARNING,
    "ibm_watson": logging.WARNING,
    "python_http_client": logging.WARNING,
    "sendgrid": logging.WARNING,
    "socketio": logging.WARNING,
    "socketio.server": logging.ERROR,
    "urllib3": logging.WARNING,
}

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

_NAMED = r"(?i)\b(password|secret|token|api_?key|authorization|cookie)(['\"]?\s*[=:]\s*['\"]?)[^\s'\",&;]+"
_SECRETS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), r"\1 ***"),
    (re.compile(r"(?<=://)[^/\s@]*:[^/\s@]*(?=@)"), "***"),
    (re.compile(r"\bSG\.[\w-]{6,}\.[\w-]{6,}"), "SG.***"),
    (re.compile(r"(?i)\b(code['\"]?\s*[=:]\s*['\"]?)\d{6}\b"), r"\1***"),  # one-time; a refusal's is a word
    (re.compile(_NAMED), r"\1\2***"),
)


def set_up(level: str = "info", form: str = "text", stream: TextIO | None = None) -> None:
    """Send every log to `stream` (standard error), from `level` on, as `text` or `json` lines.

    May be called again: the last call counts.
    """
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, least in _CALMED.items():
        logging.getLogger(name).setLevel(max(least, root.level))


def redact(text: str) -> str:
    """The text with what looks like a secret masked."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class TextLines(logging.Formatter):
    """`2026-11-21T09:30:00.123Z INFO ccr.serving: listening url=http://127.0.0.1:8000`."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's one line."""
        parts = [f"{_time(record)} {record.levelname} {record.name}: {record.getMessage()}"]
        parts += [f"{name}={_shown(value)}" for name, value in _fields(record).items()]
        return redact(_one_line(" ".join(parts)))


class JsonLines(logging.Formatter):
    """The same as an object: `at`, `level`, `logger`, `event`, and the event's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's one line."""
        line = {"at": _time(record), "level": record.levelname.lower(), "logger": record.name}
        line["event"] = redact(record.getMessage())
        for name, value in _fields(record).items():
            plain = value is None or isinstance(value, bool | int | float)
            line[name] = value if plain else redact(str(value))
        return json.dumps(line)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    if record.exc_info and record.exc_info[1] is not None:
        fields["error"] = _error(record.exc_info[1])
        fields["where"] = _where(record.exc_info[1])
    return fields


def _error(error: BaseException) -> str:
    """The type, and so much of its text as helps: an error may quote what it was given."""
    text = f"{type(error).__name__}: {error}".rstrip(": ")
    return text if len(text) <= 200 else text[:200] + "…"


def _where(error: BaseException) -> str:
    """The innermost frames, newest first, so that a line is enough to find the place."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return " < ".join(f"{frame.filename}:{frame.lineno}({frame.name})" for frame in reversed(frames))


def _time(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _shown(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if re.search(r"[\s\"=]", text) else text


def _one_line(text: str) -> str:
    """Control characters shown, not obeyed: what somebody sent must not look like a line of ours."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
