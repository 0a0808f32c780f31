"""On the account page: the number that is texted, and the browsers that show notifications; all without scripts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ccr.services.identity import Device, Identity
from tests.site.pages_app import Answer, Browser, Pages, open_pages

NUMBER = "+4915112345678"
SUBSCRIPTION = {"endpoint": "https://push.example/1", "keys": {"p256dh": "B" + "a" * 86, "auth": "b" * 22}}


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Pages]:
    async with open_pages(tmp_path) as opened:
        await opened.house.customer()
        yield opened


@pytest.fixture
async def carla(pages: Pages) -> Browser:
    return await pages.browser_of("carla@example.org")


async def follow(browser: Browser, sent: Answer) -> Answer:
    """The page that the answer leads to, without the place on it."""
    return await browser.open(sent.leads_to.partition("#")[0])


async def phone(pages: Pages) -> Identity:
    """Carla, signed in at her phone."""
    return await pages.house.identity("carla@example.org", Device("Safari on iPhone", "192.0.2.2"))


async def test_a_number_is_given_proved_switched_and_removed(pages: Pages, carla: Browser) -> None:
    assert (await carla.open("/account")).value_of("mobile") == "+49 30 12345"
    sent = await carla.send("/account/mobile", mobile="+49 151 12345678")
    waiting = await follow(carla, sent)
    assert f'A code was sent to <span class="number">{NUMBER}</span>' in waiting.html

    person = (await phone(pages)).person
    wrong = await carla.send("/account/mobile/confirm", code="12345")
    assert (wrong.status, wrong.fault_of("mobile-code")) == (400, "Code has six digits.")
    code = await pages.house.mobiles.mint(person.id, NUMBER)
    assert code
    proved = await follow(carla, await carla.send("/account/mobile/confirm", code=code))
    assert "The number is yours. Texts are on." in proved.html

    off = await follow(carla, await carla.send("/account/mobile/texts", texts="off"))
    assert "Texts are off." in off.html
    assert "Turn texts on" in off.html
    gone = await follow(carla, await carla.send("/account/mobile/forget"))
    assert NUMBER not in gone.html


async def test_what_is_no_mobile_number_comes_back_with_its_fault(carla: Browser) -> None:
    refused = await carla.send("/account/mobile", mobile="+49 30 901820")
    assert refused.status == 400
    assert refused.fault_of("mobile-to-text") == "Mobile number is not a mobile number."


async def test_another_number_can_be_given_instead(carla: Browser) -> None:
    await carla.send("/account/mobile", mobile=NUMBER)
    back = await follow(carla, await carla.send("/account/mobile/give-up"))
    assert "A code was sent" not in back.html
    assert "Text me a code" in back.html


async def test_admins_have_no_number_to_give(pages: Pages) -> None:
    await pages.house.admin()
    ada = await pages.browser_of("ada@example.org")
    page = await ada.open("/account")
    assert "Text messages" not in page.html
    assert "when a new ticket waits for an agent" in page.html
    assert (await ada.send("/account/mobile", mobile=NUMBER)).status == 409


async def test_a_browser_is_turned_off_from_another(pages: Pages, carla: Browser) -> None:
    made = await pages.house.subscriptions.subscribe(await phone(pages), SUBSCRIPTION)
    assert 'Turn off<span class="unseen"> in Safari on iPhone' in (await carla.open("/account")).html

    done = await follow(carla, await carla.send(f"/account/notifications/{made['id']}"))
    assert "That browser shows no more notifications." in done.html
    assert (await carla.send(f"/account/notifications/{made['id']}")).status == 404
