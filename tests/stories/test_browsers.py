"""Browsers call browsers and desk phones: what people click, and who hears whom."""

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.phones.phone import Call, Phone
from tests.stories.browser import Desk, Seat, needs_chromium
from tests.stories.office import Office, eventually
from tests.stories.test_phones import desk

pytestmark = [pytest.mark.story, needs_chromium]


async def hears_music(call: Call, *, instead_of: float) -> None:
    """The tone has gone, and for a second there is something else."""
    async with asyncio.timeout(15):
        while call.sound.hears(instead_of):
            await call.sound.next_packet()
        call.sound.forget()
        since = call.sound.received
        while call.sound.received < since + 50:
            await call.sound.next_packet()
    assert call.sound.is_loud()
    assert not call.sound.hears(instead_of)


async def talk(anna: Desk, carla: Phone) -> Call:
    """Carla's end of a call that Anna made, once both hear each other."""
    await anna.dials("103")
    call = await carla.is_called()
    call.answer()
    call.sound.say(700)
    await anna.hears(700)
    await call.has_heard(500)
    return call


@pytest.mark.parametrize("ends", ["who called", "who was called"])
async def test_two_browsers_talk_and_both_hear_each_other(office: Office, folder: Path, ends: str) -> None:
    async with Seat(office, folder, 500) as here, Seat(office, folder, 700) as there:
        anna, ben = await here.sign_in("anna"), await there.sign_in("ben")
        await anna.dials("102")
        await ben.answers()
        await ben.hears(500)
        await anna.hears(700)
        await (anna if ends == "who called" else ben).hangs_up()
        await ben.has_no_call()
        await anna.has_no_call()
        assert anna.problems == ben.problems == []
    await office.is_quiet()


@pytest.mark.parametrize("ends", ["the browser", "the phone"])
async def test_a_browser_calls_a_desk_phone(office: Office, folder: Path, ends: str) -> None:
    async with Seat(office, folder, 500) as here, desk(office, "carla") as carla:
        anna = await here.sign_in("anna")
        call = await talk(anna, carla)
        if ends == "the phone":
            call.hangup()
        else:
            await anna.hangs_up()
        assert await call.is_over() == 200
        await anna.has_no_call()
        assert anna.problems == []
    await office.is_quiet()


@pytest.mark.parametrize("ends", ["the browser", "the phone"])
async def test_a_desk_phone_calls_a_browser(office: Office, folder: Path, ends: str) -> None:
    async with Seat(office, folder, 500) as here, desk(office, "carla", "tls") as carla:
        anna = await here.sign_in("anna")
        call = await carla.dial("101")
        await call.is_ringing()
        await anna.rings()
        await anna.answers()
        await call.is_answered()
        call.sound.say(700)
        await anna.hears(700)
        await call.has_heard(500)
        if ends == "the phone":
            call.hangup()
        else:
            await anna.hangs_up()
        assert await call.is_over() == 200
        await anna.has_no_call()
        assert anna.problems == []
    await office.is_quiet()


async def test_declining_in_the_page_silences_every_device_and_the_caller_is_told(
    office: Office, folder: Path
) -> None:
    async with (
        Seat(office, folder, 500) as here,
        desk(office, "carla") as carla,
        desk(office, "anna") as phone,
    ):
        anna = await here.sign_in("anna")
        other = await anna.another_tab()
        call = await carla.dial("101")
        await call.is_ringing()
        on_the_desk = await phone.is_called()
        await other.rings()
        await anna.declines()
        assert await call.is_over() == 603
        assert await on_the_desk.is_over() == 487
        await anna.has_no_call()
        await other.has_no_call()
        assert anna.problems == other.problems == []
    await office.is_quiet()


async def test_answering_on_the_desk_phone_closes_the_panel_in_the_page(office: Office, folder: Path) -> None:
    async with (
        Seat(office, folder, 500) as here,
        desk(office, "carla") as carla,
        desk(office, "anna") as phone,
    ):
        anna = await here.sign_in("anna")
        call = await carla.dial("101")
        await call.is_ringing()
        on_the_desk = await phone.is_called()
        await anna.rings()
        on_the_desk.answer()
        await call.is_answered()
        await anna.has_stopped_ringing()
        await anna.reads("Answered on Desk phone.")
        await anna.hangs_up()
        assert await on_the_desk.is_over() == 200
        assert await call.is_over() == 200
        await anna.has_no_call()
        assert anna.problems == []
    await office.is_quiet()


async def test_answering_in_the_page_silences_the_desk_phone_and_says_why(
    office: Office, folder: Path
) -> None:
    async with (
        Seat(office, folder, 500) as here,
        desk(office, "carla") as carla,
        desk(office, "anna") as phone,
    ):
        anna = await here.sign_in("anna")
        call = await carla.dial("101")
        await call.is_ringing()
        on_the_desk = await phone.is_called()
        await anna.answers()
        assert await on_the_desk.is_over() == 487
        assert b"cause=200" in on_the_desk.reason, "answered elsewhere"
        await call.has_heard(500)
        call.hangup()
        await anna.has_no_call()
        assert anna.problems == []
    await office.is_quiet()


async def test_dialling_from_the_desk_phone_rings_it_first_and_then_calls(
    office: Office, folder: Path
) -> None:
    async with (
        Seat(office, folder, 500) as here,
        desk(office, "carla") as carla,
        desk(office, "anna") as phone,
    ):
        anna = await here.sign_in("anna")
        await anna.uses("Desk phone")
        await anna.dials("103")
        mine = await phone.is_called()
        await anna.reads("Desk phone is ringing.")
        assert not carla.is_being_called
        mine.answer()
        mine.sound.say(500)
        call = await carla.is_called()
        call.answer()
        call.sound.say(700)
        await call.has_heard(500)
        await mine.has_heard(700)
        await anna.is_talking()
        call.hangup()
        assert await mine.is_over() == 200
        await anna.has_no_call()
        await anna.uses("This browser")
        assert anna.problems == []
    await office.is_quiet()


async def test_who_is_held_in_the_page_hears_music_until_taken_back(office: Office, folder: Path) -> None:
    async with Seat(office, folder, 500) as here, desk(office, "carla") as carla:
        anna = await here.sign_in("anna")
        call = await talk(anna, carla)
        await anna.presses("Hold")
        await hears_music(call, instead_of=500)
        await anna.hears_nothing()
        await anna.presses("Hold")
        await call.has_heard(500)
        await anna.hears(700)
        await anna.hangs_up()
        await call.is_over()
        assert anna.problems == []
    await office.is_quiet()


async def test_who_is_put_on_hold_by_a_phone_hears_music_and_reads_why(office: Office, folder: Path) -> None:
    async with Seat(office, folder, 500) as here, desk(office, "carla") as carla:
        anna = await here.sign_in("anna")
        call = await talk(anna, carla)
        await call.hold()
        await anna.reads("Carla has put you on hold.")
        await anna.hears_something_but(700)
        await call.resume()
        await anna.hears(700)
        call.hangup()
        await anna.has_no_call()
        assert anna.problems == []
    await office.is_quiet()


async def test_muting_takes_the_voice_away_and_nothing_else(office: Office, folder: Path) -> None:
    async with Seat(office, folder, 500) as here, desk(office, "carla") as carla:
        anna = await here.sign_in("anna")
        call = await talk(anna, carla)
        await anna.presses("Mute")
        await anna.reads("Muted")
        call.sound.forget()
        await anna.hears(700)
        call.sound.forget()  # what was under way when the button was pressed
        await anna.hears(700)
        assert not call.sound.is_loud()
        await anna.presses("Mute")
        await call.has_heard(500)
        await anna.hangs_up()
        await call.is_over()
        assert anna.problems == []
    await office.is_quiet()


async def test_keys_pressed_in_the_page_arrive_at_the_phone(office: Office, folder: Path) -> None:
    async with Seat(office, folder, 500) as here, desk(office, "carla") as carla:
        anna = await here.sign_in("anna")
        call = await talk(anna, carla)
        await anna.presses("Keypad")
        for key in ("4", "2", "2", "Star", "Hash"):
            await anna.presses(key)
        await eventually(lambda: call.sound.events == [4, 2, 2, 10, 11], what="the keys")
        await anna.hangs_up()
        await call.is_over()
        assert anna.problems == []
    await office.is_quiet()


async def test_a_number_of_nobody_is_a_sentence_in_the_page(office: Office, folder: Path) -> None:
    async with Seat(office, folder, 500) as here:
        anna = await here.sign_in("anna")
        await anna.dials("999")
        await anna.reads("There is nobody at this number.")
        await anna.has_no_call()
        await anna.dials("112")
        await anna.reads("No phone is reachable there at the moment.")
        await anna.has_no_call()
        assert anna.problems == []
    await office.is_quiet()


async def test_a_busy_phone_is_a_sentence_in_the_page(office: Office, folder: Path) -> None:
    async with Seat(office, folder, 500) as here, desk(office, "carla") as carla:
        anna = await here.sign_in("anna")
        await anna.dials("103")
        (await carla.is_called()).refuse(486)
        await anna.reads("Carla is busy.")
        await anna.has_no_call()
        assert anna.problems == []
    await office.is_quiet()


async def test_the_call_list_tells_what_happened_and_survives_a_reload(office: Office, folder: Path) -> None:
    async with Seat(office, folder, 500) as here, desk(office, "henrik") as henrik:
        greta = await here.sign_in("greta")
        missed = await henrik.dial("107")
        await missed.is_ringing()
        await greta.rings()
        missed.hangup()
        await missed.is_over()
        await greta.has_stopped_ringing()
        await expect(greta.page.get_by_role("link", name="Calls, 1 missed")).to_be_visible()
        await greta.dials("108")
        call = await henrik.is_called()
        call.answer()
        await greta.is_talking()
        await greta.hangs_up()
        await call.is_over()
        await greta.dials("108")
        (await henrik.is_called()).refuse(486)
        await greta.has_no_call()
        for _ in range(2):
            await greta.goes_to("calls")
            rows = greta.page.locator("[data-row]")
            await expect(rows).to_have_count(3, timeout=30000)  # the last, when its busy tone is over
            for row, outcome in enumerate(("Busy", "Outgoing", "Missed")):
                await expect(rows.nth(row)).to_contain_text("Henrik Lund")
                await expect(rows.nth(row)).to_contain_text(re.compile(rf"\b{outcome}\b.*\b108\b"))
            await greta.page.get_by_role("button", name=re.compile("^Missed")).click()
            await expect(rows).to_have_count(1)
            await expect(greta.page.get_by_role("link", name="Calls", exact=True)).to_be_visible()
            await greta.page.reload()
            await greta.is_in()
        assert greta.problems == []
    await office.is_quiet()


async def test_a_reload_in_a_call_brings_the_sound_back_unasked(office: Office, folder: Path) -> None:
    async with Seat(office, folder, 500) as here, desk(office, "carla") as carla:
        anna = await here.sign_in("anna")
        call = await talk(anna, carla)
        await anna.page.reload()
        call.sound.forget()
        await call.has_heard(500)
        await anna.hears(700)
        await anna.is_talking()
        await anna.hangs_up()
        assert await call.is_over() == 200
        assert anna.problems == []
    await office.is_quiet()


async def test_another_tab_takes_the_sound_over_when_asked_to(office: Office, folder: Path) -> None:
    async with Seat(office, folder, 500) as here, desk(office, "carla") as carla:
        anna = await here.sign_in("anna")
        call = await talk(anna, carla)
        other = await anna.another_tab()
        await other.reads("Sound is in another tab.")
        await other.presses("Take here")
        await other.hears(700)
        await anna.reads("Sound is in another tab.")
        await anna.page.close()
        call.sound.forget()
        await call.has_heard(500)
        await other.hangs_up()
        assert await call.is_over() == 200
        assert anna.problems == other.problems == []
    await office.is_quiet()


async def test_a_second_call_holds_the_first(office: Office, folder: Path) -> None:
    async with (
        Seat(office, folder, 500) as here,
        desk(office, "carla") as carla,
        desk(office, "david") as david,
    ):
        anna = await here.sign_in("anna")
        call = await talk(anna, carla)
        second = await david.dial("101")
        await second.is_ringing()
        await anna.reads("Answering puts Carla on hold.")
        await anna.answers()
        await second.is_answered()
        second.sound.say(900)
        await hears_music(call, instead_of=500)
        await second.has_heard(500)
        await anna.hears(900)
        await anna.presses("Swap")
        await call.has_heard(500)
        await anna.hears(700)
        await hears_music(second, instead_of=500)
        call.hangup()
        await anna.presses("Hold")
        await second.has_heard(500)
        await anna.hangs_up()
        await second.is_over()
        await anna.has_no_call()
        assert anna.problems == []
    await office.is_quiet()


async def test_a_page_survives_a_crash_of_the_server(folder: Path) -> None:
    office = Office(folder / "data")
    office.start()
    async with Seat(office, folder, 500) as here, desk(office, "carla") as carla:
        anna = await here.sign_in("anna")
        await eventually(lambda: office.kept_bindings() == 1)
        office.kill()
        await anna.reads("Reconnecting…")
        office.start()
        await expect(anna.page.get_by_text("Reconnecting…")).to_have_count(0, timeout=20000)
        call = await talk(anna, carla)
        await anna.hangs_up()
        assert await call.is_over() == 200
        await carla.query()  # nonces do not outlive a restart
        lost = ("net::ERR", "/api/v1/ws")
        assert [problem for problem in anna.problems if not any(word in problem for word in lost)] == []
    await office.is_quiet()
    assert office.stop() == 0
    assert office.errors() == []
