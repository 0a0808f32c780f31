"""`db2://USER:PASSWORD@HOST:PORT/DATABASE?option=…`: what it may say, and what the driver is told."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from ccr.setting_values import SettingsError, is_loopback, split_address

OPTIONS = (
    "security",
    "authentication",
    "certificate",
    "keystore",
    "stash",
    "hostname_validation",
    "schema",
    "standby",
    "timeout",
    "writers",
    "readers",
)
LONGEST = 30
"""Seconds to wait for a connection at most, even for work that may take longer."""

_MOST = {"timeout": 600, "writers": 64, "readers": 64}
_SCHEMA = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")
_UNSAFE = re.compile(r"[;\x00-\x1f\x7f]|^\s|\s$")


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where DB2 is and how to be let in. Its repr holds no password."""

    hosts: tuple[tuple[str, int], ...]
    database: str
    common: str
    """What every connection string ends with: user, password, TLS."""

    schema: str | None
    user: str
    timeout: int
    """Seconds to wait for an answer, of a statement as of a connection."""

    writers: int
    readers: int
    encrypted: bool
    local: bool

    @property
    def owner(self) -> str:
        """The schema that the tables are in: the one asked for, or else the user's own."""
        return self.schema or self.user

    @property
    def place(self) -> str:
        """For an operator to read."""
        hosts = ", standby ".join(f"{host}:{port}" for host, port in self.hosts)
        return f"{self.database} at {hosts} ({'with' if self.encrypted else 'without'} TLS)"

    def __repr__(self) -> str:
        return f"Target({self.database} at {self.hosts})"

    def connection_strings(self) -> Iterator[str]:
        """For the server, and then for its standby, where there is one."""
        for host, port in self.hosts:
            yield (
                f"DATABASE={self.database};HOSTNAME={host};PORT={port};PROTOCOL=TCPIP;"
                f"ConnectTimeout={min(self.timeout, LONGEST)};CursorHold=0;{self.common}"
            )


def read(url: str) -> Target:
    """What `url` says. Raises `SettingsError`, which never repeats what might be a secret."""
    parts = urlsplit(url)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(set(given) - set(OPTIONS)):
        raise _wrong(f"has options that are not known: {', '.join(unknown)}. There are {', '.join(OPTIONS)}")
    hosts = [(parts.hostname or "", parts.port or 0), *_standby(given)]
    local = all(is_loopback(host) for host, _ in hosts)
    security = given.get("security", "none" if local else "ssl").lower()
    if security not in ("ssl", "none"):
        raise _wrong("may say security=ssl or security=none")
    return Target(
        hosts=tuple(hosts),
        database=_plain("database", unquote(parts.path[1:])),
        common=_credentials(parts) + _authentication(given) + (_tls(given) if security == "ssl" else ""),
        schema=_schema(given),
        user=unquote(parts.username or ""),
        timeout=_number(given, "timeout", 2),
        writers=_number(given, "writers", 4),
        readers=_number(given, "readers", 4),
        encrypted=security == "ssl",
        local=local,
    )


def _credentials(parts: SplitResult) -> str:
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return f"UID={_plain('user', user)};PWD={_plain('password', password)};"


def _authentication(given: dict[str, str]) -> str:
    """Driver and server agree on it where nothing is said."""
    way = given.get("authentication", "").upper()
    if way not in ("", "SERVER", "SERVER_ENCRYPT"):
        raise _wrong("may say authentication=server or authentication=server_encrypt")
    return f"AUTHENTICATION={way};" if way else ""


def _plain(name: str, text: str) -> str:
    """The driver's own syntax has no way to quote."""
    if not text or _UNSAFE.search(text):
        raise _wrong(
            f"has a {name} that DB2's driver cannot be told: empty, or with `;` or a blank at an end"
        )
    return text


def _tls(given: dict[str, str]) -> str:
    """The server's name is checked against its certificate, unless that is turned off."""
    checked = {"on": "Basic", "off": "OFF"}.get(given.get("hostname_validation", "on").lower())
    if checked is None:
        raise _wrong("may say hostname_validation=on or hostname_validation=off")
    told = {
        "Security": "SSL",
        "SSLServerCertificate": given.get("certificate"),
        "SSLClientKeystoredb": given.get("keystore"),
        "SSLClientKeystash": given.get("stash"),
        "SSLClientHostnameValidation": checked,
    }
    return "".join(f"{name}={_plain('path', text)};" for name, text in told.items() if text is not None)


def _standby(given: dict[str, str]) -> list[tuple[str, int]]:
    if "standby" not in given:
        return []
    try:
        return [split_address(given["standby"])]
    except ValueError as error:
        raise _wrong(f"may say standby={error}") from None


def _schema(given: dict[str, str]) -> str | None:
    schema = given.get("schema")
    if schema is not None and not _SCHEMA.fullmatch(schema):
        raise _wrong("has a schema that is no ordinary name")
    return schema


def _number(given: dict[str, str], name: str, default: int) -> int:
    text = given.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= _MOST[name]:
        raise _wrong(f"may say {name}=1 to {name}={_MOST[name]}")
    return int(text)


def _wrong(problem: str) -> SettingsError:
    return SettingsError("CCR_DATABASE_URL", problem)
