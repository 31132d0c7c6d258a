"""A company calls in, out and across: two providers played by Kamailio, tones both ways."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.stories.browser import Seat, needs_chromium
from tests.stories.company import NUMBERS, document, settle
from tests.stories.office import Office
from tests.stories.outside import MOBILE, SOMEBODY, header, is_open, member, talk
from tests.stories.provider import Provider, needs_kamailio
from tests.stories.test_phones import desk

pytestmark = [pytest.mark.story, pytest.mark.asyncio(loop_scope="module"), needs_kamailio]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def providers(
    office: Office, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[list[Provider]]:
    """North, where we have an account, and South, which knows our address; the company is settled in."""
    folder = tmp_path_factory.mktemp("providers")
    north = Provider(folder / "north", NUMBERS)
    south = Provider(folder / "south", NUMBERS, trunk=f"127.0.0.1:{office.sip_port}")
    await north.start()
    await south.start()
    try:
        settle(office, folder, document(north, south))
        await is_open(office, "North")
        await is_open(office, "South")
        yield [north, south]
    finally:
        north.stop()
        south.stop()


@pytest.fixture
def north(providers: list[Provider]) -> Provider:
    return providers[0]


@pytest.fixture
def south(providers: list[Provider]) -> Provider:
    return providers[1]


async def test_a_call_goes_out_under_the_extensions_own_number(office: Office, north: Provider) -> None:
    async with north.telephone(SOMEBODY) as somebody, member(office, "hamburg200") as one:
        here, there = await talk(one, "008912345", somebody)
        assert f"+{NUMBERS}81200" in header(there, b"from")
        here.hangup()
        assert await there.is_over() == 200
    await office.is_quiet()


async def test_a_call_comes_in_to_an_extension(office: Office, north: Provider) -> None:
    async with north.telephone(SOMEBODY) as somebody, member(office, "munich200") as one:
        here, there = await talk(somebody, f"{NUMBERS}82200", one)
        assert "498912345" in header(there, b"from")
        there.hangup()
        assert await here.is_over() == 200
    await office.is_quiet()


async def test_the_two_sites_call_each_other(office: Office, providers: list[Provider]) -> None:
    async with member(office, "hamburg201") as hamburg, member(office, "munich201") as munich:
        here, there = await talk(hamburg, "82201", munich)
        assert "981201" in header(there, b"from")  # how Munich calls back
        here.hangup()
        await there.is_over()
        here, there = await talk(munich, "981201", hamburg)
        assert "82201" in header(there, b"from")
        there.hangup()
        await here.is_over()
    await office.is_quiet()


@needs_chromium
async def test_a_browser_reaches_the_provider_and_the_provider_the_browser(
    office: Office, folder: Path, north: Provider
) -> None:
    async with Seat(office, folder, 500) as seat, north.telephone(SOMEBODY) as somebody:
        anna = await seat.sign_in("anna")
        await anna.dials("+49 89 12345")
        call = await somebody.is_called()
        call.answer()
        call.sound.say(700)
        await anna.hears(700)
        await call.has_heard(500)
        await anna.reads("+49 89 12345")
        call.hangup()
        await anna.has_no_call()
        back = await somebody.dial(f"{NUMBERS}101")
        await anna.rings()
        await anna.answers()
        await back.is_answered()
        back.sound.say(700)
        await anna.hears(700)
        await back.has_heard(500)
        await anna.hangs_up()
        assert await back.is_over() == 200
        assert anna.problems == []
    await office.is_quiet()


async def test_what_outside_says_is_heard_inside(office: Office, north: Provider) -> None:
    async with north.telephone(SOMEBODY) as somebody, member(office, "hamburg202") as one:
        here = await one.dial("008912345")
        there = await somebody.is_called()
        there.refuse(486)
        assert await here.is_over() == 486
        here = await one.dial("0089999999")
        assert await here.is_over() == 404
    await office.is_quiet()


async def test_a_hidden_caller_has_no_number(office: Office, north: Provider) -> None:
    async with north.telephone("anonymous") as somebody, member(office, "hamburg203") as one:
        here = await somebody.dial(f"{NUMBERS}81203")
        there = await one.is_called()
        assert "anonymous" in header(there, b"from")
        assert SOMEBODY not in header(there, b"from")
        here.hangup()
        await there.is_over()
    await office.is_quiet()


async def test_an_unknown_extension_goes_to_the_switchboard(office: Office, north: Provider) -> None:
    async with north.telephone(SOMEBODY) as somebody, desk(office, "anna") as anna:
        for number in (f"{NUMBERS}7777", f"{NUMBERS}0"):
            here = await somebody.dial(number)
            there = await anna.is_called()
            here.hangup()
            await there.is_over()
    await office.is_quiet()


async def test_what_is_barred_stays_inside(office: Office, north: Provider) -> None:
    async with north.telephone("43123456") as vienna, member(office, "hamburg299") as one:
        for number in ("00043123456", "+43123456", "+43-1-23456", "0-00-43123456"):
            call = await one.dial(number)
            assert await call.is_over() in (403, 404), number
        assert not vienna.is_being_called
    await office.is_quiet()


async def test_a_diverted_call_goes_out_again_and_says_who_diverted(office: Office, north: Provider) -> None:
    anna = office.sign_in("anna")
    async with north.telephone(SOMEBODY) as somebody, north.telephone(MOBILE) as mobile:
        anna.post("commands/me.divert", {"when": "always", "to": "0015112345678", "on": True})
        here, there = await talk(somebody, f"{NUMBERS}101", mobile)
        assert f"+{NUMBERS}101" in header(there, b"diversion")
        here.hangup()
        assert await there.is_over() == 200
        anna.post("commands/me.divert", {"when": "always", "to": "0015112345678", "on": False})
    await office.is_quiet()


async def test_a_mobile_rings_beside_the_desk_phone_but_its_mailbox_wins_nothing(
    office: Office, north: Provider
) -> None:
    ben = office.sign_in("ben")
    added = ben.post(
        "commands/mobile.add", {"name": "Mobile", "number": "+49 1511 2345678", "min_alert": 3, "delay": 0}
    )
    try:
        async with (
            north.telephone(MOBILE) as mobile,
            desk(office, "ben") as desk_phone,
            member(office, "hamburg204") as caller,
        ):
            call = await caller.dial("102")
            await desk_phone.is_called()
            mailbox = await mobile.is_called()
            mailbox.answer()  # at once, as no person does
            assert await mailbox.is_over() == 200
            assert not call.was_answered
            call.hangup()
            await call.is_over()
    finally:
        ben.post("commands/mobile.remove", {"device": added["ok"]["device"]})
    await office.is_quiet()


async def test_emergency_calls_go_out_from_everywhere(office: Office, north: Provider) -> None:
    async with north.telephone("112") as rescue:
        for name, number in (("hamburg299", "112"), ("munich200", "112"), ("munich201", "90112")):
            async with member(office, name) as one:
                here, there = await talk(one, number, rescue)
                here.hangup()
                await there.is_over()
    await office.is_quiet()


async def test_one_provider_stands_in_for_the_other(office: Office, north: Provider, south: Provider) -> None:
    async with south.telephone(SOMEBODY) as somebody, member(office, "hamburg205") as one:
        north.falls_silent()
        try:
            here, there = await talk(one, "008912345", somebody)
            here.hangup()
            await there.is_over()
        finally:
            north.wakes_up()
        await is_open(office, "North")
        north.stop()
        await is_open(office, "North", False)
        here, there = await talk(one, "008912345", somebody)
        there.hangup()
        await here.is_over()
        await north.start()  # it has forgotten our registration
        await is_open(office, "North")
        async with north.telephone(MOBILE) as mobile:
            here, there = await talk(mobile, f"{NUMBERS}81205", one)
            here.hangup()
            await there.is_over()
    await office.is_quiet()


async def test_a_phone_cannot_send_calls_where_it_may_not_call(office: Office, north: Provider) -> None:
    async with (
        north.telephone("43123456") as vienna,
        member(office, "hamburg299") as barred,
        member(office, "hamburg206") as caller,
    ):
        here = await caller.dial("299")
        there = await barred.is_called()
        there.refuse(302, b"Contact: <sip:00043123456@127.0.0.1>\r\n")
        assert await here.is_over() >= 400
        here, there = await talk(caller, "299", barred)
        assert await there.refer("00043123456") == 202
        assert await there.is_transferred() == 403
        await here.has_heard(700)
        assert not vienna.is_being_called
        here.hangup()
        await there.is_over()
    await office.is_quiet()


async def test_at_most_two_calls_abroad_at_once(office: Office, north: Provider) -> None:
    async with north.telephone("43123456") as vienna, member(office, "hamburg207") as one:
        calls = []
        for _ in range(2):
            calls.append(await one.dial("00043123456"))
            await vienna.is_called()
        third = await one.dial("00043123456")
        assert await third.is_over() == 403
        for call in calls:
            call.hangup()
            await call.is_over()
    await office.is_quiet()


@pytest.fixture(scope="module", autouse=True)
def undone(office: Office, providers: list[Provider]) -> Iterator[None]:
    """What was applied is taken back at the end, and the company is gone."""
    yield
    before = len(office.manage("user", "list"))
    office.manage("undo")
    assert len(office.manage("user", "list")) == before - 200
