"""The help centre's pages, and what becomes of markup that somebody writes."""

from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from ccr import package_files
from ccr.services.help_centre import shipped
from ccr.site.markdown import rendered
from tests.accounts_house import AMIR, PASSWORD
from tests.site.pages_app import NEW, Browser, Pages, open_pages

ARTICLE = {
    "title": "Descaling a kettle",
    "category": "Kettles",
    "summary": "Boil vinegar in it once a month.",
    "body": "## Steps\n\n1. Fill\n2. Boil\n\n<b>Not bold</b> [click](javascript:alert(1)) [rules](/help)",
    "words": "limescale",
    "published": "yes",
}


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Pages]:
    async with open_pages(tmp_path) as opened:
        await opened.house.help_centre.ship(
            shipped(*each) for each in package_files.shipped_articles().items()
        )
        yield opened


async def signed_in_agent(pages: Pages) -> Browser:
    await pages.agent()
    amir = await pages.browser_of(str(AMIR["username"]))
    await amir.send("/account/password", current_password=PASSWORD, **NEW)
    return amir


async def test_a_stranger_finds_an_answer_without_scripts(pages: Pages) -> None:
    stranger = pages.browser()

    start = await stranger.open("/help")
    found = await stranger.open("/help?q=forgot+my+pasword")
    article = await stranger.open("/help/forgotten-password")

    assert 'href="/help/raise-a-ticket"' in start.html
    assert found.html.index("/help/forgotten-password") < found.html.index('class="shelves"')
    assert 'value="forgot my pasword"' in found.html
    assert "for ten minutes" in article.html
    assert '<a href="/forgot" rel="noopener noreferrer">' in article.html
    assert "Change this article" not in article.html


async def test_what_is_not_known_is_said_and_a_person_offered(pages: Pages) -> None:
    answer = await pages.browser().open("/help?q=weather+in+paris")

    assert "Nothing here answers that" in answer.html
    assert "Ask a person" in answer.html


async def test_who_raises_no_tickets_is_not_sent_to_where_they_are_raised(pages: Pages) -> None:
    amir = await signed_in_agent(pages)

    for path in ("/help?q=weather+in+paris", "/help/sign-in?done=not"):
        assert "/tickets/new" in (await pages.browser().open(path)).html.replace("%2F", "/")
        assert "/tickets/new" not in (await amir.open(path)).html


async def test_it_helped_or_not(pages: Pages) -> None:
    stranger = pages.browser()

    helped = await stranger.send("/help/register/vote", helped="yes")
    not_helped = await stranger.send("/help/sign-in/vote", helped="no")

    assert helped.leads_to == "/help/register?done=helped#vote"
    assert "raise a ticket" in (await stranger.open(not_helped.leads_to.partition("#")[0])).html
    assert (await stranger.send("/help/nothing/vote", helped="yes")).status == 404


async def test_what_says_neither_is_no_vote(pages: Pages) -> None:
    for said in ({}, {"helped": "maybe"}):
        assert (await pages.browser().send("/help/register/vote", **said)).status == 400

    (votes,) = await pages.house.rows("SELECT COUNT(*) FROM article_votes")
    assert votes == (0,)


async def test_an_agent_looks_at_an_article_then_saves_it(pages: Pages) -> None:
    amir = await signed_in_agent(pages)

    looked = await amir.send("/help/new", then="look", **ARTICLE)
    assert "Nothing is saved yet" in looked.html
    assert "<h2>Steps</h2>" in looked.html
    assert (await pages.browser().open("/help/descaling-a-kettle")).status == 404
    save, again = (looked.html.index(f'name="then" value="{value}"') for value in ("save", "look"))
    assert save < again, "what follows is what Enter does"
    saved = await amir.send("/help/new", then="save", **ARTICLE)

    shown = await pages.browser().open(saved.leads_to)
    assert "&lt;b&gt;Not bold&lt;/b&gt;" in shown.html
    assert "javascript:" not in shown.html.replace("[click](javascript:alert(1))", "")
    edit = await amir.open("/help/descaling-a-kettle/edit")
    changed = await amir.send(
        "/help/descaling-a-kettle/edit",
        then="save",
        seen=edit.value_of("seen") or "",
        **ARTICLE | {"summary": "Use\r\ncitric acid."},
    )
    assert "Use citric acid." in (await pages.browser().open(changed.leads_to)).html
    stale = await amir.send(
        "/help/descaling-a-kettle/edit", then="save", seen=edit.value_of("seen") or "", **ARTICLE
    )
    assert (stale.status, "meanwhile" in stale.html) == (409, True)


async def test_a_refused_article_keeps_its_words(pages: Pages) -> None:
    amir = await signed_in_agent(pages)

    refused = await amir.send("/help/new", then="save", **ARTICLE | {"title": "", "body": "<script>&"})

    assert refused.status == 400
    assert refused.fault_of("title")
    assert "&lt;script&gt;&amp;</textarea>" in refused.html


async def test_what_is_too_long_for_an_article_is_not_looked_at(pages: Pages) -> None:
    amir = await signed_in_agent(pages)

    looked = await amir.send("/help/new", then="look", **ARTICLE | {"body": "\r\n" * 1_999 + "*a*"})
    refused = await amir.send("/help/new", then="look", **ARTICLE | {"body": "*a*" + "[" * 4_000})

    assert (looked.status, "<em>a</em>" in looked.html) == (200, True)
    assert (refused.status, "<em>a</em>" in refused.html) == (400, False)
    assert "4,003" in str(refused.fault_of("body"))
    assert "*a*[[" in refused.html, "nothing is lost"


@pytest.mark.parametrize("times", [2, 600])
def test_no_link_is_repeated_until_it_fills_a_book(times: int) -> None:
    html = rendered(f"[a]: https://example.org/?{'&' * 1_900}\n\n{'[a]' * times}")

    assert ('href="https://example.org/' in html) == (times == 2)
    assert len(html) < 50_000


async def test_customers_and_strangers_do_not_write(pages: Pages) -> None:
    await pages.house.customer()
    carla = await pages.browser_of("carla@example.org")

    assert (await carla.open("/help/new")).status == 403
    assert (await carla.send("/help/register/edit", then="save", **ARTICLE)).status == 403
    assert (await pages.browser().open("/help/new")).leads_to.startswith("/login")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt&colon;alert(1))",
        "[a](data:text/html,x)",
        "[a](vbscript:x)",
        "[a](//evil.example)",
        "[a](/\\evil.example)",
        "[a](\\\\evil.example)",
        "![a](https://evil.example/pixel.png)",
        "<a href='javascript:x'>x</a>",
        "<https://evil.example/' onmouseover=alert(1)>",
        '[a](https://x.example "onmouseover=alert(1)")',
        "`<b>`",
        "# <svg onload=alert(1)>",
        "| <b> |\n|---|\n| [x](javascript:1) |",
        "Subject: x\r\nBcc: all@example.org\r\n\r\nHello",
    ],
)
def test_no_markup_of_somebodys_is_taken_for_ours(text: str) -> None:
    tags = Tags(str(rendered(text))).found

    assert {tag for tag, _ in tags} <= HARMLESS
    for tag, attributes in tags:
        assert set(attributes) <= {"href", "rel", "title", "class", "tabindex", "role", "aria-label"}, (
            tag,
            attributes,
        )
        link = attributes.get("href", "/")
        leads_to = urlsplit(urljoin(HERE, link))
        assert leads_to.scheme == "https", link
        assert leads_to.netloc == "desk.example" or link.startswith("https://"), link


HERE = "https://desk.example/help/article"
HARMLESS = {"p", "a", "code", "h2", "div", "table", "thead", "tbody", "tr", "th", "td", "br"}


class Tags(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))
