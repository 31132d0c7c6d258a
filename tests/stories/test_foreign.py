"""Phones that others wrote: SIPp on loopback, and baresip with sound in a network of its own."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from offhook.sip.flow import Transport
from tests.phones import baresip, sipp
from tests.phones.baresip import Baresip
from tests.phones.phone import Phone
from tests.phones.sipp import credentials
from tests.ports import free_port, is_taken
from tests.stories import network
from tests.stories.browser import Seat, needs_chromium
from tests.stories.network import own_network
from tests.stories.office import PASSWORD, Office, eventually
from tests.stories.test_phones import desk

pytestmark = pytest.mark.story

needs_sipp = pytest.mark.skipif(not sipp.EXISTS, reason="SIPp is not installed (apt: sip-tester)")
needs_baresip = pytest.mark.skipif(
    not baresip.EXISTS or not network.can_be_made,
    reason="baresip is not installed (apt: baresip), or namespaces are forbidden here (unshare -rn)",
)


# ---- SIPp


@asynccontextmanager
async def registered(office: Office, user: str) -> AsyncIterator[int]:
    """A port of ours under which a user's SIPp is known until the end."""
    server, port = ("127.0.0.1", office.sip_port), free_port()
    await sipp.sipp("register", server, credentials(user, PASSWORD, 3600), port=port)
    try:
        yield port
    finally:
        await sipp.sipp("register", server, credentials(user, PASSWORD, 0), port=port)


@needs_sipp
@pytest.mark.parametrize(
    ("caller", "called"),
    [
        ("uac", "uas"),
        ("hold", "uas"),
        ("late_offer", "uas"),
        ("refused_call", "busy"),
        ("cancel", "ringing"),
    ],
)
async def test_sipp_calls_sipp(office: Office, caller: str, called: str) -> None:
    server = ("127.0.0.1", office.sip_port)
    async with registered(office, "ben-desk") as port:
        waits = asyncio.create_task(sipp.sipp(called, server, port=port, user="ben-desk"))
        await eventually(lambda: is_taken(port), what="SIPp listens")
        await sipp.sipp(caller, server, credentials("anna-desk", PASSWORD, 102))
        await waits
    await office.is_quiet()


@needs_sipp
@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("caller", ["uac", "hold", "late_offer"])
async def test_sipp_calls_a_phone(office: Office, caller: str, transport: Transport) -> None:
    async with desk(office, "ben") as ben:
        calls = asyncio.create_task(
            sipp.sipp(
                caller,
                ("127.0.0.1", office.sip_port),
                credentials("anna-desk", PASSWORD, 102),
                transport=transport,
            )
        )
        call = await ben.is_called()
        call.answer()
        assert await call.is_over() == 200
        await calls
    await office.is_quiet()


@needs_sipp
@needs_chromium
async def test_sipp_calls_a_browser_and_a_browser_calls_sipp(office: Office, folder: Path) -> None:
    server = ("127.0.0.1", office.sip_port)
    async with Seat(office, folder, 500) as here:
        carla = await here.sign_in("carla")
        line = credentials("anna-desk", PASSWORD, 103)
        calls = asyncio.create_task(sipp.sipp("uac", server, line, pause_ms=1000))
        await carla.answers()
        await carla.is_talking()
        await calls
        await carla.has_no_call()
        async with registered(office, "ben-desk") as port:
            waits = asyncio.create_task(sipp.sipp("uas", server, port=port, user="ben-desk"))
            await eventually(lambda: is_taken(port), what="SIPp listens")
            await carla.dials("102")
            await carla.is_talking()
            await carla.hangs_up()
            await waits
        await carla.has_no_call()
        assert carla.problems == []
    await office.is_quiet()


# ---- baresip


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office that can be reached over a real network."""
    network.lay_cable()
    office = Office(tmp_path_factory.mktemp("street") / "data", sip_host=network.HOST)
    office.start()
    yield office
    assert office.stop() == 0
    assert office.errors() == []


@asynccontextmanager
async def phone_of(office: Office, user: str) -> AsyncIterator[Phone]:
    phone = await Phone.open(f"{user}-desk", PASSWORD, (network.HOST, office.sip_port))
    await phone.register()
    yield phone
    await phone.unregister()
    await phone.close()


@own_network
@needs_baresip
async def test_baresip_is_called_and_both_hear_each_other(street: Office, folder: Path) -> None:
    server = (network.HOST, street.sip_port)
    async with phone_of(street, "anna") as anna, Baresip(folder, server, "ben-desk", PASSWORD, 700) as ben:
        await eventually(lambda: ben.has_said("200 OK"), what="baresip is registered")
        call = await anna.dial("102")
        await call.is_answered()
        call.sound.say(500)
        await call.has_heard(700)
        since = call.sound.received
        while call.sound.received < since + 75:
            await call.sound.next_packet()
        call.hangup()
        await call.is_over()
        await eventually(lambda: ben.heard(500), what="baresip has heard us")
    await street.is_quiet()


@own_network
@needs_baresip
async def test_baresip_calls_and_both_hear_each_other(street: Office, folder: Path) -> None:
    server = (network.HOST, street.sip_port)
    async with (
        phone_of(street, "anna") as anna,
        Baresip(
            folder, server, "ben-desk", PASSWORD, 700, dials=f"sip:101@{network.HOST}:{street.sip_port}"
        ) as ben,
    ):
        call = await anna.is_called()
        assert '"Ben Cole"' in call.caller
        call.answer()
        call.sound.say(500)
        await call.has_heard(700)
        since = call.sound.received
        while call.sound.received < since + 75:
            await call.sound.next_packet()
        call.hangup()
        await call.is_over()
        await eventually(lambda: ben.heard(500), what="baresip has heard us")
    await street.is_quiet()


@own_network
@needs_baresip
@needs_chromium
async def test_a_browser_and_baresip_hear_each_other(street: Office, folder: Path) -> None:
    server = (network.HOST, street.sip_port)
    async with (
        Seat(street, folder, 500) as here,
        Baresip(folder, server, "ben-desk", PASSWORD, 700) as ben,
    ):
        anna = await here.sign_in("anna")
        await eventually(lambda: ben.has_said("200 OK"), what="baresip is registered")
        await anna.dials("102")
        await anna.hears(700)
        await anna.hears(700)  # and for as long as it takes to be heard, too
        await anna.hangs_up()
        await anna.has_no_call()
        await eventually(lambda: ben.heard(500), what="baresip has heard the browser")
        assert anna.problems == []
    await street.is_quiet()
