"""Everything held about one person, for them to take along."""

from typing import Any

import msgspec

from ccr.desk.clock import rfc3339
from ccr.desk.events import entry_wire
from ccr.desk.people import Person, Role
from ccr.services.portraits import portrait_of
from ccr.store import (
    attachments,
    feedback,
    holdings,
    mobiles,
    people,
    public_answers,
    question_deeds,
    questions,
    sessions,
    subscriptions,
)
from ccr.store.connection import Connection


def held_beside_talk(connection: Connection, person: Person) -> dict[str, Any]:
    """All but what was said and done on tickets: that may be long, and has a page at a time below."""
    everything: dict[str, Any] = {
        "person": person.wire() | {"created_at": rfc3339(people.created_at(connection, person.id))},
        "sessions": [
            {
                "id": session.id,
                "device": session.device,
                "address": session.address,
                "created_at": rfc3339(session.created_at),
                "seen_at": rfc3339(session.seen_at),
            }
            for session in sessions.of_person(connection, person.id, 0)
        ],
        "known_devices": [
            {"seen_at": rfc3339(at)} for at in sessions.devices(connection, person.id).values()
        ],
        "mobile": _mobile(connection, person),
        "notified_browsers": [
            {
                "device": browser.device,
                "endpoint": browser.endpoint,
                "subscribed_at": rfc3339(browser.subscribed_at),
            }
            for browser in subscriptions.of_person(connection, person.id)
        ],
        "mails": [_timed(notice) for notice in holdings.notices_to(connection, person.id)],
        "read_marks": [_timed(mark) for mark in holdings.read_marks(connection, person.id)],
        "files": [
            msgspec.to_builtins(file.attached()) | {"ticket": file.ticket, "seq": file.seq}
            for file in attachments.of_owner(connection, person.id)
        ],
        "feedback": [
            {
                "about": given.about,
                "ticket": given.ticket,
                "stars": given.stars,
                "body": given.body,
                "written_at": rfc3339(given.written_at),
            }
            for given in feedback.by_person(connection, person.id)
        ],
        "public": _public(connection, person),
    }
    if person.role is not Role.CUSTOMER:
        everything["portrait"] = portrait_of(connection, person.id)
    return everything


def tickets_of(connection: Connection, person: Person) -> list[dict[str, Any]]:
    """The customer's tickets, without what was said on them."""
    return [_timed(ticket) for ticket in holdings.tickets_of_customer(connection, person.id)]


def timeline_after(connection: Connection, ticket_id: int, person: Person, seq: int) -> list[dict[str, Any]]:
    """What the customer sees of their ticket behind number `seq`, at most a page of it."""
    page = []
    for entry in holdings.conversation_after(connection, ticket_id, seq):
        page.append(entry_wire(entry, seq, person.id))
        seq = entry.seq
    return page


def deeds_after(connection: Connection, ticket_id: int, person: Person, seq: int) -> list[dict[str, Any]]:
    """What one of the staff did on a ticket behind number `seq`, at most a page of it."""
    return [_timed(deed) for deed in holdings.deeds_after(connection, ticket_id, person.id, seq)]


def _mobile(connection: Connection, person: Person) -> dict[str, Any] | None:
    mobile = mobiles.find(connection, person.id)
    if mobile is None:
        return None
    return {"mobile": mobile.number, "verified_at": rfc3339(mobile.verified_at), "texts": mobile.texts}


def _public(connection: Connection, person: Person) -> dict[str, Any]:
    """What they said in public, or would have."""
    return {
        "questions": [
            {
                "id": asked.id,
                "ticket": asked.ticket,
                "title": asked.title,
                "body": asked.body,
                "state": asked.state.value,
                "reason": asked.reason,
                "asked_at": rfc3339(asked.asked_at),
            }
            for asked in questions.by_author(connection, person.id)
        ],
        "answers": [
            {
                "id": given.id,
                "question": given.question,
                "body": given.body,
                "state": given.state.value,
                "answered_at": rfc3339(given.at),
            }
            for given in public_answers.by_author(connection, person.id)
        ],
        "votes": [_timed(vote) for vote in public_answers.votes_by(connection, person.id)],
        "deeds": [_timed(deed) for deed in question_deeds.by_person(connection, person.id)],
    }


def _timed(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its times as the contract writes them."""
    return {
        name: rfc3339(value) if value is not None and (name == "at" or name.endswith("_at")) else value
        for name, value in row.items()
    }
