"""The list of past calls, one call in detail, and what a user wishes of calls."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import NARROW, Open, sign_in
from tests.browser.house import House, Refused

STRANGER = {"number": "+4970315550199", "name": "", "user": "", "device": ""}
ME = "hq.1"


async def show(page: Page, place: str) -> None:
    await page.evaluate("(place) => { location.hash = place }", place)


async def allow_copying(page: Page) -> None:
    """Headless, a page reads and writes what stands for a clipboard."""
    await page.context.grant_permissions(["microphone", "clipboard-read", "clipboard-write"])


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("listitem").filter(has_text=name).first


def asked(house: House, word: str) -> list[dict[str, object]]:
    return [ask for ask in house.asked if ask["do"] == word]


async def top_of(locator: Locator) -> float:
    box = await locator.bounding_box()
    assert box is not None
    return round(box["y"], 1)


async def test_calls_of_one_kind_with_one_party_are_one_row(anna: Page) -> None:
    await show(anna, "calls")
    await expect(anna.get_by_role("link", name="+4940555731 (3) Incoming Missed")).to_have_count(1)


async def test_a_row_says_how_the_call_came(house: House, anna: Page) -> None:
    house.record(ME, house.party("henrik"), "in", "answered", ago=60, via=house.via("diverted", "ben"))
    house.record(ME, house.party("klara"), "in", "answered", ago=50, via=house.via("transferred", "carla"))
    david, greta = house.party("david"), house.party("greta")
    house.record(ME, house.party("jonas"), "in", "elsewhere", ago=40, to=david, cause="picked-up")
    house.record(ME, house.party("elif"), "diverted", "forwarded", ago=30, device="", to=greta)
    await show(anna, "calls")
    await expect(row(anna, "Henrik Lund")).to_contain_text("diverted by Ben Cole")
    await expect(row(anna, "Klara Novák")).to_contain_text("transferred by Carla Diaz")
    await expect(row(anna, "Jonas Weber")).to_contain_text("picked up by David Okafor")
    await expect(row(anna, "Elif Yılmaz")).to_contain_text("diverted to Greta Sommer")
    await expect(row(anna, "Lena Hoffmann")).to_contain_text("112 · on Desk phone")


async def test_a_search_asks_the_server_once_the_typing_pauses(house: House, anna: Page) -> None:
    await show(anna, "calls")
    await expect(row(anna, "Carla Diaz")).to_be_visible()
    field = anna.get_by_label("Search calls")
    await field.press_sequentially("hof", delay=10)
    await expect(row(anna, "Carla Diaz")).to_have_count(0)
    await expect(row(anna, "Lena Hoffmann")).to_be_visible()
    assert [look["search"] for look in house.looked if "search" in look] == ["hof"]
    await expect(anna.get_by_text("1 call found")).to_be_attached()
    await field.press("ArrowDown")
    await expect(anna.get_by_role("link", name="Lena Hoffmann")).to_be_focused()


async def test_a_search_for_nobody_says_so_and_leads_back(anna: Page) -> None:
    await show(anna, "calls")
    field = anna.get_by_label("Search calls")
    await field.fill("zeppelin")
    await expect(anna.get_by_text("Nothing here has “zeppelin” in its name or number.")).to_be_visible()
    await anna.get_by_role("button", name="Show all calls").click()
    await expect(row(anna, "Carla Diaz")).to_be_visible()
    await expect(field).to_be_focused()


async def test_a_new_call_appears_in_a_search_that_it_answers(house: House, anna: Page) -> None:
    await show(anna, "calls")
    await anna.get_by_label("Search calls").fill("krü")
    await expect(anna.get_by_text("No call found")).to_be_visible()
    house.record(ME, {**STRANGER, "name": "Sabine Krüger"}, "in", "missed", ago=0, device="")
    await expect(row(anna, "Sabine Krüger")).to_be_visible()


async def test_slash_still_means_the_search_of_people(anna: Page) -> None:
    await show(anna, "calls")
    await row(anna, "Carla Diaz").get_by_role("link").focus()
    await anna.keyboard.press("/")
    await expect(anna.get_by_label("Name or number")).to_be_focused()


@pytest.mark.parametrize(
    ("filter", "title"),
    [
        ("All", "No calls yet"),
        ("Missed", "Nothing missed"),
        ("Incoming", "Nobody has called yet"),
        ("Outgoing", "You have called nobody yet"),
    ],
)
async def test_an_empty_list_says_what_will_stand_there(
    house: House, opened: Open, filter: str, title: str
) -> None:
    house.records[ME].clear()
    page = await opened(path="/#calls")
    await sign_in(page)
    await page.get_by_role("button", name=filter, exact=True).click()
    await expect(page.get_by_role("heading", name=title)).to_be_visible()


async def test_rows_call_back_under_the_pointer_and_by_keyboard(house: House, anna: Page) -> None:
    await show(anna, "calls")
    await row(anna, "Lena Hoffmann").hover()
    await anna.get_by_role("button", name="Call back Lena Hoffmann").click()
    await anna.get_by_role("button", name="End call").click()
    await row(anna, "Lena Hoffmann").get_by_role("link").focus()
    await anna.keyboard.press("ArrowDown")
    await expect(anna.get_by_role("link", name=re.compile("\\+4940555731"))).to_be_focused()
    await anna.keyboard.press("Shift+Enter")
    await expect(anna.get_by_role("button", name="End call")).to_be_visible()
    assert [ask["to"] for ask in asked(house, "call.dial")] == ["112", "+4940555731"]


async def test_rows_copy_under_the_pointer_and_by_keyboard(anna: Page) -> None:
    await allow_copying(anna)
    await show(anna, "calls")
    await row(anna, "Lena Hoffmann").hover()
    await anna.get_by_role("button", name="Copy 112").click()
    await expect(anna.get_by_text("112 is copied.")).to_be_visible()
    await row(anna, "Carla Diaz").get_by_role("link").focus()
    await anna.keyboard.press("Control+c")
    await expect(anna.get_by_text("103 is copied.")).to_be_visible()
    await anna.keyboard.press("Tab")
    await expect(anna.get_by_role("button", name="Copy 103")).to_be_focused()
    assert await anna.evaluate("navigator.clipboard.readText()") == "103"


async def test_a_browser_that_copies_nothing_shows_the_number_instead(anna: Page) -> None:
    await show(anna, "calls")
    await row(anna, "Lena Hoffmann").hover()
    await anna.get_by_role("button", name="Copy 112").click()
    await expect(
        anna.get_by_text("Your browser does not let Offhook copy. The number is 112.")
    ).to_be_visible()


async def test_a_caller_without_a_number_cannot_be_called_back(house: House, anna: Page) -> None:
    house.record(ME, {"number": "", "name": "", "user": "", "device": ""}, "in", "missed", ago=1, device="")
    await show(anna, "calls")
    await row(anna, "Unknown caller").hover()
    await expect(row(anna, "Unknown caller").get_by_role("button")).to_have_count(0)


async def test_new_calls_move_nothing_under_the_pointer(house: House, anna: Page) -> None:
    await show(anna, "calls")
    aimed = row(anna, "Lena Hoffmann")
    await aimed.hover()
    before = await top_of(aimed)
    call = house.ring(STRANGER, "anna")
    await expect(anna.get_by_text("Live")).to_be_attached()
    assert await top_of(aimed) == before
    house.end(call, "cancelled")
    await expect(anna.get_by_text("Live")).to_have_count(0)
    assert await top_of(aimed) == before
    house.record(ME, STRANGER, "in", "missed", ago=0, device="")
    await expect(row(anna, "+4970315550199")).to_be_attached()
    assert await top_of(aimed) == before
    await anna.mouse.move(900, 400)
    await expect(row(anna, "+4970315550199")).to_be_in_viewport(ratio=1)


async def test_older_calls_come_while_one_scrolls(house: House, anna: Page) -> None:
    for i in range(140):
        house.record(ME, {**STRANGER, "number": f"+49{i:04}"}, "out", "busy", ago=100 * 3600 + i * 3600)
    await anna.reload()
    await show(anna, "calls")
    await expect(row(anna, "Carla Diaz")).to_be_visible()
    house.records_open.clear()
    scroller = anna.locator(".calls-scroll")
    end = "(list) => { list.scrollTop = list.scrollHeight }"
    await scroller.evaluate(end)
    await expect(anna.get_by_text("Loading older calls")).to_be_attached()
    house.records_open.set()
    await expect(row(anna, "+490080")).to_be_attached()
    house.refuse["records"] = Refused("broken", "The disk is full.")
    await scroller.evaluate(end)
    await expect(anna.get_by_text("Older calls did not load. The disk is full.")).to_be_visible()
    del house.refuse["records"]
    await anna.get_by_role("button", name="Try again").click()
    await expect(row(anna, "+490130")).to_be_attached()


async def test_a_list_that_fails_says_why_and_can_be_tried_again(house: House, opened: Open) -> None:
    house.refuse["records"] = Refused("call-list-unreachable", "The call list cannot be reached.")
    page = await opened(path="/#calls")
    await sign_in(page)
    await expect(page.get_by_text("Your calls are safe. The call list cannot be reached.")).to_be_visible()
    del house.refuse["records"]
    await page.get_by_role("button", name="Try again").click()
    await expect(row(page, "Carla Diaz")).to_be_visible()


async def test_a_call_list_that_is_switched_off_says_so(house: House, opened: Open) -> None:
    house.refuse["records"] = Refused("call-list-off", "The call list is switched off here.")
    page = await opened(path="/#calls")
    await sign_in(page)
    await expect(page.get_by_text("The call list is switched off here.")).to_be_visible()
    await expect(page.get_by_role("button", name="Try again")).to_have_count(0)


async def test_missed_calls_are_counted_until_the_list_is_seen(house: House, anna: Page) -> None:
    await expect(anna).to_have_title("(5) Offhook")
    await anna.get_by_role("link", name="Calls, 5 missed").click()
    await expect(anna.get_by_role("link", name="Calls", exact=True)).to_be_visible()
    await expect(anna).to_have_title("Offhook")
    await show(anna, "people")
    house.record(ME, STRANGER, "in", "missed", ago=0, device="")
    await expect(anna.get_by_role("link", name="Calls, 1 missed")).to_be_visible()
    await show(anna, "calls")
    await expect(anna.get_by_role("button", name="Missed 1 new")).to_be_visible()


async def test_what_one_tab_has_seen_no_tab_counts(house: House, anna: Page) -> None:
    other = await anna.context.new_page()
    await other.goto(anna.url.split("#")[0])
    await expect(other.get_by_role("link", name="Calls, 5 missed")).to_be_visible()
    await show(anna, "calls")
    await anna.bring_to_front()
    await expect(other.get_by_role("link", name="Calls", exact=True)).to_be_attached()


async def test_a_call_is_told_step_by_step(house: House, anna: Page) -> None:
    await allow_copying(anna)
    via = house.via("diverted", "ben")
    record = house.record(ME, house.party("henrik"), "in", "answered", ago=900, seconds=312, via=via)
    await show(anna, f"calls/{record}")
    main = anna.get_by_role("main")
    await expect(
        main.get_by_text(
            "Henrik Lund called Ben Cole, and the call was diverted to you. "
            "You answered after 8 s on Desk phone. You talked for 5 min 12 s."
        )
    ).to_be_visible()
    steps = main.get_by_role("listitem")
    await expect(steps).to_have_count(4)
    await expect(steps.nth(2)).to_contain_text("You answered on Desk phone")
    await expect(steps.nth(3)).to_contain_text("Henrik Lund hung up")
    await expect(main.get_by_role("img", name="You: rang 8 s, then talked 5 min 12 s")).to_be_visible()
    await main.get_by_role("button", name="Copy 108").click()
    await expect(anna.get_by_text("108 is copied.")).to_be_visible()
    await main.get_by_role("button", name="Open Henrik Lund").click()
    await expect(main.get_by_role("heading", name="Henrik Lund")).to_be_visible()
    await expect(main.get_by_text("Henrik called you")).to_be_visible()


async def test_each_of_several_calls_in_a_row_can_be_looked_at(anna: Page) -> None:
    await show(anna, "calls")
    await anna.get_by_role("link", name=re.compile("\\+4940555731")).click()
    several = anna.get_by_role("navigation", name="Calls in a row").get_by_role("button")
    await expect(several).to_have_count(3)
    await several.nth(2).click()
    await expect(several.nth(2)).to_have_attribute("aria-current", "true")


async def test_a_call_of_long_ago_opens_by_its_address(house: House, opened: Open) -> None:
    for i in range(60):
        house.record(ME, {**STRANGER, "number": f"+49{i:04}"}, "out", "busy", ago=i)
    old = house.records[ME][0]["id"]
    page = await opened(path=f"/#calls/{old}")
    await sign_in(page)
    await expect(page.get_by_text("You called Ben Cole. Ben Cole answered after 8 s")).to_be_visible()
    await show(page, "calls/record.nobodys")
    await expect(page.get_by_text("This call is not in your list")).to_be_visible()


async def test_an_export_is_a_link_with_the_days_asked_for(house: House, anna: Page) -> None:
    await show(anna, "calls")
    await anna.get_by_role("button", name="Export calls…").click()
    sheet = anna.get_by_role("dialog", name="Export calls")
    await sheet.get_by_label("From").fill("2026-02-03")
    await sheet.get_by_label("To").fill("2026-02-01")
    await expect(sheet.get_by_text("The first day comes after the last.")).to_be_visible()
    await expect(sheet.get_by_role("link", name="Download")).to_have_count(0)
    await sheet.get_by_label("To").fill("2026-02-04")
    await sheet.get_by_label("JSON, for programs").check()
    async with anna.expect_download():
        await sheet.get_by_role("link", name="Download").click()
    look = house.looked[-1]
    assert look["format"] == "json"
    assert float(look["to"]) - float(look["from"]) == 2 * 86400
    await expect(sheet).to_have_count(0)


async def test_do_not_disturb_shows_in_every_tab_and_is_turned_off_from_its_banner(
    house: House, anna: Page
) -> None:
    other = await anna.context.new_page()
    await other.goto(anna.url.split("#")[0])
    await other.get_by_role("button", name="Account: Anna Berg, Available").click()
    await other.get_by_role("switch", name="Do not disturb").click()
    await show(anna, "settings/calls")
    await expect(anna.get_by_role("switch", name="Do not disturb")).to_have_attribute("aria-checked", "true")
    await expect(anna.get_by_role("button", name="Account: Anna Berg, Do not disturb")).to_be_visible()
    await anna.get_by_role("button", name="Turn off").click()
    await expect(other.get_by_role("switch", name="Do not disturb")).to_have_attribute(
        "aria-checked", "false"
    )
    assert asked(house, "me.set") == [
        {"do": "me.set", "do_not_disturb": True},
        {"do": "me.set", "do_not_disturb": False},
    ]


async def test_call_waiting_is_a_switch_that_says_when_it_could_not_be_set(house: House, anna: Page) -> None:
    await show(anna, "settings/calls")
    switch = anna.get_by_role("switch", name="Call waiting")
    await switch.click()
    await expect(switch).to_have_attribute("aria-checked", "false")
    house.refuse["me.set"] = Refused("forbidden", "Your administrator has set this.")
    await switch.click()
    await expect(anna.get_by_text("Your administrator has set this.")).to_be_visible()
    await expect(switch).to_have_attribute("aria-checked", "false")


async def test_whoever_does_not_want_to_be_disturbed_says_so(house: House, anna: Page) -> None:
    house.presence("hq.2", "dnd")
    await expect(row(anna, "Ben Cole")).to_contain_text("Do not disturb")
    await row(anna, "Ben Cole").get_by_role("link").click()
    await expect(anna.get_by_role("main").get_by_text("Do not disturb · 102")).to_be_visible()


async def test_on_a_small_screen_a_call_is_called_back_with_one_tap(house: House, opened: Open) -> None:
    page = await opened(viewport=NARROW, path="/#calls")
    await sign_in(page)
    await page.get_by_role("button", name="Call back Lena Hoffmann").click()
    await expect(page.get_by_role("button", name="End call")).to_be_visible()
    assert asked(house, "call.dial")[0]["to"] == "112"
