"""The help centre: what staff write, what is found of it, and what is not known."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from lunr.stop_word_filter import WORDS

from ccr import package_files
from ccr.adapters.search_lunr import IN_PASSING, MOST_MISTYPED, LunrShelf
from ccr.desk.refusals import Code, Refusal
from ccr.ports import Paper
from ccr.services.help_centre import HelpCentre, shipped
from ccr.services.help_papers import of_article
from tests.accounts_house import SECRET, House, open_house

ARTICLE = {
    "title": "Returning a kettle",
    "category": "Kettles",
    "summary": "Send it back within 14 days.",
    "body": "Put it into a *box*.",
    "words": "send back, refund",
}


KETTLE = Paper(ref="kettle", title="The thermostat of a kettle", words="", summary="", body="")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


async def ship(house: House) -> None:
    await house.help_centre.ship(shipped(*each) for each in package_files.shipped_articles().items())


async def refused(code: Code, wanted: object) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        await wanted  # type: ignore[misc]
    assert refusal.value.code is code
    return refusal.value


async def test_a_question_finds_its_article_with_a_letter_wrong_too(house: House) -> None:
    await ship(house)

    for question in ("I forgot my password", "forgoten my pasword"):
        found = await house.help_centre.search(question)
        assert found["sure"]
        assert found["articles"][0]["slug"] == "forgotten-password"
        assert found["articles"][0]["url"] == "/help/forgotten-password"


@pytest.mark.parametrize(
    ("question", "slug"),
    [("How do I create an acount?", "register"), ("How long do you keep my data?", "your-data")],
)
async def test_what_newcomers_ask_is_answered_for_sure(house: House, question: str, slug: str) -> None:
    await ship(house)

    found = await house.help_centre.search(question)

    assert (found["sure"], found["articles"][0]["slug"]) == (True, slug)


async def test_to_take_something_back_is_not_to_be_back(house: House) -> None:
    await ship(house)

    for question in ("Can I take back a message I sent?", "I sent a message, can I take my words back?"):
        best, *others = (await house.help_centre.search(question))["articles"]
        assert (best["slug"], best["clear"]) == ("take-back-a-message", True)
        assert not any(other["clear"] for other in others)


async def test_what_is_not_known_is_not_guessed(house: House) -> None:
    await ship(house)

    for question in ("what is the weather in Paris", "✓✓", "", "the", "x" * 5_000):
        assert not (await house.help_centre.search(question))["sure"]


@pytest.mark.parametrize("word", sorted(WORDS))
def test_what_is_left_out_of_the_papers_is_not_missed_in_them(word: str) -> None:
    shelf = LunrShelf([KETTLE])

    assert shelf.find(f"{word} a kettle") == shelf.find("kettle")


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("How do I log\n  out?", "How do I log out?"),
        ("Who's looking after my ticket?", "Who is looking after my ticket?"),
        ("Weren’t my messages read?", "Were not my messages read?"),
        ("They've closed my ticket, how's it reopened?", "They have closed my ticket, how is it reopened?"),
    ],
)
async def test_however_it_is_written_it_means_the_same(house: House, short: str, long: str) -> None:
    await ship(house)

    found = await house.help_centre.search(short)

    assert found["sure"]
    assert found == await house.help_centre.search(long)


async def test_what_somebody_is_able_to_do_is_what_they_can_do(house: House) -> None:
    await ship(house)

    found = await house.help_centre.search("Am I able to delete my account?")

    assert found["sure"]
    assert found["articles"][0]["slug"] == "your-data"


@pytest.mark.parametrize(
    "mistyped",
    ["kettlee", "ketle", "kettla", "kettel", "thermmostaat", "termostt", "thirmostet", "tehrmosatt"],
)
def test_a_word_is_known_for_all_its_mistakes(mistyped: str) -> None:
    assert [found.ref for found in LunrShelf([KETTLE]).find(mistyped)] == ["kettle"]


@pytest.mark.parametrize("other", ["settle", "kotel", "tharmistet", "k3ttle", "ket"])
def test_a_word_is_not_known_by_another_beginning_or_after_too_many_mistakes(other: str) -> None:
    assert LunrShelf([KETTLE]).find(other) == []


def test_words_that_nobody_knows_cost_no_more_than_those_that_everybody_does() -> None:
    shelf = LunrShelf([of_article(shipped(*each)) for each in package_files.shipped_articles().items()])
    unknown = [letter * 3 + "bcdfghjklmnpqrstvwxyzabcdefghijklmnop" for letter in "acdefghimprs"]

    def cost(question: str) -> float:
        began = time.thread_time()
        shelf.find(question)
        return time.thread_time() - began

    cost("How do I take back a message?")  # the first one warms up
    known = cost("How do I take back a message to the agent, and who sees a ticket of mine?")

    assert all(len(word) == 40 for word in unknown)
    assert cost(" ".join(unknown)) < 100 * known


def test_words_that_nobody_knows_are_looked_for_up_to_a_number_and_known_ones_always() -> None:
    shelf = LunrShelf([KETTLE])
    unknown = [f"zz{letter * 5}" for letter in "bcdfghjklmnpqrtvwx"]

    assert shelf.find(" ".join([*unknown[: MOST_MISTYPED - 1], "kettel"]))
    assert not shelf.find(" ".join([*unknown[:MOST_MISTYPED], "kettel"]))
    assert shelf.find(" ".join([*unknown[:MOST_MISTYPED], "kettle"]))


@pytest.mark.parametrize(
    "question",
    [
        "refund",
        "return",
        "reimbursement",
        "parcels",
        "shipping",
        "customer's",
        "warranty",
        "unhurt",
        "lid",
        "CCR_URL",
    ],
)
async def test_an_article_is_found_by_every_word_that_a_reader_sees(house: House, question: str) -> None:
    written = {
        "title": "Parcels/shipping",
        "category": "Kettles",
        "summary": "What the customer's box holds (refund,return,reimbursement).",
        "body": "See the [warranty](/help/guarantee), **un**hurt:\n\n|Part|Where|\n|-|-|\n|kettle/lid|`CCR_URL`|",
    }
    await house.help_centre.write(await house.agent(await house.admin()), written)

    (found,) = (await house.help_centre.search(question))["articles"]
    assert found["slug"] == "parcels-shipping"
    assert found["certainty"] >= IN_PASSING


async def test_where_a_link_leads_and_how_a_text_is_marked_up_is_not_searched(house: House) -> None:
    body = 'See [the other](/help/guarantee "Tooltip").\n\n```python\nboil()\n```\n\n[other]: https://shop.example'
    await house.help_centre.write(await house.agent(await house.admin()), ARTICLE | {"body": body})

    for question in ("guarantee", "tooltip", "python", "shop"):
        assert (await house.help_centre.search(question))["articles"] == []
    assert (await house.help_centre.search("boil"))["articles"]


async def test_an_article_is_written_found_and_changed(house: House) -> None:
    amir = await house.agent(await house.admin())
    centre = house.help_centre

    slug = await centre.write(amir, ARTICLE)
    assert (await centre.search("refund of a kettle"))["articles"][0]["slug"] == slug == "returning-a-kettle"
    seen = (await centre.article(None, slug))["seen"]
    await centre.write(amir, ARTICLE | {"words": "boomerang", "seen": seen}, slug)

    assert (await centre.search("boomerang"))["sure"]
    assert not (await centre.search("refund"))["sure"]
    lost = await refused(Code.CONFLICT, centre.write(amir, ARTICLE | {"seen": seen}, slug))
    assert "meanwhile" in lost.message
    assert await centre.write(amir, ARTICLE) == "returning-a-kettle-2"


async def test_an_article_that_is_sent_twice_is_written_once(house: House) -> None:
    amir, centre = await house.agent(await house.admin()), house.help_centre

    slug = await centre.write(amir, ARTICLE)
    assert await centre.write(amir, ARTICLE) == slug
    seen = (await centre.article(None, slug))["seen"]
    change = ARTICLE | {"words": "boomerang", "seen": seen}
    for _ in range(2):
        assert await centre.write(amir, change, slug) == slug

    assert [len(part["articles"]) for part in await centre.contents(amir)] == [1]
    assert (await centre.search("boomerang"))["sure"]


async def test_another_node_finds_what_was_written_here(house: House) -> None:
    amir = await house.agent(await house.admin())
    elsewhere = HelpCentre(house.database, LunrShelf, secret=SECRET, now=lambda: 5)
    assert not (await elsewhere.search("kettle"))["sure"]

    slug = await house.help_centre.write(amir, ARTICLE)
    assert (await elsewhere.search("kettle"))["sure"]
    seen = (await elsewhere.article(None, slug))["seen"]
    await elsewhere.write(amir, ARTICLE | {"words": "boomerang", "seen": seen}, slug)  # whose clock is slow

    assert (await house.help_centre.search("boomerang"))["sure"]


async def test_a_draft_is_for_staff_alone(house: House) -> None:
    amir, carla = await house.agent(await house.admin()), await house.customer()
    slug = await house.help_centre.write(amir, ARTICLE | {"published": "no"})

    assert not (await house.help_centre.article(amir, slug))["published"]
    for reader in (None, carla):
        await refused(Code.NOT_FOUND, house.help_centre.article(reader, slug))
        assert await house.help_centre.contents(reader) == []
    await refused(Code.NOT_FOUND, house.help_centre.vote(carla, "", slug, True))
    assert (await house.help_centre.search("kettle"))["articles"] == []
    assert [part["name"] for part in await house.help_centre.contents(amir)] == ["Kettles"]


async def test_only_staff_write_and_every_fault_is_named(house: House) -> None:
    amir, carla = await house.agent(await house.admin()), await house.customer()

    await refused(Code.FORBIDDEN, house.help_centre.write(carla, ARTICLE))
    await refused(Code.NOT_FOUND, house.help_centre.write(amir, ARTICLE, "no-such"))
    faults = await refused(
        Code.INVALID,
        house.help_centre.write(amir, {"title": "a\nb", "summary": "x" * 501, "body": " ", "category": "K"}),
    )
    assert faults.fields.keys() == {"title", "summary", "body"}
    assert await house.rows("SELECT id FROM articles") == []


async def test_everybody_votes_once(house: House) -> None:
    amir, carla = await house.agent(await house.admin()), await house.customer()
    slug = await house.help_centre.write(amir, ARTICLE)

    await house.help_centre.vote(carla, "192.0.2.1", slug, True)
    await house.help_centre.vote(carla, "192.0.2.2", slug, False)
    await house.help_centre.vote(None, "192.0.2.1", slug, True)
    await house.help_centre.vote(None, "192.0.2.1", slug, True)

    (kettles,) = await house.help_centre.contents(amir)
    assert kettles["articles"][0]["votes"] == (1, 1)
    (kettles,) = await house.help_centre.contents(carla)
    assert kettles["articles"][0]["votes"] is None
    assert "192.0.2" not in str(await house.rows("SELECT voter FROM article_votes"))


async def test_who_votes_on_one_article_has_not_voted_on_another(house: House) -> None:
    amir, carla = await house.agent(await house.admin()), await house.customer()
    kettle = await house.help_centre.write(amir, ARTICLE)
    other = await house.help_centre.write(amir, ARTICLE | {"title": "Descaling a toaster"})

    await house.help_centre.vote(carla, "192.0.2.1", kettle, True)
    await house.help_centre.vote(carla, "192.0.2.1", other, False)

    (kettles,) = await house.help_centre.contents(amir)
    votes = {article["slug"]: article["votes"] for article in kettles["articles"]}
    assert votes == {kettle: (1, 0), other: (0, 1)}


async def test_what_a_newer_version_ships_is_found_on_a_node_that_runs_already(house: House) -> None:
    text = "title: A\ncategory: C\nsummary: S\nwords: {}\n\nText"
    await house.help_centre.ship([shipped("10-a", text.format("kettle"))])
    assert not (await house.help_centre.search("boomerang"))["sure"]

    upgraded = HelpCentre(house.database, LunrShelf, secret=SECRET, now=lambda: house.time)
    await upgraded.ship([shipped("10-a", text.format("boomerang"))])

    assert (await house.help_centre.search("boomerang"))["sure"]


async def test_an_article_that_somebody_changes_stays_in_its_place(house: House) -> None:
    amir = await house.agent(await house.admin())
    text = "title: {}\ncategory: Kettles\nsummary: S\nwords: x\n\nText"
    await house.help_centre.ship([shipped("10-z", text.format("Z")), shipped("20-a", text.format("A"))])

    for again in ("first", "second"):
        seen = (await house.help_centre.article(None, "z"))["seen"]
        await house.help_centre.write(amir, ARTICLE | {"words": again, "seen": seen}, "z")

    (kettles,) = await house.help_centre.contents(None)
    assert [article["slug"] for article in kettles["articles"]] == ["z", "a"]


async def test_shipped_articles_follow_the_version_until_somebody_changes_them(house: House) -> None:
    amir = await house.agent(await house.admin())
    old = shipped("10-a", "title: A\ncategory: C\nsummary: Old\nwords: x\n\nText")
    new = shipped("10-a", "title: A\ncategory: C\nsummary: New\nwords: x\n\nText")
    await house.help_centre.ship([old])
    await house.help_centre.ship([new])
    assert (await house.help_centre.article(None, "a"))["summary"] == "New"

    seen = (await house.help_centre.article(None, "a"))["seen"]
    await house.help_centre.write(amir, ARTICLE | {"seen": seen}, "a")
    await house.help_centre.ship([old])

    assert (await house.help_centre.article(None, "a"))["summary"] == ARTICLE["summary"]
    assert len(await house.rows("SELECT id FROM articles")) == 1


def test_what_is_shipped_fits_and_its_links_lead_somewhere() -> None:
    texts = package_files.shipped_articles()
    slugs = {shipped(*each).slug for each in texts.items()}

    assert len(slugs) >= 12
    for name, text in texts.items():
        article = shipped(name, text)
        assert len(article.body) <= 4_000, name
        assert len(article.summary) <= 500, name
        assert len(article.words) <= 1_000, name
        linked = {part.split(")")[0] for part in article.body.split("](/help/")[1:]}
        assert linked <= slugs | {"questions", "questions/waiting"}, name
