"""People's own accounts: registering, changing, deleting."""

import logging
import secrets
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import msgspec

from ccr.desk import clock
from ccr.desk.commands import CloseTicket, Command
from ccr.desk.notices import Kind, Notice
from ccr.desk.people import Person, Role
from ccr.desk.refusals import Code, Refusal, conflict, forbidden, invalid, not_found
from ccr.ports import Hasher, Publisher
from ccr.services import wrong_tries as tries
from ccr.services.account_forms import PasswordChange, ProfileChange, Registration, changes, read
from ccr.services.identity import Identity
from ccr.store import (
    addresses,
    attachments,
    codes,
    holdings,
    mobiles,
    notices,
    outbox,
    people,
    portraits,
    questions,
    sessions,
    uploads,
    wrong_tries,
)
from ccr.store.connection import Connection
from ccr.store.database import Database

T = TypeVar("T")

_log = logging.getLogger(__name__)

ROUNDS = 5
"""How often a customer may open one more ticket while their account is being deleted."""


class CarriesOut(Protocol):
    """The part of `Changes` that is used here."""

    async def carry_out(
        self, person: Person, ticket_id: int | None, key: str, command: Command, *, counted: bool
    ) -> Any:
        """Do it. Raises `Refusal`."""


class Accounts:
    """What people do with their own account. `wake` tells the postman that a mail is due."""

    def __init__(
        self,
        database: Database,
        hasher: Hasher,
        publisher: Publisher,
        changes: CarriesOut,
        *,
        now: Callable[[], int] = clock.now,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._hasher = hasher
        self._publisher = publisher
        self._changes = changes
        self._now = now
        self._wake = wake

    async def register(self, given: object) -> Person:
        """A new customer from a `Registration`. Raises `invalid`, or `conflict`: the e-mail is taken."""
        form = read(Registration, given)
        hashed = await self._hasher.hash(form.password)
        customer = Person(
            id=0,
            role=Role.CUSTOMER,
            first_name=form.first_name,
            last_name=form.last_name,
            email=form.email,
            mobile=form.mobile,
        )
        added = await write_logins(
            self._database,
            lambda connection: welcome(connection, customer, hashed, self._now()),
            then=lambda _: self._wake(),
        )
        _log.info("customer registered", extra={"person": added.id})
        return added

    async def update(self, person: Person, given: object) -> Person:
        """The person with what a `ProfileChange` says about them. Raises `invalid`."""
        wanted = changes(read(ProfileChange, given))

        def save(connection: Connection) -> Person:
            today = people.lock(connection, person.id)
            if today is None or not today.person.active:
                raise not_found("person")
            changed = msgspec.structs.replace(today.person, **wanted)
            if changed != today.person:
                people.save(connection, changed)
            return changed

        return await self._database.write(save)

    async def change_password(self, identity: Identity, given: object) -> None:
        """A new password by whoever knows the old one; the person's other sessions end.

        Raises `invalid` naming the field, or `rate_limited` after too many wrong ones.
        """
        form = read(PasswordChange, given)
        person_id = identity.person.id
        bucket = tries.of_password(person_id)

        def attempt(connection: Connection) -> str | None:
            tries.count(connection, bucket, self._now())
            found = people.credentials(connection, person_id)
            return found.password_hash if found else None

        old = await self._database.write(attempt)
        if not await self._hasher.verify(old, form.current_password):
            raise invalid(current_password="is not your password")  # noqa: S106 - a field's name
        if form.password == form.current_password:
            raise invalid(password="must not be the one you have")  # noqa: S106 - a field's name
        new = await self._hasher.hash(form.password)

        def change(connection: Connection) -> list[int]:
            found = people.lock(connection, person_id)
            if found is None or found.password_hash != old:
                raise conflict("The password was changed elsewhere just now.")
            wrong_tries.clear(connection, bucket)
            return replace_password(connection, person_id, new, self._now(), but=identity.session_id)

        await self._database.write(change, then=self._after_password_change)
        _log.info("password changed", extra={"person": person_id})

    async def delete(self, identity: Identity) -> None:
        """The customer's open tickets are closed, then name and contact go; what was said stays.

        Raises `forbidden` for staff: an admin deactivates them, and they go on being named in timelines.
        """
        person = identity.person
        if person.role is not Role.CUSTOMER:
            raise forbidden(
                "Only customers delete their account themselves. Ask an admin to deactivate yours."
            )
        for _ in range(ROUNDS):
            await self._close_tickets(person)
            if await self._forget(person):
                _log.info("account deleted", extra={"person": person.id})
                return
        raise conflict("Tickets are being opened while the account is deleted. Try again.")

    async def _close_tickets(self, person: Person) -> None:
        for ticket_id in await self._database.read(lambda c: holdings.open_of_customer(c, person.id)):
            await self._changes.carry_out(
                person, ticket_id, secrets.token_urlsafe(12), CloseTicket(), counted=False
            )

    async def _forget(self, person: Person) -> bool:
        """Whether it is done. It is not while there is an open ticket, which nobody could close any more."""

        def forget(connection: Connection) -> list[int] | None:
            connection.dialect.lock_person(connection, person.id)
            if holdings.open_of_customer(connection, person.id):
                return None
            addresses.forget(connection, person.id)
            people.forget(connection, person.id, self._now())
            codes.drop(connection, person.id)
            notices.forget(connection, person.id)
            tries.forgive(connection, person.id)
            sessions.forget_all_devices(connection, person.id)
            attachments.remove_unnamed_of(connection, person.id)
            uploads.end_all_of(connection, person.id)
            mobiles.forget(connection, person.id)
            portraits.remove(connection, person.id)
            questions.forget(connection, person.id)
            return sessions.end_all(connection, person.id)

        ended = await self._database.write(forget, then=self._end_sessions)
        return ended is not None

    def _after_password_change(self, ended: list[int]) -> None:
        self._end_sessions(ended)
        self._wake()

    def _end_sessions(self, ended: list[int] | None) -> None:
        if ended:
            self._publisher.sessions_ended(ended)


async def write_logins(
    database: Database, unit: Callable[[Connection], T], *, then: Callable[[T], None]
) -> T:
    """Write what enters logins. Raises `conflict`, too, where another process was quicker than our look."""
    try:
        return await database.write(unit, then=then)
    except Refusal:
        raise
    except Exception as error:
        if database.is_duplicate(error):
            raise conflict("The e-mail address or the username is taken.") from error
        raise


def welcome(connection: Connection, person: Person, password_hash: str | None, now: int) -> Person:
    """Store a new person and owe them a mail. Raises `conflict` where a login is taken; then nothing was written."""
    keep_logins_apart(connection, person)
    added = people.add(connection, person, password_hash, now)
    outbox.put(connection, Notice(kind=Kind.WELCOME, to=added.id), now)
    return added


def keep_logins_apart(connection: Connection, person: Person) -> None:
    """Raise `conflict` naming the fields, where the person's e-mail or username is somebody else's."""
    logins = {"email": person.email, "username": person.username}
    taken = [name for name, login in logins.items() if login and _is_others(connection, login, person.id)]
    if taken:
        words = {"email": "e-mail address", "username": "username"}
        what = " and the ".join(words[name] for name in taken)
        raise Refusal(Code.CONFLICT, f"The {what} is taken.", fields=dict.fromkeys(taken, "is taken"))


def replace_password(
    connection: Connection,
    person_id: int,
    password_hash: str,
    now: int,
    *,
    but: int = 0,
    must_change: bool = False,
) -> list[int]:
    """Set the password, end every session but one, owe the mail. The ids of the sessions that ended."""
    people.set_password(connection, person_id, password_hash, must_change=must_change)
    codes.drop(connection, person_id)
    outbox.put(connection, Notice(kind=Kind.PASSWORD_CHANGED, to=person_id), now)
    return sessions.end_all(connection, person_id, but)


def _is_others(connection: Connection, login: str, person_id: int) -> bool:
    return people.owner(connection, login) not in (None, person_id)
