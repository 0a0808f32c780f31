"""The two servers that are compared, each a process of its own on a free port of this machine."""

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from tests.servers import free_port

ADMIN = {"email": "ada@example.org", "password": "ada-has-a-password"}
PASSWORD = "a-password-of-the-bench"
ROOT = Path(__file__).parents[2]


class Addressed(Protocol):
    """Something at a URL."""

    @property
    def url(self) -> str:
        """Without a slash at its end."""


class Server:
    """A process and its address."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self.url = url

    def resident(self) -> int:
        """Bytes of memory."""
        [line] = [
            line
            for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
            if line.startswith("VmRSS:")
        ]
        return int(line.split()[1]) * 1024

    async def metric(self, session: aiohttp.ClientSession, name: str) -> float:
        """One number of `/metrics`."""
        async with session.get(f"{self.url}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        [value] = [line.split()[1] for line in lines if line.split()[0] == name]
        return float(value)

    def cpu(self) -> float:
        """Seconds of processor that it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.asynccontextmanager
async def started(*command: str, **environ: str) -> AsyncIterator[Server]:
    """A Python module served on a free port, until it is no longer needed. `{bind}` in the command is the address."""
    bind = f"127.0.0.1:{free_port()}"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *(part.format(bind=bind) for part in command),
        env=os.environ | environ | {"CCR_BIND": bind, "CCR_RATE_LIMITS": "off", "CCR_LOG": "error"},
        cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        await _listens(bind)
        yield Server(process, f"http://{bind}")
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@contextlib.asynccontextmanager
async def bare_echo() -> AsyncIterator[Server]:
    """The yardstick."""
    async with started("tests.bench.bare", "{bind}") as server:
        yield server


@contextlib.asynccontextmanager
async def registry() -> AsyncIterator[Server]:
    """A whole registry with an empty data folder."""
    with tempfile.TemporaryDirectory() as folder:
        async with node(folder) as server:
            yield server


@contextlib.asynccontextmanager
async def node(folder: str, **environ: str) -> AsyncIterator[Server]:
    """One process of the registry in this folder."""
    admin = {"CCR_ADMIN_EMAIL": ADMIN["email"], "CCR_ADMIN_PASSWORD": ADMIN["password"]}
    async with started("ccr", CCR_DATA=folder, **admin, **environ) as server:
        yield server


class Pair:
    """A ticket and the tokens of the two people who talk on it."""

    def __init__(self, ticket: int, customer: str, agent: str) -> None:
        self.ticket = ticket
        self.tokens = (customer, agent)


async def pairs(session: aiohttp.ClientSession, server: Addressed, count: int) -> list[Pair]:
    """So many tickets, each with a customer and an agent of its own."""
    admin = (await _call(session, server, "sessions", ADMIN))["token"]
    return [await _pair(session, server, admin, number) for number in range(count)]


async def _pair(session: aiohttp.ClientSession, server: Addressed, admin: str, number: int) -> Pair:
    customer = await _customer(session, server, number)
    agent, agent_id = await _agent(session, server, admin, number)
    opened = {"key": f"open-{number:08d}", "query": f"Question number {number}"}
    ticket = (await _call(session, server, "tickets", opened, customer))["id"]
    assign = {"key": f"give-{number:08d}", "command": {"type": "assign_agent", "agent": agent_id}}
    await _call(session, server, f"tickets/{ticket}/commands", assign, admin)
    return Pair(ticket, customer, agent)


async def _customer(session: aiohttp.ClientSession, server: Addressed, number: int) -> str:
    email = f"customer{number}@example.org"
    secret = {"password": PASSWORD, "confirm_password": PASSWORD}
    person = {"first_name": "Carla", "last_name": f"N{number}", "email": email, "mobile": "+15550100"}
    await _call(session, server, "customers", person | secret)
    token: str = (await _call(session, server, "sessions", {"email": email, "password": PASSWORD}))["token"]
    return token


async def _agent(
    session: aiohttp.ClientSession, server: Addressed, admin: str, number: int
) -> tuple[str, int]:
    email = f"agent{number}@example.org"
    person = {"first_name": "Amir", "last_name": f"N{number}", "email": email, "mobile": "+15550100"}
    more = {"gender": "male", "username": f"agent{number}", "password": "changed-at-once"}
    made = await _call(session, server, "agents", person | more, admin)
    sign_in = {"email": email, "password": "changed-at-once"}
    token: str = (await _call(session, server, "sessions", sign_in))["token"]
    new = {"current_password": "changed-at-once", "password": PASSWORD, "confirm_password": PASSWORD}
    await _call(session, server, "me/password", new, token)
    return token, int(made["id"])


async def _call(
    session: aiohttp.ClientSession,
    server: Addressed,
    path: str,
    body: dict[str, Any],
    token: str | None = None,
) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with session.post(f"{server.url}/api/v1/{path}", json=body, headers=headers) as answer:
        if answer.status >= 300:
            raise RuntimeError(f"{path}: {answer.status} {await answer.text()}")
        return await answer.json() if answer.status != 204 else None


async def _listens(bind: str) -> None:
    host, _, port = bind.partition(":")
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(host, int(port))
                writer.close()
                return
            await asyncio.sleep(0.05)
