"""The bot on a ticket where Watson answers for it, through IBM's own SDK; and where it does not."""

import email
import email.policy
import json
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from ccr.adapters.mail_file import FileMailer
from ccr.adapters.mail_templates import JinjaTemplates
from ccr.desk.notices import WAITS_UNREAD, Channel
from ccr.package_files import template_folder
from ccr.services import ticket_bot
from ccr.services.mail_carrier import MailCarrier
from ccr.services.postman import Postman
from ccr.store import read_marks
from tests.desk_house import open_desk
from tests.services.test_ticket_bot import Room
from tests.watson import PERSON, Watson, watson_served

MARKUP = "<img src=x onerror=alert(1)> [x](javascript:alert(1))"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
async def watson() -> AsyncIterator[Watson]:
    async with watson_served() as served:
        yield served


@pytest.fixture
async def room(tmp_path: Path, watson: Watson) -> AsyncIterator[Room]:
    async with open_desk(tmp_path) as desk:
        assistant = watson.assistant()
        yield Room(desk, assistant)
        await assistant.close()


async def test_every_kind_of_reply_becomes_words(room: Room, watson: Watson) -> None:
    ticket = await room.told("My kettle hums")
    for text in ("unsure", "wait", "picture", "bye"):
        await room.say(room.desk.carla, ticket, body=text)

    told = [words.partition('"body":"')[2].partition('"')[0] for words in await room.said(ticket)]
    assert told[1:] == [
        "Did you mean\\n1. Paying\\nAnswer with a number, or in your own words.",
        "Done.",
        "The button: https://pictures.example/button.png",
        "That was it. Write again whenever you like.",
    ]


async def test_connecting_to_an_agent_hands_over(room: Room, watson: Watson) -> None:
    ticket = await room.told("My kettle hums")
    warning = {"response_type": "text", "text": "Unplug it now. I pass you on."}
    watson.next = [None, json.dumps({"output": {"generic": [warning, PERSON]}})]

    await room.say(room.desk.carla, ticket, body="It burns")

    words, asked = (await room.said(ticket))[1:]
    assert '"body":"Unplug it now. I pass you on.\\nSomebody is here."' in words
    assert asked == "person_requested"


async def test_an_expired_session_is_renewed_and_the_turn_sent_once_more(room: Room, watson: Watson) -> None:
    ticket = await room.told("My kettle hums")
    await room.say(room.desk.carla, ticket, body="one")
    watson.expire()

    await room.say(room.desk.carla, ticket, body="two")

    assert (watson.heard, watson.made) == (["one", "two"], 2)
    assert "You said two" in (await room.said(ticket))[-1]


@pytest.mark.parametrize("trouble", [429, 500, "<html>", "[]", "hang"])
async def test_whatever_is_wrong_it_is_as_if_there_were_no_bot(
    room: Room, watson: Watson, trouble: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await room.told("My kettle hums")
    if trouble == "hang":
        monkeypatch.setattr(ticket_bot, "DEADLINE", 0.2)
    watson.always = trouble

    await room.say(room.desk.carla, ticket, body="Is anybody there?")

    assert len(await room.said(ticket)) == 1
    assert (await room.happened(ticket))[-1] == "message_posted"
    watson.released.set()


async def test_addresses_and_numbers_stay_here(room: Room, watson: Watson) -> None:
    ticket = await room.told("My kettle hums")

    await room.say(room.desk.carla, ticket, body="Mail carla@example.org or call +49 30 1234567")

    assert watson.heard == ["Mail [e-mail] or call [number]"]


async def test_what_it_says_is_text_in_the_mail_too(room: Room, watson: Watson, tmp_path: Path) -> None:
    house, carla = room.desk.house, room.desk.carla
    ticket = await room.open("My kettle hums")
    await house.database.write(
        lambda c: read_marks.move(c, ticket, carla.id, 2, 0)
    )  # where it goes, and no more
    await room.say(carla, ticket, body="markup")
    assert f"{MARKUP}\\nBcc: a@example.org" in (await room.said(ticket))[-1]
    house.later(WAITS_UNREAD)

    mailer = FileMailer(tmp_path / "mail", sender="care@example.org", now=lambda: house.time)
    templates = JinjaTemplates(template_folder() / "mail")
    home = "https://care.example.org/"
    carrier = MailCarrier(
        house.database, mailer, templates, house.resets.mint, public_url=home, now=lambda: house.time
    )
    await Postman(house.database, {Channel.MAIL: carrier}, now=lambda: house.time).drain_once()

    [path] = (tmp_path / "mail").glob("*message_waiting.eml")
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    text, html = (part.get_content() for part in mail.iter_parts())
    assert mail.defects == []
    assert mail["Bcc"] is None
    assert mail["To"] == "Carla Custer <carla@example.org>"
    assert MARKUP in text
    assert "Bcc: a@example.org" in text
    assert "&lt;img src=x onerror=alert(1)&gt; [x](javascript:alert(1))" in html
    assert "<img src=x" not in html
    assert 'href="javascript:' not in html
