"""The articles of the help centre, and whether they helped."""

import msgspec

from ccr.store.connection import Connection, Row

_COLUMNS = "id, slug, category, title, summary, words, body, place, published, author_id, changed_at"


class Article(msgspec.Struct, frozen=True, kw_only=True):
    """`body` is Markdown, everything else plain text; `changed_at` in milliseconds since 1970 UTC.

    `author` is who wrote it last, `None` while it is as it came with the registry. `id` is 0 until it is stored.
    """

    id: int = 0
    slug: str
    category: str
    title: str
    summary: str
    words: str
    body: str
    place: int
    published: bool
    author: int | None
    changed_at: int


def every(connection: Connection) -> list[Article]:
    """All of them, drafts too, in their order."""
    return [_from_row(row) for row in connection.rows(f"SELECT {_COLUMNS} FROM articles ORDER BY place, id")]


def find(connection: Connection, slug: str) -> Article | None:
    """The one of this name."""
    row = connection.row(f"SELECT {_COLUMNS} FROM articles WHERE slug = ?", slug)
    return _from_row(row) if row else None


def add(connection: Connection, article: Article) -> int:
    """The new one's id. Its slug must be free."""
    return connection.insert(
        "INSERT INTO articles (slug, category, title, summary, words, body, place, published, author_id, "
        "changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        article.slug,
        *_written(article),
    )


def save(connection: Connection, article: Article) -> None:
    """Everything of it but its name."""
    connection.run(
        "UPDATE articles SET category = ?, title = ?, summary = ?, words = ?, body = ?, place = ?, published = ?, "
        "author_id = ?, changed_at = ? WHERE id = ?",
        *_written(article),
        article.id,
    )


def edition(connection: Connection) -> tuple[int, int]:
    """A pair that is another one as soon as any article is."""
    row = connection.row("SELECT COUNT(*), MAX(changed_at) FROM articles")
    return (int(row[0]), int(row[1] or 0)) if row else (0, 0)


def vote(connection: Connection, article: int, voter: str, helped: bool, now: int) -> None:
    """One vote a voter: a later one replaces it."""
    changed = connection.run(
        "UPDATE article_votes SET helped = ?, voted_at = ? WHERE article_id = ? AND voter = ?",
        int(helped),
        now,
        article,
        voter,
    )
    if not changed:
        connection.run(
            "INSERT INTO article_votes (article_id, voter, helped, voted_at) VALUES (?, ?, ?, ?)",
            article,
            voter,
            int(helped),
            now,
        )


def votes(connection: Connection) -> dict[int, tuple[int, int]]:
    """By article: how many it helped, and how many not."""
    rows = connection.rows("SELECT article_id, SUM(helped), COUNT(*) FROM article_votes GROUP BY article_id")
    return {row[0]: (int(row[1]), int(row[2]) - int(row[1])) for row in rows}


def _written(article: Article) -> tuple[object, ...]:
    return (
        article.category,
        article.title,
        article.summary,
        article.words,
        article.body,
        article.place,
        int(article.published),
        article.author,
        article.changed_at,
    )


def _from_row(row: Row) -> Article:
    return Article(
        id=row[0],
        slug=row[1],
        category=row[2],
        title=row[3],
        summary=row[4],
        words=row[5],
        body=row[6],
        place=row[7],
        published=bool(row[8]),
        author=row[9],
        changed_at=row[10],
    )
