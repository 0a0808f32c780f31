"""The link in the mail about a sign-in from a new device: it ends that very session, for whoever reads the mail.

It works without signing in, since somebody else may just have changed the password; it can do nothing else, and nothing
once the session is over.
"""

import logging
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from ccr.desk.clock import rfc3339
from ccr.desk.refusals import not_found
from ccr.ports import Publisher
from ccr.store import sessions
from ccr.store.connection import Connection
from ccr.store.database import Database

_log = logging.getLogger(__name__)


class Alarms:
    """Makes the links, signed by `secret`, and does what they say."""

    def __init__(self, database: Database, publisher: Publisher, *, secret: str) -> None:
        self._database = database
        self._publisher = publisher
        self._links = URLSafeSerializer(secret, salt="end one session")

    def token(self, session_id: int, begun_at: int) -> str:
        """What the link to this session ends with. The time keeps it from another session that got the number."""
        return str(self._links.dumps([session_id, begun_at]))

    async def session(self, token: str) -> dict[str, Any] | None:
        """The session that the link is about, `None` once it is over. Raises `not_found` if it is no link of ours."""
        session_id, begun_at = self._read(token)
        found = await self._database.read(lambda c: sessions.begun(c, session_id, begun_at))
        if found is None:
            return None
        _, session = found
        return {
            "device": session.device,
            "address": session.address,
            "created_at": rfc3339(session.created_at),
        }

    async def end(self, token: str) -> None:
        """End it, if it is not over. Its device is a stranger again. Raises `not_found` if it is no link of ours."""
        session_id, begun_at = self._read(token)

        def end(connection: Connection) -> int | None:
            found = sessions.begun(connection, session_id, begun_at)
            if found is None:
                return None
            person_id, _ = found
            sessions.forget_device(connection, person_id, begun_at)
            return person_id if sessions.end(connection, session_id, person_id) else None

        def tell(ended: int | None) -> None:
            if ended is not None:
                self._publisher.sessions_ended([session_id])
                _log.info("session ended by its alarm", extra={"person": ended, "session": session_id})

        await self._database.write(end, then=tell)

    def _read(self, token: str) -> tuple[int, int]:
        try:
            session_id, begun_at = self._links.loads(token)
        except (BadData, ValueError, TypeError):
            raise not_found("link") from None
        return int(session_id), int(begun_at)
