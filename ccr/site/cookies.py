"""The cookies: the session's, signed by quart-auth, the device's, by which a browser is known again, and for a few
minutes the e-mail to which a code was sent.
"""

import functools
import warnings
from collections.abc import Callable

from itsdangerous import BadSignature, URLSafeTimedSerializer
from quart import Quart, after_this_request, current_app, request
from quart.typing import ResponseTypes
from quart_auth import AuthUser, QuartAuth, login_user, logout_user
from werkzeug.http import parse_cookie

from ccr.services.identity import Device, SignedIn, device_name
from ccr.settings import Settings, signing_key
from ccr.site.addresses import client_address

LASTING = 400 * 24 * 60 * 60
"""Seconds, the most that browsers grant. The session's own end is in the database."""

EMAIL_FOR = 10 * 60
"""Seconds, as long as a code is good."""

_KEY = "ccr.cookies"


class _Cookies:
    """What they are called and how they are set."""

    def __init__(self, settings: Settings, key: str) -> None:
        self.secure = settings.secure_cookies
        # Browsers take a cookie of this prefix from nobody but the very host, and only over https.
        prefix = "__Host-" if self.secure else ""
        self.session = f"{prefix}ccr_session"
        self.device = f"{prefix}ccr_device"
        self.email = f"{prefix}ccr_email"
        self.signer = URLSafeTimedSerializer(key, salt="ccr email")

    def set(self, name: str, value: str, lasting: int) -> None:
        """Have the answer to this request set this cookie for so many seconds, or take it back for none."""

        @after_this_request
        async def keep(response: ResponseTypes) -> ResponseTypes:
            response.set_cookie(
                name, value, max_age=lasting, secure=self.secure, httponly=True, samesite="Lax"
            )
            return response


def install(app: Quart, settings: Settings) -> Callable[[str], str | None]:
    """Let `app` sign people in by cookie. Returned is what finds the session's token in a `Cookie` header.

    That is for the live half's handshake, which is not a request of `app`.
    """
    app.secret_key = signing_key(settings)
    cookies = _Cookies(settings, app.secret_key)
    app.extensions[_KEY] = cookies
    auth = QuartAuth(
        app,
        cookie_name=cookies.session,
        cookie_secure=cookies.secure,
        cookie_http_only=True,
        cookie_samesite="Lax",
        duration=LASTING,
        salt="ccr session",
    )
    # Behind a proxy that ends TLS the request itself looks insecure; what counts is how browsers reach us.
    warnings.filterwarnings("ignore", message="Secure cookies will be ignored")
    return functools.partial(_token_in, app, auth, cookies.session)


def session_token() -> str | None:
    """The token in the session's cookie, if that is one of ours."""
    auth: QuartAuth = current_app.extensions["QUART_AUTH"][0]
    token = auth.load_cookie()
    return token if isinstance(token, str) else None


def has_session_cookie() -> bool:
    """Whether the browser sent a session's cookie, good or bad."""
    return _of_app().session in request.cookies


def remember(signed_in: SignedIn) -> None:
    """Have the answer to this request set both cookies."""
    login_user(AuthUser(signed_in.token), remember=True)
    know(signed_in.device_token)


def forget() -> None:
    """Have the answer to this request take the session's cookie back; the device goes on being known."""
    logout_user()


def know(device_token: str) -> None:
    """Have the answer to this request set the device's cookie."""
    cookies = _of_app()
    cookies.set(cookies.device, device_token, LASTING)


def keep_email(email: str) -> None:
    """Have the browser bring back the e-mail that a code was asked for: an address in a page's would be logged."""
    cookies = _of_app()
    cookies.set(cookies.email, cookies.signer.dumps(email), EMAIL_FOR)


def kept_email() -> str:
    """The e-mail that this browser asked a code for a moment ago, empty if it did not."""
    cookies = _of_app()
    try:
        kept = cookies.signer.loads(request.cookies.get(cookies.email, ""), max_age=EMAIL_FOR)
    except BadSignature:
        return ""
    return str(kept)


def forget_email() -> None:
    """Have the answer to this request take the e-mail back."""
    cookies = _of_app()
    cookies.set(cookies.email, "", 0)


def device() -> Device:
    """The device that sent this request."""
    name = device_name(request.headers.get("User-Agent", ""))
    return Device(name, client_address(), request.cookies.get(_of_app().device))


def _of_app() -> _Cookies:
    cookies: _Cookies = current_app.extensions[_KEY]
    return cookies


def _token_in(app: Quart, auth: QuartAuth, name: str, cookie_header: str) -> str | None:
    # werkzeug's parser, because the standard library's gives up at another site's malformed cookie on the same host
    value = parse_cookie(cookie_header).get(name)
    token = auth.load_token(value, app) if value else None
    return token if isinstance(token, str) else None


def is_page() -> bool:
    """Whether a page of ours asks by script: its browser keeps the cookie. A program is content with the token."""
    return "Origin" in request.headers or request.headers.get("Sec-Fetch-Site") == "same-origin"
