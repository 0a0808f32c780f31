"""The bot on a ticket where Watson answers for it, through IBM's own SDK; and where it does not."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ccr.services import ticket_bot
from tests.desk_house import open_desk
from tests.services.test_ticket_bot import Room
from tests.watson import PERSON, Watson, watson_served

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
    watson.next = [None, json.dumps({"output": {"generic": [PERSON]}})]

    await room.say(room.desk.carla, ticket, body="It burns")

    assert (await room.said(ticket))[1:] == ["person_requested"]


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


async def test_what_it_says_is_text_in_the_mail_too(room: Room, watson: Watson) -> None:
    ticket = await room.told("My kettle hums")

    await room.say(room.desk.carla, ticket, body="markup")

    assert "<img src=x onerror=alert(1)> [x](javascript:alert(1))" in (await room.said(ticket))[-1]
    kinds = await room.desk.house.owed()
    assert "message_waiting" in kinds  # whose template shows it as text: see test_mail_templates
