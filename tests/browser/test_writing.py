"""Writing, and reading what was written: keys, drafts, quotes, and where one is in a long conversation."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.desk import LIVE, Desk, comes_true, only_hold_drafts

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BODY = "textarea[name=body]"
DRAFTS = "Object.keys(localStorage).filter((name) => name.startsWith('ccr:draft:'))"
IN_LOG = "document.querySelector('.log')"


async def said(page: Page) -> list[str]:
    """The words in the timeline, in order."""
    return await page.locator(".entries .body").all_inner_texts()


async def test_enter_sends_and_shift_enter_breaks_the_line(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")

    await carla.locator(BODY).press_sequentially("One")
    await carla.press(BODY, "Shift+Enter")
    await carla.locator(BODY).press_sequentially("Two")
    small = await carla.locator(BODY).evaluate("area => area.clientHeight")
    for _ in range(3):
        await carla.press(BODY, "Shift+Enter")
    assert await carla.locator(BODY).evaluate("area => area.clientHeight") > small
    await carla.press(BODY, "Enter")

    await expect(carla.locator(".entries .body")).to_have_count(1)
    assert (await said(carla))[0].rstrip("\n") == "One\nTwo"
    await expect(carla.locator(BODY)).to_be_focused()
    await expect(carla.locator(BODY)).to_have_value("")
    await carla.press(BODY, "Enter")
    await expect(carla.locator(".on-its-way")).to_have_count(0)


async def test_an_enter_that_ends_a_word_of_an_input_method_does_not_send(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    await carla.fill(BODY, "nihon")

    for how in ("{isComposing: true}", "{keyCode: 229}"):
        event = f"new KeyboardEvent('keydown', {{key: 'Enter', bubbles: true, cancelable: true, ...{how}}})"
        assert await carla.locator(BODY).evaluate(f"area => area.dispatchEvent({event})")

    await expect(carla.locator(BODY)).to_have_value("nihon")


async def test_on_a_touch_keyboard_enter_breaks_the_line(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    look: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    carla = await desk.visit("carla", f"/tickets/{ticket}", **look)

    await carla.locator(BODY).press_sequentially("One")
    await carla.press(BODY, "Enter")
    await expect(carla.locator(BODY)).to_have_value("One\n")
    await carla.get_by_role("button", name="Send").tap()

    await expect(carla.locator(".entries .body")).to_have_count(1)


async def test_a_draft_is_kept_for_its_ticket_and_gone_with_the_session(desk: Desk) -> None:
    ticket, other = await desk.live.ticket_with_agent(), await desk.live.ticket_with_agent()
    amir = await desk.visit("amir", f"/tickets/{ticket}")
    await amir.check("[value=post_note]")
    await amir.fill(BODY, "Half a note")

    await amir.goto(f"/tickets/{other}")
    await expect(amir.locator(BODY)).to_have_value("")
    await amir.goto(f"/tickets/{ticket}")
    await expect(amir.locator(BODY)).to_have_value("Half a note")
    await expect(amir.locator("[value=post_note]")).to_be_checked()

    await amir.click("text=Sign out")
    await amir.wait_for_url("**/login**")
    assert await amir.evaluate("Object.keys(localStorage)") == []


async def test_a_message_and_a_note_each_keep_their_own_words(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    amir = await desk.visit("amir", f"/tickets/{ticket}")
    await amir.fill(BODY, "Dear Carla, it is")

    await amir.check("[value=post_note]")
    await expect(amir.get_by_role("textbox", name="Internal note")).to_have_value("")
    await expect(amir.get_by_placeholder("Write an internal note, or / for a reply")).to_be_visible()
    await amir.fill(BODY, "She is right")
    await amir.check("[value=post_message]")
    await expect(amir.get_by_role("textbox", name="Message")).to_have_value("Dear Carla, it is")
    await expect(amir.get_by_role("radio", name="Internal note, half written")).to_be_visible()
    await amir.reload()
    await expect(amir.locator(BODY)).to_have_value("Dear Carla, it is")
    await amir.press(BODY, "Enter")

    await expect(amir.locator(".entries .body")).to_have_text("Dear Carla, it is")
    await amir.check("[value=post_note]")
    await expect(amir.locator(BODY)).to_have_value("She is right")
    await amir.press(BODY, "Enter")
    await expect(amir.locator(".entries .note .body")).to_have_text("She is right")
    await comes_true(amir, f"{DRAFTS}.length === 0")


async def test_a_reply_waits_while_a_note_is_written(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    await desk.live.do("carla", ticket, "post_message", body="Since Monday")
    amir = await desk.visit("amir", f"/tickets/{ticket}")
    await amir.check("[value=post_note]")
    await amir.fill(BODY, "She was away")

    await amir.hover("#e3")
    await amir.click("#e3 .reply")
    await expect(amir.locator(".replying")).to_contain_text("Since Monday")
    await expect(amir.locator("[value=post_message]")).to_be_checked()
    await amir.check("[value=post_note]")
    await expect(amir.locator(".replying")).to_be_hidden()
    await amir.press(BODY, "Enter")
    await expect(amir.locator(".entries .note .body")).to_have_text("She was away")
    await amir.check("[value=post_message]")
    await amir.fill(BODY, "Thank you")
    await amir.press(BODY, "Enter")

    await expect(amir.locator(".entry").last.locator(".quote")).to_contain_text("Since Monday")


@pytest.mark.parametrize("edited", ["while it is closed", "once it is open"])
async def test_a_message_given_back_does_not_come_among_the_words_of_a_note(desk: Desk, edited: str) -> None:
    ticket = await desk.live.ticket_with_agent()
    amir = await desk.visit("amir", f"/tickets/{ticket}")
    await desk.cut(amir.context)
    await amir.fill(BODY, "It is on its way.")
    await amir.press(BODY, "Enter")
    await expect(amir.locator(".on-its-way")).to_have_count(1)
    await amir.check("[value=post_note]")
    await amir.fill(BODY, "She never reads")
    await desk.live.do("carla", ticket, "close_ticket")
    await desk.mend(amir.context)
    await expect(amir.locator(".failed")).to_have_count(1)
    await expect(amir.get_by_text("This ticket is closed.")).to_be_visible()

    if edited == "once it is open":
        await desk.live.do("carla", ticket, "reopen_ticket")
        await expect(amir.locator(BODY)).to_have_value("She never reads")
    await amir.get_by_role("button", name="Edit").click()
    if edited == "while it is closed":
        await expect(amir.get_by_role("alert").filter(has_text="Your words are kept.")).to_be_visible()
        await desk.live.do("carla", ticket, "reopen_ticket")

    await expect(amir.locator("[value=post_message]")).to_be_checked()
    await expect(amir.locator(BODY)).to_have_value("It is on its way.")
    await amir.check("[value=post_note]")
    await expect(amir.locator(BODY)).to_have_value("She never reads")


async def test_two_tabs_hold_two_letters(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    await carla.fill(BODY, "A long letter, half written")
    other = await carla.context.new_page()
    await other.goto(f"/tickets/{ticket}")
    await other.wait_for_selector(LIVE)

    await other.fill(BODY, "ok")
    await other.press(BODY, "Enter")
    await expect(other.locator(".entries .body")).to_have_text("ok")
    await carla.reload()

    await expect(carla.locator(BODY)).to_have_value("A long letter, half written")
    await expect(other.locator(BODY)).to_have_value("")


async def test_what_closed_tabs_leave_behind_goes_on_in_the_next_one(desk: Desk) -> None:
    ticket, other = await desk.live.ticket_with_agent(), await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{other}")
    await carla.fill(BODY, "About something else")
    for words in ("The first letter", "The second"):
        tab = await carla.context.new_page()
        await tab.goto(f"/tickets/{ticket}")
        await tab.wait_for_selector(LIVE)
        await tab.fill(BODY, words)
    for tab in carla.context.pages[1:]:
        await tab.close()
    await only_hold_drafts(carla)

    last = await carla.context.new_page()
    await last.goto(f"/tickets/{ticket}")

    await expect(last.locator(BODY)).to_have_value(re.compile("The first letter"))
    await expect(last.locator(BODY)).to_have_value(re.compile("The second"))
    assert await last.evaluate(f"{DRAFTS}.length") == 2
    await last.fill(BODY, "")
    assert await last.evaluate(f"{DRAFTS}.length") == 1
    await expect(carla.locator(BODY)).to_have_value("About something else")


async def test_what_an_earlier_version_kept_of_a_letter_goes_on(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    amir = await desk.visit("amir", f"/tickets/{ticket}")
    await amir.evaluate(
        "([name, draft]) => localStorage.setItem(name, JSON.stringify(draft))",
        [f"ccr:draft:{desk.live.id('amir')}:{ticket}", {"body": "Half a note", "type": "post_note"}],
    )

    await amir.reload()

    await expect(amir.locator(BODY)).to_have_value("Half a note")
    await expect(amir.locator("[value=post_note]")).to_be_checked()


async def test_too_long_a_message_is_counted_and_stays(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    await carla.fill(BODY, "\N{GRINNING FACE}" * 3_599)
    await expect(carla.locator(".count")).to_be_hidden()

    await carla.fill(BODY, "\N{GRINNING FACE}" * 4_001)
    await expect(carla.locator(".count")).to_have_text("4,001 of 4,000 characters")
    await carla.press(BODY, "Enter")
    await expect(carla.locator(".on-its-way")).to_have_count(0)
    await carla.fill(BODY, "\N{GRINNING FACE}" * 4_000)
    await carla.press(BODY, "Enter")

    await expect(carla.locator(".entries .body")).to_have_count(1)


async def test_amir_answers_with_a_reply_written_beforehand(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    amir = await desk.visit("amir", f"/tickets/{ticket}")

    await amir.locator(BODY).press_sequentially("/")
    options = amir.locator("#canned").get_by_role("option")
    assert await options.count() > 1
    await amir.locator(BODY).press_sequentially("bye")
    await expect(options).to_have_count(1)
    await amir.press(BODY, "Enter")
    await expect(options).to_have_count(0)
    assert "Have a good day" in await amir.input_value(BODY)
    await amir.press(BODY, "Enter")

    await expect(amir.locator(".entries .body")).to_contain_text(["Have a good day"])


async def test_a_message_is_quoted_by_the_keyboard_alone(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    await desk.live.do("amir", ticket, "post_message", body="Which address?")
    await desk.live.do("amir", ticket, "post_message", body="And since when?")
    carla = await desk.visit("carla", f"/tickets/{ticket}")

    await carla.focus(BODY)
    await carla.keyboard.press("Shift+Tab")  # one stop for all messages: the newest
    await carla.keyboard.press("ArrowUp")
    await carla.keyboard.press("Enter")
    await expect(carla.locator(".replying")).to_have_text("Amir Azad Which address? ✕")
    await expect(carla.locator(BODY)).to_be_focused()
    await carla.keyboard.type("The old one")
    await carla.keyboard.press("Enter")

    reply = carla.locator(".entry").last
    await expect(reply.locator(".quote")).to_have_text("Amir Azad Which address?")
    await expect(carla.locator(".replying")).to_be_hidden()


async def test_a_reply_is_not_carried_into_a_note(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    amir = await desk.visit("amir", f"/tickets/{ticket}")
    await amir.hover("#e1")
    await amir.click("#e1 .reply")

    await amir.check("[value=post_note]")
    await amir.fill(BODY, "Odd")
    await amir.press(BODY, "Enter")

    await expect(amir.locator(".entries .note .body")).to_have_text("Odd")


async def test_words_taken_back_are_gone_for_both(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    await desk.live.do("carla", ticket, "post_message", body="My password is abc")
    await desk.live.do("amir", ticket, "post_message", body="Careful!", reply_to=3)
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    amir = await desk.visit("amir", f"/tickets/{ticket}")
    await expect(amir.locator(".undo")).to_have_count(1)

    await carla.hover("#e3")
    await carla.click("#e3 .undo")
    await carla.get_by_role("button", name="Take back").click()

    for page in (carla, amir):
        await expect(page.locator("#e3 .body")).to_have_text("Message taken back")
        await expect(page.locator("#e4 .quote")).to_contain_text("Message taken back")
        assert "password" not in await page.locator(".log").inner_text()


async def test_older_messages_come_on_scrolling_up_and_move_nothing(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    for number in range(130):
        await desk.live.do("carla", ticket, "post_message", body=f"Line {number}")
    amir = await desk.visit("amir", f"/tickets/{ticket}")
    await expect(amir.locator(".entries .body").last).to_be_in_viewport()
    await expect(amir.locator("#e82")).to_have_count(0)

    await amir.evaluate(f"{IN_LOG}.scrollTop = -{IN_LOG}.scrollHeight + {IN_LOG}.clientHeight + 300")
    where = "document.querySelector('#e90').getBoundingClientRect().top"
    before = await amir.evaluate(where)
    await expect(amir.locator("#e82")).to_be_attached()

    assert abs(await amir.evaluate(where) - before) < 2
    for _ in range(3):
        await amir.evaluate(f"{IN_LOG}.scrollTop = -{IN_LOG}.scrollHeight")
        await amir.wait_for_timeout(0)
    await expect(amir.locator("#e1")).to_be_attached()
    assert await said(amir) == [f"Line {number}" for number in range(130)]
    await expect(amir.locator(".older")).to_be_hidden()


async def test_the_first_message_is_come_to_though_one_scrolls_on_before_older_ones_are_drawn(
    desk: Desk,
) -> None:
    ticket = await desk.live.ticket_with_agent()
    for number in range(130):
        await desk.live.do("carla", ticket, "post_message", body=f"Line {number}")
    amir = await desk.visit("amir", f"/tickets/{ticket}")

    await amir.evaluate(
        """() => {
            const log = document.querySelector(".log");
            const goUp = () => (log.scrollTop = -log.scrollHeight);
            new MutationObserver(goUp).observe(document.querySelector(".entries"), { childList: true });
            goUp();
        }"""
    )

    await expect(amir.locator("#e1")).to_be_attached()


async def test_who_has_scrolled_up_stays_there_is_told_and_has_not_read(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    for number in range(40):
        await desk.live.do("carla", ticket, "post_message", body=f"Line {number}")
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    amir = await desk.visit("amir", f"/tickets/{ticket}")
    await carla.evaluate(f"{IN_LOG}.scrollTop = -600")
    where = "document.querySelector('#e20').getBoundingClientRect().top"
    before = await carla.evaluate(where)

    await amir.fill(BODY, "Something new")
    await amir.press(BODY, "Enter")
    await expect(carla.locator(".newer")).to_be_visible()
    assert abs(await carla.evaluate(where) - before) < 2
    await expect(carla.locator(".unread + .entry .body")).to_have_text("Something new")
    await carla.evaluate("document.querySelector('#panel').before('Some news between the two')")
    await carla.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    assert abs(await carla.evaluate(where) - before) < 2
    await expect(amir.locator(".entry.mine .ticks").last).to_have_text("✓")

    await carla.click(".newer")
    await expect(carla.locator(".entries .body").last).to_be_in_viewport()
    await expect(carla.locator(".newer")).to_be_hidden()
    await expect(amir.locator(".entry.mine .ticks").last).to_have_text("✓✓")


async def test_a_quote_leads_to_what_it_quotes_however_far_up(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    for number in range(120):
        await desk.live.do("carla", ticket, "post_message", body=f"Line {number}")
    await desk.live.do("amir", ticket, "post_message", body="About that", reply_to=4)
    carla = await desk.visit("carla", f"/tickets/{ticket}")

    await carla.click(".quote")

    await expect(carla.locator("#e4")).to_be_in_viewport()
    await expect(carla.locator(".quote").last).to_contain_text("Line 1")


async def test_words_from_right_to_left_run_so_in_a_page_that_does_not(desk: Desk) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    runs_left = """(place) => {
        const text = document.querySelector(place).lastChild;
        const left = (at) => {
            const range = new Range();
            range.setStart(text, at);
            range.setEnd(text, at + 1);
            return range.getBoundingClientRect().left;
        };
        return left(text.length - 1) < left(0);
    }"""

    await carla.fill(BODY, "نعم، شكراً.")
    await carla.press(BODY, "Enter")
    await expect(carla.locator(".entries .body")).to_have_text("نعم، شكراً.")
    assert await carla.evaluate(runs_left, ".entries .body")
    await carla.fill(BODY, "Yes, thanks.")
    await carla.press(BODY, "Enter")
    await expect(carla.locator(".entries .body")).to_have_count(2)
    assert not await carla.evaluate(runs_left, "li:last-child .body")


async def test_what_was_refused_by_a_closed_ticket_can_be_written_otherwise_once_it_is_open(
    desk: Desk,
) -> None:
    ticket = await desk.live.ticket_with_agent()
    carla = await desk.visit("carla", f"/tickets/{ticket}")
    await desk.cut(carla.context)
    await carla.fill(BODY, "One thing more: the blue one")
    await carla.press(BODY, "Enter")
    await expect(carla.locator(".on-its-way")).to_have_count(1)
    await desk.live.do("amir", ticket, "close_ticket")
    await desk.mend(carla.context)
    await expect(carla.locator(".failed")).to_have_count(1)
    await expect(carla.get_by_text("This ticket is closed.")).to_be_visible()

    await carla.get_by_role("button", name="Edit").click()
    await expect(carla.locator(".failed")).to_have_count(0)
    await expect(carla.get_by_role("alert").filter(has_text="Your words are kept.")).to_be_visible()
    await carla.reload()
    await carla.get_by_role("button", name="Reopen the ticket").click()

    await expect(carla.locator(BODY)).to_have_value("One thing more: the blue one")


async def test_an_agent_who_opens_a_closed_ticket_has_all_replies_once_it_is_reopened(desk: Desk) -> None:
    ticket = await desk.live.raise_ticket(query="I forgot my password")
    await desk.live.do("ada", ticket, "assign_agent", agent=desk.live.id("amir"))
    await desk.live.do("carla", ticket, "close_ticket")
    amir = await desk.visit("amir", f"/tickets/{ticket}")

    await desk.live.do("carla", ticket, "reopen_ticket")

    await expect(amir.get_by_role("button", name="Insert “Forgotten your password”")).to_be_visible()
    await amir.locator(BODY).press_sequentially("/bye")
    await expect(amir.locator("#canned").get_by_role("option")).to_have_count(1)
    await expect(amir.locator(BODY)).to_have_attribute("placeholder", "Write a message, or / for a reply")


async def test_what_can_be_done_no_more_goes_when_the_ticket_closes_or_is_another_agents(desk: Desk) -> None:
    ticket = await desk.live.raise_ticket(query="I forgot my password")
    await desk.live.do("ada", ticket, "assign_agent", agent=desk.live.id("amir"))
    amir = await desk.visit("amir", f"/tickets/{ticket}")
    insert = amir.get_by_role("button", name="Insert “Forgotten your password”")
    aside = (insert, amir.get_by_label("Priority"), amir.get_by_role("region", name="Actions"))
    for part in aside:
        await expect(part).to_be_visible()

    await desk.live.do("carla", ticket, "close_ticket")
    await expect(amir.get_by_text("This ticket is closed.")).to_be_visible()
    for part in aside:
        await expect(part).to_have_count(0)
    await desk.live.do("carla", ticket, "reopen_ticket")
    for part in aside:
        await expect(part).to_be_visible()
    await desk.live.do("ada", ticket, "assign_agent", agent=desk.live.id("bea"))

    await expect(amir.get_by_text("This ticket is no longer yours to see.")).to_be_visible()
    for part in aside:
        await expect(part).to_have_count(0)
