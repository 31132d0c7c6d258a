"""What phones do by themselves in SIP: REFER, Replaces, session timers, redirection, forks, PRACK."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.phones.phone import Call, Phone
from tests.phones.sipp import credentials, sipp
from tests.ports import is_taken
from tests.stories.forks import Fork
from tests.stories.office import PASSWORD, Office, eventually
from tests.stories.stations import DeskPhone, desk_phone, talk
from tests.stories.test_foreign import needs_sipp, registered
from tests.stories.voices import TONES, they_hear, voices

pytestmark = [
    pytest.mark.story,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.usefixtures("nothing_is_left"),
]

HENRIK_DIALS_CARLA = credentials("henrik-desk", PASSWORD, 103)


class Ear:
    """A call that is listened to on its own."""

    def __init__(self, name: str, call: Call) -> None:
        self.name = name
        self._call = call

    async def heard(self) -> str:
        return voices(self._call.sound.lately(), 8000)


# ---- REFER


@needs_sipp
async def test_sipp_sends_a_call_on_and_hears_what_became_of_it(
    office: Office, carla: DeskPhone, david: DeskPhone
) -> None:
    server = ("127.0.0.1", office.sip_port)
    refers = asyncio.create_task(sipp("refer", server, HENRIK_DIALS_CARLA, keys={"to": david.number}))
    await carla.answers()
    await david.answers()
    await refers
    await they_hear({carla: "david", david: "carla"})
    await carla.hangs_up()
    await david.is_free()


# ---- Replaces


async def test_a_call_goes_on_at_another_phone_of_the_same_user(
    office: Office, anna: DeskPhone, carla: DeskPhone
) -> None:
    async with desk_phone(office, "anna", voice="lena") as other:
        await talk(carla, anna)
        while other.phone.is_being_called:  # it rang, too
            await other.is_rung()
        taken = await other.phone.dial("101", replaces=anna.call)
        taken.sound.say(TONES["lena"])
        await taken.is_answered()
        assert await anna.call.is_over() == 200
        await they_hear({carla: "lena", other: "carla"})
        taken.hangup()
        await carla.is_free()


async def test_what_rings_at_one_phone_is_taken_by_another_of_the_same_user(
    office: Office, anna: DeskPhone, carla: DeskPhone
) -> None:
    await carla.dials("101")
    await anna.is_rung()
    async with desk_phone(office, "anna", voice="lena") as other:
        taken = await other.phone.dial("101", replaces=anna.call)
        taken.sound.say(TONES["lena"])
        await taken.is_answered()
        assert await anna.call.is_over() == 487
        await they_hear({carla: "lena", other: "carla"})
        taken.hangup()
        await carla.is_free()


async def test_nobody_takes_the_call_of_another_with_a_forged_replaces(
    anna: DeskPhone, carla: DeskPhone, david: DeskPhone, henrik: DeskPhone
) -> None:
    await talk(anna, carla)
    for forged in (anna.call, carla.call, b"no-such-call;to-tag=1;from-tag=2"):
        thief = await henrik.phone.dial("101", replaces=forged)
        assert await thief.is_over() in (403, 481)
    await david.dials("101")
    await anna.is_rung()
    thief = await henrik.phone.dial("101", replaces=anna.call)
    assert await thief.is_over() in (403, 481)
    await they_hear({anna: "carla", carla: "anna"})
    await david.hangs_up()
    await carla.hangs_up()
    await anna.is_free()


# ---- session timers


@needs_sipp
async def test_a_session_timer_is_agreed_upon_and_refreshed_by_the_phone(
    office: Office, carla: DeskPhone
) -> None:
    server = ("127.0.0.1", office.sip_port)
    calls = asyncio.create_task(sipp("timer", server, HENRIK_DIALS_CARLA))
    await carla.answers()
    await calls
    await carla.is_free()


# ---- redirection


@needs_sipp
async def test_sipp_sends_its_caller_on(office: Office, anna: DeskPhone, carla: DeskPhone) -> None:
    server = ("127.0.0.1", office.sip_port)
    async with registered(office, "ben-desk") as port:
        moves = asyncio.create_task(
            sipp("moved", server, port=port, user="ben-desk", keys={"to": carla.number})
        )
        await eventually(lambda: is_taken(port), what="SIPp listens")
        await anna.dials("102")
        await carla.answers()
        await moves
        await they_hear({anna: "carla", carla: "anna"})
        await anna.call.has_shown("Carla")
        await anna.hangs_up()
        await carla.is_free()


async def test_phones_that_send_a_caller_to_each_other_end_the_call_with_a_clear_cause(
    anna: DeskPhone, carla: DeskPhone, david: DeskPhone
) -> None:
    async def send_on(station: DeskPhone, other: DeskPhone) -> None:
        while True:
            await station.is_rung()
            contact = f"Contact: <sip:{other.number}@{station.phone.domain}>\r\n"
            station.call.refuse(302, contact.encode())

    senders = [asyncio.create_task(send_on(*pair)) for pair in ((carla, david), (david, carla))]
    await anna.dials(carla.number)
    assert await anna.call.is_over() == 482
    for sender in senders:
        sender.cancel()
    await asyncio.gather(*senders, return_exceptions=True)


# ---- forks with early media


@asynccontextmanager
async def behind(fork: Fork, name: str, voice: str) -> AsyncIterator[DeskPhone]:
    """A phone of this user's behind the proxy, which does not ring by itself."""
    phone = await Phone.open(f"{name}-desk", PASSWORD, fork.address)
    phone.rings_by_itself = False
    phone.flow = phone.flow._replace(local_port=fork.address[1])
    try:
        await phone.register()
        yield DeskPhone(phone, name, voice=voice)
        await phone.unregister()
    finally:
        await phone.close()


async def test_a_forked_call_is_heard_as_it_rings_and_goes_to_the_first_who_answers(
    office: Office, anna: DeskPhone
) -> None:
    fork = Fork(("127.0.0.1", office.sip_port))
    async with behind(fork, "elif", "ines") as one, behind(fork, "elif", "jonas") as other:
        await anna.dials("105")
        await one.is_rung()
        await other.is_rung()
        for station in (one, other):
            station.call.ring(183, early=True)
            station.call.sound.believe(station.call.their_sdp)
            station.call.sound.say(TONES[station.voice])
            await anna.call.is_ringing()
        await they_hear({Ear("anna, while it rings,", anna.call): "jonas"})
        one.call.answer()
        await anna.call.is_answered()
        other.call.answer()  # too late, and its proxy did not tell it so
        assert await other.call.is_over() == 200
        await they_hear({anna: "ines", Ear("elif", one.call): "anna"})
        await anna.hangs_up()
        await one.is_free()
    fork.close()


# ---- PRACK


@needs_sipp
async def test_a_phone_that_requires_reliable_ringing_is_served(office: Office, carla: DeskPhone) -> None:
    server = ("127.0.0.1", office.sip_port)

    def acknowledged() -> float:
        return office.metrics()['offhook_sip_total{what="received PRACK"}']

    before = acknowledged()
    calls = asyncio.create_task(sipp("prack", server, HENRIK_DIALS_CARLA))
    await carla.is_rung()
    await eventually(lambda: acknowledged() > before, what="the PRACK, before the answer")
    await carla.answers()
    await calls
    await carla.is_free()
