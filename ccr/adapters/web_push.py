"""Notifications to browsers by Web Push: signed with our key (VAPID), encrypted for the browser, posted to its maker.

The endpoint was named by a browser, that is, by anybody. So we speak https only, and only to addresses that everybody
can reach; a name is looked up once, and the connection goes to the very address that was looked at.
"""

import asyncio
import time
from collections.abc import Callable
from functools import cached_property
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

import aiohttp

from ccr.adapters.asking import TOO_MANY, seconds
from ccr.adapters.public_names import Address, NotAllowed, PublicResolver, is_public
from ccr.ports import Push, SendFailed, Unreachable

CONNECTING = 5.0
ANSWERING = 10.0
"""Seconds."""

LOOKING_UP = 5.0
"""Seconds a name may take to be looked up when a browser subscribes."""

SIGNED_FOR = 60 * 60
"""Seconds that a signature is good for; a day is the most that is taken."""

GONE = frozenset({404, 410})
OUR_FAULT = frozenset({401, 403})
"""The key is not accepted: the notification is right, and goes once the settings are."""


class WebPusher:
    """Signs with `private_key` in the name of `contact`. `close` it at the end.

    Tests alone say which addresses are `allowed`, on any port, and which certificates are to be believed (`tls`).
    """

    def __init__(
        self,
        *,
        private_key: str,
        contact: str,
        allowed: Callable[[Address], bool] = is_public,
        ports: Callable[[int], bool] = lambda port: port == 443,
        tls: Any = True,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._private_key = private_key
        self._contact = contact
        self._allowed = allowed
        self._ports = ports
        self._tls = tls
        self._now = now
        self._session: aiohttp.ClientSession | None = None
        # One for those who subscribe and one for what is sent: names that somebody gives to try do not hold that up.
        self._asked, self._sent_to = PublicResolver(allowed), PublicResolver(allowed)

    async def public_key(self) -> str:
        """Our public key, an uncompressed point in base64url."""
        return await asyncio.to_thread(lambda: self._public_key)

    @cached_property
    def _public_key(self) -> str:
        from cryptography.hazmat.primitives import serialization
        from py_vapid.utils import b64urlencode

        point = self._vapid.public_key.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return str(b64urlencode(point))

    async def check(self, endpoint: str, asker: int) -> str | None:
        """What is wrong with the endpoint, looking its name up, too: one at a time for each who asks."""
        url, fault = self._read(endpoint)
        if url is None or fault:
            return fault
        try:
            async with asyncio.timeout(LOOKING_UP):
                await self._asked.resolve_for(asker, url.hostname or "", url.port or 443)
        except NotAllowed:
            return "is within a private network"
        except (OSError, TimeoutError):
            return "is at a host that cannot be found just now"
        return None

    async def takes(self, p256dh: str) -> bool:
        """Whether this is a point of the curve, which its length alone does not tell."""
        return await asyncio.to_thread(_is_key, p256dh)

    async def send(self, push: Push) -> None:
        """Hand it over. Raises `SendFailed`; after a timeout it may have been taken all the same."""
        _, fault = self._read(push.endpoint)
        if fault:
            raise Unreachable(f"the endpoint {fault}")
        # Encrypting takes a millisecond, and loading what does it some hundreds.
        headers, body = await asyncio.to_thread(self._sealed, push)
        try:
            async with self._opened().post(
                push.endpoint, data=body, headers=headers, allow_redirects=False
            ) as answer:
                if answer.status not in {200, 201, 202, 204}:
                    raise failure(answer.status, answer.headers.get("Retry-After"))
        except aiohttp.ConnectionTimeoutError:
            raise SendFailed("the push service could not be reached in time", again=True) from None
        except TimeoutError:
            raise SendFailed("the push service did not answer in time", again=True, unsure=True) from None
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, NotAllowed):
                raise Unreachable("the endpoint is within a private network") from None
            reason = f"the push service is out of reach ({type(error).__name__})"
            raise SendFailed(reason, again=True) from None
        except aiohttp.ClientError as error:  # it was there, and went away before it had answered
            reason = f"the push service hung up ({type(error).__name__})"
            raise SendFailed(reason, again=True, unsure=True) from None

    async def close(self) -> None:
        """Close the connections, and look nothing up any more."""
        if self._session is not None:
            await self._session.close()
        for resolver in (self._asked, self._sent_to):
            await resolver.close()

    @cached_property
    def _vapid(self) -> Any:
        from py_vapid import Vapid02

        return Vapid02.from_raw(self._private_key.encode())

    def _read(self, endpoint: str) -> tuple[SplitResult | None, str | None]:
        """The endpoint taken apart, and what is wrong with it as it is written."""
        try:
            url = urlsplit(endpoint)
            port = url.port or 443
        except ValueError:
            return None, "is not an address"
        if url.scheme != "https" or not url.hostname or "@" in url.netloc:
            return None, "must be an https address"
        if not self._ports(port):
            return None, "must be an https address on the usual port"
        try:
            address = ip_address(url.hostname)
        except ValueError:
            return url, None
        return url, None if self._allowed(address) else "is within a private network"

    def _sealed(self, push: Push) -> tuple[dict[str, str], bytes]:
        """Headers and encrypted body."""
        from pywebpush import WebPusher as Sealer

        keys = {"p256dh": push.p256dh, "auth": push.auth}
        body = Sealer({"endpoint": push.endpoint, "keys": keys}).encode(push.payload)["body"]
        url = urlsplit(push.endpoint)
        # Made anew each time: the library keeps what it adds to it.
        claims = {
            "aud": f"{url.scheme}://{url.netloc}",
            "exp": int(self._now()) + SIGNED_FOR,
            "sub": self._contact,
        }
        headers = {
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(push.lasts),
            "Urgency": "high" if push.urgent else "normal",
            "Topic": push.topic,
        }
        return headers | self._vapid.sign(claims), body

    def _opened(self) -> aiohttp.ClientSession:
        """Made when first used, since it belongs to the event loop that is running then."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=self._sent_to, ssl=self._tls, limit_per_host=10),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=ANSWERING, connect=CONNECTING),
            )
        return self._session


def _is_key(p256dh: str) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ec
    from py_vapid.utils import b64urldecode

    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b64urldecode(p256dh.encode()))
    except ValueError:
        return False
    return True


def failure(status: int, retry_after: str | None) -> SendFailed:
    """By the status alone: what stands beside it is written by whoever answers there."""
    reason = f"the push service answered {status}"
    if status in GONE:
        return Unreachable(reason)
    if status == 429:
        return SendFailed(reason, again=True, after=seconds(retry_after, TOO_MANY), alone=True)
    return SendFailed(reason, again=status >= 500 or status in OUR_FAULT | {408})
