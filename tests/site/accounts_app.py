"""The JSON API of accounts as a small application, for tests that need nothing else of the registry."""

from pathlib import Path
from typing import Any

from quart import Quart, Response

from ccr.services.refusal_log import RefusalLog
from ccr.settings import Settings
from ccr.site import errors, guards, limits, paths
from ccr.site.api_accounts import accounts_api
from ccr.site.api_notices import notices_api
from ccr.site.api_reach import reach_api
from tests.accounts_house import PASSWORD, SECRET, House

PUBLIC_URL = "http://127.0.0.1:8000"


def make_settings(folder: Path, **given: Any) -> Settings:
    """Those of a registry on this machine."""
    return Settings(data=folder, secret_key=SECRET, **given)


async def error_page(status: int, code: str, message: str) -> Response:
    """A page as plain as can be."""
    return Response(f"{code}: {message}", status, content_type="text/plain")


def make_app(house: House, settings: Settings) -> Quart:
    """Wired as the whole registry is."""
    app = Quart(__name__)
    paths.install(app)
    guards.install(app, settings, house.signing_in)
    limits.install(app, settings)
    errors.install(app, error_page, RefusalLog())
    app.register_blueprint(
        accounts_api(
            accounts=house.accounts,
            exports=house.exports,
            signing_in=house.signing_in,
            resets=house.resets,
            staff=house.staff,
            feedback=house.feedback,
            canned_replies=house.canned_replies,
        )
    )
    app.register_blueprint(reach_api(house.mobiles, house.subscriptions))
    app.register_blueprint(notices_api(house.notice_traces, house.notice_choices))
    return app


class Caller:
    """A program that speaks to the API, by bearer token once signed in."""

    def __init__(self, app: Quart) -> None:
        self._client = app.test_client(use_cookies=False)
        self.headers: dict[str, str] = {}

    async def call(self, method: str, path: str, given: Any = None, **options: Any) -> Any:
        """The answer to a JSON body; raw bytes are sent as they are."""
        body = {"data": given} if isinstance(given, bytes) else {} if given is None else {"json": given}
        headers = self.headers | options.pop("headers", {})
        if isinstance(given, bytes):
            headers = {"Content-Type": "application/json"} | headers
        return await self._client.open(f"/api/v1{path}", method=method, headers=headers, **body, **options)

    async def sign_in(self, login: str, password: str = PASSWORD) -> "Caller":
        """Signed in from now on."""
        name = "email" if "@" in login else "username"
        response = await self.call("POST", "/sessions", {name: login, "password": password})
        assert response.status_code == 200, await response.get_json()
        self.headers["Authorization"] = f"Bearer {(await response.get_json())['token']}"
        return self
