"""The bad line that other tests use is bad in the way they asked for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.proxy import Proxy, open_proxy
from tests.waiting import until


class Echo:
    """A server that sends back what it gets, and remembers in which pieces it came."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            self.pieces.append(data)
            writer.write(data)
        writer.close()


@asynccontextmanager
async def proxied() -> AsyncIterator[tuple[Proxy, Echo]]:
    echo = Echo()
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    async with server, open_proxy("127.0.0.1", server.sockets[0].getsockname()[1]) as proxy:
        yield proxy, echo


async def connect(proxy: Proxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", proxy.port)


async def test_what_is_sent_arrives_whole_and_in_order_on_a_bad_line() -> None:
    async with proxied() as (proxy, echo):
        proxy.slice, proxy.bandwidth, proxy.latency = 7, 100_000, 0.01
        reader, writer = await connect(proxy)
        said = bytes(range(256)) * 8
        writer.write(said)
        assert await reader.readexactly(len(said)) == said
        assert len(echo.pieces) > 1
        writer.close()


async def test_after_an_end_what_was_under_way_still_arrives() -> None:
    async with proxied() as (proxy, _):
        proxy.latency = 0.05
        reader, writer = await connect(proxy)
        writer.write(b"goodbye")
        writer.write_eof()
        assert await reader.read() == b"goodbye"
        writer.close()


async def test_a_cut_resets_every_connection() -> None:
    async with proxied() as (proxy, _):
        reader, writer = await connect(proxy)
        writer.write(b"hello")
        await reader.readexactly(5)
        assert proxy.cut() == 1
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(1)
        writer.close()


async def test_a_black_hole_tells_nobody_and_gives_everything_back() -> None:
    async with proxied() as (proxy, echo):
        reader, writer = await connect(proxy)
        writer.write(b"before")
        await reader.readexactly(6)
        proxy.black_hole()
        writer.write(b"within")
        late_reader, late = await connect(proxy)
        late.write(b"late")
        await until(lambda: proxy.accepted == 2)
        assert echo.pieces == [b"before"]
        proxy.heal()
        assert await reader.readexactly(6) == b"within"
        assert await late_reader.readexactly(4) == b"late"
        for end in (writer, late):
            end.close()


async def test_what_is_cut_in_a_black_hole_does_not_come_out_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    carry, come = Proxy._carry, list[Any]()

    async def noted(proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        come.append(reader)
        await carry(proxy, reader, writer)

    monkeypatch.setattr(Proxy, "_carry", noted)
    async with proxied() as (proxy, echo):
        proxy.black_hole()
        lost_reader, lost = await connect(proxy)
        lost.write(b"lost")
        await until(lambda: come and come[0]._buffer == b"lost")
        proxy.cut()
        assert await gone(lost_reader)
        proxy.heal()
        reader, writer = await connect(proxy)
        writer.write(b"after")
        assert await reader.readexactly(5) == b"after"
        assert echo.pieces == [b"after"]
        for end in (lost, writer):
            end.close()


async def test_a_server_that_is_away_and_a_line_that_refuses_reset_who_comes() -> None:
    async with proxied() as (proxy, _):
        proxy.refusing = True
        reader, writer = await connect(proxy)
        assert await gone(reader)
        writer.close()
        proxy.heal()
        proxy.target = ("127.0.0.1", 1)
        reader, writer = await connect(proxy)
        assert await gone(reader)
        writer.close()


async def gone(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read(1) == b""
    except ConnectionResetError:
        return True
