"""Where the hosts of a trunk are: SRV and address records (RFC 3263 §4), asked off the way of every call.

An address needs none of it, a name with a port only its addresses; a bare name may have SRV records.
"""

import asyncio
import random
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Protocol

import dns.asyncresolver
import dns.exception
import dns.rdatatype
import dns.resolver

from offhook.sip.flow import Transport

SHORTEST, LONGEST = 30.0, 3600.0  # seconds an answer is kept, whatever its TTL
_UNTOLD = 300.0  # what is kept of an answer without a TTL
_SERVICES = {"udp": "_sip._udp.", "tcp": "_sip._tcp.", "tls": "_sips._tcp."}


class NoAnswer(Exception):
    """The name is unknown, or nobody could be asked; the sentence says which."""


@dataclass(frozen=True, slots=True)
class Service:
    """An SRV record, RFC 2782."""

    priority: int
    weight: int
    port: int
    host: str


@dataclass(frozen=True, slots=True)
class Target:
    """One address to send to; `name` is what its certificate must be for."""

    host: str
    port: int
    name: str


@dataclass(frozen=True, slots=True)
class Found:
    """The addresses of one host, best first, and for how long they hold; None is for ever."""

    targets: tuple[Target, ...]
    seconds: float | None


class Names(Protocol):
    """The name service. Both raise NoAnswer; the number is the TTL."""

    async def services(self, name: str) -> tuple[Sequence[Service], float]:
        """Empty if there are none."""

    async def addresses(self, name: str) -> tuple[Sequence[str], float]: ...


async def find(host: str, transport: Transport, names: Names) -> Found:
    """The addresses of a host as a trunk names it. Raises NoAnswer."""
    name, port = split(host)
    usual = 5061 if transport == "tls" else 5060
    if is_address(name):
        return Found((Target(name, port or usual, name),), None)
    if port is not None:
        return await _addresses(name, port, name, names)
    services, seconds = await names.services(_SERVICES[transport] + name)
    if not services:
        return await _addresses(name, usual, name, names)
    targets: list[Target] = []
    for service in in_order(services):
        try:
            found = await _addresses(service.host, service.port, name, names)
        except NoAnswer:
            continue  # the others may be had
        targets += found.targets
        seconds = min(seconds, found.seconds or seconds)
    if not targets:
        raise NoAnswer(f"none of the hosts that {name} names has an address")
    return Found(tuple(targets), _held(seconds))


def split(host: str) -> tuple[str, int | None]:
    """A host as it is written, and the port if there is one; IPv6 with a port stands in brackets."""
    if host.startswith("["):
        name, _, rest = host[1:].partition("]")
        port = rest.removeprefix(":")
    elif host.count(":") == 1:
        name, _, port = host.partition(":")
    else:
        name, port = host, ""
    return name, int(port) if port.isdecimal() else None


def is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def in_order(services: Sequence[Service]) -> list[Service]:
    """By priority; among equals by lot, the heavier the likelier (RFC 2782)."""

    def lot(service: Service) -> float:
        return float(random.random() ** (1.0 / (service.weight or 0.01)))  # noqa: S311  # guards nothing

    return sorted(services, key=lambda each: (each.priority, -lot(each)))


async def _addresses(host: str, port: int, name: str, names: Names) -> Found:
    if is_address(host):
        return Found((Target(host, port, name),), None)
    addresses, seconds = await names.addresses(host)
    if not addresses:
        raise NoAnswer(f"{host} has no address")
    return Found(tuple([Target(address, port, name) for address in addresses]), _held(seconds))


def _held(seconds: float) -> float:
    return min(max(seconds, SHORTEST), LONGEST)


class Dns:
    """The name service of this machine; for addresses what the machine itself knows (hosts) as well."""

    def __init__(self, resolver: dns.asyncresolver.Resolver | None = None, *, seconds: float = 5.0) -> None:
        self._resolver = resolver
        self._seconds = seconds  # for one question

    async def services(self, name: str) -> tuple[Sequence[Service], float]:
        answer = await self._ask(name, "SRV")
        if answer is None or answer.rrset is None:
            return (), _UNTOLD
        records = [each for each in answer if str(each.target) != "."]  # ".": decidedly no such service
        found = [
            Service(each.priority, each.weight, each.port, str(each.target).rstrip(".")) for each in records
        ]
        return found, float(answer.rrset.ttl)

    async def addresses(self, name: str) -> tuple[Sequence[str], float]:
        found: list[str] = []
        seconds = LONGEST
        for kind in ("A", "AAAA"):
            try:
                answer = await self._ask(name, kind)
            except NoAnswer:
                continue
            if answer is not None and answer.rrset is not None:
                found += [str(each.address) for each in answer]
                seconds = min(seconds, float(answer.rrset.ttl))
        return (found, seconds) if found else (await _known_here(name), _UNTOLD)

    async def _ask(self, name: str, kind: str) -> "dns.resolver.Answer | None":
        try:
            if self._resolver is None:
                self._resolver = dns.asyncresolver.Resolver()
            return await self._resolver.resolve(name, kind, lifetime=self._seconds, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return None
        except (dns.exception.DNSException, OSError, ValueError) as why:
            raise NoAnswer(f"the name service did not tell where {name} is: {why}") from why


async def _known_here(name: str) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        rows = await loop.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as why:
        raise NoAnswer(f"{name} has no address") from why
    return list(dict.fromkeys(str(row[4][0]) for row in rows))
