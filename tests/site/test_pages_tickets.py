"""Tickets by pages alone: raised, talked on, closed, rated, assigned, listed, without a script."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ccr.desk.events import EVENTS
from tests.accounts_house import PASSWORD
from tests.live import LASTING, Cast, new_key, registry_with_cast
from tests.site.pages_app import Answer, Browser

HERE = "http://localhost"


class Visitor(Browser):
    """A person of the cast, with no scripts."""

    async def do(self, ticket: int, kind: str, *, key: str = "", **fields: str) -> Answer:
        """Send one of the ticket's forms."""
        sent = {"type": kind, "key": key or new_key(), **fields}
        return await self.send(f"/tickets/{ticket}/commands", origin=HERE, **sent)

    async def see(self, ticket: int) -> str:
        """The ticket's page."""
        page = await self.open(f"/tickets/{ticket}")
        assert page.status == 200, page.html
        return page.html


@pytest.fixture
async def cast(tmp_path: Path) -> AsyncIterator[Cast]:
    async with registry_with_cast(tmp_path) as assembled:
        yield assembled


async def visit(cast: Cast, name: str) -> Visitor:
    visitor = Visitor(cast.registry.site)
    email = cast.people[name].email
    password = LASTING if name in {"amir", "bea"} else PASSWORD
    sent = await visitor.send("/login", origin=HERE, email=email or "", password=password)
    assert sent.leads_to == "/tickets"
    return visitor


def said(html: str) -> list[str]:
    """The words in the timeline, in order."""
    timeline = html[html.index('<ol class="entries">') : html.index('<ol class="pending"')]
    return re.findall(r'<p class="body">(.*?)</p>', timeline, re.DOTALL)


def submits(html: str) -> list[str]:
    """The buttons that send something, in order."""
    shown = re.sub(r"<template.*?</template>", "", html, flags=re.DOTALL)
    return re.findall(r'<button type="submit"[^>]*?(?: aria-label="([^"]*)")?>', shown)


async def test_carla_raises_a_ticket_and_sending_the_form_twice_raises_one(cast: Cast) -> None:
    carla, key = await visit(cast, "carla"), new_key()
    form = await carla.open("/tickets/new")
    assert form.value_of("key")

    fields = {"query": "It <hums>", "details": "At night.", "priority": "high", "key": key}
    first = await carla.send("/tickets/new", origin=HERE, **fields)
    again = await carla.send("/tickets/new", origin=HERE, **fields)

    assert first.leads_to == again.leads_to == "/tickets/1"
    assert await cast.count("tickets") == 1
    html = await carla.see(1)
    assert "It &lt;hums&gt;" in html
    assert "<hums>" not in html
    assert "At night." in html


async def test_a_refused_ticket_comes_back_as_it_was(cast: Cast) -> None:
    carla = await visit(cast, "carla")

    refused = await carla.send(
        "/tickets/new", origin=HERE, key="a-key-of-hers", query="", details="All there is", priority="high"
    )

    assert refused.status == 400
    assert refused.fault_of("query")
    assert "All there is</textarea>" in refused.html
    assert refused.value_of("key") == "a-key-of-hers"
    assert '<option value="high" selected>' in refused.html
    assert await cast.count("tickets") == 0


async def test_only_customers_raise_tickets(cast: Cast) -> None:
    amir = await visit(cast, "amir")
    assert (await amir.open("/tickets/new")).status == 403
    assert (await amir.send("/tickets/new", origin=HERE, key=new_key(), query="Mine")).status == 403


async def test_carla_and_amir_talk_by_forms(cast: Cast) -> None:
    ticket = await cast.ticket_with_agent()
    carla, amir = await visit(cast, "carla"), await visit(cast, "amir")
    assert submits(await carla.see(ticket))[0] == "Send"

    sent = await carla.do(ticket, "post_message", body="Is anybody <b>there</b>?", reply_to="")
    await amir.do(ticket, "post_message", body="I am.", reply_to="3")
    await amir.do(ticket, "post_note", body="She sounds worried.")

    assert sent.leads_to == f"/tickets/{ticket}#last"
    assert said(await carla.see(ticket)) == ["Is anybody &lt;b&gt;there&lt;/b&gt;?", "I am."]
    html = await amir.see(ticket)
    assert said(html)[-1] == "She sounds worried."
    assert '<a class="quote" href="#e3"><b class="quoted-by">Carla Custer</b>' in html


async def test_a_refused_message_comes_back_with_its_words_and_its_key(cast: Cast) -> None:
    ticket = await cast.ticket_with_agent()
    carla = await visit(cast, "carla")

    refused = await carla.do(ticket, "post_message", key="one-of-hers", body="x" * 4001)

    assert refused.status == 400
    assert "x" * 4001 + "</textarea>" in refused.html
    assert "must be at most 4,000 characters" in refused.html
    assert refused.value_of("key") == "one-of-hers"


@pytest.mark.parametrize(("typed", "stands"), [("Second", "Second"), ("\n  Second\n", "\n\n  Second\n")])
async def test_what_was_typed_stands_in_the_form_just_as_it_was(cast: Cast, typed: str, stands: str) -> None:
    ticket = await cast.ticket_with_agent()
    carla = await visit(cast, "carla")
    await carla.do(ticket, "post_message", key="one-of-hers", body="First")

    refused = await carla.do(ticket, "post_message", key="one-of-hers", body=typed)

    assert f">{stands}</textarea>" in refused.html
    assert "></textarea>" in (await carla.open("/feedback")).html


async def test_a_key_used_for_something_else_is_replaced(cast: Cast) -> None:
    ticket = await cast.ticket_with_agent()
    carla = await visit(cast, "carla")
    await carla.do(ticket, "post_message", key="one-of-hers", body="First")

    again = await carla.do(ticket, "post_message", key="one-of-hers", body="First")
    refused = await carla.do(ticket, "post_message", key="one-of-hers", body="Second")

    assert again.status == 303
    assert refused.status == 409
    assert refused.value_of("key") not in {"one-of-hers", None}
    assert "Second</textarea>" in refused.html
    assert said(await carla.see(ticket)) == ["First"]


async def test_once_closed_the_composer_is_gone_and_the_rating_comes_first(cast: Cast) -> None:
    ticket = await cast.ticket_with_agent()
    carla, amir = await visit(cast, "carla"), await visit(cast, "amir")

    await amir.do(ticket, "close_ticket", reason="Solved")
    late = await carla.do(ticket, "post_message", body="But one more thing")

    assert late.status == 409
    assert "But one more thing" in late.html
    for html in (late.html, await carla.see(ticket), await amir.see(ticket)):
        assert "message-composer" not in html
    await carla.do(ticket, "rate_ticket", stars="4", comment="")
    html = await carla.see(ticket)
    assert "4 of 5 stars" in html
    assert (await carla.do(ticket, "reopen_ticket")).status == 303
    assert "message-composer" in await carla.see(ticket)


async def test_a_rating_without_stars_comes_back(cast: Cast) -> None:
    ticket = await cast.ticket_with_agent()
    carla = await visit(cast, "carla")
    await carla.do(ticket, "close_ticket", reason="")

    refused = await carla.do(ticket, "rate_ticket", stars="", comment="Kind people")

    assert refused.status == 400
    assert "Kind people</textarea>" in refused.html
    assert refused.html.index('value="rate_ticket"') < refused.html.index('value="reopen_ticket"')


async def test_carla_sees_whom_to_call_and_amir_does_not_see_how_to_call_her(cast: Cast) -> None:
    ticket = await cast.ticket_with_agent()
    hers = await (await visit(cast, "carla")).see(ticket)
    his = await (await visit(cast, "amir")).see(ticket)
    assert "amir@example.org" in hers
    assert "tel:+155512345" in hers
    assert "carla@example.org" not in his


async def test_ada_sees_what_happened_and_not_what_was_said(cast: Cast) -> None:
    ticket = await cast.ticket_with_agent()
    await cast.do("carla", ticket, "post_message", body="Between the two of us")
    ada = await visit(cast, "ada")

    html = await ada.see(ticket)

    assert "Between the two of us" not in html
    assert "assigned <b" in html
    assert "message-composer" not in html
    assert (await ada.do(ticket, "set_priority", priority="urgent")).status == 303
    assert "set the priority to" in await ada.see(ticket)
    assert (await ada.do(ticket, "post_message", body="Hello")).status == 403


async def test_customers_are_told_where_admins_read_along(tmp_path: Path) -> None:
    async with registry_with_cast(tmp_path, admin_reads=True) as cast:
        ticket = await cast.ticket_with_agent()
        await cast.do("carla", ticket, "post_message", body="For all of us")
        assert "administrators of this registry can read" in await (await visit(cast, "carla")).see(ticket)
        html = await (await visit(cast, "ada")).see(ticket)
        assert said(html) == ["For all of us"]
        assert "message-composer" not in html


async def test_ada_assigns_from_the_board_and_is_back_on_it(cast: Cast) -> None:
    ticket = await cast.raise_ticket()
    ada = await visit(cast, "ada")
    board = await ada.open("/tickets?show=unassigned")
    assert f'id="t{ticket}"' in board.html
    assert "Amir Azad · 0 open" in board.html

    back = "/tickets?show=unassigned"
    sent = await ada.do(ticket, "assign_agent", agent=str(cast.id("amir")), back=back)

    assert sent.leads_to == back
    assert f'id="t{ticket}"' not in (await ada.open(back)).html
    assert "Amir Azad · 1 open" in (await ada.open("/tickets")).html
    assert (await ada.do(ticket, "assign_agent", agent="")).leads_to == f"/tickets/{ticket}#last"
    assert f'id="t{ticket}"' in (await ada.open(back)).html


async def test_an_assignment_refused_on_the_board_is_told_there(cast: Cast) -> None:
    ticket = await cast.raise_ticket()
    ada = await visit(cast, "ada")

    refused = await ada.do(ticket, "assign_agent", agent=str(cast.id("omar")), back="/tickets")

    assert refused.status == 400
    assert "active agent" in refused.html
    assert f'id="t{ticket}"' in refused.html


@pytest.mark.parametrize(
    "back",
    ["https://elsewhere.example", "//elsewhere.example", "/tickets.example", "/account", "/tickets?\r\nX: y"],
)
async def test_a_form_leads_nowhere_but_to_a_list(cast: Cast, back: str) -> None:
    ticket = await cast.raise_ticket()
    ada = await visit(cast, "ada")
    sent = await ada.do(ticket, "assign_agent", agent=str(cast.id("amir")), back=back)
    assert sent.leads_to == f"/tickets/{ticket}#last"


@pytest.mark.parametrize("path", ["", "?before=2", "?reply_to=1", "?take_back=1"])
async def test_omar_finds_nothing_of_carlas(cast: Cast, path: str) -> None:
    ticket = await cast.ticket_with_agent()
    omar = await visit(cast, "omar")
    assert (await omar.open(f"/tickets/{ticket}{path}")).status == 404
    assert (await omar.do(ticket, "post_message", body="Hello")).status == 404
    assert (await omar.open("/tickets/99999999999999999999")).status == 404
    assert "My order" not in (await omar.open("/tickets?q=order")).html


async def test_strange_fields_are_refused(cast: Cast) -> None:
    ticket = await cast.ticket_with_agent()
    carla = await visit(cast, "carla")
    for wrong in (
        {"type": "post_message", "body": "Hello", "colour": "red"},
        {"type": "post_message", "body": "Hello", "reply_to": "two"},
        {"type": "rate_ticket", "stars": "many"},
        {"type": "dance"},
        {"body": "Hello"},
        {"type": "post_message", "body": "Hello", "key": "short"},
        {"type": "post_message", "body": "\x00"},
    ):
        sent = {"key": new_key(), **wrong}
        answer = await carla.send(f"/tickets/{ticket}/commands", origin=HERE, **sent)
        assert answer.status == 400, wrong
    assert (await cast.rows("SELECT last_seq FROM tickets")) == [(2,)]


async def test_a_reply_shows_what_it_answers_before_it_is_sent(cast: Cast) -> None:
    ticket = await cast.ticket_with_agent()
    await cast.do("amir", ticket, "post_message", body="Which  address\nshould it be?")
    carla = await visit(cast, "carla")

    page = await carla.open(f"/tickets/{ticket}?reply_to=3")

    assert page.value_of("reply_to") == "3"
    assert '<span class="quoted-text">Which address should it be?</span>' in page.html
    assert not (await carla.open(f"/tickets/{ticket}")).value_of("reply_to")


async def test_carla_takes_a_message_back(cast: Cast) -> None:
    ticket = await cast.ticket_with_agent()
    await cast.do("carla", ticket, "post_message", body="My password is abc")
    carla, amir = await visit(cast, "carla"), await visit(cast, "amir")
    asked = (await carla.open(f"/tickets/{ticket}?take_back=3")).html
    assert 'value="redact_message"' in asked
    assert "message-composer" not in asked

    assert (await carla.do(ticket, "redact_message", of="3")).status == 303

    for person in (carla, amir):
        html = await person.see(ticket)
        assert said(html) == ["Message taken back"]
        assert "My password is abc" not in html
        assert "take_back=3" not in html


async def test_a_long_conversation_is_read_page_by_page(cast: Cast) -> None:
    ticket = await cast.ticket_with_agent()
    for number in range(60):
        await cast.do("carla", ticket, "post_message", body=f"Line {number}")
    amir = await visit(cast, "amir")

    newest = await amir.see(ticket)
    earlier = re.search(r'<a href="(\?before=\d+)">Earlier messages', newest)
    assert earlier
    older = (await amir.open(f"/tickets/{ticket}{earlier[1]}")).html

    assert said(newest)[0] == "Line 10"
    assert said(older)[-1] == "Line 9"
    assert "Newest messages" in older
    assert "Earlier messages" not in older


async def test_who_opens_the_page_has_read_it_and_a_script_that_fetches_it_has_not(cast: Cast) -> None:
    ticket = await cast.ticket_with_agent()
    await cast.do("amir", ticket, "post_message", body="Hello Carla")
    carla, amir = await visit(cast, "carla"), await visit(cast, "amir")
    assert '<span class="news">1</span>' in (await carla.open("/tickets")).html

    response = await carla._client.get(f"/tickets/{ticket}", headers={"Sec-Fetch-Mode": "cors"})
    assert 'class="unread"' in await response.get_data(as_text=True)
    assert 'aria-label="Read"' not in (await amir.see(ticket)).split("<template")[0]
    assert 'class="unread"' in (await carla.see(ticket)).split("<template")[0]

    assert 'class="unread"' not in (await carla.see(ticket)).split("<template")[0]
    assert 'aria-label="Read"' in (await amir.see(ticket)).split("<template")[0]


async def test_the_lists_are_each_persons_own_and_sift(cast: Cast) -> None:
    first = await cast.ticket_with_agent()
    second = await cast.raise_ticket("omar", query="A parcel <too> many")
    await cast.do("amir", first, "post_message", body="Hello")
    await cast.do("omar", second, "close_ticket")
    carla, omar = await visit(cast, "carla"), await visit(cast, "omar")
    amir, ada = await visit(cast, "amir"), await visit(cast, "ada")

    async def rows(person: Visitor, query: str = "") -> list[str]:
        return re.findall(r'id="t(\d+)"', (await person.open(f"/tickets{query}")).html)

    assert await rows(carla) == [str(first)]
    assert await rows(omar) == [str(second)]
    assert await rows(omar, "?show=open") == []
    assert await rows(amir) == [str(first)]
    assert await rows(amir, "?show=waiting") == []
    assert await rows(ada) == [str(first)]
    assert await rows(ada, "?show=closed") == [str(second)]
    for anywhere in ("", "show=open&", "show=all&"):
        assert await rows(ada, f"?{anywhere}q=PARCEL+%3Ctoo") == [str(second)]
    assert await rows(amir, "?q=parcel") == []
    assert "No ticket matches, open or closed." in (await amir.open("/tickets?q=parcel")).html
    assert await rows(ada, f"?agent={cast.id('amir')}") == [str(first)]
    assert await rows(ada, f"?agent={cast.id('bea')}") == []
    assert await rows(ada, "?show=everything") == [str(first)]
    for wrong in ("?agent=x", "?cursor=x"):
        assert (await ada.open(f"/tickets{wrong}")).status == 400


async def test_a_board_without_agents_says_that_they_come_first(cast: Cast) -> None:
    ada = await visit(cast, "ada")
    assert "there are none yet" not in (await ada.open("/tickets")).html
    for name in ("amir", "bea"):
        await cast.registry.staff.change(cast.people["ada"], cast.id(name), {"active": False})

    assert 'href="/agents">Create the first agent</a>' in (await ada.open("/tickets")).html


async def test_an_admin_is_told_that_what_was_said_is_not_shown(cast: Cast) -> None:
    ticket = await cast.ticket_with_agent()
    await cast.do("amir", ticket, "post_message", body="Hello")
    words = "You see what happened here, not what was said."

    assert words in await (await visit(cast, "ada")).see(ticket)
    for name in ("carla", "amir"):
        assert words not in await (await visit(cast, name)).see(ticket)


async def test_a_long_list_has_further_pages(cast: Cast) -> None:
    for number in range(51):
        await cast.raise_ticket("carla", query=f"Question {number}")
    carla = await visit(cast, "carla")

    first = (await carla.open("/tickets")).html
    further = re.search(r'href="(/tickets\?show=all&amp;cursor=[^"]*)">Older tickets', first)

    assert first.count('data-id="') == 50
    assert further
    second = (await carla.open(further[1].replace("&amp;", "&"))).html
    assert re.findall(r'class="subject"[^>]*>([^<]*)<', second)[0] == "Question 0"


async def test_every_event_type_has_its_template(cast: Cast) -> None:
    ticket = await cast.ticket_with_agent()
    html = await (await visit(cast, "carla")).see(ticket)
    for name in (*EVENTS, "agent_unassigned"):
        template = re.search(rf'<template id="t-{name}">(.*?)</template>', html, re.DOTALL)
        assert template, name
        assert template[1].startswith('<li class="entry '), name


async def test_every_form_has_one_button_that_sends_it(cast: Cast) -> None:
    ticket = await cast.ticket_with_agent()
    for name in ("carla", "amir", "ada"):
        visitor = await visit(cast, name)
        for path in ("/tickets", f"/tickets/{ticket}", f"/tickets/{ticket}?reply_to=1"):
            for form in (await visitor.open(path)).forms:
                assert form.count('type="submit"') == 1, form
                assert re.findall(r"<button(?! type=)", form) == []


async def test_replies_written_beforehand_are_for_agents(cast: Cast) -> None:
    ticket = await cast.ticket_with_agent()
    assert "canned-replies" in await (await visit(cast, "amir")).see(ticket)
    assert "canned-replies" not in await (await visit(cast, "carla")).see(ticket)
