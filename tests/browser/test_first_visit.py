"""What a first visit to a ticket costs, in bytes and requests; and that nothing is asked of anybody else."""

from typing import Any

import pytest

from tests.browser.desk import LIVE, UNSETTLED, Desk

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MOST_BYTES = 30_000
MOST_REQUESTS = 5

WORDS = (
    "I moved in September and changed the address in my account that same week.",
    "Which of the two invoices shows the old one, the one from October or the one before?",
    "Both, as far as I can see, and the reminder too.",
    "Thank you. Accounting makes them out anew tonight, you need not pay the fee.",
    "That is good news! Will the old ones vanish from the list?",
    "They stay, marked as replaced, because numbers may not be missing.",
)


async def test_a_ticket_with_thirty_messages_is_a_light_page(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    for number in range(30):
        name = "carla" if number % 2 == 0 else "amir"
        await desk.live.do(name, ticket, "post_message", body=f"{WORDS[number % len(WORDS)]} ({number})")
    page = await desk.visit("carla", "/account", live=False, script=UNSETTLED)
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    requests: dict[str, str] = {}
    received: dict[str, int] = {}

    def ask(event: Any) -> None:
        requests[event["requestId"]] = event.get("url") or event["request"]["url"]

    def arrive(event: Any) -> None:
        received[event["requestId"]] = int(event["encodedDataLength"])

    def frame(event: Any) -> None:
        received[event["requestId"]] = received.get(event["requestId"], 0) + len(
            event["response"]["payloadData"]
        )

    session.on("Network.requestWillBeSent", ask)
    session.on("Network.webSocketCreated", ask)
    session.on("Network.loadingFinished", arrive)
    session.on("Network.webSocketFrameReceived", frame)

    await page.goto(f"/tickets/{ticket}", wait_until="networkidle")
    await page.wait_for_selector(LIVE)

    cost = {url: received.get(request, 0) for request, url in requests.items()}
    assert sum(cost.values()) <= MOST_BYTES, cost
    assert len(requests) <= MOST_REQUESTS, cost
    assert {url.split("/")[2] for url in cost} == {f"127.0.0.1:{desk.live.port}"}
