"""A push service of the tests' own, by https, and browsers that subscribe to it.

It takes only what is signed for it, and only the browser can read it.
"""

import asyncio
import base64
import datetime as dt
import ipaddress
import json
import os
import secrets
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import http_ece
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from py_vapid import Vapid02


class Arrived(NamedTuple):
    """A notification as its browser gets it, and what the service was told about it."""

    browser: str
    payload: dict[str, Any]
    claims: dict[str, Any]
    key: str
    headers: dict[str, str]


class Browser:
    """One that has subscribed: it alone can read what is sent to it."""

    def __init__(self, service: "PushService", name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = os.urandom(16)
        self.endpoint = f"{service.url}/push/{name}"

    def subscription(self) -> dict[str, Any]:
        """As `PushSubscription.toJSON()` writes it."""
        point = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        keys = {"p256dh": _text(point), "auth": _text(self.auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}


HANGS_UP: tuple[int, dict[str, str]] = (599, {})


class PushService:
    """`plan` holds the next answers as status and headers; without one, what is right is taken. `HANGS_UP` does so.

    It `answers` at once, unless that is cleared; `asked` tells that it has been asked.
    """

    def __init__(self) -> None:
        self.url = ""
        self.browsers: dict[str, Browser] = {}
        self.arrived: list[Arrived] = []
        self.plan: list[tuple[int, dict[str, str]]] = []
        self.refused: list[str] = []
        self.asked = asyncio.Event()
        self.answers = asyncio.Event()
        self.answers.set()

    def browser(self) -> Browser:
        """A new one."""
        name = secrets.token_hex(8)
        self.browsers[name] = Browser(self, name)
        return self.browsers[name]

    async def push(self, request: web.Request) -> web.Response:
        browser = self.browsers.get(request.match_info["name"])
        if browser is None:
            return web.Response(status=410)
        self.asked.set()
        await self.answers.wait()
        if self.plan:
            status, headers = planned = self.plan.pop(0)
            if planned == HANGS_UP:
                assert request.transport
                request.transport.close()
            return web.Response(status=status, headers=headers)
        signed = request.headers.get("Authorization", "")
        if not signed.startswith("vapid ") or not Vapid02.verify(signed):
            self.refused.append("signature")
            return web.Response(status=403)
        parts = dict(part.split("=", 1) for part in signed.removeprefix("vapid ").split(","))
        claims = json.loads(_bytes(parts["t"].split(".")[1]))
        if claims["aud"] != self.url or request.headers["Content-Encoding"] != "aes128gcm":
            self.refused.append("claims")
            return web.Response(status=400)
        body = http_ece.decrypt(
            await request.read(), private_key=browser.key, auth_secret=browser.auth, version="aes128gcm"
        )
        headers = {name: request.headers[name] for name in ("TTL", "Urgency", "Topic")}
        self.arrived.append(
            Arrived(request.match_info["name"], json.loads(body), claims, parts["k"], headers)
        )
        return web.Response(status=201)


@asynccontextmanager
async def push_service(folder: Path) -> AsyncIterator[tuple[PushService, ssl.SSLContext]]:
    """Served on a port of its own; with it comes what makes its certificate believed."""
    certificate, key = _certificate(folder)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate, key)
    service = PushService()
    app = web.Application()
    app.router.add_post("/push/{name}", service.push)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=serving).start()
    service.url = f"https://localhost:{runner.addresses[0][1]}"
    try:
        yield service, ssl.create_default_context(cafile=str(certificate))
    finally:
        await runner.cleanup()


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"tests {secrets.token_hex(8)}")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "push-service.crt", folder / "push-service.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, private


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
