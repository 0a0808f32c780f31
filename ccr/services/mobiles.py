"""Mobile numbers that people are texted at: proved by a code, switched on and off by their owners.

What somebody gives others as their number is another matter: it stays as they wrote it, in their profile.
"""

import asyncio
import hashlib
import hmac
import logging
import secrets
from collections.abc import Callable
from typing import Any

from ccr.desk import clock
from ccr.desk.clock import rfc3339
from ccr.desk.notices import Channel, Kind, Notice
from ccr.desk.people import Person, Role
from ccr.desk.refusals import conflict, invalid, not_found
from ccr.services import numbers
from ccr.services import wrong_tries as tries
from ccr.services.account_forms import MobileProof, MobileRequest, MobileSwitch, read
from ccr.services.mail_data import CODE_WORTH
from ccr.services.resets import GOOD_FOR, TRIES
from ccr.store import mobiles, outbox, people, wrong_tries
from ccr.store.connection import Connection
from ccr.store.database import Database
from ccr.store.mobiles import Mobile, Pending

TEXTED = frozenset({Role.CUSTOMER, Role.AGENT})
"""Those who are told of anything by text."""

CODES_OF_PERSON = 5
CODES_TO_NUMBER = 3
"""Codes texted in a quarter of an hour: each costs money, and may go to somebody who did not ask for it."""

_log = logging.getLogger(__name__)


class Mobiles:
    """Everybody's numbers. `secret` keys the hashes of codes; `offered` says whether texts are sent at all here."""

    def __init__(
        self,
        database: Database,
        *,
        secret: str,
        offered: bool,
        country: str | None = None,
        now: Callable[[], int] = clock.now,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._secret = hashlib.sha256(f"codes for mobiles\n{secret}".encode()).digest()
        self._offered = offered
        self._country = country
        self._now = now
        self._wake = wake

    def offered_to(self, person: Person) -> bool:
        """Whether this person may have texts sent to them."""
        return self._offered and person.role in TEXTED

    async def state(self, person: Person) -> dict[str, Any]:
        """What is known of their number, ready for the wire."""
        now = self._now()
        mobile, asked = await self._database.read(
            lambda c: (mobiles.find(c, person.id), mobiles.pending(c, person.id))
        )
        waits = asked is not None and asked.tries_left > 0 and asked.expires_at > now
        return {
            "offered": self.offered_to(person),
            "mobile": mobile.number if mobile else None,
            "verified_at": rfc3339(mobile.verified_at) if mobile else None,
            "texts": mobile is not None and mobile.texts,
            "refused_at": rfc3339(mobile.refused_at) if mobile and mobile.refused_at else None,
            "pending": asked.number if asked and waits else None,
            "pending_refused": asked.number
            if asked and asked.tries_left == 0 and not asked.code_hash
            else None,
        }

    async def ask(self, person: Person, given: object) -> None:
        """Have a code texted to the number of a `MobileRequest`. Raises `invalid`, `conflict` or `rate_limited`."""
        self._check_offered(person)
        form = read(MobileRequest, given)
        number = await asyncio.to_thread(numbers.e164, form.mobile, self._country)

        def owe(connection: Connection) -> None:
            now = self._now()
            own = wrong_tries.bucket("mobile code", person.id)
            theirs = wrong_tries.bucket("mobile code to", number)
            today = people.lock(connection, person.id)
            if today is None or not today.person.active:
                raise not_found("person")
            tries.check(connection, theirs, now, CODES_TO_NUMBER)
            tries.count(connection, own, now, CODES_OF_PERSON)
            tries.count(connection, theirs, now, CODES_TO_NUMBER)
            mobiles.put_pending(connection, person.id, Pending(number, "", now + CODE_WORTH, TRIES))
            notice = Notice(kind=Kind.MOBILE_CODE, to=person.id, address=number, channel=Channel.SMS)
            outbox.put(connection, notice, now)

        await self._database.write(owe, then=lambda _: self._wake())

    async def mint(self, person_id: int, number: str) -> str | None:
        """A fresh code for this number, in place of an earlier one; `None` if its owner has thought otherwise."""
        code = f"{secrets.randbelow(1_000_000):06d}"

        def put(connection: Connection) -> bool:
            # Whoever deletes the account forgets the number: it must not be put there again afterwards.
            connection.dialect.lock_person(connection, person_id)
            asked = mobiles.pending(connection, person_id)
            if asked is None or asked.number != number or asked.tries_left == 0:
                return False
            hashed = self._hash(person_id, number, code)
            mobiles.put_pending(
                connection, person_id, Pending(number, hashed, self._now() + GOOD_FOR, asked.tries_left)
            )
            return True

        return code if await self._database.write(put) else None

    async def confirm(self, person: Person, given: object) -> None:
        """The number is theirs, as a `MobileProof` shows, and texts to it are on.

        Raises `invalid`, the same whether the code is wrong, used or too old.
        """
        self._check_offered(person)
        form = read(MobileProof, given)

        def use(connection: Connection) -> bool:
            now = self._now()
            connection.dialect.lock_person(connection, person.id)
            asked = mobiles.pending(connection, person.id)
            if asked is None or asked.tries_left == 0 or asked.expires_at <= now:
                return False
            if not hmac.compare_digest(self._hash(person.id, asked.number, form.code), asked.code_hash):
                mobiles.count_wrong(connection, person.id)
                return False
            mobiles.drop_pending(connection, person.id)
            mobiles.put(connection, person.id, Mobile(asked.number, now, texts=True))
            outbox.hasten(connection, person.id, now)
            return True

        if not await self._database.write(use):
            raise invalid(code="is wrong, used or too old")
        _log.info("mobile number confirmed", extra={"person": person.id})

    async def switch(self, person: Person, given: object) -> None:
        """Texts on or off, as a `MobileSwitch` says. Raises `conflict` where no number is confirmed."""
        form = read(MobileSwitch, given)
        if form.texts:
            self._check_offered(person)
        if not await self._database.write(lambda c: mobiles.switch(c, person.id, texts=form.texts)):
            raise conflict("Confirm a mobile number first.")

    async def forget(self, person: Person) -> None:
        """Neither a number nor a code that is under way is known any more."""
        await self._database.write(lambda c: mobiles.forget(c, person.id))

    async def give_up(self, person: Person) -> None:
        """The number that waits for its code is not to be proved after all."""
        await self._database.write(lambda c: mobiles.drop_pending(c, person.id))

    def _check_offered(self, person: Person) -> None:
        if not self.offered_to(person):
            raise conflict("Text messages are not sent here.")

    def _hash(self, person_id: int, number: str, code: str) -> str:
        return hmac.new(self._secret, f"{person_id}\n{number}\n{code}".encode(), "sha256").hexdigest()
