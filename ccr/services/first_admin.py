"""How there comes to be an admin: by the settings, by the first start's link, or by the command line."""

import hashlib
import hmac
import logging
import secrets
from collections.abc import Callable
from urllib.parse import urlencode

import msgspec

from ccr.desk import clock
from ccr.desk.clock import DAY
from ccr.desk.people import Person, Role
from ccr.desk.refusals import conflict, forbidden
from ccr.ports import Hasher
from ccr.services.account_forms import Registration, read
from ccr.services.accounts import welcome, write_logins
from ccr.services.resets import Resets
from ccr.store import people
from ccr.store.connection import Connection
from ccr.store.database import Database

LINK_GOOD_FOR = DAY
"""How long the link of `make_admin` can be used, in milliseconds."""

_log = logging.getLogger(__name__)


class FirstAdmin:
    """`secret` keys the first start's invitation; `wake` tells the postman that a mail is due."""

    def __init__(
        self,
        database: Database,
        hasher: Hasher,
        resets: Resets,
        *,
        secret: str,
        now: Callable[[], int] = clock.now,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._hasher = hasher
        self._resets = resets
        self._secret = hmac.new(secret.encode(), b"the first admin", hashlib.sha256).hexdigest()
        self._now = now
        self._wake = wake

    async def exists(self) -> bool:
        """Whether there is an admin at all."""
        return await self._database.read(lambda connection: people.any_with_role(connection, Role.ADMIN))

    async def from_settings(self, email: str, password: str) -> Person | None:
        """The first admin, as the settings name them; `None` if there is one. Raises `conflict`: e-mail taken."""
        if await self.exists():
            return None
        return await self._found(_admin(email), await self._hasher.hash(password))

    async def make_admin(self, email: str) -> str:
        """Path and query of a link, good for a day, by which the owner of this e-mail sets a password.

        They become an admin if they are nobody yet. Raises `conflict` if the e-mail is a customer's or an agent's.
        """
        code = secrets.token_urlsafe(32)

        def make(connection: Connection) -> None:
            found = people.by_login(connection, email)
            if found is not None and (found.person.role is not Role.ADMIN or not found.person.active):
                raise conflict("This e-mail belongs to somebody who is not an admin, and cannot become one.")
            if found is None:
                people.add(connection, _admin(email), None, self._now())
            self._resets.put_link_code(connection, email, code, LINK_GOOD_FOR)

        await self._database.write(make)
        return f"/reset?{urlencode({'email': email, 'code': code})}"

    async def invitation(self) -> str | None:
        """Path and query of the link by which the first admin registers; `None` once there is one.

        It follows from the secret key, so it is the same in every process and at every start until it was used.
        """
        return None if await self.exists() else f"/register?{urlencode({'invitation': self._secret})}"

    async def is_open(self, invitation: str) -> bool:
        """Whether this is our invitation, and nobody has used it."""
        return self._is_ours(invitation) and not await self.exists()

    async def accept(self, invitation: str, given: object) -> Person:
        """The first admin from a `Registration`. Raises `forbidden` if the invitation was used or is not ours."""
        form = read(Registration, given)
        if not self._is_ours(invitation):
            raise _void()
        wanted = {"first_name": form.first_name, "last_name": form.last_name, "mobile": form.mobile}
        admin = msgspec.structs.replace(_admin(form.email), **wanted)
        added = await self._found(admin, await self._hasher.hash(form.password))
        if added is None:
            raise _void()
        return added

    async def _found(self, admin: Person, hashed: str) -> Person | None:
        def add(connection: Connection) -> Person | None:
            if people.any_with_role(connection, Role.ADMIN):
                return None
            return welcome(connection, admin, hashed, self._now())

        added = await write_logins(self._database, add, then=lambda _: self._wake())
        if added is not None:
            _log.info("first admin made", extra={"person": added.id})
        return added

    def _is_ours(self, invitation: str) -> bool:
        return hmac.compare_digest(invitation.encode("utf-8", "replace"), self._secret.encode())


def _admin(email: str) -> Person:
    """They can tell us their name once they are signed in."""
    return Person(id=0, role=Role.ADMIN, first_name="Admin", last_name="", email=email, mobile=None)


def _void() -> Exception:
    return forbidden("This invitation was used, or is not ours.")
