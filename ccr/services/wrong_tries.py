"""How often somebody may be wrong: enough for people, too little for guessing.

What is counted is counted before it is checked, so that many tries at once gain nothing. The window slides: nothing is
locked for longer than the window, and a device that is known has a count of its own, which strangers cannot use up.
"""

import msgspec

from ccr.desk.clock import MINUTE, SECOND
from ccr.desk.refusals import Code, Refusal
from ccr.store import sessions, wrong_tries
from ccr.store.connection import Connection

MOST = 10
"""Wrong tries in one window before no more are heard."""

WINDOW = 15 * MINUTE
"""In milliseconds."""

TIDIED_EVERY = 64
"""After so many tries those that count for nothing any more are dropped."""

_FREE = 3
"""Wrong tries that cost no time."""

_LONGEST_PAUSE = 1.0


class Try(msgspec.Struct, frozen=True):
    """A try that has been counted; `before` is how many wrong ones came before it in this window."""

    id: int
    before: int

    @property
    def pause(self) -> float:
        """Seconds to wait before looking at it: ever longer, so guessing is slow before it is refused."""
        return min(0.1 * 2 ** (self.before - _FREE), _LONGEST_PAUSE) if self.before >= _FREE else 0.0


def count(connection: Connection, name: str, now: int, most: int = MOST) -> Try:
    """Count one try at what the bucket `name` stands for. Raises `Refusal` `rate_limited`, having written nothing."""
    times = check(connection, name, now, most)
    counted = wrong_tries.add(connection, name, now)
    if counted % TIDIED_EVERY == 0:
        wrong_tries.tidy(connection, now - WINDOW)
    return Try(counted, len(times))


def check(connection: Connection, name: str, now: int, most: int = MOST) -> list[int]:
    """When this was tried in the window until `now`. Raises `Refusal` `rate_limited` if one more is too many."""
    times = wrong_tries.times(connection, name, now - WINDOW)
    if len(times) >= most:
        free_at = times[-most] + WINDOW
        seconds = max(1, -(-(free_at - now) // SECOND))
        raise Refusal(
            Code.RATE_LIMITED, f"Too many tries. Try again in {_words(seconds)}.", retry_after=seconds
        )
    return times


def _words(seconds: int) -> str:
    """A stretch of time in minutes, a begun one counting."""
    minutes = -(-seconds * SECOND // MINUTE)
    return "a minute" if minutes == 1 else f"{minutes} minutes"


def at_sign_in(connection: Connection, login: str, person_id: int | None, device_hash: str | None) -> str:
    """The bucket of a sign-in: the known device's own, else the person's, else that of the login nobody has."""
    if person_id is None:
        return wrong_tries.bucket("login", login)
    if device_hash is not None and sessions.knows_device(connection, person_id, device_hash):
        return of_device(person_id, device_hash)
    return of_strangers(person_id)


def of_strangers(person_id: int) -> str:
    """The bucket of those who try to sign in as this person from a device that is not known to be theirs."""
    return wrong_tries.bucket("sign-in", person_id)


def of_device(person_id: int, device_hash: str) -> str:
    """The bucket of a device that is known to be this person's."""
    return wrong_tries.bucket("sign-in", person_id, device_hash)


def of_password(person_id: int) -> str:
    """The bucket of those who are signed in as this person and must give the password once more."""
    return wrong_tries.bucket("password", person_id)


def forgive(connection: Connection, person_id: int) -> None:
    """Count anew, wherever this person is concerned."""
    wrong_tries.clear(connection, of_strangers(person_id))
    wrong_tries.clear(connection, of_password(person_id))
    for device_hash in sessions.devices(connection, person_id):
        wrong_tries.clear(connection, of_device(person_id, device_hash))
