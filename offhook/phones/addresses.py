"""Which of our addresses a peer should see, and whether it sits behind NAT.

A peer inside one of our own networks is told the address it reached; one outside is told the public
address, where there is one. No name is ever looked up here: a call must not wait for DNS.
"""

import contextlib
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from offhook.sip.flow import Flow

PRIVATE = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "127.0.0.0/8",
    "::1/128",
    "fe80::/10",
    "fc00::/7",
)
_REMEMBERED = 65536  # peers whose answer is kept; then all are forgotten and worked out anew


class Addresses:
    """What we call ourselves, peer by peer."""

    def __init__(self, *, public: str = "", public6: str = "", local: Sequence[str] = PRIVATE) -> None:
        self._public = {4: public, 6: public6}
        self._local = [ip_network(network) for network in local]
        self._seen: dict[tuple[str, str], str] = {}

    def host(self, flow: Flow) -> str:
        """The address that this peer's packets, and its sound, should be sent to."""
        key = flow.host, flow.local_host
        if (host := self._seen.get(key)) is None:
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            host = self._seen[key] = self._work_out(flow)
        return host

    def hostport(self, flow: Flow) -> str:
        """The same with the port, as Via and Contact want it."""
        return f"{bracketed(self.host(flow))}:{flow.local_port}"

    def is_local(self, host: str) -> bool:
        address = literal(host)
        return address is not None and any(
            address in network for network in self._local if network.version == address.version
        )

    def _work_out(self, flow: Flow) -> str:
        address = literal(flow.host)
        public = self._public[6 if address is not None and address.version == 6 else 4]
        return public if public and not self.is_local(flow.host) else flow.local_host.partition("%")[0]


def literal(host: str) -> IPv4Address | IPv6Address | None:
    """`host` as an address, or None if it is a name. Brackets, zone and IPv4-in-IPv6 are taken off."""
    try:
        address = ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def same_host(one: str, other: str) -> bool:
    """Whether two ways of writing an address mean the same one."""
    if one == other:
        return True
    a = literal(one)
    return a is not None and a == literal(other)


def address_towards(host: str) -> str:
    """The address of ours that the machine would send from to this peer."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.closing(socket.socket(family, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect((host, 9))  # sends nothing; asks the routing table
            return str(probe.getsockname()[0])
        except OSError:
            return "::1" if family == socket.AF_INET6 else "127.0.0.1"


def place_of(host: str) -> str:
    """Whom to count strangers by: an IPv6 host has a whole /64 to choose its addresses from."""
    return str(ip_network(f"{host.partition('%')[0]}/64", strict=False)) if ":" in host else host


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
