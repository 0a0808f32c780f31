"""The link in the mail about a new device: whoever reads the mail signs that device out, signed in or not."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from itsdangerous import URLSafeSerializer

from ccr.services.identity import Device, SignedIn
from tests.accounts_house import LAPTOP, OMAR, PHONE, SECRET, House
from tests.site.pages_app import Pages, open_pages


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


async def test_looking_ends_nothing_and_the_button_ends_that_session_alone(pages: Pages) -> None:
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

    assert (await nobody.send(path)).status == 303  # again is harmless
    assert pages.house.publisher.ended == [begun.session_id]


async def test_the_device_is_a_stranger_again(pages: Pages) -> None:
    begun, path = await strangers(pages.house)
    await pages.browser().send(path)
    known = Device(PHONE.name, PHONE.address, begun.device_token)
    await pages.house.sign_in("carla@example.org", known)
    assert (await pages.house.owed()).count("new_device") == 2


async def test_the_link_does_nothing_else(pages: Pages) -> None:
    _, path = await strangers(pages.house)
    token = path.rpartition("/")[2]
    session_id, begun_at = URLSafeSerializer(SECRET, salt="end one session").loads(token)
    nobody = pages.browser()
    forged = [
        URLSafeSerializer("another secret", salt="end one session").dumps([session_id, begun_at]),
        URLSafeSerializer(SECRET, salt="unsubscribe").dumps([session_id, begun_at]),
        URLSafeSerializer(SECRET, salt="end one session").dumps("carla"),
        "x",
    ]
    for wrong in forged:
        assert (await nobody.open(f"/sign-out/{wrong}")).status == 404
        assert (await nobody.send(f"/sign-out/{wrong}")).status == 404
    other = pages.house.alarms.token(
        session_id, begun_at + 1
    )  # the number may come to another session one day
    assert "That device is signed out" in (await nobody.open(f"/sign-out/{other}")).html
    await nobody.send(f"/sign-out/{other}")
    assert pages.house.publisher.ended == []


async def test_a_foreign_page_cannot_press_the_button(pages: Pages) -> None:
    begun, path = await strangers(pages.house)
    assert (await pages.browser().send(path, origin="https://evil.example")).status == 403
    assert await pages.house.signing_in.identify(begun.token)


async def test_the_first_device_of_anybody_is_not_alarming(pages: Pages) -> None:
    await pages.house.customer(OMAR)
    await pages.house.sign_in("omar@example.org", PHONE)
    assert "new_device" not in await pages.house.owed()
