"""Watson through IBM's own SDK, and everything that can be wrong with it."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from ibm_watson.assistant_v2 import StatefulMessageResponse

from ccr.adapters import assistant_for, watson_line
from ccr.adapters.watson import FAILURES, PAUSE, THREADS, TOLD, WatsonAssistant
from ccr.adapters.watson_replies import LONGEST_PAUSE, MOST, replies_in
from ccr.desk.masking import masked
from ccr.ports import AssistantFailed, Option
from ccr.settings import Settings
from tests.waiting import until
from tests.watson import ANSWERS, DISAMBIGUATION, KEY, OPTION, ORDER, PATH, Watson

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
async def assistant(watson: Watson) -> AsyncIterator[WatsonAssistant]:
    made = watson.assistant()
    yield made
    await made.close()


@pytest.mark.parametrize("text", list(ANSWERS))
def test_what_the_stand_in_says_is_what_the_sdk_knows(text: str) -> None:
    body = {"output": {"intents": [], "entities": [], "generic": ANSWERS[text]}, "user_id": "u"}

    assert StatefulMessageResponse.from_dict(body).to_dict() == body


async def test_nothing_goes_out_before_it_was_said_where_it_goes(
    assistant: WatsonAssistant, watson: Watson
) -> None:
    begun = await assistant.begin()

    assert "IBM" in begun.replies[0].text
    assert (watson.made, watson.heard, watson.tokens) == (0, [], set())
    said = await assistant.answer("hello", begun.conversation)
    assert [reply.text for reply in said.replies] == ["You said hello"]
    again = await assistant.answer("more", said.conversation)
    assert (again.conversation, watson.made, len(watson.tokens)) == (said.conversation, 1, 1)


async def test_its_settings_are_enough_for_a_stand_in_on_this_machine(
    watson: Watson, assistant: WatsonAssistant
) -> None:
    environ = {
        "CCR_ASSISTANT": "watson",
        "CCR_WATSON_URL": watson.url,
        "CCR_WATSON_API_KEY": KEY,
        "CCR_WATSON_ASSISTANT_ID": "an-assistant",
        "CCR_WATSON_ENVIRONMENT_ID": "live",
    }
    chosen = assistant_for(Settings.read(environ), embedded=assistant)
    assert chosen is not None

    said = await chosen.answer("hello", TOLD)

    assert [reply.text for reply in said.replies] == ["You said hello"]
    await chosen.close()


async def test_every_kind_of_reply_has_a_form(assistant: WatsonAssistant) -> None:
    said = {text: (await assistant.answer(text, TOLD)).replies for text in ANSWERS}

    (menu,) = said["menu"]
    assert [(option.label, option.text) for option in menu.options] == [
        ("The bill", "bill"),
        ("The parcel", "parcel"),
    ]
    assert (menu.type, menu.text) == ("options", "Which one?")
    assert said["unsure"][0].options[0].text == "paying"
    assert [(reply.type, reply.milliseconds, reply.text) for reply in said["wait"]] == [
        ("pause", 5, ""),
        ("text", 0, "Done."),
    ]
    (picture,) = said["picture"]
    assert (picture.type, picture.title, picture.text, picture.url) == (
        "link",
        "The button",
        "Where it is",
        "https://pictures.example/button.png",
    )
    (human,) = said["human"]
    assert (human.type, human.text, human.away) == ("person", "Somebody is here.", "Nobody is here.")
    assert said["bye"][0].type == "end"
    assert [(reply.type, reply.url) for reply in said["markup"]] == [("text", "")] * 3
    assert said["markup"][2].text == "Not encrypted\nWhere it is"
    assert said["markup"][0].text.startswith("<img src=x")  # as text, for whoever shows it


async def test_what_it_offers_is_given_back_as_it_was(assistant: WatsonAssistant, watson: Watson) -> None:
    said = await assistant.answer(ORDER, TOLD)
    first, second = said.replies[0].options
    assert (first.text, second.text) == (ORDER, ORDER)

    answers = [await assistant.choose(option.back, said.conversation) for option in (second, first)]

    assert [answer.replies[0].text for answer in answers] == [
        "You chose I need a drink refill.",
        "You chose I'd like to order a drink.",
    ]
    offered = [each["value"]["input"] for each in DISAMBIGUATION["suggestions"]]
    assert watson.given[1:] == [offered[1], offered[0]]


def test_a_choice_is_watsons_own_and_nothing_is_masked_in_it() -> None:
    given = {"message_type": "text", "text": "the one of 2026-11-28 12:00"}
    option = {"label": "Yesterday's", "value": {"input": given}}

    ((yesterdays,),) = (
        reply.options
        for reply in replies_in({"output": {"generic": [{"response_type": "option", "options": [option]}]}})
    )

    assert json.loads(yesterdays.back) == given


@pytest.mark.parametrize("given", [None, "text", {}, {"message_type": "text", "text": "bill"}])
def test_what_is_no_more_than_its_text_is_sent_as_its_text(given: object) -> None:
    generic = {"response_type": "option", "options": [{"label": "bill", "value": {"input": given}}]}

    (reply,) = replies_in({"output": {"generic": [generic]}})

    assert reply.options == (Option("bill", "bill"),)


async def test_an_expired_session_is_renewed_once(assistant: WatsonAssistant, watson: Watson) -> None:
    before = await assistant.answer("one", TOLD)
    watson.expire()

    after = await assistant.answer("two", before.conversation)

    assert after.conversation != before.conversation
    assert (watson.heard, watson.made) == (["one", "two"], 2)
    watson.next = [404, None, 404]
    with pytest.raises(AssistantFailed):
        await assistant.answer("three", after.conversation)
    assert (watson.made, len(watson.heard)) == (3, 2)


@pytest.mark.parametrize(
    "trouble",
    [
        429,
        500,
        503,
        "<html>",
        "[]",
        "{}",
        "null",
        '{"output": 1}',
        '{"output": {"generic": []}}',
        '{"session_id": 1}',
    ],
)
async def test_whatever_is_wrong_is_one_failure(
    assistant: WatsonAssistant, watson: Watson, trouble: object
) -> None:
    watson.always = trouble

    with pytest.raises(AssistantFailed):
        await assistant.answer("hello", TOLD)
    watson.always = None
    assert (await assistant.answer("hello", TOLD)).replies


async def test_a_token_that_is_good_no_more_is_not_held_on_to(
    assistant: WatsonAssistant, watson: Watson
) -> None:
    first = await assistant.answer("hello", TOLD)
    watson.tokens.clear()

    with pytest.raises(AssistantFailed, match="401"):
        await assistant.answer("and now", first.conversation)
    said = await assistant.answer("and then", first.conversation)

    assert [reply.text for reply in said.replies] == ["You said and then"]


async def test_while_a_token_is_good_nobody_needs_another(assistant: WatsonAssistant, watson: Watson) -> None:
    watson.token_age = 3_000  # of 3,600 seconds: it is time to ask for the next one
    watson.iam_next = [None, 500]

    said = await assistant.answer("hello", TOLD)

    assert [reply.text for reply in said.replies] == ["You said hello"]
    assert not assistant.away


async def test_a_failed_token_does_not_stall_the_next_one(assistant: WatsonAssistant, watson: Watson) -> None:
    watson.iam_next = [500]
    with pytest.raises(AssistantFailed):
        await assistant.answer("hello", TOLD)

    assert (
        await assistant.answer("hello", TOLD)
    ).replies  # within the deadline, where the SDK would sleep a minute


async def test_who_hangs_is_left_and_never_keeps_more_than_ten_threads(watson: Watson) -> None:
    assistant = watson.assistant(deadline=0.2)
    watson.always = "hang"

    asked = [asyncio.create_task(assistant.answer("hello", TOLD)) for _ in range(3 * THREADS)]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)

    assert all(isinstance(outcome, AssistantFailed) for outcome in outcomes)
    assert sum("too many" in str(outcome) for outcome in outcomes) == 2 * THREADS
    assert assistant.away
    assert sum(thread.name.startswith("watson") for thread in threading.enumerate()) <= THREADS
    watson.released.set()
    await until(lambda: assistant._busy == 0)
    await assistant.close()


@pytest.mark.parametrize("where", ["answer", "token"])
async def test_who_drips_is_left_and_keeps_no_thread(
    watson: Watson, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, drip = watson_line.ANSWERING, Watson._drip

    async def dripping(self: Watson, request: web.Request) -> web.StreamResponse:
        monkeypatch.setattr(watson_line, "ANSWERING", 0.3)  # for this answer alone
        return await drip(self, request)

    monkeypatch.setattr(Watson, "_drip", dripping)
    assistant = watson.assistant()
    watson.next, watson.iam_next = (["drip"], []) if where == "answer" else ([], ["drip"])

    with pytest.raises(AssistantFailed):
        await assistant.answer("hello", TOLD)
    monkeypatch.setattr(watson_line, "ANSWERING", usual)

    await until(lambda: assistant._busy == 0, within=10)
    assert not watson.released.is_set()
    assert (await assistant.answer("hello", TOLD)).replies
    await assistant.close()


async def test_nobodys_words_follow_a_redirect(watson: Watson) -> None:
    assistant = watson.assistant()
    assert (await assistant.answer("hello", TOLD)).replies
    watson.heard.clear()
    watson.next = [
        web.HTTPTemporaryRedirect(f"{PATH}/sessions/{next(iter(watson.sessions))}/message?version=1")
    ]

    with pytest.raises(AssistantFailed, match="307"):
        await assistant.answer("once more", TOLD)

    assert watson.heard == []
    await assistant.close()


async def test_after_some_failures_nobody_tries_for_a_while(watson: Watson) -> None:
    time = 0.0
    assistant = watson.assistant(clock=lambda: time)
    watson.always = 500
    for _ in range(FAILURES):
        assert not assistant.away
        with pytest.raises(AssistantFailed, match="500"):
            await assistant.answer("hello", TOLD)
    watson.always = None

    assert assistant.away
    with pytest.raises(AssistantFailed, match="a moment ago"):
        await assistant.answer("hello", TOLD)
    time = PAUSE

    assert not assistant.away
    assert (await assistant.answer("hello", TOLD)).replies
    await assistant.close()


@pytest.mark.parametrize(
    "trouble",
    [400, 404, "<html>", "{", "[]", '{"output": {"generic": [{"response_type": "date", "title": "When?"}]}}'],
)
async def test_what_somebody_brings_about_is_nobody_elses_failure(
    assistant: WatsonAssistant, watson: Watson, trouble: object
) -> None:
    session = (await assistant.answer("hello", TOLD)).conversation
    for _ in range(FAILURES + 1):
        watson.next = [trouble] if trouble != 404 else [404, 404]
        with pytest.raises(AssistantFailed):
            await assistant.answer("book a date", session)

    assert not assistant.away
    assert (await assistant.answer("hello", TOLD)).replies


async def test_a_conversation_that_was_made_up_is_nobody_elses_failure(
    assistant: WatsonAssistant, watson: Watson
) -> None:
    for number in range(FAILURES + 1):
        watson.next = [None, None, 400]
        with pytest.raises(AssistantFailed):
            await assistant.answer("hello", f"made-up-{number}")

    assert not assistant.away
    assert (await assistant.answer("hello", TOLD)).replies


@pytest.mark.parametrize("trouble", [401, 403, 429, 500, 503, "no token", "unreachable", "hang"])
async def test_what_would_fail_for_anybody_does_count(watson: Watson, trouble: object) -> None:
    assistant = watson.assistant(deadline=0.2 if trouble == "hang" else 5.0)
    watson.always = None if trouble in ("no token", "unreachable") else trouble
    if trouble == "no token":
        watson.iam_next = [400] * FAILURES
    elif trouble == "unreachable":
        await assistant.answer("hello", TOLD)  # with a token
        assistant._client.set_service_url("http://127.0.0.1:9")
    for _ in range(FAILURES):
        with pytest.raises(AssistantFailed):
            await assistant.answer("hello", TOLD)

    assert assistant.away
    watson.released.set()
    await assistant.close()


async def test_who_finds_it_back_finds_it_for_all(watson: Watson) -> None:
    time = 0.0
    assistant = watson.assistant(clock=lambda: time)
    watson.always = 500
    for _ in range(FAILURES):
        with pytest.raises(AssistantFailed):
            await assistant.answer("hello", TOLD)
    watson.always = None
    time = PAUSE
    watson.next = [None, "[]"]
    with pytest.raises(AssistantFailed, match="another form"):
        await assistant.answer("hello", TOLD)

    assert not assistant.away
    assert (await assistant.answer("hello", TOLD)).replies
    await assistant.close()


async def test_addresses_and_numbers_stay_here(assistant: WatsonAssistant, watson: Watson) -> None:
    await assistant.answer(
        "I am carla@example.org, +49 30 123456, card 4111 1111 1111 1111, code 123456.", TOLD
    )

    assert watson.heard == ["I am [e-mail], [number], card [number], code [number]."]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("ticket 12345", "ticket 12345"),
        ("(030) 12 34 56", "[number]"),
        ("call 0151-2345678 now", "call [number] now"),
        ("a.b+c@mail.example.co.uk!", "[e-mail]"),
        ("at 10:30 on 22.11.", "at 10:30 on 22.11."),
        ("DE89 3704 0044 0532 0130 00", "DE[number]"),
        ("٠١٢٣٤٥٦٧٨٩", "[number]"),
    ],
)
def test_what_is_masked(text: str, left: str) -> None:
    assert masked(text) == left


@pytest.mark.parametrize(
    "generic",
    [
        [1, None, "x", {}],
        [{"response_type": "text"}],
        [{"response_type": ["text"], "text": "x"}],
        [{"response_type": "option", "options": "x"}],
        [{"response_type": "option", "options": [{"label": 1}]}],
        [{"response_type": "pause", "time": "x"}],
        [{"response_type": "image", "source": 1}],
        [{"response_type": "user_defined", "user_defined": {"html": "<b>"}}],
    ],
)
def test_garbage_is_left_out(generic: object) -> None:
    with pytest.raises(AssistantFailed):
        replies_in(json.loads(json.dumps({"output": {"generic": generic}})))


def test_what_is_sound_beside_garbage_is_shown() -> None:
    options = ["x", None, {"label": " "}, {"label": "Yes"}, *[{"label": f"No {n}"} for n in range(30)]]
    generic = [
        None,
        {"response_type": "option", "options": options},
        {"response_type": "pause", "time": True},
        {"response_type": "image", "source": "https:///x", "alt_text": "A kettle"},
    ]

    choice, picture = replies_in(json.loads(json.dumps({"output": {"generic": generic}})))

    assert choice.options[0] == Option("Yes", "Yes")
    assert len(options[:MOST]) - 3 == len(choice.options)
    assert (picture.type, picture.text) == ("text", "A kettle")


def test_nobody_is_kept_waiting_for_long() -> None:
    generic = [{"response_type": "pause", "time": 600_000}, {"response_type": "text", "text": "Done."}]

    pause, _ = replies_in({"output": {"generic": generic}})

    assert pause.milliseconds == LONGEST_PAUSE


@pytest.mark.parametrize(
    ("given", "title", "text"),
    [
        ({"title": "Map", "description": "Of the town"}, "Map", "Of the town"),
        ({"description": "Of the town"}, "Open it", "Of the town"),
        ({"alt_text": "A map"}, "A map", ""),
        ({}, "Open it", ""),
    ],
)
def test_a_picture_is_offered_with_all_that_is_said_of_it(
    given: dict[str, str], title: str, text: str
) -> None:
    part = {"response_type": "image", "source": "https://pictures.example/map.png"} | given

    (reply,) = replies_in({"output": {"generic": [part]}})

    assert (reply.type, reply.title, reply.text) == ("link", title, text)


def test_a_question_is_asked_in_all_its_words() -> None:
    part = OPTION | {"title": "Delivery", "description": "Which day suits you?"}

    (reply,) = replies_in({"output": {"generic": [part]}})

    assert reply.text == "Delivery\nWhich day suits you?"


def test_another_channel_has_one_thing_to_say_of_it() -> None:
    part = {"response_type": "channel_transfer", "message_to_user": "Write to us.", "transfer_info": {}}

    (reply,) = replies_in({"output": {"generic": [part]}})

    assert (reply.type, reply.text, reply.away) == ("person", "Write to us.", "Write to us.")
