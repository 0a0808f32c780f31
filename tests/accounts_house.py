"""The accounts of a registry on a database of its own, with a clock that the test moves, and the cast to fill it."""

import json
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ccr import adapters
from ccr.adapters.passwords import Argon2Passwords
from ccr.adapters.search_lunr import LunrShelf
from ccr.desk.change import Change
from ccr.desk.clock import MINUTE
from ccr.desk.people import Person
from ccr.desk.ticket import Ticket
from ccr.ports import Push
from ccr.services.accounts import Accounts
from ccr.services.alarms import Alarms
from ccr.services.canned_replies import CannedReplies
from ccr.services.changes import Changes
from ccr.services.community import Community
from ccr.services.exports import Exports
from ccr.services.feedback import FeedbackBox
from ccr.services.first_admin import FirstAdmin
from ccr.services.help_centre import HelpCentre
from ccr.services.identity import Device, Identity, SignedIn
from ccr.services.mobiles import Mobiles
from ccr.services.moderation import Moderation
from ccr.services.notice_choices import NoticeChoices
from ccr.services.notice_traces import NoticeTraces
from ccr.services.opening_hours import OpeningHours
from ccr.services.resets import Resets
from ccr.services.signing_in import SigningIn
from ccr.services.staff import Staff
from ccr.services.subscriptions import Subscriptions
from ccr.settings import Settings
from ccr.store.database import Database
from ccr.store.schema import migrate
from tests import databases

HOME = "https://care.example.org"
SECRET = "a secret of the tests, long enough for anybody"
PASSWORD = "correct horse"

CARLA = {"first_name": "Carla", "last_name": "Custer", "email": "carla@example.org", "mobile": "+49 30 12345"}
OMAR = {"first_name": "Omar", "last_name": "Odell", "email": "omar@example.org", "mobile": "+44 20 55555"}
AMIR = {
    "first_name": "Amir",
    "last_name": "Azad",
    "email": "amir@example.org",
    "mobile": "+1 555 12345",
    "username": "amir",
    "gender": "male",
}
BEA = {
    "first_name": "Bea",
    "last_name": "Brun",
    "email": "bea@example.org",
    "mobile": "+1 555 54321",
    "username": "bea",
    "gender": "female",
}
ADA = {"first_name": "Ada", "last_name": "Ahl", "email": "ada@example.org", "mobile": "+1 555 99999"}

LAPTOP = Device("Firefox on Linux", "192.0.2.1")
PHONE = Device("Safari on iPhone", "192.0.2.2")


class Recorder:
    """A publisher that remembers what it was told."""

    def __init__(self) -> None:
        self.ended: list[int] = []
        self.changes: list[Change] = []

    def changed(self, change: Change, origin: str | None) -> None:
        self.changes.append(change)

    def read(self, ticket: Ticket, person: Person, seq: int) -> None:
        pass

    def again(self, ticket: int) -> None:
        pass

    def sessions_ended(self, sessions: Collection[int]) -> None:
        self.ended += sessions

    def online(self) -> frozenset[int]:
        return frozenset()


class Pushed:
    """Takes notifications for every browser, but for those whose endpoint names a private network."""

    def __init__(self) -> None:
        self.pushes: list[Push] = []
        self.troubles: list[Exception] = []

    async def public_key(self) -> str:
        return "B" + "A" * 86

    async def check(self, endpoint: str, asker: int) -> str | None:
        return "is within a private network" if "private" in endpoint else None

    async def takes(self, p256dh: str) -> bool:
        return p256dh.startswith("B")

    async def send(self, push: Push) -> None:
        if self.troubles:
            raise self.troubles.pop(0)
        self.pushes.append(push)

    async def close(self) -> None:
        pass


class House:
    """Every service of accounts, wired."""

    def __init__(self, database: Database, hasher: Argon2Passwords) -> None:
        self.database = database
        self.hasher = hasher
        self.publisher = Recorder()
        self.time = 1_800_000_000_000
        self.pauses: list[float] = []
        self.wakes = 0
        timed: dict[str, Any] = {"now": lambda: self.time, "wake": self._wake}
        self.changes = Changes(database, self.publisher, **timed)
        self.alarms = Alarms(database, self.publisher, secret=SECRET)
        self.signing_in = SigningIn(
            database, hasher, self.publisher, alarms=self.alarms, pause=self._pause, **timed
        )
        self.accounts = Accounts(database, hasher, self.publisher, self.changes, **timed)
        self.exports = Exports(database)
        self.resets = Resets(database, hasher, self.publisher, secret=SECRET, **timed)
        self.staff = Staff(database, hasher, self.publisher, self.changes, **timed)
        self.first_admin = FirstAdmin(database, hasher, self.resets, secret=SECRET, **timed)
        self.feedback = FeedbackBox(database, now=lambda: self.time)
        self.canned_replies = CannedReplies(database)
        self.hours = OpeningHours(database, now=lambda: self.time)
        self.help_centre = HelpCentre(database, LunrShelf, secret=SECRET, now=lambda: self.time)
        self.community = Community(database, **timed)
        self.moderation = Moderation(database, **timed)
        self.mobiles = Mobiles(database, secret=SECRET, offered=True, **timed)
        self.pusher = Pushed()
        self.subscriptions = Subscriptions(database, self.pusher, now=lambda: self.time)
        self.notice_choices = NoticeChoices(database, secret=SECRET, home=HOME)
        self.notice_traces = NoticeTraces(database, **timed)

    def later(self, milliseconds: int = MINUTE) -> None:
        """Time passes."""
        self.time += milliseconds

    async def customer(self, given: dict[str, str] = CARLA) -> Person:
        """Registered, with the cast's password."""
        return await self.accounts.register(with_password(given))

    async def admin(self) -> Person:
        """Ada, who was invited by the first start's link."""
        invitation = await self.first_admin.invitation()
        assert invitation is not None
        return await self.first_admin.accept(invitation.partition("=")[2], with_password(ADA))

    async def agent(self, admin: Person, given: dict[str, str] = AMIR) -> Person:
        """Created by the admin; the password is still to be changed."""
        return await self.staff.create(admin, given | {"password": PASSWORD})

    async def export(self, person: Person) -> dict[str, Any]:
        """All that is held about them."""
        told: dict[str, Any] = json.loads(b"".join([part async for part in self.exports.told(person)]))
        return told

    async def sign_in(self, login: str, device: Device = LAPTOP, password: str = PASSWORD) -> SignedIn:
        """As somebody of the cast."""
        return await self.signing_in.sign_in(login, password, device)

    async def identity(self, login: str, device: Device = LAPTOP) -> Identity:
        """Signed in as somebody of the cast."""
        begun = await self.sign_in(login, device)
        return Identity(begun.session_id, begun.person)

    async def rows(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        """What is really stored."""
        return await self.database.read(lambda connection: connection.rows(sql, *params))

    async def owed(self) -> list[str]:
        """The kinds of the mails in the outbox, oldest first."""
        return [row[0] for row in await self.rows("SELECT kind FROM outbox ORDER BY id")]

    def _wake(self) -> None:
        self.wakes += 1

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


def with_password(given: dict[str, str]) -> dict[str, str]:
    """A registration."""
    return given | {"password": PASSWORD, "confirm_password": PASSWORD}


@asynccontextmanager
async def open_house(folder: Path) -> AsyncIterator[House]:
    """Open until the test is over."""
    settings = Settings(data=folder, database_url=databases.url(folder))
    database = Database(*adapters.database_driver(settings))
    hasher = Argon2Passwords(memory_kib=8, passes=1)
    await database.write(migrate)
    try:
        yield House(database, hasher)
    finally:
        await database.close()
        hasher.close()
