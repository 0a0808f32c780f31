"""Who may use a route. Every one carries exactly one of the decorators here; a test walks them all.

Whatever the guard, a change asked for by a foreign page is refused: browsers send cookies along wherever a request
comes from, but they say where it comes from.
"""

import functools
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar
from urllib.parse import urlencode

from quart import Quart, current_app, g, redirect, request
from quart.typing import ResponseReturnValue

from ccr.desk.people import Role
from ccr.desk.refusals import Code, Refusal, forbidden
from ccr.services.identity import Identity
from ccr.services.signing_in import SigningIn
from ccr.settings import Settings
from ccr.site import cookies

P = ParamSpec("P")
V = TypeVar("V", bound=Callable[..., Awaitable[ResponseReturnValue]])
View = Callable[P, Awaitable[ResponseReturnValue]]
Bouncer = Callable[[Identity | None], ResponseReturnValue | None]
"""Lets somebody in (`None`), sends them elsewhere (an answer), or raises `Refusal`."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that change nothing."""

_KEY = "ccr.guards"
_MARK = "__ccr_guard__"


class _Guards:
    def __init__(self, settings: Settings, signing_in: SigningIn) -> None:
        self.public_url = settings.public_url
        self.signing_in = signing_in


def install(app: Quart, settings: Settings, signing_in: SigningIn) -> Callable[[str], str | None]:
    """Let the routes of `app` know who is asking. Returned is what finds a session's token in a `Cookie` header."""
    app.extensions[_KEY] = _Guards(settings, signing_in)
    return cookies.install(app, settings)


async def identity() -> Identity | None:
    """Who is asking, by bearer token or cookie; looked up once in a request. Templates find it as `g.identity`.

    Whoever asks `As-Person` somebody else is nobody: what one person wrote must not be sent by another who has signed
    in at the same browser since.
    """
    if "identity" not in g:
        token = _bearer_token() if _has_bearer() else cookies.session_token()
        found = await _of_app().signing_in.identify(token) if token else None
        meant = request.headers.get("As-Person")
        g.identity = found if found and meant in (None, str(found.person.id)) else None
    asking: Identity | None = g.identity
    return asking


def known() -> Identity:
    """Who is asking, within a route that only the signed-in reach."""
    found: Identity | None = g.get("identity")
    if found is None:
        raise _unauthenticated()
    return found


def anyone(view: View[P]) -> View[P]:
    """Open to everybody, signed in or not."""
    return _guarded(view, "anyone", lambda _: None)


def unasked(view: View[P]) -> View[P]:
    """Open to everybody without looking anybody up: for what must answer when the database does not."""
    setattr(view, _MARK, "unasked")
    return view


def signed_in(view: View[P]) -> View[P]:
    """For everybody who is signed in."""
    return _guarded(view, "signed_in", lambda found: _past_password(_proven(found)))


def barely_signed_in(view: View[P]) -> View[P]:
    """For the signed-in, even while the password that an admin gave them is still to be changed."""

    def let_in(found: Identity | None) -> ResponseReturnValue | None:
        proven = _proven(found)
        return None if isinstance(proven, Identity) else proven

    return _guarded(view, "barely_signed_in", let_in)


def only(*roles: Role) -> Callable[[View[P]], View[P]]:
    """For people with one of these roles."""

    def let_in(found: Identity | None) -> ResponseReturnValue | None:
        proven = _proven(found)
        if isinstance(proven, Identity) and proven.person.role not in roles:
            raise forbidden(f"This is for {' and '.join(f'{role.value}s' for role in roles)} only.")
        return _past_password(proven)

    def decorate(view: View[P]) -> View[P]:
        return _guarded(view, f"only {' '.join(roles)}", let_in)

    return decorate


def guard_of(view: object) -> str | None:
    """The name of the route's guard, `None` if it has none."""
    name: str | None = getattr(view, _MARK, None)
    return name


def is_api() -> bool:
    """Whether this request is answered in JSON rather than by a page."""
    return request.path.startswith("/api/")


def _guarded(view: View[P], name: str, let_in: Bouncer) -> View[P]:
    if guard_of(view):
        raise TypeError(f"{view!r} has a guard already")

    @functools.wraps(view)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        _refuse_foreign_changes()
        elsewhere = let_in(await identity())
        return await view(*args, **kwargs) if elsewhere is None else elsewhere

    setattr(guarded, _MARK, name)
    return guarded


def _proven(found: Identity | None) -> Identity | ResponseReturnValue:
    if found is not None:
        return found
    if is_api():
        raise _unauthenticated()
    return redirect(_sign_in_first(), 303)


def _sign_in_first() -> str:
    """The way to sign in, and from there on to what was asked for: a link in a mail must not lose its target."""
    wanted = request.full_path.rstrip("?")
    if request.method != "GET" or wanted == "/tickets":
        return "/login"
    return f"/login?{urlencode({'next': wanted})}"


def _past_password(proven: Identity | ResponseReturnValue) -> ResponseReturnValue | None:
    if not isinstance(proven, Identity):
        return proven
    if not proven.person.must_change_password:
        return None
    if is_api():
        raise forbidden("Change the password that you were given first.")
    return redirect("/account#password", 303)


def _refuse_foreign_changes() -> None:
    if request.method in SAFE or _has_bearer():
        return
    origin = request.headers.get("Origin")
    if origin is not None:
        own = {_of_app().public_url, f"{request.scheme}://{request.host}".lower()}
        if origin.lower() not in own:
            raise forbidden("This was sent by a page of another site.")
    elif cookies.has_session_cookie() and not _says_same_origin():
        # A browser says where a change comes from. A program that uses a cookie must say it, too.
        raise forbidden("A change made with the cookie must say its Origin.")


def _says_same_origin() -> bool:
    return request.headers.get("Sec-Fetch-Site") == "same-origin"


def _has_bearer() -> bool:
    """No foreign page can make a browser send this."""
    return request.headers.get("Authorization", "")[:7].lower() == "bearer "


def _bearer_token() -> str:
    return request.headers["Authorization"][7:].strip()


def _unauthenticated() -> Refusal:
    return Refusal(Code.UNAUTHENTICATED, "Sign in first.")


def _of_app() -> _Guards:
    guards: _Guards = current_app.extensions[_KEY]
    return guards
