"""A TCP proxy between clients and a server, whose line is as bad as a test wants it, from one moment to the next.

async with open_proxy("127.0.0.1", server_port) as proxy:
    ...connect to proxy.url...
    proxy.latency = 0.2
    proxy.cut()
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

MOST = 64 * 1024
"""Bytes that are read at once."""

AHEAD = 256
"""Chunks of one direction under way at once: a slow line does not make the proxy hold everything."""


class _Chunk(NamedTuple):
    due: float
    data: bytes


class Proxy:
    """Carries bytes both ways. What its attributes say holds for open connections and new ones, at once."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        """Where new connections go."""
        self.latency = 0.0
        """Seconds that each byte is under way, one way."""
        self.bandwidth = 0
        """Bytes a second, each way of each connection; 0 is as fast as it goes."""
        self.slice = 0
        """Bytes handed on at once at most, each piece by itself; 0 is as they came."""
        self.refusing = False
        """Whether new connections are reset as soon as they come."""
        self.accepted = 0
        """How many connections have come."""
        self.port = 0
        self._clear = asyncio.Event()
        self._clear.set()
        self._open: set[asyncio.StreamWriter] = set()
        self._going: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where clients connect instead."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> int:
        """Reset every connection, both ends; how many there were."""
        for writer in self._open:
            _reset(writer)
        return len(self._open) // 2

    def black_hole(self, on: bool = True) -> None:
        """Nothing arrives any more, either way, and nobody is told; switched off, what was under way goes on."""
        if on:
            self._clear.clear()
        else:
            self._clear.set()

    def heal(self) -> None:
        """A good line again; connections that are open stay open."""
        self.latency, self.bandwidth, self.slice, self.refusing = 0.0, 0, 0, False
        self.black_hole(on=False)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection has come."""
        self.accepted += 1
        if self.refusing:
            _reset(writer)
            return
        task = asyncio.get_running_loop().create_task(self._carry(reader, writer))
        self._going.add(task)
        task.add_done_callback(self._going.discard)

    async def close(self) -> None:
        """Reset everything, and wait until it is over."""
        for task in self._going:
            task.cancel()
        if self._going:
            await asyncio.wait(self._going)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        self._open.add(writer)
        try:
            await self._clear.wait()
            if writer.is_closing():
                return  # cut before anything of it had arrived: nothing does
            far_reader, far_writer = await asyncio.open_connection(*self.target)
            ends.append(far_writer)
            self._open.add(far_writer)
            ways = [self._one_way(reader, far_writer), self._one_way(far_reader, writer)]
            await _all_or_none([asyncio.ensure_future(way) for way in ways])
            for end in ends:
                end.close()  # what is still in the kernel goes out
        except OSError:
            pass  # the server is not there, or one end is gone: so it is for the other
        finally:
            for end in ends:
                self._open.discard(end)
                if not end.is_closing():
                    _reset(end)

    async def _one_way(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until one side ends it, or either fails; what was read before an end still arrives."""
        under_way: asyncio.Queue[_Chunk | None] = asyncio.Queue(AHEAD)
        arriving = asyncio.ensure_future(self._arrive(under_way, writer))
        try:
            while data := await reader.read(MOST):
                await under_way.put(_Chunk(asyncio.get_running_loop().time() + self.latency, data))
            await under_way.put(None)
            await arriving
        finally:
            arriving.cancel()
            await asyncio.gather(arriving, return_exceptions=True)

    async def _arrive(self, under_way: "asyncio.Queue[_Chunk | None]", writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while (chunk := await under_way.get()) is not None:
            await asyncio.sleep(max(0.0, chunk.due - loop.time()))
            for piece in self._pieces(chunk.data):
                await self._clear.wait()
                writer.write(piece)
                await writer.drain()
                if self.bandwidth:
                    await asyncio.sleep(len(piece) / self.bandwidth)
                elif self.slice:
                    await asyncio.sleep(0)
        # An end is handed on once everything before it is out.
        writer.write_eof()

    def _pieces(self, data: bytes) -> list[bytes]:
        size = self.slice or (max(1, self.bandwidth // 20) if self.bandwidth else len(data))
        return [data[start : start + size] for start in range(0, len(data), size)]


async def _all_or_none(tasks: list[asyncio.Task[None]]) -> None:
    """Wait for all of them, unless one fails: then the others are of no more use."""
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Without a goodbye: the other side sees a reset, not an end."""
    connection = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def open_proxy(host: str, port: int) -> AsyncIterator[Proxy]:
    """A proxy to that address on a port of its own, until it is no longer needed."""
    proxy = Proxy(host, port)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
        await server.wait_closed()
