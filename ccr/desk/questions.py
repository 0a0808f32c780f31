"""Public questions: how far one has come, what is done to it, and what people are called beside it."""

from enum import StrEnum

from ccr.desk.people import Role, full_name
from ccr.desk.refusals import Refusal, conflict


class State(StrEnum):
    """Of a question; an answer is `PUBLIC`, `HIDDEN` or `WITHDRAWN`."""

    WAITING = "waiting"
    """Handed in by its author, for an agent to look at."""
    PUBLIC = "public"
    DECLINED = "declined"
    """Its author may change it and hand it in again."""
    HIDDEN = "hidden"
    """By staff, who may show it again."""
    WITHDRAWN = "withdrawn"
    """By its author: the words are gone."""


class Deed(StrEnum):
    """What somebody did to a question, or to an answer of it."""

    HAND_IN = "hand_in"
    APPROVE = "approve"
    DECLINE = "decline"
    HIDE = "hide"
    SHOW = "show"
    WITHDRAW = "withdraw"
    ANSWER = "answer"
    ACCEPT = "accept"
    UNACCEPT = "unaccept"
    HIDE_ANSWER = "hide_answer"
    SHOW_ANSWER = "show_answer"
    WITHDRAW_ANSWER = "withdraw_answer"


def public_name(first_name: str, last_name: str) -> str:
    """What others read: the first name whole, of the last one a letter."""
    initial = last_name.strip()[:1].upper()
    return full_name(first_name, f"{initial}." if initial else "")


def is_staff(role: Role) -> bool:
    """Who looks at what is handed in, and after what is public."""
    return role in (Role.AGENT, Role.ADMIN)


def overtaken(state: State) -> Refusal:
    """Why what somebody was about to decide is not theirs to decide any more, by what it has become."""
    return conflict(
        {
            State.WAITING: "Its author changed the text meanwhile. Read it again before you decide.",
            State.PUBLIC: "Somebody approved it meanwhile: it is public already.",
            State.DECLINED: "Somebody declined it meanwhile.",
            State.HIDDEN: "Somebody hid it meanwhile.",
            State.WITHDRAWN: "Its author took it back meanwhile.",
        }[state]
    )
