"""How long the line to Watson is held: `requests` knows a time between bytes, but none for all of an answer."""

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

CONNECTING, ANSWERING = 2.0, 4.0
"""Seconds. So long it may take to connect, and until an answer begins; and so long until it has ended."""


def http_config() -> dict[str, Any]:
    """For the SDK's requests, and for those of its tokens. No redirect takes anybody's words elsewhere."""
    return {
        "timeout": (CONNECTING, ANSWERING),
        "hooks": {"response": _bound},
        "allow_redirects": False,
    }


def _bound(response: Any, **_: object) -> None:
    """Called when the answer has begun: whoever drips it would hold a thread, and ten of them would hold them all."""
    response.raw.stream = partial(_parts, response.raw, time.monotonic() + ANSWERING)


def _parts(raw: Any, end: float, most: int, decode_content: bool | None = None) -> Iterator[bytes]:
    """What has come each time, where the original would wait for `most` bytes."""
    while part := raw.read1(most, decode_content=decode_content):
        if time.monotonic() > end:
            raw.close()  # nobody else is given this line
            raise TimeoutError("the answer did not end in time")
        yield part
