"""Finds the article that answers a question, with lunr: a small full-text index in pure Python, kept in memory.

Measured against others on tests/bench/questions/tuning.toml: bm25s put as many right articles first and needs numpy;
tantivy put fewer first and takes 17 MB. lunr takes 0.3 MB, and a millisecond. What a mistyped word may mean is left to
rapidfuzz (12 MB): lunr's own way takes half a second of the processor for one word of 40 letters, and a question may
hold a dozen of them.
"""

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from lunr import lunr
from lunr.stop_word_filter import WORDS
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from ccr.ports import Found, Paper

FIELDS = {"title": 4, "words": 3, "summary": 2, "body": 1}
"""What a match is worth, by where it is."""

SHORTEST_MISTYPED, TWICE_MISTYPED = 4, 7
"""Letters of a stem in which one mistake is forgiven, and two."""

IN_PASSING = 0.5
"""What a word counts that is in the text alone, and neither in title, summary nor words."""

COVERED_NOTHING = 0.25
ALSO_LOOKED_AT = 5
"""A paper that holds more of the question goes before one that says a single word of it more often."""

MISTYPED = 0.7
"""What a word counts that is there but for a letter or two."""

MOST_MISTYPED = 12
"""Unknown words of a question that are looked for among the known: whoever mistypes more writes another language."""

LONGEST_WORD = 40

LONGEST = 40
"""Words of a question that are looked at: enough for any, and an essay costs no more than that."""

_WORD = re.compile(r"[^\W_]+")
_APOSTROPHE = re.compile(r"['’´`]")

# Two words that mean something else together, and whose second by itself means nothing.
_TOGETHER = (
    (re.compile(r"\b(?:sign|signed|signing|log|logged|loging|logging)[\s-]+(?:in|on|into|onto)\b"), "signin"),
    (re.compile(r"\b(?:sign|signed|signing|log|logged|logging)[\s-]+(?:out|off)\b"), "signout"),
    (re.compile(r"\bsign(?:ed|ing)?[\s-]+up\b"), "signup"),
    (re.compile(r"\blog(?:in|on)s?\b"), "signin"),
    (re.compile(r"\b(?:take|takes|taken|taking|took)((?:\s+[^\W_]+){0,3}?)\s+back\b"), r"takeback\1"),
)

# Words that say nothing about what a question is about. Those that lunr leaves out of the papers, in which they would
# be looked for in vain, and those of asking.
_EMPTY = WORDS | frozenset(
    """
    a about after again all also am an and any anybody anyone anything are arent as at be because been before being
    both but by can cannot cant come comes could couldnt did didnt do does doesnt doing dont each else even ever
    every few for from get gets getting give go goes going got had hadnt has hasnt have havent having he hello help
    her here heres hers hes hi him his how hows i id if ill im in into is isnt it itll its itself ive just know let
    lets like made make makes making many may me mean means might mine more most much must mustnt my myself need
    neednt needs no nor not now of off ok okay on once one only or other our ours out over own please pls put same
    say says see she shes should shouldnt so some somebody someone something still such take takes tell than thank
    thanks that thatll thats the their them then there theres these they theyd theyll theyre theyve thing things
    this those through to too try trying under until up us use used using very want wants was wasnt way we well were
    werent weve what whats when whens where wheres which while who whom whos why whys will with wont would wouldnt
    yes yet you youd youll your youre yours youve
    """.split()  # noqa: SIM905 - words to be read
)


class LunrShelf:
    """An index over some papers. Made once, read from any thread."""

    def __init__(self, papers: Sequence[Paper]) -> None:
        self._count = len(papers)
        fields = [{"field_name": name, "boost": boost} for name, boost in FIELDS.items()]
        documents = [
            {"ref": paper.ref, **{name: _words(getattr(paper, name)) for name in FIELDS}} for paper in papers
        ]
        # lunr makes no index of nothing.
        self._index: Any = lunr(ref="ref", fields=fields, documents=documents) if papers else None
        self._spelling = _Spelling(self._index.inverted_index if self._index else ())

    def find(self, question: str, most: int = 3) -> list[Found]:
        """The best papers, best first, each with how certain it is that it is about this at all."""
        if self._index is None:
            return []
        meant = self._meant(self._stems(question))
        if not any(meant.values()):
            return []
        query = self._index.create_query()
        for stem, words in meant.items():
            for word in words:
                query.term(word, boost=10 if word == stem else 10 * MISTYPED, use_pipeline=False)
        found = [
            Found(hit["ref"], hit["score"], *self._trust(meant, hit["match_data"].metadata))
            for hit in self._index.query(query)[: most + ALSO_LOOKED_AT]
        ]
        found.sort(key=lambda one: one.score * (COVERED_NOTHING + one.certainty), reverse=True)
        return found[:most]

    def _stems(self, question: str) -> list[str]:
        told = [word for word in _words(question) if word not in _EMPTY][:LONGEST]
        return list(dict.fromkeys(stem for word in told for stem in self._index.pipeline.run_string(word)))

    def _meant(self, stems: list[str]) -> dict[str, list[str]]:
        """For each the word itself, where it is in any paper; else those that it may be, mistyped."""
        known = self._index.inverted_index
        mistyped = [stem for stem in stems if stem not in known and _may_be_mistyped(stem)][:MOST_MISTYPED]
        near = {stem: self._spelling.near(stem) for stem in mistyped}
        return {stem: [stem] if stem in known else near.get(stem, []) for stem in stems}

    def _trust(self, meant: dict[str, list[str]], matched: dict[str, Any]) -> tuple[float, float]:
        """Certainty and evidence.

        Certainty is how much of what the question says is in the paper, from 0 to 1: rare words say more, unknown ones
        most. But all of "My ticket" is in any paper about tickets; so evidence is the sum itself, of those words that
        do not stand there in passing, and nothing unless two of them are spelt right.
        """
        total = there = evidence = 0.0
        telling = 0
        for stem, words in meant.items():
            weight = max((self._weight(word) for word in words), default=self._weight(stem))
            total += weight
            trust = 1.0 if words == [stem] else MISTYPED
            place = max((_place(matched[word]) for word in words if word in matched), default=0)
            there += weight * trust * place
            if place == 1.0:
                evidence += weight * trust
                telling += words == [stem]
        return there / total if total else 0.0, evidence if telling > 1 else 0.0

    def _weight(self, word: str) -> float:
        entry = self._index.inverted_index.get(word)
        holders = set().union(*(entry[field] for field in FIELDS)) if entry else set()
        return math.log(1 + (self._count - len(holders) + 0.5) / (len(holders) + 0.5))


class _Spelling:
    """The words of an index, and which of them a mistyped one may be."""

    def __init__(self, words: Iterable[str]) -> None:
        # Hardly anybody mistakes the first letter, and it tells most words apart that are not meant.
        self._by_letter: dict[str, list[str]] = {}
        for word in words:
            self._by_letter.setdefault(word[0], []).append(word)

    def near(self, stem: str) -> list[str]:
        """Those that one or two mistakes make it of: a letter more, less or another, or two that changed places."""
        found = process.extract(
            stem,
            self._by_letter.get(stem[0], ()),
            scorer=DamerauLevenshtein.distance,
            score_cutoff=2 if len(stem) >= TWICE_MISTYPED else 1,
            limit=None,
        )
        return [word for word, _, _ in found]


def _may_be_mistyped(stem: str) -> bool:
    return len(stem) >= SHORTEST_MISTYPED and stem.isalpha()


def _words(text: str) -> list[str]:
    """As papers and questions are both cut: a word that is cut otherwise in one of them is never found."""
    return [word[:LONGEST_WORD] for word in _WORD.findall(_APOSTROPHE.sub("", _joined(text)))]


def _joined(text: str) -> str:
    text = text.lower()
    for pattern, word in _TOGETHER:
        text = pattern.sub(word, text)
    return text


def _place(fields: dict[str, Any]) -> float:
    """What is only said in passing does not make a paper the answer."""
    return 1.0 if fields.keys() - {"body"} else IN_PASSING
