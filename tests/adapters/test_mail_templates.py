"""Every kind of mail, rendered: both parts, escaped, from the same data."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import jinja2
import pytest

from ccr.adapters.mail_templates import JinjaTemplates, line, quoted, salutation, when
from ccr.desk.notices import Kind
from ccr.package_files import template_folder

HOME = "https://care.example.org"
AT = 1_763_717_400_123
CODE = "482913"
OFF = f"{HOME}/unsubscribe/token"

CARLA = {"name": "Carla Stein", "first_name": "Carla", "role": "customer"}
AMIR = {"name": "Amir Haddad", "first_name": "Amir", "role": "agent"}
TICKET = {
    "id": 12,
    "query": "My invoice shows a wrong address",
    "status": "assigned",
    "priority": "high",
    "customer": "Carla Stein",
    "agent": "Amir Haddad",
}


def about(reader: dict[str, str], **data: Any) -> dict[str, Any]:
    """The data of a mail to `reader`, as the postman gathers it."""
    return {"reader": reader, "home": HOME, "at": AT, "ticket": TICKET, "unsubscribe": OFF} | data


def message(body: str, author: str = "Amir Haddad") -> dict[str, Any]:
    return {"author": author, "body": body, "at": AT}


SAMPLES: dict[Kind, dict[str, Any]] = {
    Kind.WELCOME: about(CARLA),
    Kind.NEW_DEVICE: about(CARLA, device="Firefox on Linux", address="203.0.113.7", link="WzcsOF0.abc_-"),
    Kind.TICKET_OPENED: about(CARLA),
    Kind.AGENT_ASSIGNED: about(CARLA, agent="Amir Haddad"),
    Kind.TICKET_ASSIGNED: about(AMIR),
    Kind.MESSAGE_WAITING: about(
        CARLA,
        messages=[message("Good morning, Carla."), message("Which address should it be?\n\nAmir")],
        earlier=0,
    ),
    Kind.TICKET_CLOSED: about(CARLA, by="Amir Haddad", reason="The corrected invoice is on its way."),
    Kind.ONE_TIME_CODE: about(CARLA, code=CODE, minutes=10),
    Kind.PASSWORD_CHANGED: about(CARLA),
    Kind.QUESTION_WAITING: about(AMIR, question=3),
    Kind.QUESTION_PUBLIC: about(CARLA, question=3, title="How do I correct an invoice?", reason=None),
    Kind.QUESTION_DECLINED: about(
        CARLA, question=3, title="How do I correct an invoice?", reason="There is a number in it."
    ),
}
LEADS_TO = {
    Kind.WELCOME: "/tickets/new",
    Kind.NEW_DEVICE: "/sign-out/WzcsOF0.abc_-",
    Kind.ONE_TIME_CODE: "/reset",
    Kind.PASSWORD_CHANGED: "/forgot",
    Kind.QUESTION_WAITING: "/help/questions/waiting",
    Kind.QUESTION_PUBLIC: "/help/questions/3",
    Kind.QUESTION_DECLINED: "/help/questions/3",
}

OURS = {"role", "home", "status", "priority", "unsubscribe", "code", "link"}
"""Texts that nobody but the registry writes."""

HOSTILE = "<img src=x onerror=alert(1)>\r\nBcc: victim@example.org \"'&{{ 7*7 }}"


@pytest.fixture(scope="module")
def templates() -> JinjaTemplates:
    return JinjaTemplates(template_folder() / "mail")


class Page(HTMLParser):
    """What a mail program would find in the HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self._silent = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._silent += tag == "style"
        self.links += [value or "" for name, value in attrs if name == "href"]
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag == "style"

    def handle_data(self, data: str) -> None:
        self.text += "" if self._silent else data


MAILED = [kind for kind in Kind if kind not in {Kind.MOBILE_CODE, Kind.TICKET_RAISED}]


@pytest.mark.parametrize("kind", MAILED)
def test_every_kind_has_a_subject_a_text_and_a_page(templates: JinjaTemplates, kind: Kind) -> None:
    subject, text, html = templates.mail(kind, SAMPLES[kind])
    leads_to = HOME + LEADS_TO.get(kind, "/tickets/12")
    page = Page(html)

    assert subject
    assert "\n" not in subject
    assert "Hello " in text
    assert leads_to in text
    assert "\n\n\n" not in text
    assert leads_to in page.links
    assert all(link.startswith(HOME) for link in page.links)
    assert page.text.split()[: len(subject.split())] == subject.split()
    assert not {"table", "img", "script", "link", "form"} & set(page.tags)


@pytest.mark.parametrize("kind", MAILED)
def test_what_people_wrote_is_only_ever_text(templates: JinjaTemplates, kind: Kind) -> None:
    subject, text, html = templates.mail(kind, dict(_replaced(SAMPLES[kind])))
    page = Page(html)

    assert "img" not in page.tags
    assert "{{" not in re.sub(re.escape("{{ 7*7 }}"), "", text + html)
    assert "49" not in subject
    assert "\n" not in subject
    assert "\r" not in subject


def _replaced(data: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every text that is not the registry's own, as bad as can be."""
    for name, value in data.items():
        if isinstance(value, dict):
            yield name, dict(_replaced(value))
        elif isinstance(value, list):
            yield name, [dict(_replaced(item)) for item in value]
        else:
            yield name, HOSTILE if isinstance(value, str) and name not in OURS else value


def test_a_missing_word_and_an_unknown_kind_are_errors(templates: JinjaTemplates) -> None:
    with pytest.raises(jinja2.UndefinedError):
        templates.mail(Kind.AGENT_ASSIGNED, about(CARLA))
    with pytest.raises(jinja2.TemplateNotFound):
        templates.mail("love_letter", about(CARLA))


def test_an_agent_is_welcomed_to_sign_in_and_a_customer_to_ask(templates: JinjaTemplates) -> None:
    _, to_agent, _ = templates.mail(Kind.WELCOME, about(AMIR))
    _, to_customer, _ = templates.mail(Kind.WELCOME, about(CARLA))
    assert f"{HOME}/login" in to_agent
    assert f"{HOME}/tickets/new" not in to_agent
    assert f"{HOME}/tickets/new" in to_customer


def test_waiting_messages_are_quoted_and_those_left_out_are_counted(templates: JinjaTemplates) -> None:
    data = about(CARLA, messages=[message(f"Word {n}") for n in range(3, 8)], earlier=2)
    subject, text, html = templates.mail(Kind.MESSAGE_WAITING, data)
    assert subject == "Amir Haddad wrote: My invoice shows a wrong address"
    assert "7 messages wait for you" in text
    assert "> Word 3\n" in text
    assert "these are the newest" in Page(html).text


def test_one_waiting_message_is_told_of_as_one(templates: JinjaTemplates) -> None:
    data = about(CARLA, messages=[message("Are you there?")], earlier=0)
    _, text, html = templates.mail(Kind.MESSAGE_WAITING, data)
    assert "A message waits for you" in text
    assert "A message waits for you" in Page(html).text


def test_who_closed_their_own_ticket_reads_you(templates: JinjaTemplates) -> None:
    _, text, _ = templates.mail(Kind.TICKET_CLOSED, about(CARLA, by="Carla Stein", reason="It is settled."))
    assert "You closed this ticket" in text
    assert "In your words:" in text
    assert "How did it go?" in text
    _, text, _ = templates.mail(Kind.TICKET_CLOSED, about(AMIR, by="Carla Stein", reason=None))
    assert "Carla Stein closed this ticket" in text
    assert "How did it go?" not in text


def test_the_code_is_in_the_mail_and_not_in_its_subject(templates: JinjaTemplates) -> None:
    subject, text, html = templates.mail(Kind.ONE_TIME_CODE, SAMPLES[Kind.ONE_TIME_CODE])
    assert CODE not in subject
    assert CODE in text
    assert CODE in Page(html).text


def test_a_long_query_leaves_the_subject_readable(templates: JinjaTemplates) -> None:
    data = about(CARLA) | {"ticket": TICKET | {"query": "Why? " * 30}}
    subject, text, _ = templates.mail(Kind.TICKET_OPENED, data)
    assert len(subject) < 120
    assert subject.endswith("…")
    assert ("Why? " * 30).strip() in text


@pytest.mark.parametrize("name", ["WIN http://spam.example", "www.spam.example", "a@b", "", " \n ", "x" * 90])
def test_nobody_is_greeted_with_an_advertisement(name: str) -> None:
    assert salutation(name) == "there"


@pytest.mark.parametrize("name", ["Carla", "李", "Anne-Marie", "O’Neill", "J. R.", "Ştefan\n"])
def test_people_are_greeted_by_their_name(name: str) -> None:
    assert salutation(name) == name.strip()


def test_a_line_is_one_line_that_nothing_turns_around() -> None:
    assert line("a\r\n b\u2028c\u202ed\x00") == "a b c d"


def test_times_are_read_in_both_of_our_forms() -> None:
    assert when(AT) == "21 November 2025, 09:30 UTC"
    assert when("2025-11-21T09:30:00.123Z") == "21 November 2025, 09:30 UTC"


def test_a_quote_marks_each_of_its_lines() -> None:
    assert quoted("One\n\nTwo") == "> One\n>\n> Two"
