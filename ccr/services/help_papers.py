"""What the help is searched for: articles, and the questions that are public; and how each is told of."""

from typing import Any, NamedTuple

from ccr.desk.clock import rfc3339
from ccr.ports import Paper
from ccr.store import articles, questions
from ccr.store.articles import Article
from ccr.store.connection import Connection
from ccr.store.questions import Searched

Edition = tuple[tuple[int, int], int]

MOST_QUESTIONS = 500
"""Public questions that are searched, the newest: as many as an index is made of without anybody noticing."""

SUMMED_UP = 300
"""Characters of an accepted answer that are told in its place."""

ANSWERED, UNANSWERED = 0.7, 0.4
"""What a question of a customer's counts beside an article, which was written to be found."""


class Held(NamedTuple):
    """A paper, how it is told of, and whether it may settle anything."""

    paper: Paper
    wire: dict[str, Any]
    answers: bool

    def told(self, certainty: float, enough: float) -> dict[str, Any]:
        """With how certain it is that it answers: what nobody has answered does not at all."""
        certainty = certainty if self.answers else 0.0
        return self.wire | {"sure": certainty >= enough, "certainty": round(certainty, 2)}


def edition(connection: Connection) -> Edition:
    """Another one as soon as anything is that is found."""
    return articles.edition(connection), questions.edition(connection)


def everything(connection: Connection) -> dict[str, Held]:
    """All that is public, by reference."""
    papers = [
        Held(of_article(one), article(one), answers=True)
        for one in articles.every(connection)
        if one.published
    ]
    papers += [
        Held(_of_question(one), _question(one), one.answer is not None)
        for one in questions.searched(connection, MOST_QUESTIONS)
    ]
    return {held.paper.ref: held for held in papers}


def of_article(article: Article) -> Paper:
    """As it is searched."""
    return Paper(
        ref=str(article.id),
        title=article.title,
        words=article.words,
        summary=article.summary,
        body=article.body,
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
        trust=ANSWERED if question.answer else UNANSWERED,
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
