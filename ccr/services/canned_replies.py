"""Texts that agents write again and again."""

from typing import Any

from ccr.desk.people import Person, Role
from ccr.desk.refusals import forbidden
from ccr.store import canned_replies
from ccr.store.connection import Connection
from ccr.store.database import Database

DEFAULTS = {
    "hello": "Hello, thank you for writing to us. I am looking into this right now.",
    "details": "Could you tell me a little more? What did you do, what did you expect, and what happened instead?",
    "wait": "Thank you for your patience. I am still working on this and will write again as soon as I know more.",
    "solved": "This should be settled now. Could you have a look and tell me whether everything is as it should be?",
    "bye": "Glad I could help. I am closing this query now; you can reopen it at any time. Have a good day!",
}
"""What a new registry starts with, each by its shortcut."""


class CannedReplies:
    """What an agent finds behind `/`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def replies(self, person: Person) -> list[dict[str, Any]]:
        """`[{id, shortcut, body}]` by shortcut, for agents and admins."""
        if person.role not in (Role.AGENT, Role.ADMIN):
            raise forbidden("Canned replies are for staff.")
        found = await self._database.read(canned_replies.every)
        return [{"id": reply.id, "shortcut": reply.shortcut, "body": reply.body} for reply in found]

    async def ship_defaults(self) -> None:
        """Put in what a new registry starts with, unless there is something already."""

        def ship(connection: Connection) -> None:
            if not canned_replies.every(connection):
                for shortcut, body in DEFAULTS.items():
                    canned_replies.add(connection, shortcut, body)

        await self._database.write(ship)
