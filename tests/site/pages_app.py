"""The pages about people as a small application, and a browser without scripts that looks at them."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from quart import Quart, Response

from ccr.desk.people import Person
from ccr.package_files import template_folder
from ccr.ports import MailReports
from ccr.services.notice_traces import NoticeTraces
from ccr.services.reading import Reading
from ccr.services.refusal_log import RefusalLog
from ccr.site import errors, guards, limits, paths, rendering
from ccr.site.api_notices import hooks, notices_api
from ccr.site.pages_account import account_pages
from ccr.site.pages_help import help_pages
from ccr.site.pages_hours import hours_pages
from ccr.site.pages_notices import notices_pages
from ccr.site.pages_questions import questions_pages
from tests.accounts_house import PASSWORD, House, Recorder, open_house
from tests.site.accounts_app import PUBLIC_URL, make_settings

TWICE = {"password": PASSWORD, "confirm_password": PASSWORD}
NEW = {"password": "another horse", "confirm_password": "another horse"}


class Answer(NamedTuple):
    """What came back, with the HTML as text."""

    status: int
    html: str
    headers: Any

    @property
    def leads_to(self) -> str:
        """Where the browser is sent."""
        assert self.status == 303, self.html
        return str(self.headers["Location"])

    def value_of(self, name: str) -> str | None:
        """What stands in the first field of this name, `None` if nothing does."""
        field = re.search(rf'<input[^>]* name="{name}"[^>]*>', self.html)
        assert field, f"no field {name}"
        value = re.search(r' value="([^"]*)"', field[0])
        return value[1] if value else None

    def fault_of(self, name: str) -> str | None:
        """What is said to be wrong with the field of this id, which must be tied to it."""
        fault = re.search(rf'<p class="error" id="{name}-error">([^<]*)</p>', self.html)
        if fault:
            assert re.search(rf'aria-invalid="true" aria-describedby="[^"]*{name}-error"', self.html)
        return fault[1] if fault else None

    @property
    def forms(self) -> list[str]:
        """Every form, as it stands."""
        return re.findall(r"<form.*?</form>", self.html, re.DOTALL)


class Browser:
    """One person's, without scripts. Keeps cookies; says where its forms come from."""

    def __init__(self, app: Quart) -> None:
        self._client = app.test_client()

    async def open(self, path: str) -> Answer:
        """Look at a page."""
        return await _read(await self._client.get(path))

    async def send(self, path: str, *, origin: str | None = PUBLIC_URL, **fields: str) -> Answer:
        """Send a form."""
        headers = {"Origin": origin} if origin else {}
        return await _read(await self._client.post(path, form=fields, headers=headers))

    async def sign_in(self, login: str, password: str = PASSWORD) -> Answer:
        """Try to."""
        return await self.send("/login", email=login, password=password)

    async def is_signed_in(self) -> bool:
        """Whether one's own account can be seen."""
        return (await self.open("/account")).status == 200


class Pages(NamedTuple):
    """The pages and the services behind them."""

    app: Quart
    house: House
    online: set[int]

    def browser(self) -> Browser:
        """A new one, signed in as nobody."""
        return Browser(self.app)

    async def browser_of(self, login: str) -> Browser:
        """A new one, signed in as somebody of the cast."""
        browser = self.browser()
        assert (await browser.sign_in(login)).leads_to == "/tickets"
        return browser

    async def agent(self) -> Person:
        """Amir, made by Ada; the password is still to be changed."""
        return await self.house.agent(await self.house.admin())


class _Online(Recorder):
    """Says who is online, as the test has it."""

    def __init__(self, online: set[int]) -> None:
        super().__init__()
        self._online = online

    def online(self) -> frozenset[int]:
        return frozenset(self._online)


@asynccontextmanager
async def open_pages(
    folder: Path, *, reports: MailReports | None = None, **settings: Any
) -> AsyncIterator[Pages]:
    """Wired as the whole registry is."""
    async with open_house(folder) as house:
        app, online = Quart("pages"), set[int]()
        made = make_settings(folder, **({"rate_limits": False} | settings))
        paths.install(app)
        guards.install(app, made, house.signing_in)
        limits.install(app, made)
        errors.install(app, rendering.error_page, RefusalLog())
        rendering.set_up(app, templates=template_folder(), asset=lambda name: f"/static/{name}")
        blueprint = account_pages(
            accounts=house.accounts,
            exports=house.exports,
            signing_in=house.signing_in,
            alarms=house.alarms,
            resets=house.resets,
            first_admin=house.first_admin,
            staff=house.staff,
            feedback=house.feedback,
            mobiles=house.mobiles,
            subscriptions=house.subscriptions,
            reading=Reading(house.database, _Online(online)),
            choices=house.notice_choices,
        )
        traces = NoticeTraces(house.database, reports=reports, now=lambda: house.time, wake=lambda: None)
        app.register_blueprint(blueprint)
        app.register_blueprint(help_pages(house.help_centre))
        app.register_blueprint(questions_pages(house.community, house.moderation))
        app.register_blueprint(hours_pages(house.hours))
        app.register_blueprint(notices_pages(traces, house.notice_choices))
        app.register_blueprint(notices_api(traces, house.notice_choices))
        app.register_blueprint(hooks(traces))
        yield Pages(app, house, online)


async def _read(response: Response) -> Answer:
    return Answer(response.status_code, await response.get_data(as_text=True), response.headers)
