"""What tells the connected."""

from collections.abc import Collection
from typing import Protocol

from ccr.desk.change import Change
from ccr.desk.people import Person
from ccr.desk.ticket import Ticket


class Publisher(Protocol):
    """Tells the connected. All of it hints: what is lost costs nothing, since every client heals by number."""

    def changed(self, change: Change, origin: str | None) -> None:
        """Push the entries to those who may see them, but for socket `origin`, whose acknowledgement carries them.

        Called on the event loop in the order of the commits, at once after each; must not block or raise.
        """

    def read(self, ticket: Ticket, person: Person, seq: int) -> None:
        """`person` has read up to `seq`; 0: nothing new that others on the ticket see."""

    def again(self, ticket: int) -> None:
        """A key of this ticket was answered again: who stored it at first may not have lived to tell anybody."""

    def sessions_ended(self, sessions: Collection[int]) -> None:
        """Close every socket of these sessions now."""

    def online(self) -> frozenset[int]:
        """Ids of the people with an open socket."""
