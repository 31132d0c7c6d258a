"""Where hosts are: addresses, names with a port, SRV; and a name service on loopback."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import cast

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rrset
import pytest

from offhook.sip.flow import Transport
from offhook.trunks.names import LONGEST, SHORTEST, Dns, NoAnswer, Service, Target, find, in_order, split


class Zone:
    """A name service that knows what it was told, and counts what it is asked."""

    def __init__(
        self,
        services: dict[str, list[Service]] | None = None,
        addresses: dict[str, list[str]] | None = None,
        seconds: float = 300.0,
    ) -> None:
        self._services = services or {}
        self._addresses = addresses or {}
        self._seconds = seconds
        self.asked: list[str] = []

    async def services(self, name: str) -> tuple[Sequence[Service], float]:
        self.asked.append(name)
        return self._services.get(name, []), self._seconds

    async def addresses(self, name: str) -> tuple[Sequence[str], float]:
        self.asked.append(name)
        if name not in self._addresses:
            raise NoAnswer(f"{name} is unknown")
        return self._addresses[name], self._seconds


@pytest.mark.parametrize(
    ("host", "name", "port"),
    [
        ("192.0.2.1", "192.0.2.1", None),
        ("192.0.2.1:5070", "192.0.2.1", 5070),
        ("[2001:db8::1]:5070", "2001:db8::1", 5070),
        ("[2001:db8::1]", "2001:db8::1", None),
        ("2001:db8::1", "2001:db8::1", None),
        ("sip.example:x", "sip.example", None),
    ],
)
def test_a_host_is_read_with_its_port(host: str, name: str, port: int | None) -> None:
    assert split(host) == (name, port)


@pytest.mark.parametrize(("transport", "port"), [("udp", 5060), ("tcp", 5060), ("tls", 5061)])
async def test_an_address_is_asked_of_nobody_and_holds_for_ever(transport: Transport, port: int) -> None:
    zone = Zone()
    found = await find("192.0.2.1", transport, zone)
    assert found.targets == (Target("192.0.2.1", port, "192.0.2.1"),)
    assert found.seconds is None
    assert zone.asked == []


async def test_a_name_with_a_port_has_only_addresses() -> None:
    zone = Zone(addresses={"sip.example": ["192.0.2.1", "2001:db8::1"]})
    found = await find("sip.example:5070", "udp", zone)
    assert found.targets == (
        Target("192.0.2.1", 5070, "sip.example"),
        Target("2001:db8::1", 5070, "sip.example"),
    )
    assert zone.asked == ["sip.example"]


@pytest.mark.parametrize(
    ("transport", "record"), [("udp", "_sip._udp"), ("tcp", "_sip._tcp"), ("tls", "_sips._tcp")]
)
async def test_a_bare_name_is_looked_up_as_a_service_for_its_transport(
    transport: Transport, record: str
) -> None:
    services = [Service(20, 0, 5080, "b.example"), Service(10, 0, 5070, "a.example")]
    zone = Zone({f"{record}.sip.example": services}, {"a.example": ["192.0.2.1"], "b.example": ["192.0.2.2"]})
    found = await find("sip.example", transport, zone)
    assert [(each.host, each.port) for each in found.targets] == [("192.0.2.1", 5070), ("192.0.2.2", 5080)]
    assert {each.name for each in found.targets} == {"sip.example"}, "which the certificate is for"


async def test_a_name_without_services_is_at_the_usual_port() -> None:
    found = await find("sip.example", "udp", Zone(addresses={"sip.example": ["192.0.2.1"]}))
    assert found.targets == (Target("192.0.2.1", 5060, "sip.example"),)


async def test_one_machine_without_address_does_not_hide_the_others() -> None:
    services = [Service(1, 0, 5060, "gone.example"), Service(2, 0, 5060, "a.example")]
    zone = Zone({"_sip._udp.sip.example": services}, {"a.example": ["192.0.2.1"]})
    assert [each.host for each in (await find("sip.example", "udp", zone)).targets] == ["192.0.2.1"]


async def test_machines_of_which_none_has_an_address_are_no_answer() -> None:
    zone = Zone({"_sip._udp.sip.example": [Service(1, 0, 5060, "gone.example")]})
    with pytest.raises(NoAnswer, match="none of the hosts"):
        await find("sip.example", "udp", zone)


@pytest.mark.parametrize(("ttl", "held"), [(0.0, SHORTEST), (300.0, 300.0), (1e9, LONGEST)])
async def test_an_answer_is_kept_as_long_as_it_says_within_reason(ttl: float, held: float) -> None:
    zone = Zone(addresses={"sip.example": ["192.0.2.1"]}, seconds=ttl)
    assert (await find("sip.example", "udp", zone)).seconds == held


def test_heavier_machines_come_first_more_often() -> None:
    light, heavy = Service(1, 1, 5060, "light"), Service(1, 9, 5060, "heavy")
    first = [in_order([light, heavy])[0].host for _ in range(1000)]
    assert 800 < first.count("heavy") < 980
    assert in_order([Service(2, 99, 1, "later"), light])[0] is light


class Server(asyncio.DatagramProtocol):
    """A name service of two names."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        name, kind = query.question[0].name, query.question[0].rdtype.name
        records = {
            ("_sip._udp.sip.example.", "SRV"): ("1 0 5070 a.sip.example.",),
            ("_sip._udp.none.example.", "SRV"): ("0 0 0 .",),
            ("a.sip.example.", "A"): ("192.0.2.1",),
            ("a.sip.example.", "AAAA"): ("2001:db8::1",),
        }
        if texts := records.get((name.to_text(), kind)):
            answer.answer.append(dns.rrset.from_text(name, 120, "IN", kind, *texts))
        answer.flags |= dns.flags.RA
        self._transport.sendto(answer.to_wire(), addr)


@pytest.fixture
async def service() -> AsyncIterator[Dns]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = transport.get_extra_info("sockname")[1]
    yield Dns(resolver)
    transport.close()


async def test_a_real_name_service_is_understood(service: Dns) -> None:
    found = await find("sip.example", "udp", service)
    assert found.targets == (
        Target("192.0.2.1", 5070, "sip.example"),
        Target("2001:db8::1", 5070, "sip.example"),
    )
    assert found.seconds == 120.0


async def test_a_service_that_decidedly_is_not_there_is_none(service: Dns) -> None:
    assert await service.services("_sip._udp.none.example") == ([], 120.0)


async def test_a_name_service_that_is_silent_is_no_answer() -> None:
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = 9
    with pytest.raises(NoAnswer, match=r"did not tell where _sip._udp.sip.example is"):
        await Dns(resolver, seconds=0.2).services("_sip._udp.sip.example")


@pytest.mark.parametrize("name", ["", ".", "a..b", "x" * 300, "ä" * 70, "a b", "\x00"])
async def test_no_name_at_all_does_harm(service: Dns, name: str) -> None:
    with pytest.raises(NoAnswer):
        await find(name, "udp", service)
