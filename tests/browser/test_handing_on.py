"""Calls handed on and taken up: transfer, conference, parking, pick-up, moving, by pointer and by key."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import NARROW, WIDE, Open, sign_in
from tests.browser.house import House, Refused
from tests.browser.test_everybody import AXE, faults

STRANGER = {"number": "+4970315550199", "name": "", "user": "", "device": ""}


def asked(house: House, word: str) -> list[dict[str, object]]:
    return [{k: v for k, v in ask.items() if k != "do"} for ask in house.asked if ask["do"] == word]


async def talk(house: House, page: Page, other: str = "carla") -> str:
    """Anna talks with `other`, and nothing on her page has the focus."""
    call = house.ring(house.party(other), "anna")
    await expect(page.get_by_role("button", name="Answer", exact=True)).to_be_visible()
    await page.keyboard.press("Control+Shift+A")
    await expect(card(page, house.party(other)["name"]).get_by_role("timer")).to_be_visible()
    return call


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=f"Call with {name}")


def button(within: Page | Locator, name: str) -> Locator:
    return within.get_by_role("button", name=name, exact=True)


async def said(page: Page, sentence: str | re.Pattern[str]) -> None:
    """To those who do not look."""
    await expect(page.locator("[role=status].hidden")).to_have_text(sentence)


# ---- transfer


async def test_t_a_few_letters_and_enter_transfer_at_once(house: House, anna: Page) -> None:
    call = await talk(house, anna)
    await anna.keyboard.press("t")
    await expect(anna.get_by_role("combobox", name="Transfer to")).to_be_focused()
    await anna.keyboard.type("elif")
    await expect(anna.get_by_role("option", name=re.compile("Elif"))).to_contain_text("Available")
    await anna.keyboard.press("Enter")
    await expect(button(anna, "End call")).to_have_count(0)
    assert asked(house, "call.transfer") == [{"call": call, "to": "105"}]
    await expect(anna.get_by_text("Carla Diaz is transferred to Elif Yılmaz.").last).to_be_visible()
    await said(anna, "Carla Diaz is transferred to Elif Yılmaz.")


async def test_whom_a_call_is_sent_to_is_shown_with_what_speaks_against_it(house: House, anna: Page) -> None:
    await talk(house, anna)
    house.presence("hq.4", "dnd")
    await button(anna, "Transfer").click()
    for name, words in (("klara", "will hear it as a second call"), ("finn", "has no phone connected"),
                        ("david", "does not want calls now")):  # fmt: skip
        await anna.get_by_role("dialog").get_by_role("combobox").fill(name)
        await expect(anna.get_by_role("option", name=re.compile(name, re.IGNORECASE))).to_contain_text(words)


async def test_shift_enter_asks_first_and_connect_both_hands_over(house: House, anna: Page) -> None:
    first = await talk(house, anna)
    await anna.keyboard.press("t")
    await anna.keyboard.type("102")
    await anna.keyboard.press("Shift+Enter")
    await expect(card(anna, "Ben Cole")).to_be_visible()
    assert asked(house, "call.hold") == [{"call": first, "holding": True}]
    assert asked(house, "call.dial") == [{"to": "102", "device": "hq.1.browser"}]
    held = card(anna, "Carla Diaz")
    await expect(button(held, "Swap")).to_have_attribute("aria-disabled", "true")  # Ben has not answered yet
    await button(held, "Connect both").click()
    await expect(button(anna, "End call")).to_have_count(0)
    (asked_for,) = asked(house, "call.connect")
    assert asked_for["call"] == first
    await said(anna, "Carla Diaz and Ben Cole are connected.")


async def test_a_refused_transfer_is_explained_in_the_sheet_and_the_call_stays(
    house: House, anna: Page
) -> None:
    await talk(house, anna)
    await anna.keyboard.press("t")
    await anna.keyboard.type("999")
    await anna.keyboard.press("Enter")
    await expect(anna.get_by_role("dialog").get_by_role("alert")).to_have_text(
        "There is nobody at this number."
    )
    await anna.keyboard.press("Shift+Enter")
    await expect(anna.get_by_role("dialog").get_by_role("alert")).to_have_text(
        "There is nobody at this number."
    )
    assert [ask["holding"] for ask in asked(house, "call.hold")] == [True, False]  # it goes on as before
    await anna.keyboard.press("Escape")
    await expect(anna.get_by_role("dialog")).to_have_count(0)
    await expect(button(anna, "End call")).to_be_visible()


async def test_a_call_that_ends_closes_its_sheet_and_leaves_the_focus_somewhere(
    house: House, anna: Page
) -> None:
    await anna.get_by_role("link", name=re.compile("Ben Cole")).focus()
    call = await talk(house, anna)
    await anna.keyboard.press("t")
    await expect(anna.get_by_role("combobox", name="Transfer to")).to_be_focused()
    house.end(call)
    await expect(anna.get_by_role("dialog")).to_have_count(0)
    await expect(anna.get_by_role("link", name=re.compile("Ben Cole"))).to_be_focused()
    await said(anna, re.compile("Call with Carla Diaz ended"))


# ---- two calls


async def test_n_goes_from_call_to_call(house: House, anna: Page) -> None:
    first = await talk(house, anna)
    second = await talk(house, anna, "ben")
    for name in ("Carla Diaz", "Ben Cole"):
        await expect(button(card(anna, name), "Swap")).to_be_visible()
        await anna.keyboard.press("n")
        await expect(card(anna, name).get_by_role("timer")).to_be_visible()
    assert house.leg_of(first, "hq.1")["holding"] is True
    assert house.leg_of(second, "hq.1")["holding"] is False


async def test_t_and_enter_connect_two_calls(house: House, anna: Page) -> None:
    first = await talk(house, anna)
    second = await talk(house, anna, "ben")
    await anna.keyboard.press("t")
    await expect(anna.get_by_role("option", name=re.compile("Carla Diaz"))).to_have_attribute(
        "aria-selected", "true"
    )
    await anna.keyboard.press("Enter")
    await expect(button(anna, "End call")).to_have_count(0)
    assert asked(house, "call.connect") == [{"call": second, "other": first}]


async def test_a_conference_lists_the_others_and_each_can_be_put_on_hold(house: House, anna: Page) -> None:
    await talk(house, anna)
    await talk(house, anna, "ben")
    await button(card(anna, "Carla Diaz"), "Conference").click()
    together = card(anna, "Ben and Carla")
    await expect(together.get_by_role("listitem")).to_have_count(2)
    await said(anna, "Conference with Ben and Carla.")
    await expect(button(together, "Transfer")).to_have_attribute("aria-disabled", "true")
    await button(together, "Put Carla Diaz on hold").click()
    await expect(button(card(anna, "Ben Cole"), "Transfer")).not_to_have_attribute("aria-disabled", "true")
    kept = anna.get_by_role("article", name="Carla Diaz, on hold")
    await expect(kept).to_contain_text("On hold 00:0")
    await button(kept, "Resume").click()
    await expect(card(anna, "Carla Diaz").get_by_role("timer")).to_be_visible()
    assert len(asked(house, "call.retrieve")) == 1


async def test_a_call_of_my_own_is_resumed_where_it_says_so(house: House, anna: Page) -> None:
    call = await talk(house, anna)
    await button(anna, "Hold").click()
    await expect(card(anna, "Carla Diaz")).to_contain_text("On hold 00:0")
    await button(anna, "Resume").click()
    await expect(button(anna, "Resume")).to_have_count(0)
    assert house.leg_of(call, "hq.1")["holding"] is False


# ---- my leg stays, the call changes


async def test_whoever_is_transferred_keeps_timer_and_sound(house: House, anna: Page) -> None:
    call = await talk(house, anna)
    house.change_leg(call, "hq.1", since=house.leg_of(call, "hq.1")["since"] - 300)
    await expect(anna.get_by_role("timer")).to_have_text(re.compile("05:0"))
    mine, ben = house.leg_of(call, "hq.1"), house.party("ben")
    await anna.get_by_role("button", name="Mute", exact=True).focus()
    via = {"how": "transferred", "by": house.party("carla")}
    legs = [mine, house.leg(ben, caller=True, state="talking", via=via)]
    house.call(ben, legs, state="talking", answered=0)
    house.leave(call, "hq.1")
    await expect(card(anna, "Ben Cole").get_by_role("timer")).to_have_text(re.compile("05:0"))
    await expect(anna.get_by_text("transferred by Carla Diaz", exact=True)).to_be_visible()
    await expect(anna.get_by_text("No tab carries the sound.")).to_have_count(0)
    await said(anna, "Talking with Ben Cole, transferred by Carla Diaz.")
    assert len(asked(house, "leg.attach")) == 1
    assert await anna.evaluate("document.activeElement.closest('[data-dock]') !== null")


async def test_a_call_that_comes_back_says_from_whom(house: House, anna: Page) -> None:
    house.ring(STRANGER, "anna", via={"how": "recalled", "by": house.party("ben")})
    await expect(anna.get_by_text("comes back from Ben Cole", exact=True)).to_be_visible()


# ---- parking


async def test_p_and_enter_park_at_my_place_and_the_way_back_is_offered(house: House, anna: Page) -> None:
    call = await talk(house, anna)
    await anna.keyboard.press("p")
    await expect(anna.get_by_role("option", name=re.compile("Your place"))).to_be_visible()
    await anna.keyboard.press("Enter")
    await expect(button(anna, "End call")).to_have_count(0)
    assert asked(house, "call.park") == [{"call": call, "number": "", "slot": ""}]
    await said(anna, "Carla Diaz is parked at your place, number 0.")
    await button(anna, "Take back").click()
    await expect(card(anna, "Carla Diaz")).to_be_visible()


async def test_a_digit_chooses_the_place_and_a_taken_one_is_refused_in_the_sheet(
    house: House, anna: Page
) -> None:
    await talk(house, anna)
    house.parks(house.party("jonas"), house.party("anna"), house.party("ben"), "3", "hq.1")
    await anna.keyboard.press("p")
    await anna.keyboard.type("3")
    await anna.keyboard.press("Enter")
    await expect(anna.get_by_role("dialog").get_by_role("alert")).to_have_text(
        "Another call is parked there already."
    )
    await anna.get_by_role("dialog").get_by_role("combobox").fill("ben")
    await anna.keyboard.press("Enter")
    await expect(button(anna, "End call")).to_have_count(0)
    assert [(ask["number"], ask["slot"]) for ask in asked(house, "call.park")] == [("", "3"), ("102", "")]


async def test_what_waits_for_me_and_my_groups_is_listed_and_taken_up(house: House, anna: Page) -> None:
    house.waits(STRANGER, house.party("greta"), "hq.1")
    house.parks(house.party("jonas"), house.party("carla"), house.party("ben"), "3", "hq.1", ago=52)
    rows = anna.get_by_role("region", name="For you and your groups").get_by_role("listitem")
    await expect(rows.nth(0)).to_contain_text("rings for Greta")
    await expect(rows.nth(1)).to_contain_text("Carla’s place 3 · by Ben")
    await expect(rows.nth(1)).to_contain_text("00:5")
    await anna.get_by_role("button", name="Account").focus()
    await anna.keyboard.press("u")
    await expect(button(anna, "Pick up")).to_be_focused()
    await anna.keyboard.press("Enter")
    await expect(card(anna, "+4970315550199").get_by_role("timer")).to_be_visible()
    await expect(anna.get_by_text("picked up for Greta Sommer", exact=True)).to_be_visible()
    await button(anna, "Retrieve").click()
    await expect(card(anna, "Jonas Weber").get_by_role("timer")).to_be_visible()
    await expect(anna.get_by_role("region", name="For you and your groups")).to_have_count(0)


async def test_a_parked_call_is_taken_with_the_chosen_phone(house: House, anna: Page) -> None:
    await anna.get_by_role("radio", name="Desk phone").check()
    call = house.parks(house.party("jonas"), house.party("carla"), house.party("carla"), "3", "hq.1")
    await button(anna, "Retrieve").click()
    await expect(anna.get_by_text("Pick it up to talk with Jonas.")).to_be_visible()
    assert asked(house, "call.retrieve") == [{"call": call, "device": "hq.1.phone"}]
    house.answer(call, "hq.1.phone")
    await expect(card(anna, "Jonas Weber").get_by_text("110 · on Desk phone")).to_be_visible()


async def test_who_is_parked_is_told_where(house: House, anna: Page) -> None:
    call = await talk(house, anna)
    legs = [leg for leg in house.things["call", call]["legs"] if leg["party"]["user"] == "hq.1"]
    house.change_call(call, state="parked", legs=legs, parked={"user": "hq.3", "number": "103", "slot": "1"})
    await expect(anna.get_by_text("You are parked.").first).to_be_visible()


# ---- devices


async def test_a_call_moves_to_the_desk_phone_and_back_here(house: House, anna: Page) -> None:
    call = await talk(house, anna)
    await button(anna, "Move to Desk phone").click()
    await expect(anna.get_by_text("Pick it up, and the call goes on there.")).to_be_visible()
    house.answer(call, "hq.1.phone")
    await expect(card(anna, "Carla Diaz").get_by_text("103 · on Desk phone")).to_be_visible()
    await said(anna, "The call goes on at Desk phone.")
    await button(anna, "Move to This browser").click()
    await expect(card(anna, "Carla Diaz").get_by_text("103 · on this browser")).to_be_visible()
    assert [ask["device"] for ask in asked(house, "call.move")] == ["hq.1.phone", "hq.1.browser"]


async def test_the_desk_phone_answers_from_the_page(house: House, anna: Page) -> None:
    call = house.ring(house.party("carla"), "anna")
    await button(anna, "Answer on Desk phone").click()
    await expect(card(anna, "Carla Diaz").get_by_text("103 · on Desk phone")).to_be_visible()
    assert asked(house, "call.answer") == [{"call": call, "device": "hq.1.phone"}]


async def test_the_key_for_answer_reaches_a_phone_that_rings_alone(house: House, anna: Page) -> None:
    house.ring(house.party("carla"), "anna", devices=("phone",))
    await expect(button(anna, "Answer on Desk phone")).to_be_visible()
    await anna.keyboard.press("Control+Shift+A")
    await expect(card(anna, "Carla Diaz").get_by_text("103 · on Desk phone")).to_be_visible()


async def test_a_ringing_call_is_redirected(house: House, anna: Page) -> None:
    call = house.ring(house.party("carla"), "anna")
    await button(anna, "Redirect").click()
    await anna.keyboard.type("ben")
    await anna.keyboard.press("Enter")
    await expect(anna.get_by_role("button", name="Decline")).to_have_count(0)
    assert asked(house, "call.redirect") == [{"call": call, "to": "102"}]
    await said(anna, "Carla Diaz is redirected to Ben Cole.")


async def test_a_call_somebody_else_took_is_not_said_to_have_hung_up(house: House, anna: Page) -> None:
    call = house.ring(house.party("carla"), "anna")
    await expect(button(anna, "Answer")).to_be_visible()
    house.leave(call, "hq.1")
    await expect(anna.get_by_role("heading", name="Carla Diaz went on to somebody else.")).to_be_visible()


# ---- quality


async def test_bars_are_shown_when_quality_is_known_and_say_why_it_is_poor(house: House, anna: Page) -> None:
    call = await talk(house, anna)
    await expect(anna.get_by_role("button", name="Sound:")).to_have_count(0)
    leg = house.leg_of(call, "hq.1")["id"]
    house.quality(leg, "hq.1", 4.3)
    await expect(button(anna, "Sound: Good")).to_be_visible()
    await button(anna, "Sound: Good").click()
    await expect(anna.get_by_text("jitter 4 ms, round trip 38 ms")).to_be_visible()
    house.quality(leg, "hq.1", 2.4, "Carla hears gaps.", far_loss=0.06)
    await expect(button(anna, "Sound: Poor")).to_be_visible()
    await expect(anna.get_by_text("Carla hears gaps.")).to_be_visible()
    await button(anna, "Move to Desk phone").first.click()
    assert len(asked(house, "call.move")) == 1


# ---- everybody


async def test_a_refused_pick_up_lets_the_talk_go_on(house: House, anna: Page) -> None:
    await talk(house, anna)
    house.waits(STRANGER, house.party("greta"), "hq.1")
    house.refuse["call.pickup"] = Refused("nothing-rings", "Nothing rings there that you could pick up.")
    await button(anna, "Pick up").click()
    await expect(anna.get_by_text("Nothing rings there that you could pick up.")).to_be_visible()
    assert [ask["holding"] for ask in asked(house, "call.hold")] == [True, False]


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "viewport", [WIDE, {"width": 1024, "height": 768}, NARROW], ids=["1440", "1024", "390"]
)
async def test_nothing_of_it_has_a_fault_that_axe_knows(
    house: House, opened: Open, theme: str, viewport: dict[str, int]
) -> None:
    page = await opened(viewport=viewport, theme=theme)
    await sign_in(page)
    await page.get_by_label("Name or number").wait_for()
    house.waits(STRANGER, house.party("greta"), "hq.1")
    house.parks(house.party("jonas"), house.party("carla"), house.party("ben"), "3", "hq.1")
    await expect(button(page, "Retrieve")).to_be_visible()
    found = await faults(page, "waiting")
    house.ring(house.party("elif"), "anna", via={"how": "diverted", "by": house.party("ben")})
    await expect(button(page, "Answer on Desk phone")).to_be_visible()
    found += await faults(page, "incoming")
    await page.keyboard.press("t")
    await page.get_by_role("dialog").get_by_role("combobox").fill("l")
    await expect(page.get_by_role("option").first).to_be_visible()
    found += await faults(page, "redirect")
    await page.keyboard.press("Escape")
    await button(page, "Decline").click()
    await expect(button(page, "Decline")).to_have_count(0)
    call = await talk(house, page)
    house.quality(house.leg_of(call, "hq.1")["id"], "hq.1", 2.4, "Carla hears gaps.")
    await expect(button(page, "Sound: Poor")).to_be_visible()
    await button(page, "Sound: Poor").click()
    found += await faults(page, "poor")
    await page.keyboard.press("p")
    await expect(page.get_by_role("dialog")).to_be_visible()
    found += await faults(page, "park")
    await page.keyboard.press("Escape")
    await page.keyboard.press("h")
    await expect(button(page, "Resume")).to_be_visible()
    found += await faults(page, "held")
    await talk(house, page, "ben")
    await page.keyboard.press("t")
    await expect(page.get_by_role("dialog")).to_be_visible()
    found += await faults(page, "connect")
    await page.keyboard.press("Shift+Enter")
    await expect(button(page, "Put Carla Diaz on hold")).to_be_visible()
    found += await faults(page, "conference")
    await button(page, "Put Carla Diaz on hold").click()
    await expect(button(page, "Resume")).to_be_visible()
    found += await faults(page, "kept")
    assert found == []
    assert await page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
