"""Derby's errors as DB2's: the code, the SQLSTATE and what the message is about."""

import struct
from collections.abc import Callable
from typing import NamedTuple

from tests.db2.shim.wire import u16

Words = list[str]


def _words(*places: int) -> Callable[[Words], Words]:
    return lambda given: [given[place] for place in places if place < len(given)]


def _these(*said: str) -> Callable[[Words], Words]:
    return lambda _: list(said)


class Known(NamedTuple):
    """What DB2 says where Derby says something else; `pick` chooses the message's words among Derby's."""

    code: int
    state: str
    pick: Callable[[Words], Words]


_NO_TABLE = Known(-204, "42704", _words(0))
KNOWN = {
    "23505": Known(-803, "23505", _words(0, 1)),
    "23503": Known(-530, "23503", _words(0)),
    "23513": Known(-545, "23513", _words(0)),
    "23502": Known(-407, "23502", _words(0)),
    "42X05": _NO_TABLE,
    "42Y07": _NO_TABLE,
    "X0X05": _NO_TABLE,
    "42X65": _NO_TABLE,
    "42Y55": Known(-204, "42704", _words(1)),
    "42X04": Known(-206, "42703", _words(0)),
    "42X14": Known(-206, "42703", _words(0)),
    "42X01": Known(-104, "42601", lambda given: [given[0] if given else "", "", ""]),
    "X0Y32": Known(-601, "42710", _words(1, 0)),
    "X0Y68": Known(-601, "42710", _words(1, 0)),
    "42500": Known(-551, "42501", _words(0, 1, 3)),
    "42502": Known(-551, "42501", _words(0, 1, 4)),
    "42506": Known(-551, "42501", _words(0, 1, 3)),
    "42507": Known(-551, "42501", lambda given: [given[0], "ALTER, DROP OR CREATE", given[1]]),
    "40001": Known(-911, "40001", _these("2")),
    "40XL1": Known(-911, "40001", _these("68")),
    "40XL2": Known(-911, "40001", _these("68")),
    "22001": Known(-433, "22001", _words(1)),
    "22003": Known(-413, "22003", _these()),
    "XCL52": Known(-952, "57014", _these()),
}
"""By Derby's SQLSTATE."""

RELEASE = b"SQL11058"
_NOTHING = b"\xff"
_COUNTERS = 36


def as_db2(card: bytes) -> bytes | None:
    """The SQLCA that `card` begins with, as DB2 would send it; `None` where nothing is to be changed."""
    if card[:1] in (b"", _NOTHING):
        return None
    code = struct.unpack_from(">i", card, 1)[0]
    state = card[5:10].decode()
    if code == 0 or card[18:19] == _NOTHING:
        return None
    counters, at = card[18 : 18 + _COUNTERS], 18 + _COUNTERS
    database, at = _text(card, at)
    message, at = _text(card, at)
    short, at = _text(card, at)
    given = (message or short).decode("utf-8", "replace").split("\x14")
    words: list[str] = []
    if state == "02000":
        code = 100
    elif state in KNOWN:
        code, state, pick = KNOWN[state]
        words = pick(given)
    else:
        words = given
    said = b"\xff".join(word.encode() for word in words)[:70]
    return card[:1] + _sqlca(code, state, said, counters, database) + card[at:]


def error_card(code: int, state: str) -> bytes:
    """The payload of a reply that says that something failed."""
    return b"\x00" + _sqlca(code, state, b"", bytes(25) + b" " * 11, b"") + _NOTHING


def _sqlca(code: int, state: str, said: bytes, counters: bytes, database: bytes) -> bytes:
    return (
        struct.pack(">i", code)
        + state.encode()
        + RELEASE
        + counters
        + struct.pack(">H", len(database))
        + database
        + struct.pack(">H", len(said))
        + said
        + b"\0\0"
    )


def _text(card: bytes, at: int) -> tuple[bytes, int]:
    length = u16(card, at)
    return card[at + 2 : at + 2 + length], at + 2 + length
