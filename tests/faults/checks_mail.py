"""Mails owed and carried, against the events that they tell of."""

from collections import Counter
from collections.abc import Iterator

from tests.faults.history import Owed, Truth, Violation


def mails(truth: Truth) -> Iterator[Violation]:
    """For every event there are the mails that it owes, and no others; what was carried is what was owed."""
    owed = Counter((mail.kind, mail.ticket, mail.person) for mail in truth.owed if mail.ticket)
    due = _due(truth)
    for mail in sorted(owed.keys() | due.keys()):
        kind = mail[0]
        wrong = bool(owed[mail]) != bool(due[mail]) if kind == "message_waiting" else owed[mail] != due[mail]
        if wrong:
            yield Violation(
                "mail", f"{kind} of ticket {mail[1]} to {mail[2]}: {owed[mail]} for {due[mail]} events"
            )
    rows = {mail.id: mail for mail in truth.owed}
    for id_, count in truth.carried.items():
        if id_ not in rows:
            yield Violation("mail", f"{count} carried under number {id_}, which nobody owed")
    for mail_ in rows.values():
        if mail_.state == "sent" and not truth.carried.get(mail_.id):
            yield Violation("mail", f"{_mail(mail_)} counts as sent and never was")
        elif mail_.state == "dead":
            yield Violation("mail", f"{_mail(mail_)} was given up")


def _due(truth: Truth) -> Counter[tuple[str, int, int]]:
    due: Counter[tuple[str, int, int]] = Counter()
    agents: dict[int, int | None] = {}
    for row in truth.rows:
        customer, agent = truth.customers[row.ticket], agents.get(row.ticket)
        if row.type == "ticket_opened":
            due["ticket_opened", row.ticket, customer] += 1
        elif row.type == "agent_assigned":
            agent = agents[row.ticket] = (row.fields["agent"] or {}).get("id")
            if agent:
                due["agent_assigned", row.ticket, customer] += 1
                due["ticket_assigned", row.ticket, agent] += 1
        elif row.type == "ticket_closed":
            due["ticket_closed", row.ticket, customer] += 1
            if agent and row.actor != agent:
                due["ticket_closed", row.ticket, agent] += 1
        elif row.type == "message_posted":
            reader = agent if row.actor == customer else customer
            if reader:
                due["message_waiting", row.ticket, reader] += 1
    return due


def _mail(mail: Owed) -> str:
    return f"{mail.kind} {mail.id} of ticket {mail.ticket}"
