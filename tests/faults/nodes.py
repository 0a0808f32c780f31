"""Real servers on one database, and a Redis between them: start, hurt, heal."""

import asyncio
import contextlib
import os
import resource
import secrets
import signal
import sys
from collections import Counter, deque
from pathlib import Path
from time import monotonic

import aiohttp

from tests.servers import free_port

ROOT = Path(__file__).parents[2]
ADMIN = {"email": "ada@example.org", "password": "ada-has-a-password"}
UP_WITHIN = 120
"""Seconds for a start on a very busy machine."""


class Node:
    """One server process after another on the same port."""

    def __init__(self, name: str, folder: Path, environ: dict[str, str]) -> None:
        self.name = name
        self.port = free_port()
        self.deaths: Counter[str] = Counter()
        self.slowest_stop = 0.0
        """Seconds from SIGTERM to the end of the process; more where it was frozen meanwhile."""
        self.complaints: list[str] = []
        """Tracebacks and criticals in its log."""
        self.log: deque[str] = deque(maxlen=400)
        self._environ = {
            "CCR_BIND": f"127.0.0.1:{self.port}",
            "CCR_DATA": str(folder),
            "CCR_RATE_LIMITS": "off",
            "CCR_LOG": "warning",
            # Its words are nobody's here: what is stored is compared with what these people asked for.
            "CCR_ASSISTANT": "off",
            "CCR_ADMIN_EMAIL": ADMIN["email"],
            "CCR_ADMIN_PASSWORD": ADMIN["password"],
        } | environ
        self.process: asyncio.subprocess.Process | None = None
        """The one of its start before, until the next."""
        self._hearing: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def up(self) -> bool:
        """Whether there is a process, frozen or not."""
        return self.process is not None and self.process.returncode is None

    async def start(self, die: str = "") -> None:
        """Up and ready. `die` is the named point at which it will kill itself, as the launcher wants it."""
        given = {name: value for name, value in os.environ.items() if not name.startswith("CCR_")}
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.faults.launcher",
            env=given | self._environ | {"CCR_TESTS_DIE": die},
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._hearing = asyncio.create_task(self._hear(self.process))
        async with asyncio.timeout(UP_WITHIN), aiohttp.ClientSession() as session:
            while not await self._ready(session):
                if not self.up:
                    if die:
                        return  # it was quick
                    raise RuntimeError(f"{self.name} did not start: {' | '.join(self.log)}")
                await asyncio.sleep(0.05)

    def become(self, mutant: str) -> None:
        """From its next start on it breaks this promise."""
        self._environ["CCR_TESTS_MUTANT"] = mutant

    async def died(self, how: str) -> None:
        """Wait until it is over with it, and count that."""
        assert self.process is not None
        await self.process.wait()
        if self._hearing is not None:
            await self._hearing
        self.deaths[how] += 1

    async def kill(self) -> None:
        """`kill -9`."""
        self._signal(signal.SIGKILL)
        await self.died("at random")

    async def stop(self) -> None:
        """SIGTERM, and wait."""
        began = monotonic()
        self._signal(signal.SIGTERM)
        await self.died("SIGTERM")
        self.slowest_stop = max(self.slowest_stop, monotonic() - began)

    def freeze(self) -> None:
        """It stands still, whatever it is about to do."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        self._signal(signal.SIGCONT)

    def fill_disk(self, size: int) -> None:
        """No file of this process can grow beyond so many bytes, as if there was no more room."""
        self._limit(size)

    def free_disk(self) -> None:
        """There is room again."""
        self._limit(resource.RLIM_INFINITY)

    async def end(self) -> None:
        """However it is now."""
        if self.up:
            self._signal(signal.SIGKILL)
            await self.died("the end")

    def _limit(self, size: int) -> None:
        if self.process is not None and self.up:
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def _signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    async def _ready(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.url}/readyz", timeout=aiohttp.ClientTimeout(total=2)) as answer:
                return answer.status == 200
        except (OSError, TimeoutError, aiohttp.ClientError):
            return False

    async def _hear(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            text = line.decode(errors="replace").rstrip()
            self.log.append(text)
            if "Traceback" in text or "CRITICAL" in text:
                self.complaints.append(text)


def new_secret() -> str:
    """The same for all nodes of a registry."""
    return secrets.token_urlsafe(32)
