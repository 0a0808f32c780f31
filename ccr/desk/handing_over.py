"""When somebody wants a person and not a program, in which words they ever say so.

Each form is a whole way of saying it, from who asks to whom they want: that a text has both a verb and a person in it
says nothing. In doubt it is none, or somebody's question goes unanswered.
"""

import re

_FILL = r"(?:hello|hi|hey|ok|okay|yes|well|just|only|sorry|please|pls|plz|now|thanks|thank you|asap|today|immediately)"
_REAL = r"(?:real|live|actual|human|proper|living)"
_HUMAN = (
    r"(?:person|human (?:being|help|support|assistance)|human|agent|representative|rep|operator|advis[eo]r)"
)
_SOME = r"(?:someone|somebody|anyone|anybody)"
_ONE = (
    rf"(?:(?:an? |any )?(?:{_REAL} )*{_HUMAN}|(?:a |the |your |some )?(?:supervisor|manager)"
    rf"|(?:some )?{_REAL} (?:one|man|woman|people)|{_SOME} (?:real|human)"
    r"|(?:an? |some )?(?:employee|staff member)|an? member of (?:your )?staff)(?![-'\w])"
)
"""Somebody who is not any program; but never the very one who has the ticket, of whom people speak as of theirs."""

_DESK = r"(?:your |the )?(?:customer (?:service|support|care)|support|support team)"
_YOURS = r"(?:one of )?your (?:people|agents|staff|team)"
_ANY = rf"(?:{_ONE}|{_SOME}|{_YOURS}|{_DESK})(?![-'\w])(?! (?:in|from|of) (?:my|our) )"

_TALK = r"(?:talk|speak|chat)(?:ing)? (?:to|with)"
_I_WANT = (
    r"(?:(?:i|we) (?:really |just |only |still |rather )?(?:want|need|wish|prefer|demand)"
    r"|(?:i|we)(?:'d| would) (?:really |much )?(?:like|love|prefer|rather)|i(?:'d| would) rather)"
)
_ASKED_FOR = (
    rf"(?:{_I_WANT}(?: to)?|(?:i|we) have to|(?:can|could|may) (?:i|we)(?: please| just)?|let (?:me|us)"
    r"|allow me to|i wanna|how (?:can|do|could) (?:i|we)|is it possible to|is there (?:a|any) way (?:to|of)|help me)"
)
_AT_FIRST = rf"(?:^|[,.;:!?-] |\b{_FILL}\W+)"
_ENDS = (
    rf"(?=\W*$|[^\w\s'-]|\W+(?:{_FILL}|and|but|not|instead|here|again|about|at once|right|who|on the phone"
    r"|to (?:talk|speak|chat|help|call|answer|look|assist|deal|take))\b)"
)

_TALKS = re.compile(
    rf"\b{_ASKED_FOR} (?:please )?(?:{_TALK} {_ANY}|write (?:to|with) {_ONE})"
    rf"|{_AT_FIRST}(?:{_TALK} {_ANY}|(?:ask for|contact) {_ONE})"
)
_WANTS = re.compile(
    rf"\b(?:{_I_WANT}(?: to have| to be (?:connected|transferred|put through) (?:to|with))?"
    rf"|(?:can|could|may) (?:i|we) (?:please )?(?:get|have|reach)) (?:help from )?{_ONE}{_ENDS}"
    r"|\b(?:connect|transfer|hand|pass|put|get|give|send|forward|switch) (?:me|us)"
    rf"(?: on| over| through| in touch)?(?: to| with)? (?:{_ONE}|{_SOME}(?= to (?:talk|speak|chat)\b)|{_DESK}){_ENDS}"
    rf"|\b(?:can|could|would|will|let) (?:please )?an? (?:{_REAL} )*{_HUMAN} (?:please )?(?:help|call|contact"
    r"|answer|look|reply|respond|assist|take|read|talk|speak)\b"
)
_THERE = re.compile(
    rf"(?:^|\b{_FILL}\W+)(?:is |are )?(?:there )?{_ONE} (?:still )?(?:there|here|available|around|online)"
    r"(?: at all| today| now)?\W*$"
    rf"|\bis there (?:{_ANY}) (?:that |who |whom )?(?:i|we) (?:can|could|may) (?:talk|speak|chat)\b"
)

_BOT = r"(?:bot|robot|chatbot|chat bot|ai)s?"
_THING = rf"(?:an? |the |this |your |any |some )?(?:{_BOT}|machine|computer|program|assistant)(?![-'\w])"
_REFUSES = re.compile(
    rf"\b(?:don't|do not|dont|won't|will not|refuse to|not going to|(?:am|'m) not|rather not|hate|tired of"
    r"|sick of|stop|instead of)"
    rf"(?: want| wish| like| need)?(?: to)?(?: be)? {_TALK} {_THING}{_ENDS}"
    rf"|\b(?:don't|do not|dont) (?:want|need|like) (?:an? |the |this |your |any )?{_BOT}{_ENDS}"
)
_PLAIN = re.compile(
    rf"(?:{_FILL}\W+)*(?:"
    rf"{_ONE}|people|(?:{_ONE}\W+(?:{_FILL}\W+)*)?(?:and |but )?"
    rf"(?:no|not|without|stop)(?: more| an?| the| this| any)? {_BOT}"
    rf"|(?:turn|switch) (?:off (?:the |this |your )?(?:{_BOT}|assistant)|(?:the |this |your )?(?:{_BOT}|assistant) off)"
    rf"|(?:go away|shut up|quit|stop)\W+(?:the |this )?{_BOT}"
    rf"|(?:{_I_WANT} |is there |do you have |can i (?:have|get|use) )?(?:a |the )?(?:live|human) (?:chat|support|help)"
    r"|customer (?:service|support|care)"
    rf"|(?:(?:can|could|will|would) (?:you|{_SOME}|an? {_HUMAN}) (?:please )?|{_I_WANT} (?:you|{_SOME}) to "
    rf"|have (?:{_SOME}|an? {_HUMAN}) )?"
    r"(?:call|phone|ring) me(?: back)?(?: (?:on|at|under) [-+()/ \d]+)?"
    rf")(?:\W+{_FILL})*"
)
"""What is asked for by no more than that."""

_DOUBTS = re.compile(
    r"\b(?:do|did|if|when|whether|before|unless|until|why would|should) (?:i|we) (?:want|need|have)\b"
)

_NAMES = re.compile(
    r"\b(?:(?:person|human|agent|rep|representative|operator|employee|bot|robot|chatbot|machine|computer|program|assistant"
    r"|supervisor|manager)s?|people|staff|customer|support|team|real|live|me|ai|(?:some|any)(?:one|body)|advis[eo]rs?)\b"
)
"""One of these is in every such wish. Many a message has none of them."""

LONGEST_WISH = 120
"""Characters beyond which a text is about something, and mentions people by the way."""


def wants_person(text: str) -> bool:
    """Whether this asks for a person. In doubt not: the words must be short, and about nothing else."""
    if len(text) > 2 * LONGEST_WISH:
        return False
    said = " ".join(text.lower().replace("’", "'").split()).strip("\"'“”„‘* ")
    if len(said) > LONGEST_WISH or not _NAMES.search(said):
        return False
    if any(_PLAIN.fullmatch(each.strip(" ,:-–\"'“”")) for each in re.split(r"[.!?;…]+", said)):
        return True
    if _DOUBTS.search(said):
        return False
    return any(form.search(said) for form in (_TALKS, _WANTS, _THERE, _REFUSES))
