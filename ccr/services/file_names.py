"""Names of files as people gave them: kept in any script, to be shown, and never used as a path."""

import json
import re
import unicodedata

from ccr.desk.refusals import Refusal, bad_file

MOST_BYTES = 120
"""Of a name within JSON, so that five of them and the longest message fit where entries are kept."""
LONGEST_EXTENSION = 8

_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_UNSEEN = re.compile("[\u00ad\u180e\u200b\u2060-\u2064\ufeff\U000e0000-\U000e007f]")
# Scripts join letters by these, and emoji are made with them; between Latin letters they only hide something.
_JOINED = re.compile("[\x00-\x7f][\u200c\u200d]|[\u200c\u200d][\x00-\x7f]|^[\u200c\u200d]|[\u200c\u200d]$")
_EXTENSION = re.compile(rf"\.[A-Za-z0-9]{{1,{LONGEST_EXTENSION}}}\Z")


def checked(name: str) -> str:
    """The name as it is kept, cut where it is too long. Raises `invalid` for one that deceives."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise _unfit("holds characters that cannot be stored") from None
    name = unicodedata.normalize("NFC", name).strip()
    if "/" in name or "\\" in name or name in {".", ".."}:
        raise _unfit("is a path, not a name")
    if any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} for char in name):
        raise _unfit("holds characters that control something")
    if _TURNING.search(name):
        raise _unfit("turns its own direction around")
    if _UNSEEN.search(name) or _JOINED.search(name):
        raise _unfit("holds characters that nobody sees")
    return _cut(name)


def extension(name: str) -> str:
    """What follows the last dot, in lower case; an empty text where nothing does."""
    found = _EXTENSION.search(name)
    return found[0][1:].lower() if found else ""


def with_extension(name: str, wanted: str) -> str:
    """The name, given an extension where it has none."""
    return name if extension(name) else _cut(f"{name or 'file'}.{wanted}")


def _cut(name: str) -> str:
    end = _EXTENSION.search(name)
    tail = end[0] if end else ""
    stem = name[: len(name) - len(tail)]
    while _length(stem + tail) > MOST_BYTES:
        stem = stem[:-1]
    return stem + tail


def _length(name: str) -> int:
    return len(json.dumps(name, ensure_ascii=False).encode()) - 2


def _unfit(why: str) -> Refusal:
    return bad_file(f"has a name that {why}")
