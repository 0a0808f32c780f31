"""The bot as an actor: what it says or does goes the one path that every change takes."""

import logging
from collections.abc import Callable

from ccr.desk.commands import Command
from ccr.desk.people import Person
from ccr.desk.refusals import Refusal
from ccr.services.changes import Changes
from ccr.store import bots
from ccr.store.database import Database

log = logging.getLogger(__name__)


class BotVoice:
    """Made a person of where it is not one yet, by the first words."""

    def __init__(self, database: Database, changes: Changes, *, now: Callable[[], int]) -> None:
        self._database, self._changes, self._now = database, changes, now
        self._me: Person | None = None

    async def say(self, ticket: int, key: str, command: Command) -> bool:
        """Whether it is said, by whichever node."""
        try:
            await self._changes.carry_out(await self._myself(), ticket, key, command)
        except Refusal as refusal:
            # Somebody was quicker: an agent, another node, or whoever closed it.
            log.debug("the bot was refused: %s", refusal.code.value)
            return False
        return True

    async def _myself(self) -> Person:
        if self._me is None:
            try:
                self._me = await self._database.write(lambda connection: bots.person(connection, self._now()))
            except Exception as error:
                if not self._database.is_duplicate(error):
                    raise
                self._me = await self._database.write(lambda connection: bots.person(connection, self._now()))
        return self._me
