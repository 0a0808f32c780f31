"""What goes wrong when a provider is asked by HTTP, as what the postman goes by."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import aiohttp
from werkzeug.http import parse_date

from ccr.ports import SendFailed

TOO_MANY = 10.0
"""Seconds of pause for a provider that says "too many", and not until when."""


def seconds(named: str | None, otherwise: float, now: Callable[[], float] = time.time) -> float:
    """What `Retry-After` says, a number of seconds or the moment itself; `otherwise` where it says neither."""
    if named and named.isascii() and named.isdigit():
        return float(named)
    moment = parse_date(named)
    return otherwise if moment is None else max(0.0, moment.timestamp() - now())


@contextmanager
def explained(provider: str) -> Iterator[None]:
    """Raises `SendFailed` for what aiohttp raises; `unsure` from when the provider may have taken it."""
    try:
        yield
    except aiohttp.ConnectionTimeoutError:
        raise SendFailed(f"{provider} could not be reached in time", again=True) from None
    except TimeoutError:
        raise SendFailed(f"{provider} did not answer in time", again=True, unsure=True) from None
    except aiohttp.ClientConnectorError as error:
        raise SendFailed(f"{provider} out of reach ({type(error).__name__})", again=True) from None
    except aiohttp.ClientError as error:  # it was there, and went away before it had answered
        raise SendFailed(f"{provider} hung up ({type(error).__name__})", again=True, unsure=True) from None
