"""A timeline as its template draws it. `web/js/render.js` and `arrange.js` work out the same."""

import re
from datetime import datetime
from typing import Any

import msgspec

from ccr.desk.clock import MINUTE, now, rfc3339
from ccr.desk.events import EVENTS
from ccr.desk.people import Role
from ccr.desk.rules import REDACTION_WINDOW
from ccr.site.timeline_files import File, files_of

Wire = dict[str, Any]

GROUP_WITHIN = 5 * MINUTE
"""Messages of one sender closer than this stand together, in milliseconds."""

QUOTE_LENGTH = 120
TAKEN_BACK = "Message taken back"
_ARTICLE = re.compile(r"(/help/(?:questions/)?[a-z0-9-]+)")
_APART = r"\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff<>\""
"""What no address holds: blanks, and signs that turn the direction, behind which one can look like another."""
_ADDRESS = re.compile(rf"(https?://(?![^{_APART}/?#]*@)[^{_APART}]*[^{_APART}.,:;!?'()\[\]{{}}…’”»])")
"""An address as people write it, without what ends a sentence; not one that has a name before its host."""
_SAID = frozenset({"message_posted", "note_posted", "ticket_opened"})
_EARLIER = {"by": "", "text": "An earlier message"}


class Row(msgspec.Struct, kw_only=True):
    """One entry and what its surroundings make of it; a blank one is the template that the browser fills."""

    entry: Wire
    template: str
    blank: bool = False
    mine: bool = False
    bot: bool = False
    who: str = ""
    body: str = ""
    links: list[str] = []
    """What was said, cut where the bot names an article, or people an address: words, address, words …"""
    files: list[File] = []
    agent: str = ""
    quoted: dict[str, str] | None = None
    is_read: bool = False
    is_fresh: bool = False
    may_reply: bool = False
    may_undo: bool = False
    follows: bool = False
    day: str | None = None
    unread: bool = False


class View(msgspec.Struct, kw_only=True):
    """A stretch of a timeline for one viewer. `read` is how far they have read, `seen` how far the other side has."""

    me: int
    talks: bool
    read: int
    seen: int
    rows: list[Row]
    older: bool
    newest: bool
    blanks: list[Row]

    @property
    def has_files(self) -> bool:
        """Whether the page needs what files look like."""
        return any(row.files for row in self.rows)

    @property
    def first(self) -> int:
        """The number of the first entry shown."""
        return int(self.rows[0].entry["seq"]) if self.rows else 1


def view(person: Wire, ticket: Wire, timeline: Wire, *, newest: bool) -> View:
    """The page's part of a ticket's timeline, for `person` on the wire."""
    me = int(person["id"])
    talks = person["role"] != Role.ADMIN
    seen = max((mark["seq"] for mark in timeline["reads"] if mark["person"]["id"] != me), default=0)
    read = int(ticket["read_seq"])
    drawn = [_row(entry, me, seen, talks=talks) for entry in timeline["entries"]]
    _quote(drawn)
    _arrange(drawn, read if talks else None)
    return View(
        me=me,
        talks=talks,
        read=read,
        seen=seen,
        rows=drawn,
        older=timeline["more"],
        newest=newest,
        blanks=[
            Row(entry={"type": name, "at": ""}, template=name, blank=True)
            for name in (*EVENTS, "agent_unassigned")
        ],
    )


def _row(entry: Wire, me: int, seen: int, *, talks: bool) -> Row:
    mine = entry["actor"]["id"] == me
    redacted = bool(entry.get("redacted"))
    unassigned = entry["type"] == "agent_assigned" and entry["agent"] is None
    agent = entry.get("agent") or {}
    is_bot = entry["actor"]["role"] == Role.BOT
    body = TAKEN_BACK if redacted else entry.get("body", "")
    said = body or entry.get("details", "")
    is_fresh = entry["at"] > rfc3339(now() - REDACTION_WINDOW)
    return Row(
        entry=entry,
        template="agent_unassigned" if unassigned else entry["type"],
        mine=mine,
        bot=is_bot,
        who="You" if mine else entry["actor"]["name"],
        body=body,
        links=(_ARTICLE if is_bot else _ADDRESS).split(said) if said else [],
        files=files_of(entry),
        agent="you" if agent.get("id") == me else agent.get("name", ""),
        is_read=entry["seq"] <= seen,
        is_fresh=is_fresh,
        may_reply=talks and not redacted,
        may_undo=mine and not redacted and is_fresh and entry["type"] in {"message_posted", "note_posted"},
    )


def _quote(rows: list[Row]) -> None:
    shown = {row.entry["seq"]: row for row in rows}
    for row in rows:
        target = row.entry.get("reply_to")
        if target and not row.entry.get("redacted"):
            source = shown.get(target)
            row.quoted = quote(source) if source else _EARLIER


def quote(row: Row) -> dict[str, str]:
    """What a reply shows of the entry it answers."""
    names = ", ".join(file.name for file in row.files)
    text = " ".join((row.body or row.entry.get("query") or names).split())
    return {"by": row.who, "text": text if len(text) <= QUOTE_LENGTH else text[: QUOTE_LENGTH - 1] + "…"}


def _arrange(rows: list[Row], read: int | None) -> None:
    """Days (in UTC; the browser moves them to where they are read), groups, and where the unread ones begin."""
    before: Row | None = None
    divided = read is None
    for row in rows:
        if before is None or before.entry["at"][:10] != row.entry["at"][:10]:
            row.day = row.entry["at"]
        if not divided and not row.mine and row.entry["seq"] > (read or 0):
            row.unread = divided = True
        row.follows = before is not None and not row.day and not row.unread and _is_same_group(before, row)
        before = row


def _is_same_group(before: Row, row: Row) -> bool:
    if (
        not {before.template, row.template} <= _SAID
        or before.entry["actor"]["id"] != row.entry["actor"]["id"]
    ):
        return False
    return _at(row.entry) - _at(before.entry) < GROUP_WITHIN / 1_000


def _at(entry: Wire) -> float:
    return datetime.fromisoformat(entry["at"]).timestamp()
