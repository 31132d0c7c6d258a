"""Somebody at a device, whatever kind it is: what they do with calls, and what they hear.

anna = DeskPhone(...); await anna.transfers(ben, to=carla)

What a device has a way of its own for is done there; the rest through its user's program, as
people do with the page beside their phone.
"""

import contextlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from offhook.demo import PEOPLE
from offhook.sip.flow import Transport
from tests.phones import baresip
from tests.phones.baresip import Baresip
from tests.phones.phone import Call, Phone, Refused
from tests.phones.sound import Tap
from tests.ports import free_port
from tests.stories.browser import Desk
from tests.stories.office import PASSWORD, Office, eventually, trusting
from tests.stories.program import Program
from tests.stories.voices import TONES, they_hear, together, voices

NUMBERS = {name: str(number) for number, name in enumerate(TONES, 101)}


class Station:
    """What all have in common. `name` is the user's, and also the voice's."""

    device = ""  # as the program names it: the device's name or kind

    def __init__(self, name: str, program: Program | None = None) -> None:
        self.name = name
        self.number = NUMBERS[name]
        self._program = program

    @property
    def program(self) -> Program:
        assert self._program is not None, f"{self.name} has a page"
        return self._program

    async def heard(self) -> str:
        raise NotImplementedError

    # ---- what each kind of device does its own way

    async def dials(self, number: str) -> None:
        raise NotImplementedError

    async def is_rung(self) -> None:
        raise NotImplementedError

    async def answers(self) -> None:
        raise NotImplementedError

    async def is_free(self) -> None:
        """No call is left here."""
        raise NotImplementedError

    # ---- what may be done at the page

    async def holds(self, other: "Station") -> None:
        await self._ask("call.hold", other, holding=True)

    async def resumes(self, other: "Station") -> None:
        await self._ask("call.hold", other, holding=False)

    async def hangs_up(self, other: "Station") -> None:
        await self._ask("call.hangup", other)

    async def transfers(self, other: "Station", number: str) -> None:
        await self._ask("call.transfer", other, to=number)

    async def connects(self, one: "Station", other: "Station") -> None:
        await self._ask("call.connect", one, other=await self.program.call_with(other.number))

    async def joins(self, one: "Station", other: "Station") -> None:
        await self._ask("call.join", one, other=await self.program.call_with(other.number))

    async def parts(self, one: "Station") -> None:
        """In a conference: this one waits."""
        call = await self.program.call_with(one.number)
        legs = self.program.things["call"][call]["legs"]
        leg = next(leg for leg in legs if leg["party"]["number"] == one.number and leg["state"] == "talking")
        await self.program.do("call.part", call=call, leg=leg["id"])

    async def parks(self, other: "Station", *, slot: str = "", number: str = "") -> Any:
        return await self._ask("call.park", other, slot=slot, number=number)

    async def redirects(self, other: "Station", number: str) -> None:
        await self._ask("call.redirect", other, to=number)

    async def moves(self, other: "Station", device: str) -> None:
        await self._ask("call.move", other, device=self.program.device(device))

    async def retrieves(self, other: "Station") -> None:
        """Takes back whoever is parked, and answers as the phone rings."""
        parked = await self.program.sees("parked", lambda parked: parked["party"]["number"] == other.number)
        await self.program.do("call.retrieve", call=parked["id"], device=self.program.device(self.device))
        await self.is_rung()
        await self.answers()

    async def picks_up(self, caller: "Station") -> None:
        """Takes what rings elsewhere, and answers as the phone rings."""
        waiting = await self.program.sees(
            "waiting", lambda waiting: waiting["caller"]["number"] == caller.number
        )
        await self.program.do("call.pickup", call=waiting["id"], device=self.program.device(self.device))
        await self.is_rung()
        await self.answers()

    async def wants(self, **wishes: bool) -> None:
        """do_not_disturb, call_waiting."""
        await self.program.do("me.set", **wishes)

    async def _ask(self, command: str, about: "Station", /, **fields: object) -> Any:
        return await self.program.do(command, call=await self.program.call_with(about.number), **fields)


class DeskPhone(Station):
    """A phone that knows no REFER: it dials, answers, holds and hangs up by itself."""

    device = "phone"

    def __init__(self, phone: Phone, name: str, program: Program | None = None, *, voice: str = "") -> None:
        super().__init__(name, program)
        self.phone = phone
        self.voice = voice or name
        self.lines: dict[str, Call] = {}  # by the number at the other end, as it was at first
        self.ringing: Call | None = None
        self._latest: Call | None = None

    async def heard(self) -> str:
        return together([voices(call.sound.lately(), 8000) for call in self.phone.calls])

    async def dials(self, number: str) -> None:
        self._speak(await self.phone.dial(number), number)

    async def is_rung(self) -> None:
        self.ringing = self._latest = await self.phone.is_called()

    async def answers(self) -> None:
        if self.ringing is None:
            await self.is_rung()
        assert self.ringing is not None
        call, self.ringing = self.ringing, None
        found = re.search(r"<sip:([^@>]+)@", call.caller)
        self._speak(call, found[1] if found else "")
        call.answer()

    async def refuses(self, status: int = 486) -> None:
        if self.ringing is None:
            await self.is_rung()
        assert self.ringing is not None
        call, self.ringing = self.ringing, None
        call.refuse(status)

    async def holds(self, other: Station) -> None:
        await self.line(other).hold()

    async def resumes(self, other: Station) -> None:
        await self.line(other).resume()

    async def hangs_up(self, other: Station | None = None) -> None:
        """The call with this one, as it began; the latest if nobody is named."""
        (self.call if other is None else self.line(other)).hangup()

    async def is_free(self) -> None:
        await eventually(lambda: not self.phone.calls, what=f"{self.name}'s phone is idle")

    def line(self, other: Station) -> Call:
        return self.lines[other.number]

    async def puts_down(self) -> None:
        """Whatever it was doing."""
        for call in list(self.phone.calls):
            call.hangup()
        while self.phone.is_being_called:
            await self.phone.is_called()
        self.ringing = None
        self.lines.clear()

    @property
    def call(self) -> Call:
        """The latest."""
        assert self._latest is not None, "there has been a call"
        return self._latest

    def _speak(self, call: Call, number: str) -> None:
        self.lines[number] = self._latest = call
        call.sound.say(TONES[self.voice])


class ReferringPhone(DeskPhone):
    """A phone that transfers by itself, with REFER."""

    async def transfers(self, other: Station, number: str) -> None:
        assert await self.line(other).refer(number) == 202
        assert await self.line(other).is_transferred() == 200

    async def connects(self, one: Station, other: Station) -> None:
        assert await self.line(one).refer(other.number, self.line(other)) == 202
        assert await self.line(one).is_transferred() == 200


class Foreign(Station):
    """baresip: it holds and transfers by itself, and is listened to on the wire."""

    device = "phone"

    def __init__(self, phone: Baresip, office: Office, name: str, program: Program, tap: Tap) -> None:
        super().__init__(name, program)
        self._phone = phone
        self._server = f"{office.sip_host}:{office.sip_port}"
        self._tap = tap

    async def heard(self) -> str:
        return together([voices(samples, 8000) for samples in self._tap.lately()])

    async def dials(self, number: str) -> None:
        await self._phone.tell("dial", f"sip:{number}@{self._server}")

    async def is_rung(self) -> None:
        async def rings() -> bool:
            return "INCOMING" in await self._phone.tell("listcalls")

        await eventually(rings, what="baresip rings")

    async def answers(self) -> None:
        await self.is_rung()
        await self._phone.tell("accept")

    async def holds(self, other: Station) -> None:
        await self._phone.chooses(other.number)
        await self._phone.tell("hold")

    async def resumes(self, other: Station) -> None:
        await self._phone.chooses(other.number)
        await self._phone.tell("resume")

    async def hangs_up(self, other: Station) -> None:
        await self._phone.chooses(other.number)
        await self._phone.tell("hangup")

    async def transfers(self, other: Station, number: str) -> None:
        await self._phone.chooses(other.number)
        await self._phone.tell("transfer", f"sip:{number}@{self._server}")

    async def is_free(self) -> None:
        async def idle() -> bool:
            return not await self._phone.lines()

        await eventually(idle, what="baresip is idle")


class Browser(Station):
    """Chromium: everything is done with the page's buttons."""

    device = "browser"

    def __init__(self, desk: Desk, name: str, program: Program) -> None:
        super().__init__(name, program)
        self.desk = desk

    async def heard(self) -> str:
        return together([voices(samples, 8000) for samples in await self.desk.listens()])

    async def dials(self, number: str) -> None:
        await self.desk.dials(number)

    async def is_rung(self) -> None:
        await self.desk.rings()

    async def answers(self) -> None:
        await self.desk.answers()

    async def holds(self, other: Station) -> None:
        await self._presses(other, "Hold")

    async def resumes(self, other: Station) -> None:
        await self._presses(other, re.compile("^(Resume|Swap)$"))

    async def hangs_up(self, other: Station) -> None:
        await self._presses(other, re.compile("^End call"))

    async def transfers(self, other: Station, number: str) -> None:
        await self._presses(other, "Transfer")
        await self._chooses(number)

    async def connects(self, one: Station, other: Station) -> None:
        await self._presses(one, "Connect both")

    async def joins(self, one: Station, other: Station) -> None:
        await self._presses(other, "Conference")

    async def parts(self, one: Station) -> None:
        await self.desk.presses(f"Put {_full(one)} on hold")

    async def parks(self, other: Station, *, slot: str = "", number: str = "") -> Any:
        await self._presses(other, "Park")
        await self.desk.page.get_by_role("dialog").get_by_role("combobox").press("Enter")
        place = (await self.program.sees("parked"))["place"]
        return {"number": place["number"], "slot": place["slot"]}

    async def redirects(self, other: Station, number: str) -> None:
        await self.desk.presses("Redirect")
        await self._chooses(number)

    async def moves(self, other: Station, device: str) -> None:
        await self._presses(other, f"Move to {device}")

    async def retrieves(self, other: Station) -> None:
        await self.desk.presses("Retrieve")

    async def picks_up(self, caller: Station) -> None:
        await self.desk.presses("Pick up")

    async def is_free(self) -> None:
        """No sound is left; the page may show a call that goes on at another device."""
        await self.desk.page.wait_for_function(
            "() => window.connections.every(each => each.connectionState === 'closed')"
        )

    async def _presses(self, other: Station, button: str | re.Pattern[str]) -> None:
        """A button of the call with this one, and perhaps with a third."""
        first = _full(other).split()[0]
        card = self.desk.page.get_by_role("article", name=re.compile(rf"^Call with .*\b{first}\b"))
        exact = isinstance(button, str)
        await card.get_by_role("button", name=button, exact=exact).first.click(timeout=30000)

    async def _chooses(self, number: str) -> None:
        """In the sheet that asks to whom."""
        field = self.desk.page.get_by_role("dialog").get_by_role("combobox")
        await field.fill(number)
        await field.press("Enter")


def _full(station: Station) -> str:
    return dict(PEOPLE)[station.name]


# ---- how they begin


@asynccontextmanager
async def desk_phone(
    office: Office,
    name: str,
    program: Program | None = None,
    *,
    transport: Transport = "udp",
    sip_user: str = "",
    secret: str = PASSWORD,
    voice: str = "",
    refers: bool = False,
) -> AsyncIterator[DeskPhone]:
    """A registered phone of this user's; `refers`: it transfers by REFER."""
    port = office.sips_port if transport == "tls" else office.sip_port
    context = trusting() if transport == "tls" else None
    phone = await Phone.open(
        sip_user or f"{name}-desk", secret, (office.sip_host, port), transport, context=context
    )
    try:
        await phone.register()
        yield (ReferringPhone if refers else DeskPhone)(phone, name, program, voice=voice)
    finally:
        with contextlib.suppress(Refused):
            await phone.unregister()
        await phone.close()


@asynccontextmanager
async def foreign_phone(
    office: Office, name: str, program: Program, folder: Path, interface: str
) -> AsyncIterator[Foreign]:
    """baresip in the place of this user's desk phone."""
    tap = Tap(interface, baresip.PORTS)
    server = (office.sip_host, office.sip_port)
    try:
        async with Baresip(
            folder, server, f"{name}-desk", PASSWORD, TONES[name], control=free_port()
        ) as phone:
            await eventually(lambda: phone.has_said("200 OK"), what="baresip is registered")
            yield Foreign(phone, office, name, program, tap)
    finally:
        tap.close()


# ---- how most stories begin


async def talk(caller: Station, called: Station) -> None:
    """One calls the other, and both hear each other."""
    await caller.dials(called.number)
    await called.is_rung()
    await called.answers()
    await they_hear({caller: called.name, called: caller.name})
