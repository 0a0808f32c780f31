"""How often one address, or one person who is signed in, may do what costs us: a bucket that fills again by itself."""

import functools
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import ParamSpec

from quart import Quart, current_app, g
from quart.typing import ResponseReturnValue

from ccr.desk.refusals import Code, Refusal
from ccr.services.allowance import Buckets
from ccr.settings import Settings
from ccr.site.addresses import client_network

P = ParamSpec("P")
View = Callable[P, Awaitable[ResponseReturnValue]]

PLACE_IN = 10
"""Seconds after which somebody may look whether there is a place for them again."""

BY_ADDRESS = frozenset({"registration", "sign_in", "reset", "reset_confirm", "alarm"})
"""Limits of an address, whoever is signed in there: accounts cost nothing, so having many must not help."""

_KEY = "ccr.limits"
_MARK = "__ccr_limit__"


class Limits(Buckets[tuple[str, str]]):
    """Buckets, and places for what takes long, by name and by whom."""

    def __init__(self, *, on: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(on=on, clock=clock)
        self._taken: Counter[tuple[str, str]] = Counter()

    def spend(self, name: str, who: str, per_minute: int) -> None:
        """Take one from the bucket, which holds a minute's worth. Raises `rate_limited` when it is empty."""
        self.spend_from((name, who), per_minute, per_minute / 60)

    @contextmanager
    def place(self, name: str, who: str, most: int) -> Iterator[None]:
        """One of the places for what takes long, until it is over. Raises `rate_limited` while all `most` are taken."""
        if self._on and self._taken[name, who] >= most:
            words = "Too much is under way already. Wait until it is through."
            raise Refusal(Code.RATE_LIMITED, words, retry_after=PLACE_IN)
        self._taken[name, who] += 1
        try:
            yield
        finally:
            self._taken[name, who] -= 1
            if not self._taken[name, who]:
                del self._taken[name, who]


def install(app: Quart, settings: Settings) -> None:
    """Let the routes of `app` be limited, as the settings say."""
    app.extensions[_KEY] = Limits(on=settings.rate_limits)


def limited(name: str, *, per_minute: int) -> Callable[[View[P]], View[P]]:
    """Limit a route; routes with the same name share what there is. Stands below the guard, which says who it is."""

    def decorate(view: View[P]) -> View[P]:
        @functools.wraps(view)
        async def within(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            spend(name, per_minute)
            return await view(*args, **kwargs)

        setattr(within, _MARK, name)
        return within

    return decorate


def spend(name: str, per_minute: int) -> None:
    """The same from within a route, for one that wants to answer a `rate_limited` in its own manner."""
    _of_app().spend(name, _who(name), per_minute)


def place(name: str, most: int) -> AbstractContextManager[None]:
    """One of the person's places for what takes long, for as long as the block. Raises `rate_limited`."""
    return _of_app().place(name, _who(name), most)


def limit_of(view: object) -> str | None:
    """The name of the route's limit, `None` if it has none."""
    name: str | None = getattr(view, _MARK, None)
    return name


def _of_app() -> Limits:
    limits: Limits = current_app.extensions[_KEY]
    return limits


def _who(name: str) -> str:
    identity = None if name in BY_ADDRESS else g.get("identity")
    return f"person {identity.person.id}" if identity else client_network()
