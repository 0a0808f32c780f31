"""A stand-in for Twilio's Messages API that takes only what the real one's description allows."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import jsonschema
from aiohttp import web

ACCOUNT = "AC" + "0123456789abcdef" * 2
TOKEN = "a token of the tests"
SENDER = "+15005550006"

PATH = "/2010-04-01/Accounts/{AccountSid}/Messages.json"

_FORMATS = jsonschema.FormatChecker(formats=())


@_FORMATS.checks("phone-number")
def _is_e164(text: object) -> bool:
    return re.fullmatch(r"\+[1-9][0-9]{6,14}|(?=.*[A-Za-z])[A-Za-z0-9 ]{2,11}", str(text)) is not None


CUT: tuple[int, int | None, dict[str, str]] = (400, -1, {})
PAGE: tuple[int, int | None, dict[str, str]] = (502, -2, {})


class Twilio:
    """Takes texts; `plan` holds the next answers as status, error's code and headers, `None` for silence.

    `CUT` hangs up in the middle of the error that it answers with; `PAGE` is one of a proxy on the way.
    """

    def __init__(self, described: dict[str, Any] | None = None) -> None:
        self.sent: list[dict[str, str]] = []
        self.plan: list[tuple[int, int | None, dict[str, str]] | None] = []
        self.asked = 0
        self.ended = asyncio.Event()
        self.host = ""
        operation = described["paths"][PATH]["post"] if described else None
        self._shape = _request_shape(operation) if operation else None
        self._schemas = described["components"] if described else None

    async def messages(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        right = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if request.headers.get("Authorization") != right or request.match_info["account"] != ACCOUNT:
            return fault(401, 20003)
        if self.plan:
            planned = self.plan.pop(0)
            if planned in (CUT, PAGE):
                return await _cut(request) if planned == CUT else _page()
            if planned is None:
                await self.ended.wait()
                return fault(500)
            return fault(*planned)
        form = await request.post()
        text = {name: str(value) for name, value in form.items()}
        if wrong := self._wrong(request, text):
            return fault(400, 21604, text=wrong)
        self.sent.append(text)
        return web.json_response({"sid": "SM" + "0" * 32, "status": "queued"}, status=201)

    def _wrong(self, request: web.Request, text: dict[str, str]) -> str | None:
        """By the description, and by the rules that it states in words only."""
        if request.content_type != "application/x-www-form-urlencoded":
            return "not a form"
        if (
            not (("From" in text) ^ ("MessagingServiceSid" in text))
            or not 0 < len(text.get("Body", "")) <= 1600
        ):
            return "one sender, and 1 to 1,600 characters"
        if self._shape is None:
            return None
        checker = jsonschema.Draft202012Validator(
            self._shape | {"components": self._schemas}, format_checker=_FORMATS
        )
        return next((error.message for error in checker.iter_errors(text)), None)


async def _cut(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(status=400, headers={"Content-Length": "100"})
    await answer.prepare(request)
    await answer.write(b'{"code": 21')
    assert request.transport
    request.transport.close()
    return answer


def _page() -> web.Response:
    return web.Response(status=502, text="<h1>Bad gateway</h1>", content_type="text/html")


def _request_shape(operation: dict[str, Any]) -> dict[str, Any]:
    shape = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    return {**shape, "additionalProperties": False}


def fault(
    status: int, code: int | None = None, headers: dict[str, str] | None = None, text: str = "forced"
) -> web.Response:
    """In the form of Twilio's errors."""
    body = {"code": code, "message": text, "status": status}
    return web.json_response(body, status=status, headers=headers)


@asynccontextmanager
async def twilio(described: dict[str, Any] | None = None) -> AsyncIterator[Twilio]:
    """Served on a port of its own until the test is over."""
    double = Twilio(described)
    app = web.Application()
    app.router.add_post(PATH.replace("{AccountSid}", "{account}"), double.messages)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    double.host = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield double
    finally:
        double.ended.set()
        await runner.cleanup()
