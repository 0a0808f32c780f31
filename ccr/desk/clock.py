"""Times: milliseconds since 1970 UTC inside, RFC 3339 with milliseconds on the wire."""

import time
from datetime import UTC, datetime
from functools import lru_cache

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def now() -> int:
    """The present, in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def rfc3339(at: int) -> str:
    """`1763717400123` → `2025-11-21T09:30:00.123Z`."""
    seconds, milliseconds = divmod(at, SECOND)
    return f"{_to_the_second(seconds)}.{milliseconds:03d}Z"


@lru_cache(maxsize=1_024)
def _to_the_second(seconds: int) -> str:
    """Kept, because what happens at once is written many times over."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"
