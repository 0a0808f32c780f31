"""What Watson says, in our own few kinds of replies. Nothing in it is trusted: it becomes text, or is left out."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from ccr.desk.masking import masked
from ccr.ports import AssistantFailed, Option, Reply

MOST = 20
"""Replies of one turn, and options of one reply."""

LONGEST = 2_000
LONGEST_PAUSE = 2_000


def replies_in(answer: Any) -> tuple[Reply, ...]:
    """Raises `AssistantFailed` where there is nothing in it that could be shown."""
    output = answer.get("output") if isinstance(answer, dict) else None
    generic = output.get("generic") if isinstance(output, dict) else None
    if not isinstance(generic, list):
        raise AssistantFailed("an answer of another form")
    made = []
    for part in generic[:MOST]:
        kind = part.get("response_type") if isinstance(part, dict) else None
        make = _KINDS.get(kind) if isinstance(kind, str) else None
        reply = make(part) if make else None
        if reply is not None:
            made.append(reply)
    if not any(reply.type != "pause" for reply in made):
        raise AssistantFailed("an answer without words")
    return tuple(made)


def _text(part: dict[str, Any]) -> Reply | None:
    words = _words(part, "text")
    return Reply(type="text", text=words) if words else None


def _option(part: dict[str, Any]) -> Reply | None:
    return _choice(part, "options")


def _suggestion(part: dict[str, Any]) -> Reply | None:
    return _choice(part, "suggestions")


def _choice(part: dict[str, Any], name: str) -> Reply | None:
    given = part.get(name)
    options = [_one(option) for option in given[:MOST]] if isinstance(given, list) else []
    chosen = tuple(option for option in options if option is not None)
    return Reply(type="options", text=_both(part), options=chosen) if chosen else None


def _one(option: Any) -> Option | None:
    """An option's label, and what it stands for, which may be another text, and more than a text."""
    label = _words(option, "label") if isinstance(option, dict) else ""
    if not label:
        return None
    value = option.get("value")
    inner = value.get("input") if isinstance(value, dict) else None
    if not isinstance(inner, dict) or not inner:
        return Option(label, label)
    text = _words(inner, "text") or label
    return Option(label, text, _back(inner, text))


def _back(given: dict[str, Any], text: str) -> str:
    """The whole of what Watson wants back, as JSON; nothing where it is what would be sent for the text anyway.

    Of two suggestions the texts may be equal: which one is meant only the rest of it says.
    """
    if given == typed(masked(text)):
        return ""
    back = json.dumps(given)
    return back if len(back) <= LONGEST else ""


def typed(text: str) -> dict[str, Any]:
    """What Watson is given where somebody wrote a text."""
    return {"message_type": "text", "text": text}


def _pause(part: dict[str, Any]) -> Reply | None:
    time = part.get("time")
    if not isinstance(time, int) or isinstance(time, bool) or time <= 0:
        return None
    return Reply(type="pause", milliseconds=min(time, LONGEST_PAUSE))


def _link(part: dict[str, Any]) -> Reply | None:
    """A picture or another thing from elsewhere is offered, not loaded: whose it is would learn who is reading."""
    source = part.get("source")
    if not isinstance(source, str) or not _is_https(source):
        words = _both(part) or _words(part, "alt_text")
        return Reply(type="text", text=words) if words else None
    title = _words(part, "title", "alt_text")
    return Reply(type="link", title=title or "Open it", text=_words(part, "description"), url=source)


def _person(part: dict[str, Any]) -> Reply | None:
    there, away = (_said_of(part, name) for name in ("agent_available", "agent_unavailable"))
    return Reply(type="person", text=there, away=away)


def _said_of(part: dict[str, Any], name: str) -> str:
    """What it says of agents who are there or are not; of another channel it says one thing for both."""
    given = part.get(name)
    return (_words(given, "message") if isinstance(given, dict) else "") or _words(part, "message_to_user")


def _end(part: dict[str, Any]) -> Reply | None:
    return Reply(type="end", text="That was it. Write again whenever you like.") if part else None


def _words(part: dict[str, Any], *names: str) -> str:
    """The first of these that is a text with something in it."""
    for name in names:
        value = part.get(name)
        if isinstance(value, str) and value.strip():
            return value.replace("\x00", "").encode("utf-8", "replace").decode().strip()[:LONGEST]
    return ""


def _both(part: dict[str, Any]) -> str:
    """What something is called, and what is said of it: the question may be in either."""
    return "\n".join(filter(None, (_words(part, "title"), _words(part, "description"))))


def _is_https(source: str) -> bool:
    try:
        url = urlsplit(source)
    except ValueError:
        return False
    return url.scheme == "https" and bool(url.hostname) and source.isprintable() and " " not in source


_KINDS: dict[str, Callable[[dict[str, Any]], Reply | None]] = {
    "text": _text,
    "conversational_search": _text,
    "option": _option,
    "suggestion": _suggestion,
    "pause": _pause,
    "image": _link,
    "video": _link,
    "audio": _link,
    "iframe": _link,
    "connect_to_agent": _person,
    "channel_transfer": _person,
    "end_session": _end,
}
