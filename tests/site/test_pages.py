"""What is true of every page."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ccr.site import limits
from tests.site.pages_app import Pages, open_pages


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Pages]:
    async with open_pages(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("login", ["carla@example.org", "ada@example.org"])
async def test_every_form_has_one_submit_button_and_the_way_out_comes_last(pages: Pages, login: str) -> None:
    await pages.agent()
    await pages.house.customer()
    browser = await pages.browser_of(login)

    for path in ("/register", "/login", "/forgot", "/reset", "/account", "/agents", "/feedback", "/help"):
        html = (await browser.open(path)).html
        forms = re.findall(r"<form.*?</form>", html, re.DOTALL)
        assert all(form.count('type="submit"') == 1 for form in forms)
        assert html.count('type="submit"') == len(forms)
        assert 'action="/logout"' in forms[-1]
        assert 'action="/logout"' not in forms[0] or len(forms) == 1
        ids = re.findall(r' id="([^"]+)"', html)
        assert len(ids) == len(set(ids))


async def test_errors_are_pages_too_and_tell_no_internals(pages: Pages) -> None:
    browser = pages.browser()

    missing = await browser.open("/no/such/page")
    assert missing.status == 404
    assert "Nothing here" in missing.html
    wrong = await browser.send("/help")
    assert wrong.status == 405
    assert "GET" in wrong.headers["Allow"]


async def test_too_many_tries_come_back_as_the_form_with_the_time_to_wait(pages: Pages) -> None:
    await pages.house.customer()
    pages.app.extensions["ccr.limits"] = limits.Limits(on=True, clock=lambda: 0.0)
    browser = pages.browser()

    answers = [await browser.sign_in("carla@example.org", "") for _ in range(61)]

    assert answers[-1].status == 429
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert answers[-1].value_of("email") == "carla@example.org"
