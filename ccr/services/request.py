"""One command within its transaction: what is read, decided and written between BEGIN and COMMIT.

Lock the ticket, give a known key its first answer, else let `decide` say what follows; append that with its numbers,
save the ticket, owe the mails, remember the answer.
"""

from typing import Any

import msgspec

from ccr.desk import clock
from ccr.desk.change import Change
from ccr.desk.commands import (
    AssignAgent,
    Command,
    OpenTicket,
    PostMessage,
    RedactMessage,
    ReopenTicket,
    RequestPerson,
    fingerprint,
)
from ccr.desk.events import Attached, Entry, Event, entry_wire
from ccr.desk.handing_over import wants_person
from ccr.desk.notices import notices_for
from ccr.desk.people import Person, Role
from ccr.desk.refusals import Code, Refusal, conflict, not_found
from ccr.desk.rules import Known, clearance, decide
from ccr.desk.ticket import Ticket
from ccr.store import attachments, entries, outbox, people, receipts, tickets
from ccr.store.connection import Connection
from ccr.store.receipts import Receipt


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the person who asked is told: entries as they see them, the number and the time of the last."""

    ticket: int
    seq: int
    at: int
    entries: list[dict[str, Any]]

    def wire(self) -> dict[str, Any]:
        """As the contract writes it, for a socket and for HTTP alike."""
        return {"ticket": self.ticket, "seq": self.seq, "at": clock.rfc3339(self.at), "entries": self.entries}


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a command came to: its answer, and what is to follow the commit. `repeated`: it had been done before."""

    answer: Answer
    change: Change | None = None
    mail_due: bool = False
    repeated: bool = False


class Request:
    """One command on its way through the transaction."""

    __slots__ = ("admins_read", "command", "has_assistant", "hash", "key", "now", "person_id", "ticket_id")

    def __init__(
        self,
        person: Person,
        ticket_id: int | None,
        key: str,
        command: Command,
        admins_read: bool,
        now: int,
        has_assistant: bool,
    ) -> None:
        self.person_id = person.id
        self.ticket_id = ticket_id
        self.key = key
        self.command = command
        self.hash = receipts.command_hash(fingerprint(command))
        self.admins_read = admins_read
        self.now = now
        self.has_assistant = has_assistant

    def settle(self, connection: Connection) -> Outcome:
        """Everything between BEGIN and COMMIT."""
        ticket, person, known = self._lock(connection)
        if known is not None:
            return Outcome(answer=self._first_answer(connection, person, known), repeated=True)
        if not person.active:
            raise Refusal(Code.UNAUTHENTICATED, "This account is no longer active.")
        at = max(self.now, ticket.updated_at) if ticket else self.now
        facts = self._facts(connection, ticket, person, at)
        events = decide(ticket, person, self.command, facts)
        if not events:
            assert ticket is not None
            return self._nothing_to_do(connection, ticket, person, at)
        return self._happen(connection, ticket, person, events, facts)

    def _lock(self, connection: Connection) -> tuple[Ticket | None, Person, Receipt | None]:
        """Whose ticket is to be open stays until it is: who leaves lists their open tickets after that."""
        if self.ticket_id is None:
            person = tickets.actor(connection, self.person_id, stays=True)
            if person is None:
                raise not_found("ticket")
            return None, person, receipts.find(connection, self.person_id, receipts.OPENING, self.key)
        reopens = isinstance(self.command, ReopenTicket)
        locked = tickets.lock(connection, self.ticket_id, self.person_id, self.key, stays=reopens)
        if locked is None:
            raise not_found("ticket")
        return locked

    def _facts(self, connection: Connection, ticket: Ticket | None, person: Person, at: int) -> Known:
        """What the command points at, where it points at something."""
        target = assignee = pointer = None
        attached: tuple[Attached, ...] = ()
        if isinstance(self.command, PostMessage):
            pointer = self.command.reply_to
            if self.command.attachments:
                attached = self._attached(connection, self.command.attachments)
        elif isinstance(self.command, RedactMessage):
            pointer = self.command.of
        elif isinstance(self.command, AssignAgent) and self.command.agent is not None:
            assignee = people.find(connection, self.command.agent, stays=True)
        elif isinstance(self.command, ReopenTicket) and ticket is not None and ticket.agent_id:
            assignee = people.find(connection, ticket.agent_id, stays=True)
        if pointer is not None and self.ticket_id is not None:
            target = entries.find(connection, self.ticket_id, pointer)
        facts = Known(
            now=at, target=target, assignee=assignee, attached=attached, wants_person=self._wishes(person)
        )
        return self._with_bot(connection, facts, ticket, person) if ticket else facts

    def _wishes(self, person: Person) -> bool:
        """Whether a customer asks for a person in the words of this very command, where a bot might answer it."""
        if not self.has_assistant or person.role is not Role.CUSTOMER:
            return False
        match self.command:
            case OpenTicket(query=words, details=more):
                return wants_person(words) or wants_person(more or "")
            case PostMessage(body=words):
                return wants_person(words)
        return False

    def _with_bot(self, connection: Connection, facts: Known, ticket: Ticket, person: Person) -> Known:
        """Whether the bot may speak, looked up for those few to whom it matters."""
        asks = facts.wants_person or isinstance(self.command, RequestPerson)
        if not (asks or person.role is Role.BOT):
            return facts
        agent_wrote, wanted = entries.people_talk(connection, ticket.id)
        return msgspec.structs.replace(facts, agent_wrote=agent_wrote, person_wanted=wanted)

    def _attached(self, connection: Connection, ids: list[int]) -> tuple[Attached, ...]:
        assert self.ticket_id is not None
        return attachments.unnamed(connection, self.ticket_id, self.person_id, ids)

    def _happen(
        self, connection: Connection, before: Ticket | None, person: Person, events: list[Event], facts: Known
    ) -> Outcome:
        ticket = before or self._new_ticket(person)
        first = ticket
        for event in events:
            ticket = ticket.after(event, person, facts.now)
        if before is None:
            ticket = tickets.insert(connection, ticket)
        else:
            tickets.save(connection, before, ticket)
        made = [
            entries.append(connection, ticket.id, first.last_seq + n, facts.now, person, self.key, event)
            for n, event in enumerate(events, start=1)
        ]
        if isinstance(self.command, RedactMessage) and facts.target is not None:
            entries.blank(connection, facts.target)
            attachments.remove_of_entry(connection, ticket.id, facts.target.seq)
        elif facts.attached:
            # The message, and not what follows from its words, which reaches others.
            attachments.name_in(connection, [file.id for file in facts.attached], made[0].seq)
        self._remember(connection, ticket.id, made[-1].seq, len(made), facts.now)
        return Outcome(
            answer=self._answer(person, ticket.id, made[-1].seq, facts.now, made, self._prev(first, person)),
            change=Change(before=before, ticket=ticket, actor=person, entries=tuple(made)),
            mail_due=self._owe_mails(connection, ticket, person, events, facts.now),
        )

    def _new_ticket(self, person: Person) -> Ticket:
        assert isinstance(self.command, OpenTicket)
        return Ticket(
            id=0,
            query=self.command.query,
            customer_id=person.id,
            opened_at=self.now,
        )

    def _nothing_to_do(self, connection: Connection, ticket: Ticket, person: Person, at: int) -> Outcome:
        """It is so already. Remembered all the same: the key's retry must not do it later, when it is so no more."""
        seq = self._prev(ticket, person)
        self._remember(connection, ticket.id, seq, 0, at)
        return Outcome(answer=self._answer(person, ticket.id, seq, at, [], seq))

    def _owe_mails(
        self, connection: Connection, ticket: Ticket, person: Person, events: list[Event], at: int
    ) -> bool:
        owed = [notice for event in events for notice in notices_for(event, ticket, person)]
        for notice in owed:
            outbox.put(connection, notice, at)
        return any(notice.delay == 0 for notice in owed)

    def _remember(self, connection: Connection, ticket_id: int, seq: int, count: int, at: int) -> None:
        receipt = Receipt(self.hash, ticket_id, seq, count, at)
        receipts.put(connection, self.person_id, ticket_id, self.key, receipt)
        if self.ticket_id is None:
            # Known by the opening, too, where the same key meets no ticket yet.
            receipts.put(connection, self.person_id, receipts.OPENING, self.key, receipt)

    def _first_answer(self, connection: Connection, person: Person, known: Receipt) -> Answer:
        if known.command_hash != self.hash:
            raise conflict("This key was used for another command.")
        made = (
            entries.span(connection, known.ticket, known.seq - known.entries + 1, known.seq)
            if known.entries
            else []
        )
        prev = 0
        if made:
            depth = clearance(person.role, admins_read=self.admins_read)
            prev = entries.seq_before(connection, known.ticket, depth, made[0].seq)
        return self._answer(person, known.ticket, known.seq, known.at, made, prev)

    def _prev(self, ticket: Ticket, person: Person) -> int:
        return ticket.heads.seqs[clearance(person.role, admins_read=self.admins_read)]

    @staticmethod
    def _answer(person: Person, ticket_id: int, seq: int, at: int, made: list[Entry], prev: int) -> Answer:
        seen = []
        for entry in made:
            seen.append(entry_wire(entry, prev, person.id))
            prev = entry.seq
        return Answer(ticket=ticket_id, seq=seq, at=at, entries=seen)
