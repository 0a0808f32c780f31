"""Browsers that people have asked to show them notifications, each for as long as they are signed in there."""

from collections.abc import Callable
from typing import Any

from ccr.desk import clock
from ccr.desk.clock import rfc3339
from ccr.desk.refusals import Code, Refusal, conflict, invalid, not_found
from ccr.ports import Pusher
from ccr.services.account_forms import NewSubscription, read
from ccr.services.identity import Identity, token_hash
from ccr.store import outbox, sessions, subscriptions
from ccr.store.connection import Connection
from ccr.store.database import Database
from ccr.store.subscriptions import Subscription

MOST = 20
"""Browsers of one person; the one that asked first is forgotten for one more."""


class Subscriptions:
    """Everybody's. `pusher` says which endpoints we send to, and by which key we are known."""

    def __init__(self, database: Database, pusher: Pusher, *, now: Callable[[], int] = clock.now) -> None:
        self._database = database
        self._pusher = pusher
        self._now = now

    async def state(self, identity: Identity) -> dict[str, Any]:
        """Our key, and the person's browsers, ready for the wire."""
        found = await self._database.read(lambda c: subscriptions.of_person(c, identity.person.id))
        return {
            "key": await self._pusher.public_key(),
            "subscriptions": [_wire(subscription, identity) for subscription in found],
        }

    async def subscribe(self, identity: Identity, given: object) -> dict[str, Any]:
        """Send notifications to the browser of a `NewSubscription`, as long as this session lasts.

        Raises `invalid` for an endpoint that we do not send to, `conflict` for somebody else's.
        """
        form = read(NewSubscription, given)
        if not await self._pusher.takes(form.keys.p256dh):
            raise invalid(keys="are not a browser's")
        if fault := await self._pusher.check(form.endpoint, identity.person.id):
            raise invalid(endpoint=fault)
        asked = Subscription(
            id=0,
            person=identity.person.id,
            session=identity.session_id,
            endpoint=form.endpoint,
            p256dh=form.keys.p256dh,
            auth=form.keys.auth,
            subscribed_at=self._now(),
        )
        try:
            made = await self._database.write(lambda connection: _put(connection, asked))
        except Refusal:
            raise
        except Exception as error:
            if self._database.is_duplicate(error):  # another process was quicker
                raise conflict("This browser is being subscribed just now. Try again.") from error
            raise
        return _wire(made, identity)

    async def end(self, identity: Identity, subscription_id: int) -> None:
        """No more notifications to that browser of the person's. Raises `not_found`."""

        def drop(connection: Connection) -> bool:
            found = subscriptions.find(connection, subscription_id)
            if found is None or found.person != identity.person.id:
                return False
            subscriptions.drop(connection, subscription_id)
            return True

        if not await self._database.write(drop):
            raise not_found("subscription")


def _put(connection: Connection, asked: Subscription) -> Subscription:
    """One for each session and each endpoint. Whoever shows the same keys is the browser itself, whoever signed in."""
    if not sessions.lasts(connection, asked.session):
        raise Refusal(Code.UNAUTHENTICATED, "Sign in first.")
    endpoint_hash = token_hash(asked.endpoint)
    known = subscriptions.by_endpoint(connection, endpoint_hash)
    if known and (known.p256dh, known.auth) != (asked.p256dh, asked.auth):
        raise conflict("This browser was subscribed with other keys.")
    if known and (known.person, known.session) == (asked.person, asked.session):
        return known
    if known:
        subscriptions.drop(connection, known.id)
    others = subscriptions.of_person(connection, asked.person)
    here = [other for other in others if other.session == asked.session]
    for gone in here + [other for other in others if other not in here][: -MOST + 1]:
        subscriptions.drop(connection, gone.id)
    added = subscriptions.find(connection, subscriptions.add(connection, asked, endpoint_hash))
    assert added is not None
    outbox.hasten(connection, asked.person, asked.subscribed_at)
    return added


def _wire(subscription: Subscription, identity: Identity) -> dict[str, Any]:
    return {
        "id": subscription.id,
        "device": subscription.device,
        "subscribed_at": rfc3339(subscription.subscribed_at),
        "current": subscription.session == identity.session_id,
    }
