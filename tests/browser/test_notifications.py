"""Notifications, as far as a browser without a push service goes: it asks, shows one for each ticket, and leads there.

Not the real thing is what only the makers of browsers have, and what only a hand can do. The page's `subscribe` gives
an endpoint at a push service of the tests' own; what the desk sent there is handed to the service worker by the
browser's own tools. The answer to the browser's question is the test's, and so are the click and which window is in
front: a click's event made by a script brings no right to open or focus a window, so what is seen here is which one
the worker asks for.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import CDPSession, Page, Worker, expect

from ccr.adapters.web_push import WebPusher
from ccr.desk.commands import PostMessage
from ccr.store import bots
from tests.browser.desk import Desk, comes_true, open_desk
from tests.live import Live, new_key
from tests.push_service import PushService, push_service
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

KEY = "d29ya3MtZm9yLWV2ZXJ5LWJyb3dzZXItdGhlcmUtaXM"
WITHIN = 30
"""Seconds; a notification goes out three after what it tells of."""

STAND_IN = """(() => {
  const kept = sessionStorage;
  const subscription = (key) => ({ options: { applicationServerKey: key }, toJSON: () => (%s) });
  PushManager.prototype.getSubscription = async () => (kept.subscribed ? subscription(new Uint8Array(65)) : null);
  PushManager.prototype.subscribe = async ({ applicationServerKey, userVisibleOnly }) => {
    if (!userVisibleOnly || applicationServerKey.length !== 65) throw new Error("not a key");
    kept.subscribed = "yes";
    return subscription(applicationServerKey);
  };
  Object.defineProperty(Notification, "permission", { get: () => kept.permission ?? "default" });
  Notification.requestPermission = async () => (kept.permission = "granted");
})()"""

SHOWN = (
    "async () => (await registration.getNotifications()).map(({ title, body, tag }) => [title, body, tag])"
)

STAY = """(() => {
  const show = registration.showNotification.bind(registration);
  self.drawn = 0;
  registration.showNotification = async (title, options) => {
    await show(title, { ...options, requireInteraction: true });
    self.drawn++;
  };
  self.happen = async (event) => {
    let done;
    event.waitUntil = (promise) => (done = promise);
    dispatchEvent(event);
    await done;
  };
})()"""
"""Without a desktop's own notifications, Chromium takes them off the screen after some seconds. And who asks for all
while one is being drawn makes it forget that one. What a script makes happen says itself when the worker is done."""

PUSH = "(payload) => happen(new PushEvent('push', { data: payload }))"

CLICK = """async (tag) => {
  const [notification] = await registration.getNotifications({ tag });
  const asked = [];
  clients.openWindow = async (path) => void asked.push(`open ${path}`);
  WindowClient.prototype.focus = async function () { asked.push(`focus ${new URL(this.url).pathname}`); };
  await happen(new NotificationEvent("notificationclick", { notification }));
  return asked;
}"""


MOVE = """async ([given, named]) => {
  const moved = { toJSON: () => given };
  const asked = [];
  PushManager.prototype.subscribe = async (options) => (asked.push(options), moved);
  const event = new ExtendableEvent("pushsubscriptionchange");
  Object.assign(event, { oldSubscription: null, newSubscription: named ? moved : null });
  await happen(event);
  return asked;
}"""


class Browser:
    """Of somebody who has turned notifications on: the service worker, and what it shows."""

    def __init__(self, session: CDPSession, registration: dict[str, str], worker: Worker) -> None:
        self._session = session
        self._registration = registration
        self._worker = worker
        self._delivered = 0

    async def deliver(self, payload: dict[str, Any]) -> None:
        """What the push service would bring; until it is drawn."""
        message = self._registration | {"data": json.dumps(payload)}
        await self._session.send("ServiceWorker.deliverPushMessage", message)
        self._delivered += 1
        async with asyncio.timeout(WITHIN):
            while await self._worker.evaluate("self.drawn") < self._delivered:
                await asyncio.sleep(0.02)

    async def push(self, payload: dict[str, Any]) -> None:
        """The same, and wait until the worker has done with it, shown or not."""
        await self._worker.evaluate(PUSH, json.dumps(payload))

    async def look_away(self) -> None:
        """From now on another window is in front; a browser without a screen has none."""
        no = "Object.defineProperty(WindowClient.prototype, 'focused', { get: () => false }) && 1"
        await self._worker.evaluate(no)

    async def shows(self, *expected: list[str]) -> None:
        """Wait until title, text and tag of just these stand on the screen."""
        found: list[list[str]] = await self._worker.evaluate(SHOWN)
        try:
            async with asyncio.timeout(WITHIN):
                while sorted(found) != sorted(expected):
                    found = await self._worker.evaluate(SHOWN)
        except TimeoutError:
            raise AssertionError(f"{found} instead of {expected}") from None

    async def move(self, given: dict[str, Any], *, named: bool) -> list[dict[str, Any]]:
        """Its maker takes its notifications elsewhere, which is `named`, or else to be asked for: how it was asked."""
        asked: list[dict[str, Any]] = await self._worker.evaluate(MOVE, [given, named])
        return asked

    async def click(self, ticket: int) -> list[str]:
        """Where this leads."""
        asked: list[str] = await self._worker.evaluate(CLICK, f"ticket-{ticket}")
        return asked


class Notified:
    """A desk, and the service that its notifications go to."""

    def __init__(self, desk: Desk, service: PushService) -> None:
        self.desk = desk
        self.service = service

    async def visit(self, name: str, path: str) -> Page:
        """A page whose browser has a push service."""
        page = await self.desk.visit(name, live=False)
        await page.context.grant_permissions(["notifications"], origin=self.desk.live.url)
        given = json.dumps(self.service.browser().subscription())
        await page.context.add_init_script(STAND_IN % given)
        await page.goto(path)
        return page

    async def browser(self, page: Page) -> Browser:
        """Of this page, once its service worker runs."""
        session = await page.context.new_cdp_session(page)
        known: list[str] = []
        session.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda event: known.extend(each["registrationId"] for each in event["registrations"]),
        )
        await session.send("ServiceWorker.enable")
        await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        await until(lambda: known and page.context.service_workers, WITHIN)
        registration = {"origin": self.desk.live.url, "registrationId": known[0]}
        worker = page.context.service_workers[0]
        await worker.evaluate(STAY)
        return Browser(session, registration, worker)

    async def sent(self, ticket: int, title: str) -> dict[str, Any]:
        """What the desk sent of this, once it has."""

        def found() -> list[dict[str, Any]]:
            payloads = [arrived.payload for arrived in self.service.arrived]
            return [one for one in payloads if (one["ticket"], one["title"]) == (ticket, title)]

        await until(found, WITHIN)
        return found()[0]


@pytest.fixture
async def notified(tmp_path: Path, chromium_path: Path) -> AsyncIterator[Notified]:
    async with push_service(tmp_path) as (service, tls):
        pusher = WebPusher(
            private_key=KEY,
            contact="mailto:care@example.org",
            allowed=lambda address: address.is_loopback,
            ports=lambda _: True,
            tls=tls,
        )
        async with open_desk(tmp_path, chromium_path, pusher=pusher) as desk:
            yield Notified(desk, service)


def of(ticket: int, title: str) -> list[str]:
    """A notification as it is shown."""
    return [title, f"Ticket {ticket}", f"ticket-{ticket}"]


async def test_an_agent_turns_them_on_and_each_ticket_has_one_that_leads_to_it(notified: Notified) -> None:
    live = notified.desk.live
    page = await notified.visit("amir", "/account")
    turn_on = page.get_by_role("button", name="Turn on in this browser")
    await turn_on.click()
    await page.wait_for_selector("text=This browser shows notifications from now on.")
    assert await page.locator("#notifications .chip").inner_text() == "This browser"
    await turn_on.wait_for(state="hidden")
    browser = await notified.browser(page)

    one, other = await live.ticket_with_agent(), await live.ticket_with_agent()
    await live.do("carla", one, "post_message", body="Is it blue?")
    await browser.deliver(await notified.sent(one, "A ticket is yours now"))
    await browser.shows(of(one, "A ticket is yours now"))
    await browser.deliver(await notified.sent(one, "The customer wrote"))
    await browser.shows(of(one, "The customer wrote"))  # in the other's place
    await browser.deliver(await notified.sent(other, "A ticket is yours now"))
    await browser.shows(of(one, "The customer wrote"), of(other, "A ticket is yours now"))

    await page.goto(f"/tickets/{other}")  # whoever opens it needs no notification of it
    await browser.shows(of(one, "The customer wrote"))
    assert await browser.click(one) == [f"open /tickets/{one}"]
    await browser.shows()

    sent = await notified.sent(other, "A ticket is yours now")
    await browser.push(sent)
    await browser.shows()  # nothing, as the page of that ticket is being looked at
    await browser.look_away()
    await browser.push(sent)
    await browser.shows(of(other, "A ticket is yours now"))
    assert await browser.click(other) == [f"focus /tickets/{other}"]
    await browser.shows()


@pytest.mark.parametrize(
    "sign_out",
    [
        "document.querySelector('form[action=\"/logout\"]').requestSubmit()",
        "document.querySelector('form[action=\"/logout\"]').submit()",
    ],
    ids=["by script", "by the form alone"],
)
async def test_signing_out_takes_them_off_the_screen(notified: Notified, sign_out: str) -> None:
    page = await notified.visit("amir", "/account")
    await page.get_by_role("button", name="Turn on in this browser").click()
    await page.wait_for_selector("text=This browser shows notifications from now on.")
    browser = await notified.browser(page)
    ticket = await notified.desk.live.ticket_with_agent()
    await browser.deliver(await notified.sent(ticket, "A ticket is yours now"))
    await browser.shows(of(ticket, "A ticket is yours now"))

    await page.evaluate(sign_out)

    await page.wait_for_url("**/login?done=logout")
    await browser.shows()
    assert await notified.desk.live.rows("SELECT * FROM subscriptions") == []


async def test_a_customer_is_asked_once_and_quietly_when_there_is_an_answer(notified: Notified) -> None:
    live = notified.desk.live
    ticket = await live.ticket_with_agent()
    page = await notified.visit("carla", f"/tickets/{ticket}")
    await live.do("amir", ticket, "post_message", body="Which colour is it?")
    yes = page.get_by_role("button", name="Notify me")
    await yes.wait_for()
    assert (await Axe().run(page)).response["violations"] == []

    await yes.click()
    await page.wait_for_selector("text=This browser will tell you.")
    identity = live.identity("carla")
    [known] = (await live.registry.subscriptions.state(identity))["subscriptions"]
    assert known["device"] == "Chrome on Linux"

    name = f"ccr-offered:{live.id('carla')}"
    assert await page.evaluate("(name) => localStorage.getItem(name)", name) == "yes"


async def test_the_bot_brings_no_question_and_no_is_an_answer_for_good(notified: Notified) -> None:
    live = notified.desk.live
    ticket, other = await live.ticket_with_agent(), await live.ticket_with_agent()
    await bot_says(live, ticket, "Under Account.")
    page = await notified.visit("carla", f"/tickets/{ticket}")
    name = f"ccr-offered:{live.id('carla')}"
    asked = page.get_by_text("Shall this browser tell you")

    await has_looked(page)
    await bot_says(live, ticket, "Or ask for a person.")
    await expect(page.locator(".entry.bot .body")).to_have_text(["Under Account.", "Or ask for a person."])
    assert await page.evaluate("(name) => localStorage.getItem(name)", name) is None
    await expect(asked).to_have_count(0)
    await live.do("amir", ticket, "post_message", body="Which colour is it?")
    await expect(asked).to_have_count(1)
    await live.do("amir", ticket, "post_message", body="And which size?")
    await expect(page.locator(".entries .body").last).to_have_text("And which size?")
    await expect(asked).to_have_count(1)

    await page.get_by_role("button", name="No, thanks").click()
    for visited in (ticket, other):
        await page.goto(f"/tickets/{visited}")
        await has_looked(page)
        await live.do("amir", visited, "post_message", body="Are you there?")
        await expect(page.locator(".entries .body").last).to_have_text("Are you there?")
        await expect(asked).to_have_count(0)


async def bot_says(live: Live, ticket: int, words: str) -> None:
    bot = await live.registry.database.write(lambda connection: bots.person(connection, 0))
    await live.registry.changes.carry_out(bot, ticket, new_key(), PostMessage(body=words))


async def has_looked(page: Page) -> None:
    """The part that asks is there, and knows by now whether there is anything to ask."""
    loaded = (
        "performance.getEntriesByType('resource').map(({ name }) => name).find((name) => /offer-/.test(name))"
    )
    await comes_true(page, f"Boolean({loaded})")
    await page.evaluate(f"import({loaded}).then(() => {{}})")


async def test_a_browser_that_takes_them_elsewhere_goes_on_being_told(notified: Notified) -> None:
    live, service = notified.desk.live, notified.service
    page = await notified.visit("amir", "/account")
    await page.get_by_role("button", name="Turn on in this browser").click()
    await page.wait_for_selector("text=This browser shows notifications from now on.")
    browser = await notified.browser(page)

    for named in (True, False):
        service.browsers.clear()  # where it was, nobody takes anything any more
        elsewhere = service.browser()
        asked = await browser.move(elsewhere.subscription(), named=named)
        state = await live.registry.subscriptions.state(live.identity("amir"))
        ours = {"userVisibleOnly": True, "applicationServerKey": state["key"]}
        assert asked == ([] if named else [ours])
        assert len(state["subscriptions"]) == 1
        ticket = await live.ticket_with_agent()
        await notified.sent(ticket, "A ticket is yours now")
        assert f"{service.url}/push/{service.arrived[-1].browser}" == elsewhere.endpoint
