"""Which notices somebody wants, and by which channel: on their account page, or by one click in a mail."""

from typing import Any

import msgspec
from itsdangerous import BadData, URLSafeSerializer
from itsdangerous.encoding import base64_encode

from ccr.desk.notices import CHANNELS, TOLD, Channel
from ccr.desk.people import Person
from ccr.desk.refusals import invalid, not_found
from ccr.store import people, quiet_kinds, spreading
from ccr.store.connection import Connection
from ccr.store.database import Database

Choices = dict[str, dict[str, bool]]
"""By kind and channel, whether it is wanted; only what somebody may choose."""


class _Links(URLSafeSerializer):
    """What is signed here is too short to be made shorter; to try would take most of the time of signing it."""

    def dump_payload(self, obj: Any) -> bytes:
        return base64_encode(msgspec.json.encode(obj))


class NoticeChoices:
    """What people turned off. `secret` signs the links in mails; `home` is what they start with."""

    def __init__(self, database: Database, *, secret: str, home: str) -> None:
        self._database = database
        self._links = _Links(secret, salt="unsubscribe")
        self._home = home.rstrip("/")

    async def of(self, person: Person) -> Choices:
        """Every kind that may be told to this person and turned off, each with the channels they have for it."""
        return await self._database.read(lambda connection: _choices(connection, person))

    async def choose(self, person: Person, wanted: Any) -> Choices:
        """Turn on and off what is named, and leave the rest. Raises `invalid`."""

        def turn(connection: Connection) -> Choices:
            for kind, channel, on in _read(wanted, _choices(connection, person)):
                quiet_kinds.turn(connection, person.id, kind, channel, on=on)
            return _choices(connection, person)

        return await self._database.write(turn)

    def link(self, person: int, kind: str) -> str:
        """The address at which this kind is turned off for this person's mail, without signing in."""
        return f"{self._home}/unsubscribe/{self._links.dumps([person, kind])}"

    async def unsubscribe(self, token: str) -> str:
        """Turn off what the link says; the kind it is about. Again is harmless. Raises `not_found`."""
        person, kind = self.read(token)

        def turn(connection: Connection) -> None:
            if people.find(connection, person) is None:
                raise not_found("link")
            quiet_kinds.turn(connection, person, kind, Channel.MAIL.value, on=False)

        await self._database.write(turn)
        return kind

    def read(self, token: str) -> tuple[int, str]:
        """The person and the kind that a link is about. Raises `not_found` if it is none of ours."""
        try:
            person, kind = self._links.loads(token)
        except (BadData, ValueError, TypeError):
            raise not_found("link") from None
        return int(person), str(kind)


def _choices(connection: Connection, person: Person) -> Choices:
    quiet = quiet_kinds.of(connection, person.id)
    reached = {channel for channel, _ in spreading.places(connection, person)}
    found = {
        kind.value: {
            channel.value: (kind.value, channel.value) not in quiet
            for channel in CHANNELS[kind]
            if channel in reached
        }
        for kind in TOLD.get(person.role, ())
    }
    return {kind: channels for kind, channels in found.items() if channels}


def _read(wanted: Any, choices: Choices) -> list[tuple[str, str, bool]]:
    found = []
    for kind, channels in wanted.items() if isinstance(wanted, dict) else [("", None)]:
        if kind not in choices or not isinstance(channels, dict):
            raise invalid(**{str(kind) or "body": "is not a kind of notice that can be turned off"})
        for channel, on in channels.items():
            if channel not in choices[kind] or not isinstance(on, bool):
                raise invalid(**{kind: "must be true or false by channel"})
            found.append((kind, channel, on))
    return found
