"""The short way of a text frame, held against the general machinery."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage

from ccr.hypercorn_fixes import framed_text, text_frame

LENGTHS = [1, 2, 3, 4, 125, 126, 127, 128, 255, 65_535]


def from_client(*events: Event) -> bytes:
    return b"".join(map(Connection(ConnectionType.CLIENT).send, events))


@pytest.mark.parametrize("length", LENGTHS)
def test_a_text_from_a_client_is_read(length: int) -> None:
    assert framed_text(from_client(TextMessage("x" * length))) == "x" * length


@given(st.text(min_size=1))
def test_whatever_its_letters(text: str) -> None:
    assert framed_text(from_client(TextMessage(text))) == text


@given(st.text())
def test_a_text_to_a_client_is_framed(text: str) -> None:
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(text_frame(text))
    assert "".join(event.data for event in client.events() if isinstance(event, TextMessage)) == text


@pytest.mark.parametrize("length", [*LENGTHS, 65_536])
def test_a_text_to_a_client_of_any_length(length: int) -> None:
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(text_frame("x" * length))
    assert "".join(event.data for event in client.events() if isinstance(event, TextMessage)) == "x" * length


HELLO = from_client(TextMessage("Hello"))
OTHERS = {
    "nothing": b"",
    "an empty text": from_client(TextMessage("")),
    "the beginning of a frame": HELLO[:-1],
    "a frame and the beginning of the next": HELLO + HELLO[:1],
    "two frames": HELLO + HELLO,
    "a fragment": from_client(TextMessage("Hello", message_finished=False)),
    "the end of a fragmented message": b"\x80" + HELLO[1:],
    "bytes": from_client(BytesMessage(b"Hello")),
    "a ping": from_client(Ping(b"Hello")),
    "a pong": from_client(Pong(b"Hello")),
    "a farewell": from_client(CloseConnection(1000, "Hello")),
    "a reserved bit": b"\xc1" + HELLO[1:],
    "without a mask": text_frame("Hello"),
    "a length in more bytes than it needs": b"\x81\xfe\x00\x05" + HELLO[2:],
    "a length in eight bytes": b"\x81\xff" + (5).to_bytes(8, "big") + HELLO[2:],
    "as long as the mark of a length in eight bytes": b"\x81\xff" + bytes(4 + 127),
    "too long for two bytes": from_client(TextMessage("x" * 65_536)),
    "no UTF-8": b"\x81\x82" + bytes(4) + b"\xc3\x28",
    "half a letter": b"\x81\x81" + bytes(4) + b"\xc3",
    "a lone surrogate": b"\x81\x83" + bytes(4) + b"\xed\xa0\x80",
}


@pytest.mark.parametrize("sent", OTHERS.values(), ids=OTHERS.keys())
def test_anything_else_is_left_to_the_general_machinery(sent: bytes) -> None:
    assert framed_text(sent) is None
