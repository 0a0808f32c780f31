"""Forgotten passwords: a one-time code by mail, good for ten minutes, five tries and one use.

Neither the answer nor the time it takes tells whether an e-mail has an account. A code is never stored as such: it is
made when the postman carries its mail.
"""

import hashlib
import hmac
import logging
import secrets
from collections.abc import Callable, Collection

import msgspec

from ccr.desk import clock
from ccr.desk.clock import MINUTE
from ccr.desk.notices import Kind, Notice
from ccr.desk.people import Person
from ccr.desk.refusals import Refusal, invalid
from ccr.ports import Hasher, Publisher
from ccr.services import wrong_tries as tries
from ccr.services.account_forms import CodeRequest, CodeUse, read
from ccr.services.accounts import replace_password
from ccr.services.identity import Device, token_hash
from ccr.store import codes, outbox, people, sessions, wrong_tries
from ccr.store.codes import Code
from ccr.store.connection import Connection
from ccr.store.database import Database

GOOD_FOR = 10 * MINUTE
"""How long a code can be used, in milliseconds."""

TRIES = 5
"""How often a code may be wrong; a device known to be the person's has as many of its own."""

MAILS = 5
"""Codes mailed to one address in a quarter of an hour; what is asked for beyond that is let lie."""

_log = logging.getLogger(__name__)


class _Used(msgspec.Struct, frozen=True):
    """What came of a code. `person` is `None` when it was wrong."""

    person: int | None = None
    ended: Collection[int] = ()


class Resets:
    """New passwords by mail. `secret` keys the hashes of codes; `wake` tells the postman that a mail is due."""

    def __init__(
        self,
        database: Database,
        hasher: Hasher,
        publisher: Publisher,
        *,
        secret: str,
        now: Callable[[], int] = clock.now,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._hasher = hasher
        self._publisher = publisher
        self._secret = hashlib.sha256(f"one-time codes\n{secret}".encode()).digest()
        self._now = now
        self._wake = wake

    async def ask(self, given: object) -> None:
        """Have a code mailed to the e-mail of a `CodeRequest`, if somebody has it. Raises `invalid`."""
        email = people.as_login(read(CodeRequest, given).email)

        def owe(connection: Connection) -> None:
            now = self._now()
            try:
                tries.count(connection, wrong_tries.bucket("code mailed", email), now, MAILS)
            except Refusal:
                return  # the answer is the same: it has had five
            outbox.put(connection, Notice(kind=Kind.ONE_TIME_CODE, address=email), now)

        await self._database.write(owe, then=lambda _: self._wake())

    async def mint(self, email: str) -> tuple[Person, str] | None:
        """A fresh code for whoever has this e-mail, in place of an earlier one; `None` if nobody may use it."""
        code = f"{secrets.randbelow(1_000_000):06d}"
        person = await self._database.write(lambda c: self._put(c, email, code, GOOD_FOR))
        return (person, code) if person else None

    async def confirm(self, given: object, device: Device) -> str:
        """Set the password of a `CodeUse`. Every session of that person ends, and nobody's wrong tries count any more.

        The token by which this device is known from now on: whoever reads the person's mail is not a stranger. Raises
        `invalid`, the same whether the code is wrong, used, too old or nobody's.
        """
        form = read(CodeUse, given)
        hashed = await self._hasher.hash(form.password)
        device_token = device.token()

        def use(connection: Connection) -> _Used:
            person = self._holder(connection, form, device)
            if person is None:
                return _Used()
            ended = replace_password(connection, person.id, hashed, self._now())
            tries.forgive(connection, person.id)
            sessions.remember_device(connection, person.id, token_hash(device_token), self._now())
            return _Used(person.id, ended)

        used = await self._database.write(use, then=self._follow_up)
        if used.person is None:
            raise invalid(code="is wrong, used or too old")
        _log.info("password set by code", extra={"person": used.person})
        return device_token

    def put_link_code(self, connection: Connection, email: str, code: str, good_for: int) -> Person | None:
        """Let this long code be used for `good_for` milliseconds; for links that are shown to an operator."""
        return self._put(connection, email, code, good_for)

    def _put(self, connection: Connection, email: str, code: str, good_for: int) -> Person | None:
        found = people.lock_by_login(connection, email)
        if found is None or not found.person.active:
            return None
        codes.put(
            connection,
            found.person.id,
            Code(self._hash(found.person.id, code), self._now() + good_for, TRIES),
        )
        return found.person

    def _holder(self, connection: Connection, form: CodeUse, device: Device) -> Person | None:
        """Whose right code this is. A wrong one costs a try, and a write of the same size where there is nobody."""
        found = people.lock_by_login(connection, form.email)
        code = codes.find(connection, found.person.id) if found and found.person.active else None
        own = _own_tries(connection, found.person, device, code) if found and code else None
        given = self._hash(found.person.id if found else 0, form.code)
        right = hmac.compare_digest(given, code.code_hash if code else "0" * len(given))
        if (
            found
            and code
            and right
            and code.expires_at > self._now()
            and self._may_try(connection, code, own)
        ):
            return found.person
        if found and code and own is None:
            codes.count_wrong(connection, found.person.id)
        else:
            wrong_tries.add(
                connection, own or wrong_tries.bucket("code", people.as_login(form.email)), self._now()
            )
        return None

    def _may_try(self, connection: Connection, code: Code, own: str | None) -> bool:
        if own is None:
            return code.tries_left > 0
        return len(wrong_tries.times(connection, own, self._now() - tries.WINDOW)) < TRIES

    def _hash(self, person_id: int, code: str) -> str:
        return hmac.new(self._secret, f"{person_id}\n{code}".encode(), "sha256").hexdigest()

    def _follow_up(self, used: _Used) -> None:
        if used.ended:
            self._publisher.sessions_ended(used.ended)
        if used.person is not None:
            self._wake()


def _own_tries(connection: Connection, person: Person, device: Device, code: Code) -> str | None:
    """The bucket of a device that is known to be the person's, so that strangers cannot use up its tries."""
    device_hash = token_hash(device.known) if device.known else ""
    known = sessions.knows_device(connection, person.id, device_hash)
    return wrong_tries.bucket("code", code.code_hash, device_hash) if known else None
