"""The assistant that comes with the registry: answers from the help articles, and guides through the fixed questions.

Nothing leaves the house, nothing is made up, and nothing is remembered: a turn says all that there is to know.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from ccr.desk.handing_over import wants_person
from ccr.ports import Option, Reply, Said

CONVERSATION = "embedded"

Search = Callable[[str], Awaitable[dict[str, Any]]]
"""Finds articles: `{sure, articles: [{title, summary, url, slug, sure}]}`."""

PERSON = Reply(type="person")


class Step(NamedTuple):
    """One turn of a guided conversation: what is said, and by which words it goes on."""

    say: str
    then: tuple[str, ...] = ()
    title: str = ""
    url: str = ""


GREETING = Step(
    "Hello, I am the assistant, a program. I know how this registry works. What would you like to do?",
    ("I want to register", "I cannot sign in", "I need a one-time code", "I want to talk to a person"),
)

DIALOGUES: dict[str, Step] = {
    "i want to register": Step(
        "You need your name, e-mail address, mobile number and a password of at least 8 characters. Have you been "
        "here before?",
        ("No, I am new", "I may have an account", "Why a mobile number?"),
    ),
    "no, i am new": Step(
        "Then fill in the form. You are signed in as soon as you send it; nobody has to approve you.",
        ("It says the address is taken",),
        "Register",
        "/register",
    ),
    "i may have an account": Step(
        "Try to sign in with your e-mail address. If the password is gone, have a code mailed.",
        ("I need a one-time code", "No, I am new"),
        "Sign in",
        "/login",
    ),
    "why a mobile number?": Step(
        "The agent who looks after your ticket may call you. It need not be yours alone, and you can change it later.",
        ("No, I am new", "I may have an account"),
    ),
    "it says the address is taken": Step(
        "Then there is an account under it already. Sign in, or have a code mailed and set a new password.",
        ("I need a one-time code", "I cannot sign in"),
    ),
    "i cannot sign in": Step(
        "What happens?",
        ("The password is wrong", "It takes very long", "I have no account", "I need a one-time code"),
    ),
    "the password is wrong": Step(
        "Look whether capitals are switched on, and whether it is the address you registered with. The message is the "
        "same for an address that we do not know. If nothing helps, set a new password by a code.",
        ("I need a one-time code", "I have no account"),
        "Sign in",
        "/login",
    ),
    "it takes very long": Step(
        "After ten wrong tries in a quarter of an hour signing in slows down. It is never locked for good: wait a "
        "little, or set a new password by a code.",
        ("I need a one-time code",),
    ),
    "i have no account": Step(
        "Registering takes a minute.", ("Why a mobile number?",), "Register", "/register"
    ),
    "i need a one-time code": Step(
        "Type your e-mail address on the next page. A mail brings a code of six digits, good once and for ten minutes; "
        "with it you set a new password.",
        ("The code does not come", "The code is refused"),
        "Have a code mailed",
        "/forgot",
    ),
    "the code does not come": Step(
        "Give it three minutes and look into the folder for spam. Check the address: if there is no account under it, "
        "no mail is sent, and the page does not say so.",
        ("Ask for another code", "I may have an account", "I want to talk to a person"),
    ),
    "the code is refused": Step(
        "It may be older than ten minutes, used, or replaced by a newer one; after five wrong tries it is void. Ask "
        "for another, and type the newest.",
        ("Ask for another code", "I want to talk to a person"),
    ),
    "ask for another code": Step(
        "Here you get one. Only the newest counts.",
        ("The code does not come",),
        "Have a code mailed",
        "/forgot",
    ),
}

THANKED = Step("You are welcome. Write again whenever you like.")

_GREETS = re.compile(
    r"\W*(?:(?:hi|hello|hey|good (?:day|morning|afternoon|evening))(?: there)?"
    r"|(?:please )?help(?: me)?(?: please)?|who are you|what can you do)\W*"
)
_THANKS = re.compile(
    r"\W*(?:(?:ok|okay|great|no)\W+)?(?:thanks|thank you|thx)(?: a lot| very much| so much)?\W*|\W*(?:good)?bye\W*"
)

BEGINS = {
    "register": "i want to register",
    "sign-in": "i cannot sign in",
    "forgotten-password": "i need a one-time code",
}
"""Articles in whose place the guided conversation begins, by their names."""

UNKNOWN = "I don’t know that. I only know how this registry works, and I would rather say so than guess."

OTHERS_ASKED = "A customer asked the like in public, and this answer was accepted: "


class EmbeddedAssistant:
    """Answers by `search`."""

    goes_to: str | None = None
    away = False

    def __init__(self, search: Search) -> None:
        self._search = search

    async def prepare(self) -> None:
        """There is nothing to load."""

    async def begin(self) -> Said:
        """Who it is, and what it can do."""
        return _said(*_told(GREETING))

    async def answer(self, text: str, conversation: str) -> Said:  # noqa: ARG002 - there is nothing to go on from
        """From a guided conversation, an article, or not at all."""
        step = _step(" ".join(text.lower().split()))
        if step is not None:
            return _said(*_told(step))
        if wants_person(text):
            return _said(PERSON)
        found = await self._search(text)
        if not found["sure"]:
            return _said(Reply(type="text", text=UNKNOWN), PERSON)
        best = found["articles"][0]
        if best["slug"] in BEGINS:
            return _said(*_told(DIALOGUES[BEGINS[best["slug"]]]), _article(best))
        said = f"{OTHERS_ASKED}{best['summary']}" if best["kind"] == "question" else best["summary"]
        return _said(Reply(type="text", text=said), _article(best))

    async def choose(self, back: str, conversation: str) -> Said:
        """Its options are their text, and no more."""
        return await self.answer(back, conversation)

    async def close(self) -> None:
        """Nothing is held open."""


def _step(words: str) -> Step | None:
    """What is said to just these words."""
    if _GREETS.fullmatch(words):
        return GREETING
    return THANKED if _THANKS.fullmatch(words) else DIALOGUES.get(words)


def _said(*replies: Reply) -> Said:
    return Said(CONVERSATION, replies)


def _told(step: Step) -> list[Reply]:
    told = [Reply(type="text", text=step.say)]
    if step.url:
        told.append(Reply(type="article", title=step.title, url=step.url))
    if step.then:
        told.append(Reply(type="options", options=tuple(_option(words, step) for words in step.then)))
    return told


def _option(words: str, step: Step) -> Option:
    """Who greets it and has signed in already needs no help with getting in."""
    return Option(words, words, for_strangers=step is GREETING and words.lower() in DIALOGUES)


def _article(article: dict[str, Any]) -> Reply:
    return Reply(type="article", title=article["title"], url=article["url"])
