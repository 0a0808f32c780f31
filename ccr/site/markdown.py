"""Articles are Markdown. What becomes of them is made by one library and looked through by another."""

from functools import cache, lru_cache
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

from ccr.services.article_markdown import reader

MOST_IN_LINKS = 50_000
"""Characters of addresses and titles in all links of a text: more than one without repeated links may have."""

_TAGS = {
    "p", "br", "hr", "h2", "h3", "h4", "ul", "ol", "li", "strong", "em", "code", "pre", "blockquote", "a",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_SCHEMES = {"https", "http", "mailto", "tel"}


@lru_cache(maxsize=256)
def rendered(text: str) -> Markup:
    """The text as HTML of a few harmless tags. HTML in it is shown as it was typed; no link leads to a script."""
    clean = nh3.clean(
        _html(text),
        tags=_TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        attribute_filter=_allowed,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer",
    )
    # A heading of nothing is none. On a narrow screen a table scrolls, and the page does not.
    tables = clean.replace("<th></th>", "<td></td>").replace(
        "<table>", '<div class="scroller" tabindex="0" role="group" aria-label="Table"><table>'
    )
    return Markup(tables.replace("</table>", "</table></div>"))  # noqa: S704 - cleaned just above


def _html(text: str) -> str:
    """Not yet clean. Where one address given once is referred to so often that it would fill a book, it is no link."""
    env: dict[str, Any] = {}
    tokens = _renderer().parse(text, env)
    links = (part for block in tokens for part in block.children or ())
    if sum(len(str(value)) for link in links for value in link.attrs.values()) > MOST_IN_LINKS:
        return str(_renderer(references=False).render(text))
    return str(_renderer().renderer.render(tokens, _renderer().options, env))


@cache
def _renderer(*, references: bool = True) -> MarkdownIt:
    made = reader() if references else reader().disable("reference")
    made.core.ruler.push("lower_headings", _lower_headings)
    return made


def _lower_headings(state: object) -> None:
    """The page's own heading is its only first one."""
    for token in state.tokens:  # type: ignore[attr-defined]
        if token.tag == "h1":
            token.tag = "h2"
        elif token.tag in {"h5", "h6"}:
            token.tag = "h4"


def _allowed(tag: str, name: str, value: str) -> str | None:
    """Browsers read `//host` and `/\\host` as another site, whatever the scheme is said to be."""
    if tag == "a" and name == "href" and value[:1] in "/\\" and value[1:2] in {"/", "\\"}:
        return None
    return value
