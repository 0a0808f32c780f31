"""What must not leave the house, or become public, taken out of what does: addresses, and every longer number."""

import re

_EMAIL = re.compile(r"[^\s<>()\[\],;:\"@]+@[^\s<>()\[\],;:\"@]+\.[^\s<>()\[\],;:\"@]+")
# Six digits are a code, more a phone number, an account or a card, in whatever groups they are written.
_NUMBER = re.compile(r"\+?\(?\d(?:[ \t\u00a0\u202f().\-–/]{0,3}\d){5,}")


def masked(text: str) -> str:
    """The text without e-mail addresses, phone and card numbers."""
    return _NUMBER.sub("[number]", _EMAIL.sub("[e-mail]", text))
