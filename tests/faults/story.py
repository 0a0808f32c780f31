"""One run: servers, people who never stop writing, whatever happens to both, and in the end what is there."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import monotonic

import aiohttp

from tests.faults import ending
from tests.faults.cast import Cast, assemble
from tests.faults.chat import WINDOW, chat
from tests.faults.clients import Client, Person
from tests.faults.history import OK, Attempt, History, Send, Truth
from tests.faults.nodes import Node, new_secret
from tests.faults.talkers import Poster, Talker
from tests.nodes import Valkey, running_valkey
from tests.proxy import Proxy, open_proxy
from tests.waiting import until

PATIENCE = 240
"""Seconds for something that must come, on a very busy machine."""

FORGETS = 0.2
"""How many unanswered messages of a customer's are given up, as by somebody who closes the tab."""

TICKETS = 4


class Stuck(Exception):
    """Nothing goes on any more."""


class Story:
    """The servers, the lines to them, and the people."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        folder: Path,
        nodes: list[Node],
        redis: Valkey | None,
        forgets: float,
    ) -> None:
        self.session = session
        self.folder = folder
        self.forgets = forgets
        self.pace = 0.02
        """Seconds after which everybody looks whether they have something to say."""
        self.nodes = nodes
        self.redis = redis
        self.lines: list[Proxy] = []
        self.history = History()
        self.talkers: list[Talker] = []
        self.posters: list[Poster] = []
        self.cast: Cast
        self._led_to: Node | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._running: dict[str, asyncio.Task[None]] = {}
        self._chatting: asyncio.Task[None] | None = None

    @property
    def clients(self) -> list[Client]:
        """Everybody's."""
        return [*self.talkers, *self.posters]

    def acknowledged(self) -> int:
        """Sends so far."""
        return sum(client.acknowledged for client in self.clients)

    def outcomes(self) -> Counter[str]:
        """Of every attempt so far."""
        return Counter(attempt.outcome for send in self.history.sends.values() for attempt in send.attempts)

    def door(self) -> str:
        """A line to some node, or to the one to which everybody is led."""
        lines = [line for line in self.lines if self._led_to is None or line.target[1] == self._led_to.port]
        return random.choice(lines).url

    def lead_to(self, node: Node | None) -> None:
        """Everybody who is not there comes to this node; `None`: from now on to any."""
        self._led_to = node
        if node is not None:
            for talker in self.talkers:
                talker.move()

    def talker(self, name: str) -> Talker:
        """The one of this name."""
        return next(talker for talker in self.talkers if talker.name == name)

    async def acknowledges(self, more: int) -> None:
        """So many sends are acknowledged from now on."""
        goal = self.acknowledged() + more
        await self.until(lambda: self.acknowledged() >= goal)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for it, unless one of the people failed meanwhile."""

        def either() -> object:
            for task in self._tasks:
                if task.done():
                    task.result()
            return condition()

        try:
            await until(either, within=PATIENCE)
        except TimeoutError:
            raise Stuck(self.how_it_stands()) from None

    def how_it_stands(self) -> str:
        """For whoever has to find out why nothing goes on."""
        nodes = [f"{node.name} up={node.up}: " + " | ".join(list(node.log)[-8:]) for node in self.nodes]
        people = [
            f"{client.name} at {client.head}: {len(client.waiting)} wait, "
            + ", ".join(
                f"{a.outcome} {a.code}" for send in list(client.waiting)[:2] for a in send.attempts[-2:]
            )
            for client in self.clients
        ]
        return "\n".join([*nodes, *people])

    async def people_come(self, tickets: int) -> None:
        """They sign in and open their tabs."""
        self.cast = cast = await assemble(self.session, self.nodes[0].url, tickets)
        for person, ticket, key, command in cast.first_sends:
            attempt = Attempt(monotonic(), 0, monotonic(), OK)
            send = Send("the cast", person.id, ticket, key, command, [attempt])
            self.history.sends[key] = send
        for number, ticket in enumerate(cast.tickets):
            self._talker(
                f"carla{number}", cast.customers[number], ticket, window=WINDOW, forgets=self.forgets
            )
            self._talker(f"carla{number}-tab", cast.customers[number], ticket)
            self._talker(f"agent{number}", cast.agent_of(number), ticket)
        shared = cast.tickets[1]
        self._talker("chen-shares", cast.agents[2], shared)
        self._talker("stranger", cast.customers[0], shared)
        self._poster("ada-shares", cast.ada, shared)
        self._poster("ada-closes", cast.ada, cast.tickets[0])
        self._poster("carla2-http", cast.customers[2], cast.tickets[2], forgets=self.forgets)
        self._poster("stranger-http", cast.customers[0], cast.tickets[2])
        self._poster("raiser", cast.customers[0], 0)
        for client in self.clients:
            self._running[client.name] = asyncio.create_task(client.run(self.session))
        self._tasks += self._running.values()

    def chat(self) -> None:
        """Everybody begins to write, and goes on; tickets are also raised, handed on and closed."""
        self._chatting = asyncio.create_task(chat(self, self.posters))
        self._tasks.append(self._chatting)

    async def fall_silent(self) -> None:
        """Nobody writes anything new; what was begun is sent until it is settled."""
        if self._chatting is not None:
            self._tasks.remove(self._chatting)
            self._chatting.cancel()
            await asyncio.gather(self._chatting, return_exceptions=True)
        await self.until(lambda: not any(self._unsettled(client) for client in self.clients))

    async def goes(self, client: Client) -> None:
        """Their tab is closed."""
        task = self._running.pop(client.name)
        self._tasks.remove(task)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def people_go(self) -> None:
        """All tabs are closed."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def conclude(self, *, quickly: bool = False) -> Truth:
        """Everything heals, everybody falls silent and catches up; then all of it is read in every way there is.

        `quickly`: whether they are told without asking, and what a restart changes, is left out.
        """
        for line in self.lines:
            line.heal()
        for node in self.nodes:
            if not node.up:
                await node.start()
        await self.fall_silent()
        if not quickly:
            await ending.hear_the_rest(self)
            await ending.see_somebody_go(self)
        await self.people_go()
        return await ending.read_everything(self, after_restart=not quickly)

    def _unsettled(self, client: Client) -> bool:
        """Chen may wait for ever to be let in where Bea has the ticket."""
        return bool(client.waiting) and client.name not in ("stranger", "chen-shares", "agent1")

    def _talker(self, name: str, person: Person, ticket: int, window: int = 1, forgets: float = 0.0) -> None:
        self.talkers.append(
            Talker(self.history, name, person, ticket, doors=self.door, window=window, forgets=forgets)
        )

    def _poster(self, name: str, person: Person, ticket: int, forgets: float = 0.0) -> None:
        self.posters.append(Poster(self.history, name, person, ticket, doors=self.door, forgets=forgets))


@asynccontextmanager
async def told(
    folder: Path,
    *,
    nodes: int = 1,
    redis: bool = False,
    tickets: int = TICKETS,
    forgets: float = FORGETS,
    mutant: str = "",
) -> AsyncIterator[Story]:
    """A story whose people have come and not begun to write."""
    async with AsyncExitStack() as stack:
        between = stack.enter_context(running_valkey()) if redis else None
        given = {"CCR_SECRET_KEY": new_secret()}
        if between is not None:
            given["CCR_REDIS_URL"] = between.url
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        servers = [Node(f"node{n}", folder, given) for n in range(nodes)]
        story = Story(session, folder, servers, between, forgets)
        for node in story.nodes:
            stack.push_async_callback(node.end)
            if mutant:
                node.become(mutant)
            await node.start()
            for _ in range(2):
                story.lines.append(await stack.enter_async_context(open_proxy("127.0.0.1", node.port)))
        stack.push_async_callback(story.people_go)
        await story.people_come(tickets)
        yield story
