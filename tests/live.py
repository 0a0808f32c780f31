"""The whole registry, served in this process on a port of its own, and the cast to talk in it.

Nothing here sleeps: what must come is waited for, and what must not come is looked for after a `fence`, an answer
before which it would have had to arrive.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs

import socketio
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_websocket
from websockets.exceptions import ConnectionClosed

from ccr import serving
from ccr.adapters.passwords import Argon2Passwords
from ccr.app import Parts, Registry, create_app
from ccr.desk.commands import read_command
from ccr.desk.people import Person
from ccr.ports import Assistant, Pusher
from ccr.services.identity import Identity
from ccr.settings import Settings
from tests import databases
from tests.accounts_house import ADA, AMIR, BEA, CARLA, LAPTOP, OMAR, PASSWORD, SECRET, with_password
from tests.waiting import PATIENCE, until

WITHIN = PATIENCE

LASTING = "correct battery"
"""The agents' password, after the one they were given."""

Heard = tuple[str, Any]


def new_key() -> str:
    """One that nobody has used."""
    return secrets.token_urlsafe(12)


class Cast:
    """Carla and Omar, customers; Amir and Bea, agents; Ada, the admin. Each is signed in."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.people: dict[str, Person] = {}
        self.tokens: dict[str, str] = {}
        self.sessions: dict[str, int] = {}

    async def come(self, beside: "Cast | None") -> None:
        """The same people as of the registry `beside` this one, on the same database; new ones if there is none."""
        if beside is None:
            await self.assemble()
        else:
            self.people, self.tokens, self.sessions = beside.people, beside.tokens, beside.sessions

    async def assemble(self) -> None:
        """Make them, through the services."""
        registry = self.registry
        for name, given in (("carla", CARLA), ("omar", OMAR)):
            self.people[name] = await registry.accounts.register(with_password(given))
        invitation = await registry.first_admin.invitation()
        assert invitation is not None
        accepted = with_password(ADA)
        self.people["ada"] = await registry.first_admin.accept(invitation.partition("=")[2], accepted)
        for name, given in (("amir", AMIR), ("bea", BEA)):
            await self.hire(name, given)
        for name in ("carla", "omar", "ada"):
            await self.sign_in(name)

    async def hire(self, name: str, given: dict[str, str]) -> None:
        """An agent, who has changed the password."""
        registry = self.registry
        self.people[name] = await registry.staff.create(self.people["ada"], given | {"password": PASSWORD})
        first = await registry.signing_in.sign_in(given["email"], PASSWORD, LAPTOP)
        change = {"current_password": PASSWORD, "password": LASTING, "confirm_password": LASTING}
        await registry.accounts.change_password(Identity(first.session_id, first.person), change)
        await self.sign_in(name, LASTING)

    async def second_admin(self) -> None:
        """Alan, by a link that Ada could have printed."""
        link = await self.registry.first_admin.make_admin("alan@example.org")
        [code] = parse_qs(link.partition("?")[2])["code"]
        given = {
            "email": "alan@example.org",
            "code": code,
            "password": PASSWORD,
            "confirm_password": PASSWORD,
        }
        await self.registry.resets.confirm(given, LAPTOP)
        await self.sign_in("alan")

    async def sign_in(self, name: str, password: str = PASSWORD) -> str:
        """A new session, the one that `connect` uses from now on; its token."""
        begun = await self.registry.signing_in.sign_in(f"{name}@example.org", password, LAPTOP)
        self.people[name] = begun.person
        self.tokens[name] = begun.token
        self.sessions[name] = begun.session_id
        return begun.token

    def id(self, name: str) -> int:
        """Whose id it is."""
        return self.people[name].id

    def identity(self, name: str) -> Identity:
        """As the services know them."""
        return Identity(self.sessions[name], self.people[name])

    async def do(self, name: str, ticket: int | None, kind: str, **fields: Any) -> dict[str, Any]:
        """Somebody asks for something, by no socket."""
        command = read_command({"type": kind, **fields})
        answer = await self.registry.changes.carry_out(self.people[name], ticket, new_key(), command)
        return answer.wire()

    async def raise_ticket(self, name: str = "carla", query: str = "My order has not come") -> int:
        """Its id."""
        return int((await self.do(name, None, "open_ticket", query=query))["ticket"])

    async def ticket_with_agent(self, agent: str = "amir") -> int:
        """Carla's, which Ada gave to an agent: entries 1 and 2."""
        ticket = await self.raise_ticket()
        await self.do("ada", ticket, "assign_agent", agent=self.id(agent))
        return ticket

    async def rows(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        """What is really stored."""
        return await self.registry.database.read(lambda connection: connection.rows(sql, *params))

    async def count(self, table: str) -> int:
        """Rows in a table."""
        return int((await self.rows(f"SELECT COUNT(*) FROM {table}"))[0][0])  # noqa: S608


class Client:
    """One person's Socket.IO connection, as an app of theirs would use it."""

    def __init__(self, socket: socketio.AsyncClient) -> None:
        self.socket = socket
        self.log: list[Heard] = []
        """Everything that came, acknowledgements too (as `ack`), in the order of its coming."""
        self.gone = False
        socket.on("*", lambda event, payload: self.log.append((event, payload)))
        socket.on("disconnect", self._leave)

    async def ask(self, event: str, payload: Any = None) -> Any:
        """The acknowledgement."""
        return await (await self.send(event, payload))

    async def send(self, event: str, payload: Any = None) -> "asyncio.Future[Any]":
        """What will be the acknowledgement."""
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def acknowledged(body: Any) -> None:
            self.log.append(("ack", body))
            answered.set_result(body)

        await self.socket.emit(event, payload, callback=acknowledged)
        return asyncio.ensure_future(asyncio.wait_for(answered, WITHIN))

    async def do(self, ticket: int | None, kind: str, key: str | None = None, **fields: Any) -> Any:
        """A command's acknowledgement."""
        return await self.ask(
            "do", {"ticket": ticket, "key": key or new_key(), "command": {"type": kind, **fields}}
        )

    def got(self, event: str) -> list[Any]:
        """The payloads that have come under this name, oldest first."""
        return [payload for name, payload in self.log if name == event]

    async def heard(self, event: str, count: int = 1, where: Callable[[Any], bool] = lambda _: True) -> Any:
        """The `count`th payload under this name, once it has come."""

        def found() -> list[Any]:
            return [payload for payload in self.got(event) if where(payload)]

        await until(lambda: len(found()) >= count, WITHIN)
        return found()[count - 1]

    async def fence(self) -> None:
        """Everything that was pushed to this client before now has come."""
        assert (await self.ask("fence"))["code"] == "invalid"

    async def disconnected(self) -> None:
        """The server has closed the connection."""
        await until(lambda: self.gone, WITHIN)

    async def close(self) -> None:
        """Go."""
        await self.socket.disconnect()

    def _leave(self, *_: object) -> None:
        self.gone = True


class RawSocket:
    """A WebSocket that says what it likes, and does nothing by itself: it does not even answer when told to go."""

    def __init__(self, wire: ClientConnection) -> None:
        self._wire = wire

    async def say(self, frame: str | bytes) -> None:
        """One message, as it is."""
        await self._wire.send(frame)

    def say_bytes(self, sent: bytes) -> None:
        """Whatever it is, a part of a message or several."""
        self._wire.transport.write(sent)

    async def hear(self) -> str:
        """The next message; pings are left out, as they come by the clock."""
        while True:
            async with asyncio.timeout(WITHIN):
                frame = await self._wire.recv()
            assert isinstance(frame, str)
            if frame != "2":
                return frame

    async def pinged(self) -> None:
        """The next ping; what else comes is passed over."""
        async with asyncio.timeout(WITHIN):
            while await self._wire.recv() != "2":
                pass

    async def hear_all(self) -> list[str]:
        """Everything until the server closes the connection."""
        heard = []
        try:
            while True:
                heard.append(await self.hear())
        except ConnectionClosed:
            return heard

    async def cut(self) -> None:
        """Close the connection, without reading what may still come."""
        await self._wire.close()

    def drop(self) -> None:
        """End the connection without a word."""
        self._wire.transport.abort()

    async def enter(self, token: str) -> Self:
        """Connected and let in."""
        await self.hear()
        await self.say(f"40{json.dumps({'token': token})}")
        assert (await self.hear()).startswith("40")
        return self

    async def ask(self, number: int, event: str, payload: Any) -> None:
        """An event, which is to be acknowledged under this number."""
        await self.say(f"42{number}{json.dumps([event, payload])}")


class Live(Cast):
    """A registry that is being served."""

    def __init__(self, registry: Registry, port: int, stack: AsyncExitStack) -> None:
        super().__init__(registry)
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._stack = stack

    async def connect(self, name: str | None, *, told: list[Any] | None = None, **options: Any) -> Client:
        """A new connection of this person's, by their latest token. Raises what `connect` of the library raises.

        Somebody who is not let in finds in `told` what they were told.
        """
        socket = socketio.AsyncClient(reconnection=False, handle_sigint=False)
        client = Client(socket)
        if told is not None:
            socket.on("connect_error", told.append)
        auth = {"token": self.tokens[name]} if name else None
        given: dict[str, Any] = {"transports": ["websocket"], "auth": auth, "wait_timeout": WITHIN} | options
        self._stack.push_async_callback(client.close)
        await socket.connect(self.url, **given)
        return client

    async def raw(
        self, name: str | None = None, *, headers: Mapping[str, str] | None = None, query: str = ""
    ) -> RawSocket:
        """A bare WebSocket to Socket.IO's address, let in as `name` if one is given."""
        url = f"ws://127.0.0.1:{self.port}/socket.io/?EIO=4&transport=websocket{query}"
        wire = await self._stack.enter_async_context(
            connect_websocket(url, additional_headers=headers, compression=None, close_timeout=1)
        )
        raw = RawSocket(wire)
        return await raw.enter(self.tokens[name]) if name else raw

    async def on_ticket(self, ticket: int, *names: str) -> list[Client]:
        """Each of them connected and joined."""
        clients = [await self.connect(name) for name in names]
        for client in clients:
            joined = await client.ask("join", {"ticket": ticket})
            assert joined["ok"], joined
        return clients

    def transports(self) -> int:
        """How many connections the server holds open."""
        return sum(not transport.closed for transport in self.registry.server.eio.sockets.values())


def make_registry(
    folder: Path,
    *,
    now: Callable[[], int] | None = None,
    assistant: Assistant | None = None,
    pusher: Pusher | None = None,
    bot: bool = False,
    **given: Any,
) -> Registry:
    """One on an empty folder, with passwords that cost nothing to hash. Without a `bot` nobody writes unasked."""
    usual: dict[str, Any] = {
        "bind": "127.0.0.1:0",
        "secret_key": SECRET,
        "rate_limits": False,
        "database_url": databases.url(folder),
    }
    settings = Settings(data=folder, **(usual | given))
    hasher = Argon2Passwords(memory_kib=8, passes=1)
    timed: dict[str, Any] = {"now": now} if now else {}
    registry = create_app(settings, Parts(hasher=hasher, assistant=assistant, pusher=pusher, **timed))
    if not bot:
        registry.bot = None
    return registry


@asynccontextmanager
async def registry_with_cast(folder: Path, beside: Cast | None = None, **given: Any) -> AsyncIterator[Cast]:
    """Not served: to be asked through its services or by Quart's test client."""
    registry = make_registry(folder, **given)
    async with registry.running():
        cast = Cast(registry)
        await cast.come(beside)
        yield cast


@asynccontextmanager
async def live_registry(folder: Path, beside: Cast | None = None, **given: Any) -> AsyncIterator[Live]:
    """Served until the test is over, on a port that the system chose; with the cast of the one `beside` it, if any."""
    with serving.listen(Settings(data=folder, bind="127.0.0.1:0", secret_key=SECRET)) as listener:
        port = listener.getsockname()[1]
        registry = make_registry(folder, public_url=f"http://127.0.0.1:{port}", **given)
        stop = asyncio.Event()
        await registry.prepare()
        task = asyncio.create_task(
            serving.serve(registry, registry.settings, registry.drain, listener=listener, stop=stop)
        )
        try:
            async with AsyncExitStack() as stack:
                live = Live(registry, port, stack)
                await live.come(beside)
                yield live
        finally:
            stop.set()
            await asyncio.wait_for(task, WITHIN)
