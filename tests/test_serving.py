"""Serving: the protocol we speak, what is cut off, and stopping within ten seconds whatever hangs."""

import asyncio
import base64
import os
import signal
import socket
import struct
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypercorn.protocol.ws_stream import WSStream

from ccr import serving
from ccr.package_files import hypercorn_config
from ccr.settings import Settings
from tests.waiting import PATIENCE, until

LIMIT = 66_560
HEAD = b"GET / HTTP/1.1\r\nHost: registry\r\n"
UPGRADE = HEAD + (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
    b"Sec-WebSocket-Key: " + base64.b64encode(b"sixteen bytes ok") + b"\r\n\r\n"
)


class Echo:
    """An app that repeats what its WebSockets say and remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.ended = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": scope["http_version"].encode()})
        else:
            await self._echo(receive, send)

    async def _live(self, receive: Any, send: Any) -> None:
        while True:
            event = (await receive())["type"]
            self.told.append(event)
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                self.ended.set()
                return

    async def _echo(self, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (event := await receive())["type"] == "websocket.receive":
            self.told.append("message")
            await send({"type": "websocket.send", "text": event["text"]})
        self.told.append("left")


class Running:
    """A server under test."""

    def __init__(self, app: Echo, port: int, stop: asyncio.Event, task: "asyncio.Task[None]") -> None:
        self.app, self.port, self.stop, self.task = app, port, stop, task

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.close()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)

    async def answer_to(self, request: bytes) -> bytes:
        """Everything it says to `request`, whereupon it closes."""
        async with self.connection() as (reader, writer):
            writer.write(request)
            return await _until_closed(reader)


@asynccontextmanager
async def serving_echo(drain: Callable[[Echo], Awaitable[None]] | None = None) -> AsyncIterator[Running]:
    app, stop = Echo(), asyncio.Event()

    async def no_goodbye() -> None:
        app.told.append("drained")
        if drain:
            await drain(app)

    settings = Settings.read({"CCR_BIND": "127.0.0.1:0"})
    listener = serving.listen(settings)
    port = listener.getsockname()[1]
    task = asyncio.create_task(serving.serve(app, settings, no_goodbye, listener=listener, stop=stop))
    try:
        yield Running(app, port, stop, task)
    finally:
        stop.set()
        await asyncio.wait_for(task, PATIENCE)


async def test_it_speaks_http_1_1_and_does_not_name_itself() -> None:
    async with serving_echo() as server:
        answer = await server.answer_to(HEAD + b"Connection: close\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"1.1\r\n0\r\n\r\n")
    assert b"server:" not in answer.lower()


async def test_http_2_is_refused_and_not_upgraded_to() -> None:
    prior_knowledge = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    upgrade = HEAD + b"Connection: Upgrade, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"
    async with serving_echo() as server:
        assert (await server.answer_to(prior_knowledge)).startswith(b"HTTP/1.1 505")
        assert (await server.answer_to(upgrade)).startswith(b"HTTP/1.1 200")


async def test_websockets_are_not_compressed_even_when_asked_for() -> None:
    async with serving_echo() as server, server.connection() as (reader, writer):
        head = await _upgraded(reader, writer)
        writer.write(_frame(1, b"hello"))
        echo = await reader.readexactly(7)

    assert b"101" in head
    assert b"sec-websocket-extensions" not in head.lower()
    assert echo == b"\x81\x05hello"


async def test_a_message_of_the_largest_size_passes() -> None:
    async with serving_echo() as server, server.connection() as (reader, writer):
        await _upgraded(reader, writer)
        writer.write(_frame(1, b"a" * LIMIT))
        head = await reader.readexactly(10)

    assert struct.unpack(">Q", head[2:])[0] == LIMIT


OVERSIZED = {
    "in one frame": [(1, b"a" * (LIMIT + 1), True)],
    "in many frames": [(1, b"a" * 60_000, False), (0, b"a" * 60_000, True)],
}


@pytest.mark.parametrize("frames", OVERSIZED.values(), ids=OVERSIZED.keys())
async def test_a_message_that_is_too_big_closes_the_connection(frames: list[tuple[int, bytes, bool]]) -> None:
    async with serving_echo() as server, server.connection() as (reader, writer):
        await _upgraded(reader, writer)
        for opcode, data, last in frames:
            writer.write(_frame(opcode, data, last=last))
        await _until_closed(reader)
        await until(lambda: "left" in server.app.told)

        assert "message" not in server.app.told
        assert (await server.answer_to(HEAD + b"Connection: close\r\n\r\n")).startswith(b"HTTP/1.1 200")


GARBAGE = {
    "no frame of WebSocket's": b"GET / HTTP/1.1\r\n\r\n",
    "a reserved opcode": bytes([0x85, 0x80, 0, 0, 0, 0]),
    "unmasked": b"\x81\x02hi",
    "compressed": bytes([0xC1, 0x81, 0, 0, 0, 0, 0x61]),
    "no UTF-8": bytes([0x81, 0x81, 0, 0, 0, 0, 0xFF]),
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
async def test_garbage_closes_the_connection_and_nothing_else(
    garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving_echo() as server:
        async with server.connection() as (reader, writer):
            await _upgraded(reader, writer)
            writer.write(garbage)
            await _until_closed(reader)
        await until(lambda: "left" in server.app.told)

        assert (await server.answer_to(HEAD + b"Connection: close\r\n\r\n")).startswith(b"HTTP/1.1 200")
    assert not [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"], ids=["without end", "all at once"])
async def test_an_endless_request_head_is_refused(end: bytes) -> None:
    async with serving_echo() as server:
        answer = await server.answer_to(HEAD + b"Accept: " + b"a;q=1," * 6_000 + end)

    assert answer.startswith(b"HTTP/1.1 431")


async def test_a_long_request_head_is_taken() -> None:
    async with serving_echo() as server:
        answer = await server.answer_to(
            HEAD + b"Connection: close\r\nCookie: " + b"a=b; " * 3_000 + b"\r\n\r\n"
        )

    assert answer.startswith(b"HTTP/1.1 200")


async def test_others_have_their_turn_while_many_pings_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    turn, answers = 0, Counter[int]()
    answer = WSStream._send_wsproto_event

    async def others() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    async def counted(stream: WSStream, event: Any) -> None:
        answers[turn] += 1
        await answer(stream, event)

    async with serving_echo() as server, server.connection() as (reader, writer):
        await _upgraded(reader, writer)
        monkeypatch.setattr(WSStream, "_send_wsproto_event", counted)
        meanwhile = asyncio.create_task(others())
        writer.write(_frame(9, b"") * 5_000)
        await asyncio.wait_for(reader.readexactly(2 * 5_000), PATIENCE)
        meanwhile.cancel()

    assert answers.total() == 5_000
    assert max(answers.values()) < 400, "in one step"


async def test_an_answer_before_the_request_has_ended_says_that_it_is_the_last() -> None:
    async with serving_echo() as server:
        early = await server.answer_to(b"POST" + HEAD[3:] + b"Content-Length: 9\r\n\r\nhalf")
        async with server.connection() as (reader, writer):
            writer.write(b"POST" + HEAD[3:] + b"Content-Length: 4\r\n\r\nfull")
            full = await reader.readuntil(b"\r\n\r\n")

    assert early.startswith(b"HTTP/1.1 200")
    assert b"\r\nconnection: close\r\n" in early.lower()
    assert b"connection:" not in full.lower()


async def test_stopping_says_goodbye_before_the_app_ends() -> None:
    async with serving_echo() as server, server.connection() as (reader, writer):
        await _upgraded(reader, writer)
        server.stop.set()
        await asyncio.wait_for(server.task, PATIENCE)

    assert server.app.told == ["lifespan.startup", "drained", "left", "lifespan.shutdown"]


async def test_a_goodbye_that_fails_or_hangs_does_not_keep_it_from_stopping(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(serving, "DRAIN_WITHIN", 0.01)

    async def hang(_app: Echo) -> None:
        await asyncio.Event().wait()

    async def fail(_app: Echo) -> None:
        raise RuntimeError("no goodbye")

    for drain in (hang, fail):
        async with serving_echo(drain) as server:
            server.stop.set()
            await asyncio.wait_for(server.task, PATIENCE)
            assert server.app.ended.is_set()

    assert [record.getMessage() for record in caplog.records if record.levelname != "INFO"] == [
        "stopping: the connected took too long to say goodbye to",
        "stopping: saying goodbye failed",
    ]


def test_an_address_in_use_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(serving.CannotListen, match=rf"^cannot listen on {bind} \(CCR_BIND\): [^\n]+$"):
            serving.listen(Settings.read({"CCR_BIND": bind}))


def test_hypercorn_reads_our_file() -> None:
    given = tomllib.loads(hypercorn_config().read_text(encoding="utf-8"))
    config = serving._config()

    assert config.alpn_protocols == ["http/1.1"]
    assert config.websocket_max_message_size == LIMIT
    assert {name: getattr(config, name) for name in given} == given
    assert set(given) <= set(dir(type(config)))  # Hypercorn ignores a misspelt name


PROGRAM = """
import asyncio, sys
from ccr import serving
from ccr.settings import Settings
from tests.test_serving import Echo

if "hurry" in sys.argv:
    serving.DRAIN_WITHIN = serving.STOPPED_WITHIN = 0.2

async def main():
    settings = Settings.read({"CCR_BIND": "127.0.0.1:0"})
    listener = serving.listen(settings)

    async def drain():
        print("goodbye", flush=True)
        if "block" in sys.argv:
            import time
            time.sleep(600)

    print(type(asyncio.get_running_loop()).__module__, listener.getsockname()[1], flush=True)
    await serving.serve(Echo(), settings, drain, listener=listener)
    print("ended", flush=True)

serving.run(main())
"""


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_process_even_with_a_client_that_never_leaves(by: signal.Signals) -> None:
    with _process() as process:
        loop, port = _line(process).split()
        with socket.create_connection(("127.0.0.1", int(port))) as client:
            client.sendall(UPGRADE)
            assert b"101" in client.recv(4096)
            process.send_signal(by)
            assert process.wait(PATIENCE) == 0
        assert loop.startswith("uvloop")
        assert _line(process) == "goodbye"
        assert _line(process) == "ended"


def test_a_process_that_hangs_ends_by_force() -> None:
    with _process("block", "hurry") as process:
        port = int(_line(process).split()[1])
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(UPGRADE)
            assert b"101" in client.recv(4096)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 1


@contextmanager
def _process(*arguments: str) -> "Iterator[subprocess.Popen[str]]":
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


async def _upgraded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(UPGRADE)
    return await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)


async def _until_closed(reader: asyncio.StreamReader) -> bytes:
    said = b""
    try:
        while more := await asyncio.wait_for(reader.read(65536), PATIENCE):
            said += more
    except ConnectionError:
        pass
    return said


def _frame(opcode: int, data: bytes, *, last: bool = True) -> bytes:
    size = len(data)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 65536:
        length = bytes([0x80 | 126]) + struct.pack(">H", size)
    else:
        length = bytes([0x80 | 127]) + struct.pack(">Q", size)
    return bytes([0x80 * last | opcode]) + length + bytes(4) + data  # a mask of zeros changes nothing
