"""What one command did, as those who tell others of it need it."""

import msgspec

from ccr.desk.events import Entry
from ccr.desk.people import Person
from ccr.desk.ticket import Ticket


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """The ticket before (`None` when it was opened) and after, who did it, and the new entries."""

    before: Ticket | None
    ticket: Ticket
    actor: Person
    entries: tuple[Entry, ...]
