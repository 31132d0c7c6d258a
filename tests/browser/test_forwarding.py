"""Saying where calls go, and which phones outside ring as well."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import NARROW, WIDE, Open, sign_in
from tests.browser.house import House, Json, Refused

BEN = {"when": "always", "to": "102", "on": True, "shown": "Ben Cole"}
MOBILE = {"enabled": True, "delay": 10, "min_alert": 0, "max_alert": 0, "call_waiting": True}


async def goes(page: Page, place: str) -> None:
    await page.evaluate("(place) => { location.hash = place }", place)


def has(house: House, *diversions: Json, **more: Any) -> None:
    house.set("user", "hq.1", {**house.things["user", "hq.1"], "diversions": list(diversions), **more})


def asked(house: House, word: str) -> list[Json]:
    return [{k: v for k, v in ask.items() if k != "do"} for ask in house.asked if ask["do"] == word]


async def test_a_case_is_written_with_a_name_and_the_keyboard_alone(house: House, anna: Page) -> None:
    await goes(anna, "settings/forwarding")
    field = anna.get_by_role("combobox", name="When I do not answer: to whom")
    await field.focus()
    await anna.keyboard.type("l")
    await expect(anna.get_by_role("option", name="Lena Hoffmann")).to_be_visible()
    await anna.keyboard.press("ArrowDown")
    await anna.keyboard.press("Enter")
    await expect(field).to_have_value("Lena Hoffmann")
    await expect(anna.get_by_role("switch", name="When I do not answer")).to_be_checked()
    await expect(anna.get_by_text("then goes to Lena Hoffmann")).to_be_visible()
    assert asked(house, "me.divert") == [{"when": "no-answer", "to": "112", "on": True}]


async def test_a_number_is_taken_when_the_field_is_left(house: House, anna: Page) -> None:
    await goes(anna, "settings/forwarding")
    field = anna.get_by_role("combobox", name="When I am busy: to whom")
    await field.fill("0171 / 555 0110")
    await anna.keyboard.press("Tab")
    await expect(anna.get_by_text("If you are busy or decline, it goes to 01715550110.")).to_be_visible()
    await field.fill("")
    await anna.keyboard.press("Enter")
    await expect(anna.get_by_role("switch", name="When I am busy")).not_to_be_checked()
    assert asked(house, "me.divert") == [
        {"when": "busy", "to": "01715550110", "on": True},
        {"when": "busy", "to": "", "on": False},
    ]


async def test_a_name_of_nobody_and_a_refusal_are_said_where_they_were_typed(
    house: House, anna: Page
) -> None:
    await goes(anna, "settings/forwarding")
    field = anna.get_by_role("combobox", name="All calls: to whom")
    await field.fill("zz")
    await anna.keyboard.press("Tab")
    await expect(anna.get_by_text("Choose somebody from the list, or type a number.")).to_be_visible()
    house.refuse["me.divert"] = Refused("may-not-divert", "The filter abroad does not let this number pass.")
    await field.fill("00441")
    await anna.keyboard.press("Enter")
    await expect(field).to_have_accessible_description("The filter abroad does not let this number pass.")
    await expect(field).to_have_value("00441")
    await field.press("Escape")
    await expect(field).to_have_value("")
    assert len(asked(house, "me.divert")) == 1


async def test_turning_on_what_leads_nowhere_yet_asks_where(house: House, anna: Page) -> None:
    await goes(anna, "settings/forwarding")
    await anna.get_by_role("switch", name="All calls").click()
    field = anna.get_by_role("combobox", name="All calls: to whom")
    await expect(field).to_be_focused()
    await expect(field).to_have_accessible_description("Say where they should go; then it is on.")
    assert asked(house, "me.divert") == []
    await anna.keyboard.type("102")
    await anna.keyboard.press("Enter")
    await expect(anna.get_by_text("Every call goes to Ben Cole.")).to_be_visible()


async def test_seconds_and_warnings_follow_what_is_set(house: House, anna: Page) -> None:
    house.warnings = ["Ben Cole diverts all calls back to you: calls ring at Ben Cole."]
    await goes(anna, "settings/forwarding")
    await anna.get_by_label("Seconds until a call counts as unanswered").select_option("45 s")
    await expect(anna.get_by_text("A call rings here for 45 seconds.")).to_be_visible()
    await expect(anna.get_by_text(house.warnings[0])).to_be_visible()
    has(house, rings=12)
    await expect(anna.get_by_label("Seconds until a call counts as unanswered")).to_have_value("12")


async def test_what_the_administrator_has_set_is_shown_and_cannot_be_touched(
    house: House, anna: Page
) -> None:
    admins = {"when": "busy", "to": "109", "on": True, "by": "admin", "callers": "external", "first": True}
    has(house, {**admins, "shown": "Inês Moreira"}, {**BEN, "by": "admin"})
    await goes(anna, "settings/forwarding")
    await expect(
        anna.get_by_text("When you are busy, calls from outside go to Inês Moreira, whatever you set.")
    ).to_be_visible()
    await expect(anna.get_by_text("All calls go to Ben Cole.")).to_be_visible()
    await expect(anna.get_by_role("switch", name="When I am busy")).not_to_be_checked()
    await expect(anna.get_by_text("Your administrator has set it.")).to_be_visible()
    await expect(anna.get_by_role("button", name="Turn off")).to_have_count(0)


@pytest.mark.parametrize("viewport", [None, NARROW], ids=["wide", "narrow"])
async def test_calls_that_go_elsewhere_are_said_on_every_page_and_taken_back(
    house: House, opened: Open, viewport: dict[str, int] | None
) -> None:
    has(house, BEN)
    page = await opened(viewport=viewport) if viewport else await opened()
    await sign_in(page)
    await expect(page.get_by_text("Your calls go to Ben Cole.")).to_be_visible()
    if viewport is None:
        await expect(page.get_by_label("Calls use This browser, Calls go to Ben Cole")).to_be_visible()
    await page.get_by_role("button", name="Turn off").click()
    await expect(page.get_by_text("Your calls go to")).to_have_count(0)
    assert asked(house, "me.divert") == [{"when": "always", "to": "102", "on": False}]


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_what_does_not_lead_where_it_is_set_is_not_claimed_to(
    house: House, opened: Open, viewport: Any
) -> None:
    house.barred = {"102": "The filter abroad does not let this number pass."}
    has(house, BEN)
    page = await opened(viewport=viewport)
    await sign_in(page)
    banner = page.get_by_role("status").filter(has_text="Your calls")
    await expect(banner).to_contain_text("Your calls do not go to Ben Cole. The filter abroad")
    await expect(page.get_by_text("Calls go to", exact=False)).to_have_count(0)
    house.barred, house.warnings = {}, ["Ben Cole diverts all calls back to you: calls ring at Ben Cole."]
    has(house, BEN, rings=20)
    await expect(banner).to_contain_text(f"Your calls go to Ben Cole. {house.warnings[0]}")
    await page.get_by_role("button", name="Turn off").click()
    await expect(banner).to_have_count(0)


async def test_a_number_is_explained_without_calling_it(house: House, anna: Page) -> None:
    await goes(anna, "settings/forwarding")
    await anna.get_by_label("Number to try").fill("102")
    await anna.keyboard.press("Enter")
    await expect(anna.get_by_text("It is Ben Cole.")).to_be_visible()
    await anna.get_by_label("Number to try").fill("9")
    await anna.get_by_role("button", name="Explain").click()
    await expect(anna.get_by_text("There is nobody at this number.")).to_be_visible()
    assert asked(house, "call.dial") == []


async def test_a_mobile_is_added_changed_switched_off_and_removed(house: House, anna: Page) -> None:
    await goes(anna, "settings/mobiles")
    await anna.get_by_role("button", name="Add a mobile phone…").click()
    sheet = anna.get_by_role("dialog", name="Add a mobile phone")
    await sheet.get_by_role("button", name="Add").click()
    await expect(sheet.get_by_role("alert")).to_have_text("Write its number.")
    await sheet.get_by_label("Number").fill("12")
    await sheet.get_by_role("button", name="Add").click()
    await expect(sheet.get_by_role("alert")).to_contain_text("no number outside")
    await sheet.get_by_label("Number").fill("+49 171 5550110")
    await sheet.get_by_label("Begins to ring").select_option("10 s after your devices")
    await sheet.get_by_role("button", name="Add").click()
    await expect(sheet).to_have_count(0)
    await expect(anna.get_by_text("Rings after 10 s")).to_be_visible()

    await anna.get_by_role("button", name="Change Mobile").click()
    sheet = anna.get_by_role("dialog", name="Change Mobile")
    await sheet.get_by_label("Name").fill("In the car")
    await sheet.get_by_label("Stops ringing").select_option("After 10 s")
    await sheet.get_by_label("Its answer counts").select_option("After 3 s of ringing")
    await sheet.get_by_role("button", name="Save").click()
    await expect(anna.get_by_text("Rings after 10 s, for 10 s at most")).to_be_visible()

    house.warnings = ["In the car does not ring. There is nobody at this number."]
    await anna.get_by_role("switch", name="In the car rings").click()
    await expect(anna.get_by_text(house.warnings[0])).to_be_visible()
    await expect(anna.get_by_text("Does not ring", exact=True)).to_be_visible()
    await anna.get_by_role("button", name="Remove In the car").click()
    await expect(anna.get_by_text("No mobile phone yet")).to_be_visible()
    await anna.get_by_role("button", name="Undo").click()
    await expect(anna.get_by_text("In the car", exact=True)).to_be_visible()
    assert asked(house, "mobile.add")[-1]["max_alert"] == 10


async def test_calls_are_made_from_a_mobile_that_is_chosen(house: House, anna: Page) -> None:
    mobile = {**MOBILE, "number": "+491715550110", "shown": "+49 171 5550110"}
    house.mobile("hq.1.mobile", "hq.1", "Mobile", mobile)
    await anna.get_by_role("main").get_by_label("Mobile").check()
    await expect(anna.get_by_label("Calls use Mobile, +49 171 5550110")).to_be_visible()
    await anna.get_by_label("Name or number").fill("102")
    await anna.keyboard.press("Enter")
    await expect(anna.get_by_text("Mobile is ringing.")).to_be_visible()
    assert asked(house, "call.dial")[0]["device"] == "hq.1.mobile"
    for id in [id for kind, id in house.things if kind == "call"]:
        house.end(id)
    house.mobile("hq.1.mobile", "hq.1", "Mobile", {**mobile, "enabled": False})
    await anna.get_by_label("Name or number").fill("103")
    await anna.keyboard.press("Enter")
    await expect(anna.get_by_text("Mobile is switched off.")).to_be_visible()


async def test_who_rings_for_a_group_or_was_diverted_is_said_with_a_number_as_people_write_it(
    house: House, anna: Page
) -> None:
    outside = {"name": "", "user": "", "device": "trunk:Fibre", "outside": True}
    service = {"how": "group", "by": {"number": "200", "name": "Service", "user": "", "device": ""}}
    party = {**outside, "number": "+4970315550199", "shown": "+49 7031 5550199"}
    call = house.ring(party, "anna", via=service)
    card = anna.get_by_role("region", name="Incoming call from +49 7031 5550199")
    await expect(card.get_by_text("For Service")).to_be_visible()
    house.end(call)
    house.ring({**outside, "number": ""}, "anna", via=house.via("diverted", "ben"))
    card = anna.get_by_role("region", name="Incoming call from Anonymous caller")
    await expect(card.get_by_text("Diverted by Ben Cole")).to_be_visible()
