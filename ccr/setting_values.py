"""What the values of settings may look like.

Each function takes a text and answers a value, or raises `ValueError` that says what is allowed; it never
repeats the text, which may be a secret.
"""

import ipaddress
import re
from collections.abc import Callable
from email.utils import formataddr, parseaddr, quote
from ipaddress import IPv4Network, IPv6Network
from urllib.parse import SplitResult, parse_qsl, urlsplit

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class SettingsError(Exception):
    """A setting that cannot be used. The message is one line for the operator and holds no secret."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name} {problem}")
        self.name = name


def one_of(*allowed: str) -> Callable[[str], str]:
    """A parser for one of a few words."""

    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"one of {', '.join(allowed)}")
        return text

    return parse


def switch(text: str) -> bool:
    """`on` or `off`."""
    return one_of("on", "off")(text) == "on"


def minutes(text: str) -> int:
    """A number of minutes up to a week; 0 is never."""
    if not (text.isascii() and text.isdigit() and len(text) < 6) or int(text) > 7 * 24 * 60:
        raise ValueError("a number of minutes from 0 to 10080")
    return int(text)


def address(text: str) -> str:
    """`HOST:PORT`, an IPv6 host in brackets."""
    split_address(text)
    return text


def split_address(text: str) -> tuple[str, int]:
    """Host without brackets, and port."""
    host, colon, port = text.rpartition(":")
    if not colon or not _HOST.fullmatch(host) or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ValueError("HOST:PORT, such as 127.0.0.1:8000 or [::1]:8000")
    return host.strip("[]"), int(port)


def is_loopback(host: str) -> bool:
    """Whether nothing but this machine can reach `host`. A name that is not `localhost` could be anything."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def url_of_bind(bind: str) -> str:
    """The address a person at this machine would type."""
    host, port = split_address(bind)
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - to recognise, not to bind
        host = "localhost"
    elif ":" in host:
        host = f"[{host}]"
    return origin(f"http://{host}:{port}")


def origin(text: str) -> str:
    """`http(s)://HOST[:PORT]`, written as browsers write an Origin: lower case, no default port, no slash."""
    allowed = "http://HOST or https://HOST, with a port if need be and nothing after it"
    url = _url(text, "http", "https", allowed=allowed)
    if url.path not in {"", "/"} or url.query or url.fragment or "@" in url.netloc:
        raise ValueError(allowed)
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    port = "" if url.port in {None, _DEFAULT_PORTS[url.scheme]} else f":{url.port}"
    return f"{url.scheme}://{host}{port}"


def service_url(text: str) -> str:
    """`http(s)://HOST…` of a service that we call, without a slash at its end."""
    allowed = "an address that starts with https:// or http://"
    url = _url(text, "http", "https", allowed=allowed)
    if url.query or url.fragment or "@" in url.netloc:
        raise ValueError(allowed)
    return text.rstrip("/")


def database_url(text: str) -> str:
    """SQLite by its file, or DB2 by its server."""
    allowed = "sqlite:///PATH or db2://USER:PASSWORD@HOST:PORT/DATABASE"
    if text.startswith("sqlite:///") and len(text) > len("sqlite:///"):
        return text
    url = _url(text, "db2", allowed=allowed)
    if not url.username or url.password is None or url.port is None or len(url.path) < 2:
        raise ValueError(allowed)
    return text


def redis_url(text: str) -> str:
    """`redis://`, or `rediss://` for TLS, or `unix://` for a socket's file."""
    allowed = "redis://HOST:PORT, rediss://HOST:PORT or unix:///PATH"
    if text.startswith("unix:///"):
        return text
    _url(text, "redis", "rediss", allowed=allowed)
    return text


def mail(text: str) -> str:
    """How mail goes out."""
    allowed = "file, sendgrid, smtp://[USER:PASSWORD@]HOST[:PORT] or smtps://…, with ?tls=off or ?ca=FILE if need be"
    if text not in {"file", "sendgrid"}:
        url = _url(text, "smtp", "smtps", allowed=allowed)
        options = dict(parse_qsl(url.query, keep_blank_values=True))
        if url.path not in {"", "/"} or url.fragment or bool(url.username) is (url.password is None):
            raise ValueError(allowed)
        if (
            not options.keys() <= {"tls", "ca"}
            or options.get("tls", "off") != "off"
            or "" in options.values()
        ):
            raise ValueError(allowed)
    return text


def sender(text: str) -> str:
    """Who mails come from: an address, or a name and an address."""
    name, address = parseaddr(text)
    if (
        not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+", address)
        or not text.isprintable()
        or len(text) > 320
    ):
        raise ValueError("an address such as care@example.org, or Care <care@example.org>")
    return formataddr((name, address), charset="utf-8") if name.isascii() else f'"{quote(name)}" <{address}>'


def webhook_key(text: str) -> str:
    """The verification key that SendGrid shows for its signed event webhook."""
    bare = "".join(line for line in text.splitlines() if not line.startswith("-----"))
    if not re.fullmatch(r"[A-Za-z0-9+/]{80,400}={0,2}", bare):
        raise ValueError("the verification key, as SendGrid shows it")
    return bare


def twilio_account(text: str) -> str:
    """The account's SID."""
    if not re.fullmatch(r"AC[0-9a-fA-F]{32}", text):
        raise ValueError("AC and 32 hexadecimal digits")
    return text


def twilio_sender(text: str) -> str:
    """Who text messages come from."""
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}|MG[0-9a-fA-F]{32}|(?=.*[A-Za-z])[A-Za-z0-9 ]{2,11}", text):
        raise ValueError(
            "a number such as +15005550006, a messaging service's SID, or a name of 2 to 11 letters"
        )
    return text


def country(text: str) -> str:
    """A country by its two letters."""
    if not re.fullmatch(r"[A-Z]{2}", text):
        raise ValueError("two capital letters, such as DE")
    return text


def vapid_key(text: str) -> str:
    """The private key that signs notifications: 32 bytes in base64url."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{43}=?", text):
        raise ValueError("32 bytes in base64url, as 43 characters")
    return text.rstrip("=")


def contact(text: str) -> str:
    """By which the makers of browsers may reach the operator."""
    if not re.fullmatch(r"mailto:[^@\s]+@[^@\s]+|https://[^/\s]+\.[^/\s]+", text):
        raise ValueError("mailto:NAME@HOST or https://HOST")
    return text


def metrics(text: str) -> str:
    """Who may read the metrics. A short text would be a mistaken word (`on`) that became a password."""
    if text in {"loopback", "off"} or re.fullmatch(r"[A-Za-z0-9._~+/=-]{8,}", text):
        return text
    raise ValueError("loopback, off, or a bearer token of 8 characters or more")


def secret_key(text: str) -> str:
    """Long enough that nobody guesses it."""
    if len(text) < 16:
        raise ValueError("16 characters or more, chosen at random")
    return text


def email(text: str) -> str:
    """Roughly an e-mail address; whether mail arrives shows when it is used."""
    if len(text) > 254 or not re.fullmatch(r"[^@\s]+@[^@\s]+", text):
        raise ValueError("an e-mail address")
    return text


def password(text: str) -> str:
    """The contract's length."""
    if not 8 <= len(text) <= 128:
        raise ValueError("8 to 128 characters")
    return text


def networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Addresses or networks, separated by commas or blanks."""
    try:
        return tuple(ipaddress.ip_network(part) for part in re.split(r"[,\s]+", text) if part)
    except ValueError:
        raise ValueError(
            "addresses or networks, such as 10.0.0.5 or 10.0.0.0/8, separated by commas"
        ) from None


def _url(text: str, *schemes: str, allowed: str) -> SplitResult:
    try:
        url = urlsplit(text)
        _ = url.port  # raises where it is no number
    except ValueError:
        raise ValueError(allowed) from None
    if url.scheme not in schemes or not url.hostname or re.search(r"[\s\x00-\x1f]", text):
        raise ValueError(allowed)
    return url
