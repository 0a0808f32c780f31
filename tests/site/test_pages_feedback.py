"""Feedback by a form, and where admins read it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ccr.desk.commands import CloseTicket, OpenTicket, RateTicket
from tests.site.pages_app import Pages, open_pages


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Pages]:
    async with open_pages(tmp_path) as opened:
        yield opened


async def test_carla_writes_feedback_and_ada_reads_it(pages: Pages) -> None:
    person = await pages.house.customer()
    await pages.house.admin()
    opened = await pages.house.changes.carry_out(person, None, "key-for-opening", OpenTicket(query="It hums"))
    carla, ada = await pages.browser_of("carla@example.org"), await pages.browser_of("ada@example.org")
    form = await carla.open("/feedback")
    assert f'<option value="{opened.ticket}">{opened.ticket} · It hums</option>' in form.html

    sent = await carla.send(
        "/feedback", about="service", ticket=str(opened.ticket), stars="4", body="Quick and kind."
    )
    plain = await carla.send("/feedback", about="service", ticket="", body="<b>More</b> of it.")

    assert sent.leads_to == plain.leads_to == "/feedback?done=yes"
    read = (await ada.open("/feedback")).html
    assert "Carla Custer" in read
    assert "Quick and kind." in read
    assert "4 of 5 stars" in read
    assert "&lt;b&gt;More&lt;/b&gt;" in read


async def test_refused_feedback_keeps_its_words(pages: Pages) -> None:
    await pages.house.customer()
    carla = await pages.browser_of("carla@example.org")

    refused = await carla.send("/feedback", about="weather", ticket="x", stars="9", body="Rainy & cold")

    assert refused.status == 400
    assert "Rainy &amp; cold</textarea>" in refused.html
    assert (await carla.send("/feedback", about="service", body=" ")).fault_of("body")
    assert (await carla.send("/feedback", about="service", ticket="999", body="Whose?")).status == 404


async def test_ada_sees_how_tickets_were_rated(pages: Pages) -> None:
    person = await pages.house.customer()
    await pages.house.admin()
    opened = await pages.house.changes.carry_out(person, None, "key-for-opening", OpenTicket(query="It hums"))
    await pages.house.changes.carry_out(person, opened.ticket, "key-for-closing", CloseTicket())
    rating = RateTicket(stars=5, comment="No hum at all.")
    await pages.house.changes.carry_out(person, opened.ticket, "key-for-rating", rating)

    page = await (await pages.browser_of("ada@example.org")).open("/feedback")

    assert "It hums" in page.html
    assert "No hum at all." in page.html
    assert "5 of 5 stars" in page.html


async def test_admins_read_feedback_and_do_not_write_it(pages: Pages) -> None:
    await pages.house.admin()
    ada = await pages.browser_of("ada@example.org")

    assert "<textarea" not in (await ada.open("/feedback")).html
    assert (await ada.send("/feedback", about="service", body="Me, too")).status == 403
