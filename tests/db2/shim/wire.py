"""How DRDA frames what it says.

A request or a reply is a chain of segments (DSS); each holds one object (DDM), whose payload is often a list of
objects again. Numbers are big-endian.
"""

import socket
import struct

SHORT = 0x7FFF
"""Lengths from here on are written another way."""

CHAINED = 0x40
SAME_CORRELATION = 0x50
REQUEST_WITHOUT_REPLY = 5

SQL_CARD, SQL_DARD, SQL_DATA, SQL_TEXT = 0x2408, 0x2411, 0x2412, 0x2414
COMMIT, ROLLBACK = 0x200E, 0x200F
ACCESS_SECURITY, CHECK_SECURITY, ACCESS_DATABASE = 0x106D, 0x106E, 0x2001
ACCESSED, ATTRIBUTES, RESULT_SETS, NOT_OPENED = 0x2201, 0x1443, 0x2219, 0x2212
DATABASE_NAME, PRODUCT, TYPE_OVERRIDES, SERVER_CLASS = 0x2110, 0x112E, 0x0035, 0x1147
PACKAGE, QUERY_INSTANCE, RETURN_SET_STATEMENTS = 0x2113, 0x215B, 0x210E
EXECUTE_IMMEDIATE, EXECUTE, PREPARE, DESCRIBE, SET = 0x200A, 0x200B, 0x200D, 0x2008, 0x2014
DESCRIPTOR, VALUES = 0x0010, 0x147A


class Segment:
    """One DSS: what kind it is and how it hangs together with the next, and its object."""

    __slots__ = ("body", "correlation", "kind")

    def __init__(self, kind: int, correlation: int, body: bytes) -> None:
        self.kind = kind
        self.correlation = correlation
        self.body = body

    @property
    def code(self) -> int:
        """What its object is."""
        return u16(self.body, 2) if len(self.body) >= 4 else 0

    @property
    def payload(self) -> bytes:
        """What its object holds."""
        return read_object(self.body)[1]

    @property
    def chained(self) -> bool:
        """Whether another follows."""
        return bool(self.kind & CHAINED)

    @property
    def goes_on(self) -> bool:
        """Whether the next one belongs to the same command."""
        return self.kind & SAME_CORRELATION == SAME_CORRELATION

    def raw(self) -> bytes:
        """As it goes over the wire; a long one in pieces."""
        body = self.body
        head = struct.pack(">BBH", 0xD0, self.kind, self.correlation)
        if len(body) + 6 <= SHORT:
            return struct.pack(">H", len(body) + 6) + head + body
        out = [b"\xff\xff", head, body[: SHORT - 6]]
        rest = SHORT - 6
        while len(body) - rest > SHORT - 2:
            out += [b"\xff\xff", body[rest : rest + SHORT - 2]]
            rest += SHORT - 2
        out += [struct.pack(">H", len(body) - rest + 2), body[rest:]]
        return b"".join(out)


class Wire:
    """One end of a connection."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end
        self._file = end.makefile("rb", 65536)

    def receive(self) -> list[Segment]:
        """A whole chain. Raises `EOFError` when the other side is gone."""
        chain = [self._segment()]
        while chain[-1].chained:
            chain.append(self._segment())
        return chain

    def send(self, chain: list[Segment]) -> None:
        """A whole chain."""
        self.end.sendall(b"".join(segment.raw() for segment in chain))

    def _segment(self) -> Segment:
        length, magic, kind, correlation = struct.unpack(">HBBH", self._exactly(6))
        if magic != 0xD0:
            raise ValueError("this is not DRDA")
        if not length & 0x8000:
            return Segment(kind, correlation, self._exactly(length - 6))
        parts = [self._exactly(SHORT - 6)]
        while True:
            length = u16(self._exactly(2), 0)
            more = bool(length & 0x8000)
            parts.append(self._exactly((SHORT if more else length) - 2))
            if not more:
                return Segment(kind, correlation, b"".join(parts))

    def _exactly(self, count: int) -> bytes:
        found = self._file.read(count)
        if found is None or len(found) < count:
            raise EOFError
        return bytes(found)


def u16(data: bytes, at: int) -> int:
    """Two bytes."""
    return int(struct.unpack_from(">H", data, at)[0])


def make_object(code: int, payload: bytes) -> bytes:
    """A DDM object."""
    if len(payload) + 4 <= SHORT:
        return struct.pack(">HH", len(payload) + 4, code) + payload
    return struct.pack(">HHI", 0x8008, code, len(payload)) + payload


def read_object(data: bytes, at: int = 0) -> tuple[int, bytes, int]:
    """Code, payload, and where the next object begins."""
    length, code = struct.unpack_from(">HH", data, at)
    if length & 0x8000:
        extra = (length & SHORT) - 4
        if extra == 0:  # to the end
            return code, data[at + 4 :], len(data)
        size = int.from_bytes(data[at + 4 : at + 4 + extra], "big")
        begin = at + 4 + extra
        return code, data[begin : begin + size], begin + size
    if length < 4:
        raise ValueError("this is no DDM object")
    return code, data[at + 4 : at + length], at + length


def objects(data: bytes) -> list[tuple[int, bytes]]:
    """The objects that lie behind each other in `data`: code and payload."""
    found, at = [], 0
    while at < len(data):
        code, payload, at = read_object(data, at)
        found.append((code, payload))
    return found


def join(parts: list[tuple[int, bytes]]) -> bytes:
    """The reverse of `objects`."""
    return b"".join(make_object(code, payload) for code, payload in parts)


def sql_text(body: bytes) -> str | None:
    """The statement in a segment's body, where it is one."""
    code, payload, _ = read_object(body)
    if code != SQL_TEXT or not payload or payload[0] != 0:
        return None
    length = struct.unpack_from(">I", payload, 1)[0]
    return payload[5 : 5 + length].decode("utf-8", "replace") if payload[5 + length :] == b"\xff" else None


def make_sql_text(sql: str) -> bytes:
    """The body of a segment with this statement."""
    data = sql.encode()
    return make_object(SQL_TEXT, b"\0" + struct.pack(">I", len(data)) + data + b"\xff")
