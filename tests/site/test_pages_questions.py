"""The pages of public questions, by browsers without scripts; and what becomes of markup that somebody writes there."""

import html
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ccr.desk.commands import CloseTicket, OpenTicket
from ccr.site.limits import Limits
from tests.accounts_house import AMIR, OMAR, PASSWORD
from tests.site.pages_app import NEW, Answer, Browser, Pages, open_pages

MARKUP = "Kettles <script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>\r\nBcc: all@x.example"
ASKED = {"title": "How do I get rid of limescale?", "body": "My kettle is full of it."}


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Pages]:
    async with open_pages(tmp_path) as opened:
        yield opened


class Cast:
    """Everybody at a browser, and a ticket of Carla's that is closed."""

    def __init__(self, carla: Browser, omar: Browser, amir: Browser, stranger: Browser, ticket: int) -> None:
        self.carla, self.omar, self.amir, self.stranger = carla, omar, amir, stranger
        self.ticket = ticket

    async def hand_in(self, **words: str) -> str:
        """Carla's question as she finds it on her form, but for these words; its address."""
        publish = f"/tickets/{self.ticket}/publish"
        form = await self.carla.open(publish)
        fields = ASKED | {name: form.value_of(name) or "" for name in ("key", "seen")} | words
        return (await self.carla.send(publish, then="save", **fields)).leads_to.partition("?")[0]

    async def publish(self, **words: str) -> str:
        """Let in by Amir, too."""
        url = await self.hand_in(**words)
        waiting = await self.amir.open("/help/questions/waiting")
        await self.amir.send(f"{url}/decide", decision="approve", **hidden(waiting, f"{url}/decide"))
        return url

    async def answer(self, url: str, body: str) -> str:
        """Omar's answer; its id as the page has it."""
        page = await self.omar.open(url)
        await self.omar.send(f"{url}/answers", body=body, **hidden(page, f"{url}/answers"))
        ids: list[str] = re.findall(r'id="a(\d+)"', (await self.omar.open(url)).html)
        return max(ids, key=int)


def hidden(page: Answer, action: str) -> dict[str, str]:
    """What the form that leads there sends by itself."""
    form = next(form for form in page.forms if f'action="{action}' in form)
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
    return {name: value for name, value in found.items() if name in {"key", "seen", "on"}}


@pytest.fixture
async def cast(pages: Pages) -> Cast:
    house = pages.house
    carla, _ = await house.customer(), await house.customer(OMAR)
    await pages.agent()
    opened = await house.changes.carry_out(
        carla, None, "carla-opens", OpenTicket(query="Limescale", details="Call +49 30 123456")
    )
    await house.changes.carry_out(carla, opened.ticket, "carla-closes", CloseTicket())
    amir = await pages.browser_of(str(AMIR["username"]))
    await amir.send("/account/password", current_password=PASSWORD, **NEW)
    return Cast(
        await pages.browser_of("carla@example.org"),
        await pages.browser_of("omar@example.org"),
        amir,
        pages.browser(),
        opened.ticket,
    )


async def test_a_customer_sees_the_text_changes_it_and_hands_it_in(cast: Cast) -> None:
    publish = f"/tickets/{cast.ticket}/publish"
    form = await cast.carla.open(publish)
    assert "Call [number]" in form.html
    assert "<b>Carla C.</b>" in form.html

    looked = await cast.carla.send(publish, then="look", seen="0", key=form.value_of("key") or "", **ASKED)
    assert "Nothing is handed in yet" in looked.html
    assert looked.value_of("key") == form.value_of("key")
    url = await cast.hand_in()

    assert "An agent reads it before anybody else" in (await cast.carla.open(f"{url}?done=handed_in")).html
    for other in (cast.omar, cast.stranger):
        assert (await other.open(url)).status == 404
    assert (await cast.omar.open(publish)).status == 404
    assert (await cast.stranger.open(publish)).leads_to.startswith("/login?next=")
    listed = await cast.carla.open("/help/questions")
    assert "Being looked at" in listed.html
    assert "No question is public yet" in (await cast.stranger.open("/help/questions")).html


async def test_a_refused_form_keeps_its_words(cast: Cast) -> None:
    refused = await cast.carla.send(
        f"/tickets/{cast.ticket}/publish", then="save", key="a-key-of-mine", seen="0", title="", body="<b>&"
    )

    assert (refused.status, bool(refused.fault_of("title"))) == (400, True)
    assert "&lt;b&gt;&amp;</textarea>" in refused.html
    assert refused.value_of("key") == "a-key-of-mine"


async def test_an_agent_lets_it_in_and_a_second_one_hears_that_it_is(cast: Cast) -> None:
    url = await cast.hand_in()
    waiting = await cast.amir.open("/help/questions/waiting")
    fields = hidden(waiting, f"{url}/decide")
    assert ASKED["body"] in waiting.html

    done = await cast.amir.send(f"{url}/decide", decision="approve", **fields)
    late = await cast.amir.send(f"{url}/decide", decision="approve", seen=fields["seen"], key="another-key")

    assert done.leads_to == "/help/questions/waiting?done=approved"
    assert (late.status, "it is public already" in late.html) == (409, True)
    shown = await cast.stranger.open(url)
    assert ASKED["body"] in shown.html
    assert '<meta name="description" content="My kettle is full of it.">' in shown.html
    assert f"<title>{ASKED['title']} · Questions" in shown.html
    assert "noindex" not in shown.html
    assert f'href="{url}"' in (await cast.stranger.open("/help/questions")).html
    assert (await cast.carla.open(f"/tickets/{cast.ticket}/publish")).leads_to == url


async def test_an_agent_declines_and_says_why(cast: Cast) -> None:
    url = await cast.hand_in()
    fields = hidden(await cast.amir.open("/help/questions/waiting"), f"{url}/decide")

    silent = await cast.amir.send(f"{url}/decide", decision="decline", reason="", **fields)
    assert (silent.status, "<details open>" in silent.html) == (400, True)
    await cast.amir.send(f"{url}/decide", decision="decline", reason="A name <b>in it", **fields)

    shown = await cast.carla.open(url)
    assert "A name &lt;b&gt;in it" in shown.html
    assert "noindex" in shown.html
    assert "A name &lt;b&gt;in it" in (await cast.carla.open(f"/tickets/{cast.ticket}/publish")).html
    assert (await cast.stranger.open(url)).status == 404


async def test_nothing_of_the_ticket_is_told(cast: Cast) -> None:
    url = await cast.publish()
    answer = await cast.answer(url, "Vinegar")

    for page in (
        await cast.stranger.open(url),
        await cast.omar.open(url),
        await cast.stranger.open("/help/questions"),
    ):
        for secret in ("/tickets/1", "Custer", "carla@", "amir@", "Azad", "+49"):
            assert secret not in page.html, secret
    assert answer


async def test_others_answer_and_vote_and_take_it_back(cast: Cast) -> None:
    url = await cast.publish()
    assert "Sign in to answer" in (await cast.stranger.open(url)).html
    assert (await cast.stranger.send(f"{url}/answers", body="x", key="a-key-of-mine")).leads_to == "/login"
    answer = await cast.answer(url, "Vinegar, boiled.")
    vote = f"{url}/answers/{answer}/vote"

    assert (await cast.carla.send(vote, on="yes")).leads_to == f"{url}#a{answer}"
    voted = await cast.carla.open(url)
    assert 'aria-pressed="true"' in voted.html
    assert hidden(voted, vote)["on"] == "no"
    assert ">1</span> found this helpful" in voted.html
    await cast.carla.send(vote, on="no")
    assert ">0</span> found this helpful" in (await cast.stranger.open(url)).html
    assert vote not in (await cast.omar.open(url)).html
    own = await cast.omar.send(vote, on="yes")
    assert (own.status, "Nobody votes for their own answer" in own.html) == (403, True)
    empty = await cast.omar.send(f"{url}/answers", body=" ", key="a-key-of-mine")
    assert (empty.status, bool(empty.fault_of("body"))) == (400, True)
    gone = f"{url}/answers/{answer}/withdraw"
    await cast.omar.send(gone, **hidden(await cast.omar.open(url), gone))
    assert "Vinegar" not in (await cast.stranger.open(url)).html


async def test_an_agent_accepts_hides_and_shows(cast: Cast) -> None:
    url = await cast.publish()
    answer = await cast.answer(url, "Vinegar, boiled.")
    for act, tells in (
        (f"answers/{answer}/accept", "Accepted answer</p>"),
        (f"answers/{answer}/unaccept", "Mark as accepted"),
        (f"answers/{answer}/hide", "Show again"),
        (f"answers/{answer}/show", "Mark as accepted"),
    ):
        fields = hidden(await cast.amir.open(url), f"{url}/{act}")
        assert (await cast.omar.send(f"{url}/{act}", **fields)).status == 403
        assert (await cast.amir.send(f"{url}/{act}", **fields)).leads_to.endswith(f"#a{answer}")
        assert tells in (await cast.amir.open(url)).html
        stale = await cast.amir.send(
            f"{url}/{act}", **fields | {"key": f"other-{act[-6:].replace('/', '-')}"}
        )
        assert stale.status == 409, act

    fields = hidden(await cast.amir.open(url), f"{url}/hide")
    assert (await cast.amir.send(f"{url}/hide", reason="", **fields)).status == 400
    await cast.amir.send(f"{url}/hide", reason="A name in it", **fields)
    assert (await cast.stranger.open(url)).status == 404
    assert "Hidden</em>" in (await cast.amir.open("/help/questions")).html
    await cast.amir.send(f"{url}/show", **hidden(await cast.amir.open(url), f"{url}/show"))
    assert (await cast.stranger.open(url)).status == 200


async def test_its_author_takes_a_question_back(cast: Cast) -> None:
    url = await cast.publish()

    gone = await cast.carla.send(f"{url}/withdraw", **hidden(await cast.carla.open(url), f"{url}/withdraw"))

    assert gone.leads_to == "/help/questions?done=withdrawn"
    assert "A question that you took back" in (await cast.carla.open("/help/questions")).html
    assert (await cast.stranger.open(url)).status == 404
    assert "Publish it after all" in (await cast.carla.open(url)).html


async def test_markup_is_shown_as_it_was_typed_everywhere(cast: Cast) -> None:
    one_line = MARKUP.partition("\r")[0]
    url = await cast.hand_in(title=one_line, body=MARKUP)
    seen = [
        await cast.amir.open("/help/questions/waiting"),
        await cast.carla.open(f"/tickets/{cast.ticket}/publish"),
    ]
    fields = hidden(seen[0], f"{url}/decide")
    await cast.amir.send(f"{url}/decide", decision="approve", **fields)
    answer = await cast.answer(url, MARKUP)
    accept = f"{url}/answers/{answer}/accept"
    await cast.amir.send(accept, **hidden(await cast.amir.open(url), accept))
    seen += [
        await browser.open(path)
        for browser in (cast.stranger, cast.carla, cast.amir)
        for path in (url, "/help/questions", "/help?q=kettles")
    ]

    for page in seen:
        assert html.escape(one_line) in page.html, page.html
        assert "<script>alert" not in page.html
        assert "<img src=x" not in page.html
        assert not re.search(r'href="\s*javascript:', page.html)


async def test_forms_of_another_site_do_nothing(cast: Cast) -> None:
    url = await cast.publish()
    answer = await cast.answer(url, "Vinegar")

    for browser, path in (
        (cast.carla, f"/tickets/{cast.ticket}/publish"),
        (cast.omar, f"{url}/answers"),
        (cast.carla, f"{url}/answers/{answer}/vote"),
        (cast.amir, f"{url}/hide"),
    ):
        foreign = await browser.send(path, origin="https://evil.example", on="yes", key="a-key-of-mine")
        assert foreign.status == 403


async def test_who_writes_too_often_keeps_the_words_and_hears_when(pages: Pages, cast: Cast) -> None:
    url = await cast.publish()
    pages.app.extensions["ccr.limits"] = Limits(clock=lambda: 0.0)

    answers = [
        await cast.omar.send(f"{url}/answers", body=f"Answer {n}", key=f"key-of-answer-{n}")
        for n in range(11)
    ]

    assert [answer.status for answer in answers] == [303] * 10 + [429]
    assert "Answer 10</textarea>" in answers[-1].html
    assert int(answers[-1].headers["Retry-After"]) > 0
