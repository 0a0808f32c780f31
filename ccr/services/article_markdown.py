"""Articles are Markdown: how it is read, by whoever shows them and by whoever searches them."""

from collections.abc import Iterable

from markdown_it import MarkdownIt
from markdown_it.token import Token

_ENDS_A_LINE = {"softbreak", "hardbreak"}


def reader() -> MarkdownIt:
    """What is markup in an article and what is text. HTML is text, and of a picture there is only the link."""
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


def as_text(markdown: str) -> str:
    """The words that somebody sees who reads it, without where its links lead; what stands apart on a line each."""
    return "\n".join(filter(None, map(_shown, reader().parse(markdown))))


def _shown(block: Token) -> str:
    # What holds others says as its content how they were typed, marks and all.
    return block.content if block.children is None else _on_lines(block.children)


def _on_lines(parts: Iterable[Token]) -> str:
    return "".join("\n" if part.type in _ENDS_A_LINE else part.content for part in parts)
