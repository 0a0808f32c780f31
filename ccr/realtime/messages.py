"""What a client may send, event by event."""

from typing import Annotated, Any

import msgspec

from ccr.desk.checking import MAX_SEQ, Id, Key

Number = Annotated[int, msgspec.Meta(ge=0, le=MAX_SEQ)]
Limit = Annotated[int, msgspec.Meta(ge=1, le=200)]


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The payload of an event: closed, as everything that comes in."""


class Join(Message, frozen=True):
    """Come to a ticket; `after` is the last number the client has."""

    ticket: Id
    after: Number | None = None


class Leave(Message, frozen=True):
    """Go from it."""

    ticket: Id


class Sync(Message, frozen=True):
    """A page of its timeline."""

    ticket: Id
    after: Number | None = None
    before: Number | None = None
    limit: Limit | None = None


class Do(Message, frozen=True):
    """A command, under a key."""

    ticket: Id | None
    key: Key
    command: dict[str, Any]


class Watch(Message, frozen=True):
    """The person's own list, and from then on its changes."""


class Typing(Message, frozen=True):
    """Began or stopped typing."""

    ticket: Id
    on: bool


class Read(Message, frozen=True):
    """Read up to a number."""

    ticket: Id
    seq: Number
