"""Who may do what, and what follows from it. Pure: everything it must know is handed in.

The same `decide` stands behind every door (socket, JSON API, form, bot), so rights cannot differ between them.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from ccr.desk import commands as asked
from ccr.desk import events as happened
from ccr.desk.clock import MINUTE
from ccr.desk.commands import Command
from ccr.desk.events import AgentName, Attached, Entry, Event, Reach
from ccr.desk.people import Person, Role
from ccr.desk.refusals import Refusal, conflict, forbidden, invalid, not_found
from ccr.desk.ticket import Ticket

REDACTION_WINDOW = 15 * MINUTE
"""How long an author may take their own words back, in milliseconds."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision rests on besides the ticket: the time, and what the command points at, where it exists."""

    now: int
    target: Entry | None = None
    assignee: Person | None = None
    """The agent to be, or, of a ticket that is reopened, the one it had."""
    agent_wrote: bool = False
    """An agent has written to the customer: from then on the bot is silent. Known where the bot is concerned."""

    person_wanted: bool = False
    """The customer has asked for a person: from then on the bot answers nothing. Known where it is concerned."""

    wants_person: bool = False
    """The customer asks for one in the words of this very command, where a bot might answer it."""

    attached: tuple[Attached, ...] = ()
    """Of the files that a message names, those that are this person's on this ticket, and not sent yet."""


def clearance(role: Role, *, admins_read: bool) -> Reach:
    """How deep somebody of this role sees into a ticket that is theirs to see."""
    if role is Role.CUSTOMER:
        return Reach.CONVERSATION
    if role is Role.ADMIN and not admins_read:
        return Reach.EVERYONE
    return Reach.STAFF


def may_see(person: Person, ticket: Ticket) -> bool:
    """Whether the ticket is this person's to see at all; if not it does not exist for them."""
    match person.role:
        case Role.CUSTOMER:
            return ticket.customer_id == person.id
        case Role.AGENT:
            return ticket.agent_id == person.id
        case Role.ADMIN:
            return True
        case _:
            return False


def decide(ticket: Ticket | None, person: Person, command: Command, known: Known) -> list[Event]:
    """The events that follow when `person` asks `command` of `ticket` (`None` only for `open_ticket`).

    An empty list means that it is so already. Raises `Refusal`; the caller has written nothing by then.
    """
    if isinstance(command, asked.OpenTicket):
        return _open(person, command, known)
    if ticket is None or not (may_see(person, ticket) or _is_the_bots(person, command)):
        raise not_found("ticket")
    return _DECISIONS[type(command)](ticket, person, command, known)


def _is_the_bots(person: Person, command: Command) -> bool:
    """The bot has no list of tickets; it answers on that which is put before it, and steps aside."""
    return person.role is Role.BOT and isinstance(command, asked.PostMessage | asked.RequestPerson)


def allowed(ticket: Ticket, person: Person) -> frozenset[str]:
    """The command types this person may give now, for showing just the buttons that work."""
    mine = {
        Role.CUSTOMER: {"post_message", "close_ticket", "reopen_ticket", "rate_ticket", "request_person"},
        Role.AGENT: {"post_message", "post_note", "set_priority", "close_ticket"},
        Role.ADMIN: {"assign_agent", "set_priority", "close_ticket", "reopen_ticket"},
        Role.BOT: {"post_message", "request_person"},
    }[person.role]
    if not may_see(person, ticket) and person.role is not Role.BOT:
        return frozenset()
    only_closed = {"reopen_ticket", "rate_ticket"}
    always = {"post_note"}
    return frozenset(name for name in mine if name in always or (name in only_closed) is ticket.is_closed)


def _open(person: Person, command: asked.OpenTicket, known: Known) -> list[Event]:
    if person.role is not Role.CUSTOMER:
        raise forbidden("Only customers raise tickets.")
    priority = command.priority.value
    opened = happened.TicketOpened(query=command.query, details=command.details, priority=priority)
    return [opened, happened.PersonRequested()] if known.wants_person else [opened]


def check_may_write(ticket: Ticket, person: Person) -> None:
    """Whether this person, who sees the ticket, may write a message on it now, or attach a file. Raises `Refusal`."""
    if person.role is Role.ADMIN:
        raise forbidden("Only the customer and the assigned agent write messages.")
    _refuse_closed(ticket)


def _post_message(ticket: Ticket, person: Person, command: asked.PostMessage, known: Known) -> list[Event]:
    check_may_write(ticket, person)
    if person.role is Role.BOT:
        _let_the_bot_speak(command, known)
    if len(known.attached) != len(command.attachments):
        raise invalid(attachments="names a file that is not there to be sent")
    if command.reply_to is not None and not _answerable(known.target, person):
        raise invalid(reply_to="is not a message of this ticket")
    said = happened.MessagePosted(body=command.body, reply_to=command.reply_to, attachments=known.attached)
    return [said, happened.PersonRequested()] if known.wants_person and _is_heard(known) else [said]


def _let_the_bot_speak(command: asked.PostMessage, known: Known) -> None:
    """Once a person is wanted it replies to nothing; how long that may take it says, until an agent writes."""
    if known.agent_wrote or (known.person_wanted and command.reply_to is not None):
        raise conflict("People talk here: the assistant is silent.")


def _is_heard(known: Known) -> bool:
    return not (known.agent_wrote or known.person_wanted)


def _answerable(target: Entry | None, person: Person) -> bool:
    """A message may be quoted, and the query itself; a note only by nobody, or the customer would learn of it."""
    quotable = (happened.MessagePosted.type, happened.TicketOpened.type)
    return (
        target is not None
        and target.type in quotable
        and target.reach <= clearance(person.role, admins_read=False)
    )


def _post_note(ticket: Ticket, person: Person, command: asked.PostNote, known: Known) -> list[Event]:
    if person.role is not Role.AGENT:
        raise forbidden("Only the assigned agent writes notes.")
    return [happened.NotePosted(body=command.body)]


def _assign_agent(ticket: Ticket, person: Person, command: asked.AssignAgent, known: Known) -> list[Event]:
    _only(person, Role.ADMIN, forbidden("Only an admin assigns agents."))
    if command.agent == ticket.agent_id:
        return []
    _refuse_closed(ticket)
    if command.agent is None:
        return [happened.AgentAssigned(agent=None)]
    agent = known.assignee
    if agent is None or agent.role is not Role.AGENT or not agent.active:
        raise invalid(agent="is not an active agent")
    return [happened.AgentAssigned(agent=AgentName(agent.id, agent.name))]


def _take_from(ticket: Ticket, person: Person, command: asked.TakeFrom, known: Known) -> list[Event]:
    if ticket.is_closed or ticket.agent_id != command.agent:
        return []
    return _assign_agent(ticket, person, asked.AssignAgent(agent=None), known)


def _set_priority(ticket: Ticket, person: Person, command: asked.SetPriority, known: Known) -> list[Event]:
    if person.role not in (Role.AGENT, Role.ADMIN):
        raise forbidden("Only the assigned agent and admins set the priority.")
    if command.priority is ticket.priority:
        return []
    _refuse_closed(ticket)
    return [happened.PriorityChanged(priority=command.priority.value)]


def _close_ticket(ticket: Ticket, person: Person, command: asked.CloseTicket, known: Known) -> list[Event]:
    return [] if ticket.is_closed else [happened.TicketClosed(reason=command.reason)]


def _reopen_ticket(ticket: Ticket, person: Person, command: asked.ReopenTicket, known: Known) -> list[Event]:
    if person.role not in (Role.CUSTOMER, Role.ADMIN):
        raise forbidden("Only the customer and admins reopen a ticket.")
    if not ticket.is_closed:
        return []
    if ticket.agent_id is not None and (known.assignee is None or not known.assignee.active):
        # Who left meanwhile would never answer: it waits for an admin to find somebody else.
        return [happened.TicketReopened(), happened.AgentAssigned(agent=None)]
    return [happened.TicketReopened()]


def _rate_ticket(ticket: Ticket, person: Person, command: asked.RateTicket, known: Known) -> list[Event]:
    _only(person, Role.CUSTOMER, forbidden("Only the customer rates a ticket."))
    if not ticket.is_closed:
        raise conflict("The ticket can be rated once it is closed.")
    if (command.stars, command.comment) == (ticket.stars, ticket.rating_comment):
        return []
    return [happened.TicketRated(stars=command.stars, comment=command.comment)]


def _redact_message(
    ticket: Ticket, person: Person, command: asked.RedactMessage, known: Known
) -> list[Event]:
    if person.role is Role.ADMIN:
        # Before the target is looked at: what admins cannot read must not be told apart by the refusal.
        raise forbidden("Admins write no messages, so they take none back.")
    target = known.target
    if (
        target is None
        or target.reach > clearance(person.role, admins_read=False)
        or not happened.is_text(target)
    ):
        raise not_found("message")
    if target.actor.id != person.id:
        raise forbidden("Only its author takes a message back.")
    if target.fields.get("redacted"):
        return []
    if known.now - target.at > REDACTION_WINDOW:
        raise conflict("A message can be taken back within 15 minutes.")
    kind = happened.NoteRedacted if target.type == happened.NotePosted.type else happened.MessageRedacted
    return [kind(of=command.of, reason=command.reason)]


def _request_person(
    ticket: Ticket, person: Person, command: asked.RequestPerson, known: Known
) -> list[Event]:
    if person.role not in (Role.CUSTOMER, Role.BOT):
        raise forbidden("Only the customer asks for a person.")
    _refuse_closed(ticket)
    return [happened.PersonRequested()] if _is_heard(known) else []


def _hand_over(ticket: Ticket, person: Person, command: asked.HandOver, known: Known) -> list[Event]:
    _only(person, Role.BOT, forbidden("Only the assistant hands over."))
    return [*_post_message(ticket, person, command, known), happened.PersonRequested()]


def _only(person: Person, role: Role, refusal: Refusal) -> None:
    if person.role is not role:
        raise refusal


def _refuse_closed(ticket: Ticket) -> None:
    if ticket.is_closed:
        raise conflict("The ticket is closed.")


_DECISIONS: dict[type[Command], Callable[[Ticket, Person, Any, Known], list[Event]]] = {
    asked.PostMessage: _post_message,
    asked.PostNote: _post_note,
    asked.AssignAgent: _assign_agent,
    asked.TakeFrom: _take_from,
    asked.SetPriority: _set_priority,
    asked.CloseTicket: _close_ticket,
    asked.ReopenTicket: _reopen_ticket,
    asked.RateTicket: _rate_ticket,
    asked.RedactMessage: _redact_message,
    asked.RequestPerson: _request_person,
    asked.HandOver: _hand_over,
}
