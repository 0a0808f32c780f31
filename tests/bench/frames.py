"""A Socket.IO client of just the WebSocket half, light enough to keep a server busy from the other core."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp


class Frames:
    """One connection: `ask` sends an event and waits for its acknowledgement."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._waiting: dict[int, asyncio.Future[str]] = {}
        self._number = 0
        self.pushed = 0
        self.on_push: Callable[[str], None] | None = None
        self.over = asyncio.Event()
        """The line has ended."""
        self._reader: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls, session: aiohttp.ClientSession, url: str, auth: dict[str, str] | None = None
    ) -> "Frames":
        """Connected and let in, or `ConnectionRefusedError` with what the server said."""
        async with AsyncExitStack() as failing:
            socket = await session.ws_connect(f"{url}/socket.io/?EIO=4&transport=websocket", compress=0)
            failing.push_async_callback(socket.close)
            await socket.receive_str()
            await socket.send_str("40" + (json.dumps(auth) if auth else ""))
            answer = await socket.receive_str()
            if not answer.startswith("40"):
                raise ConnectionRefusedError(answer)
            failing.pop_all()
        made = cls(socket)
        made._reader = asyncio.create_task(made._read())
        return made

    async def ask(self, event: str, payload: dict[str, Any]) -> str:
        """The acknowledgement's JSON, unparsed."""
        self._number += 1
        number = self._number
        answered = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_str(f"42{number}{json.dumps([event, payload])}")
        answer: str = await answered
        return answer

    async def close(self) -> None:
        """Gone."""
        await self._socket.close()
        if self._reader is not None:
            await self._reader

    async def _read(self) -> None:
        async for message in self._socket:
            text: str = message.data
            if text == "2":
                await self._socket.send_str("3")
            elif text.startswith("43"):
                number, _, answer = text[2:].partition("[")
                self._waiting.pop(int(number)).set_result(f"[{answer}")
            elif text.startswith("42"):
                self.pushed += 1
                if self.on_push is not None:
                    self.on_push(text)
        self.over.set()
