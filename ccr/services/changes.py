"""The one path that every change of a ticket takes, whoever asks and by whichever door.

In a database thread and one transaction (`request.py`) it is decided and stored. After the commit the entries are
pushed, and only then is the caller told.
"""

from collections.abc import Callable
from functools import partial

from ccr import metrics
from ccr.desk import clock
from ccr.desk.change import Change
from ccr.desk.commands import Command, OpenTicket, name_of
from ccr.desk.events import MessageRedacted
from ccr.desk.people import Person, Role
from ccr.desk.refusals import Refusal, invalid
from ccr.ports import Publisher
from ccr.services.allowance import Allowance, of_commands
from ccr.services.repeated_files import Brought, brought_under
from ccr.services.request import Answer, Outcome, Request
from ccr.store.database import Database


class Changes:
    """Carries out commands. `wake` tells the postman that a mail is due, `sweep` that files may have to go.

    Only where it `has_assistant` a message can say that its author wants a person instead.
    """

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        *,
        admins_read: bool = False,
        now: Callable[[], int] = clock.now,
        wake: Callable[[], None] = lambda: None,
        sweep: Callable[[], None] = lambda: None,
        allowance: Allowance | None = None,
        has_assistant: bool = True,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._admins_read = admins_read
        self._now = now
        self._wake = wake
        self._sweep = sweep
        self._has_assistant = has_assistant
        self._heard: Callable[[Change], None] = lambda _: None
        self._allowance = allowance or of_commands(on=False)

    def heard_by(self, listener: Callable[[Change], None]) -> None:
        """Have `listener` called after each commit; it must not block or raise. It needs us, so it comes later."""
        self._heard = listener

    async def carry_out(
        self,
        person: Person,
        ticket_id: int | None,
        key: str,
        command: Command,
        origin: str | None = None,
        *,
        counted: bool = True,
    ) -> Answer:
        """Do it, or give the first answer again when this person's key is known. `origin` is the asking socket.
        What the registry itself asks for in somebody's name is not `counted` as too often; nor is the bot.

        When this returns, it is stored for ever and has been pushed. Raises `Refusal`; then nothing was stored.
        """
        if isinstance(command, OpenTicket) is not (ticket_id is None):
            raise invalid(ticket="must be null for open_ticket, and only for that")
        request = Request(
            person, ticket_id, key, command, self._admins_read, self._now(), self._has_assistant
        )
        try:
            if counted and person.role is not Role.BOT:
                self._allowance.spend(person.id)
            outcome: Outcome = await self._database.write(
                request.settle, then=partial(self._follow_up, origin), lane=ticket_id or person.id
            )
        except Refusal as refusal:
            metrics.count_command(name_of(command), refusal.code.value)
            raise
        metrics.count_command(name_of(command), "again" if outcome.repeated else "ok")
        return outcome.answer

    async def brought(self, person: Person, ticket_id: int, key: str) -> list[Brought] | None:
        """The files that came with what this person's key was answered for on this ticket; `None` where it is new."""
        return await self._database.read(lambda c: brought_under(c, person.id, ticket_id, key))

    def _follow_up(self, origin: str | None, outcome: Outcome) -> None:
        if outcome.change is not None:
            self._publisher.changed(outcome.change, origin)
            self._heard(outcome.change)
            if outcome.change.entries[-1].type == MessageRedacted.type:
                self._sweep()
        elif outcome.repeated:
            self._publisher.again(outcome.answer.ticket)
        if outcome.mail_due:
            self._wake()
