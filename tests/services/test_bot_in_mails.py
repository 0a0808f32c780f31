"""What the bot has said on a ticket, in the mail that tells of it."""

import email
import email.policy
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from ccr import package_files
from ccr.adapters.mail_file import FileMailer
from ccr.adapters.mail_templates import JinjaTemplates
from ccr.desk.notices import WAITS_UNREAD, Channel
from ccr.services.help_centre import shipped
from ccr.services.mail_carrier import MailCarrier
from ccr.services.postman import Postman
from ccr.store import read_marks
from tests.desk_house import Desk, open_desk
from tests.services.test_ticket_bot import Room
from tests.watson import Watson

MARKUP = "<img src=x onerror=alert(1)> [x](javascript:alert(1))"
HOME = "https://care.example.org/"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as opened:
        yield opened


async def mailed(desk: Desk, folder: Path) -> tuple[EmailMessage, str, str]:
    """The mail about what waits unread, its text and its HTML."""
    house = desk.house
    house.later(WAITS_UNREAD)
    mailer = FileMailer(folder, sender="care@example.org", now=lambda: house.time)
    templates = JinjaTemplates(package_files.template_folder() / "mail")
    carrier = MailCarrier(
        house.database, mailer, templates, house.resets.mint, public_url=HOME, now=lambda: house.time
    )
    await Postman(house.database, {Channel.MAIL: carrier}, now=lambda: house.time).drain_once()
    return read_in(folder)


def read_in(folder: Path) -> tuple[EmailMessage, str, str]:
    """The only one that lies there."""
    [path] = folder.glob("*message_waiting.eml")
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    text, html = (part.get_content() for part in mail.iter_parts())
    return mail, text, html


async def test_what_watson_says_is_text_there_too(desk: Desk, watson: Watson, tmp_path: Path) -> None:
    carla, assistant = desk.carla, watson.assistant()
    room = Room(desk, assistant)
    ticket = await room.open("My kettle hums")
    # She has read where her words go, and no more.
    await desk.house.database.write(lambda c: read_marks.move(c, ticket, carla.id, 2, 0))
    await room.say(carla, ticket, body="markup")
    assert f"{MARKUP}\\nBcc: a@example.org" in (await room.said(ticket))[-1]

    mail, text, html = await mailed(desk, tmp_path / "mail")

    assert mail.defects == []
    assert mail["Bcc"] is None
    assert mail["To"] == "Carla Custer <carla@example.org>"
    assert MARKUP in text
    assert "Bcc: a@example.org" in text
    assert "&lt;img src=x onerror=alert(1)&gt; [x](javascript:alert(1))" in html
    assert "<img src=x" not in html
    assert 'href="javascript:' not in html
    await assistant.close()


async def test_what_it_names_of_the_help_can_be_opened_from_there(desk: Desk, tmp_path: Path) -> None:
    await desk.house.help_centre.ship(shipped(*each) for each in package_files.shipped_articles().items())
    room = Room(desk)
    ticket = await room.open("How do I change my password?")
    await room.say(desk.ada, ticket, "assign_agent", agent=desk.amir.id)
    await room.say(desk.amir, ticket, body="I, too, know no more than (/help/change-details) and <this>.")

    _, text, html = await mailed(desk, tmp_path / "mail")

    for body in (text, html):
        assert f"({HOME}help/change-details). I am a program" in " ".join(body.split())
        assert "than (/help/change-details)" in " ".join(body.split())
    assert "&lt;this&gt;" in html
