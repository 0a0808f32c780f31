"""How a page is made: its template, what every template may use, and the headers that keep a browser strict."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import FileSystemLoader
from markupsafe import Markup
from quart import Quart, Response, g, render_template, request

from ccr.desk.refusals import Code, Refusal

POLICY = (
    "default-src 'self'; img-src 'self' blob:{files}; media-src 'self' blob:{files}; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""`blob:` is what is on its way and shown already; `files` is where an object storage hands files out."""

HEADERS = {
    "Content-Security-Policy": POLICY.format(files=""),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # not no-referrer: Chromium would send `Origin: null` with every form
    "Cross-Origin-Opener-Policy": "same-origin",
}

SECRET_FIELDS = frozenset({"password", "confirm_password", "current_password"})
"""Never sent back to a page, whatever was wrong with it."""

_TIMES = {"date": "%-d %B %Y", "activity": "%-d %b %Y, %H:%M UTC", "clock": "%H:%M UTC"}


class Form(msgspec.Struct, frozen=True):
    """What a form says when it comes back: why it was refused, what is wrong by field name, what was typed."""

    message: str = ""
    wrong: dict[str, str] = {}
    kept: dict[str, str] = {}

    @classmethod
    def refused(cls, refusal: Refusal, given: Mapping[str, str]) -> "Form":
        """The form as it was filled in, but for its secrets, with what the refusal says about it."""
        kept = {name: value for name, value in given.items() if name not in SECRET_FIELDS}
        marked = bool(refusal.fields) and refusal.fields.keys() <= given.keys()
        return cls(
            "Please look at what is marked below." if marked else refusal.message, refusal.fields, kept
        )


def set_up(
    app: Quart, *, templates: Path, asset: Callable[[str], str], files_from: str | None = None
) -> None:
    """Let `app` render pages from the folder `templates`; `asset` gives a built file's address by its name.

    `files_from` is the origin of the store, where files do not come from ourselves.
    """
    jinja = app.jinja_env
    jinja.loader = FileSystemLoader(templates)
    jinja.trim_blocks = jinja.lstrip_blocks = True
    jinja.globals |= {"asset": asset, "moment": moment, "fresh": Form()}
    policy = POLICY.format(files=f" {files_from}" if files_from else "")
    app.after_request(partial(_harden, HEADERS | {"Content-Security-Policy": policy}))


async def page(template: str, status: int = 200, **context: Any) -> Response:
    """The page as an answer.

    Templates also see `person` (on the wire, or None), `path`, `status`, `form` (a `Form`), `fresh` (an empty one),
    `done` (which of the page's forms was just carried out), `asset(name)` and `moment(time, form)`.
    """
    identity = g.get("identity")
    person = identity.person.wire() if identity else None
    everywhere = {
        "person": person,
        "path": request.path,
        "status": status,
        "form": Form(),
        "done": request.args.get("done", ""),
    }
    response = Response(await render_template(template, **(everywhere | context)), status)
    # What is behind a sign-in must not come back with the browser's back button once that is over.
    response.headers["Cache-Control"] = "no-store" if person else "no-cache"
    return response


async def error_page(status: int, code: str, message: str) -> Response:
    """What somebody sees who asked for a page and cannot have it. Asks nothing of the database.

    `message` is shown where it says more than the status does: a `Refusal`'s about what is or is not allowed.
    """
    title, usual = _ERRORS.get(status, _ERRORS[500 if status >= 500 else 400])
    telling = status in _TELLING and code in set(Code)
    return await page("error.html", status, title=title, message=message if telling else usual)


def moment(at: str, form: str = "activity") -> Markup:
    """A wire time as `<time>`: in UTC, until the browser's script writes it in the reader's own."""
    words = datetime.fromisoformat(at).strftime(_TIMES[form])
    return Markup('<time datetime="{}" data-as="{}">{}</time>').format(at, form, words)


async def _harden(headers: Mapping[str, str], response: Response) -> Response:
    # A script or a style is no page: all that must be said of it is that it is what it says it is.
    is_page = response.mimetype not in {"text/css", "text/javascript"}
    for name in headers if is_page else ("X-Content-Type-Options",):
        response.headers.setdefault(name, headers[name])
    return response


_TELLING = frozenset({400, 403, 409, 429})
_ERRORS = {
    400: ("That was not understood", "The request does not have the form asked for. Go back and try again."),
    401: ("Please sign in", "You are not signed in, or no longer."),
    403: ("Not for you to do", "You are signed in, but this is not among the things you may do."),
    404: ("Nothing here", "There is no such page, or it is not yours to see."),
    405: ("Not like that", "This address does not take what was sent. Go back and try again."),
    409: ("Not as things stand", "The present state does not allow it. Look at it again."),
    413: ("Too large", "More was sent than is allowed. Make it smaller and try again."),
    429: ("A little slower, please", "That was too often in a short time. Wait a moment and try again."),
    500: (
        "Our mistake",
        "Something went wrong here, not with you. It has been noted; try again in a moment.",
    ),
    503: (
        "Not just now",
        "The registry cannot be reached at the moment. Nothing was saved; try again shortly.",
    ),
}
