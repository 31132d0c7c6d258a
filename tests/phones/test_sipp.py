"""SIPp, a phone that others wrote, on both sides of our calls."""

import asyncio

import pytest

from offhook.sip.flow import Transport
from tests.phones.exchange import PASSWORD, Exchange, eventually, running
from tests.phones.sipp import EXISTS, credentials, sipp
from tests.ports import free_port, is_taken

pytestmark = pytest.mark.skipif(not EXISTS, reason="SIPp is not installed (apt: sip-tester)")

ANNA_DIALS_BEN = credentials("anna-desk", PASSWORD, 102)


@pytest.mark.parametrize(
    ("caller", "called"),
    [
        ("uac", "uas"),
        ("hold", "uas"),
        ("late_offer", "uas"),
        ("prack", "uas"),
        ("refused_call", "busy"),
        ("cancel", "ringing"),
    ],
)
async def test_sipp_calls_sipp(caller: str, called: str) -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        server, port = exchange.address("udp"), free_port()
        await sipp("register", server, credentials("ben-desk", PASSWORD, 3600), port=port)
        assert exchange.reached == {"d-ben": 1}
        waits = asyncio.create_task(sipp(called, server, port=port, user="ben-desk"))
        await eventually(lambda: is_taken(port), "SIPp listens")
        await sipp(caller, server, ANNA_DIALS_BEN)
        await waits
        await eventually(lambda: exchange.is_idle, "nothing is left of the call")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("caller", ["uac", "hold", "late_offer"])
async def test_sipp_calls_a_phone(caller: str, transport: Transport) -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        ben = await exchange.phone("ben")
        calls = asyncio.create_task(
            sipp(caller, exchange.address(transport), ANNA_DIALS_BEN, transport=transport)
        )
        theirs = await ben.is_called()
        theirs.answer()
        assert await theirs.is_over() == 200
        await calls
        await eventually(lambda: exchange.is_idle, "nothing is left of the call")
        await ben.close()
