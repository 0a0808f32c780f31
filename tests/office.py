"""A house with its postman, a letterbox that can fail, and one ticket that there is something to tell of."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ccr.adapters.mail_templates import JinjaTemplates
from ccr.desk.commands import AssignAgent, Command, OpenTicket, PostMessage
from ccr.desk.notices import Channel, Kind, Notice
from ccr.desk.people import Person
from ccr.package_files import template_folder
from ccr.ports import Mail
from ccr.services.deliveries import IN_FLIGHT
from ccr.services.mail_carrier import MailCarrier
from ccr.services.postman import Postman
from ccr.store import outbox, read_marks
from tests.accounts_house import AMIR, BEA, CARLA, House, open_house

HOME = "https://care.example.org"


@dataclass
class Letterbox:
    """Takes mails, or fails as it is told to, one word for each try."""

    most: int = IN_FLIGHT
    mails: list[Mail] = field(default_factory=list)
    troubles: list[Exception] = field(default_factory=list)
    doors: asyncio.Event = field(default_factory=asyncio.Event)
    under_way: int = 0
    most_under_way: int = 0
    closed: bool = False

    def __post_init__(self) -> None:
        self.doors.set()

    async def send(self, mail: Mail) -> None:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await self.doors.wait()
        self.under_way -= 1
        if self.troubles:
            raise self.troubles.pop(0)
        self.mails.append(mail)

    async def close(self) -> None:
        self.closed = True

    @property
    def kinds(self) -> list[str]:
        return [mail.kind for mail in self.mails]


class Office:
    """A whole house with its postman, Carla's ticket and what they say on it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.box = Letterbox()
        self.postman = self.another_postman(self.box)
        self._keys = 0

    def another_postman(self, box: Letterbox, **parts: Any) -> Postman:
        mail = MailCarrier(
            self.house.database,
            box,
            JinjaTemplates(template_folder() / "mail"),
            self.house.resets.mint,
            public_url=HOME + "/",
            unsubscribe=lambda person, kind: f"{HOME}/unsubscribe/{person}-{kind}",
            now=lambda: self.house.time,
        )
        given: dict[str, Any] = {"now": lambda: self.house.time, "chance": lambda: 0.5}
        return Postman(self.house.database, {Channel.MAIL: mail}, **(given | parts))

    async def people(self) -> None:
        """The cast, whose welcomes are carried."""
        self.ada = await self.house.admin()
        self.amir = await self.house.agent(self.ada, AMIR)
        self.bea = await self.house.agent(self.ada, BEA)
        self.carla = await self.house.customer(CARLA)
        self.ticket = await self.do(
            self.carla, OpenTicket(query="My invoice shows a wrong address"), new=True
        )
        await self.do(self.ada, AssignAgent(agent=self.amir.id))
        await self.quiet()

    async def quiet(self) -> None:
        """Everything until now has been carried and is forgotten."""
        await self.postman.drain_once()
        self.box.mails.clear()

    async def do(self, person: Person, command: Command, *, new: bool = False) -> int:
        """Carry it out on Carla's ticket. The ticket's id when it is new, else the entry's number."""
        self._keys += 1
        key = f"testkey-{self._keys}"
        answer = await self.house.changes.carry_out(person, None if new else self.ticket, key, command)
        return answer.ticket if new else answer.seq

    async def say(self, person: Person, body: str) -> int:
        return await self.do(person, PostMessage(body=body))

    async def read(self, person: Person, seq: int) -> None:
        time = self.house.time
        await self.house.database.write(lambda c: read_marks.move(c, self.ticket, person.id, seq, time))

    async def owe(self, **notice: Any) -> None:
        """A mail to Carla, unless told otherwise."""
        given: dict[str, Any] = {"kind": Kind.PASSWORD_CHANGED, "to": self.carla.id} | notice
        owed = Notice(**given)
        await self.house.database.write(lambda c: outbox.put(c, owed, self.house.time))

    async def deactivate(self, person: Person) -> None:
        await self.house.database.write(
            lambda c: c.run("UPDATE people SET active = 0 WHERE id = ?", person.id)
        )

    async def unsure(self, kind: Kind = Kind.PASSWORD_CHANGED) -> list[int]:
        """Of those that wait, how many tries each had of which nobody knows whether they arrived."""
        found = await self.house.rows(
            "SELECT unsure FROM outbox WHERE kind = ? AND state = 'waiting'", kind.value
        )
        return [row[0] for row in found]

    async def states(self, kind: Kind) -> list[str]:
        """What became of the mails of this kind, oldest first."""
        found = await self.house.rows("SELECT state FROM outbox WHERE kind = ? ORDER BY id", kind.value)
        return [row[0] for row in found]


@asynccontextmanager
async def open_office(folder: Path) -> AsyncIterator[Office]:
    """Its cast has had its welcomes."""
    async with open_house(folder) as house:
        office = Office(house)
        await office.people()
        yield office


class working:  # noqa: N801 - reads as a word: `async with working(postman)`
    """The postman runs; at the end he is told to stop, and has stopped."""

    def __init__(self, postman: Postman) -> None:
        self._postman = postman

    async def __aenter__(self) -> asyncio.Task[None]:
        self._task = asyncio.create_task(self._postman.run())
        return self._task

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        assert self._task.cancelled()
