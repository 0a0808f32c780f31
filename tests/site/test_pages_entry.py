"""The pages in front of the sign-in, asked and sent by a browser without scripts."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.accounts_house import CARLA, OMAR, PASSWORD
from tests.site.pages_app import TWICE, Pages, open_pages


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Pages]:
    async with open_pages(tmp_path) as opened:
        yield opened


async def test_a_stranger_is_told_what_this_is_and_how_to_enter(pages: Pages) -> None:
    home = await pages.browser().open("/")

    assert home.status == 200
    assert 'href="/register"' in home.html
    assert 'href="/login"' in home.html


@pytest.mark.parametrize("path", ["/", "/register", "/login", "/forgot", "/reset", "/help"])
async def test_a_page_is_strict_about_what_it_loads_and_who_frames_it(pages: Pages, path: str) -> None:
    page = await pages.browser().open(path)

    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert " style=" not in page.html
    assert "<style" not in page.html
    assert not re.search(r"<script(?![^>]* src=)", page.html)
    assert not re.search(r" on[a-z]+=", page.html)


async def test_carla_registers_and_is_signed_in(pages: Pages) -> None:
    browser = pages.browser()

    answer = await browser.send("/register", **CARLA, **TWICE)

    assert answer.leads_to == "/tickets"
    account = await browser.open("/account")
    assert account.value_of("first_name") == "Carla"
    assert account.value_of("mobile") == CARLA["mobile"]
    assert (await browser.open("/")).leads_to == "/tickets"


async def test_a_refused_registration_comes_back_filled_in_but_for_the_passwords(pages: Pages) -> None:
    given = CARLA | {"email": "carla@", "password": "short", "confirm_password": "shorter"}

    answer = await pages.browser().send("/register", **given)

    assert answer.status == 400
    assert answer.value_of("first_name") == "Carla"
    assert answer.value_of("email") == "carla@"
    assert answer.value_of("password") is None
    assert answer.value_of("confirm_password") is None
    assert "shorter" not in answer.html
    assert answer.fault_of("email") == "E-mail is not an e-mail address."
    assert answer.fault_of("password") == "Password must be at least 8 characters."
    assert answer.fault_of("confirm_password") == "Password again is not the same as the password."
    assert answer.fault_of("mobile") is None


async def test_what_carla_types_is_shown_as_text_and_nothing_else(pages: Pages) -> None:
    given = CARLA | {"first_name": '"><script>alert(1)</script>', "email": "none"}

    answer = await pages.browser().send("/register", **given, **TWICE)

    assert answer.status == 400
    assert "<script>alert" not in answer.html


async def test_an_e_mail_that_is_taken_is_a_conflict(pages: Pages) -> None:
    await pages.house.customer()

    answer = await pages.browser().send("/register", **CARLA, **TWICE)

    assert answer.status == 409
    assert answer.fault_of("email") == "E-mail is taken."
    assert answer.value_of("last_name") == "Custer"


async def test_a_form_with_a_field_missing_names_it(pages: Pages) -> None:
    given = {name: value for name, value in CARLA.items() if name != "mobile"}

    answer = await pages.browser().send("/register", **given, **TWICE)

    assert answer.status == 400
    assert answer.fault_of("mobile") == "Mobile number is required."


async def test_carla_signs_in_and_out(pages: Pages) -> None:
    await pages.house.customer()
    browser = pages.browser()

    assert (await browser.sign_in("carla@example.org")).leads_to == "/tickets"
    assert await browser.is_signed_in()
    assert (await browser.send("/logout")).leads_to == "/login?done=logout"

    assert not await browser.is_signed_in()
    assert "You are signed out." in (await browser.open("/login?done=logout")).html
    assert len(pages.house.publisher.ended) == 1


async def test_omar_signs_in_or_registers_where_carla_is_signed_in_which_ends_her_session(
    pages: Pages,
) -> None:
    await pages.house.customer()
    for path, given in (
        ("/register", OMAR | TWICE),
        ("/login", {"email": "omar@example.org", "password": PASSWORD}),
    ):
        browser = await pages.browser_of("carla@example.org")
        [(hers,)] = await pages.house.rows("SELECT MAX(id) FROM sessions")

        assert (await browser.send(path, **given)).leads_to == "/tickets"

        assert await browser.is_signed_in()
        assert pages.house.publisher.ended[-1:] == [hers]
        assert await pages.house.rows("SELECT id FROM sessions WHERE id = ?", hers) == []


async def test_a_wrong_password_is_refused_without_saying_which_of_the_two_it_was(pages: Pages) -> None:
    await pages.house.customer()

    wrong = await pages.browser().sign_in("carla@example.org", "not the password")
    nobody = await pages.browser().sign_in("nobody@example.org", "not the password")

    assert wrong.status == nobody.status == 401
    assert wrong.value_of("email") == "carla@example.org"
    assert wrong.value_of("password") is None
    assert wrong.html.replace("carla@", "nobody@") == nobody.html
    assert "not the password" not in wrong.html


async def test_signing_in_leads_on_to_the_page_that_was_wanted_if_it_is_ours(pages: Pages) -> None:
    await pages.house.customer()
    as_carla = {"email": "carla@example.org", "password": PASSWORD}

    wanted = await pages.browser().open("/login?next=/tickets/7")
    assert wanted.value_of("next") == "/tickets/7"
    assert "Sign in to go on to where you were." in wanted.html
    assert "to go on" not in (await pages.browser().open("/login")).html
    assert (await pages.browser().send("/login", **as_carla, next="/tickets/7")).leads_to == "/tickets/7"
    for foreign in (
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\t/evil",
    ):
        answer = await pages.browser().send("/login", **as_carla, next=foreign)
        assert answer.leads_to == "/tickets"


async def test_so_does_registering_before(pages: Pages) -> None:
    browser = pages.browser()
    signing_in = await browser.open("/login?next=/tickets/new")
    assert 'href="/register?next=/tickets/new"' in signing_in.html

    registration = await browser.open("/register?next=/tickets/new")
    assert registration.value_of("next") == "/tickets/new"
    assert 'href="/login?next=/tickets/new"' in registration.html
    refused = await browser.send("/register", **CARLA, **TWICE | {"password": "short"}, next="/tickets/new")
    assert refused.value_of("next") == "/tickets/new"

    registered = await browser.send("/register", **CARLA, **TWICE, next="/tickets/new")
    omar = CARLA | {"email": "omar@example.org"}
    elsewhere = await pages.browser().send("/register", **omar, **TWICE, next="//evil.example")

    assert (registered.leads_to, elsewhere.leads_to) == ("/tickets/new", "/tickets")


async def test_a_form_sent_by_another_site_is_refused(pages: Pages) -> None:
    await pages.house.customer()
    browser = await pages.browser_of("carla@example.org")

    for origin in ("https://evil.example", None):
        assert (await browser.send("/account", origin=origin, **CARLA)).status == 403
    assert (await browser.send("/logout", origin="https://evil.example")).status == 403

    assert await browser.is_signed_in()


async def test_carla_forgot_her_password_and_sets_a_new_one_with_the_code(pages: Pages) -> None:
    await pages.house.customer()
    browser = pages.browser()
    asked = await browser.send("/forgot", email="carla@example.org")
    assert asked.leads_to == "/reset?done=asked"
    page = await browser.open(asked.leads_to)
    assert "on its way" in page.html
    assert page.value_of("email") == "carla@example.org", "it need not be typed again"
    minted = await pages.house.resets.mint("carla@example.org")
    assert minted

    given = {"email": "carla@example.org", "code": minted[1], "password": "another horse"}
    unequal = await browser.send("/reset", **given, confirm_password="another")
    changed = await browser.send("/reset", **given, confirm_password="another horse")

    assert unequal.status == 400
    assert unequal.value_of("code") == minted[1]
    assert unequal.value_of("email") == "carla@example.org"
    assert changed.leads_to == "/login?done=reset"
    assert (await browser.open("/reset")).value_of("email") is None
    assert (await browser.sign_in("carla@example.org")).status == 401
    assert (await browser.sign_in("carla@example.org", "another horse")).leads_to == "/tickets"


async def test_asking_for_a_code_looks_the_same_for_nobody(pages: Pages) -> None:
    browser = pages.browser()
    asked = await browser.send("/forgot", email="nobody@example.org")

    assert asked.leads_to == "/reset?done=asked"
    assert (await browser.open(asked.leads_to)).value_of("email") == "nobody@example.org"
    assert (await pages.browser().send("/forgot", email="no address")).status == 400


async def test_a_wrong_code_is_refused_by_name(pages: Pages) -> None:
    await pages.house.customer()

    answer = await pages.browser().send("/reset", email="carla@example.org", code="000000", **TWICE)

    assert answer.status == 400
    assert answer.fault_of("code") == "Code from the mail is wrong, used or too old."


async def test_the_link_for_an_operator_fills_in_e_mail_and_code(pages: Pages) -> None:
    page = await pages.browser().open(await pages.house.first_admin.make_admin("ada@example.org"))

    assert page.value_of("email") == "ada@example.org"
    sent = {"email": "ada@example.org", "code": page.value_of("code") or ""}
    assert (await pages.browser().send("/reset", **sent, **TWICE)).leads_to == "/login?done=reset"


async def test_the_first_admin_registers_by_invitation_once(pages: Pages) -> None:
    invitation = await pages.house.first_admin.invitation()
    assert invitation
    page = await pages.browser().open(invitation)
    secret = page.value_of("invitation") or ""
    ada = CARLA | {"first_name": "Ada", "email": "ada@example.org"}
    browser = pages.browser()

    slip = await browser.send("/register", **ada, invitation=secret, password=PASSWORD, confirm_password="oh")
    made = await browser.send("/register", **ada, invitation=secret, **TWICE)
    again = await pages.browser().send("/register", **ada, invitation=secret, **TWICE)

    assert slip.value_of("invitation") == secret
    assert made.leads_to == "/tickets"
    assert (await browser.open("/agents")).status == 200
    assert again.status == 403
    assert "This invitation was used" in (await pages.browser().open(invitation)).html
