"""IBM Watson as the assistant: the SDK in threads of its own, which give up in time and never hold up anybody else.

Its traps: a failed fetch of an IAM token makes the next call wait for a minute; it asks for a token in the midst of
any call; timeouts are given once for all; and a session that has expired is a 404.
"""

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from ccr.adapters.watson_line import http_config
from ccr.adapters.watson_replies import replies_in, typed
from ccr.desk.masking import masked
from ccr.ports import AssistantFailed, Reply, Said

T = TypeVar("T")

VERSION = "2024-08-25"
THREADS = 10
DEADLINE = 5.0
"""Seconds. A thread that nobody waits for any more ends soon after: see `watson_line`."""

FAILURES, PAUSE = 3, 30.0
"""When it has been out of order so often in a row nobody tries for so many seconds; then one does."""

TOLD = "told"
"""A conversation that has no session yet, whose owner was told where it goes."""

LONGEST_TEXT = 2_000

NOTICE = (
    "I am an assistant run by IBM Watson, a program. What you write here goes to IBM; e-mail addresses and longer "
    "numbers are blackened first. Please do not write passwords. How can I help?"
)

log = logging.getLogger(__name__)


class _OutOfOrder(AssistantFailed):
    """It would have failed for anybody: not what was said is at fault, nor the session it was said in."""


class WatsonAssistant:
    """One assistant in one environment. `iam_url` is where tokens come from, if not IBM's own place."""

    goes_to: str | None = "IBM Watson"

    def __init__(
        self,
        *,
        url: str,
        api_key: str,
        assistant_id: str,
        environment_id: str,
        iam_url: str | None = None,
        deadline: float = DEADLINE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url, self._api_key, self._iam_url = url, api_key, iam_url
        self._where = (assistant_id, environment_id)
        self._deadline = deadline
        self._clock = clock
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="watson")
        self._busy = 0
        self._failures = 0
        self._again_at = 0.0
        self._client: Any = None
        self._lock = threading.Lock()

    @property
    def away(self) -> bool:
        """It was out of order a moment ago, or as many wait for it as may."""
        return self._clock() < self._again_at or self._busy >= THREADS

    async def prepare(self) -> None:
        """Half a second of the SDK's modules, which would take the interpreter from those who write."""
        await asyncio.to_thread(self._loaded)

    async def begin(self) -> Said:
        """Where it goes, said before anything does."""
        return Said(TOLD, (Reply(type="text", text=NOTICE),))

    async def answer(self, text: str, conversation: str) -> Said:
        """Watson's answer to what somebody wrote, as far as that may leave the house.

        It is masked before it is cut, or half an address would go out; and Watson takes one line only.
        """
        line = " ".join(masked(text).split())
        return await self._ask(typed(line[:LONGEST_TEXT]), conversation)

    async def choose(self, back: str, conversation: str) -> Said:
        """Watson's answer to its own words, which it wants back as they were: nothing in them is anybody's."""
        return await self._ask(json.loads(back), conversation)

    async def close(self) -> None:
        """Wait for no thread: what is under way ends by its own timeouts."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _ask(self, given: dict[str, Any], conversation: str) -> Said:
        """A session that has expired is made anew, and the turn sent once more."""
        if self._clock() < self._again_at:
            raise AssistantFailed("it failed a moment ago", known=True)
        if self._failures >= FAILURES:
            self._again_at = self._clock() + PAUSE  # one tries; the others wait for what comes of it
        if self._busy >= THREADS:
            raise AssistantFailed("too many are asking")
        try:
            said = await self._within(lambda: self._turn(given, conversation))
        except _OutOfOrder:
            self._failed()
            raise
        except AssistantFailed:
            self._works()
            raise
        self._works()
        return said

    async def _within(self, call: Callable[[], T]) -> T:
        """In a thread, within the deadline. The thread counts until it is done, whoever still waits for it."""
        self._busy += 1
        future = asyncio.get_running_loop().run_in_executor(self._pool, call)
        future.add_done_callback(self._done)
        try:
            return await asyncio.wait_for(asyncio.shield(future), self._deadline)
        except TimeoutError:
            raise _OutOfOrder("no answer in time") from None
        except AssistantFailed:
            raise
        except Exception as error:  # noqa: BLE001 - the SDK raises whatever its libraries do
            if getattr(error, "code", None) == 401:
                self._client = None  # its token would be held on to for an hour, though it is good no more
            raise _failure(error) from None

    def _done(self, future: "asyncio.Future[Any]") -> None:
        self._busy -= 1
        if not future.cancelled():
            future.exception()  # heard of, should nobody be waiting any more

    def _failed(self) -> None:
        self._failures += 1
        if self._failures >= FAILURES:
            self._again_at = self._clock() + PAUSE

    def _works(self) -> None:
        self._failures, self._again_at = 0, 0.0

    def _turn(self, given: dict[str, Any], conversation: str) -> Said:
        session = conversation if conversation not in {"", TOLD} else self._new_session()
        try:
            answer = self._send(given, session)
        except Exception as error:
            if getattr(error, "code", None) != 404 or conversation in {"", TOLD}:
                raise
            session = self._new_session()
            answer = self._send(given, session)
        return Said(session, replies_in(answer))

    def _new_session(self) -> str:
        answer = self._ready().create_session(*self._where).get_result()
        session = answer.get("session_id") if isinstance(answer, dict) else None
        if not isinstance(session, str) or not session:
            raise AssistantFailed("an answer of another form")
        return session

    def _send(self, given: dict[str, Any], session: str) -> Any:
        return self._ready().message(*self._where, session, input=given).get_result()

    def _ready(self) -> Any:
        """The client, with a token. One thread fetches it; the others wait for that one, and no longer than that.

        Nobody waits while the one there was is good: it is renewed well before its time is over, and may outlast IAM.
        """
        client = self._client
        if client is not None:
            manager = client.authenticator.token_manager
            if self._is_good(manager) and time.time() < manager.refresh_time:
                return client
        if not self._lock.acquire(timeout=self._deadline):
            raise _OutOfOrder("no token in time")
        try:
            client = self._loaded()
            self._renew(client.authenticator.token_manager)
            return client
        finally:
            self._lock.release()

    def _renew(self, manager: Any) -> None:
        if not self._is_good(manager):
            manager.expire_time = 0
        try:
            manager.get_token()
        except Exception as error:  # noqa: BLE001 - the SDK raises whatever its libraries do
            if not self._is_good(manager):
                raise _OutOfOrder(f"{_reason(error)}, asked for a token") from None
        finally:
            manager.request_time = 0  # or the next one would sleep for a minute after a failure

    def _is_good(self, manager: Any) -> bool:
        """For longer than a turn takes, or the SDK would ask for another in the midst of it."""
        return bool(time.time() + self._deadline < manager.expire_time)

    def _loaded(self) -> Any:
        client = self._client
        if client is None:
            client = self._client = self._made()
        return client

    def _made(self) -> Any:
        # A second and many megabytes: only where Watson is used, and not on the event loop.
        from ibm_cloud_sdk_core.authenticators import IAMAuthenticator
        from ibm_watson import AssistantV2

        client = AssistantV2(
            version=VERSION, authenticator=IAMAuthenticator(self._api_key, url=self._iam_url)
        )
        client.set_service_url(self._url)
        client.set_http_config(http_config())  # the tokens' requests, too
        return client


def _failure(error: Exception) -> AssistantFailed:
    """A refusal that somebody's words or session brought about is nobody else's."""
    code = getattr(error, "code", None)
    if isinstance(code, int):
        kind = _OutOfOrder if code in {401, 403, 429} or code >= 500 else AssistantFailed
    else:
        kind = _OutOfOrder if isinstance(error, OSError) else AssistantFailed  # as all that `requests` raises
    return kind(_reason(error))


def _reason(error: Exception) -> str:
    """Never what Watson says beside it, which may quote the text or the key."""
    code = getattr(error, "code", None)
    return (
        f"Watson answered {code}"
        if isinstance(code, int)
        else f"Watson is out of reach ({type(error).__name__})"
    )
