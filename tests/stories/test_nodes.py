"""Two nodes with the same numbers in both: pages show each number as one dials it from where one is."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.stories.browser import Seat, needs_chromium
from tests.stories.company import settle
from tests.stories.office import Office, eventually
from tests.stories.outside import header
from tests.stories.program import program_of
from tests.stories.test_phones import desk

pytestmark = [pytest.mark.story, needs_chromium]

# Ben has the number at the works that Carla has here.
WORKS = """
[[node]]
name = "Works"
number = "{prefix}"
escape = "0"

[[user]]
username = "ben"
name = "Ben Cole"
node = "Works"
number = "103"
"""


@pytest.fixture
async def office_with_works(office: Office, folder: Path) -> AsyncIterator[Office]:
    settle(office, folder, WORKS.format(prefix="7"))
    async with program_of(office, "anna") as page:

        async def is_taken_in() -> bool:
            explained = await page.do("route.explain", number="7103")
            return any("Ben Cole" in line for line in explained["lines"])

        await eventually(is_taken_in, what="7103 is Ben")
    yield office
    office.manage("undo")


async def test_a_click_reaches_the_colleague_in_another_node(office_with_works: Office, folder: Path) -> None:
    office = office_with_works
    async with Seat(office, folder, 500) as here, desk(office, "ben") as ben, desk(office, "carla") as carla:
        anna = await here.sign_in("anna")
        await expect(anna.page.get_by_role("link", name="Ben Cole")).to_contain_text("7103", timeout=30000)
        await expect(anna.page.get_by_role("link", name="Carla Diaz")).to_contain_text("103")
        await anna.page.get_by_role("link", name="Ben Cole").click()
        await anna.presses("Call")
        call = await ben.is_called()
        assert not carla.is_being_called
        await anna.reads("7103")
        call.answer()
        call.sound.say(700)
        await anna.hears(700)
        await call.has_heard(500)
        call.hangup()
        await anna.has_no_call()
        await anna.goes_to("calls")
        await expect(anna.page.get_by_role("link", name="Ben Cole").first).to_contain_text("7103")
    await office.is_quiet()


async def test_who_is_dialled_by_a_number_is_found_by_it(office_with_works: Office, folder: Path) -> None:
    async with Seat(office_with_works, folder, 500) as seat:
        anna = await seat.sign_in("anna")
        await anna.page.get_by_label("Name or number").fill("7103")
        await expect(anna.page.get_by_role("option", name="Ben Cole")).to_be_visible(timeout=30000)


async def test_the_works_see_the_house_as_they_dial_it(office_with_works: Office, folder: Path) -> None:
    office = office_with_works
    async with Seat(office, folder, 500) as seat, desk(office, "anna") as phone:
        ben = await seat.sign_in("ben")
        await expect(ben.page.get_by_role("link", name="Anna Berg")).to_contain_text("0101", timeout=30000)
        await phone.dial("7103")
        await ben.rings()
        await ben.reads("0101")
        await ben.declines()
    await office.is_quiet()


async def test_open_pages_follow_when_a_node_is_renumbered(office_with_works: Office, folder: Path) -> None:
    office = office_with_works
    async with Seat(office, folder, 500) as seat:
        anna = await seat.sign_in("anna")
        row = anna.page.get_by_role("link", name="Ben Cole")
        await expect(row).to_contain_text("7103", timeout=30000)
        await asyncio.to_thread(settle, office, folder, WORKS.format(prefix="8"))
        await expect(row).to_contain_text("8103", timeout=30000)
        office.manage("undo")
        await expect(row).to_contain_text("7103", timeout=30000)


async def test_calls_go_on_from_one_node_to_the_other(office_with_works: Office) -> None:
    """With the desk phone rung first, and transferred: each number is meant as its user dials it."""
    office = office_with_works
    async with (
        desk(office, "anna") as anna,
        desk(office, "ben") as ben,
        desk(office, "carla") as carla,
        program_of(office, "anna") as page,
    ):
        phone = await page.sees("device", lambda device: device["kind"] == "phone")
        await page.do("call.dial", to="7103", device=phone["id"])
        here = await anna.is_called()
        here.answer()
        there = await ben.is_called()
        assert not carla.is_being_called
        there.answer()
        call = await page.sees("call", lambda call: call["state"] == "talking")
        assert {leg["party"]["number"] for leg in call["legs"]} == {"101", "7103"}
        await page.do("call.transfer", call=call["id"], to="103")
        third = await carla.is_called()
        assert "7103" in header(third, b"from"), "Carla sees Ben as she would dial him"
        third.answer()
        there.sound.say(500)
        third.sound.say(700)
        await third.has_heard(500)
        await there.has_heard(700)
        third.hangup()
        assert await there.is_over() == 200
        await here.is_over()
    await office.is_quiet()


async def test_a_call_is_parked_at_a_position_in_the_other_node(office_with_works: Office) -> None:
    office = office_with_works
    async with (
        desk(office, "anna") as anna,
        desk(office, "ben") as ben,
        desk(office, "carla") as carla,
        program_of(office, "anna") as page,
        program_of(office, "ben") as works,
    ):
        here = await anna.dial("103")
        (await carla.is_called()).answer()
        await here.is_answered()
        at = await page.do("call.park", call=await page.call_with("103"), number="7103", slot="1")
        assert at == {"number": "7103", "slot": "1"}
        parked = await works.sees("parked")
        assert (parked["party"]["number"], parked["place"]["number"]) == ("0103", "103")
        phone = await works.sees("device", lambda device: device["kind"] == "phone")
        await works.do("call.retrieve", call=parked["id"], device=phone["id"])
        there = await ben.is_called()
        there.answer()
        there.hangup()
        await here.is_over()
    await office.is_quiet()


async def test_a_diversion_to_the_other_node_names_who_it_leads_to(office_with_works: Office) -> None:
    async with program_of(office_with_works, "anna") as page:
        await page.do("me.divert", when="busy", to="7103", on=True)
        try:
            me = await page.sees("user", lambda user: bool(user.get("diversions")))
            assert [(each["to"], each["shown"]) for each in me["diversions"]] == [("7103", "Ben Cole")]
        finally:
            await page.do("me.divert", when="busy", to="", on=False)
