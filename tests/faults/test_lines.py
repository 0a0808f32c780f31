"""A client that does not get in leaves nothing open behind it."""

import asyncio
import contextlib
from typing import Any

import aiohttp
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.faults import lines
from tests.faults.lines import Broken, Line
from tests.waiting import PATIENCE


@pytest.mark.parametrize("last_words", [[], ["0{}"], ["0{}", "44{}"]], ids=["silent", "stops", "refuses"])
async def test_a_client_that_is_not_let_in_closes_its_connection(
    monkeypatch: pytest.MonkeyPatch, last_words: list[str]
) -> None:
    came, gone, patience = asyncio.Event(), asyncio.Event(), 0.3

    async def desk(connection: ServerConnection) -> None:
        came.set()
        with contextlib.suppress(ConnectionClosed):
            for word in last_words:
                await connection.send(word)
        await connection.wait_closed()
        gone.set()

    async with serve(desk, "127.0.0.1", 0) as server, aiohttp.ClientSession() as session:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        while not came.is_set():  # where its patience may be over before it is there
            monkeypatch.setattr(lines, "ANSWER", patience)
            with pytest.raises(Broken) as broken:  # which, as long as it is known, knows the connection
                await Line.open(session, address, "a-token", _hears_nothing)
            patience *= 2
        async with asyncio.timeout(PATIENCE):
            await gone.wait()
        assert isinstance(broken.value, Broken)


def _hears_nothing(event: str, payload: dict[str, Any]) -> None:
    raise AssertionError(event, payload)
