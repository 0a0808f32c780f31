"""Mails from Jinja templates: `KIND.txt` and `KIND.html`, each in its layout, told from the same data.

The subject is the block `subject` of `KIND.txt`. Nothing missing goes unnoticed: an unknown name is an error.
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

SUBJECT_LENGTH = 180

# Line ends and control characters, and what would turn the text that follows around.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_BLANK_LINES = re.compile(r"\n{3,}")
_LIKE_A_LINK = re.compile(r"[/:@\\]|\w\.\w")


class JinjaTemplates:
    """Renders the mails whose templates lie in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._jinja = Environment(
            loader=FileSystemLoader(folder),
            autoescape=select_autoescape(["html"], default=False),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._jinja.filters |= {"line": line, "salutation": salutation, "when": when, "quoted": quoted}
        # An import in each template would be worked out anew for each mail.
        self._jinja.globals["parts"] = self._jinja.get_template("parts.html").module
        self._known: dict[str, tuple[Template, Template]] = {}

    def mail(self, kind: str, data: dict[str, object]) -> tuple[str, str, str]:
        """Subject, text and HTML. Raises a `jinja2.TemplateError` for an unknown kind or missing data."""
        text_form, html_form = self._forms(kind)
        # Each template on its own would gather the globals for each rendering anew.
        known: dict[str, Any] = {**self._jinja.globals, **data}
        subject = line("".join(text_form.blocks["subject"](text_form.new_context(known, shared=True))))
        known["subject"] = subject = subject[:SUBJECT_LENGTH]
        text, html = (_render(form, known) for form in (text_form, html_form))
        return subject, _BLANK_LINES.sub("\n\n", text).strip() + "\n", html

    def _forms(self, kind: str) -> tuple[Template, Template]:
        if kind not in self._known:
            self._known[kind] = (
                self._jinja.get_template(f"{kind}.txt"),
                self._jinja.get_template(f"{kind}.html"),
            )
        return self._known[kind]


def _render(form: Template, known: dict[str, Any]) -> str:
    return "".join(form.root_render_func(form.new_context(known, shared=True)))


def line(text: str) -> str:
    """The text on one line."""
    return " ".join(_UNFIT.sub(" ", str(text)).split())  # `str` finds what is missing


def salutation(name: str) -> str:
    """How to address who calls themselves so.

    Anybody may register a stranger's address under any name, and the greeting is what that stranger reads: a name
    that a mail program would make a link of is left out.
    """
    name = line(name)
    return "there" if not name or len(name) > 60 or _LIKE_A_LINK.search(name) else name


def when(at: Any) -> str:
    """Milliseconds since 1970 UTC, or a time as the contract writes it, for a reader of whom no time zone is known."""
    time = (
        datetime.fromtimestamp(at / 1000, UTC) if isinstance(at, int | float) else datetime.fromisoformat(at)
    )
    time = time.astimezone(UTC)
    return f"{time.day} {time:%B %Y, %H:%M} UTC"


def quoted(text: str) -> str:
    """The text as mails quote it, each line behind `> `."""
    return "\n".join(f"> {row}".rstrip() for row in text.splitlines())
