"""The link in the mail about a new device: whoever reads the mail signs that device out, signed in or not."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest
from itsdangerous import URLSafeSerializer

from ccr.services.identity import Device, Identity, SignedIn
from tests.accounts_house import LAPTOP, OMAR, PHONE, SECRET, House
from tests.bad_input import everything_logged
from tests.site.pages_app import Pages, open_pages

LINKS = URLSafeSerializer(SECRET, salt="end one session")


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Pages]:
    async with open_pages(tmp_path) as opened:
        await opened.house.customer()
        await opened.house.sign_in("carla@example.org", LAPTOP)
        opened.house.later()
        yield opened


async def strangers(house: House) -> tuple[SignedIn, str]:
    """Somebody signs in as Carla at a device of their own; the path in the mail that she gets."""
    begun = await house.sign_in("carla@example.org", PHONE)
    [*_, (data,)] = await house.rows("SELECT data FROM outbox WHERE kind = 'new_device' ORDER BY id")
    return begun, f"/sign-out/{msgspec.json.decode(data)['link']}"


def there(begun: SignedIn) -> Device:
    """The device at which that session began."""
    return Device(PHONE.name, PHONE.address, begun.device_token)


async def test_looking_ends_nothing_and_the_button_signs_that_device_out_alone(pages: Pages) -> None:
    begun, path = await strangers(pages.house)
    carla, nobody = await pages.browser_of("carla@example.org"), pages.browser()

    looked = await nobody.open(path)
    assert "Safari on iPhone" in looked.html
    assert await pages.house.signing_in.identify(begun.token)

    done = await nobody.open((await nobody.send(path)).leads_to)
    assert "That device is signed out" in done.html
    assert 'href="/forgot"' in done.html
    assert await pages.house.signing_in.identify(begun.token) is None
    assert pages.house.publisher.ended == [begun.session_id]
    assert await carla.is_signed_in()

    assert "That sign-in is over" in (await nobody.open(path)).html
    assert (await nobody.send(path)).status == 303  # again is harmless
    assert pages.house.publisher.ended == [begun.session_id]


async def test_every_session_of_the_device_ends_however_often_the_stranger_signs_in_there(
    pages: Pages,
) -> None:
    house = pages.house
    begun, path = await strangers(house)
    house.later()
    again = await house.sign_in("carla@example.org", there(begun))
    assert (await house.owed()).count("new_device") == 1

    await pages.browser().send(path)

    assert [await house.signing_in.identify(session.token) for session in (begun, again)] == [None, None]
    assert sorted(house.publisher.ended) == [begun.session_id, again.session_id]
    house.later()
    await house.sign_in("carla@example.org", there(begun))
    assert (await house.owed()).count("new_device") == 2  # a stranger again


async def test_it_tells_of_the_sign_in_that_was_mailed_about_not_of_a_later_one(pages: Pages) -> None:
    begun, path = await strangers(pages.house)
    pages.house.later()
    elsewhere = Device(PHONE.name, "198.51.100.9", begun.device_token)
    await pages.house.sign_in("carla@example.org", elsewhere)

    html = (await pages.browser().open(path)).html

    assert PHONE.address in html
    assert elsewhere.address not in html


async def test_the_link_still_works_when_the_session_it_was_mailed_about_is_over(pages: Pages) -> None:
    house, nobody = pages.house, pages.browser()
    begun, path = await strangers(house)
    await house.signing_in.sign_out(Identity(begun.session_id, begun.person))
    assert "Was this not you?" in (await nobody.open(path)).html  # it would not be mailed about again

    house.later()
    again = await house.sign_in("carla@example.org", there(begun))
    assert "Safari on iPhone" in (await nobody.open(path)).html
    await nobody.send(path)
    assert await house.signing_in.identify(again.token) is None


async def test_a_link_mailed_before_devices_were_kept_with_sessions(pages: Pages) -> None:
    """Where nobody knows which device it was, all that have been used since are signed out."""
    house, nobody = pages.house, pages.browser()
    carla = await pages.browser_of("carla@example.org")
    house.later()
    begun, _ = await strangers(house)
    [(begun_at,)] = await house.rows("SELECT created_at FROM sessions WHERE id = ?", begun.session_id)
    await house.database.write(lambda c: c.run("UPDATE sessions SET device_hash = NULL"))
    house.later()
    again = await house.sign_in("carla@example.org", there(begun))
    path = f"/sign-out/{LINKS.dumps([begun.session_id, begun_at])}"

    assert "Safari on iPhone" in (await nobody.open(path)).html
    done = await nobody.open((await nobody.send(path)).leads_to)

    assert "That device is signed out" in done.html
    assert [await house.signing_in.identify(session.token) for session in (begun, again)] == [None, None]
    assert await carla.is_signed_in()
    assert "That sign-in is over" in (await nobody.open(path)).html
    await house.sign_in("carla@example.org", there(begun))
    assert (await house.owed()).count("new_device") == 3


async def test_the_link_does_nothing_else(pages: Pages) -> None:
    begun, path = await strangers(pages.house)
    session_id, begun_at, *whose = LINKS.loads(path.rpartition("/")[2])
    nobody = pages.browser()
    forged = [
        URLSafeSerializer("another secret", salt="end one session").dumps([session_id, begun_at, *whose]),
        URLSafeSerializer(SECRET, salt="unsubscribe").dumps([session_id, begun_at, *whose]),
        LINKS.dumps("carla"),
        LINKS.dumps(7),
        "x",
    ]
    for wrong in forged:
        assert (await nobody.open(f"/sign-out/{wrong}")).status == 404
        assert (await nobody.send(f"/sign-out/{wrong}")).status == 404
    # The number may come to another session one day.
    other = LINKS.dumps([session_id, begun_at + 1])
    assert "That sign-in is over" in (await nobody.open(f"/sign-out/{other}")).html
    await nobody.send(f"/sign-out/{other}")
    assert pages.house.publisher.ended == []
    assert await pages.house.signing_in.identify(begun.token)


async def test_a_foreign_page_cannot_press_the_button(pages: Pages) -> None:
    begun, path = await strangers(pages.house)
    assert (await pages.browser().send(path, origin="https://evil.example")).status == 403
    assert await pages.house.signing_in.identify(begun.token)


async def broken(*_: object) -> NoReturn:
    """Nobody foresaw this."""
    raise RuntimeError("broken")


async def test_a_link_that_still_works_is_not_logged_when_something_breaks(
    pages: Pages, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _, path = await strangers(pages.house)
    monkeypatch.setattr(pages.house.alarms, "session", broken)
    monkeypatch.setattr(pages.house.alarms, "end", broken)
    nobody = pages.browser()

    assert [(await nobody.open(path)).status, (await nobody.send(path)).status] == [500, 500]
    pages.app.after_request(broken)  # even the answer to that is not made any more
    assert (await nobody.open(path)).status == 500

    assert path.rpartition("/")[2] not in everything_logged(caplog)
    failed = [vars(record) for record in caplog.records if record.getMessage() == "request failed"]
    assert [(one["method"], one["route"]) for one in failed] == [
        ("GET", "/sign-out/<token>"),
        ("POST", "/sign-out/<token>"),
        ("GET", "/sign-out/<token>"),
        ("GET", "/sign-out/<token>"),
    ]


async def test_the_first_device_of_anybody_is_not_alarming(pages: Pages) -> None:
    await pages.house.customer(OMAR)
    await pages.house.sign_in("omar@example.org", PHONE)
    assert "new_device" not in await pages.house.owed()
