"""What somebody may ask of a ticket: the closed list of commands, and how one is read from what came in."""

from enum import StrEnum
from typing import Annotated, Any

import msgspec

from ccr.desk.checking import MAX_SEQ, Id, check, printable
from ccr.desk.refusals import Code, Refusal

QUERY_LENGTH = 150
TEXT_LENGTH = 4_000
REASON_LENGTH = 500

Query = Annotated[str, msgspec.Meta(min_length=1, max_length=QUERY_LENGTH)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_LENGTH)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=REASON_LENGTH)]
Stars = Annotated[int, msgspec.Meta(ge=1, le=5)]
Attachments = Annotated[list[Id], msgspec.Meta(max_length=5)]
Seq = Annotated[int, msgspec.Meta(ge=1, le=MAX_SEQ)]


class Priority(StrEnum):
    """How much it presses."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Command(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    omit_defaults=True,
):
    """What somebody asks for; `type` on the wire is the class's tag. Lengths are in Unicode code points."""


class OpenTicket(Command, frozen=True, tag="open_ticket"):
    """A customer asks."""

    query: Query
    details: Text | None = None
    priority: Priority = Priority.NORMAL


class PostMessage(Command, frozen=True, tag="post_message"):
    """Say something to the other side; `reply_to` is the seq it answers. Files may go without words."""

    body: Text = ""
    reply_to: Seq | None = None
    attachments: Attachments = []


class PostNote(Command, frozen=True, tag="post_note"):
    """Write something that only staff will see."""

    body: Text


class AssignAgent(Command, frozen=True, tag="assign_agent"):
    """Give the ticket to an agent, or with `None` to nobody."""

    agent: Id | None


class SetPriority(Command, frozen=True, tag="set_priority"):
    """Weigh it anew."""

    priority: Priority


class CloseTicket(Command, frozen=True, tag="close_ticket"):
    """It is settled, or given up."""

    reason: Reason | None = None


class ReopenTicket(Command, frozen=True, tag="reopen_ticket"):
    """It is not settled after all."""


class RateTicket(Command, frozen=True, tag="rate_ticket"):
    """How it went, 1 to 5 stars."""

    stars: Stars
    comment: Text | None = None


class RedactMessage(Command, frozen=True, tag="redact_message"):
    """Take one's own words back: entry `of` is blanked."""

    of: Seq
    reason: Reason | None = None


class RequestPerson(Command, frozen=True, tag="request_person"):
    """No more answers by a program here."""


class HandOver(PostMessage, frozen=True, tag="hand_over"):
    """The bot's last words, and in the same breath that a person is to go on. Nobody else can ask for it."""


class TakeFrom(Command, frozen=True, tag="take_from"):
    """Give the ticket to nobody, if it is open and still this agent's. What the registry itself asks for of an agent
    who is there no longer; nobody else can.
    """

    agent: Id


COMMANDS: dict[str, type[Command]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (
        OpenTicket,
        PostMessage,
        PostNote,
        AssignAgent,
        SetPriority,
        CloseTicket,
        ReopenTicket,
        RateTicket,
        RedactMessage,
        RequestPerson,
    )
}
"""Every command by its `type`."""


def read_command(given: object) -> Any:
    """The command in parsed JSON. Raises `Refusal` `invalid`, naming what is wrong."""
    if not isinstance(given, dict):
        raise Refusal(
            Code.INVALID, "A command is an object with a type.", fields={"command": "must be an object"}
        )
    kind = COMMANDS.get(given["type"]) if isinstance(given.get("type"), str) else None
    if kind is None:
        name = printable(given.get("type"))
        raise Refusal(Code.INVALID, f"There is no command {name}.", fields={"type": "is not a command"})
    command = check(kind, given)
    if isinstance(command, PostMessage) and not command.body and not command.attachments:
        raise Refusal(Code.INVALID, "Body is required.", fields={"body": "is required"})
    return command


def name_of(command: Command) -> str:
    """The command's `type`, as logs and counters name it."""
    return str(command.__struct_config__.tag)


def fingerprint(command: Command) -> bytes:
    """The same bytes for the same command, by which a retry is told from another command under a used key."""
    return msgspec.json.encode(command)
