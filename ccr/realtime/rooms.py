"""The library's rooms, but whoever goes is taken out of their own, and not looked for in everybody's.

Every socket is a room, too: with the library's way two thousand people who go at once, as at every deploy, cost four
million looks.
"""

from typing import Any

import socketio


class Rooms(socketio.AsyncManager):  # type: ignore[misc]
    """`AsyncManager` that knows which rooms a socket is in."""

    def __init__(self) -> None:
        super().__init__()
        self._of: dict[str, set[str | None]] = {}

    def basic_enter_room(
        self, sid: str, namespace: str, room: str | None, eio_sid: str | None = None
    ) -> None:
        """Put it in."""
        super().basic_enter_room(sid, namespace, room, eio_sid=eio_sid)
        self._of.setdefault(sid, set()).add(room)

    def basic_leave_room(self, sid: str, namespace: str, room: str | None) -> None:
        """Take it out, if it is in."""
        super().basic_leave_room(sid, namespace, room)
        if mine := self._of.get(sid):
            mine.discard(room)
            if not mine:
                del self._of[sid]

    def basic_disconnect(self, sid: str, namespace: str, **_: Any) -> None:
        """It has gone, or was never let in."""
        for room in list(self._of.get(sid, ())):
            self.basic_leave_room(sid, namespace, room)
        self.callbacks.pop(sid, None)
        for pending in (self.pending_connect, self.pending_disconnect):
            if sid in pending.get(namespace, ()):
                pending[namespace].remove(sid)
                if not pending[namespace]:
                    del pending[namespace]
