"""How something is done to a public question: once for each key, and only by who may still sign in."""

from collections.abc import Callable

import msgspec

from ccr.desk.checking import Key
from ccr.desk.people import Person
from ccr.desk.questions import Deed
from ccr.desk.refusals import Code, Refusal, conflict
from ccr.services.account_forms import Form
from ccr.store import question_deeds, receipts, tickets
from ccr.store.connection import Connection
from ccr.store.database import Database
from ccr.store.question_deeds import Done


class Keyed(Form, frozen=True):
    """A form that does nothing twice."""

    key: Key


Unit = Callable[[Connection], Done]
"""Does it. Raises `Refusal`, nothing having been written by then."""


async def do_once(
    database: Database,
    person: Person,
    deed: Deed,
    given: Keyed,
    target: object,
    unit: Unit,
    now: int,
    then: Callable[[Done], None] | None = None,
) -> Done:
    """Have `unit` do it, or give what this key did at first. The same key for something else is `conflict`."""
    asked = [deed.value, target, {**msgspec.structs.asdict(given), "key": ""}]
    fingerprint = receipts.command_hash(msgspec.json.encode(asked))

    def settle(connection: Connection) -> Done:
        known = question_deeds.find(connection, person.id, given.key)
        if known is not None:
            if known.hash != fingerprint:
                raise conflict("This key was used for something else.")
            return known
        today = tickets.actor(connection, person.id, stays=True)
        if today is None or not today.active:
            raise Refusal(Code.UNAUTHENTICATED, "This account is no longer active.")
        done = msgspec.structs.replace(unit(connection), hash=fingerprint)
        question_deeds.put(connection, person.id, given.key, done, now)
        return done

    try:
        return await database.write(settle, then=then, lane=person.id)
    except Refusal:
        raise
    except Exception as error:
        if not database.is_duplicate(error):
            raise
    # Another node was quicker with the same key: by now it is known.
    return await database.write(settle, then=then, lane=person.id)
