"""What takes half a minute or more: all of it begins at once, and each story waits for its own end."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.phones import sipp
from tests.phones.sipp import credentials
from tests.stories.browser import CHROMIUM, Seat, needs_chromium
from tests.stories.office import PASSWORD, Office
from tests.stories.stations import desk_phone, talk
from tests.stories.test_browsers import hears_music
from tests.stories.test_foreign import needs_sipp
from tests.stories.voices import TONES, they_hear

pytestmark = [pytest.mark.story, pytest.mark.asyncio(loop_scope="module")]


async def nobody_answers(office: Office, folder: Path) -> None:
    async with desk_phone(office, "carla") as carla, desk_phone(office, "david") as david:
        call = await carla.phone.dial("104")
        ringing = await david.phone.is_called()
        assert await call.is_over(within=35) == 480
        assert await ringing.is_over() == 487


async def the_server_refreshes(office: Office, folder: Path) -> None:
    async with desk_phone(office, "elif") as elif_:
        server = ("127.0.0.1", office.sip_port)
        line = credentials("finn-desk", PASSWORD, 105)
        calls = asyncio.create_task(sipp.sipp("refreshed", server, line, seconds=60.0))
        call = await elif_.phone.is_called()
        call.answer()
        await calls
        assert await call.is_over() == 200


async def a_transfer_is_not_answered(office: Office, folder: Path) -> None:
    async with (
        desk_phone(office, "ines", refers=True) as ines,
        desk_phone(office, "jonas") as jonas,
        desk_phone(office, "kofi") as kofi,
    ):
        await talk(ines, jonas)
        await ines.transfers(jonas, kofi.number)
        await ines.is_free()
        await kofi.is_rung()
        ines.ringing = await ines.phone.is_called(within=35)
        assert await kofi.call.is_over() == 487
        await ines.answers()
        await they_hear({ines: "jonas", jonas: "ines"})


async def a_browser_is_killed(office: Office, folder: Path) -> None:
    async with Seat(office, folder, TONES["greta"]) as here, desk_phone(office, "henrik") as henrik:
        greta = await here.sign_in("greta")
        await greta.dials("108")
        call = await henrik.phone.is_called()
        call.answer()
        await call.has_heard(TONES["greta"])
        here.kill()
        await hears_music(call, instead_of=TONES["greta"])
        assert await call.is_over(within=40) == 200


Ends = dict[str, "asyncio.Task[None]"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ends(office: Office, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ends]:
    """All that has begun, by its name."""
    folder = tmp_path_factory.mktemp("patience")
    begun = [nobody_answers, a_transfer_is_not_answered]
    if sipp.EXISTS:
        begun.append(the_server_refreshes)
    if CHROMIUM:
        begun.append(a_browser_is_killed)
    ends = {each.__name__: asyncio.create_task(each(office, folder)) for each in begun}
    yield ends
    for end in ends.values():
        end.cancel()
    await asyncio.gather(*ends.values(), return_exceptions=True)


async def test_an_unanswered_call_ends_after_half_a_minute(ends: Ends) -> None:
    await ends["nobody_answers"]


async def test_an_unanswered_transfer_comes_back_after_half_a_minute(ends: Ends) -> None:
    await ends["a_transfer_is_not_answered"]


@needs_chromium
async def test_a_killed_browser_leaves_the_phone_with_music_and_then_ends(ends: Ends) -> None:
    await ends["a_browser_is_killed"]


@needs_sipp
async def test_a_session_is_refreshed_by_the_server(ends: Ends) -> None:
    await ends["the_server_refreshes"]


async def test_nothing_is_left_of_all_that(office: Office, ends: Ends) -> None:
    await asyncio.gather(*ends.values(), return_exceptions=True)
    await office.is_quiet()
