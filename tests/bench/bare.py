"""The yardstick: a room echo of bare python-socketio, which stores nothing, on the same server settings."""

import sys
from typing import Any

import socketio

from ccr import serving
from ccr.settings import Settings

server = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="*")


async def connect(sid: str, environ: dict[str, Any], auth: object) -> None:
    """Everybody may."""


async def join(sid: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Enter the room."""
    await server.enter_room(sid, str(asked["ticket"]))
    return {"ok": True}


async def do(sid: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Echo to the others in the room."""
    body = {"ticket": asked["ticket"], "key": asked["key"], **asked["command"]}
    await server.emit("entry", body, room=str(asked["ticket"]), skip_sid=sid)
    return {"ok": True, "ticket": asked["ticket"], "entries": [body]}


for handler in (connect, join, do):
    server.on(handler.__name__, handler)


async def _nothing() -> None:
    await server.shutdown()


def main() -> None:
    """Serve on the address given."""
    settings = Settings.read({"CCR_BIND": sys.argv[1]})
    app = socketio.ASGIApp(server)
    serving.run(serving.serve(app, settings, _nothing))


if __name__ == "__main__":
    main()
