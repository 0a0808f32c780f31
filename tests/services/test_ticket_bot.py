"""The bot on a ticket: where it speaks, where it is silent, and that it says nothing twice."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ccr import package_files
from ccr.adapters.assistant_embedded import EmbeddedAssistant
from ccr.adapters.passwords import Argon2Passwords
from ccr.app import Parts, create_app
from ccr.desk.change import Change
from ccr.desk.clock import DAY, MINUTE
from ccr.desk.commands import PostMessage
from ccr.desk.people import Person
from ccr.desk.refusals import Refusal
from ccr.ports import AssistantFailed, Option, Reply, Said
from ccr.services import ticket_bot
from ccr.services.bot_words import OFFERS, choices_in, chosen, message_of
from ccr.services.help_centre import shipped
from ccr.services.patience import Patience
from ccr.services.ticket_bot import AT_ONCE, LOOKS, TicketBot
from ccr.settings import Settings
from ccr.store import hours, people, read_marks
from tests.accounts_house import SECRET
from tests.desk_house import Desk, open_desk
from tests.file_corpus import photograph
from tests.files_house import open_files
from tests.live import Cast
from tests.opening import BERLIN, on
from tests.waiting import PATIENCE

KNOWN = "How do I change my password?"


class Distant:
    """An assistant elsewhere. `gate` is what it waits for before it answers."""

    goes_to: str | None = "Elsewhere Ltd"
    away = False

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.replies: tuple[Reply, ...] = (Reply(type="text", text="Try <b>this</b>.\r\nBcc: a@example.org"),)
        self.is_there = True
        self.gate = asyncio.Event()
        self.gate.set()

    async def prepare(self) -> None:
        pass

    async def begin(self) -> Said:
        return Said("told", (Reply(type="text", text="It goes to Elsewhere Ltd."),))

    async def answer(self, text: str, conversation: str) -> Said:
        self.heard.append(text)
        await self.gate.wait()
        if not self.is_there:
            raise AssistantFailed("out of reach")
        return Said(conversation, self.replies)

    async def choose(self, back: str, conversation: str) -> Said:
        return await self.answer(f"back: {back}", conversation)

    async def close(self) -> None:
        pass


class Room:
    """A desk with a bot that hears of everything."""

    def __init__(self, desk: Desk, assistant: Any = None, *, answers: bool = True) -> None:
        self.desk = desk
        house = desk.house
        self.bot = TicketBot(
            house.database,
            house.changes,
            house.help_centre,
            (assistant or EmbeddedAssistant(house.help_centre.search)) if answers else None,
            Patience(house.database, unanswered_after=60, now=lambda: house.time),
            house.hours,
            now=lambda: house.time,
        )
        house.changes.heard_by(self.bot.heard)
        self.name = secrets.token_urlsafe(6)
        self.keys = 0

    async def open(self, query: str) -> int:
        """A ticket of Carla's, and whatever the bot says to it."""
        return await self.say(self.desk.carla, None, "open_ticket", query=query)

    async def say(self, who: Person, ticket: int | None, kind: str = "post_message", **fields: Any) -> int:
        """Somebody does something, and the bot has thought about it."""
        self.keys += 1
        answer = await self.desk.do(who, ticket, f"{self.name}-{self.keys}", kind, **fields)
        await self.bot.idle()
        return answer.ticket

    async def happened(self, ticket: int) -> list[str]:
        """Everything, by whomever."""
        rows = await self.desk.house.rows("SELECT type FROM entries WHERE ticket_id = ? ORDER BY seq", ticket)
        return [row[0] for row in rows]

    async def reads(self, ticket: int) -> None:
        """Carla has read all there is."""
        carla = self.desk.carla.id
        await self.desk.house.database.write(lambda c: read_marks.move(c, ticket, carla, 99, 0))

    async def told(self, query: str) -> int:
        """A ticket on which she has read where her words go."""
        ticket = await self.open(query)
        await self.reads(ticket)
        return ticket

    async def said(self, ticket: int) -> list[str]:
        """What the bot has said or done there."""
        rows = await self.desk.house.rows(
            "SELECT type, fields FROM entries WHERE ticket_id = ? AND actor_role = 'bot' ORDER BY seq", ticket
        )
        return [fields if kind == "message_posted" else kind for kind, fields in rows]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as opened:
        await opened.house.help_centre.ship(
            shipped(*each) for each in package_files.shipped_articles().items()
        )
        yield opened


@pytest.fixture
def room(desk: Desk) -> Room:
    return Room(desk)


async def test_it_answers_what_it_is_sure_of_and_nothing_else(room: Room) -> None:
    known, unknown = await room.open(KNOWN), await room.open("My kettle hums")

    (answer,) = await room.said(known)
    assert "/help/change-details" in answer
    assert "I am a program" in answer
    assert "customer asked" not in answer
    assert await room.said(unknown) == []
    (waits,) = await room.desk.house.rows("SELECT waiting_on FROM tickets WHERE id = ?", known)
    assert waits == ("agent",)  # still


SAID = (
    "My ticket",
    "Question",
    "A first message",
    "Reply",
    "It does not work",
    "Please help, urgent!",
    "Where is my parcel?",
    "The customer message",
    "New ticket",
    "I cannot log in to my bank",
    "read",
)


async def test_the_question_may_be_in_the_details(room: Room) -> None:
    ticket = await room.say(room.desk.carla, None, "open_ticket", query="A question", details=KNOWN)

    assert len(await room.said(ticket)) == 1


@pytest.mark.parametrize("words", SAID)
async def test_it_leaves_alone_what_only_shares_a_word_with_the_help(room: Room, words: str) -> None:
    ticket = await room.open(words)
    await room.say(room.desk.carla, ticket, body=words)
    assert await room.said(ticket) == []


async def test_it_does_not_repeat_itself(room: Room) -> None:
    ticket = await room.open(KNOWN)
    await room.say(room.desk.carla, ticket, body="How can I change the password?")
    await room.say(room.desk.carla, ticket, body="how do I reopen a ticket")

    assert [("change-details" in said, "close-and-reopen" in said) for said in await room.said(ticket)] == [
        (True, False),
        (False, True),
    ]


@pytest.mark.parametrize("words", ["person", "I want to talk to a human, please"])
async def test_who_wants_a_person_is_rid_of_it_at_once(room: Room, words: str) -> None:
    ticket = await room.open("My kettle hums")
    await room.say(room.desk.carla, ticket, body=words)
    await room.say(room.desk.carla, ticket, body=KNOWN)

    assert await room.said(ticket) == []
    assert await room.happened(ticket) == [
        "ticket_opened",
        "message_posted",
        "person_requested",
        "message_posted",
    ]


WISH = "I want to talk to a person about my kettle"


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_who_raises_a_ticket_to_talk_to_a_person_hears_of_no_program(
    desk: Desk, elsewhere: bool
) -> None:
    distant = Distant()
    room = Room(desk, distant if elsewhere else None)
    ticket = await room.open(WISH)
    await room.reads(ticket)
    await room.say(desk.carla, ticket, body=KNOWN)

    assert (await room.said(ticket), distant.heard) == ([], [])
    assert await room.happened(ticket) == ["ticket_opened", "person_requested", "message_posted"]
    assert not await room.bot.is_heard(ticket)


async def test_who_says_so_in_the_details_has_said_so(room: Room) -> None:
    ticket = await room.say(room.desk.carla, None, "open_ticket", query=KNOWN, details=WISH)

    assert await room.happened(ticket) == ["ticket_opened", "person_requested"]


async def test_the_wish_is_one_with_the_opening_and_owes_no_mail_of_its_own(desk: Desk) -> None:
    async def mails() -> list[Any]:
        return await desk.house.rows("SELECT kind, person_id, ticket_id FROM outbox ORDER BY id")

    other = await desk.do(desk.carla, None, "carla-asks-1", "open_ticket", query="My kettle hums")
    ordinary = [row[:2] for row in await mails() if row[2] == other.ticket]
    wish = await desk.do(desk.carla, None, "carla-asks-2", "open_ticket", query=WISH)
    again = await desk.do(desk.carla, None, "carla-asks-2", "open_ticket", query=WISH)

    assert ([entry["type"] for entry in other.entries], other.seq) == (["ticket_opened"], 1)
    assert [(each["type"], each["seq"], each["prev"]) for each in wish.entries] == [
        ("ticket_opened", 1, 0),
        ("person_requested", 2, 1),
    ]
    assert again == wish
    assert wish.seq == 2
    assert [row[:2] for row in await mails() if row[2] == wish.ticket] == ordinary


async def test_by_the_button_too_and_only_once(room: Room) -> None:
    ticket = await room.open(KNOWN)
    await room.say(room.desk.carla, ticket, "request_person")
    again = await room.desk.do(room.desk.carla, ticket, "again-key", "request_person")
    await room.say(room.desk.carla, ticket, body="how do I reopen a ticket")

    assert again.entries == []
    assert len(await room.said(ticket)) == 1  # what it said before
    assert (await room.happened(ticket)).count("person_requested") == 1


async def test_from_an_agents_first_word_it_is_silent(room: Room) -> None:
    desk = room.desk
    ticket = await room.open("My kettle hums")
    await room.say(desk.ada, ticket, "assign_agent", agent=desk.amir.id)
    await room.say(desk.carla, ticket, body=KNOWN)
    assert len(await room.said(ticket)) == 1
    await room.say(desk.amir, ticket, body="Let me see.")
    await room.say(desk.carla, ticket, body="how do I reopen a ticket")
    elsewhere = Room(desk)  # a node that heard nothing of it
    await elsewhere.say(desk.carla, ticket, body="how do I rate the help")

    assert len(await room.said(ticket)) == 1


async def test_what_an_agent_notes_for_other_staff_does_not_silence_it(room: Room) -> None:
    desk = room.desk
    ticket = await room.open("My kettle hums")
    await room.say(desk.ada, ticket, "assign_agent", agent=desk.amir.id)
    await room.say(desk.amir, ticket, "post_note", body="She is in a hurry.")

    await room.say(desk.carla, ticket, body=KNOWN)

    assert len(await room.said(ticket)) == 1


async def test_two_nodes_answer_once(room: Room) -> None:
    desk = room.desk
    ticket = await room.open("My kettle hums")
    other = Room(desk)

    def both(change: Change) -> None:
        room.bot.heard(change)
        other.bot.heard(change)

    desk.house.changes.heard_by(both)

    await room.say(desk.carla, ticket, body=KNOWN)
    await other.bot.idle()

    assert len(await room.said(ticket)) == 1
    assert len(await desk.house.rows("SELECT id FROM people WHERE role = 'bot'")) == 1


async def test_what_a_process_left_unanswered_is_taken_up_by_the_next(room: Room) -> None:
    desk = room.desk
    desk.house.changes.heard_by(lambda _: None)
    ticket, late = await room.open(KNOWN), await room.open(KNOWN)
    desk.house.later(1_000)

    await room.bot._take_up()
    await room.bot.idle()
    assert [len(await room.said(each)) for each in (ticket, late)] == [1, 1]
    desk.house.later()
    too_late = await room.open(KNOWN)
    desk.house.later()
    await room.bot._take_up()
    await room.bot.idle()

    assert await room.said(too_late) == []


async def test_the_next_takes_it_up_as_it_starts(room: Room) -> None:
    room.desk.house.changes.heard_by(lambda _: None)
    ticket = await room.open(KNOWN)
    running = asyncio.create_task(room.bot.run())
    async with asyncio.timeout(PATIENCE):
        while not await room.said(ticket):
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.wait([running])
    await room.bot.close()
    assert len(await room.said(ticket)) == 1


@pytest.mark.parametrize("last", ["reopen_ticket", "message"])
async def test_what_asks_nothing_is_not_taken_up(
    desk: Desk, last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    distant = Distant()
    room = Room(desk, distant)
    ticket = await room.told("My kettle hums")
    desk.house.changes.heard_by(lambda _: None)
    await room.say(desk.carla, ticket, "close_ticket")
    await room.say(desk.carla, ticket, "reopen_ticket")
    if last == "message":
        await room.say(desk.carla, ticket, body="And it hums again")
    read = count_readings(desk, monkeypatch)

    await room.bot._take_up()
    await room.bot.idle()

    assert distant.heard == (["And it hums again"] if last == "message" else [])
    # What was left, and how long it may take; what the bot has said only where it may answer.
    assert len(read) == (3 if last == "message" else 2)


async def test_a_picture_without_words_is_for_people(tmp_path: Path) -> None:
    distant = Distant()
    async with open_files(tmp_path) as files:
        desk, room = files.desk, Room(files.desk, distant)
        ticket = await room.told("My kettle hums")
        sent = await files.attach(desk.carla, ticket, photograph(), "kettle.jpg")

        await room.say(desk.carla, ticket, attachments=[sent["id"]])

        assert distant.heard == []
        assert len(await room.said(ticket)) == 1


async def test_an_article_is_not_said_already_because_its_address_begins_like_one(room: Room) -> None:
    desk = room.desk
    fields = {"category": "Kettles", "body": "As it says.", "published": "yes", "title": "Descaling"}
    of_kettles = {"summary": "Boil vinegar in the kettle.", "words": "descale kettle vinegar"}
    of_espresso = {"summary": "Use citric acid.", "words": "descale espresso citric acid"}
    for one in (of_kettles, of_espresso):
        await desk.house.help_centre.write(desk.amir, fields | one)

    ticket = await room.open("How do I descale my espresso with citric acid?")
    await room.say(desk.carla, ticket, body="How do I descale my kettle with vinegar?")
    await room.say(desk.carla, ticket, body="Again: how do I descale my kettle with vinegar?")

    assert [words[words.index("(") : words.index(")") + 1] for words in await room.said(ticket)] == [
        "(/help/descaling-2)",
        "(/help/descaling)",
    ]


async def test_whoever_writes_much_is_left_to_people(room: Room) -> None:
    ticket = await room.open("My kettle hums")
    for number in range(LOOKS):
        await room.say(room.desk.carla, ticket, body=f"It hums in {number}")
    await room.say(room.desk.carla, ticket, body=KNOWN)

    assert await room.said(ticket) == []


async def test_who_writes_much_that_nobody_knows_costs_no_more_reading(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await room.open("My kettle hums")
    for number in range(LOOKS - 1):
        await room.say(room.desk.carla, ticket, body=f"It hums in {number}")
    read = count_readings(room.desk, monkeypatch)

    await room.say(room.desk.carla, ticket, body=KNOWN)

    assert read == []


async def test_what_led_to_an_answer_does_not_count(room: Room) -> None:
    ticket = await room.open("My kettle hums")
    for question in (KNOWN, "how do I reopen a ticket"):
        for number in range(LOOKS - 2):
            await room.say(room.desk.carla, ticket, body=f"It hums in {number}")
        await room.say(room.desk.carla, ticket, body=question)

    assert len(await room.said(ticket)) == 2


async def test_a_dialogue_elsewhere_goes_on_until_an_agent_writes(desk: Desk) -> None:
    distant = Distant()
    room = Room(desk, distant)
    ticket = await room.open("My kettle hums")
    for number in range(LOOKS):
        await room.say(desk.carla, ticket, body=f"Not read yet {number}")
    await room.reads(ticket)

    distant.is_there = False
    for number in range(LOOKS):
        await room.say(desk.carla, ticket, body=f"Nobody answers {number}")
    distant.is_there = True
    asked = [f"Question {number}" for number in range(2 * LOOKS)]
    for words in asked:
        await room.say(desk.carla, ticket, body=words)

    assert distant.heard[LOOKS:] == asked
    assert len(await room.said(ticket)) == 1 + len(asked)
    await room.say(desk.ada, ticket, "assign_agent", agent=desk.amir.id)
    await room.say(desk.amir, ticket, body="Let me see.")
    await room.say(desk.carla, ticket, body="Thank you")
    other = Room(desk, distant)  # a node that heard nothing of it
    await other.say(desk.carla, ticket, body="That was quick")
    assert len(distant.heard) == LOOKS + len(asked)


async def test_nobodys_words_leave_before_they_have_read_that_they_do(desk: Desk) -> None:
    distant = Distant()
    room = Room(desk, distant)
    ticket = await room.open("My kettle hums")
    assert ["goes there" in said for said in await room.said(ticket)] == [True]
    await room.say(desk.carla, ticket, body="It is the blue one")  # with her eyes shut
    assert distant.heard == []
    await room.reads(ticket)

    await room.say(desk.carla, ticket, body="Any idea?")

    assert distant.heard == ["Any idea?"]
    assert "Try <b>this</b>." in (await room.said(ticket))[1]
    assert len(await room.said(ticket)) == 2


async def test_nor_what_they_wrote_before_it_was_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    distant, gate, search = Distant(), asyncio.Event(), desk.house.help_centre.search
    room = Room(desk, distant)

    async def late(question: str) -> Any:
        await gate.wait()
        return await search(question)

    monkeypatch.setattr(desk.house.help_centre, "search", late)
    opened = await desk.do(desk.carla, None, "carla-asks", "open_ticket", query="My kettle hums")
    await desk.do(desk.carla, opened.ticket, "carla-adds", "post_message", body="It is the blue one")
    await room.reads(opened.ticket)
    gate.set()
    await room.bot.idle()

    assert ["goes there" in said for said in await room.said(opened.ticket)] == [True]
    assert distant.heard == []


@pytest.mark.parametrize("answer", ["2", "the  parcel"])
async def test_a_choice_is_made_by_its_number_or_its_words(desk: Desk, answer: str) -> None:
    distant = Distant()
    distant.replies = (
        Reply(
            type="options", text="Which one?", options=(Option("The bill", "b"), Option("The parcel", "p"))
        ),
    )
    room = Room(desk, distant)
    ticket = await room.told("My kettle hums")
    await room.say(desk.carla, ticket, body="Where is it?")
    assert "Which one?\\n1. The bill\\n2. The parcel" in (await room.said(ticket))[1]

    await room.say(desk.carla, ticket, body=answer)

    assert distant.heard == ["Where is it?", "p"]


async def test_a_number_is_a_choice_also_after_it_was_said_how_long_it_may_take(desk: Desk) -> None:
    distant = Distant()
    room = Room(desk, distant)
    ticket = await room.told("My kettle hums")
    options = (Option("Red", "the red one"), Option("Blue", "the blue one"))
    distant.replies = (Reply(type="options", text="Which one?", options=options),)
    await room.say(desk.carla, ticket, body="It still hums")
    desk.house.later(61 * MINUTE)
    said = len(await room.said(ticket))
    await room.bot.look_around()
    assert len(await room.said(ticket)) == said + 1
    await room.reads(ticket)

    await room.say(desk.carla, ticket, body="2")

    assert distant.heard == ["It still hums", "the blue one"]


def test_choices_are_counted_through_and_stand_on_a_line_each() -> None:
    first = Reply(type="options", text="Which one?", options=(Option("The\n2. bill", "b"), Option("It", "i")))
    second = Reply(type="options", text="Or", options=(Option("It", "j"),))

    body, choices = message_of([first, second])

    assert body.splitlines() == ["Which one?", "1. The 2. bill", "2. It", "Or", "3. It", OFFERS]
    assert [chosen(said, choices).text for said in ("1", "2", "3", "the  2. BILL")] == ["b", "i", "j", "b"]


def test_a_number_that_is_written_on_a_choice_is_that_choice() -> None:
    options = Option("2", "two devices"), Option("4", "four devices"), Option("One", "one device")

    body, choices = message_of([Reply(type="options", text="How many?", options=options)])

    for offered in (choices, choices_in(body)):
        assert [chosen(said, offered).label for said in ("2", "4", "1", "3")] == ["2", "4", "2", "One"]


def test_what_a_message_offers_can_be_read_in_it() -> None:
    first = Reply(type="options", text="1. Not this\n2. Nor this", options=(Option("A. B", "b"),))
    body, _ = message_of([first, Reply(type="options", options=(Option("It", "j"),))])

    assert [chosen(said, choices_in(body)).text for said in ("1", "2", "3")] == ["A. B", "It", "3"]
    assert choices_in("1. A list\n2. that asks for nothing") == {}
    counted = choices_in(f"1. Red\n7. Not counted\n2. Blue\n{OFFERS}")
    assert [chosen(said, counted).text for said in ("1", "2", "3")] == ["Red", "Blue", "3"]


async def test_a_number_means_what_stands_beside_it_whichever_process_hears_it(desk: Desk) -> None:
    distant = Distant()
    room = Room(desk, distant)
    ticket = await room.told("My kettle hums")
    other = Room(desk, distant)
    offers = [
        Reply(type="options", options=(Option(f"The {one}", one), Option(f"My {another}", another)))
        for one, another in (("bill", "parcel"), ("van", "boat"), ("cat", "dog"))
    ]
    for number, node in enumerate((room, other, room)):
        distant.replies = (offers[number],)
        desk.house.changes.heard_by(node.bot.heard)
        await node.say(desk.carla, ticket, body="2")

    assert distant.heard == ["2", "My parcel", "My boat"]


async def test_an_agent_who_is_quicker_has_the_word(desk: Desk) -> None:
    distant = Distant()
    room = Room(desk, distant)
    ticket = await room.told("My kettle hums")
    await room.say(desk.ada, ticket, "assign_agent", agent=desk.amir.id)
    distant.gate.clear()
    await desk.do(desk.carla, ticket, "carla-asks", "post_message", body="Any idea?")
    await desk.do(desk.amir, ticket, "amir-answers", "post_message", body="Yes.")
    distant.gate.set()
    await room.bot.idle()

    assert len(await room.said(ticket)) == 1


async def test_who_asks_for_a_person_gets_no_answer_that_was_in_the_making(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    distant = Distant()
    room = Room(desk, distant)
    ticket = await room.told("My kettle hums")
    distant.gate.clear()
    await desk.do(desk.carla, ticket, "carla-asks", "post_message", body="Any idea?")
    await desk.do(desk.carla, ticket, "carla-has-had-enough", "request_person")
    distant.gate.set()
    await room.bot.idle()

    assert len(await room.said(ticket)) == 1
    read = count_readings(desk, monkeypatch)
    await room.say(desk.carla, ticket, body="Is anybody there?")
    assert read == []


async def test_no_more_wait_for_the_assistant_than_may(desk: Desk) -> None:
    distant = Distant()
    room = Room(desk, distant)
    tickets = [await room.told(f"Kettle {number}") for number in range(AT_ONCE + 2)]
    distant.gate.clear()

    for ticket in tickets:
        await desk.do(desk.carla, ticket, f"carla-asks-{ticket}", "post_message", body=f"On {ticket}")
    distant.gate.set()
    await room.bot.idle()

    assert sorted(distant.heard) == sorted(f"On {ticket}" for ticket in tickets[:AT_ONCE])


async def test_who_is_out_of_reach_is_as_if_there_were_none(desk: Desk) -> None:
    distant = Distant()
    room = Room(desk, distant)
    ticket = await room.told("My kettle hums")
    distant.is_there = False

    await room.say(desk.carla, ticket, body="Any idea?")

    assert len(await room.said(ticket)) == 1


async def test_while_the_assistant_is_away_nothing_is_even_looked_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    distant = Distant()
    room = Room(desk, distant)
    ticket = await room.told("My kettle hums")
    read = count_readings(desk, monkeypatch)
    distant.away = True

    await room.say(desk.carla, ticket, body="Any idea?")
    assert (read, distant.heard) == ([], [])
    distant.away = False
    await room.say(desk.carla, ticket, body="Are you back?")

    assert (len(read), distant.heard) == (1, ["Are you back?"])


async def test_who_talks_with_people_costs_no_reading(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = room.desk
    wished, answered = await room.open("My kettle hums"), await room.open("My toaster hums")
    await room.say(desk.carla, wished, "request_person")
    await room.say(desk.ada, answered, "assign_agent", agent=desk.amir.id)
    await room.say(desk.amir, answered, body="Since when?")
    read = count_readings(desk, monkeypatch)

    for ticket in (wished, answered):
        await room.say(desk.carla, ticket, body=KNOWN)

    assert read == []
    assert await room.said(wished) == []


def count_readings(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What is read of the database from now on."""
    reading, read = desk.house.database.read, []

    async def counted(unit: Any) -> Any:
        read.append(unit)
        return await reading(unit)

    monkeypatch.setattr(desk.house.database, "read", counted)
    return read


async def test_nobodys_words_leave_once_an_agent_has_written_on_whichever_node(desk: Desk) -> None:
    distant = Distant()
    room = Room(desk, distant)
    ticket = await room.told("My kettle hums")
    desk.house.changes.heard_by(lambda _: None)  # another node hears of it
    await room.say(desk.ada, ticket, "assign_agent", agent=desk.amir.id)
    await room.say(desk.amir, ticket, body="Let me see.")
    desk.house.changes.heard_by(room.bot.heard)

    await room.say(desk.carla, ticket, body="It is the blue one")

    assert distant.heard == []


async def test_who_writes_at_night_is_told_when_somebody_is_there_though_the_help_hangs(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hangs(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(desk.house.help_centre, "search", hangs)
    monkeypatch.setattr(ticket_bot, "DEADLINE", 0.05)
    await desk.house.database.write(lambda connection: hours.save(connection, hours.EVERYBODY, BERLIN))
    desk.house.time = on("2027-01-22T17:00")
    room = Room(desk)

    ticket = await room.open("My kettle hums")

    [told] = await room.said(ticket)
    assert "they are again from Monday, 25 January" in told


async def test_who_never_answers_is_left_after_the_deadline(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    distant = Distant()
    room = Room(desk, distant)
    ticket = await room.told("My kettle hums")
    distant.gate.clear()
    monkeypatch.setattr(ticket_bot, "DEADLINE", 0.05)

    await room.say(desk.carla, ticket, body="Any idea?")
    await room.say(desk.carla, ticket, body="Hello?")

    assert len(await room.said(ticket)) == 1


async def test_it_hands_over_when_the_assistant_does(desk: Desk) -> None:
    distant = Distant()
    room = Room(desk, distant)
    distant.replies = (Reply(type="person"),)
    ticket = await room.told("My kettle hums")

    await room.say(desk.carla, ticket, body="Any idea?")

    assert (await room.said(ticket))[1:] == ["person_requested"]


async def test_the_last_words_before_it_hands_over_are_said_once(desk: Desk) -> None:
    distant = Distant()
    room = Room(desk, distant)
    distant.replies = (
        Reply(type="text", text="Unplug it now."),
        Reply(type="options", options=(Option("The bill", "b"),)),
        Reply(type="person", text="Somebody comes."),
    )
    ticket = await room.told("My kettle hums")
    other = Room(desk, distant)

    def both(change: Change) -> None:
        room.bot.heard(change)
        other.bot.heard(change)

    desk.house.changes.heard_by(both)
    await room.say(desk.carla, ticket, body="Any idea?")
    await other.bot.idle()
    await Room(desk, distant).bot._take_up()
    await room.say(desk.carla, ticket, body="Are you still there?")

    words, asked = (await room.said(ticket))[1:]
    assert '"body":"Unplug it now.\\nSomebody comes."' in words
    assert asked == "person_requested"
    assert len(set(await keys_of_bot(desk, ticket))) == 2  # the introduction's, and one for both


async def test_what_it_says_of_people_goes_by_the_hours_of_who_has_the_ticket(desk: Desk) -> None:
    distant = Distant()
    room = Room(desk, distant)
    distant.replies = (Reply(type="person", text="Somebody is here.", away="Nobody is here."),)
    await desk.house.database.write(lambda connection: hours.save(connection, hours.EVERYBODY, BERLIN))
    early = msgspec.structs.replace(BERLIN, zone="Asia/Tokyo")
    await desk.house.database.write(lambda connection: hours.save(connection, desk.amir.id, early))
    desk.house.time = on("2027-01-21T10:00")  # past six in the evening in Tokyo
    anybodys, his = await room.told("My toaster hums"), await room.told("My kettle hums")
    await room.say(desk.ada, his, "assign_agent", agent=desk.amir.id)

    for ticket, words in ((anybodys, "Somebody is here."), (his, "Nobody is here.")):
        await room.say(desk.carla, ticket, body="It burns")
        assert words in (await room.said(ticket))[1]


async def test_who_takes_up_a_hand_over_goes_by_them_too(desk: Desk) -> None:
    distant = Distant()
    room = Room(desk, distant)
    distant.replies = (Reply(type="person", text="Somebody is here.", away="Nobody is here."),)
    await desk.house.database.write(lambda connection: hours.save(connection, desk.amir.id, BERLIN))
    desk.house.time = on("2027-01-23T10:00")
    ticket = await room.told("My kettle hums")
    await room.say(desk.ada, ticket, "assign_agent", agent=desk.amir.id)
    desk.house.changes.heard_by(lambda _: None)
    await room.say(desk.carla, ticket, body="It burns")

    await room.bot._take_up()
    await room.bot.idle()

    assert "Nobody is here." in (await room.said(ticket))[1]
    assert (await room.said(ticket))[2] == "person_requested"


async def keys_of_bot(desk: Desk, ticket: int) -> list[str]:
    """Of everything that it has said or done."""
    rows = await desk.house.rows(
        "SELECT client_key FROM entries WHERE ticket_id = ? AND actor_role = 'bot' ORDER BY seq", ticket
    )
    return [row[0] for row in rows]


async def test_answers_come_one_after_the_other(desk: Desk) -> None:
    distant = Distant()
    room = Room(desk, distant)
    ticket = await room.told("My kettle hums")
    distant.gate.clear()

    for number in range(3):
        await desk.do(desk.carla, ticket, f"carla-asks-{number}", "post_message", body=f"Question {number}")
    distant.gate.set()
    await room.bot.idle()

    assert distant.heard == ["Question 0", "Question 1", "Question 2"]
    assert await room.happened(ticket) == ["ticket_opened"] + 7 * ["message_posted"]


async def test_who_waits_long_is_told_once_how_long_it_may_take(room: Room) -> None:
    desk = room.desk
    for minutes, days_since in ((1, 8), (20, 0), (40, 0), (90, 0)):
        answered = await room.open(f"Kettle {minutes}")
        desk.house.later(minutes * MINUTE)
        await room.say(desk.ada, answered, "assign_agent", agent=desk.amir.id)
        await room.say(desk.amir, answered, body="It is on its way.")
        desk.house.later(days_since * DAY)
        await room.say(desk.carla, answered, "close_ticket")
    ticket = await room.open("My kettle hums")
    await room.bot.look_around()
    assert await room.said(ticket) == []

    for _ in range(3):
        desk.house.later(61 * MINUTE)
        await room.bot.look_around()

    (told,) = await room.said(ticket)
    assert "Half of the 3 first answers of the last seven days came within 40 minutes." in told


async def test_as_long_as_it_runs_it_looks_for_those_who_wait(room: Room) -> None:
    ticket = await room.open("My kettle hums")
    room.desk.house.later(60 * MINUTE)
    running = asyncio.create_task(room.bot.run())
    async with asyncio.timeout(PATIENCE):
        while not await room.said(ticket):
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.wait([running])


async def test_each_time_of_waiting_is_told_of_once_and_by_one_node(room: Room) -> None:
    desk, other = room.desk, Room(room.desk)
    ticket = await room.open("My kettle hums")
    for _ in range(2):
        desk.house.later(61 * MINUTE)
        await asyncio.gather(room.bot.look_around(), other.bot.look_around())
    assert len(await room.said(ticket)) == 1
    await room.say(desk.carla, ticket, "close_ticket")
    await room.say(desk.carla, ticket, "reopen_ticket")

    desk.house.later(61 * MINUTE)
    await asyncio.gather(room.bot.look_around(), other.bot.look_around())

    assert len(await room.said(ticket)) == 2


async def test_who_asked_for_a_person_is_told_too_but_nobody_after_an_agents_word(room: Room) -> None:
    desk = room.desk
    asked, answered = await room.open("My kettle hums"), await room.open("My toaster hums")
    await room.say(desk.carla, asked, "request_person")
    await room.say(desk.ada, answered, "assign_agent", agent=desk.amir.id)
    await room.say(desk.amir, answered, body="Since when?")
    await room.say(desk.carla, answered, body="Since today")
    desk.house.later(61 * MINUTE)

    await room.bot.look_around()

    assert [len(await room.said(each)) for each in (asked, answered)] == [1, 0]


async def test_who_writes_when_nobody_is_there_is_told_at_once_when_somebody_is(room: Room) -> None:
    desk = room.desk
    await desk.house.database.write(lambda connection: hours.save(connection, hours.EVERYBODY, BERLIN))
    desk.house.time = on("2027-01-22T16:59")
    in_time = await room.open("My toaster hums")
    assert await room.said(in_time) == []
    desk.house.time = on("2027-01-22T17:00")

    late = await room.open("My kettle hums")
    await room.say(desk.carla, late, body="Is anybody there?")
    await room.bot.look_around()
    assert [len(await room.said(each)) for each in (late, in_time)] == [1, 0]
    desk.house.later(61 * MINUTE)
    await room.bot.look_around()

    for ticket in (late, in_time):
        (told,) = await room.said(ticket)
        assert "they are again from Monday, 25 January, 09:00 (Europe/Berlin). How long it takes" in told


async def test_without_an_assistant_who_waits_is_told_all_the_same(desk: Desk) -> None:
    room = Room(desk, answers=False)
    await desk.house.database.write(lambda connection: hours.save(connection, hours.EVERYBODY, BERLIN))
    desk.house.time = on("2027-01-22T12:00")
    early = await room.open(KNOWN)
    desk.house.later(61 * MINUTE)
    await room.bot.look_around()
    desk.house.time = on("2027-01-22T18:00")

    late = await room.open(KNOWN)
    await room.say(desk.carla, late, body="Is anybody there?")

    assert [("came within" in told or "I cannot say" in told) for told in await room.said(early)] == [True]
    assert ["again from Monday, 25 January, 09:00" in told for told in await room.said(late)] == [True]
    assert not await room.bot.is_heard(late)


async def test_switched_off_it_tells_who_waits_until_an_agent_writes(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, bind="127.0.0.1:0", secret_key=SECRET, assistant="off")
    now = on("2027-01-23T12:00")
    registry = create_app(settings, Parts(hasher=Argon2Passwords(memory_kib=8, passes=1), now=lambda: now))
    async with registry.running():
        cast = Cast(registry)
        await cast.assemble()
        await registry.database.write(lambda connection: hours.save(connection, hours.EVERYBODY, BERLIN))
        assert registry.bot is not None
        await registry.bot.look_around()
        ticket = await cast.ticket_with_agent()
        await registry.bot.idle()
        ((bot,),) = await cast.rows(
            "SELECT actor_id FROM entries WHERE ticket_id = ? AND actor_role = 'bot'", ticket
        )

        wished = await cast.do("carla", None, "open_ticket", query=WISH)
        assert [entry["type"] for entry in wished["entries"]] == ["ticket_opened"]  # of whom there is none
        await cast.do("carla", ticket, "post_message", body="I want to talk to a person")
        asked = [await cast.do("carla", ticket, "request_person") for _ in "ab"]
        await cast.do("amir", ticket, "post_message", body="Here I am.")

        assert [len(answer["entries"]) for answer in asked] == [1, 0]
        me = await registry.database.read(lambda connection: people.find(connection, bot))
        assert me is not None
        late = registry.changes.carry_out(me, ticket, "bot-waiting-1", PostMessage(body="It may take long."))
        with pytest.raises(Refusal):
            await late


async def test_hours_that_are_changed_are_heard_of_within_a_minute(room: Room) -> None:
    desk = room.desk
    desk.house.time = on("2027-01-22T17:00")
    ticket = await room.open("My kettle hums")
    await desk.house.database.write(lambda connection: hours.save(connection, hours.EVERYBODY, BERLIN))

    await room.bot.look_around()
    (told,) = await room.said(ticket)
    at_once = await room.open("My toaster hums")

    assert "they are again from Monday" in told
    assert len(await room.said(at_once)) == 1


async def test_hours_that_are_changed_here_are_heard_of_at_once(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, bind="127.0.0.1:0", secret_key=SECRET)
    now = on("2027-01-23T12:00")  # a Saturday
    registry = create_app(settings, Parts(hasher=Argon2Passwords(memory_kib=8, passes=1), now=lambda: now))
    async with registry.running():
        cast = Cast(registry)
        await cast.assemble()
        assert registry.bot is not None
        await registry.bot.look_around()
        await cast.raise_ticket(query="My kettle hums")
        await registry.bot.idle()

        await registry.hours.save(cast.identity("ada").person, {"zone": "Europe/Berlin", "monday": "9-17"})
        ticket = await cast.raise_ticket(query="My toaster hums")
        await registry.bot.idle()

        told = await cast.rows("SELECT ticket_id FROM entries WHERE actor_role = 'bot'")
        assert told == [(ticket,)]


async def test_an_agents_own_hours_count_where_they_have_the_ticket(room: Room) -> None:
    desk = room.desk
    early = msgspec.structs.replace(BERLIN, zone="Asia/Tokyo")
    await desk.house.database.write(lambda connection: hours.save(connection, hours.EVERYBODY, BERLIN))
    await desk.house.database.write(lambda connection: hours.save(connection, desk.amir.id, early))
    desk.house.time = on("2027-01-21T10:00")  # past six in the evening in Tokyo
    his, anybodys = await room.open("My kettle hums"), await room.open("My toaster hums")

    await room.say(desk.ada, his, "assign_agent", agent=desk.amir.id)
    await room.bot.look_around()

    (told,) = await room.said(his)
    assert "Friday, 22 January, 09:00 (Asia/Tokyo)" in told
    assert await room.said(anybodys) == []


async def test_without_figures_nothing_is_promised_and_old_ones_are_left_alone(room: Room) -> None:
    old = await room.open("My kettle hums")
    room.desk.house.later(2 * DAY)
    ticket = await room.open("My toaster hums")
    room.desk.house.later(61 * MINUTE)

    await room.bot.look_around()

    (told,) = await room.said(ticket)
    assert "I cannot say" in told
    assert await room.said(old) == []
