"""Servers that tests start as programs of their own."""

import socket
import subprocess
import time
from pathlib import Path

START_WITHIN = 60
"""Seconds, on a very busy machine."""


_held: list[socket.socket] = []


def free_port() -> int:
    """One that nobody listens on, and that the system gives to nobody else while these tests run.

    So it is still free when a server is started there, or started again.
    """
    place = socket.socket()
    # Whoever sets this as well may listen there all the same, as servers do.
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    place.bind(("127.0.0.1", 0))
    _held.append(place)
    return int(place.getsockname()[1])


def when_listening(port: int, server: "subprocess.Popen[bytes]", log: Path) -> None:
    """Return once it takes connections; fail with its log if it ends instead, or takes for ever."""
    end = time.monotonic() + START_WITHIN
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"it does not listen: {log.read_text(errors='replace')[-2000:]}")
