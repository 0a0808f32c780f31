"""A database that IBM's driver takes for DB2: Derby's network server, with the shim in front of it."""

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

ROOT = Path(__file__).parent.parent.parent
JARS = Path(os.environ.get("DERBY_JARS", "/usr/share/java"))
NEEDED = ("derbynet", "derby")
INSTALL = "apt-get install default-jre-headless libderby-java"
USERS = ("app", "server")
"""Who is let in, each with their own name as the password: the tables' owner, and the one that serves."""

STARTING = 60
"""Seconds that a JVM may take to start on a busy machine."""


def missing() -> str | None:
    """What to do before any of this can run, if anything is to be done."""
    if importlib.util.find_spec("ibm_db") is None:
        return "IBM's driver is missing: pip install ibm_db"
    if shutil.which("java") is None or not all((JARS / f"{name}.jar").exists() for name in NEEDED):
        return f"Apache Derby is missing: {INSTALL}"
    return None


class Derby:
    """Derby's network server as a process, which may be frozen and killed, and started again on what is on its disk."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._said = home / "said.txt"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Until it lets somebody in."""
        settings = {
            "derby.system.home": self._home,
            "derby.locks.waitTimeout": 1,
            "derby.storage.indexStats.auto": "false",
            "derby.locks.deadlockTimeout": 0,
            "derby.stream.error.field": "java.lang.System.err",
            "user.timezone": "UTC",
            # Users have to prove themselves, and may do what they were granted.
            "derby.connection.requireAuthentication": "true",
            "derby.authentication.provider": "BUILTIN",
            "derby.database.sqlAuthorization": "true",
            **{f"derby.user.{name}": name for name in USERS},
        }
        command = ["java", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        command += [f"-D{name}={value}" for name, value in settings.items()]
        command += ["-cp", ":".join(str(JARS / f"{name}.jar") for name in NEEDED)]
        command += ["org.apache.derby.drda.NetworkServerControl", "start", "-noSecurityManager"]
        command += ["-h", "127.0.0.1", "-p", str(self.port)]
        with self._said.open("ab") as said:
            self._process = subprocess.Popen(command, cwd=self._home, stdout=said, stderr=said)
        until = monotonic() + STARTING
        while not self._lets_in():
            if self._process.poll() is not None or monotonic() > until:
                raise RuntimeError(f"Derby does not start: {self._said.read_text(encoding='utf-8')[-2000:]}")
            sleep(0.05)

    def freeze(self) -> None:
        """It holds everything and does nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """As a power cut would."""
        self._signal(signal.SIGKILL)
        self._wait()

    def stop(self) -> None:
        """If it runs."""
        if self._process is not None and self._process.poll() is None:
            self.thaw()
            self._process.terminate()
            self._wait()

    def _lets_in(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _wait(self) -> None:
        assert self._process is not None
        self._process.wait(20)


class Shim:
    """What makes it look like DB2, and lets go wrong what may go wrong on the way there; see `shim/__main__.py`."""

    def __init__(self, derby: Derby, *, memory: bool) -> None:
        command = [sys.executable, "-m", "tests.db2.shim", str(derby.port), *(["memory"] if memory else [])]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.port = int(self._heard().split()[1])

    def tell(self, line: str) -> str:
        """What it answers."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._heard().removeprefix("ok").strip()

    def close(self) -> None:
        """It ends."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def url(self, database: str, user: str = "app", **options: object) -> str:
        """For `CCR_DATABASE_URL`."""
        given = {"authentication": "server", "timeout": 20} | options
        query = "&".join(f"{name}={value}" for name, value in given.items())
        return f"db2://{user}:{user}@127.0.0.1:{self.port}/{database}?{query}"

    def _heard(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def new_name() -> str:
    """Of a database that nobody has used."""
    return f"T{secrets.token_hex(5).upper()}"


@contextmanager
def running(home: Path, *, memory: bool) -> Iterator[tuple[Derby, Shim]]:
    """Both, until the block is left."""
    home.mkdir(parents=True, exist_ok=True)
    derby = Derby(home)
    try:
        derby.start()
        shim = Shim(derby, memory=memory)
        try:
            yield derby, shim
        finally:
            shim.close()
    finally:
        derby.stop()
