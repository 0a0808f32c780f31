"""What is told of public questions and answers: never the ticket, an address, or anybody's whole name."""

import re
from collections.abc import Iterable
from typing import Any

from ccr.desk.clock import rfc3339
from ccr.desk.people import Person, Role
from ccr.desk.questions import State, is_staff, public_name
from ccr.desk.refusals import invalid
from ccr.store.public_answers import PublicAnswer
from ccr.store.questions import Question


def question(found: Question, viewer: Person | None) -> dict[str, Any]:
    """One of them. Its `ticket`, and why it was declined or hidden, is for its author and staff alone."""
    mine = viewer is not None and viewer.id == found.author
    told: dict[str, Any] = {
        "id": found.id,
        "url": f"/help/questions/{found.id}",
        "title": found.title,
        "body": found.body,
        "name": public_name(found.first_name, found.last_name),
        "state": found.state.value,
        "at": rfc3339(found.public_at or found.asked_at),
        "answers": found.answers,
        "accepted": found.accepted is not None,
        "mine": mine,
    }
    if mine or looks_after(viewer):
        told |= {"reason": found.reason, "revision": found.revision}
    return told | {"ticket": found.ticket} if mine else told


def in_order(found: Question, answers: Iterable[PublicAnswer], viewer: Person | None) -> list[dict[str, Any]]:
    """The accepted one first, then those that most found helpful, then the oldest; hidden ones for staff alone.

    None to what was taken back: whoever did that was told that the way to them goes, too.
    """
    if found.state is State.WITHDRAWN:
        return []
    staff = looks_after(viewer)
    shown = [
        answer
        for answer in answers
        if answer.state is State.PUBLIC
        or (answer.state is State.HIDDEN and (staff or (viewer is not None and viewer.id == answer.author)))
    ]
    shown.sort(key=lambda answer: (answer.id != found.accepted, -answer.votes, answer.id))
    return [_answer(answer, found, viewer) for answer in shown]


def looks_after(person: Person | None) -> bool:
    """Whether this person is an agent or an admin."""
    return person is not None and is_staff(person.role)


def read_cursor(cursor: str | None) -> tuple[int, int] | None:
    """Time and id of the last one on the page before. Raises `invalid`."""
    if cursor is None:
        return None
    form = re.fullmatch(r"([0-9]{1,16})-([0-9]{1,16})", cursor)
    if form is None:
        raise invalid(before="is not one that was given out")
    return int(form[1]), int(form[2])


def _answer(answer: PublicAnswer, found: Question, viewer: Person | None) -> dict[str, Any]:
    mine = viewer is not None and viewer.id == answer.author
    public = answer.state is State.PUBLIC and found.state is State.PUBLIC
    return {
        "id": answer.id,
        "body": answer.body,
        "name": public_name(answer.first_name, answer.last_name),
        "staff": is_staff(answer.role),
        "asker": answer.author == found.author,
        "at": rfc3339(answer.at),
        "votes": answer.votes,
        "voted": answer.voted,
        "may_vote": public and not mine and viewer is not None and viewer.role is Role.CUSTOMER,
        "accepted": answer.id == found.accepted,
        "hidden": answer.state is State.HIDDEN,
        "mine": mine,
    }
