"""Desk phones call each other through a running Offhook, over real sockets, with sound."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from offhook.sip.flow import Transport
from tests.phones.phone import Phone
from tests.stories.office import PASSWORD, Office, eventually, trusting

pytestmark = pytest.mark.story


@asynccontextmanager
async def desk(office: Office, user: str, transport: Transport = "udp") -> AsyncIterator[Phone]:
    """A user's registered desk phone."""
    port = office.sips_port if transport == "tls" else office.sip_port
    context = trusting() if transport == "tls" else None
    phone = await Phone.open(f"{user}-desk", PASSWORD, ("127.0.0.1", port), transport, context=context)
    try:
        await phone.register()
        yield phone
    finally:
        await phone.close()


@pytest.mark.parametrize("there", ["udp", "tcp", "tls"])
@pytest.mark.parametrize("here", ["udp", "tcp", "tls"])
async def test_two_phones_talk_and_both_hear_each_other(office: Office, here: Transport, there: Transport) -> None:
    async with desk(office, "anna", here) as anna, desk(office, "ben", there) as ben:
        call = await anna.dial("102")
        other = await ben.is_called()
        await call.is_ringing()
        other.answer()
        await call.is_answered()
        call.sound.say(500)
        other.sound.say(700)
        await other.has_heard(500)
        await call.has_heard(700)
        call.hangup()
        assert await other.is_over() == 200
        assert await call.is_over() == 200
    await eventually(lambda: office.metrics()['offhook_media_ports{worker="0"}'] == 0, what="ports given back")
