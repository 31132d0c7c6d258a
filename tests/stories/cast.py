"""Who plays in the stories of call control: one of each kind of device, and desk phones to play with.

anna has a phone without REFER (in a network of its own: baresip), ben a browser; all have their page.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.phones import baresip
from tests.stories import network
from tests.stories.browser import Seat, needs_chromium
from tests.stories.network import own_network
from tests.stories.office import Office
from tests.stories.program import Program, Refused, program_of
from tests.stories.stations import Browser, DeskPhone, Station, desk_phone, foreign_phone
from tests.stories.voices import TONES

needs_baresip = pytest.mark.skipif(
    not baresip.EXISTS or not network.can_be_made,
    reason="baresip is not installed (apt: baresip), or namespaces are forbidden here (unshare -rn)",
)
PHONE = pytest.param("phone", id="phone")
REFER = pytest.param("refer", id="refer")
BROWSER = pytest.param("browser", id="browser", marks=needs_chromium)
BARESIP = pytest.param("baresip", id="baresip", marks=[own_network, needs_baresip])


class Company:
    """Everybody who is there, found when first asked for and there until the end."""

    def __init__(self, office: Office, folder: Path, stack: AsyncExitStack) -> None:
        self.office = office
        self._folder = folder
        self._stack = stack
        self._programs: dict[str, Program] = {}
        self._stations: dict[str, Station] = {}

    async def at(self, kind: str) -> Station:
        """The one with this kind of device."""
        if kind not in self._stations:
            self._stations[kind] = await self._come(kind)
        return self._stations[kind]

    async def phone(self, name: str) -> DeskPhone:
        """A colleague's desk phone."""
        if name not in self._stations:
            phone = desk_phone(self.office, name, await self.program(name))
            self._stations[name] = await self._stack.enter_async_context(phone)
        found = self._stations[name]
        assert isinstance(found, DeskPhone)
        return found

    async def program(self, name: str) -> Program:
        if name not in self._programs:
            self._programs[name] = await self._stack.enter_async_context(program_of(self.office, name))
        return self._programs[name]

    async def hang_up(self) -> None:
        """Whatever is left of a story: nobody is on the phone any more."""
        for program in self._programs.values():
            for call in program.all("call"):
                with suppress(Refused):
                    await program.do("call.hangup", call=call["id"])
        for station in self._stations.values():
            if isinstance(station, DeskPhone):
                await station.puts_down()
        await self.office.is_quiet()

    async def _come(self, kind: str) -> Station:
        match kind:
            case "phone":
                return await self.phone("anna")
            case "refer":
                phone = desk_phone(self.office, "elif", await self.program("elif"), refers=True)
                return await self._stack.enter_async_context(phone)
            case "baresip":
                program = await self.program("anna")
                near = "lo"  # where a namespace carries what it says to itself
                foreign = foreign_phone(self.office, "anna", program, self._folder, near)
                return await self._stack.enter_async_context(foreign)
            case _:
                seat = await self._stack.enter_async_context(Seat(self.office, self._folder, TONES["ben"]))
                return Browser(await seat.sign_in("ben"), "ben", await self.program("ben"))


@asynccontextmanager
async def company(office: Office, folder: Path) -> AsyncIterator[Company]:
    async with AsyncExitStack() as stack:
        yield Company(office, folder, stack)
