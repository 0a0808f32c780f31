"""Public questions: handed in by their author, let in by staff, answered, voted for, marked, hidden and taken back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ccr.adapters.assistant_embedded import EmbeddedAssistant
from ccr.desk.notices import Kind
from ccr.desk.people import Person
from ccr.desk.refusals import Code, Refusal
from ccr.services.community import MOST_ANSWERS, PAGE
from tests.desk_house import Desk, open_desk
from tests.office import Office

WORDS = {"title": "How do I get rid of limescale?", "body": "My kettle is full of it."}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as opened:
        yield opened


async def refused(code: Code, wanted: object) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        await wanted  # type: ignore[misc]
    assert refusal.value.code is code, refusal.value.message
    return refusal.value


async def closed(desk: Desk, key: str = "one", **fields: Any) -> int:
    """A ticket of Carla's that Amir had, and that is settled."""
    opened = await desk.do(
        desk.carla, None, f"carla-opens-{key}", "open_ticket", **({"query": "Limescale"} | fields)
    )
    await desk.do(desk.ada, opened.ticket, f"ada-assigns-{key}", "assign_agent", agent=desk.amir.id)
    await desk.do(desk.carla, opened.ticket, f"carla-closes-{key}", "close_ticket")
    return opened.ticket


async def handed_in(desk: Desk, key: str = "one", **words: Any) -> int:
    """Carla's question, which nobody has looked at."""
    ticket = await closed(desk, key)
    return await desk.house.community.hand_in(desk.carla, ticket, WORDS | {"key": f"hand-in-{key}"} | words)


async def public(desk: Desk, key: str = "one", **words: Any) -> int:
    """The same, let in by Amir."""
    question = await handed_in(desk, key, **words)
    await decide(desk, "approve", question, key=f"approve-{key}")
    return question


async def seen(desk: Desk, question: int) -> dict[str, Any]:
    """As Amir sees it."""
    found: dict[str, Any] = (await desk.house.community.question(desk.amir, question))["question"]
    return found


async def decide(
    desk: Desk, what: str, question: int, *ids: int, who: Person | None = None, key: str = "", **fields: Any
) -> None:
    """Something that staff do, about the question as it is."""
    revision = (await seen(desk, question))["revision"]
    given = {"key": key or f"staff-{what}-{question}", "seen": revision} | fields
    await getattr(desk.house.moderation, what)(who or desk.amir, question, *ids, given)


async def answered(
    desk: Desk, question: int, body: str = "Vinegar, boiled.", who: Person | None = None
) -> int:
    """An answer of Omar's."""
    key = f"answer-{len(body)}-{(who or desk.omar).id}"
    return await desk.house.community.answer(who or desk.omar, question, {"key": key, "body": body})


async def test_a_draft_has_the_tickets_words_without_addresses_and_numbers(desk: Desk) -> None:
    ticket = await closed(desk, query="Invoice 4711 4711", details="Write to me@example.org, +49 30 123456")

    draft = await desk.house.community.draft(desk.carla, ticket)

    assert (draft["title"], draft["body"]) == ("Invoice [number]", "Write to [e-mail], [number]")
    assert (draft["name"], draft["seen"], draft["state"]) == ("Carla C.", 0, None)


async def test_only_its_customer_publishes_and_only_what_is_closed(desk: Desk) -> None:
    ticket = await closed(desk)
    still_open = await desk.open()
    community = desk.house.community

    for person in (desk.omar, desk.amir, desk.ada):
        await refused(Code.NOT_FOUND, community.draft(person, ticket))
        await refused(Code.NOT_FOUND, community.hand_in(person, ticket, WORDS | {"key": "a-key-of-mine"}))
    await refused(Code.CONFLICT, community.draft(desk.carla, still_open))
    await refused(Code.CONFLICT, community.hand_in(desk.carla, still_open, WORDS | {"key": "a-key-of-mine"}))
    faults = await refused(
        Code.INVALID, community.hand_in(desk.carla, ticket, {"key": "x", "title": "a\nb", "body": " "})
    )
    assert faults.fields.keys() == {"key", "title", "body"}
    assert await desk.house.rows("SELECT id FROM questions") == []


async def test_what_nobody_has_looked_at_is_its_authors_and_staffs_alone(desk: Desk) -> None:
    question = await handed_in(desk)
    community = desk.house.community

    for stranger in (None, desk.omar):
        await refused(Code.NOT_FOUND, community.question(stranger, question))
        assert (await community.page(stranger))["questions"] == []
    shown = (await community.question(desk.carla, question))["question"]
    assert (shown["state"], shown["ticket"]) == ("waiting", 1)
    assert [one["id"] for one in await desk.house.moderation.waiting(desk.bea)] == [question]
    await refused(Code.FORBIDDEN, desk.house.moderation.waiting(desk.omar))
    assert "question_waiting" in await desk.house.owed()


async def test_a_question_that_was_nobodys_is_every_admins_to_look_at(desk: Desk) -> None:
    opened = await desk.do(desk.carla, None, "carla-opens-it", "open_ticket", query="Limescale")
    await desk.do(desk.carla, opened.ticket, "carla-settles-it", "close_ticket")
    community = desk.house.community
    await community.hand_in(desk.carla, opened.ticket, WORDS | {"key": "hand-in-first"})
    seen = (await community.draft(desk.carla, opened.ticket))["seen"]
    await community.hand_in(desk.carla, opened.ticket, WORDS | {"key": "hand-in-again", "seen": seen})

    assert await asked_to_look(desk) == ["ada@example.org"]


async def test_so_is_one_whose_agent_has_left(desk: Desk) -> None:
    ticket = await closed(desk)
    await desk.house.staff.change(desk.ada, desk.amir.id, {"active": False})
    await desk.house.community.hand_in(desk.carla, ticket, WORDS | {"key": "hand-in-late"})

    assert await asked_to_look(desk) == ["ada@example.org"]


async def test_else_it_is_for_the_agent_who_had_the_ticket_and_once(desk: Desk) -> None:
    await handed_in(desk)
    assert await asked_to_look(desk) == ["amir@example.org"]
    draft = await desk.house.community.draft(desk.carla, 1)
    again = WORDS | {"key": "hand-in-again", "seen": draft["seen"]}
    await desk.house.community.hand_in(desk.carla, 1, again)

    assert await asked_to_look(desk) == []


async def asked_to_look(desk: Desk) -> list[str]:
    """Who is mailed now that a question waits."""
    office = Office(desk.house)
    for _ in range(2):  # spread first, then carried
        await office.postman.drain_once()
    return [mail.to for mail in office.box.mails if mail.kind == Kind.QUESTION_WAITING]


async def test_once_let_in_everybody_reads_it_and_its_author_hears_of_it(desk: Desk) -> None:
    question = await public(desk)

    for reader in (None, desk.omar):
        shown = (await desk.house.community.question(reader, question))["question"]
        assert (shown["title"], shown["name"], shown["state"]) == (WORDS["title"], "Carla C.", "public")
        assert not {"ticket", "revision", "reason"} & shown.keys()
        assert [one["id"] for one in (await desk.house.community.page(reader))["questions"]] == [question]
    assert await desk.house.moderation.waiting(desk.amir) == []
    to = "SELECT person_id FROM outbox WHERE kind = 'question_public'"
    assert await desk.house.rows(to) == [(desk.carla.id,)]


async def test_a_second_decision_says_that_somebody_was_quicker(desk: Desk) -> None:
    question = await handed_in(desk)
    revision = (await seen(desk, question))["revision"]
    moderation = desk.house.moderation
    await moderation.approve(desk.amir, question, {"key": "amirs-key", "seen": revision})

    late = await refused(
        Code.CONFLICT, moderation.approve(desk.bea, question, {"key": "beas-key-1", "seen": revision})
    )
    assert "public already" in late.message
    await refused(
        Code.CONFLICT,
        moderation.decline(desk.bea, question, {"key": "beas-key-2", "seen": revision, "reason": "No"}),
    )
    assert (await desk.house.owed()).count("question_public") == 1


async def test_what_changed_since_it_was_read_is_not_let_in(desk: Desk) -> None:
    question = await handed_in(desk)
    before = await seen(desk, question)
    draft = await desk.house.community.draft(desk.carla, 1)
    changed = {"title": "Other words", "body": "And others", "key": "hand-in-again", "seen": draft["seen"]}
    assert await desk.house.community.hand_in(desk.carla, 1, changed) == question

    given = {"key": "amirs-key", "seen": before["revision"]}
    late = await refused(Code.CONFLICT, desk.house.moderation.approve(desk.amir, question, given))

    assert "changed the text" in late.message
    stale = changed | {"key": "hand-in-third"}
    await refused(Code.CONFLICT, desk.house.community.hand_in(desk.carla, 1, stale))
    assert (await seen(desk, question))["title"] == "Other words"


async def test_what_is_declined_may_be_changed_and_handed_in_again(desk: Desk) -> None:
    question = await handed_in(desk)
    assert await asked_to_look(desk) == ["amir@example.org"]
    await decide(desk, "decline", question, reason="There is a name in it.")

    draft = await desk.house.community.draft(desk.carla, 1)
    assert (draft["state"], draft["reason"]) == ("declined", "There is a name in it.")
    await refused(Code.NOT_FOUND, desk.house.community.question(desk.omar, question))
    again = WORDS | {"key": "hand-in-again", "seen": draft["seen"]}
    assert await desk.house.community.hand_in(desk.carla, 1, again) == question

    shown = (await desk.house.community.question(desk.carla, question))["question"]
    assert (shown["state"], shown["reason"]) == ("waiting", None)
    assert await asked_to_look(desk) == ["amir@example.org"]
    await decide(desk, "approve", question)
    draft = await desk.house.community.draft(desk.carla, 1)
    third = again | {"key": "hand-in-third", "seen": draft["seen"]}
    late = await refused(Code.CONFLICT, desk.house.community.hand_in(desk.carla, 1, third))
    assert "public already" in late.message


async def test_the_same_key_does_nothing_twice(desk: Desk) -> None:
    ticket = await closed(desk)
    community = desk.house.community
    given = WORDS | {"key": "hand-in-once"}

    first, second = await asyncio.gather(*(community.hand_in(desk.carla, ticket, given) for _ in range(2)))
    assert first == second
    await decide(desk, "approve", first)
    assert await community.hand_in(desk.carla, ticket, given) == first  # the first answer, for ever
    await refused(Code.CONFLICT, community.hand_in(desk.carla, ticket, given | {"body": "Something else"}))
    answers = [
        await community.answer(desk.omar, first, {"key": "answer-once", "body": "Vinegar"}) for _ in "ab"
    ]
    assert answers[0] == answers[1]
    assert len(await desk.house.rows("SELECT id FROM public_answers")) == 1
    assert [row[0] for row in await desk.house.rows("SELECT deed FROM question_deeds ORDER BY id")] == [
        "hand_in",
        "approve",
        "answer",
    ]


async def test_answers_stand_by_what_is_accepted_then_by_votes(desk: Desk) -> None:
    question = await public(desk)
    community = desk.house.community
    first = await answered(desk, question, "Vinegar")
    second = await answered(desk, question, "Lemons, of course")
    staffs = await answered(desk, question, "We sell tablets", desk.bea)
    await community.vote(desk.carla, question, second, on=True)
    await community.vote(desk.carla, question, second, on=True)

    async def order(viewer: Person | None) -> list[tuple[int, int, bool]]:
        found = (await community.question(viewer, question))["answers"]
        return [(answer["id"], answer["votes"], answer["accepted"]) for answer in found]

    assert await order(None) == [(second, 1, False), (first, 0, False), (staffs, 0, False)]
    await decide(desk, "accept", question, first)
    assert await order(desk.omar) == [(first, 0, True), (second, 1, False), (staffs, 0, False)]
    await community.vote(desk.carla, question, second, on=False)
    await decide(desk, "accept", question, staffs, key="accept-other")
    assert await order(desk.omar) == [(staffs, 0, True), (first, 0, False), (second, 0, False)]
    shown = (await community.question(None, question))["answers"][0]
    assert (shown["name"], shown["staff"]) == ("Bea B.", True)


async def test_nobody_votes_for_themselves_and_staff_not_at_all(desk: Desk) -> None:
    question = await public(desk)
    answer = await answered(desk, question)
    vote = desk.house.community.vote

    await refused(Code.FORBIDDEN, vote(desk.omar, question, answer, on=True))
    await refused(Code.FORBIDDEN, vote(desk.amir, question, answer, on=True))
    await refused(Code.NOT_FOUND, vote(desk.carla, question, answer + 1, on=True))
    await refused(Code.NOT_FOUND, vote(desk.carla, question + 1, answer, on=True))
    assert await desk.house.rows("SELECT answer_id FROM answer_votes") == []


async def test_what_is_hidden_is_seen_by_its_author_and_staff_and_can_be_shown_again(desk: Desk) -> None:
    question = await public(desk)
    answer = await answered(desk, question)
    await decide(desk, "accept", question, answer)
    moderation, community = desk.house.moderation, desk.house.community

    await moderation.turn_answer(desk.ada, question, answer, {"key": "ada-hides"}, hide=True)
    for reader, sees in ((None, False), (desk.carla, False), (desk.omar, True), (desk.bea, True)):
        shown = (await community.question(reader, question))["answers"]
        assert [one["hidden"] for one in shown] == [True] * sees
    assert not (await seen(desk, question))["accepted"]
    await refused(Code.NOT_FOUND, community.vote(desk.carla, question, answer, on=True))
    await refused(
        Code.CONFLICT, moderation.turn_answer(desk.bea, question, answer, {"key": "bea-hides"}, hide=True)
    )
    await refused(Code.CONFLICT, decide(desk, "accept", question, answer, key="accept-again"))
    assert (await community.page(None))["questions"][0]["answers"] == 0
    await moderation.turn_answer(desk.ada, question, answer, {"key": "ada-shows"}, hide=False)
    assert [one["body"] for one in (await community.question(None, question))["answers"]] == [
        "Vinegar, boiled."
    ]
    assert (await community.page(None))["questions"][0]["answers"] == 1

    await decide(desk, "hide", question, reason="A name in it after all")
    for stranger in (None, desk.omar):
        await refused(Code.NOT_FOUND, community.question(stranger, question))
        assert (await community.page(stranger))["questions"] == []
    assert (await community.question(desk.carla, question))["question"]["reason"] == "A name in it after all"
    assert [one["state"] for one in (await community.page(desk.bea))["questions"]] == ["hidden"]
    await refused(
        Code.CONFLICT, community.answer(desk.carla, question, {"key": "carla-answers", "body": "Hm"})
    )
    assert not (await community.question(desk.carla, question))["answers"][0]["may_vote"]
    await decide(desk, "show", question)
    assert len((await community.page(None))["questions"]) == 1
    assert (await community.question(desk.carla, question))["question"]["reason"] is None
    assert (await community.question(desk.carla, question))["answers"][0]["may_vote"]


async def test_customers_decide_nothing(desk: Desk) -> None:
    question = await public(desk)
    answer = await answered(desk, question)

    for what, ids in (("approve", ()), ("hide", ()), ("accept", (answer,))):
        with pytest.raises(Refusal) as refusal:
            await decide(
                desk, what, question, *ids, who=desk.carla, **({"reason": "x"} if what == "hide" else {})
            )
        assert refusal.value.code is Code.FORBIDDEN
    for customer in (desk.carla, desk.omar):
        turned = desk.house.moderation.turn_answer(
            customer, question, answer, {"key": "customers-turn"}, hide=True
        )
        await refused(Code.FORBIDDEN, turned)
    assert [one["hidden"] for one in (await desk.house.community.question(None, question))["answers"]] == [
        False
    ]


async def test_authors_take_their_words_back(desk: Desk) -> None:
    question = await public(desk)
    answer = await answered(desk, question)
    await decide(desk, "accept", question, answer)
    community = desk.house.community

    await refused(
        Code.NOT_FOUND, community.withdraw_answer(desk.carla, question, answer, {"key": "not-hers"})
    )
    await community.withdraw_answer(desk.omar, question, answer, {"key": "omar-takes"})
    await refused(
        Code.NOT_FOUND, community.withdraw_answer(desk.omar, question, answer, {"key": "omar-takes-again"})
    )
    assert (await community.question(desk.amir, question))["answers"] == []
    assert not (await seen(desk, question))["accepted"]
    await refused(Code.NOT_FOUND, community.withdraw(desk.omar, question, {"key": "not-his-own"}))
    await community.withdraw(desk.carla, question, {"key": "carla-takes"})
    await refused(Code.CONFLICT, community.withdraw(desk.carla, question, {"key": "carla-takes-again"}))

    for other in (None, desk.omar, desk.amir):
        await refused(Code.NOT_FOUND, community.question(other, question))
    assert await desk.house.rows("SELECT title, body FROM questions") == [("", "")]
    assert await desk.house.rows("SELECT body FROM public_answers") == [("",)]
    draft = await community.draft(desk.carla, 1)
    assert draft["title"] == "Limescale"  # and may be published after all


async def test_what_is_done_to_one_is_done_to_no_other(desk: Desk) -> None:
    first, second = await public(desk, "one"), await public(desk, "two")
    gone, hidden = await answered(desk, first), await answered(desk, second, "Lemons.")
    stays = await answered(desk, second, "Citric acid.")
    moderation, community = desk.house.moderation, desk.house.community

    await moderation.turn_answer(desk.ada, second, hidden, {"key": "ada-hides"}, hide=True)
    await community.withdraw(desk.carla, first, {"key": "carla-takes"})
    [(ticket,)] = await desk.house.rows("SELECT ticket_id FROM questions WHERE id = ?", first)
    draft = await community.draft(desk.carla, ticket)
    await community.hand_in(desk.carla, ticket, WORDS | {"key": "hand-in-anew", "seen": draft["seen"]})

    shown = (await community.question(None, second))["answers"]
    assert [(one["id"], one["body"]) for one in shown] == [(stays, "Citric acid.")]
    assert await desk.house.rows("SELECT id, body FROM public_answers ORDER BY id") == [
        (gone, ""),
        (hidden, "Lemons."),
        (stays, "Citric acid."),
    ]


async def test_answers_never_stand_below_words_that_they_do_not_answer(desk: Desk) -> None:
    question = await public(desk)
    accepted, hidden = await answered(desk, question), await answered(desk, question, "Call me, I come over.")
    await desk.house.community.vote(desk.carla, question, accepted, on=True)
    await decide(desk, "accept", question, accepted)
    moderation, community = desk.house.moderation, desk.house.community
    await moderation.turn_answer(desk.ada, question, hidden, {"key": "ada-hides"}, hide=True)
    await community.withdraw(desk.carla, question, {"key": "carla-takes"})
    assert (await community.question(desk.carla, question))["answers"] == []

    seen = (await community.draft(desk.carla, 1))["seen"]
    other = {"title": "May I pour bleach and vinegar together?", "body": "Is it safe?"}
    await community.hand_in(desk.carla, 1, other | {"key": "hand-in-again", "seen": seen})
    await decide(desk, "approve", question, key="approve-again")

    for reader in (None, desk.carla, desk.omar, desk.amir):
        found = await community.question(reader, question)
        assert (found["question"]["title"], found["question"]["answers"]) == (other["title"], 0)
        assert (found["question"]["accepted"], found["answers"]) == (False, [])
    assert not (await desk.house.help_centre.search("bleach and vinegar together"))["sure"]
    await refused(
        Code.NOT_FOUND, moderation.turn_answer(desk.ada, question, hidden, {"key": "ada-shows"}, hide=False)
    )
    await answered(desk, question, "Never!")
    assert [one["body"] for one in (await community.question(None, question))["answers"]] == ["Never!"]


async def test_what_no_longer_stands_takes_no_room(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccr.services.community.MOST_ANSWERS", 1)
    question = await public(desk)
    answer = await answered(desk, question)
    await desk.house.community.withdraw_answer(desk.omar, question, answer, {"key": "omar-takes"})

    await answered(desk, question, "Lemons")


async def test_what_is_hidden_is_not_found_even_where_it_is_marked_as_accepted(desk: Desk) -> None:
    question = await public(desk)
    answer = await answered(desk, question, "Call Omar Khan, 12 High Street.")
    await decide(desk, "accept", question, answer)
    await desk.house.database.write(
        lambda c: c.run("UPDATE public_answers SET state = 'hidden' WHERE id = ?", answer)
    )

    found = await desk.house.help_centre.search("limescale in a kettle")

    assert (found["sure"], found["articles"][0]["summary"]) == (False, WORDS["body"])


async def test_pages_follow_each_other_without_a_gap(desk: Desk) -> None:
    made = []
    for number in range(PAGE + 2):
        if number != 2:  # two of one moment
            desk.house.later()
        made.append(await public(desk, f"key-{number:02}"))
    community = desk.house.community

    first = await community.page(None)
    second = await community.page(None, first["cursor"])

    assert [one["id"] for one in first["questions"] + second["questions"]] == made[::-1]
    assert second["cursor"] is None
    await refused(Code.INVALID, community.page(None, "1; DROP"))


async def test_who_asked_is_told_apart_among_those_who_answer(desk: Desk) -> None:
    question = await public(desk)
    for who in (desk.omar, desk.carla, desk.amir):
        await answered(desk, question, "Lemons.", who)

    answers = (await desk.house.community.question(None, question))["answers"]
    assert [(one["asker"], one["staff"]) for one in answers] == [
        (False, False),
        (True, False),
        (False, True),
    ]


async def test_many_answers_come_in_pages_and_end_somewhere(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccr.services.community.PAGE", 2)
    monkeypatch.setattr("ccr.services.community.MOST_ANSWERS", 3)
    assert MOST_ANSWERS > PAGE
    question = await public(desk)
    for body in ("a", "bb", "ccc"):
        await answered(desk, question, body)

    await refused(
        Code.CONFLICT, desk.house.community.answer(desk.omar, question, {"key": "one-too-many", "body": "d"})
    )
    await answered(desk, await public(desk, "two"), "of another question")
    first = await desk.house.community.question(None, question)
    assert [one["body"] for one in first["answers"]] == ["a", "bb"]
    found = await desk.house.community.question(None, question, 2)
    assert ([one["body"] for one in found["answers"]], found["pages"]) == (["ccc"], 2)
    assert (await desk.house.community.question(None, question, 99))["page"] == 2


async def test_who_deletes_their_account_is_a_deleted_customer(desk: Desk) -> None:
    question = await public(desk)
    waits = await handed_in(desk, "two")
    await answered(desk, question)
    for login in ("carla@example.org", "omar@example.org"):
        await desk.house.accounts.delete(await desk.house.identity(login))

    shown = await desk.house.community.question(None, question)

    assert shown["question"]["name"] == shown["answers"][0]["name"] == "deleted customer"
    assert await desk.house.moderation.waiting(desk.amir) == []
    assert await desk.house.rows("SELECT body FROM questions WHERE id = ?", waits) == [("",)]


async def test_everybody_takes_along_what_they_said_in_public(desk: Desk) -> None:
    question = await public(desk)
    answer = await answered(desk, question)
    await desk.house.community.vote(desk.carla, question, answer, on=True)

    carlas = (await desk.house.export(desk.carla))["public"]
    omars = (await desk.house.export(desk.omar))["public"]

    assert [one["title"] for one in carlas["questions"]] == [WORDS["title"]]
    assert [(vote["question"], vote["answer"]) for vote in carlas["votes"]] == [(question, answer)]
    assert [one["body"] for one in omars["answers"]] == ["Vinegar, boiled."]
    assert (omars["questions"], carlas["answers"], omars["votes"]) == ([], [], [])
    assert [deed["deed"] for deed in carlas["deeds"]] == ["hand_in"]


async def test_the_help_finds_what_is_public_and_is_sure_of_what_is_accepted(desk: Desk) -> None:
    question = await handed_in(desk)
    search = desk.house.help_centre.search
    assert (await search("limescale in a kettle"))["articles"] == []

    await decide(desk, "approve", question)
    found = await search("limescale in a kettle")
    assert (found["sure"], found["articles"][0]["url"]) == (False, f"/help/questions/{question}")
    answer = await answered(desk, question)
    await decide(desk, "accept", question, answer)
    found = await search("limescale in a kettle")
    assert (found["sure"], found["articles"][0]["summary"]) == (True, "Vinegar, boiled.")
    said = await EmbeddedAssistant(search).answer("limescale in a kettle", "")
    assert "A customer asked the like" in said.replies[0].text
    assert said.replies[1].url == f"/help/questions/{question}"
    await desk.house.moderation.turn_answer(desk.ada, question, answer, {"key": "ada-hides"}, hide=True)
    assert not (await search("limescale in a kettle"))["sure"]
    await decide(desk, "hide", question, reason="No")

    assert (await search("limescale in a kettle"))["articles"] == []


async def test_what_customers_ask_changes_nothing_about_how_articles_are_found(desk: Desk) -> None:
    article = {
        "title": "Descaling a kettle",
        "category": "Kettles",
        "summary": "Boil vinegar.",
        "body": "As it says.",
        "words": "limescale",
        "published": "yes",
    }
    slug = await desk.house.help_centre.write(desk.amir, article)

    async def as_found() -> dict[str, Any]:
        found = (await desk.house.help_centre.search("limescale in a kettle"))["articles"]
        [one] = [one for one in found if one["url"] == f"/help/{slug}"]
        return dict(one)

    before = await as_found()
    question = await public(desk)
    assert await as_found() == before
    found = (await desk.house.help_centre.search("limescale in a kettle"))["articles"]
    assert [one["url"] for one in found] == [f"/help/{slug}", f"/help/questions/{question}"]
    said = await EmbeddedAssistant(desk.house.help_centre.search).answer("limescale in a kettle", "")
    assert said.replies[0].text == "Boil vinegar."
