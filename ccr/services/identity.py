"""Who is asking, and from which device."""

import hashlib
import re
import secrets

import msgspec

from ccr.desk.people import Person

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
"""In this order: most of them claim to be one of the later ones, too."""


class Identity(msgspec.Struct, frozen=True):
    """A person, and the session by which they are known."""

    session_id: int
    person: Person


class Device(msgspec.Struct, frozen=True):
    """Where a request comes from. `known` is its device cookie, which anybody can invent."""

    name: str
    address: str
    known: str | None = None

    def token(self) -> str:
        """What this device is to be known by: what it brought, if that has the form of our tokens, or a new one."""
        return self.known if self.known and is_token(self.known) else new_token()


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A session has begun. `token` proves it, as cookie or bearer; `device_token` is kept by the device for good."""

    token: str
    device_token: str
    person: Person
    session_id: int


def new_token() -> str:
    """43 characters that nobody guesses."""
    return secrets.token_urlsafe(32)


def is_token(text: str) -> bool:
    """Whether it has the form of those that we make."""
    return _TOKEN.fullmatch(text) is not None


def token_hash(token: str) -> str:
    """What is stored of a token: enough to recognise it, useless to whoever reads the database."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def device_name(user_agent: str) -> str:
    """Roughly what a person would call it: `Firefox on Linux`."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), None)
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), None)
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or "Unknown device"
