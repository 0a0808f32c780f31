"""What the help is searched for: articles, and the questions that are public; and how each is told of."""

import re
from typing import Any, NamedTuple

from ccr.desk.clock import rfc3339
from ccr.ports import Found, Librarian, Paper, Shelf
from ccr.services.article_markdown import as_text
from ccr.store import articles, questions
from ccr.store.articles import Article
from ccr.store.connection import Connection
from ccr.store.questions import Searched

Edition = tuple[tuple[int, int], int]

SURE, SURE_OF_CUSTOMERS = 0.52, 0.75
"""Certainty from which a question counts as answered by an article, and by what customers said to each other; below it
the honest answer is that we do not know."""

CLEAR = 0.75
"""Certainty from which an answer may be given to somebody who did not ask for one."""

TELLING, TELLING_ASKED = 3.0, 1.5
"""Evidence that this takes beside: of what is just said, and of what is put as a question."""

_ASKED = re.compile(
    r"\?|^\W*(?:how|what|where|when|who|whom|which|why|can|could|do|does|is|are|may)\b", re.IGNORECASE
)

MOST_QUESTIONS = 500
"""Public questions that are searched, the newest: as many as an index is made of without anybody noticing."""

SUMMED_UP = 300
"""Characters of an accepted answer that are told in its place."""

ANSWERED, UNANSWERED = 0.5, 0.25
"""What the certainty of a public question counts beside an article's, which was written to be found."""


class Held(NamedTuple):
    """A paper and how it is told of. It counts for so much of its certainty, and is `sure` from some on, or never."""

    paper: Paper
    wire: dict[str, Any]
    worth: float = 1.0
    sure: float | None = SURE

    def told(self, found: Found, *, asked: bool) -> dict[str, Any]:
        """With how certain it is that it answers: what nobody has answered does not at all. `asked`: by a question."""
        certainty = 0.0 if self.sure is None else found.certainty
        sure = self.sure is not None and certainty >= self.sure
        return self.wire | {
            "sure": sure,
            "clear": sure and certainty >= CLEAR and found.evidence >= (TELLING_ASKED if asked else TELLING),
            "certainty": round(certainty, 2),
        }


class Shelves(NamedTuple):
    """Articles and public questions, each with an index of its own: what customers write never changes how articles
    rank among each other, or whether they are sure of something.
    """

    articles: Shelf
    questions: Shelf
    held: dict[str, Held]

    def find(self, question: str, most: int) -> list[dict[str, Any]]:
        """The best of both, best first, as they are told of. An article that is sure goes before any question."""
        rest, asked = self.articles.find(question, most), self.questions.find(question, most)
        found: list[Found] = []
        while rest and asked:
            worth = asked[0].certainty * self.held[asked[0].ref].worth
            article_first = rest[0].certainty >= min(SURE, worth)
            found.append((rest if article_first else asked).pop(0))
        put = _ASKED.search(question) is not None
        return [self.held[one.ref].told(one, asked=put) for one in [*found, *rest, *asked][:most]]


def stocked(librarian: Librarian, held: dict[str, Held]) -> Shelves:
    """Ready to be searched. May take a while: not on the event loop."""
    articles_ = [one.paper for one in held.values() if one.wire["kind"] == "article"]
    questions_ = [one.paper for one in held.values() if one.wire["kind"] == "question"]
    return Shelves(librarian(articles_), librarian(questions_), held)


def edition(connection: Connection) -> Edition:
    """Another one as soon as anything is that is found."""
    return articles.edition(connection), questions.edition(connection)


def everything(connection: Connection) -> dict[str, Held]:
    """All that is public, by reference."""
    papers = [Held(of_article(one), article(one)) for one in articles.every(connection) if one.published]
    papers += [
        Held(
            _of_question(one),
            _question(one),
            ANSWERED if one.answer else UNANSWERED,
            SURE_OF_CUSTOMERS if one.answer else None,
        )
        for one in questions.searched(connection, MOST_QUESTIONS)
    ]
    return {held.paper.ref: held for held in papers}


def of_article(article: Article) -> Paper:
    """As it is searched: by what a reader sees of it."""
    return Paper(
        ref=str(article.id),
        title=article.title,
        words=article.words,
        summary=article.summary,
        body=as_text(article.body),
    )


def article(article: Article) -> dict[str, Any]:
    """As it is told of."""
    return {
        "kind": "article",
        "slug": article.slug,
        "title": article.title,
        "category": article.category,
        "summary": article.summary,
        "url": f"/help/{article.slug}",
        "published": article.published,
        "changed_at": rfc3339(article.changed_at),
    }


def _of_question(question: Searched) -> Paper:
    return Paper(
        ref=f"question {question.id}",
        title=question.title,
        words="",
        summary="",
        body=f"{question.body}\n{question.answer or ''}",
    )


def _question(question: Searched) -> dict[str, Any]:
    return {
        "kind": "question",
        "slug": f"questions/{question.id}",
        "title": question.title,
        "category": "Public questions",
        "summary": _cut(question.answer or question.body),
        "url": f"/help/questions/{question.id}",
        "published": True,
        "changed_at": rfc3339(question.public_at),
    }


def _cut(text: str) -> str:
    """On one line, and no longer than a few sentences."""
    text = " ".join(text.split())
    return text if len(text) <= SUMMED_UP else text[: SUMMED_UP - 1].rsplit(" ", 1)[0] + "…"
