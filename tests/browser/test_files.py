"""Files in the conversation, in browsers."""

import pytest
from playwright.async_api import FilePayload, expect

from tests.browser.desk import Desk
from tests.file_corpus import PDF, photograph

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHOTO: FilePayload = {"name": "Küche.jpg", "mimeType": "image/jpeg", "buffer": photograph("JPEG", (640, 480))}
PLAN: FilePayload = {"name": "Plan.pdf", "mimeType": "application/pdf", "buffer": PDF}
PICK = "[name=files]"


async def test_without_scripts_files_go_with_the_form(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}", java_script_enabled=False)
    amir = await desk.visit("amir", f"/tickets/{ticket}")

    await carla.locator(PICK).set_input_files([PHOTO, PLAN])
    await carla.click("message-composer button[type=submit]")

    for page in (carla, amir):
        await expect(page.locator("#e3 .files .name, #e3 .files img")).to_have_count(2)
    await expect(carla.locator("#e3 img")).to_have_attribute("alt", "Küche.jpg")
