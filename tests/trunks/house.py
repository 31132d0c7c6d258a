"""The exchange of the phones' tests with trunks: 0 takes an outside line, its own numbers are +4930555…."""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from offhook.calls.cause import Cause
from offhook.calls.leg import Party
from offhook.calls.media import Engine
from offhook.calls.routing import Ask, Device, Plan, Round
from offhook.config import Limits as OfServer
from offhook.dialplan import incoming
from offhook.dialplan.model import Limits, Location, Tables, Trunk
from offhook.dialplan.tree import Tree
from offhook.dialplan.world import Outward, Toll, Way
from offhook.ids import LiveIds
from offhook.trunks.names import Names
from offhook.trunks.trunks import Trunks
from tests.calls.rules import everyone
from tests.phones.exchange import Exchange, eventually
from tests.trunks.provider import Provider

LOCATION = Location(country="49", area="30", external="0", subscriber=("+4930555",))


@dataclass
class Spending:
    """What was begun and given back, and for whom nothing is left."""

    open: list[tuple[str, Toll]] = field(default_factory=list)
    begun: int = 0
    exhausted: set[str] = field(default_factory=set)
    limits: list[Limits] = field(default_factory=list)

    def begin(self, user: str, toll: Toll, limits: Limits) -> Callable[[], None] | None:
        self.limits.append(limits)
        if user in self.exhausted:
            return None
        self.begun += 1
        self.open.append((user, toll))
        return lambda: self.open.remove((user, toll))


class House(Exchange):
    """Whatever is dialled with 0 goes by `ways`, at the cost of the caller."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        *,
        names: Names | None = None,
        media: Engine | None = None,
        context: Callable[[], ssl.SSLContext] | None = None,
        most: OfServer | None = None,
        trusts: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        super().__init__(host, rules=[self._outside, self._inside], media=media, context=context, limits=most)
        self.mobiles: dict[str, Device] = {}
        self.changes: list[list[str]] = []  # which trunks were open after each
        self.tolls = Spending()
        self.ways: tuple[Way, ...] = ()
        self.emergency = False
        self.tables = Tables(LOCATION)
        self.trunks = Trunks(
            self.phones,
            self.directory,
            self.switch,
            tolls=self.tolls,
            ids=LiveIds("outside", 1),
            outward_of=lambda user, device: self.outward("+4917055", Party("", user=user)),
            changed=lambda: self.changes.append([s.name for s in self.trunks.states() if s.is_open]),
            names=names,
            tls=trusts,
        )

    async def start(self) -> None:
        await super().start()
        self.trunks.start()

    async def stop(self) -> None:
        await self.trunks.stop()
        await super().stop()

    def use(self, *trunks: Trunk) -> None:
        """These trunks, and a way through each, in this order."""
        self.tables = Tables(LOCATION, trunks=trunks)
        self.ways = tuple([Way(trunk.name, "", "+4930555101", "Anna") for trunk in trunks])
        self.trunks.use(self.tables)

    async def opens(self, *names: str) -> None:
        await eventually(lambda: all(map(self.trunks.is_open, names)), f"{names} open")

    def outward(self, number: str, payer: Party) -> Outward:
        ways = tuple([Way(w.trunk, number, *_rest(w)) for w in self.ways])
        return Outward(number, ways, payer, "external", emergency=self.emergency)

    def _devices_of(self, user: str) -> list[Device]:
        return [
            self.mobiles.get(info.id) or self._devices[info.id] for info in self.directory.devices_of(user)
        ]

    def _outside(self, ask: Ask) -> Plan | None:
        if not ask.number.startswith("0") or not ask.caller.user:
            return None
        number = "112" if self.emergency else "+49" + ask.number.removeprefix("00")
        device = self.trunks.device(self.outward(number, ask.caller))
        if not device.is_reachable:
            return Plan((), Cause.NO_LINE, device.party)
        return Plan((Round((device,), 60.0),), Cause.NO_ANSWER, device.party)

    def _inside(self, ask: Ask) -> Plan | None:
        if not ask.caller.outside:
            return None
        trunk = next(t for t in self.tables.trunks if ask.caller.device == f"trunk:{t.name}")
        extension = incoming.called(trunk, ask.number, Tree(self.tables))
        rule = everyone(self.directory.by_number, self._devices_of, seconds=30.0)
        return rule(Ask(ask.caller, extension or ask.number))


def _rest(way: Way) -> tuple[str, str, str, str]:
    return way.calling, way.name, way.asserted, way.diverting


def trunk_to(provider: Provider, name: str = "Fibre", /, **settings: object) -> Trunk:
    """A trunk that leads to this provider."""
    transport = provider.flow.transport
    base: dict[str, object] = {"hosts": (provider.hostport,), "transport": transport, "number": "0"}
    return Trunk(name=name, **{**base, **settings})  # type: ignore[arg-type]  # settings by name


@asynccontextmanager
async def provided(house: House) -> AsyncIterator[Provider]:
    """A provider next door, who is there until the trunks have signed off."""
    provider = await Provider.at(house)
    try:
        yield provider
    finally:
        await house.trunks.stop()
        await provider.close()
