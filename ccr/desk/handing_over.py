"""When somebody wants a person and not a program, in which words they ever say so."""

import re

_SOMEBODY = (
    r"(?:person|human(?: being)?|real (?:one|agent|man|woman|people)|(?:somebody|someone|anybody|anyone) real|"
    r"people|agent|representative|operator|employee|staff(?: member)?)"
)
_ALONE = re.compile(rf"\W*(?:an? )?(?:real |live )?{_SOMEBODY}\W*(?:please|now)?\W*")
_WISH = re.compile(
    r"\b(?:talk|speak|chat|write|connect|transfer|hand|get|give|want|need|prefer|like|pass)\b"
    rf"[^.!?]{{0,40}}\b(?:an? |the |some )?(?:real |live |actual )?{_SOMEBODY}\b"
)
_NO_BOT = re.compile(
    r"\b(?:no|not|stop|quit|without|off|shut up)\b[^.!?]{0,20}\b(?:bot|robot|chatbot|machine|assistant)s?\b"
)
_ASKS = re.compile(
    r"\b(?:how|who|what|which|where|when|why|did|does|is|was|has|my|the) (?:\w+ ){0,4}(?:agent|operator|employee|staff)"
)

_NAMES = re.compile(
    "person|human|real|people|agent|representative|operator|employee|staff|bot|machine|assistant"
)
"""One of these is in every such wish. Every message is asked, and nearly all have none of them."""

LONGEST_WISH = 120
"""Characters beyond which a text is about something, and mentions people by the way."""


def wants_person(text: str) -> bool:
    """Whether this asks for a person. In doubt not: the words must be short, and about nothing else."""
    if len(text) > 2 * LONGEST_WISH:
        return False
    said = " ".join(text.lower().split())
    if len(said) > LONGEST_WISH or not _NAMES.search(said):
        return False
    if _ALONE.fullmatch(said) or _NO_BOT.search(said):
        return True
    return bool(_WISH.search(said)) and not _ASKS.search(said)
