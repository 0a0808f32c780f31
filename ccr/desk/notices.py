"""Which mails follow from what happened. Pure: it names them; the outbox keeps them, the postman carries them."""

from enum import StrEnum
from typing import Any

import msgspec

from ccr.desk import events as happened
from ccr.desk.clock import MINUTE
from ccr.desk.events import Event
from ccr.desk.people import Person
from ccr.desk.ticket import Ticket

WAITS_UNREAD = 2 * MINUTE
"""How long a message lies unread before its reader is mailed, in milliseconds."""


class Kind(StrEnum):
    """The closed list of notices; each has its templates in `web/templates/mail/`."""

    WELCOME = "welcome"
    NEW_DEVICE = "new_device"
    TICKET_OPENED = "ticket_opened"
    AGENT_ASSIGNED = "agent_assigned"
    """To the customer: who looks after it now."""
    TICKET_ASSIGNED = "ticket_assigned"
    """To the agent: it is yours now."""
    MESSAGE_WAITING = "message_waiting"
    TICKET_CLOSED = "ticket_closed"
    ONE_TIME_CODE = "one_time_code"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a notice


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that is owed.

    `to` is a person's id, or `None` where only an `address` is known yet; `delay` in milliseconds; `once` means that
    one waiting row per ticket, person and kind is enough; `data` is what the template needs and must not be a secret.
    """

    kind: Kind
    to: int | None = None
    address: str | None = None
    ticket: int | None = None
    delay: int = 0
    once: bool = False
    data: dict[str, Any] = {}


def notices_for(event: Event, ticket: Ticket, actor: Person) -> list[Notice]:
    """The mails owed once `event` has happened; `ticket` is the ticket after it.

    Staff are not mailed what they did themselves; a customer gets every receipt of their ticket.
    """
    match event:
        case happened.TicketOpened():
            return [Notice(kind=Kind.TICKET_OPENED, to=ticket.customer_id, ticket=ticket.id)]
        case happened.AgentAssigned(agent=agent) if agent is not None:
            return [
                Notice(
                    kind=Kind.AGENT_ASSIGNED,
                    to=ticket.customer_id,
                    ticket=ticket.id,
                    data={"agent": agent.name},
                ),
                Notice(kind=Kind.TICKET_ASSIGNED, to=agent.id, ticket=ticket.id),
            ]
        case happened.MessagePosted():
            reader = ticket.agent_id if actor.id == ticket.customer_id else ticket.customer_id
            waiting = Notice(
                kind=Kind.MESSAGE_WAITING, to=reader, ticket=ticket.id, delay=WAITS_UNREAD, once=True
            )
            return [waiting] if reader else []
        case happened.TicketClosed():
            both = [ticket.customer_id, ticket.agent_id]
            data = {"by": actor.name, "reason": event.reason}
            return [
                Notice(kind=Kind.TICKET_CLOSED, to=person, ticket=ticket.id, data=data)
                for person in both
                if person and (person != actor.id or person == ticket.customer_id)
            ]
        case _:
            return []
