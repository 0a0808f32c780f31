"""The JSON door to tickets: the same commands and the same reading as by socket."""

from typing import Any

import msgspec
from quart import Blueprint
from quart.typing import ResponseReturnValue

from ccr.desk.checking import MAX_ID, MAX_SEQ, Key, check
from ccr.desk.commands import OpenTicket, Priority, Query, Text, read_command
from ccr.desk.people import Role
from ccr.desk.refusals import invalid
from ccr.desk.ticket import Status
from ccr.services.changes import Changes
from ccr.services.reading import MOST, PAGE, Filters, Reading
from ccr.site.bodies import answer, arguments, json_body, number
from ccr.site.guards import known, only, signed_in
from ccr.site.paths import BASE, ID


class NewTicket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of POST `/tickets`: a key and what `open_ticket` takes."""

    key: Key
    query: Query
    details: Text | None = None
    priority: Priority = Priority.NORMAL


class KeyedCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of POST `/tickets/{id}/commands`."""

    key: Key
    command: dict[str, Any]


def tickets_api(changes: Changes, reading: Reading) -> Blueprint:
    """Every JSON route about tickets."""
    blueprint = Blueprint("tickets_api", __name__, url_prefix=f"{BASE}/tickets")
    _add_commands(blueprint, changes, reading)
    _add_reading(blueprint, reading)
    return blueprint


def _add_commands(blueprint: Blueprint, changes: Changes, reading: Reading) -> None:
    @blueprint.post("")
    @only(Role.CUSTOMER)
    async def open_ticket() -> ResponseReturnValue:
        given = check(NewTicket, await json_body())
        command = OpenTicket(query=given.query, details=given.details, priority=given.priority)
        person = known().person
        made = await changes.carry_out(person, None, given.key, command)
        return answer(await reading.ticket(person, made.ticket), 201)

    @blueprint.post(f"/<{ID}:ticket_id>/commands")
    @signed_in
    async def carry_out(ticket_id: int) -> ResponseReturnValue:
        given = check(KeyedCommand, await json_body())
        made = await changes.carry_out(known().person, ticket_id, given.key, read_command(given.command))
        return answer(made.wire())


def _add_reading(blueprint: Blueprint, reading: Reading) -> None:
    @blueprint.get("")
    @signed_in
    async def tickets() -> ResponseReturnValue:
        given = arguments("status", "agent", "q", "cursor", "limit")
        limit = number(given, "limit", PAGE, least=1, most=MOST)
        found = await reading.tickets(
            known().person, _filters(given), cursor=given.get("cursor"), limit=limit
        )
        return answer(found)

    @blueprint.get(f"/<{ID}:ticket_id>")
    @signed_in
    async def ticket(ticket_id: int) -> ResponseReturnValue:
        return answer(await reading.ticket(known().person, ticket_id))

    @blueprint.get(f"/<{ID}:ticket_id>/timeline")
    @signed_in
    async def timeline(ticket_id: int) -> ResponseReturnValue:
        given = arguments("after", "before", "limit")
        return answer(
            await reading.timeline(
                known().person,
                ticket_id,
                after=_seq(given, "after"),
                before=_seq(given, "before"),
                limit=number(given, "limit", PAGE, least=1, most=MOST),
            )
        )


def _filters(given: dict[str, str]) -> Filters:
    status = given.get("status")
    if status is not None and status not in set(Status):
        raise invalid(status="is not one of the choices")
    agent = number(given, "agent", 0, least=1, most=MAX_ID)
    return Filters(status=status, agent=agent or None, search=given.get("q", "").strip()[:150] or None)


def _seq(given: dict[str, str], name: str) -> int | None:
    return number(given, name, 0, least=0, most=MAX_SEQ) if name in given else None
