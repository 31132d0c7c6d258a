"""A telephone exchange on loopback: real edge, switch and dial plan, and an engine that only remembers."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from offhook.calls.media import Engine, Port
from offhook.calls.switch import Switch
from offhook.clock import Clock
from offhook.config import Address, Config, Limits, Sip
from offhook.dialplan.model import Tables
from offhook.dialplan.plan import Dialplan
from offhook.feed import Feed
from offhook.ids import LiveIds
from offhook.media.fake import FakeEngine
from offhook.people.devices import Devices
from offhook.people.directory import DeviceInfo, Directory, Srtp, User
from offhook.people.groups import Groups
from offhook.people.here import Here
from offhook.people.presence import PresenceKeeper
from offhook.phones.device import PhoneDevice
from offhook.phones.edge import Phones
from offhook.phones.lines import PortOwner
from offhook.sip.auth import ha1
from offhook.sip.dialog import TalkingDialog
from offhook.sip.flow import Transport
from offhook.store.bindings import KeptBinding
from tests.dialplan.house import Purse, Town
from tests.phones.phone import Phone

REALM = "offhook"
PASSWORD = "secret"
NAMES = ("anna", "ben", "carla", "dora")


@dataclass
class MemoryStore:
    """Bindings as a disk would keep them."""

    rows: dict[tuple[str, bytes], KeptBinding] = field(default_factory=dict)

    def put(self, bindings: Sequence[KeptBinding]) -> None:
        for row in bindings:
            self.rows[row.device, row.contact] = row

    def remove(self, contacts: Sequence[tuple[str, bytes]]) -> None:
        for key in contacts:
            self.rows.pop(key, None)


@dataclass
class MemoryDialogs:
    """What talks, as a disk would keep it."""

    rows: dict[str, TalkingDialog] = field(default_factory=dict)

    def talks(self, leg: str, dialog: TalkingDialog) -> None:
        self.rows[leg] = dialog

    def ended(self, leg: str) -> None:
        del self.rows[leg]


def people(srtp: Srtp = "off") -> Directory:
    """Anna is 101, Ben 102, Carla 103, Dora 104; each has a phone `<name>-desk`."""
    users, devices = [], []
    for number, name in enumerate(NAMES, 101):
        sip_user = f"{name}-desk"
        users.append(User(name, name, name.capitalize(), str(number)))
        devices.append(
            DeviceInfo(
                f"d-{name}",
                name,
                sip_user,
                "phone",
                sip_user,
                ha1(sip_user, REALM, PASSWORD, "MD5"),
                ha1(sip_user, REALM, PASSWORD, "SHA-256"),
                srtp,
            )
        )
    return Directory(users, devices)


class Exchange:
    """Everything between phones, with windows into it."""

    def __init__(
        self,
        host: str,
        *,
        store: MemoryStore | None = None,
        context: Callable[[], ssl.SSLContext] | None = None,
        srtp: Srtp = "off",
        ports: tuple[int, int, int] = (0, 0, 0),
        limits: Limits | None = None,
        media: Engine | None = None,  # one with sound
    ) -> None:
        loop = asyncio.get_running_loop()
        self.host = host
        self.store = store or MemoryStore()
        self.engine = FakeEngine()
        self.directory = people(srtp)
        self.reached: dict[str, int] = {}
        self.owners: dict[Port, PortOwner] = {}
        self.dialogs = MemoryDialogs()
        self.lag = 0.0
        ids = LiveIds("hq", 1)
        feed = Feed()
        self._devices: Devices[PhoneDevice] = Devices(feed)
        presence = PresenceKeeper(feed, loop.time)
        self.people = Here(self.directory, self._devices, Groups(feed), presence)
        self.dialplan = Dialplan(Tables(), self.people, Town(), Purse())
        self.limits = limits or Limits(calls_per_user=100)
        self.switch = Switch(
            lambda ask: self.dialplan.route(ask),
            media or self.engine,
            feed,
            ids,
            devices_of=self.people.devices_of,
            calls_at_most=self.limits.calls,
        )
        written = f"[{host}]" if ":" in host else host
        udp, tcp, tls = ((Address(f"{written}:{port}"),) for port in ports)
        self.phones = Phones(
            Config(sip=Sip(realm=REALM, udp=udp, tcp=tcp, tls=tls), limits=self.limits),
            self.directory,
            self.switch,
            clock=Clock(loop.time, time.time),
            store=self.store,
            reached=self.reached.__setitem__,
            owners=self.owners,
            ids=ids,
            dialogs=self.dialogs,
            lag=lambda: self.lag,
            context=context,
            is_emergency=lambda number: self.dialplan.is_emergency(number),
        )
        for info in self.directory.devices():
            self._devices.add(info, self.phones.device(info))
        self._ticking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.phones.start()
        self._ticking = asyncio.get_running_loop().create_task(self._tick())

    async def stop(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
        await self.phones.stop()

    def address(self, transport: Transport) -> tuple[str, int]:
        return next((host, port) for kind, host, port in self.phones.listening if kind == transport)

    async def phone(
        self, name: str, transport: Transport = "udp", *, password: str = PASSWORD, register: bool = True
    ) -> Phone:
        """A phone of this user, registered."""
        context = None
        if transport == "tls":
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        phone = await Phone.open(
            f"{name}-desk", password, self.address(transport), transport, context=context
        )
        try:
            if register:
                await phone.register()
        except BaseException:
            await phone.close()
            raise
        return phone

    def device(self, name: str) -> PhoneDevice:
        """The desk phone of this user."""
        (device,) = self._devices.of(name)
        return device

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left of any call."""
        return (
            not self.switch.calls
            and not self.engine.open_ports
            and not self.owners
            and not self.dialogs.rows
            and self.phones.lines.unanswered == 0
            and self.phones.endpoint.counters["sessions"] == 0
        )

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(0.02)
            self.switch.tick(asyncio.get_running_loop().time())


@asynccontextmanager
async def running(exchange: Exchange) -> AsyncIterator[Exchange]:
    await exchange.start()
    try:
        yield exchange
    finally:
        await exchange.stop()


async def eventually(holds: Callable[[], bool], what: str, within: float = 30.0) -> None:
    """Waits for a fact about the exchange, which nobody announces."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while not holds():
        assert loop.time() < deadline, f"not within {within:g} s: {what}"
        await asyncio.sleep(0.01)
