"""Desk phones call each other through a running Offhook, over real sockets, with sound."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest

from offhook.sip.flow import Transport
from tests.phones.phone import Call, Phone, Refused
from tests.stories.office import PASSWORD, Office, trusting

pytestmark = pytest.mark.story

TRANSPORTS: tuple[Transport, ...] = ("udp", "tcp", "tls")


@asynccontextmanager
async def desk(office: Office, user: str, transport: Transport = "udp") -> AsyncIterator[Phone]:
    """A user's registered desk phone."""
    port = office.sips_port if transport == "tls" else office.sip_port
    context = trusting() if transport == "tls" else None
    phone = await Phone.open(f"{user}-desk", PASSWORD, ("127.0.0.1", port), transport, context=context)
    try:
        await phone.register()
        yield phone
        await phone.unregister()
    except BaseException:
        with suppress(Refused):  # what failed here shall not ring elsewhere
            await phone.unregister()
        raise
    finally:
        await phone.close()


async def talk(caller: Phone, number: str, called: Phone) -> tuple[Call, Call]:
    """Both ends of a call that has been answered, each saying a tone of its own."""
    here = await caller.dial(number)
    there = await called.is_called()
    there.answer()
    await here.is_answered()
    here.sound.say(500)
    there.sound.say(700)
    await there.has_heard(500)
    await here.has_heard(700)
    return here, there


@pytest.mark.parametrize("there", TRANSPORTS)
@pytest.mark.parametrize("here", TRANSPORTS)
async def test_two_phones_talk_over_any_transports(office: Office, here: Transport, there: Transport) -> None:
    async with desk(office, "anna", here) as anna, desk(office, "ben", there) as ben:
        call, other = await talk(anna, "102", ben)
        call.hangup()
        assert await other.is_over() == 200
        assert await call.is_over() == 200
    await office.is_quiet()


async def test_eight_phones_talk_in_pairs_and_nobody_hears_another_pair(office: Office) -> None:
    names = ("anna", "ben", "carla", "david", "elif", "finn", "greta", "henrik")
    async with AsyncExitStack() as stack:
        phones = [
            await stack.enter_async_context(desk(office, name, TRANSPORTS[n % 3]))
            for n, name in enumerate(names)
        ]
        pairs = []
        for n in range(0, 8, 2):
            here = await phones[n].dial(str(102 + n))
            there = await phones[n + 1].is_called()
            there.answer()
            await here.is_answered()
            here.sound.say(400 + 100 * n)
            there.sound.say(450 + 100 * n)
            pairs.append((here, there))
        for n, (here, there) in enumerate(pairs):
            await there.has_heard(400 + 200 * n)
            await here.has_heard(450 + 200 * n)
            assert not there.sound.hears(400 + 200 * ((n + 1) % 4))
        for n, (here, there) in enumerate(pairs):
            (here if n % 2 else there).hangup()
        for here, there in pairs:
            assert (await here.is_over(), await there.is_over()) == (200, 200)
    await office.is_quiet()


async def test_a_user_with_two_phones_is_rung_on_both_and_the_other_falls_silent(office: Office) -> None:
    async with desk(office, "anna") as anna, desk(office, "ben") as one, desk(office, "ben", "tcp") as other:
        call = await anna.dial("102")
        here, there = await one.is_called(), await other.is_called()
        there.answer()
        await call.is_answered()
        assert await here.is_over() == 487
        assert b"200" in here.reason, "it says that the call was answered elsewhere"
        call.hangup()
        await there.is_over()
    await office.is_quiet()


async def test_a_busy_phone_says_so(office: Office) -> None:
    async with desk(office, "anna") as anna, desk(office, "ben") as ben:
        call = await anna.dial("102")
        (await ben.is_called()).refuse(486)
        assert await call.is_over() == 486
    await office.is_quiet()


async def test_a_caller_who_gives_up_stops_the_ringing(office: Office) -> None:
    async with desk(office, "anna") as anna, desk(office, "ben") as ben:
        call = await anna.dial("102")
        ringing = await ben.is_called()
        await call.is_ringing()
        call.hangup()
        assert await ringing.is_over() == 487
        assert await call.is_over() == 487
    await office.is_quiet()


async def test_who_is_put_on_hold_hears_music_until_the_other_comes_back(office: Office) -> None:
    async with desk(office, "anna") as anna, desk(office, "ben", "tcp") as ben:
        call, other = await talk(anna, "102", ben)
        await call.hold()
        call.sound.say(None)
        other.sound.forget()
        before = other.sound.received
        while other.sound.received < before + 100:
            await other.sound.next_packet()
        assert not other.sound.hears(500), "the one who holds is not heard"
        assert other.sound.is_loud(), "but there is music"
        await call.resume()
        call.sound.say(500)
        await other.has_heard(500)
        await call.has_heard(700)
        other.hangup()
        assert await call.is_over() == 200
    await office.is_quiet()


async def test_keys_pressed_on_one_phone_arrive_at_the_other(office: Office) -> None:
    async with desk(office, "anna") as anna, desk(office, "ben") as ben:
        call, other = await talk(anna, "102", ben)
        assert await call.press("5") == 200
        async with asyncio.timeout(5):
            while 5 not in other.sound.events:
                await other.sound.next_packet()
        call.hangup()
        await other.is_over()
    await office.is_quiet()


async def test_numbers_that_lead_nowhere_are_refused_and_cost_no_port(office: Office) -> None:
    async with desk(office, "anna") as anna:
        assert await (await anna.dial("999")).is_over() == 404
        assert await (await anna.dial("104")).is_over() == 480
    await office.is_quiet()


async def test_phones_without_a_common_codec_are_told_at_once(office: Office) -> None:
    async with desk(office, "anna") as anna, desk(office, "ben"):
        call = await anna.dial("102", codecs="18")
        assert await call.is_over() == 488
    await office.is_quiet()


async def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(office: Office) -> None:
    server = ("127.0.0.1", office.sip_port)
    for name, password in (("ben-desk", "wrong"), ("nobody", PASSWORD)):
        phone = await Phone.open(name, password, server)
        with pytest.raises(Refused) as refused:
            await phone.register()
        assert refused.value.status == 401
        await phone.close()


async def test_phones_on_ipv6_loopback_are_served_alike(ipv6_office: Office) -> None:
    server = ("::1", ipv6_office.sip_port)
    anna = await Phone.open("anna-desk", PASSWORD, server)
    ben = await Phone.open("ben-desk", PASSWORD, server, "tcp")
    try:
        await anna.register()
        await ben.register()
        call, other = await talk(anna, "102", ben)
        call.hangup()
        assert await other.is_over() == 200
    finally:
        await anna.close()
        await ben.close()
    await ipv6_office.is_quiet()
