"""What the pages about tickets show: a role's list, and a ticket with its conversation."""

import secrets
from typing import Any

from quart import Response, request

from ccr.desk.checking import whole_number
from ccr.desk.people import Person, Role
from ccr.services.canned_replies import CannedReplies
from ccr.services.opening_hours import OpeningHours
from ccr.services.reading import Reading
from ccr.services.ticket_bot import TicketBot
from ccr.site.rendering import Form, page
from ccr.site.ticket_lists import ListFilters, tab_counts
from ccr.site.timeline import Wire, quote, view


def new_key() -> str:
    """A key for a form: sent twice, it is carried out once."""
    return secrets.token_urlsafe(12)


class TicketDesk:
    """Gathers what a page shows."""

    def __init__(
        self,
        reading: Reading,
        canned_replies: CannedReplies,
        bot: TicketBot | None,
        hours: OpeningHours | None,
        admins_read: bool,
    ) -> None:
        self.reading = reading
        self.canned_replies = canned_replies
        self.bot = bot
        self.hours = hours
        self.admins_read = admins_read

    async def list_page(self, person: Person, form: Form, asked: Any, status: int = 200) -> Response:
        """A role's own list."""
        filters = ListFilters.read(person, asked)
        found = await self.reading.tickets(person, filters.for_reading(), cursor=filters.cursor)
        return await page(
            "tickets.html",
            status,
            form=form,
            filters=filters,
            tickets=found["tickets"],
            cursor=found["cursor"],
            counts=tab_counts(found["counts"]),
            agents=await self._agents(person),
            new_key=new_key,
        )

    async def ticket_page(
        self, person: Person, ticket_id: int, form: Form | None = None, status: int = 200
    ) -> Response:
        """The address column: the query, its state, who looks after it, and all that happened."""
        before = whole_number(request.args.get("before", ""))
        if before is None:
            found = await self.reading.conversation(person, ticket_id)
            ticket = found["ticket"]
        else:
            ticket = await self.reading.ticket(person, ticket_id)
            found = await self.reading.timeline(person, ticket_id, before=before)
        shown = view(person.wire(), ticket, found, newest=before is None)
        allowed = await self.reading.allowed(person, ticket_id)
        answer = await page(
            "ticket.html",
            status,
            form=form or Form(),
            refused=form.kept.get("type", "") if form else "",
            ticket=ticket,
            view=shown,
            allowed=allowed,
            has_actions=bool(allowed - {"post_message", "post_note", "rate_ticket", "request_person"})
            and not (person.role is Role.CUSTOMER and ticket["status"] == "closed"),
            admins_read=self.admins_read,
            back=await self._back(person, ticket),
            bot_is_heard="request_person" in allowed and await self._is_bot_heard(ticket_id),
            agents=await self._agents(person),
            canned_replies=await self._canned(person),
            new_key=new_key,
            **await self._panel(person, ticket, allowed, found["entries"]),
        )
        if before is None:
            await self._mark_read(person, ticket, found["entries"])
        return answer

    async def _panel(
        self, person: Person, ticket: Wire, allowed: frozenset[str], entries: list[Wire]
    ) -> dict[str, Any]:
        """What stands at the end of the conversation: the composer, a question, or what follows once it is closed."""
        take_back = await self._entry(person, ticket, entries, request.args.get("take_back", ""))
        if take_back and take_back["actor"]["id"] == person.id and take_back.get("body"):
            return {"panel": "take_back", "taken": take_back}
        if "post_message" not in allowed:
            is_closed = ticket["status"] == "closed" and person.role is not Role.ADMIN
            return {"panel": "closed" if is_closed else "none"}
        source = await self._entry(person, ticket, entries, request.args.get("reply_to", ""))
        if source is None or source["type"] not in {"message_posted", "ticket_opened"}:
            return {"panel": "open", "answered": None}
        row = view(
            person.wire(), ticket, {"entries": [source], "reads": [], "more": False}, newest=True
        ).rows[0]
        return {"panel": "open", "answered": {"seq": source["seq"], **quote(row)}}

    async def _entry(self, person: Person, ticket: Wire, entries: list[Wire], asked: str) -> Wire | None:
        seq = whole_number(asked)
        if seq is None:
            return None
        found = next((entry for entry in entries if entry["seq"] == seq), None)
        if found is None:
            around = await self.reading.timeline(person, ticket["id"], before=seq + 1, limit=1)
            found = next((entry for entry in around["entries"] if entry["seq"] == seq), None)
        return found

    async def _agents(self, person: Person) -> list[Wire]:
        return await self.reading.agents_load() if person.role is Role.ADMIN else []

    async def _canned(self, person: Person) -> list[Wire]:
        return await self.canned_replies.replies(person) if person.role is Role.AGENT else []

    async def _back(self, person: Person, ticket: Wire) -> str | None:
        """When somebody is there again, for a customer who waits."""
        if self.hours is None or person.role is not Role.CUSTOMER or ticket["waiting_on"] != "agent":
            return None
        return await self.hours.back(ticket["agent"]["id"] if ticket["agent"] else None)

    async def _is_bot_heard(self, ticket_id: int) -> bool:
        return self.bot is not None and await self.bot.is_heard(ticket_id)

    async def _mark_read(self, person: Person, ticket: Wire, entries: list[Wire]) -> None:
        """Who opens the page has seen its end. Scripts that fetch it, and browsers that guess ahead, have not."""
        mode, purpose = request.headers.get("Sec-Fetch-Mode", "navigate"), request.headers.get("Sec-Purpose")
        foreign = [entry["seq"] for entry in entries if entry["actor"]["id"] != person.id]
        if person.role is Role.ADMIN or mode != "navigate" or purpose or not foreign:
            return
        if foreign[-1] > ticket["read_seq"]:
            await self.reading.mark_read(person, ticket["id"], entries[-1]["seq"])
