"""A client's half of the wire: one Socket.IO connection, or one HTTP request."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

import aiohttp

ANSWER = 4.0
"""Seconds without an acknowledgement after which a client takes the connection for dead."""


class Broken(Exception):
    """The connection is of no more use."""


class Line:
    """One connection: events out, acknowledgements and pushes in."""

    def __init__(
        self, socket: aiohttp.ClientWebSocketResponse, heard: Callable[[str, dict[str, Any]], None]
    ) -> None:
        self._socket = socket
        self._heard = heard
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._number = 0
        self.broken = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(
        cls,
        session: aiohttp.ClientSession,
        url: str,
        token: str,
        heard: Callable[[str, dict[str, Any]], None],
    ) -> "Line":
        """Connected and let in. Raises `Broken`."""
        try:
            async with asyncio.timeout(ANSWER), contextlib.AsyncExitStack() as failing:
                socket = await session.ws_connect(
                    f"{url}/socket.io/?EIO=4&transport=websocket", compress=0, timeout=_CLOSING
                )
                failing.push_async_callback(socket.close)
                await socket.receive_str()
                await socket.send_str("40" + json.dumps({"token": token}))
                if not (await socket.receive_str()).startswith("40"):
                    raise Broken
                failing.pop_all()
        except (OSError, TimeoutError, TypeError, aiohttp.ClientError) as error:
            raise Broken from error
        return cls(socket, heard)

    async def ask(self, event: str, payload: dict[str, Any]) -> dict[str, Any]:
        """The acknowledgement. Raises `Broken` when none comes in time or the connection goes."""
        self._number += 1
        number = self._number
        answered = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(ANSWER):
                if self.broken.is_set():
                    raise Broken
                await self._socket.send_str(f"42{number}{json.dumps([event, payload])}")
                answer: dict[str, Any] = await answered
                return answer
        except (OSError, TimeoutError, aiohttp.ClientError) as error:
            self._break()
            raise Broken from error
        finally:
            self._waiting.pop(number, None)

    async def close(self) -> None:
        """Gone, without waiting for the other side."""
        self._break()
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        with contextlib.suppress(Exception):
            await self._socket.close()

    def _break(self) -> None:
        self.broken.set()
        for answered in self._waiting.values():
            if not answered.done():
                answered.set_exception(Broken())
                answered.exception()  # whoever waited may be gone by now

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                text = str(message.data)
                if text == "2":
                    await self._socket.send_str("3")
                elif text.startswith("43"):
                    number, _, answer = text[2:].partition("[")
                    if (waits := self._waiting.get(int(number))) and not waits.done():
                        waits.set_result(json.loads(answer[:-1]))
                elif text.startswith("42"):
                    event, payload = json.loads(text[2:])
                    self._heard(event, payload)
                elif text.startswith("41"):
                    break
        except (OSError, aiohttp.ClientError):
            pass
        finally:
            self._break()


_CLOSING = aiohttp.ClientWSTimeout(ws_close=0.2)


async def call(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    path: str,
    token: str | None = None,
    body: dict[str, Any] | None = None,
    *,
    within: float = ANSWER,
) -> dict[str, Any]:
    """The JSON answer, with `ok`. Raises `Broken` where there is none, in time."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    timeout = aiohttp.ClientTimeout(total=within)
    try:
        async with session.request(
            method, f"{url}/api/v1/{path}", json=body, headers=headers, timeout=timeout
        ) as answer:
            found = await answer.json() if answer.status != 204 else {}
    except (OSError, TimeoutError, ValueError, aiohttp.ClientError) as error:
        raise Broken from error
    return {"ok": answer.status < 300, **found}
