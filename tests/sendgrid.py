"""A stand-in for SendGrid: refuses what the real one would, by its own description and by the rules beside it."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.specs import spec

KEY = "SG.a-key-of-the-tests.that-is-none"
RESERVED = {"received", "dkim-signature", "content-type", "to", "from", "subject", "reply-to", "cc", "bcc"}

Answer = int | str
"""What comes next: a status, `hang` (no answer, not taken), or `lost` (taken, and no answer)."""


class Double:
    """Takes mails under the right key. `plan` holds the next answers; `choose` makes one where nothing is planned."""

    def __init__(self, choose: Callable[[dict[str, Any]], Answer] = lambda _: 202) -> None:
        self.accepted: list[dict[str, Any]] = []
        self.plan: list[Answer] = []
        self.headers: dict[str, str] = {}
        self.delay = 0.0
        self.allowed = ["mail.send", "sender_verification_eligible"]
        self.under_way = self.most_under_way = 0
        self.host = ""
        self._choose = choose
        self._ended = asyncio.Event()
        self._validator = _validator()

    @property
    def ids(self) -> list[int]:
        """The outbox ids of what was accepted, one for each time."""
        return [outbox_id(mail) for mail in self.accepted]

    async def mail(self, request: web.Request) -> web.Response:
        """`POST /v3/mail/send`."""
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            return await self._answer(request)
        finally:
            self.under_way -= 1

    async def scopes(self, request: web.Request) -> web.Response:
        """`GET /v3/scopes`: what the key may do."""
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return _fault(401, "authorization required")
        return web.json_response({"scopes": self.allowed})

    async def _answer(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return _fault(401, "The provided authorization grant is invalid, expired, or revoked")
        if request.content_type != "application/json":
            return _fault(415, "Content-Type should be application/json.")
        mail = await request.json()
        if self.delay:
            await asyncio.sleep(self.delay)
        answer = self.plan.pop(0) if self.plan else self._choose(mail)
        if answer == "hang":
            await self._ended.wait()
        if isinstance(answer, int) and answer != 202:
            return _fault(answer, "forced", self.headers or _limits(answer))
        if fault := self.fault(mail):
            return _fault(400, fault)
        self.accepted.append(mail)
        if answer == "lost":
            await self._ended.wait()
        sandbox = mail.get("mail_settings", {}).get("sandbox_mode", {}).get("enable")
        return web.Response(status=200 if sandbox else 202, headers={"X-Message-Id": uuid.uuid4().hex[:22]})

    def fault(self, mail: dict[str, Any]) -> str | None:
        """Why the real one would refuse it."""
        for error in self._validator.iter_errors(mail):
            return f"{error.message} at {list(error.absolute_path)}"
        args = [
            mail.get("custom_args", {}),
            *(one.get("custom_args", {}) for one in mail["personalizations"]),
        ]
        rules = {
            "the content parameter is required": bool(mail.get("content")),
            "the subject is required": bool(mail.get("subject")),
            "text/plain must be first, followed by text/html": (
                [part["type"] for part in mail.get("content", [])] == ["text/plain", "text/html"]
            ),
            "no reserved headers": not RESERVED & {name.lower() for name in mail.get("headers", {})},
            "custom_args must be texts": all(isinstance(v, str) for some in args for v in some.values()),
        }
        return next((rule for rule, kept in rules.items() if not kept), None)

    def end(self) -> None:
        """Nobody hangs any longer."""
        self._ended.set()


def outbox_id(mail: dict[str, Any]) -> int:
    """Which row of the outbox it is."""
    return int(mail["personalizations"][0]["custom_args"]["ccr_outbox"])


@asynccontextmanager
async def served(double: Double) -> AsyncIterator[Double]:
    """The double, reachable at its `host`."""
    app = web.Application(client_max_size=2**20)
    app.router.add_post("/v3/mail/send", double.mail)
    app.router.add_get("/v3/scopes", double.scopes)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    double.host = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield double
    finally:
        double.end()
        await runner.cleanup()


def _validator() -> Draft202012Validator:
    """SendGrid's description, mended where it is known to be wrong. Skips where it is not at hand."""
    described = spec("tsg_mail_v3.json")
    body = described["components"]["requestBodies"]["PostMailSend"]["content"]["application/json"]["schema"]
    body["properties"]["custom_args"] = {"type": "object", "maxProperties": 10_000}  # it says: a text
    body["properties"]["personalizations"]["minItems"] = 1
    registry: Registry[Any] = Registry().with_resource(
        "urn:sendgrid", Resource.from_contents(described, default_specification=DRAFT202012)
    )
    pointer = "#/components/requestBodies/PostMailSend/content/application~1json/schema"
    return Draft202012Validator(
        {"$ref": f"urn:sendgrid{pointer}"}, registry=registry, format_checker=FormatChecker()
    )


def _limits(status: int) -> dict[str, str]:
    if status != 429:
        return {}
    return {
        "X-RateLimit-Limit": "600",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(int(time.time()) + 1),
    }


def _fault(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    body = {"errors": [{"message": message, "field": None, "help": None}]}
    return web.json_response(body, status=status, headers=headers)
