"""What the page survives: reloads, other tabs, lost connections, refused microphones, silent browsers."""

import asyncio
import time

from playwright.async_api import Page, expect

from tests.browser.conftest import Open, sign_in
from tests.browser.house import House


async def talk(house: House, page: Page) -> str:
    call = house.ring(house.party("carla"), "anna")
    await page.get_by_role("button", name="Answer", exact=True).click()
    await expect(page.get_by_role("timer")).to_be_visible()
    return call


def attached(house: House) -> list[str]:
    return [thing["tab"] for (kind, _), thing in house.things.items() if kind == "attachment"]


async def test_a_reload_brings_the_sound_back_unasked(house: House, anna: Page) -> None:
    await talk(house, anna)
    before = attached(house)
    attaches = sum(ask["do"] == "leg.attach" for ask in house.asked)
    await anna.reload()
    await expect(anna.get_by_role("timer")).to_be_visible()
    while sum(ask["do"] == "leg.attach" for ask in house.asked) == attaches:
        await anna.evaluate("new Promise(requestAnimationFrame)")
    await expect(anna.get_by_text("Sound is in another tab.")).to_have_count(0)
    assert attached(house) == before


async def test_one_tab_carries_the_sound_and_another_may_take_it(house: House, anna: Page) -> None:
    await talk(house, anna)
    other = await anna.context.new_page()
    await other.goto(anna.url)
    await expect(other.get_by_text("Sound is in another tab.")).to_be_visible()
    assert len({tab.id for tab in house.tabs}) == 2
    before = attached(house)
    await other.get_by_role("button", name="Take here").click()
    await expect(other.get_by_text("Sound is in another tab.")).to_have_count(0)
    await expect(anna.get_by_text("Sound is in another tab.")).to_be_visible()
    assert attached(house) != before


async def test_a_new_network_and_a_new_line_each_look_for_a_way_of_the_sound_at_once(
    house: House, anna: Page
) -> None:
    await talk(house, anna)

    def attaches() -> int:
        return sum(ask["do"] == "leg.attach" for ask in house.asked)

    before = attaches()
    await anna.evaluate("window.dispatchEvent(new Event('online'))")
    while attaches() == before:
        await anna.evaluate("new Promise(requestAnimationFrame)")
    before = attaches()
    await house.cut()
    while attaches() == before:
        await anna.evaluate("new Promise(requestAnimationFrame)")
    await expect(anna.get_by_text("Your sound is interrupted.")).to_have_count(0)


async def test_a_lost_connection_is_shown_survived_and_resumed(house: House, anna: Page) -> None:
    call = await talk(house, anna)
    house.is_closed = True
    await house.cut()
    await expect(anna.get_by_text("Reconnecting…")).to_be_visible()
    await expect(anna.get_by_text("Your call goes on; only its buttons wait.")).to_be_visible()
    await expect(anna.get_by_role("link", name="Ben Cole")).to_contain_text("was available at")
    await expect(anna.get_by_role("timer")).to_be_visible()
    await expect(anna.get_by_role("button", name="Hold", exact=True)).to_have_attribute(
        "aria-disabled", "true"
    )
    house.presence("hq.2", "offline")
    house.is_closed = False
    await expect(anna.get_by_text("Reconnecting…")).to_have_count(0, timeout=15_000)
    await expect(anna.get_by_role("link", name="Ben Cole")).to_contain_text("Offline")
    house.end(call)
    await expect(anna.get_by_role("timer")).to_have_count(0)


async def test_whoever_will_not_wait_has_it_tried_now(house: House, anna: Page) -> None:
    await anna.clock.install()
    house.is_closed = True
    await house.cut()
    await expect(anna.get_by_text("Reconnecting…")).to_be_visible()
    await anna.clock.pause_at(time.time() + 3600)  # from here on the page tries nothing by itself
    for _ in range(3):  # one or two may have been under way
        house.turned_away.clear()
        await anna.get_by_role("button", name="Now", exact=True).click()
        await asyncio.wait_for(house.turned_away.wait(), 30)


async def test_a_short_break_is_not_worth_a_word(house: House, anna: Page) -> None:
    await house.cut()
    await expect(anna.get_by_label("Calls use This browser, Ready")).to_be_visible()
    await expect(anna.get_by_text("Reconnecting…")).to_have_count(0)


# A browser that takes its time to say that the microphone is allowed.
SLOW = """
    const query = navigator.permissions.query.bind(navigator.permissions);
    const told = new Promise((resolve) => { window.tellOfTheMicrophone = resolve; });
    navigator.permissions.query = (what) => told.then(() => query(what));
"""


async def test_the_microphone_is_explained_before_it_is_asked_for(house: House, opened: Open) -> None:
    page = await opened(microphone=False)
    await sign_in(page)
    await page.get_by_label("Name or number").fill("102")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Offhook needs your microphone")).to_be_visible()
    assert not any(ask["do"] == "call.dial" for ask in house.asked)
    await page.get_by_role("button", name="Allow").click()
    await expect(page.get_by_role("button", name="End call")).to_be_visible()


async def test_whoever_calls_before_the_browser_has_said_about_the_microphone_is_not_asked_for_it(
    house: House, opened: Open
) -> None:
    page = await opened(init=SLOW)
    await sign_in(page)
    await page.get_by_label("Name or number").fill("102")
    await page.keyboard.press("Enter")
    await page.evaluate("window.tellOfTheMicrophone()")
    await expect(page.get_by_role("button", name="End call")).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_not_now_calls_nobody(house: House, opened: Open) -> None:
    page = await opened(microphone=False)
    await sign_in(page)
    await page.get_by_label("Name or number").fill("102")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Not now").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert not any(ask["do"] == "call.dial" for ask in house.asked)


async def test_a_refused_microphone_is_explained_and_the_desk_phone_still_works(
    house: House, opened: Open
) -> None:
    page = await opened(microphone=False)
    await sign_in(page)
    await page.get_by_label("Name or number").fill("102")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Allow")).to_be_visible()
    await page.evaluate("window.microphone = 'denied'")
    await page.get_by_role("button", name="Allow").click()
    await expect(page.get_by_role("heading", name="The microphone is blocked")).to_be_visible()
    await page.get_by_role("button", name="Not now").click()
    await page.get_by_role("radio", name="Desk phone").check()
    await page.get_by_label("Name or number").fill("102")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Desk phone is ringing.")).to_be_visible()


# Whoever drives a browser counts as somebody touching its page, so the rule itself has to be played.
SILENT = """
    window.AudioContext = class extends AudioContext {
      get state() { return window.touched ? super.state : "suspended"; }
      resume() { return window.touched ? super.resume() : new Promise(() => {}); }
    };
    addEventListener("pointerdown", () => { window.touched = true; }, true);
"""


async def test_a_page_that_may_not_sound_yet_says_so(house: House, anna: Page) -> None:
    await anna.context.add_init_script(SILENT)
    await anna.reload()
    await expect(anna.get_by_label("Calls use This browser, Ready")).to_be_visible()
    house.ring(house.party("carla"), "anna")
    await expect(anna.get_by_text("Click anywhere to hear the ring.")).to_be_visible()
    await anna.get_by_role("heading", name="Colleagues").click()
    await expect(anna.get_by_text("Click anywhere to hear the ring.")).to_have_count(0)


async def test_looks_are_remembered_by_this_browser(anna: Page) -> None:
    await anna.get_by_role("button", name="Account").click()
    await anna.get_by_role("radio", name="Dark").check(force=True)
    await anna.get_by_role("radio", name="Compact").check(force=True)
    await anna.reload()
    await expect(anna.get_by_label("Name or number")).to_be_visible()
    looks = "[document.documentElement.dataset.theme, document.documentElement.dataset.density].join()"
    assert await anna.evaluate(looks) == "dark,compact"
