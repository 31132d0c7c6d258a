"""offhook.toml: how this server is set up. Users, devices and numbers are in the database, not here.

Three sources, the later one winning: the defaults below, the file, the environment
(OFFHOOK_<SECTION>_<KEY>, lists separated by commas). Any text can be kept in a file of its own:
`database_file = "/run/secrets/database"` or OFFHOOK_DATABASE_FILE. Whatever is wrong is said with
its file and line or its variable, its key, and what to write instead.
"""

import re
import socket
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

import msgspec

from offhook.people.directory import Srtp


class ConfigError(Exception):
    """What is wrong with the configuration and what to do about it, in a sentence."""


def masked(url: str) -> str:
    """The address of a database without its password."""
    return re.sub(r"(://[^:/@]*:).*@|([?&]password=)[^&]*", _hide, url)


def _hide(found: re.Match[str]) -> str:
    return f"{found[1]}***@" if found[1] else f"{found[2]}***"


class Address(str):
    """Where to listen: `0.0.0.0:5060`, `[::]:5060`; port 0 is any that is free."""

    host: str  # without brackets
    port: int

    def __new__(cls, text: str) -> "Address":
        address = super().__new__(cls, text)
        host, colon, port = text.rpartition(":")
        inside = host.removeprefix("[").removesuffix("]")
        if not colon or not inside or (":" in inside) != (host != inside):
            raise ValueError
        if not (port.isascii() and port.isdecimal() and int(port) <= 65535):
            raise ValueError
        address.host, address.port = inside, int(port)
        return address


class PortRange(str):
    """`16384-32767`, both ends included."""

    first: int
    last: int

    def __new__(cls, text: str) -> "PortRange":
        ports = super().__new__(cls, text)
        first, _, last = text.partition("-")
        ports.first, ports.last = int(first), int(last)
        if not 1024 <= ports.first < ports.last <= 65535:
            raise ValueError
        return ports


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all sections share."""


class Web(Section, frozen=True):
    """The page, for browsers."""

    listen: Address = Address("0.0.0.0:8443")
    https: bool = True  # browsers give a microphone to HTTPS pages only; off behind a proxy that does it
    certificate: str = ""  # PEM files; without them a certificate is made in `data`
    key: str = ""
    url: str = ""  # how users reach the page


class Sip(Section, frozen=True):
    """Phones."""

    domain: str = ""  # what follows the @ in our users' addresses
    realm: str = "offhook"  # part of every phone's secret: cannot be changed once there are phones
    udp: tuple[Address, ...] = (Address("0.0.0.0:5060"),)
    tcp: tuple[Address, ...] = (Address("0.0.0.0:5060"),)
    tls: tuple[Address, ...] = (Address("0.0.0.0:5061"),)
    certificate: str = ""  # those of [web] unless told otherwise
    key: str = ""
    srtp: Srtp = "auto"  # for phones added from now on


class Net(Section, frozen=True):
    """What we are called from outside."""

    public: str = ""  # our IPv4 address as the internet sees it, when this machine does not have it itself
    public6: str = ""
    local: tuple[str, ...] = (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "127.0.0.0/8",
        "::1/128",
        "fe80::/10",
        "fc00::/7",
    )


class Media(Section, frozen=True):
    """Sound."""

    workers: int = 0  # processes; 0: one less than there are cores, at least one
    ports: PortRange = PortRange("16384-32767")
    hosts: tuple[str, ...] = ()  # our addresses for sound; empty: all this machine has


class Limits(Section, frozen=True):
    """How much is too much."""

    calls: int = 1000  # at once, in all
    calls_per_user: int = 10  # at each phone, and in the page
    ringing_legs: int = 32  # of one call, at once
    connections_per_address: int = 100  # that have not yet proved who they are
    requests_per_second: int = 50  # from one address that has not


class Webhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is sent every record that is complete, and the secret it is signed with."""

    url: str
    secret: str


class Records(Section, frozen=True):
    """Call records."""

    call_list: Literal["builtin", "off"] = "builtin"  # what users see of them
    keep_days: int = 0  # 0: for ever
    webhook: tuple[Webhook, ...] = ()


class Log(Section, frozen=True):
    """What the person on call reads."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class Config(Section, frozen=True):
    """The whole of it. `completed` fills in what follows from the rest."""

    site: str = "hq"  # begins every id; cannot be changed once there are users
    data: str = "/var/lib/offhook"  # where what the server makes itself is kept
    database: str = ""  # sqlite:///path or postgresql://…; offhook.db in `data` if empty
    web: Web = Web()
    sip: Sip = Sip()
    net: Net = Net()
    media: Media = Media()
    limits: Limits = Limits()
    records: Records = Records()
    log: Log = Log()

    def completed(self) -> "Config":
        name = socket.gethostname()
        scheme = "https" if self.web.https else "http"
        web, sip = self.web, self.sip
        if not web.url:
            web = msgspec.structs.replace(web, url=f"{scheme}://{name}:{web.listen.port}")
        if not sip.certificate:
            sip = msgspec.structs.replace(sip, certificate=web.certificate, key=web.key)
        if not sip.domain:
            sip = msgspec.structs.replace(sip, domain=name)
        database = self.database or f"sqlite://{self.data}/offhook.db"
        return msgspec.structs.replace(self, web=web, sip=sip, database=database)


@dataclass(frozen=True, slots=True)
class Demo:
    """What `offhook demo` was asked for."""

    data: Path
    http: Address
    sip: Address
    sips: Address
    password: str = ""  # of all users and phones; empty: one is made up and printed

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return all(is_loopback(address.host) for address in (self.http, self.sip, self.sips))


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
