"""Calls, from the field "Name or number" to the sentence after the end."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import NARROW, WIDE, Open, sign_in
from tests.browser.house import House, Refused

STRANGER = {"number": "+4970315550199", "name": "", "user": "", "device": ""}


def asked(house: House, word: str) -> list[dict[str, object]]:
    return [ask for ask in house.asked if ask["do"] == word]


async def test_enter_calls_whom_the_words_mean(house: House, anna: Page) -> None:
    field = anna.get_by_label("Name or number")
    await field.fill("co")
    await expect(anna.get_by_role("option", name=re.compile("Ben Cole"))).to_be_visible()
    await field.press("Enter")
    await expect(anna.get_by_role("button", name="End call")).to_be_visible()
    assert asked(house, "call.dial") == [{"do": "call.dial", "to": "102", "device": "hq.1.browser"}]
    assert len(asked(house, "leg.attach")) == 1


async def test_a_pasted_number_is_dialled_clean(house: House, anna: Page) -> None:
    field = anna.get_by_label("Name or number")
    await field.fill("+49 (0)7031 / 555-0199")
    await expect(anna.get_by_role("option", name="Call +4970315550199")).to_be_visible()
    await anna.get_by_role("button", name="Call", exact=True).click()
    await expect(anna.get_by_role("button", name="End call")).to_be_visible()
    assert asked(house, "call.dial")[0]["to"] == "+4970315550199"


async def test_a_number_of_nobody_says_so(anna: Page) -> None:
    await anna.get_by_label("Name or number").fill("999")
    await anna.keyboard.press("Enter")
    await expect(anna.get_by_text("There is nobody at this number.")).to_be_visible()
    await expect(anna.get_by_role("button", name="End call")).to_have_count(0)


async def test_a_person_is_called_from_their_card(house: House, anna: Page) -> None:
    await anna.get_by_role("link", name="Ben Cole").click()
    await anna.get_by_role("button", name="Call", exact=True).click()
    await expect(anna.get_by_text("Ringing", exact=True).last).to_be_visible()
    await anna.get_by_role("button", name="End call").click()
    await expect(anna.get_by_role("button", name="End call")).to_have_count(0)
    assert len(asked(house, "call.hangup")) == 1


async def test_the_desk_phone_is_rung_first_when_it_is_chosen(house: House, anna: Page) -> None:
    await anna.get_by_role("button", name="Calls use").click()
    await anna.get_by_role("dialog", name="Calls use").get_by_role("radio", name="Desk phone").check()
    await anna.keyboard.press("Escape")
    await expect(anna.get_by_label("Calls use Desk phone, Connected")).to_be_visible()
    await anna.get_by_label("Name or number").fill("102")
    await anna.keyboard.press("Enter")
    await expect(anna.get_by_text("Desk phone is ringing.")).to_be_visible()
    assert asked(house, "call.dial")[0]["device"] == "hq.1.phone"


async def test_a_device_is_used_from_the_moment_it_is_chosen(house: House, anna: Page) -> None:
    house.unanswered = {"me.choose"}
    await anna.get_by_role("radio", name="Desk phone").check()
    await expect(anna.get_by_label("Calls use Desk phone, Connected")).to_be_visible()
    await anna.get_by_label("Name or number").fill("102")
    await anna.keyboard.press("Enter")
    await expect(anna.get_by_text("Desk phone is ringing.")).to_be_visible()
    assert asked(house, "call.dial")[0]["device"] == "hq.1.phone"


async def test_a_device_that_may_not_be_chosen_is_not_shown_as_chosen(house: House, anna: Page) -> None:
    house.refuse["me.choose"] = Refused("forbidden", "Your administrator has set this.")
    await anna.get_by_role("radio", name="Desk phone").click()
    await expect(anna.get_by_text("Your administrator has set this.")).to_be_visible()
    await expect(anna.get_by_role("radio", name="This browser")).to_be_checked()
    await expect(anna.get_by_role("radio", name="Desk phone")).not_to_be_checked()
    assert asked(house, "leg.attach") == []


async def test_an_incoming_call_takes_no_focus_and_is_answered_by_keyboard(house: House, anna: Page) -> None:
    field = anna.get_by_label("Name or number")
    await field.fill("be")
    call = house.ring(house.party("carla"), "anna")
    await expect(anna.get_by_role("button", name="Answer", exact=True)).to_be_visible()
    await expect(anna.get_by_role("alert")).to_contain_text("Incoming call from Carla Diaz")
    await expect(field).to_be_focused()
    await expect(anna.get_by_text("Rings on this browser and Desk phone")).to_be_visible()
    assert await anna.title() == "Carla Diaz is calling – Offhook"
    await anna.keyboard.press("Control+Shift+A")
    await expect(anna.get_by_role("timer")).to_be_visible()
    assert house.things["call", call]["state"] == "talking"


async def test_declining_silences_every_device(house: House, anna: Page) -> None:
    house.ring(STRANGER, "anna")
    await anna.get_by_role("button", name="Decline", exact=True).click()
    await expect(anna.get_by_role("button", name="Decline")).to_have_count(0)
    assert len(asked(house, "call.decline")) == 1


async def test_a_call_answered_on_the_desk_phone_closes_the_panel_and_says_so(
    house: House, anna: Page
) -> None:
    call = house.ring(house.party("carla"), "anna")
    await expect(anna.get_by_role("button", name="Answer", exact=True)).to_be_visible()
    house.answer(call, "hq.1.phone")
    await expect(anna.get_by_text("Answered on Desk phone.").last).to_be_visible()
    await expect(anna.get_by_role("button", name="Answer", exact=True)).to_have_count(0)
    await expect(anna.get_by_text("on Desk phone", exact=False).first).to_be_visible()


async def test_a_caller_who_gives_up_is_named(house: House, anna: Page) -> None:
    call = house.ring(house.party("carla"), "anna")
    await expect(anna.get_by_role("button", name="Answer", exact=True)).to_be_visible()
    house.end(call, "cancelled", "The caller hung up before anyone answered.")
    await expect(anna.get_by_role("heading", name="Carla Diaz hung up.")).to_be_visible()


@pytest.mark.parametrize(
    ("cause", "sentence"),
    [("picked-up", "Ben took the call."), ("answered-elsewhere", "Ben answered the call.")],
)
@pytest.mark.parametrize("viewport", [WIDE, NARROW])
async def test_who_took_a_call_that_rang_here_is_said_and_nothing_is_left_of_it(
    house: House, opened: Open, viewport: Any, cause: str, sentence: str
) -> None:
    page = await opened(viewport=viewport)
    await sign_in(page)
    service = {"how": "group", "by": {"number": "200", "name": "Service", "user": "", "device": ""}}
    call = house.ring(house.party("carla"), "anna", via=service)
    await expect(page.get_by_role("button", name="Answer", exact=True)).to_be_visible()
    house.taken_by(house.party("ben"), call, "hq.1", cause=cause)
    await expect(page.get_by_role("heading", name=sentence)).to_be_visible()
    await expect(page.locator("[role=status].hidden")).to_have_text(sentence)
    await expect(page.get_by_role("button", name=re.compile("Answer|End call|Decline"))).to_have_count(0)
    await expect(page.get_by_role("article")).to_have_count(1)
    await expect(page.get_by_role("heading", name=sentence)).to_have_count(0)
    await expect(page.locator("[role=status].hidden")).to_have_text(sentence)


async def test_mute_hold_and_keys_are_switches_that_say_their_state(house: House, anna: Page) -> None:
    call = house.ring(house.party("carla"), "anna")
    await anna.get_by_role("button", name="Answer", exact=True).click()
    mute = anna.get_by_role("button", name="Mute", exact=True)
    hold = anna.get_by_role("button", name="Hold", exact=True)
    await expect(mute).to_have_attribute("aria-pressed", "false")
    await mute.click()
    await expect(mute).to_have_attribute("aria-pressed", "true")
    await hold.click()
    await expect(hold).to_have_attribute("aria-pressed", "true")
    await expect(anna.get_by_text("On hold", exact=True)).to_be_visible()
    await anna.get_by_role("button", name="Keypad", exact=True).click()
    for key in "12":
        await anna.get_by_role("group", name="Keys").get_by_role("button", name=key, exact=True).click()
    await expect(anna.get_by_label("Keys pressed")).to_have_text("12")
    house.change_leg(call, "hq.3", holding=True)
    await hold.click()
    await expect(anna.get_by_text("Carla has put you on hold.").first).to_be_visible()


async def test_single_keys_work_outside_fields_only(house: House, anna: Page) -> None:
    house.ring(house.party("carla"), "anna")
    await anna.get_by_role("button", name="Answer", exact=True).click()
    await expect(anna.get_by_role("timer")).to_be_visible()
    await anna.get_by_label("Name or number").fill("")
    await anna.keyboard.press("m")
    assert asked(house, "call.mute") == []
    await anna.get_by_label("Name or number").fill("")
    await anna.keyboard.press("Escape")
    await anna.keyboard.press("m")
    await expect(anna.get_by_role("button", name="Mute", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    await anna.keyboard.press("?")
    await expect(anna.get_by_role("heading", name="Shortcuts")).to_be_visible()
    await anna.keyboard.press("h")
    assert asked(house, "call.hold") == []


async def test_a_second_call_holds_the_first_and_both_can_be_swapped(house: House, anna: Page) -> None:
    first = house.ring(house.party("carla"), "anna")
    await anna.get_by_role("button", name="Answer", exact=True).click()
    await expect(anna.get_by_role("timer")).to_be_visible()
    second = house.ring(STRANGER, "anna")
    await expect(anna.get_by_text("Answering puts Carla on hold.")).to_be_visible()
    await anna.get_by_role("button", name="Answer", exact=True).click()
    held = anna.get_by_role("article", name="Call with Carla Diaz")
    await expect(held).to_contain_text("On hold 00:0")
    await held.get_by_role("button", name="Swap", exact=True).click()
    other = anna.get_by_role("article", name="Call with +4970315550199")
    await expect(other.get_by_role("button", name="Swap", exact=True)).to_be_visible()
    assert house.leg_of(first, "hq.1")["holding"] is False
    assert house.leg_of(second, "hq.1")["holding"] is True


async def test_focus_goes_to_the_next_call_then_to_where_it_was(house: House, anna: Page) -> None:
    await anna.get_by_label("Name or number").focus()
    first = house.ring(house.party("carla"), "anna")
    await expect(anna.get_by_role("button", name="Answer", exact=True)).to_be_visible()
    await anna.keyboard.press("Control+Shift+A")
    await expect(anna.get_by_role("timer")).to_be_visible()
    second = house.ring(STRANGER, "anna")
    await expect(anna.get_by_role("button", name="Answer", exact=True)).to_be_visible()
    await anna.keyboard.press("Control+Shift+A")
    await expect(anna.get_by_role("button", name="Swap", exact=True)).to_be_visible()
    await anna.get_by_role("button", name="End call", exact=True).focus()
    house.end(second)
    await expect(anna.get_by_role("button", name="Swap")).to_have_count(0)
    assert await anna.evaluate("document.activeElement.closest('[data-dock]') !== null")
    house.end(first)
    await expect(anna.get_by_label("Name or number")).to_be_focused()


async def test_a_busy_line_says_who_and_offers_to_try_again(house: House, anna: Page) -> None:
    await anna.get_by_label("Name or number").fill("106")
    await anna.keyboard.press("Enter")
    await expect(anna.get_by_role("button", name="End call")).to_be_visible()
    house.end(next(id for kind, id in house.things if kind == "call"), "busy", "The line is busy.")
    await expect(anna.get_by_role("heading", name="Finn is busy.")).to_be_visible()
    await anna.get_by_role("button", name="Call again").click()
    await expect(anna.get_by_role("button", name="End call")).to_be_visible()
    assert [ask["to"] for ask in asked(house, "call.dial")] == ["106", "106"]


async def test_a_refused_wish_is_explained(house: House, anna: Page) -> None:
    house.ring(house.party("carla"), "anna")
    await anna.get_by_role("button", name="Answer", exact=True).click()
    house.refuse["call.hold"] = Refused("failed", "Something went wrong here. It has been noted.")
    await anna.get_by_role("button", name="Hold", exact=True).click()
    await expect(anna.get_by_text("Something went wrong here. It has been noted.")).to_be_visible()


async def test_the_call_list_grows_while_it_is_looked_at(house: House, anna: Page) -> None:
    await anna.get_by_role("link", name=re.compile("^Calls")).click()
    await expect(anna.get_by_role("link", name=re.compile("Lena Hoffmann"))).to_be_visible()
    house.record("hq.1", house.party("klara"), "in", "missed", ago=1)
    await expect(anna.get_by_role("link", name=re.compile("Klara Novák"))).to_be_visible()
    await anna.get_by_role("button", name="Outgoing").click()
    await expect(anna.get_by_role("link", name=re.compile("Klara Novák"))).to_have_count(0)
    await anna.get_by_role("button", name="Missed").click()
    await anna.get_by_role("link", name=re.compile("Klara Novák")).click()
    await expect(anna.get_by_role("button", name="Call back", exact=True)).to_be_visible()


async def test_presence_is_live(house: House, anna: Page) -> None:
    ben = anna.get_by_role("link", name=re.compile("Ben Cole"))
    await expect(ben).to_contain_text("Available")
    house.presence("hq.2", "on-call")
    await expect(ben).to_contain_text("On a call · 00:0")


async def test_on_a_small_screen_a_call_is_a_sheet_that_folds_into_a_bar(house: House, opened: Open) -> None:
    page = await opened(viewport=NARROW)
    await sign_in(page)
    await page.get_by_role("link", name="Keypad").click()
    for key in "102":
        await page.get_by_role("button", name=key, exact=True).click()
    await page.get_by_role("button", name="Call", exact=True).click()
    await expect(page.get_by_role("button", name="End call")).to_be_visible()
    await page.get_by_role("button", name="Fold the call away").click()
    await page.get_by_role("link", name="People").click()
    await page.get_by_role("button", name="Tap to return to the call").click()
    await expect(page.get_by_role("button", name="End call")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
