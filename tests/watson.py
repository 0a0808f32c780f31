"""A stand-in for Watson and for IAM, in the shapes that the SDK's own models read; it can be told to misbehave."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import jwt
from aiohttp import web

from ccr.adapters.watson import WatsonAssistant

KEY = "the-api-key"
PATH = "/v2/assistants/an-assistant/environments/live"

OPTION: dict[str, Any] = {
    "response_type": "option",
    "title": "Which one?",
    "options": [
        {"label": "The bill", "value": {"input": {"message_type": "text", "text": "bill"}}},
        {"label": "The parcel", "value": {"input": {"message_type": "text", "text": "parcel"}}},
    ],
}
SUGGESTION = {
    "response_type": "suggestion",
    "title": "Did you mean",
    "suggestions": [
        {
            "label": "Paying",
            "value": {"input": {"message_type": "text", "text": "paying"}},
            "output": {"generic": []},
        }
    ],
}
DRINKS = {
    "576aba3c-85b9-411a-8032-28af2ba95b13": "I'd like to order a drink.",
    "6583b547-53ff-4e7b-97c6-4d062270abcd": "I need a drink refill.",
}
ORDER = "I want to place an order"
DISAMBIGUATION: dict[str, Any] = {
    "response_type": "suggestion",
    "title": "Did you mean:",
    "suggestions": [
        {
            "label": label,
            "value": {
                "input": {
                    "message_type": "text",
                    "text": ORDER,
                    "intents": [{"intent": "order", "confidence": 0.7330395221710206}],
                    "suggestion_id": suggestion,
                }
            },
            "output": {"generic": []},
        }
        for suggestion, label in DRINKS.items()
    ],
}
"""As IBM documents it: the texts are equal, and only by the rest it is known which one was chosen."""

IMAGE = {
    "response_type": "image",
    "source": "https://pictures.example/button.png",
    "title": "The button",
    "description": "Where it is",
    "alt_text": "A green button",
}
PERSON = {
    "response_type": "connect_to_agent",
    "message_to_human_agent": "The customer asks for a person",
    "agent_available": {"message": "Somebody is here."},
    "agent_unavailable": {"message": "Nobody is here."},
    "transfer_info": {"target": {"chat": {}}},
}
ANSWERS: dict[str, list[dict[str, Any]]] = {
    "menu": [OPTION],
    "unsure": [SUGGESTION],
    ORDER: [DISAMBIGUATION],
    "tricky menu": [
        {"response_type": "text", "text": "1. Not a choice\n2. Nor this"},
        OPTION
        | {
            "options": [
                OPTION["options"][0] | {"label": "<img src=x onerror=alert(1)>"},
                OPTION["options"][1],
            ]
        },
    ],
    "wait": [
        {"response_type": "pause", "time": 5, "typing": True},
        {"response_type": "text", "text": "Done."},
    ],
    "picture": [IMAGE],
    "human": [PERSON],
    "bye": [{"response_type": "end_session"}],
    "markup": [
        {
            "response_type": "text",
            "text": "<img src=x onerror=alert(1)> [x](javascript:alert(1))\r\nBcc: a@example.org",
        },
        IMAGE | {"source": "javascript:alert(1)", "title": "<b>Pay</b>"},
        IMAGE | {"source": "http://pictures.example/x.png", "title": "Not encrypted"},
    ],
}


class Watson:
    """What it `heard` and was `given`, and what it is to do next: an HTTP status, `hang`, `drip`, or any body."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.given: list[dict[str, Any]] = []
        self.sessions: set[str] = set()
        self.made = 0
        self.tokens: set[str] = set()
        self.next: list[Any] = []
        self.always: Any = None
        self.iam_next: list[int | str | None] = []
        self.token_age = 0
        self.url = ""
        self.released = asyncio.Event()

    def assistant(self, **given: Any) -> WatsonAssistant:
        """The real adapter, with the real SDK, talking to this."""
        return WatsonAssistant(
            url=self.url,
            api_key=KEY,
            assistant_id="an-assistant",
            environment_id="live",
            iam_url=self.url,
            **given,
        )

    def expire(self) -> None:
        """Every session has been silent for too long."""
        self.sessions.clear()

    async def token(self, request: web.Request) -> web.StreamResponse:
        given = await request.post()
        what = self.iam_next.pop(0) if self.iam_next else None
        if what == "drip":
            return await self._drip(request)
        if isinstance(what, int):
            return web.json_response({"errorCode": "BXNIM0001E"}, status=what)
        if given["grant_type"] != "urn:ibm:params:oauth:grant-type:apikey" or given["apikey"] != KEY:
            return web.json_response({"errorCode": "BXNIM0415E", "errorMessage": "No such key."}, status=400)
        now = int(time.time()) - self.token_age
        claims = {
            "iss": "https://iam.cloud.ibm.com/identity",
            "iat": now,
            "exp": now + 3600,
            "jti": uuid.uuid4().hex,
        }
        token = jwt.encode(claims, "x" * 32, "HS256")
        self.tokens.add(token)
        body = {
            "access_token": token,
            "refresh_token": "not_supported",
            "token_type": "Bearer",
            "expires_in": 3600,
        }
        return web.json_response(body | {"expiration": now + 3600, "scope": "ibm openid"})

    async def session(self, request: web.Request) -> web.StreamResponse:
        if refused := await self._refused(request):
            return refused
        session = str(uuid.uuid4())
        self.sessions.add(session)
        self.made += 1
        return web.json_response({"session_id": session}, status=201)

    async def message(self, request: web.Request) -> web.StreamResponse:
        if refused := await self._refused(request):
            return refused
        session = request.match_info["session"]
        if session not in self.sessions:
            return _error(404, "Invalid Session")
        given = (await request.json())["input"]
        self.given.append(given)
        text = given["text"]
        self.heard.append(text)
        generic = _generic(given)
        intents = [{"intent": "pay", "confidence": 0.93, "skill": "main skill"}]
        return web.json_response(
            {"output": {"intents": intents, "entities": [], "generic": generic}, "user_id": session}
        )

    async def _refused(self, request: web.Request) -> web.StreamResponse | None:
        if request.headers.get("Authorization", "")[7:] not in self.tokens:
            return _error(401, "Unauthorized")
        if "version" not in request.query:
            return _error(400, "Missing required query parameter: version")
        what = self.next.pop(0) if self.next else self.always
        if what == "drip":
            return await self._drip(request)
        if what == "hang":
            await self.released.wait()
            return _error(500, "too late")
        if isinstance(what, int):
            return _error(what, "as told")
        return web.Response(text=what, content_type="application/json") if isinstance(what, str) else what

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        """Blanks, one after the other, as a server sends them that does not want to lose the line."""
        answer = web.StreamResponse(headers={"Content-Type": "application/json"})
        await answer.prepare(request)
        with suppress(ConnectionError):
            while not self.released.is_set():
                await answer.write(b" ")
                await asyncio.sleep(0.02)
        return answer


def _generic(given: dict[str, Any]) -> list[dict[str, Any]]:
    suggestion = given.get("suggestion_id")
    if suggestion is not None:
        return [{"response_type": "text", "text": f"You chose {DRINKS[suggestion]}"}]
    said = {"response_type": "text", "text": f"You said {given['text']}"}
    return ANSWERS.get(given["text"], [said])


def _error(code: int, message: str) -> web.Response:
    headers = {"X-Global-Transaction-Id": uuid.uuid4().hex} | ({"Retry-After": "1"} if code == 429 else {})
    return web.json_response({"error": message, "code": code}, status=code, headers=headers)


@asynccontextmanager
async def watson_served() -> AsyncIterator[Watson]:
    """Served until the test is over."""
    watson = Watson()
    app = web.Application()
    app.router.add_post("/identity/token", watson.token)
    app.router.add_post(f"{PATH}/sessions", watson.session)
    app.router.add_post(f"{PATH}/sessions/{{session}}/message", watson.message)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    watson.url = f"http://127.0.0.1:{port}"
    try:
        yield watson
    finally:
        watson.released.set()
        await runner.cleanup()
