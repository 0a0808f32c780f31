"""Servers that tests start as programs of their own."""

import socket
import subprocess
import time
from pathlib import Path

START_WITHIN = 60
"""Seconds, on a very busy machine."""


def free_port() -> int:
    """One that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


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
