"""Calls through trunks, out and in, with a provider that is our own endpoint on loopback."""

import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from offhook.calls.media import Port, PortEvent
from offhook.certificates import own_certificate
from offhook.media.engine import open_engine
from offhook.sip.flow import Transport
from offhook.trunks.names import Service
from tests.phones.exchange import eventually, running
from tests.trunks.house import House, provided, trunk_to
from tests.trunks.provider import Provider


async def talk(house: House, provider: Provider) -> None:
    """One call out and one in, each ended by the other side."""
    anna = await house.phone("anna")
    call = await anna.dial("0030123456")
    theirs = await provider.is_called()
    await call.is_ringing()
    theirs.answer()
    await call.is_answered()
    theirs.hangup()
    assert await call.is_over() == 200
    theirs = await provider.call("+4930555101")
    call = await anna.is_called()
    call.answer()
    await theirs.is_answered()
    call.hangup()
    assert await theirs.is_over() == 200
    await eventually(lambda: house.is_idle, "nothing is left of either call")
    await anna.close()


async def test_a_phone_calls_out_and_the_number_arrives_as_its_way_has_it(
    house: House, provider: Provider
) -> None:
    house.use(trunk_to(provider))
    await house.opens("Fibre")
    anna = await house.phone("anna")
    call = await anna.dial("0030123456")
    theirs = await provider.is_called()
    assert theirs.invite is not None
    assert theirs.invite.uri == f"sip:+4930123456@{provider.hostport}".encode()
    assert theirs.caller.startswith('"Anna" <sip:+4930555101@')
    theirs.answer()
    await call.is_answered()
    assert house.tolls.open == [("anna", "external")]
    assert house.trunks.states()[0].channels == 1
    call.hangup()
    assert await theirs.is_over() == 200
    await eventually(lambda: house.is_idle, "nothing is left of the call")
    assert house.tolls.open == []
    assert house.trunks.states()[0].channels == 0
    await anna.close()


async def test_a_call_comes_in_and_rings_where_its_number_leads(house: House, provider: Provider) -> None:
    house.use(trunk_to(provider))
    await house.opens("Fibre")
    ben = await house.phone("ben")
    call = await provider.call("+4930555102")
    theirs = await ben.is_called()
    assert theirs.caller.startswith('"Zoe" <sip:+4315550001@')
    theirs.answer()
    await call.is_answered()
    theirs.hangup()
    assert await call.is_over() == 200
    await eventually(lambda: house.is_idle, "nothing is left of the call")
    await ben.close()


async def test_both_hear_each_other_in_either_direction() -> None:
    houses: list[House] = []

    def news(port: Port, event: PortEvent) -> None:
        if (owner := houses[0].owners.get(port)) is not None:
            owner.heard_from_port(event, 0.0)

    async with open_engine(1, ["127.0.0.1"], (41300, 41399), news) as engine:
        houses.append(House(media=engine))
        async with running(houses[0]) as house, provided(houses[0]) as provider:
            houses[0].use(trunk_to(provider))
            await houses[0].opens("Fibre")
            anna = await house.phone("anna")
            out = await anna.dial("0030123456")
            theirs = await provider.is_called()
            theirs.ring(183, early=True)
            theirs.sound.believe(theirs.their_sdp)
            theirs.sound.say(400)
            await out.has_heard(400)
            theirs.answer()
            theirs.sound.say(700)
            out.sound.say(500)
            await out.has_heard(700)
            await theirs.has_heard(500)
            out.hangup()
            assert await theirs.is_over() == 200
            coming = await provider.call("+4930555101")
            mine = await anna.is_called()
            mine.answer()
            await coming.is_answered()
            mine.sound.say(500)
            coming.sound.say(700)
            await mine.has_heard(700)
            await coming.has_heard(500)
            mine.hangup()
            assert await coming.is_over() == 200
            await anna.close()


async def test_the_sound_before_the_answer_is_passed_on(house: House, provider: Provider) -> None:
    provider.rings_by_itself = False
    house.use(trunk_to(provider))
    await house.opens("Fibre")
    anna = await house.phone("anna")
    call = await anna.dial("0030123456")
    (await provider.is_called()).ring(183, early=True)
    await call.is_ringing()
    assert call.said[-1] == 183
    call.hangup()
    await anna.close()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_calls_go_there_and_back_by_every_transport(transport: Transport, host: str) -> None:
    house = House(host)
    async with running(house):
        provider = await Provider.at(house, transport)
        if transport == "tcp":
            await provider.listens()
        house.use(trunk_to(provider))
        await house.opens("Fibre")
        await talk(house, provider)
        await provider.close()


async def test_a_call_whose_connection_was_lost_is_still_hung_up_there() -> None:
    house = House()
    async with running(house):
        provider = await Provider.at(house, "tcp")
        await provider.listens()
        house.use(trunk_to(provider))
        await house.opens("Fibre")
        anna = await house.phone("anna")
        call = await anna.dial("0030123456")
        theirs = await provider.is_called()
        theirs.answer()
        await call.is_answered()
        before = sum(each.method == "OPTIONS" for each in provider.seen)
        provider.hangs_up()
        await provider.has_seen("OPTIONS", more_than=before)
        call.hangup()
        assert await theirs.is_over() == 200
        await eventually(lambda: house.is_idle, "nothing is left of the call")
        await anna.close()
        await provider.close()


class Local:
    """A name service that knows one machine."""

    async def services(self, name: str) -> tuple[Sequence[Service], float]:
        return (), 60.0

    async def addresses(self, name: str) -> tuple[Sequence[str], float]:
        return ["127.0.0.1"] if name in ("localhost", "elsewhere.example") else [], 60.0


@pytest.fixture
def certified(tmp_path: Path) -> tuple[Callable[[], ssl.SSLContext], Callable[[], ssl.SSLContext]]:
    """What a server for localhost shows, and what a client needs to believe it."""
    certificate = own_certificate(tmp_path, ["localhost"])
    trusting = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
    return (lambda: certificate.context), (lambda: trusting)


async def test_calls_go_there_and_back_by_tls(
    certified: tuple[Callable[[], ssl.SSLContext], Callable[[], ssl.SSLContext]],
) -> None:
    shown, trusts = certified
    house = House(names=Local(), context=shown, trusts=trusts)
    async with running(house):
        provider = await Provider.at(house)
        await provider.listens(shown())
        port = provider.flow.local_port
        house.use(trunk_to(provider, hosts=(f"localhost:{port}",), transport="tls"))
        await house.opens("Fibre")
        anna = await house.phone("anna")
        call = await anna.dial("0030123456")
        theirs = await provider.is_called()
        assert theirs.invite is not None
        assert b"SIP/2.0/TLS" in (theirs.invite.get(b"via") or b"")
        theirs.answer()
        await call.is_answered()
        call.hangup()
        assert await theirs.is_over() == 200
        await anna.close()
        await provider.close()


@pytest.mark.parametrize(("srtp", "invites", "status"), [("auto", 2, None), ("required", 1, 488)])
async def test_a_provider_without_srtp_is_called_without_it_unless_it_is_required(
    certified: tuple[Callable[[], ssl.SSLContext], Callable[[], ssl.SSLContext]],
    srtp: str,
    invites: int,
    status: int | None,
) -> None:
    shown, trusts = certified
    house = House(names=Local(), context=shown, trusts=trusts)
    async with running(house):
        provider = await Provider.at(house)
        await provider.listens(shown())
        hosts = (f"localhost:{provider.flow.local_port}",)
        house.use(trunk_to(provider, hosts=hosts, transport="tls", srtp=srtp))
        await house.opens("Fibre")
        anna = await house.phone("anna")
        call = await anna.dial("0030123456")
        if status is None:
            (await provider.is_called()).answer()
            await call.is_answered()
        else:
            assert await call.is_over() == status
        bodies = [b"RTP/SAVP" in each.body for each in provider.seen if each.method == "INVITE"]
        assert bodies == [True, False][:invites]
        await anna.close()
        await provider.close()


async def test_nobody_is_called_whose_certificate_is_for_another(
    certified: tuple[Callable[[], ssl.SSLContext], Callable[[], ssl.SSLContext]],
) -> None:
    shown, trusts = certified
    house = House(names=Local(), context=shown, trusts=trusts)
    async with running(house):
        provider = await Provider.at(house)
        await provider.listens(shown())
        port = provider.flow.local_port
        house.use(trunk_to(provider, hosts=(f"elsewhere.example:{port}",), transport="tls"))
        await eventually(lambda: bool(house.trunks.states()[0].silent), "it counts as silent")
        assert not house.trunks.is_open("Fibre")
        assert not provider.seen
        await provider.close()


@pytest.mark.parametrize(
    ("header", "trust", "shown"),
    [
        (b'P-Asserted-Identity: "Zoe" <sip:+43155@p>\r\n', True, ("+43155", "Zoe")),
        (b'P-Asserted-Identity: "Zoe" <sip:+43155@p>\r\n', False, ("+4930123456", "")),
        (b"P-Asserted-Identity: <sip:anonymous@p>\r\n", True, ("+4930123456", "")),
        (b"P-Asserted-Identity: <sip:+43155@p>\r\nPrivacy: id\r\n", True, ("+4930123456", "")),
    ],
)
async def test_who_answers_is_shown_as_the_provider_vouches_for_it(
    house: House, provider: Provider, header: bytes, trust: bool, shown: tuple[str, str]
) -> None:
    house.use(trunk_to(provider, trust_identity=trust))
    await house.opens("Fibre")
    anna = await house.phone("anna")
    call = await anna.dial("0030123456")
    theirs = await provider.is_called()
    assert theirs.session is not None
    theirs.session.identity = header  # what the answer carries
    theirs.answer()
    await call.is_answered()
    (talking,) = house.switch.calls.values()
    party = next(leg.party for leg in talking.view().legs if leg.party.outside)
    assert (party.number, party.name) == shown
    await anna.close()
