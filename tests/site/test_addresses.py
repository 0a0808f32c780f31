"""Whose address a request comes from."""

from ipaddress import ip_network
from typing import Any

import pytest
from quart import Quart

from ccr.site.addresses import BehindProxies, client_address, client_network

PROXIES = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))


async def seen(
    peer: str | None, headers: dict[str, str], kind: str = "http", trusted: Any = PROXIES
) -> dict[str, Any]:
    """The scope as the application behind it sees it."""
    found: list[dict[str, Any]] = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        found.append(scope)

    scope = {
        "type": kind,
        "scheme": "http" if kind == "http" else "ws",
        "client": (peer, 4711) if peer else None,
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    await BehindProxies(app, trusted)(scope, None, None)
    return found[0]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "198.51.100.1, 192.0.2.7", "192.0.2.7"),  # the first was written by the client itself
        ("10.0.0.1", "192.0.2.7, 10.0.0.2", "192.0.2.7"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "192.0.2.7:5555", "192.0.2.7"),
        ("10.0.0.1", "[2001:db9::1]:5555", "2001:db9::1"),
        ("10.0.0.1", "garbage", "10.0.0.1"),
        ("10.0.0.1", "192.0.2.7, garbage", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::ffff:10.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "192.0.2.7", "192.0.2.7"),
        ("192.0.2.1", "192.0.2.7", "192.0.2.1"),
        ("not an address", "192.0.2.7", "not an address"),
    ],
)
async def test_only_trusted_proxies_are_believed(peer: str, forwarded: str, client: str) -> None:
    for kind in ("http", "websocket"):
        assert (await seen(peer, {"X-Forwarded-For": forwarded}, kind))["client"][0] == client


@pytest.mark.parametrize(
    ("kind", "protocol", "scheme"),
    [
        ("http", "https", "https"),
        ("http", "HTTPS", "https"),
        ("http", "gopher", "http"),
        ("websocket", "https", "wss"),
        ("websocket", "http", "ws"),
    ],
)
async def test_the_scheme_is_the_one_that_browsers_used(kind: str, protocol: str, scheme: str) -> None:
    assert (await seen("10.0.0.1", {"X-Forwarded-Proto": protocol}, kind))["scheme"] == scheme
    assert (await seen("192.0.2.1", {"X-Forwarded-Proto": protocol}, kind))["scheme"] in ("http", "ws")


async def test_without_trusted_proxies_nothing_changes() -> None:
    headers = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}

    scope = await seen("10.0.0.1", headers, trusted=())

    assert (scope["client"][0], scope["scheme"]) == ("10.0.0.1", "http")
    assert (await seen(None, headers))["client"] is None
    assert "lifespan" in (await seen(None, {}, "lifespan"))["type"]


@pytest.mark.parametrize(
    ("peer", "address", "network"),
    [
        ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("x" * 100, "x" * 64, "x" * 64),
    ],
)
async def test_addresses_are_counted_by_network(peer: str, address: str, network: str) -> None:
    app = Quart(__name__)
    async with app.test_request_context("/", scope_base={"client": (peer, 1)}):
        assert (client_address(), client_network()) == (address, network)
