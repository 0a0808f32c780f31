"""Two people and an admin, each at a browser of their own, live."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from ccr.desk.refusals import Code, Refusal
from ccr.realtime.drain import drain
from tests.accounts_house import PASSWORD
from tests.browser.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BODY = "textarea[name=body]"
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}}


COLOUR = """(node) => {
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = getComputedStyle(node).backgroundColor;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}"""
"""What a thing stands on: red, green and blue, up to 255."""


async def write(page: Page, text: str) -> None:
    """Type it and press Enter."""
    await page.fill(BODY, text)
    await page.press(BODY, "Enter")


async def said(page: Page) -> list[str]:
    """The words in the timeline, in order."""
    return await page.locator(".entries .body").all_inner_texts()


async def test_from_registering_to_rating_with_three_people_at_once(desk: Desk) -> None:
    ada, amir = await desk.visit("ada"), await desk.visit("amir")
    dora = await desk.newcomer(**PHONE)

    # She raises a ticket; it is on the board without reloading, and he is given it in its row.
    await dora.click("text=New ticket")
    await dora.fill("[name=query]", "The lamp flickers")
    await dora.click("main form button[type=submit]")
    await dora.wait_for_selector("#panel")
    await dora.wait_for_selector("[data-live]")
    row = ada.locator("#t1")
    await expect(row).to_be_visible()
    await expect(ada.locator("[data-count=unassigned]")).to_have_text("1")
    await row.locator("select").select_option(str(desk.live.id("amir")))
    await expect(row.locator(".status")).to_have_text("Assigned")
    await expect(ada.locator("[data-count=unassigned]")).to_have_text("0")
    await expect(row.locator("select option:checked")).to_have_text("Amir Azad · 1 open · online")
    await desk.mailed("agent_assigned", "dora")
    await desk.mailed("ticket_assigned", "amir")

    # She sees who it is, he sees it in his list, and both talk.
    await expect(dora.locator("#about")).to_contain_text("amir@example.org")
    await amir.click("#t1 .subject")
    await amir.wait_for_selector("[data-live]")
    await dora.locator(BODY).press_sequentially("Since")
    await expect(amir.locator(".typing")).to_have_text("Dora Dahl is writing")
    await dora.locator(BODY).press_sequentially(" Tuesday")
    await dora.press(BODY, "Enter")
    await expect(amir.locator(".entry").last.locator(".body")).to_have_text("Since Tuesday")
    await expect(amir.locator(".typing")).to_be_hidden()
    await expect(dora.locator(".entry.mine .ticks").last).to_have_text("✓✓")
    await write(amir, "I send you another.")
    await expect(dora.locator(".entry").last.locator(".body")).to_have_text("I send you another.")
    await expect(row.locator(".on")).to_have_text("Waiting for the customer")
    await expect(amir.locator(".turn span")).to_have_text("the customer")
    await expect(dora.locator(".turn span")).to_have_text("you")

    # He closes it: nobody can write any more, and she rates it.
    await amir.click("#actions summary")
    await amir.click("#actions details button[type=submit]")
    for page in (dora, amir):
        await expect(page.locator(BODY)).to_have_count(0)
    await expect(row).to_have_count(0)
    await ada.goto("/tickets?show=closed")
    await ada.wait_for_selector("[data-live]")
    await dora.get_by_role("radio", name="4 stars").check()
    await dora.click("#panel button[type=submit] >> nth=0")
    await expect(dora.locator("#panel")).to_contain_text("You gave")
    await expect(amir.locator(".entry").last).to_contain_text("rated it")
    await expect(ada.locator("#t1 .rated")).to_have_text("4 of 5 ★")

    # And reopens it after all.
    await dora.click("text=Reopen the ticket")
    for page in (dora, amir):
        await expect(page.locator(BODY)).to_be_visible()
    await expect(ada.locator("#t1")).to_have_count(0)


async def test_a_note_is_for_agents_alone_and_pale_yellow(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    amir = await desk.visit("amir", f"/tickets/{ticket}", color_scheme="light")

    await amir.check("[value=post_note]")
    await write(amir, "She was promised a refund.")
    await amir.check("[value=post_message]")
    await write(amir, "Hello Carla")

    await expect(carla.locator(".entry").last.locator(".body")).to_have_text("Hello Carla")
    assert await said(carla) == ["Hello Carla"]
    assert "refund" not in await carla.content()
    note, message = amir.locator(".note .bubble"), amir.locator(".entry").last.locator(".bubble")
    red, green, blue = await note.evaluate(COLOUR)
    assert min(red, green) > 230  # pale …
    assert blue < min(red, green) - 25  # … and yellow
    assert await message.evaluate(COLOUR) != [red, green, blue]


async def test_messages_written_without_a_connection_arrive_once_and_in_order(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    amir = await desk.visit("amir", f"/tickets/{ticket}")

    await desk.cut(carla.context)
    for number in range(3):
        await write(carla, f"Line {number}")
    await expect(carla.locator(".on-its-way")).to_have_count(3)
    await expect(carla.locator(".line-state")).to_be_visible()
    await expect(carla.locator(BODY)).to_be_enabled()
    await desk.mend(carla.context)

    await expect(amir.locator(".entries .body")).to_have_text(["Line 0", "Line 1", "Line 2"])
    await expect(carla.locator(".on-its-way")).to_have_count(0)
    await expect(carla.locator(".line-state")).to_be_hidden()
    assert await said(carla) == await said(amir)


async def test_what_came_while_away_is_caught_up_without_a_gap(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")

    await desk.cut(carla.context)
    for number in range(250):  # more than one answer holds
        await desk.live.do("amir", ticket, "post_message", body=f"Line {number}")
    await desk.live.do("amir", ticket, "close_ticket")
    await desk.mend(carla.context)

    await expect(carla.locator(".entries .body")).to_have_count(250)
    assert await said(carla) == [f"Line {number}" for number in range(250)]
    await expect(carla.locator("#panel")).to_contain_text("This ticket is closed.")


async def test_a_lost_push_is_fetched_when_the_next_one_comes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")

    with monkeypatch.context() as silent:
        silent.setattr(desk.live.registry.publisher, "changed", lambda *_: None)
        await desk.live.do("amir", ticket, "post_message", body="Lost on the way")
    await desk.live.do("amir", ticket, "post_message", body="Arrives")

    await expect(carla.locator(".entries .body")).to_have_text(["Lost on the way", "Arrives"])


async def test_an_unsent_message_outlives_its_page(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")

    await desk.cut(carla.context)
    await write(carla, "Is this kept?")
    await expect(carla.locator(".on-its-way")).to_have_count(1)
    await carla.close()
    await desk.mend(carla.context)
    again = await carla.context.new_page()
    await again.goto(f"/tickets/{ticket}")

    await expect(again.locator(".entries .body")).to_have_text(["Is this kept?"])
    await expect(again.locator(".on-its-way")).to_have_count(0)


async def test_a_refused_message_says_why_and_can_be_tried_again_or_given_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    failed = carla.locator(".on-its-way")

    async def refuse(*_: object, **__: object) -> None:
        raise Refusal(Code.INVALID, "Not like this.")

    with monkeypatch.context() as stubborn:
        stubborn.setattr(desk.live.registry.changes, "carry_out", refuse)
        await write(carla, "One more thing")
        await expect(failed.locator(".why")).to_have_text("Not like this.")
        await expect(failed.locator(".body")).to_have_text("One more thing")
    await failed.get_by_role("button", name="Try again").click()
    await expect(carla.locator(".entries .body")).to_have_text(["One more thing"])

    with monkeypatch.context() as stubborn:
        stubborn.setattr(desk.live.registry.changes, "carry_out", refuse)
        await write(carla, "And another")
        await failed.get_by_role("button", name="Edit").click()
    await expect(failed).to_have_count(0)
    await expect(carla.locator(BODY)).to_have_value("And another")

    with monkeypatch.context() as stubborn:
        stubborn.setattr(desk.live.registry.changes, "carry_out", refuse)
        await carla.press(BODY, "Enter")
        await failed.get_by_role("button", name="Discard").click()
    await expect(failed).to_have_count(0)
    await expect(carla.locator(BODY)).to_be_focused()
    await expect(carla.locator(BODY)).to_have_value("")


async def test_a_message_to_a_ticket_closed_meanwhile_fails_and_shows_that_it_is_closed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    with monkeypatch.context() as silent:
        silent.setattr(desk.live.registry.publisher, "changed", lambda *_: None)
        await desk.live.do("amir", ticket, "close_ticket")

    await write(carla, "One more thing")

    await expect(carla.locator(".on-its-way .why")).to_have_text("The ticket is closed.")
    await expect(carla.locator("#panel")).to_contain_text("This ticket is closed.")
    await carla.click("text=Reopen the ticket")
    await carla.get_by_role("button", name="Try again").click()
    await expect(carla.locator(".entries .body")).to_have_text(["One more thing"])


async def test_who_loses_the_ticket_is_told_and_hears_no_more(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    amir = await desk.visit("amir", f"/tickets/{ticket}")

    await desk.live.do("ada", ticket, "assign_agent", agent=desk.live.id("bea"))
    await expect(amir.get_by_text("no longer yours to see")).to_be_visible()
    await desk.live.do("carla", ticket, "post_message", body="For Bea")

    await expect(amir.locator(BODY)).to_have_count(0)
    assert await said(amir) == []


async def test_who_has_got_the_ticket_back_by_the_time_they_hear_of_losing_it_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await desk.live.ticket_with_agent()
    amir = await desk.visit("amir", f"/tickets/{ticket}")
    changed, late = desk.live.registry.publisher.changed, list[Any]()
    with monkeypatch.context() as patched:
        patched.setattr(desk.live.registry.publisher, "changed", lambda *given: late.append(given))
        for agent in ("bea", "amir"):
            await desk.live.do("ada", ticket, "assign_agent", agent=desk.live.id(agent))
    for given in late:
        changed(*given)

    await expect(amir.locator(".entries > :last-child")).to_have_id("e4")
    await desk.live.do("carla", ticket, "post_message", body="Hello again")
    await expect(amir.locator(".entries .body")).to_have_text(["Hello again"])
    await expect(amir.locator("#gone")).to_be_hidden()
    await expect(amir.locator(BODY)).to_be_visible()


async def test_what_is_typed_beside_the_conversation_outlives_what_others_change(desk: Desk) -> None:
    live = desk.live
    ticket = await live.ticket_with_agent()
    amir = await desk.visit("amir", f"/tickets/{ticket}")
    reason = amir.get_by_label("Why, if you like to say")
    await amir.get_by_text("Close the ticket …").click()
    await reason.fill("It had gone to the old address")
    await reason.evaluate("area => area.setSelectionRange(3, 6)")

    await live.do("ada", ticket, "set_priority", priority="high")
    await expect(amir.get_by_label("Priority")).to_have_value("high")
    await expect(reason).to_be_focused()
    await amir.keyboard.type("went")
    await expect(reason).to_have_value("It went gone to the old address")
    await amir.get_by_text("Close the ticket …").focus()
    await live.do("ada", ticket, "set_priority", priority="low")
    await expect(amir.get_by_label("Priority")).to_have_value("low")

    await expect(amir.get_by_text("Close the ticket …")).to_be_focused()
    await expect(reason).to_have_value("It went gone to the old address")


async def test_a_choice_is_kept_until_it_is_made_and_then_is_as_others_change_it(desk: Desk) -> None:
    live = desk.live
    ticket = await live.raise_ticket()
    ada = await desk.visit("ada", f"/tickets/{ticket}")
    agent, priority = ada.get_by_label("Agent", exact=True), ada.get_by_label("Priority")
    about = ada.locator("#about")
    await priority.select_option("urgent")

    await live.do("ada", ticket, "assign_agent", agent=live.id("bea"))
    await expect(agent).to_have_value(str(live.id("bea")))
    await expect(priority).to_have_value("urgent")
    await ada.get_by_role("button", name="Set").click()
    await expect(about).to_contain_text("Urgent")
    await live.do("ada", ticket, "set_priority", priority="low")

    await expect(about).to_contain_text("Low")
    await expect(priority).to_have_value("low")


async def test_what_is_done_by_the_keyboard_leaves_the_focus_where_it_goes_on(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla, amir = [await desk.visit(name, f"/tickets/{ticket}") for name in ("carla", "amir")]
    panel, status = carla.locator("#panel"), carla.locator("#about .status")
    await amir.get_by_label("Priority").select_option("high")
    await amir.get_by_role("button", name="Set").press("Enter")
    await expect(amir.locator("#about")).to_contain_text("High")
    await expect(amir.get_by_role("button", name="Set")).to_be_focused()
    await amir.focus(BODY)

    await carla.locator("#actions summary").press("Enter")
    await carla.locator("#actions").get_by_role("button", name="Close the ticket").press("Enter")
    for page in (carla, amir):
        await expect(page.locator("#panel")).to_be_focused()
    await carla.get_by_label("4 stars").press("Space")
    await panel.get_by_role("button", name="Rate").press("Enter")
    await expect(panel).to_contain_text("You gave")
    await expect(panel).to_be_focused()
    await panel.get_by_role("button", name="Reopen").press("Enter")

    await expect(status).to_have_text("Assigned")
    await expect(carla.locator(BODY)).to_be_focused()


async def test_all_stars_up_to_the_one_that_is_chosen_are_filled_once_the_ticket_closes(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    await desk.live.do("amir", ticket, "close_ticket")

    for stars, filled in (("4 stars", 4), ("2 stars", 2)):
        await carla.get_by_label(stars).check()
        colours = await carla.locator(".stars label").evaluate_all(
            "(labels) => labels.map((label) => getComputedStyle(label).color)"
        )
        assert colours == [colours[0]] * filled + [colours[4]] * (5 - filled)
        assert colours[0] != colours[4]


async def test_a_session_that_ended_elsewhere_leads_to_the_sign_in_and_back(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    sessions = await desk.live.rows("SELECT MAX(id) FROM sessions")

    await desk.live.registry.signing_in.end_session(desk.live.identity("carla"), sessions[0][0])

    await carla.wait_for_url("**/login**")
    await carla.fill("[name=email]", "carla@example.org")
    await carla.fill("[name=password]", PASSWORD)
    await carla.click("button[type=submit]")
    await carla.wait_for_url(f"**/tickets/{ticket}")


async def test_a_server_that_goes_is_come_back_to(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")

    registry = desk.live.registry
    await drain(registry.server, registry.sockets, registry._lanes)
    registry._lanes.closed = False  # as the one that comes in its place
    await write(carla, "Are you still there?")

    await expect(carla.locator(".entries .body")).to_have_text(["Are you still there?"])
    await expect(carla.locator(".on-its-way")).to_have_count(0)
