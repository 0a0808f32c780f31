"""Parameters: their description (FD:OCA) and their values.

IBM's driver sends texts as UTF-16; Derby takes UTF-8 only.
"""

import struct
from typing import NamedTuple

from tests.db2.shim.wire import DESCRIPTOR, SQL_DATA, VALUES, make_object, objects, read_object, u16

GRAPHIC, VARGRAPHIC, LONG_VARGRAPHIC = 0x36, 0x38, 0x3A
VARMIX, LONG_VARMIX = 0x3E, 0x40
UTF16 = (GRAPHIC, VARGRAPHIC, LONG_VARGRAPHIC)
FIXED = {0x02: 4, 0x04: 2, 0x06: 1, 0x0A: 8, 0x0C: 4, 0x16: 8, 0x18: 4, 0x1A: 4, 0x1C: 4, 0xBE: 2}
"""Bytes of the types whose length is always the same."""

DECIMAL = 0x0E
VARYING = (0x28, 0x2A, 0x32, 0x34, VARMIX, LONG_VARMIX)
GROUP = 0x76
FIELDS_IN_GROUP = 84


class Field(NamedTuple):
    """A parameter as described: its DRDA type (odd: may be null), its declared length, its bytes."""

    kind: int
    length: int
    value: bytes | None

    @property
    def nullable(self) -> bool:
        """Whether a byte in front of the value says if there is one."""
        return bool(self.kind & 1)


def texts_as_utf8(body: bytes) -> bytes:
    """The same parameters, every text in UTF-8."""
    parts = dict(objects(read_object(body)[1]))
    description, values = parts.get(DESCRIPTOR), parts.get(VALUES)
    if description is None or values is None:
        return body
    kinds = _kinds(description)
    if not any(kind & 0xFE in UTF16 for kind, _ in kinds):
        return body
    fields = [_as_utf8(field) for field in _fields(kinds, values)]
    tail = description[_groups_end(description) :]
    data = values[:1] + b"".join(_raw(field) for field in fields)
    return make_object(
        SQL_DATA, make_object(DESCRIPTOR, _describe(fields) + tail) + make_object(VALUES, data)
    )


def _as_utf8(field: Field) -> Field:
    base = field.kind & 0xFE
    if base not in UTF16:
        return field
    kind = VARMIX | (field.kind & 1)
    if field.value is None:
        return Field(kind, 0x7FFF, None)
    text = (field.value if base == GRAPHIC else field.value[2:]).decode("utf-16-be", "surrogatepass")
    data = text.encode("utf-8", "replace")
    if len(data) > 0x7FFF:
        kind = LONG_VARMIX | (field.kind & 1)
    return Field(kind, 0x7FFF, struct.pack(">H", len(data)) + data)


def _raw(field: Field) -> bytes:
    if field.value is None:
        return b"\xff"
    return (b"\x00" if field.nullable else b"") + field.value


def _kinds(description: bytes) -> list[tuple[int, int]]:
    found, at = [], 0
    while at < len(description):
        length = description[at]
        if description[at + 1] == GROUP:
            found += [(description[n], u16(description, n + 1)) for n in range(at + 3, at + length, 3)]
        at += length
    return found


def _groups_end(description: bytes) -> int:
    at = 0
    while at < len(description) and description[at + 1] == GROUP:
        at += description[at]
    return at


def _describe(fields: list[Field]) -> bytes:
    out = b""
    for begin in range(0, len(fields), FIELDS_IN_GROUP):
        group = fields[begin : begin + FIELDS_IN_GROUP]
        out += bytes([3 + 3 * len(group), GROUP, 0xD0 if begin == 0 else 0x00])
        out += b"".join(struct.pack(">BH", field.kind, field.length) for field in group)
    return out


def _fields(kinds: list[tuple[int, int]], values: bytes) -> list[Field]:
    found, at = [], 1
    for kind, length in kinds:
        if kind & 1:
            at += 1
            if values[at - 1] != 0:
                found.append(Field(kind, length, None))
                continue
        size = _size(kind & 0xFE, length, values, at)
        found.append(Field(kind, length, values[at : at + size]))
        at += size
    return found


def _size(base: int, length: int, values: bytes, at: int) -> int:
    if base in FIXED:
        return FIXED[base]
    if base == DECIMAL:
        return (length >> 8) // 2 + 1
    if base in VARYING:
        return 2 + u16(values, at)
    if base in (VARGRAPHIC, LONG_VARGRAPHIC):
        return 2 + 2 * u16(values, at)
    return 2 * length if base == GRAPHIC else length
