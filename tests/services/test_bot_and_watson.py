"""The bot on a ticket where Watson answers for it, through IBM's own SDK; and where it does not."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ccr.adapters.watson import LONGEST_TEXT
from ccr.services import ticket_bot
from tests.desk_house import open_desk
from tests.services.test_ticket_bot import Room
from tests.watson import ORDER, PERSON, Watson

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


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
        "Where it is\\nThe button: https://pictures.example/button.png",
        "That was it. Write again whenever you like.",
    ]


@pytest.mark.parametrize("answer", ["2", "I need a drink refill."])
async def test_of_two_suggestions_of_the_same_words_the_one_meant_is_chosen(
    room: Room, watson: Watson, answer: str
) -> None:
    ticket = await room.told("My kettle hums")
    await room.say(room.desk.carla, ticket, body=ORDER)

    await room.say(room.desk.carla, ticket, body=answer)

    assert "You chose I need a drink refill." in (await room.said(ticket))[-1]


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

    await room.say(room.desk.carla, ticket, body="Any idea?")

    assert len(await room.said(ticket)) == 1
    assert (await room.happened(ticket))[-1] == "message_posted"
    watson.released.set()


async def test_addresses_and_numbers_stay_here(room: Room, watson: Watson) -> None:
    ticket = await room.told("My kettle hums")

    await room.say(room.desk.carla, ticket, body="Mail carla@example.org or call +49 30 1234567")

    assert watson.heard == ["Mail [e-mail] or call [number]"]


@pytest.mark.parametrize("length", [1_000, LONGEST_TEXT])
@pytest.mark.parametrize("secret", ["carla.custer@example.org", "4111 1111 1111 1111"])
async def test_not_even_half_of_one_leaves_where_a_long_text_is_cut(
    room: Room, watson: Watson, length: int, secret: str
) -> None:
    ticket = await room.told("My kettle hums")

    await room.say(room.desk.carla, ticket, body="x " * (length // 2 - 5) + secret)

    assert "carla" not in watson.heard[0]
    assert "1" not in watson.heard[0]


async def test_watson_is_given_one_line(room: Room, watson: Watson) -> None:
    ticket = await room.told("My kettle hums")

    await room.say(room.desk.carla, ticket, body="It hums.\nWhy?\t\tIt is new.")

    assert watson.heard == ["It hums. Why? It is new."]
