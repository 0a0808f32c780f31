"""What became of the notices: admins look, and have one sent again; providers report what they learnt later."""

import logging
from collections.abc import Callable
from typing import Any

from ccr.desk import clock
from ccr.desk.checking import MAX_ID
from ccr.desk.clock import rfc3339
from ccr.desk.notices import CHANNELS, Channel
from ccr.desk.people import Person, Role
from ccr.desk.refusals import conflict, forbidden, not_found
from ccr.ports import MailReport, MailReports
from ccr.store import bounces, notices, quiet_kinds
from ccr.store.connection import Connection
from ccr.store.database import Database
from ccr.store.notices import Again, Trace

PAGE = 50
"""Notices given at a time."""

ADDRESSES = 100
"""Addresses listed that mail came back from, the latest."""

log = logging.getLogger(__name__)


class NoticeTraces:
    """For admins and for providers, whose reports `reports` reads. `wake` tells the postman that something is due."""

    def __init__(
        self,
        database: Database,
        *,
        reports: MailReports | None = None,
        now: Callable[[], int] = clock.now,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._reports = reports
        self._now = now
        self._wake = wake

    async def page(self, person: Person, *, dead: bool = True, before: int | None = None) -> dict[str, Any]:
        """`{notices, counts, bounced, cursor}`: those given up, or all, newest first; `cursor` leads to the older."""
        _for_admins(person)

        def look(connection: Connection) -> dict[str, Any]:
            found = notices.newest(connection, before or MAX_ID, PAGE + 1, dead=dead)
            return {
                "notices": [_wire(trace) for trace in found[:PAGE]],
                "counts": notices.count(connection),
                "bounced": [
                    {"address": address, "reason": reason, "at": rfc3339(at)}
                    for address, reason, at in bounces.newest(connection, ADDRESSES)
                ],
                "cursor": found[PAGE - 1].id if len(found) > PAGE else None,
            }

        return await self._database.read(look)

    async def again(self, person: Person, notice: int) -> bool:
        """Send one that was given up again; False where that is not needed, as one that waits will tell the same.

        Raises `not_found`, or `conflict`.
        """
        _for_admins(person)
        now = self._now()
        ticket = await self._database.read(lambda connection: notices.ticket(connection, notice))
        found = await self._database.write(
            lambda connection: notices.again(connection, notice, now),
            then=lambda _: self._wake(),
            lane=ticket or 0,
        )
        if found is None:
            raise not_found("notice")
        if found is Again.REFUSED:
            raise conflict("Only a notice that was given up, and never sent, can be sent again.")
        log.info("notice sent again", extra={"outbox": notice, "by": person.id, "how": found.value})
        return found is Again.GOES

    async def mail_again(self, person: Person, address: str) -> None:
        """Mail may go to this address again. Raises `not_found` where it may anyway."""
        _for_admins(person)
        if not await self._database.write(lambda connection: bounces.drop(connection, address)):
            raise not_found("address")

    async def reported(self, body: bytes, signature: str, timestamp: str) -> None:
        """Somebody posts reports. Raises `not_found` where there are none to be had, and whatever their reader does."""
        if self._reports is None:
            raise not_found("page")
        await self.take(self._reports.read(body, signature, timestamp))

    async def take(self, reports: list[MailReport]) -> int:
        """Note down what a provider reports, each report once; how many were new."""
        now = self._now()

        def note(connection: Connection) -> int:
            new = [report for report in reports if bounces.is_new(connection, report.id, now)]
            for report in new:
                _note(connection, report, now)
            return len(new)

        taken = await self._database.write(note)
        if taken:
            log.info("mail reports taken", extra={"count": taken})
        return taken


def _note(connection: Connection, report: MailReport, now: int) -> None:
    row, reason = report.outbox_id, " ".join(report.reason.replace("\0", " ").split())
    if report.what in ("bounced", "dropped") and report.address:
        bounces.put(connection, report.address, reason or report.what, now)
    if row is None:
        return
    if report.what == "delivered":
        notices.arrived(connection, row, now)
    elif report.unsent or report.what in ("bounced", "blocked", "dropped"):
        notices.came_back(connection, row, report.what, f"{report.what}: {reason}".rstrip(": "), now)
    else:
        notices.noted(connection, row, report.what, now)
    if report.what in ("spam", "unsubscribed") and (found := notices.reader(connection, row)):
        for kind in CHANNELS:
            quiet_kinds.turn(connection, found[0], kind.value, Channel.MAIL.value, on=False)


def _for_admins(person: Person) -> None:
    if person.role is not Role.ADMIN:
        raise forbidden("Notices are looked after by admins.")


def _wire(trace: Trace) -> dict[str, Any]:
    return {
        "id": trace.id,
        "kind": trace.kind,
        "channel": trace.channel,
        "person": {"id": trace.person, "name": trace.name} if trace.person is not None else None,
        "ticket": trace.ticket,
        "state": trace.state,
        "fate": trace.fate,
        "reason": trace.fault,
        "tries": trace.tries,
        "unsure": trace.unsure,
        "at": rfc3339(trace.created_at),
        "settled_at": rfc3339(trace.settled_at) if trace.settled_at else None,
        "can_repeat": trace.can_repeat,
    }
