"""Agents: made, changed and deactivated by admins."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from typing import Any

import msgspec

from ccr.desk import clock
from ccr.desk.commands import TakeFrom
from ccr.desk.people import Person, Role
from ccr.desk.refusals import forbidden, not_found
from ccr.ports import Hasher, Publisher
from ccr.services import wrong_tries as tries
from ccr.services.account_forms import AgentChange, NewAgent, changes, read
from ccr.services.accounts import CarriesOut, keep_logins_apart, replace_password, welcome, write_logins
from ccr.services.portraits import address
from ccr.store import codes, holdings, people, portraits, sessions
from ccr.store.connection import Connection
from ccr.store.database import Database

_log = logging.getLogger(__name__)


class Staff:
    """What admins do with agents' accounts. `wake` tells the postman that a mail is due."""

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

    async def agents(self, admin: Person) -> list[dict[str, Any]]:
        """Every agent by name, deactivated ones too, ready for the wire."""
        _only_admins(admin)
        found, shown = await self._database.read(
            lambda connection: (people.with_role(connection, Role.AGENT), portraits.all_of(connection))
        )
        return [
            agent.wire() | ({"portrait": address(agent.id, shown[agent.id])} if agent.id in shown else {})
            for agent in found
        ]

    async def create(self, admin: Person, given: object) -> Person:
        """An agent from a `NewAgent`, who must change the password first. Raises `invalid`, or `conflict` by field."""
        _only_admins(admin)
        form = read(NewAgent, given)
        hashed = await self._hasher.hash(form.password)
        agent = Person(
            id=0,
            role=Role.AGENT,
            first_name=form.first_name,
            last_name=form.last_name,
            email=form.email,
            mobile=form.mobile,
            username=form.username,
            gender=form.gender,
            must_change_password=True,
        )
        added = await write_logins(
            self._database,
            lambda connection: welcome(connection, agent, hashed, self._now()),
            then=lambda _: self._wake(),
        )
        _log.info("agent created", extra={"person": added.id, "admin": admin.id})
        return added

    async def change(self, admin: Person, agent_id: int, given: object) -> Person:
        """The agent with what an `AgentChange` says about them.

        Deactivated, they are signed out everywhere at once and their tickets become nobody's, as the timelines say. A
        password given here signs them out, too, and must be changed by them. Raises `not_found`, `invalid`, `conflict`.
        """
        _only_admins(admin)
        wanted = changes(read(AgentChange, given))
        password = wanted.pop("password", None)
        hashed = await self._hasher.hash(password) if password else None

        def save(connection: Connection) -> tuple[Person, list[int]]:
            today = people.lock(connection, agent_id)
            if today is None or today.person.role is not Role.AGENT:
                raise not_found("agent")
            changed = msgspec.structs.replace(today.person, **wanted)
            keep_logins_apart(connection, changed)
            people.save(connection, changed)
            return changed, self._shut_out(connection, changed, hashed)

        changed, _ = await write_logins(self._database, save, then=self._follow_up)
        _log.info("agent changed", extra={"person": agent_id, "admin": admin.id, "active": changed.active})
        if not changed.active:
            # A caller who leaves half-way must not leave half of the tickets behind.
            await asyncio.shield(self._unassign(admin, agent_id))
        return await self._today(agent_id)

    def _shut_out(self, connection: Connection, agent: Person, hashed: str | None) -> list[int]:
        """The ids of the sessions that end with this change."""
        if hashed:
            tries.forgive(connection, agent.id)
            return replace_password(connection, agent.id, hashed, self._now(), must_change=True)
        if not agent.active:
            codes.drop(connection, agent.id)
            return sessions.end_all(connection, agent.id)
        return []

    def _follow_up(self, outcome: tuple[Person, list[int]]) -> None:
        _, ended = outcome
        if ended:
            self._publisher.sessions_ended(ended)
        self._wake()

    async def _unassign(self, admin: Person, agent_id: int) -> None:
        for ticket_id in await self._database.read(lambda c: holdings.open_of_agent(c, agent_id)):
            key = secrets.token_urlsafe(12)
            await self._changes.carry_out(admin, ticket_id, key, TakeFrom(agent=agent_id), counted=False)

    async def _today(self, agent_id: int) -> Person:
        agent = await self._database.read(lambda connection: people.find(connection, agent_id))
        if agent is None:
            raise not_found("agent")
        return agent


def _only_admins(person: Person) -> None:
    if person.role is not Role.ADMIN:
        raise forbidden("Only admins look after agents.")
