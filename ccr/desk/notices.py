"""Which notices follow from what happened. Pure: it names them; the outbox keeps them, the postman carries them."""

from enum import StrEnum
from typing import Any

import msgspec

from ccr.desk import events as happened
from ccr.desk.clock import MINUTE, SECOND
from ccr.desk.events import Event
from ccr.desk.people import Person, Role
from ccr.desk.ticket import Ticket

WAITS_UNREAD = 2 * MINUTE
"""How long a message lies unread before its reader is mailed, in milliseconds."""

GLANCE = 3 * SECOND
"""So long an open page has to show a message before its reader is told of it elsewhere, in milliseconds."""


class Kind(StrEnum):
    """The closed list of notices; each that is mailed has its templates in `web/templates/mail/`."""

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
    MOBILE_CODE = "mobile_code"
    """By text: proves that the number is the person's."""
    TICKET_RAISED = "ticket_raised"
    """To every admin: somebody must be given it."""
    QUESTION_WAITING = "question_waiting"
    """To the agent who had the ticket, or to every admin: its customer would like the question to be public."""
    QUESTION_PUBLIC = "question_public"
    QUESTION_DECLINED = "question_declined"


class Channel(StrEnum):
    """How a notice reaches somebody. `EVERY` is for one that is still to be spread over those that its reader has."""

    EVERY = "every"
    MAIL = "mail"
    SMS = "sms"
    PUSH = "push"


CHANNELS = {
    Kind.MESSAGE_WAITING: (Channel.MAIL, Channel.SMS, Channel.PUSH),
    Kind.AGENT_ASSIGNED: (Channel.MAIL, Channel.SMS, Channel.PUSH),
    Kind.TICKET_ASSIGNED: (Channel.MAIL, Channel.SMS, Channel.PUSH),
    Kind.TICKET_CLOSED: (Channel.MAIL, Channel.PUSH),
    Kind.TICKET_OPENED: (Channel.MAIL,),
    Kind.TICKET_RAISED: (Channel.PUSH,),
    Kind.QUESTION_WAITING: (Channel.MAIL,),
    Kind.QUESTION_PUBLIC: (Channel.MAIL,),
    Kind.QUESTION_DECLINED: (Channel.MAIL,),
}
"""What may be told how, and be turned off by who does not want to hear of it. Every other kind is mailed, always:
codes, and what somebody must know to keep their account safe."""

URGENT = (Kind.ONE_TIME_CODE, Kind.MOBILE_CODE, Kind.PASSWORD_CHANGED, Kind.NEW_DEVICE)
"""Somebody sits and waits for it, or must act on it at once: these overtake whatever else is owed."""

TOLD = {
    Role.CUSTOMER: (
        Kind.MESSAGE_WAITING,
        Kind.TICKET_OPENED,
        Kind.AGENT_ASSIGNED,
        Kind.TICKET_CLOSED,
        Kind.QUESTION_PUBLIC,
        Kind.QUESTION_DECLINED,
    ),
    Role.AGENT: (
        Kind.MESSAGE_WAITING,
        Kind.TICKET_ASSIGNED,
        Kind.TICKET_CLOSED,
        Kind.QUESTION_WAITING,
    ),
    Role.ADMIN: (Kind.TICKET_RAISED, Kind.QUESTION_WAITING),
}
"""Whom each kind that may be turned off can reach."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody is to be told.

    `to` is a person's id, or `None` where only an `address` is known yet, or it is for every admin; `delay` in
    milliseconds; `once` means that one waiting row per ticket, person and kind is enough; `data` is what the template
    needs and must not be a secret. Unless a `channel` is given, it goes by every one that there is for its kind.
    """

    kind: Kind
    to: int | None = None
    address: str | None = None
    ticket: int | None = None
    delay: int = 0
    once: bool = False
    data: dict[str, Any] = {}
    channel: Channel | None = None

    @property
    def way(self) -> Channel:
        """The channel it waits for, `EVERY` if there is more than one to choose from."""
        if self.channel is not None:
            return self.channel
        return Channel.EVERY if len(CHANNELS.get(self.kind, ())) > 1 else Channel.MAIL


def notices_for(event: Event, ticket: Ticket, actor: Person) -> list[Notice]:
    """What is owed once `event` has happened; `ticket` is the ticket after it.

    Staff are not told what they did themselves; a customer gets every receipt of their ticket.
    """
    match event:
        case happened.TicketOpened():
            return [
                Notice(kind=Kind.TICKET_OPENED, to=ticket.customer_id, ticket=ticket.id),
                Notice(kind=Kind.TICKET_RAISED, ticket=ticket.id, delay=GLANCE, channel=Channel.EVERY),
            ]
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
            waiting = Notice(kind=Kind.MESSAGE_WAITING, to=reader, ticket=ticket.id, delay=GLANCE, once=True)
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
