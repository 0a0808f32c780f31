"""Whose address a request comes from, where proxies stand before us."""

import ipaddress
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

from quart import request

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
Scope = dict[str, Any]
Asgi = Callable[[Any, Any, Any], Awaitable[None]]

_SCHEMES = {"http": {"http": "http", "https": "https"}, "websocket": {"http": "ws", "https": "wss"}}


class BehindProxies:
    """An ASGI application that believes `X-Forwarded-For` and `X-Forwarded-Proto`, but only of the proxies it trusts.

    Stands before everything else, live half included, so that whoever asks `scope["client"]` is told the truth.
    """

    def __init__(self, app: Asgi, trusted: Iterable[Network]) -> None:
        self._app = app
        self._trusted = tuple(trusted)

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Pass it on, with the client's own address and scheme."""
        if self._trusted and scope["type"] in _SCHEMES:
            scope = self._seen_through(scope)
        await self._app(scope, receive, send)

    def _seen_through(self, scope: Scope) -> Scope:
        client = scope.get("client")
        if not client or not self._trusts(client[0]):
            return scope
        seen = dict(scope, client=(self._origin(client[0], _header(scope, b"x-forwarded-for")), client[1]))
        protocol = _header(scope, b"x-forwarded-proto").rpartition(",")[2].strip().lower()
        scheme = _SCHEMES[scope["type"]].get(protocol)
        return seen | {"scheme": scheme} if scheme else seen

    def _origin(self, nearest: str, forwarded: str) -> str:
        """From the right, the first that is no proxy of ours: what is left of it anybody could have written."""
        address = nearest
        for hop in reversed(forwarded.split(",")):
            known = _parsed(hop.strip())
            if known is None:
                return address
            address = str(known)
            if not self._trusts(address):
                return address
        return address

    def _trusts(self, host: str) -> bool:
        address = _parsed(host)
        return address is not None and any(address in network for network in self._trusted)


def client_address() -> str:
    """Where this request comes from, as it is shown to people: at most 64 characters."""
    host = _peer()
    address = _parsed(host)
    return str(address) if address else host[:64]


def client_network() -> str:
    """The same for counting: whoever has one IPv6 address has 2^64 of them."""
    address = _parsed(_peer())
    if isinstance(address, IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return client_address()


def _peer() -> str:
    client = request.scope.get("client")
    return str(client[0]) if client else ""


def _parsed(host: str) -> Address | None:
    """The address in a header's or socket's words; an IPv4 one in IPv6 clothes counts as IPv4."""
    text = host.partition("]")[0].lstrip("[") if host.startswith("[") else host
    if text.count(":") == 1:  # IPv4 with a port, as some proxies write it
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _header(scope: Scope, name: bytes) -> str:
    values = [value for key, value in scope["headers"] if key.lower() == name]
    return b",".join(values).decode("latin-1")
