"""Around the calls: signing in and out, passwords, a refused microphone, and the page for everybody."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.stories.browser import Desk, Seat, Theme, needs_chromium
from tests.stories.office import PASSWORD, Office
from tests.stories.test_phones import desk

pytestmark = [pytest.mark.story, needs_chromium]

AXE = Path(__file__).parents[2] / "client/node_modules/axe-core/axe.min.js"

FIND_FAULTS = """async () => {
    const found = await axe.run(document, {resultTypes: ["violations", "incomplete"]});
    const told = rule => rule.nodes.flatMap(node => [...node.any, ...node.all, ...node.none].map(
        check => [rule.id, check.data?.messageKey, node.target.join(" ")]));
    // What the edge of a list cuts off cannot be measured; the same is measured where it is whole.
    const unsure = found.incomplete.filter(rule => rule.id === "color-contrast").flatMap(told)
        .filter(([, key]) => key !== "elmPartiallyObscured" && key !== "elmPartiallyObscuring");
    return [...found.violations.flatMap(told), ...unsure].map(fault => fault.join(" | "));
}"""


DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture
async def seat(office: Office, folder: Path) -> AsyncIterator[Seat]:
    async with Seat(office, folder, 500) as seat:
        yield seat


async def offhook(office: Office, *words: str) -> Any:
    """What the command line says, on the database of the running office."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "offhook", *words, "--json"),
        env={**os.environ, "OFFHOOK_DATA": str(office.data), "OFFHOOK_WEB_URL": office.url},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(said)


async def test_signing_in_needs_no_mouse(seat: Seat) -> None:
    anna = await seat.open()
    keys = anna.page.keyboard
    await expect(anna.page.get_by_label("User name")).to_be_focused()
    await keys.type("anna")
    await keys.press("Tab")
    await keys.type("wrong")
    await keys.press("Enter")
    await anna.reads("User name or password is not right.")
    await expect(anna.page.get_by_label("User name")).to_be_focused()
    await keys.press("Tab")
    await keys.type(PASSWORD)
    await keys.press("Enter")
    await anna.is_in()
    assert anna.problems == []


async def test_a_wrong_password_and_an_unknown_name_read_alike(seat: Seat) -> None:
    stranger = await seat.open()
    for name, password in (("anna", "wrong"), ("nobody", PASSWORD)):
        await stranger.signs_in(name, password)
        await expect(stranger.page.get_by_role("alert")).to_have_text("User name or password is not right.")
        await expect(stranger.page.get_by_label("Password", exact=True)).to_have_value("")
    assert stranger.problems == []


async def test_signing_out_ends_every_tab_and_the_session(seat: Seat) -> None:
    anna = await seat.sign_in("anna")
    other = await anna.another_tab()
    await anna.presses("Account: Anna Berg, Available")
    await anna.presses("Sign out")
    await anna.is_out()
    await other.is_out()
    await other.page.reload()
    await other.is_out()
    assert anna.problems == other.problems == []


async def test_a_one_time_link_makes_a_new_user_at_home(office: Office, seat: Seat) -> None:
    made = await offhook(office, "user", "add", "nora", "--name", "Nora Lind", "--number", "150")
    link = made["link"].removeprefix(office.url)
    nora = await seat.open(path=link)
    await nora.reads("Welcome, Nora")
    await nora.page.get_by_label("New password").fill("a sentence of mine")
    await nora.page.get_by_label("The same again").fill("a sentence of mine")
    await nora.presses("Start")
    await nora.is_in()
    assert "welcome" not in nora.page.url
    late = await seat.open(path=link)
    await late.reads("This link does not work")
    await late.presses("Sign in with a password")
    await late.signs_in("nora", "a sentence of mine")
    await late.is_in()
    await nora.goes_to("people")
    async with desk(office, "carla") as carla:
        await nora.dials("103")
        (await carla.is_called()).answer()
        await nora.is_talking()
        await nora.hangs_up()
        await nora.has_no_call()
    assert nora.problems == []
    await office.is_quiet()


async def test_a_changed_password_ends_the_other_sessions(office: Office, seat: Seat) -> None:
    here, elsewhere = await seat.sign_in("jonas"), await seat.sign_in("jonas")
    await here.goes_to("settings/password")
    await here.page.get_by_label("Present password").fill("not mine")
    await here.page.get_by_label("New password").fill("a sentence of mine")
    await here.page.get_by_label("The same again").fill("a sentence of mine")
    await here.presses("Change password")
    await here.reads("The present password is not right.")
    await here.page.get_by_label("Present password").fill(PASSWORD)
    await here.presses("Change password")
    await here.reads("Your password is changed.")
    await elsewhere.is_out()
    await elsewhere.signs_in("jonas")
    await elsewhere.reads("User name or password is not right.")
    await elsewhere.signs_in("jonas", "a sentence of mine")
    await elsewhere.is_in()
    await here.page.reload()
    await here.is_in()
    assert here.problems == elsewhere.problems == []


async def test_a_refused_microphone_is_explained_and_the_desk_phone_still_calls(
    office: Office, seat: Seat
) -> None:
    async with desk(office, "elif") as phone, desk(office, "carla") as carla:
        elif_ = await seat.sign_in("elif", microphone=False)
        await elif_.dials("103")
        await elif_.reads("The microphone is blocked")
        await elif_.reads("Desk phone works without it")
        await elif_.presses("Not now")
        await elif_.uses("Desk phone")
        await elif_.dials("103")
        mine = await phone.is_called()
        mine.answer()
        mine.sound.say(500)
        call = await carla.is_called()
        call.answer()
        await call.has_heard(500)
        await elif_.hangs_up()
        assert await call.is_over() == 200
        await mine.is_over()
        await elif_.has_no_call()
        assert elif_.problems == []
    await office.is_quiet()


async def faults(page: Desk, where: str) -> list[str]:
    await page.page.evaluate("() => {" + AXE.read_text() + "}")
    found: list[str] = await page.page.evaluate(FIND_FAULTS)
    return [f"{where}: {fault}" for fault in found]


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (cd client && npm ci)")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 1024, 390])
async def test_no_screen_has_a_fault_that_axe_knows(
    office: Office, seat: Seat, theme: Theme, width: int
) -> None:
    anna = await seat.open(width=width, theme=theme)
    await expect(anna.page.get_by_role("main")).to_be_visible()
    found = await faults(anna, "door")
    await anna.signs_in("anna")
    await anna.is_in()
    found += await faults(anna, "people")
    async with desk(office, "carla") as carla, desk(office, "anna") as phone:
        call = await carla.dial("101")
        await call.is_ringing()
        await anna.rings()
        found += await faults(anna, "incoming")
        await anna.answers()
        await call.is_answered()
        await anna.presses("Keypad")
        found += await faults(anna, "call")
        await anna.presses("Hold")
        await anna.reads("On hold")
        found += await faults(anna, "held")
        call.hangup()
        await anna.has_no_call()
        call = await carla.dial("101")
        (await phone.is_called()).refuse(486)
        await anna.declines()
        await call.is_over()
        await anna.dials("103") if width > 640 else None
        if width > 640:
            (await carla.is_called()).refuse(486)
            await anna.reads("Carla is busy.")
            found += await faults(anna, "busy")
        await anna.has_no_call()
    for place in ("calls", "settings", "settings/sound", "settings/notices", "settings/look", "settings/keys",
                  "settings/password", "keypad", "people"):  # fmt: skip
        await anna.goes_to(place)
        await anna.page.evaluate(DRAWN)
        found += await faults(anna, place)
    await anna.goes_to("calls")
    await anna.page.locator("[data-row]").first.click()
    found += await faults(anna, "one call")
    await anna.page.keyboard.press("?")
    await expect(anna.page.get_by_role("dialog")).to_be_visible()
    found += await faults(anna, "shortcuts")
    assert found == []
    assert anna.problems == []
    await office.is_quiet()


@pytest.mark.parametrize("width", [390, 320])
async def test_nothing_scrolls_sideways_on_a_small_screen(office: Office, seat: Seat, width: int) -> None:
    too_wide: list[str] = []

    async def look(page: Desk, where: str) -> None:
        wide = await page.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            too_wide.append(f"{where}: {wide} px")

    anna = await seat.open(width=width)
    await look(anna, "door")
    await anna.signs_in("anna")
    await anna.is_in()
    async with desk(office, "carla") as carla:
        call = await carla.dial("101")
        await call.is_ringing()
        await anna.rings()
        await look(anna, "incoming")
        await anna.answers()
        await anna.is_talking()
        await anna.presses("Keypad")
        await look(anna, "call")
        await anna.presses("Fold the call away")
        await look(anna, "folded")
        call.hangup()
        await anna.has_no_call()
    for place in ("people", "keypad", "calls", "settings", "settings/sound", "settings/notices",
                  "settings/look", "settings/keys", "settings/password"):  # fmt: skip
        await anna.goes_to(place)
        await look(anna, place)
    assert too_wide == []
    assert anna.problems == []
    await office.is_quiet()
