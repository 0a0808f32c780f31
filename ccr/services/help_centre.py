"""The help centre: articles that staff write, found by whoever asks, with an honest "not here"."""

import asyncio
import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import partial
from typing import Annotated, Any, Literal

import msgspec

from ccr.desk import clock
from ccr.desk.people import Person, Role
from ccr.desk.refusals import conflict, forbidden, not_found
from ccr.ports import Librarian
from ccr.services import help_papers
from ccr.services.account_forms import Form, read
from ccr.services.help_papers import Edition, Shelves
from ccr.store import articles
from ccr.store.articles import Article
from ccr.store.connection import Connection
from ccr.store.database import Database

LONGEST_QUESTION = 500
"""Characters of a question that are looked at."""

LONGEST_ARTICLE = 4_000
"""Characters."""

OTHER = 1_000
"""The place of an article that staff wrote: behind those that came with the registry."""

_ONE_LINE = r"\A[^\x00-\x1f\x7f\u2028\u2029]*\Z"


def _line(longest: int, least: int = 1) -> Any:
    return msgspec.Meta(
        min_length=least, max_length=longest, pattern=_ONE_LINE, description="must be on one line"
    )


class ArticleForm(Form, frozen=True):
    """What staff write. `words` are others by which people ask for it, between commas."""

    title: Annotated[str, _line(150)]
    category: Annotated[str, _line(60)]
    summary: Annotated[str, _line(500)]
    body: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_ARTICLE)]
    words: Annotated[str, _line(1_000, least=0)] = ""
    published: Literal["yes", "no"] = "yes"
    seen: str = ""
    """When the article that is being changed was last changed, as its editor was shown it."""


class HelpCentre:
    """Articles, their search, and whether they helped. `secret` hides who voted without being signed in."""

    def __init__(
        self,
        database: Database,
        librarian: Librarian,
        *,
        secret: str,
        now: Callable[[], int] = clock.now,
    ) -> None:
        self._database = database
        self._librarian = librarian
        self._secret = secret
        self._now = now
        self._edition: Edition | None = None
        self._shelves: Shelves | None = None
        self._making = asyncio.Lock()

    async def contents(self, person: Person | None) -> list[dict[str, Any]]:
        """`[{name, articles}]` by category. Staff see drafts, and whom what helped."""

        def both(connection: Connection) -> tuple[list[Article], dict[int, tuple[int, int]]]:
            return articles.every(connection), articles.votes(connection) if is_staff(person) else {}

        found, votes = await self._database.read(both)
        categories: dict[str, list[dict[str, Any]]] = {}
        for article in found:
            if article.published or is_staff(person):
                shown = help_papers.article(article) | {"votes": votes.get(article.id)}
                categories.setdefault(article.category, []).append(shown)
        return [{"name": name, "articles": held} for name, held in categories.items()]

    async def article(self, person: Person | None, slug: str) -> dict[str, Any]:
        """One of them, with `body`, `words` and `seen`. A draft is staff's alone. Raises `not_found`."""
        found = await self._database.read(lambda connection: articles.find(connection, slug))
        if found is None or not (found.published or is_staff(person)):
            raise not_found("article")
        return help_papers.article(found) | {
            "body": found.body,
            "words": found.words,
            "seen": str(found.changed_at),
        }

    async def search(self, question: str, most: int = 3) -> dict[str, Any]:
        """`{sure, articles}`: what is public and may answer it, best first; `sure` is that of the first.

        Beside articles these are public questions, which answer for sure only by an accepted answer.
        """
        shelves = await self._stocked()
        told = await asyncio.to_thread(shelves.find, question[:LONGEST_QUESTION], most)
        return {"sure": bool(told) and told[0]["sure"], "articles": told}

    async def write(self, person: Person, given: object, slug: str | None = None) -> str:
        """Save an article, a new one without `slug`. Returns its name. Raises `forbidden`, `invalid`, `conflict`.

        The same words of the same person again, as from a form that was sent twice, change nothing.
        """
        _only_staff(person)
        form = read(ArticleForm, given)
        return await self._database.write(partial(self._write, person, form, slug))

    async def vote(self, person: Person | None, address: str, slug: str, helped: bool) -> None:
        """It helped, or not: once for a person, or for an address that nobody is signed in at."""
        voter = f"person {person.id}" if person else self._anonymous(address)

        def vote(connection: Connection) -> None:
            found = articles.find(connection, slug)
            if found is None or not found.published:
                raise not_found("article")
            articles.vote(connection, found.id, voter, helped, self._now())

        await self._database.write(vote)

    async def ship(self, shipped: Iterable[Article]) -> None:
        """Put in what comes with the registry, and bring up to date what nobody has changed since."""
        wanted = list(shipped)

        def ship(connection: Connection) -> None:
            present = {article.slug: article for article in articles.every(connection)}
            newer = self._newer(connection)
            for article in wanted:
                was = present.get(article.slug)
                if was is None:
                    articles.add(connection, msgspec.structs.replace(article, changed_at=newer))
                elif was.author is None and _differs(was, article):
                    articles.save(connection, msgspec.structs.replace(article, id=was.id, changed_at=newer))

        await self._database.write(ship)

    async def _stocked(self) -> Shelves:
        """The shelves, made anew when anything on them has changed, on whichever node."""
        edition = await self._database.read(help_papers.edition)
        async with self._making:
            if self._shelves is None or edition != self._edition:
                held = await self._database.read(help_papers.everything)
                self._shelves = await asyncio.to_thread(help_papers.stocked, self._librarian, held)
                self._edition = edition
            return self._shelves

    def _write(self, person: Person, form: ArticleForm, slug: str | None, connection: Connection) -> str:
        before = articles.find(connection, slug) if slug is not None else None
        if slug is not None and before is None:
            raise not_found("article")
        made = Article(
            id=before.id if before else 0,
            slug=before.slug if before else _free_name(connection, form.title),
            category=form.category.strip(),
            title=form.title.strip(),
            summary=form.summary.strip(),
            words=form.words.strip(),
            body=form.body,
            place=before.place if before else OTHER,
            published=form.published == "yes",
            author=person.id,
            changed_at=self._newer(connection),
        )
        for present in [before] if before else articles.every(connection):
            if not _differs(present, msgspec.structs.replace(made, slug=present.slug, place=present.place)):
                return present.slug
        if before is not None and form.seen != str(before.changed_at):
            raise conflict(
                "Somebody else changed this article meanwhile. Open it again, and put your changes in."
            )
        articles.save(connection, made) if before else articles.add(connection, made)
        return made.slug

    def _newer(self, connection: Connection) -> int:
        """Later than any article's time, also where clocks differ: by it every node sees that there is a new one."""
        return max(self._now(), articles.edition(connection)[1] + 1)

    def _anonymous(self, address: str) -> str:
        return hashlib.blake2b(address.encode(), key=self._secret.encode()[:64], digest_size=16).hexdigest()


def is_staff(person: Person | None) -> bool:
    """Whether this person writes articles."""
    return person is not None and person.role in (Role.AGENT, Role.ADMIN)


def shipped(name: str, text: str, now: int = 0) -> Article:
    """An article as it comes with the registry: lines of `field: value`, an empty one, and the text.

    `name` is `PLACE-slug`, the place a number.
    """
    head, _, body = text.partition("\n\n")
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    place, _, slug = name.partition("-")
    return Article(
        slug=slug,
        category=fields["category"],
        title=fields["title"],
        summary=fields["summary"],
        words=fields["words"],
        body=body.strip(),
        place=int(place),
        published=True,
        author=None,
        changed_at=now,
    )


def _differs(one: Article, other: Article) -> bool:
    return msgspec.structs.replace(one, id=0, changed_at=0) != msgspec.structs.replace(
        other, id=0, changed_at=0
    )


def _only_staff(person: Person) -> None:
    if not is_staff(person):
        raise forbidden("Articles are written by agents and admins.")


def _free_name(connection: Connection, title: str) -> str:
    """The title as it may stand in an address."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    stem = "-".join(re.findall(r"[a-z0-9]+", plain))[:60].strip("-") or "article"
    taken = {article.slug for article in articles.every(connection)} | RESERVED
    return next(
        name for n in range(1, len(taken) + 3) if (name := stem if n == 1 else f"{stem}-{n}") not in taken
    )


RESERVED = {"new", "questions"}
"""Names below `/help` that are no article's."""
