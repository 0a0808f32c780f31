"""Signing in and out: sessions, and how often a password may be wrong."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec

from ccr.desk import clock
from ccr.desk.clock import DAY, MINUTE, rfc3339
from ccr.desk.notices import Kind, Notice
from ccr.desk.people import Person
from ccr.desk.refusals import Code, Refusal, not_found
from ccr.ports import Hasher, Publisher
from ccr.services import wrong_tries as tries
from ccr.services.account_forms import SignIn, read
from ccr.services.alarms import Alarms
from ccr.services.identity import Device, Identity, SignedIn, is_token, new_token, token_hash
from ccr.services.wrong_tries import Try
from ccr.store import outbox, people, sessions, subscriptions, wrong_tries
from ccr.store.connection import Connection
from ccr.store.database import Database
from ccr.store.people import Credentials

IDLE = 14 * DAY
"""A session that was not used for so long is over, in milliseconds."""

SEEN_EVERY = 5 * MINUTE
"""How exactly it is known when a session was last used."""

DEVICE_KEPT = 400 * DAY
"""A device not used for so long is a stranger again; as long as browsers keep a cookie."""

_log = logging.getLogger(__name__)


class _Attempt(msgspec.Struct, frozen=True):
    """Somebody who says who they are, before it is known whether that is true."""

    found: Credentials | None
    bucket: str
    counted: Try


class SigningIn:
    """Proves who somebody is.

    `alarms` make the links of mails about new devices; `pause` waits some seconds; `wake` tells the postman that a mail
    is due.
    """

    def __init__(
        self,
        database: Database,
        hasher: Hasher,
        publisher: Publisher,
        *,
        alarms: Alarms,
        now: Callable[[], int] = clock.now,
        wake: Callable[[], None] = lambda: None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._hasher = hasher
        self._publisher = publisher
        self._alarms = alarms
        self._now = now
        self._wake = wake
        self._pause = pause

    async def sign_in(
        self, login: str, password: str, device: Device, *, instead_of: str | None = None
    ) -> SignedIn:
        """A new session for whoever has this e-mail or username and this password.

        The session of the token `instead_of`, which the device forgets for the new one, ends, whoever's it is.

        Raises `Refusal`: `unauthenticated`, the same and after the same time whether there is such a login or not;
        `rate_limited` after too many wrong tries.
        """
        read(SignIn, {"email": login, "password": password})
        attempt = await self._database.write(partial(self._attempt, people.as_login(login), device))
        await self._pause(attempt.counted.pause)
        right = await self._hasher.verify(attempt.found.password_hash if attempt.found else None, password)
        if attempt.found is None or not right or not attempt.found.person.active:
            _log.info("sign-in refused", extra={"tries": attempt.counted.before + 1})
            raise _unknown()
        rehashed = await self._rehashed(attempt.found, password)
        begun = await self._begin(attempt.found, attempt, rehashed, device, instead_of)
        _log.info("signed in", extra={"person": begun.person.id, "session": begun.session_id})
        return begun

    async def identify(self, token: str) -> Identity | None:
        """Whose session this is; `None` once it ended, was not used for 14 days, or its person may not sign in."""
        if not is_token(token):
            return None
        now = self._now()
        found = await self._database.read(lambda c: sessions.find(c, token_hash(token), now - IDLE))
        if found is None:
            return None
        session_id, seen_at, person = found
        if now - seen_at >= SEEN_EVERY:
            # A database that cannot write just now is no reason not to know who is reading.
            with contextlib.suppress(Refusal):
                await self._database.write(lambda c: sessions.touch(c, session_id, now))
        return Identity(session_id, person)

    async def sign_out(self, identity: Identity) -> None:
        """End the session that is used just now."""
        await self._end(identity, identity.session_id)

    async def end_session(self, identity: Identity, session_id: int) -> None:
        """End another of the person's sessions. Raises `not_found`."""
        if not await self._end(identity, session_id):
            raise not_found("session")

    async def sessions(self, identity: Identity) -> list[dict[str, Any]]:
        """Where the person is signed in, the last used first, ready for the wire."""
        since = self._now() - IDLE
        found = await self._database.read(lambda c: sessions.of_person(c, identity.person.id, since))
        return [
            {
                "id": session.id,
                "device": session.device,
                "address": session.address,
                "created_at": rfc3339(session.created_at),
                "seen_at": rfc3339(session.seen_at),
                "current": session.id == identity.session_id,
            }
            for session in found
        ]

    def _attempt(self, login: str, device: Device, connection: Connection) -> _Attempt:
        found = people.by_login(connection, login)
        device_hash = token_hash(device.known) if device.known else None
        bucket = tries.at_sign_in(connection, login, found.person.id if found else None, device_hash)
        return _Attempt(found, bucket, tries.count(connection, bucket, self._now()))

    async def _rehashed(self, found: Credentials, password: str) -> str | None:
        """The password hashed anew, where the stored hash is of an older make."""
        outdated = found.password_hash and self._hasher.is_outdated(found.password_hash)
        return await self._hasher.hash(password) if outdated else None

    async def _begin(
        self,
        found: Credentials,
        attempt: _Attempt,
        rehashed: str | None,
        device: Device,
        instead_of: str | None,
    ) -> SignedIn:
        token, device_token = new_token(), device.token()
        device_hash = token_hash(device_token)

        def begin(connection: Connection) -> tuple[SignedIn, bool, int | None]:
            now = self._now()
            person = _still(connection, found)
            if rehashed and found.password_hash:
                people.rehash(connection, person.id, found.password_hash, rehashed)
            wrong_tries.take_back(connection, attempt.counted.id)
            if attempt.bucket != tries.of_strangers(person.id):
                wrong_tries.clear(connection, attempt.bucket)
            sessions.end_idle(connection, person.id, now - IDLE)
            session_id = sessions.add(
                connection, person.id, token_hash(token), device.name, device.address, now, device_hash
            )
            link = self._alarms.token(session_id, now, person.id, device_hash)
            mailed = _meet(connection, person.id, device_hash, device, now, link)
            ended = _replace(connection, instead_of, session_id, person.id) if instead_of else None
            begun = SignedIn(token=token, device_token=device_token, person=person, session_id=session_id)
            return begun, mailed, ended

        begun, *_ = await self._database.write(begin, then=self._follow_up)
        return begun

    def _follow_up(self, outcome: tuple[SignedIn, bool, int | None]) -> None:
        _, mailed, ended = outcome
        if ended is not None:
            self._publisher.sessions_ended([ended])
        if mailed:
            self._wake()

    async def _end(self, identity: Identity, session_id: int) -> bool:
        def tell(ended: bool) -> None:
            if ended:
                self._publisher.sessions_ended([session_id])

        return await self._database.write(
            lambda c: sessions.end(c, session_id, identity.person.id), then=tell
        )


def _still(connection: Connection, found: Credentials) -> Person:
    """The person, unless they were deactivated or their password changed while it was being checked."""
    today = people.credentials(connection, found.person.id, stays=True)
    if today is None or not today.person.active or today.password_hash != found.password_hash:
        raise _unknown()
    return today.person


def _replace(connection: Connection, token: str, session_id: int, person_id: int) -> int | None:
    """The id of the session with this token, ended for the other one.

    A person's notifications go on, if they only sign in again; somebody else is not to see them.
    """
    found = sessions.by_token(connection, token_hash(token))
    if found is None:
        return None
    old, owner = found
    if owner == person_id:
        subscriptions.hand_over(connection, old, session_id)
    sessions.end(connection, old, owner)
    return old


def _meet(
    connection: Connection, person_id: int, device_hash: str, device: Device, now: int, link: str
) -> bool:
    """Know the device from now on. Whether its person is mailed about it: not the first one, and not a known one.

    By `link` whoever reads the mail signs the device out, which is all that it is good for.
    """
    sessions.forget_devices(connection, person_id, now - DEVICE_KEPT)
    had_others = sessions.knows_any_device(connection, person_id)
    # By what is written, not by what was read: its alarm may be making a stranger of it in this very moment.
    strange = sessions.remember_device(connection, person_id, device_hash, now)
    mailed = strange and had_others
    if mailed:
        data = {"device": device.name, "address": device.address, "link": link}
        outbox.put(connection, Notice(kind=Kind.NEW_DEVICE, to=person_id, data=data), now)
    return mailed


def _unknown() -> Refusal:
    return Refusal(Code.UNAUTHENTICATED, "There is nobody with this login and password.")
