"""The line between the processes of one registry: a channel of Redis (or Valkey), in which nothing is kept.

The client is quick to give up: whoever speaks here has something better to do than to wait for Redis.
"""

from typing import Any

PATIENCE = 1.0
"""Seconds for Redis to be connected to, or to answer."""


class RedisLine:
    """The channel `name` of the server at `url`. Whatever goes wrong is a `ConnectionError`."""

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name
        self._redis: Any = None
        self._subscription: Any = None

    async def subscribe(self) -> None:
        """Hear from now on what is published, on a new connection."""
        await self._unsubscribe()
        try:
            self._subscription = self._client().pubsub(ignore_subscribe_messages=True)
            await self._subscription.subscribe(self._name)
        except Exception as error:
            await self._unsubscribe()
            raise _lost(error) from error

    async def hear(self, within: float) -> bytes | None:
        """The next message, or `None` if there was none for so many seconds."""
        try:
            message = await self._subscription.get_message(timeout=within)
        except Exception as error:
            raise _lost(error) from error
        data: bytes | None = message["data"] if message and message["type"] == "message" else None
        return data

    async def publish(self, message: bytes) -> None:
        """Tell everybody who listens, ourselves too. Where it fails, it may have arrived nevertheless."""
        try:
            await self._client().publish(self._name, message)
        except Exception as error:
            raise _lost(error) from error

    async def close(self) -> None:
        """Give the connections back."""
        await self._unsubscribe()
        if self._redis is not None:
            await self._redis.aclose()
            self._redis = None

    def _client(self) -> Any:
        if self._redis is None:
            from redis.asyncio import Redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff

            # It must not try again by itself: what is tried again here is merged with what came meanwhile.
            self._redis = Redis.from_url(
                self._url,
                socket_timeout=PATIENCE,
                socket_connect_timeout=PATIENCE,
                retry=Retry(NoBackoff(), 0),
            )
        return self._redis

    async def _unsubscribe(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            try:
                await subscription.aclose()
            except Exception as error:  # noqa: BLE001 - it is let go of in any case
                del error


def _lost(error: Exception) -> ConnectionError:
    """By the error's class alone: its text may have the URL in it, and that a password."""
    return ConnectionError(type(error).__name__)
