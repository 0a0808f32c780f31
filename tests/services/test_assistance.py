"""The assistant as people talk to it, the embedded one and any that may fail."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ccr import package_files
from ccr.adapters.assistant_embedded import DIALOGUES, GREETING, THANKED, EmbeddedAssistant
from ccr.desk.handing_over import wants_person
from ccr.desk.refusals import Code, Refusal
from ccr.ports import Assistant, AssistantFailed, Option, Reply, Said
from ccr.services.assistance import FOR_STRANGERS, RAISE_ONE, Assistance
from ccr.services.help_centre import shipped
from ccr.store import hours
from tests.accounts_house import SECRET, House, open_house
from tests.opening import BERLIN, on
from tests.watson import ORDER, watson_served


class Distant:
    """An assistant that goes elsewhere, and may be out of reach."""

    away = False

    def __init__(self, goes_to: str = "Elsewhere Ltd") -> None:
        self.goes_to: str | None = goes_to
        self.heard: list[str] = []
        self.is_there = True
        self.replies: tuple[Reply, ...] = ()

    async def prepare(self) -> None:
        pass

    async def begin(self) -> Said:
        return Said("told", (Reply(type="text", text=f"Your words go to {self.goes_to}."),))

    async def answer(self, text: str, conversation: str) -> Said:
        if not self.is_there:
            raise AssistantFailed("out of reach")
        self.heard.append(text)
        return Said(conversation, self.replies or (Reply(type="text", text=f"You said {text}"),))

    async def choose(self, back: str, conversation: str) -> Said:
        return await self.answer(f"back: {back}", conversation)

    async def close(self) -> None:
        pass


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        await opened.help_centre.ship(shipped(*each) for each in package_files.shipped_articles().items())
        yield opened


@pytest.fixture
def embedded(house: House) -> EmbeddedAssistant:
    return EmbeddedAssistant(house.help_centre.search)


def assistance_in(house: House, assistant: Assistant | None) -> Assistance:
    return Assistance(assistant, EmbeddedAssistant(house.help_centre.search), house.hours, secret=SECRET)


def texts(said: dict[str, Any]) -> str:
    return " ".join(reply.get("text", "") for reply in said["replies"])


async def test_a_question_is_answered_with_where_it_says_so(
    house: House, embedded: EmbeddedAssistant
) -> None:
    said = await assistance_in(house, embedded).turn({"text": "can i take back a mesage"})

    assert "15 minutes" in texts(said)
    assert said["replies"][1]["url"] == "/help/take-back-a-message"


async def test_what_it_does_not_know_it_says_and_offers_a_person(
    house: House, embedded: EmbeddedAssistant
) -> None:
    said = await assistance_in(house, embedded).turn({"text": "what is the weather in paris"})

    assert "I don’t know" in texts(said)
    assert [reply["type"] for reply in said["replies"]] == ["text", "person"]


@pytest.mark.parametrize(
    "text", ["Hi", "Hello there!", "good morning", "help", "Please help me.", "Who are you?"]
)
async def test_who_greets_it_is_greeted(house: House, embedded: EmbeddedAssistant, text: str) -> None:
    assistance = assistance_in(house, embedded)

    assert await assistance.turn({"text": text}) == await assistance.turn({})


async def test_who_is_signed_in_and_greets_it_is_not_offered_to_register_or_sign_in(
    house: House, embedded: EmbeddedAssistant
) -> None:
    assistance = assistance_in(house, embedded)

    said = await assistance.turn({"text": "hello"})

    assert [option["text"] for option in said["replies"][1]["options"]] == ["I want to talk to a person"]
    said = await assistance.turn({"text": "hello"}, stranger=True)
    assert [option["text"] for option in said["replies"][1]["options"]] == list(GREETING.then)


@pytest.mark.parametrize("text", ["thanks", "Thank you very much!", "ok, thx", "No thanks.", "Bye"])
async def test_who_thanks_it_is_not_told_that_it_does_not_know(
    house: House, embedded: EmbeddedAssistant, text: str
) -> None:
    assert texts(await assistance_in(house, embedded).turn({"text": text})) == THANKED.say


@pytest.mark.parametrize(
    "text", ["hi, can i take back a message", "help, how do i take back a message? thanks"]
)
async def test_nobody_is_greeted_in_place_of_an_answer(
    house: House, embedded: EmbeddedAssistant, text: str
) -> None:
    assert "15 minutes" in texts(await assistance_in(house, embedded).turn({"text": text}))


async def test_it_guides_through_the_fixed_questions(house: House, embedded: EmbeddedAssistant) -> None:
    assistance = assistance_in(house, embedded)
    said = await assistance.turn({}, stranger=True)

    for choice in ("I need a one-time code", "The code does not come", "Ask for another code"):
        offered = [option["text"] for reply in said["replies"] for option in reply.get("options", [])]
        assert choice in offered
        said = await assistance.turn({"text": choice, "conversation": said["conversation"]})

    assert {"/forgot"} == {reply["url"] for reply in said["replies"] if "url" in reply}


@pytest.mark.parametrize("text", ["How do I create an account?", "open an account", "how do i sign up"])
async def test_who_wants_an_account_is_guided_to_one(
    house: House, embedded: EmbeddedAssistant, text: str
) -> None:
    said = await assistance_in(house, embedded).turn({"text": text})

    assert said["replies"][0]["text"] == DIALOGUES["i want to register"].say


def test_every_choice_that_is_offered_leads_on() -> None:
    offered = {words.lower() for step in (GREETING, *DIALOGUES.values()) for words in step.then}

    assert {words for words in offered if words not in DIALOGUES and not wants_person(words)} == set()
    assert set(DIALOGUES) <= offered


async def test_who_is_out_of_reach_is_replaced_by_the_help(house: House) -> None:
    distant = Distant()
    assistance = assistance_in(house, distant)
    told = await assistance.turn({})
    distant.is_there = False

    said = await assistance.turn({"text": "I forgot my password", "conversation": told["conversation"]})

    assert "cannot be reached" in said["replies"][0]["text"]
    assert "/forgot" in str(said)
    distant.is_there = True
    again = await assistance.turn({"text": "Are you back?", "conversation": said["conversation"]})
    assert (again["conversation"], distant.heard) == (told["conversation"], ["Are you back?"])


async def test_what_is_chosen_goes_back_as_the_assistant_gave_it(house: House) -> None:
    distant = Distant()
    distant.replies = (
        Reply(type="options", options=(Option("Drink", "order", '{"id": 1}'), Option("Refill", "order"))),
    )
    assistance = assistance_in(house, distant)
    told = await assistance.turn({})
    said = await assistance.turn({"text": "order", "conversation": told["conversation"]})
    drink, refill = said["replies"][0]["options"]
    assert [set(drink), refill] == [{"label", "text"}, {"label": "Refill", "text": "order"}]

    for chosen in (drink["text"], refill["text"], drink["text"][:-1] + "!"):
        await assistance.turn({"text": chosen, "conversation": told["conversation"]})

    assert distant.heard[1:] == ['back: {"id": 1}', "order", drink["text"][:-1] + "!"]
    await assistance.turn({"text": drink["text"]})  # by who was told nothing
    assert len(distant.heard) == 4


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_of_two_suggestions_of_watsons_the_one_meant_is_chosen(house: House) -> None:
    async with watson_served() as watson:
        distant = watson.assistant()
        assistance = assistance_in(house, distant)
        told = await assistance.turn({})
        said = await assistance.turn({"text": ORDER, "conversation": told["conversation"]})
        _, refill = said["replies"][0]["options"]

        said = await assistance.turn({"text": refill["text"], "conversation": said["conversation"]})

        assert texts(said) == "You chose I need a drink refill."
        await distant.close()


async def test_where_a_choice_does_not_get_through_the_help_is_asked_for_its_words(house: House) -> None:
    distant = Distant()
    distant.replies = (Reply(type="options", options=(Option("Code", "I forgot my password", "{}"),)),)
    assistance = assistance_in(house, distant)
    told = await assistance.turn({})
    said = await assistance.turn({"text": "menu", "conversation": told["conversation"]})
    distant.is_there = False

    said = await assistance.turn(
        {"text": said["replies"][0]["options"][0]["text"], "conversation": told["conversation"]}
    )

    assert "/forgot" in str(said)


async def test_what_is_too_long_to_be_sealed_is_left_as_its_text(house: House) -> None:
    distant = Distant()
    distant.replies = (Reply(type="options", options=(Option("Code", "code", secrets.token_hex(1_000)),)),)
    assistance = assistance_in(house, distant)
    told = await assistance.turn({})

    said = await assistance.turn({"text": "menu", "conversation": told["conversation"]})

    assert list(said["replies"][0]["options"]) == [{"label": "Code", "text": "code"}]


@pytest.mark.parametrize(
    ("person", "there", "away"),
    [
        (Reply(type="person", text="Somebody is here.", away="We come at nine."), 0, 1),
        (Reply(type="person", text="Somebody is here."), 0, None),
        (Reply(type="person"), None, None),
    ],
)
async def test_that_somebody_is_there_is_said_while_somebody_is(
    house: House, person: Reply, there: int | None, away: int | None
) -> None:
    distant = Distant()
    distant.replies = (Reply(type="text", text="I pass you on."), person)
    assistance = assistance_in(house, distant)
    told = await assistance.turn({})
    words = {0: person.text, 1: person.away, None: RAISE_ONE}
    await house.database.write(lambda connection: hours.save(connection, hours.EVERYBODY, BERLIN))

    for when, expected in (("2027-01-22T16:59", there), ("2027-01-22T17:00", away)):
        house.time = on(when)
        said = await assistance.turn({"text": "human", "conversation": told["conversation"]})
        assert said["replies"] == [
            {"type": "text", "text": "I pass you on."},
            {"type": "person", "text": words[expected], "title": "Raise a ticket", "url": "/tickets/new"},
        ]


async def test_nobodys_words_leave_before_they_were_told(house: House) -> None:
    distant = Distant()
    assistance = assistance_in(house, distant)

    told = await assistance.turn({"text": "My secret"})
    assert ("Elsewhere" in texts(told), distant.heard) == (True, [])
    await assistance.turn({"text": "My question", "conversation": told["conversation"]})

    assert distant.heard == ["My question"]


@pytest.mark.parametrize("made_up", ["embedded", "told", "told.", "told.c2lnbmVk", "a-session"])
async def test_nor_in_a_conversation_in_which_nobody_was_told(house: House, made_up: str) -> None:
    distant = Distant()
    assistance = assistance_in(house, distant)

    told = await assistance.turn({"text": "My secret", "conversation": made_up})

    assert ("Elsewhere" in texts(told), distant.heard) == (True, [])


async def test_a_bubble_that_was_left_open_hears_of_it_when_words_go_elsewhere(
    house: House,
    embedded: EmbeddedAssistant,
) -> None:
    begun = await assistance_in(house, embedded).turn({})
    first, second = Distant(), Distant("Somewhere Inc")

    for distant in (first, second):
        assistance = assistance_in(house, distant)
        told = await assistance.turn({"text": "My secret", "conversation": begun["conversation"]})
        assert (f"go to {distant.goes_to}" in texts(told), distant.heard) == (True, [])
        begun = await assistance.turn({"text": "My question", "conversation": told["conversation"]})

    assert (first.heard, second.heard) == (["My question"], ["My question"])


@pytest.mark.parametrize(
    "given",
    [{"text": ""}, {"text": "x" * 1_001}, {"text": 1}, {"conversation": "../x"}, {"more": 1}, [], "x"],
)
async def test_what_has_no_form_is_refused(house: House, embedded: EmbeddedAssistant, given: object) -> None:
    with pytest.raises(Refusal) as refused:
        await assistance_in(house, embedded).turn(given)

    assert refused.value.code is Code.INVALID


async def test_switched_off_there_is_none(house: House) -> None:
    with pytest.raises(Refusal) as refused:
        await assistance_in(house, None).turn({"text": "hello"})

    assert refused.value.code is Code.NOT_FOUND


@pytest.mark.parametrize(
    "text", ["live chat", "please call me", "can I talk to somebody?", "Person, please!"]
)
async def test_who_asks_for_a_person_is_shown_the_way_to_one(
    house: House, embedded: EmbeddedAssistant, text: str
) -> None:
    said = await assistance_in(house, embedded).turn({"text": text})

    assert [(reply["type"], reply["url"]) for reply in said["replies"]] == [("person", "/tickets/new")]


async def test_a_stranger_hears_what_the_way_takes(house: House, embedded: EmbeddedAssistant) -> None:
    assistance = assistance_in(house, embedded)
    wish = {"text": "I want to talk to a person"}

    told = [texts(await assistance.turn(wish, stranger=stranger)) for stranger in (True, False)]

    assert told == [f"{RAISE_ONE}\n{FOR_STRANGERS}", RAISE_ONE]
