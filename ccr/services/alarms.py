"""The link in the mail about a sign-in from a new device: it signs that device out, for whoever reads the mail.

It works without signing in, since somebody else may just have changed the password; it can do nothing else, and nothing
once the device is out and a stranger again.
"""

import logging
from typing import Any, NamedTuple

from itsdangerous import BadData, URLSafeSerializer

from ccr.desk.clock import rfc3339
from ccr.desk.refusals import not_found
from ccr.ports import Publisher
from ccr.store import sessions
from ccr.store.connection import Connection
from ccr.store.database import Database
from ccr.store.sessions import Session

_log = logging.getLogger(__name__)


class _Link(NamedTuple):
    """What a link says. One that was mailed before devices were kept with sessions does not say whose it is.

    The person and the device are in it, since the session may be over when it is followed, and another begun there.
    """

    session: int
    begun_at: int
    person: int | None = None
    device: str | None = None


class _Suspect(NamedTuple):
    """Who signed in where: the devices, by their hashes, that it may have been."""

    person: int
    devices: set[str]


class Alarms:
    """Makes the links, signed by `secret`, and does what they say."""

    def __init__(self, database: Database, publisher: Publisher, *, secret: str) -> None:
        self._database = database
        self._publisher = publisher
        self._links = URLSafeSerializer(secret, salt="end one session")

    def token(self, session_id: int, begun_at: int, person_id: int, device_hash: str) -> str:
        """What the link to this session's device ends with."""
        return str(self._links.dumps(_Link(session_id, begun_at, person_id, device_hash)))

    async def session(self, token: str) -> dict[str, Any] | None:
        """The sign-in that the link is about, `None` once its device is out and a stranger again.

        What it was is only known while a session lasts there. Raises `not_found` if it is no link of ours.
        """
        link = self._read(token)

        def look(connection: Connection) -> tuple[bool, list[Session]]:
            suspect = _suspect(connection, link)
            if suspect is None:
                return False, []
            known = any(sessions.knows_device(connection, suspect.person, one) for one in suspect.devices)
            return known, sessions.at_devices(connection, *suspect, link.begun_at)

        known, lasting = await self._database.read(look)
        if not lasting:
            return {"created_at": rfc3339(link.begun_at)} if known else None
        shown = next((session for session in lasting if session.id == link.session), lasting[0])
        return {
            "device": shown.device,
            "address": shown.address,
            "created_at": rfc3339(shown.created_at),
        }

    async def end(self, token: str) -> None:
        """End every session of the device, which is a stranger again. Raises `not_found` if it is no link of ours."""
        link = self._read(token)

        def end(connection: Connection) -> list[int]:
            suspect = _suspect(connection, link)
            if suspect is None:
                return []
            # The devices first: whoever signs in there in this very moment waits for that, and is mailed about.
            for device in suspect.devices:
                sessions.forget_device(connection, suspect.person, device)
            lasting = [session.id for session in sessions.at_devices(connection, *suspect, link.begun_at)]
            return [session for session in lasting if sessions.end(connection, session, suspect.person)]

        def tell(ended: list[int]) -> None:
            if ended:
                self._publisher.sessions_ended(ended)
                _log.info("device signed out by its alarm", extra={"sessions": ended})

        await self._database.write(end, then=tell)

    def _read(self, token: str) -> _Link:
        try:
            return _Link(*self._links.loads(token))
        except (BadData, TypeError):
            raise not_found("link") from None


def _suspect(connection: Connection, link: _Link) -> _Suspect | None:
    """Of an older link, while its session lasts, every device on which the person has proved themselves since."""
    if link.person is not None and link.device is not None:
        return _Suspect(link.person, {link.device})
    person = sessions.person_of(connection, link.session, link.begun_at)
    if person is None:
        return None
    known = sessions.devices(connection, person)
    return _Suspect(person, {device for device, seen_at in known.items() if seen_at >= link.begun_at})
