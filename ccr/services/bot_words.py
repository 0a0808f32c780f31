"""What the bot says on a ticket, as the plain text of a message."""

import itertools
import math
import re
from collections.abc import Sequence
from statistics import median
from typing import Any

import msgspec

from ccr.desk.clock import DAY, HOUR, MINUTE
from ccr.desk.hours import Hours
from ccr.ports import Option, Reply

_PERSON = "Write “person”, and I am silent."
LONGEST = 4_000

OFFERS = "Answer with a number, or in your own words."
"""What a message with choices ends with: by it web/js/choices.js knows them, to make buttons of them."""


def answer_from_help(article: dict[str, Any]) -> str:
    """An article's gist, or the accepted answer to a public question, and where the rest is."""
    asked = "A customer asked the like in public, and this answer was accepted: "
    return (
        f"{asked if article['kind'] == 'question' else ''}{article['summary']}\n\n"
        f"More in the help: {article['title']} {in_brackets(article['url'])}. I am a program; an agent "
        f"reads this ticket as well. {_PERSON}"
    )


def in_brackets(url: str) -> str:
    """An address as the bot writes it, which shows where it ends: one may begin like another."""
    return f"({url})"


def introduction(goes_to: str) -> str:
    """Said before anything goes to an assistant that others run."""
    return (
        f"I am an assistant run by {goes_to}, a program. What you write from here on goes there, without e-mail "
        f"addresses and longer numbers, until an agent writes. If you do not want that: {_PERSON}"
    )


Choices = dict[str, Option]
"""What can be chosen, by its number and by its words."""

_OFFERED = re.compile(r"(\d+)\. (.+)")


def message_of(replies: Sequence[Reply]) -> tuple[str, Choices]:
    """Replies as one message, and what it offers to choose from."""
    lines: list[str] = []
    options: list[Option] = []
    numbers = itertools.count(1)
    for reply in replies:
        lines += [reply.text] if reply.text else []
        for option, number in zip(reply.options, numbers, strict=False):
            lines.append(f"{number}. {' '.join(option.label.split())}")
            options.append(option)
        if reply.url:
            lines.append(f"{reply.title}: {reply.url}")
    if options:
        lines.append(OFFERS)
    body = "\n".join(lines).replace("\r\n", "\n").replace("\r", "\n")
    return body[:LONGEST].strip(), _choices(options)


def choices_in(body: str) -> Choices:
    """What a message of the bot's offers, by its words alone: the last list in it that counts from 1."""
    lines = body.split("\n")
    if lines[-1] != OFFERS:
        return {}
    labels: list[str] = []
    for found in filter(None, map(_OFFERED.fullmatch, lines)):
        number, label = found.groups()
        if number == "1":
            labels = [label]
        elif number == str(len(labels) + 1):
            labels.append(label)
    return _choices([Option(label, label) for label in labels])


def _choices(options: Sequence[Option]) -> Choices:
    """Where the words of one are the number of another the words count: a button sends what is written on it."""
    numbers = {str(number): option for number, option in enumerate(options, start=1)}
    return numbers | {_plain(option.label): option for option in options}


def of_people(replies: Sequence[Reply], *, there: bool) -> list[Reply]:
    """The same, saying of people what is to be said while agents are there, or while they are not."""
    return [
        msgspec.structs.replace(reply, text=reply.text if there else reply.away, away="")
        if reply.type == "person"
        else reply
        for reply in replies
    ]


def chosen(text: str, choices: Choices) -> Option:
    """What is meant by `text` where choices were offered; their own words where none of them is."""
    return choices.get(_plain(text)) or Option(text, text)


def waiting_words(waits: Sequence[int], back: str | None) -> str:
    """When to expect an answer, from how long the last week's first answers took (milliseconds); nothing is promised.

    `back` is when agents are there again, where they are not there now.
    """
    begin = f"{back} " if back else "No agent has answered yet; your ticket is not forgotten. "
    return begin + _measured(waits) + " You get a mail when there is an answer."


def back_words(hours: Hours | None, now: int) -> str | None:
    """When agents are there again, where they are not there now."""
    if hours is None or hours.are_on(now):
        return None
    come = hours.next_after(now)
    if come is None:
        return "No agent is there just now; your ticket is not forgotten."
    return f"No agent is there just now; they are again from {hours.said(come)}."


def _measured(waits: Sequence[int]) -> str:
    if not waits:
        return "How long it takes I cannot say: nobody had a first answer in the last seven days."
    time = _duration(median(waits))
    if len(waits) == 1:
        return f"The one first answer of the last seven days came within {time}."
    return f"Half of the {len(waits)} first answers of the last seven days came within {time}."


def _duration(milliseconds: float) -> str:
    """Rounded up: what came within it came within that."""
    unit, name = next(
        (unit, name)
        for unit, name, least in ((DAY, "day", 2 * DAY), (HOUR, "hour", 2 * HOUR), (MINUTE, "minute", 0))
        if milliseconds >= least
    )
    count = max(1, math.ceil(milliseconds / unit))
    return f"{count} {name}{'' if count == 1 else 's'}"


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
