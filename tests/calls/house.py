"""A telephone system without wires: legs and ports that write down what they are told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from offhook.calls.cause import Cause
from offhook.calls.leg import Answered, Leg, Outcome, Party
from offhook.calls.media import G711, Bridge, Codecs, Kind, NoMedia, Port
from offhook.calls.moments import Moment
from offhook.calls.routing import Ask, Deed, Plan, Round, first_of
from offhook.calls.switch import Switch
from offhook.calls.view import CallView
from offhook.dialplan.model import Tables
from offhook.dialplan.plan import Dialplan
from offhook.feed import Feed
from offhook.ids import LiveIds
from offhook.people.devices import Devices
from offhook.people.directory import DeviceInfo, Directory, User
from offhook.people.groups import Groups
from offhook.people.here import Here
from offhook.people.presence import PresenceKeeper
from tests.dialplan.house import Purse, Town

ids = count(1)


@dataclass(eq=False)
class FakePort:
    name: str
    codecs: Codecs = G711
    dialled: str = ""
    is_open: bool = True

    def offer(self, *, like: Codecs | None = None) -> str:
        return "offer"

    def answer(self, offer: str, *, like: Codecs | None = None) -> str:
        return "answer"

    def accept(self, answer: str) -> None:
        pass

    def dial(self, key: str) -> None:
        self.dialled += key

    def close(self) -> None:
        self.is_open = False


class FakeBridge:
    """Knows who is in it and what each may say and hear."""

    def __init__(self, engine: "FakeEngine") -> None:
        self.engine = engine
        self.ports: list[FakePort] = []
        self.members: dict[FakePort, tuple[bool, bool]] = {}
        self.is_open = True

    def open(self, kind: Kind, **how: Any) -> Port:
        if self.engine.is_empty:
            raise NoMedia
        port = FakePort(str(how.get("sound") or kind))
        self.ports.append(port)
        return port

    def take(self, port: Port) -> None:
        assert isinstance(port, FakePort)
        if self.engine.is_unable_to_link:
            raise NoMedia
        for bridge in self.engine.bridges:
            if bridge is not self and port in bridge.ports:
                bridge.ports.remove(port)
                bridge.members.pop(port, None)
                self.ports.append(port)

    def join(self, port: Port, *, heard: bool = True, hears: bool = True) -> None:
        assert isinstance(port, FakePort)
        assert port.is_open, "only an open port can join"
        self.members[port] = heard, hears

    def replace(self, old: Port, new: Port) -> None:
        assert isinstance(old, FakePort)
        assert isinstance(new, FakePort)
        self.members[new] = self.members.pop(old)

    def leave(self, port: Port) -> None:
        assert isinstance(port, FakePort)
        del self.members[port]

    def close(self) -> None:
        self.is_open = False
        for port in self.ports:
            port.close()
        self.members.clear()

    def hears(self, name: str) -> set[str]:
        """Whom the port of this name hears."""
        listener = next((p for p, (_, hears) in self.members.items() if p.name == name and hears), None)
        if listener is None or not listener.is_open:
            return set()
        return {p.name for p, (heard, _) in self.members.items() if heard and p is not listener and p.is_open}


class FakeEngine:
    def __init__(self) -> None:
        self.bridges: list[FakeBridge] = []
        self.is_empty = False
        self.is_full = False
        self.is_unable_to_link = False

    def bridge(self, *, near: Bridge | None = None) -> Bridge:
        if self.is_full:
            raise NoMedia
        self.bridges.append(FakeBridge(self))
        return self.bridges[-1]


@dataclass(eq=False)
class FakeLeg:
    party: Party
    told_: list[str] = field(default_factory=list)
    port: Port | None = None
    codecs: Codecs = G711
    hops: int = 70
    takes_orders: bool = False
    like: Codecs | None = None  # as it was told when it rang
    bridge: Bridge | None = None
    shown: str = ""  # on its display
    number_shown: str = ""
    id: str = field(default_factory=lambda: f"l{next(ids)}")

    def ring(
        self, who: Party, bridge: Bridge, *, like: Codecs | None, auto_answer: bool = False, hops: int = 70
    ) -> None:
        self.bridge, self.like, self.shown, self.number_shown = bridge, like, who.name, who.number
        self.hops_told = hops
        self.told_.append(f"ring from {who.name or who.number}" + (" by itself" if auto_answer else ""))

    def proceed(self, bridge: Bridge, *, early: Codecs | None = None) -> None:
        if early is not None:
            self.opens(bridge)
        self.told_.append("proceed early" if early is not None else "proceed")

    def answer(self, bridge: Bridge, *, like: Codecs) -> None:
        self.opens(bridge)
        self.told_.append("answer")

    def connected_to(self, party: Party) -> None:
        self.shown, self.number_shown = party.name, party.number

    def pick_up(self) -> None:
        self.told_.append("pick up")

    def hold(self, holding: bool) -> None:
        self.told_.append("hold" if holding else "resume")

    def enter(self, bridge: Bridge) -> None:
        self.bridge = bridge

    def told(self, outcome: Outcome) -> None:
        self.told_.append(f"told {outcome.cause}")

    def hangup(self, cause: Cause) -> None:
        self.told_.append(f"hangup {cause}")

    def opens(self, bridge: Bridge) -> None:
        if self.port is None:
            self.port = FakePort(self.party.device)
            assert isinstance(bridge, FakeBridge)
            bridge.ports.append(self.port)


@dataclass(eq=False)
class FakeDevice:
    party: Party
    is_reachable: bool = True
    contacts: int = 1
    speaks: Codecs = G711
    legs: list[FakeLeg] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.party.device

    @property
    def leg(self) -> FakeLeg:
        return self.legs[-1]

    def open_legs(self) -> Sequence[Leg]:
        if not self.is_reachable:
            return ()
        legs = [FakeLeg(self.party) for _ in range(self.contacts)]
        self.legs += legs
        return legs


class House:
    """Anna and Dora have a desk phone, Ben a desk phone and a browser; Carla's phone is switched off.

    Ben's mobile, and whoever is outside at 0301234, ring where a test plans it.
    """

    def __init__(self, *, recorded: bool = False, calls: int = 1000, ringing_legs: int = 32) -> None:
        self.desk = self.device("anna", "Anna", "101", "anna-desk")
        self.ben_desk = self.device("ben", "Ben", "102", "ben-desk")
        self.ben_browser = self.device("ben", "Ben", "102", "ben-browser")
        self.carla = self.device("carla", "Carla", "103", "carla-desk")
        self.carla.is_reachable = False
        self.dora = self.device("dora", "Dora", "104", "dora-desk")
        self.mobile = self.device("ben", "Ben", "102", "ben-mobile")
        self.line = FakeDevice(Party("+49301234", "", "", "trunk:Fibre", outside=True))
        self.codes: dict[str, Deed] = {}  # numbers that stand for something else than a person
        self.plans: dict[str, Plan] = {"0301234": Plan((Round((self.line,)),), outside=True)}
        self.asked: Ask | None = None  # for the last time
        self.moments: list[Moment] = []
        self.feed = Feed()
        self.news: list[CallView] = []
        self.feed.watch(CallView, lambda old, new: self.news.append(new) if new else None)
        self.engine = FakeEngine()
        self.feed.watch(Moment, lambda old, new: self.moments.append(new) if new else None)
        people = owners_of(self.desk, self.ben_desk, self.ben_browser, self.carla, self.dora)
        dialplan = Dialplan(Tables(), people, Town(), Purse())
        self.switch = Switch(
            first_of([self._planned, dialplan.route]),
            self.engine,
            self.feed,
            LiveIds("hq", 1),
            devices_of=people.devices_of,
            recorded=recorded,
            calls_at_most=calls,
            ringing_legs=ringing_legs,
        )
        self.anna = FakeLeg(self.desk.party)

    def _planned(self, ask: Ask) -> Plan | None:
        self.asked = ask
        deed = self.codes.get(ask.number)
        return self.plans.get(ask.number) if deed is None else Plan((), deed=deed)

    def view_of(self, user: str) -> CallView | None:
        """The call this user is in now, as the feed has it."""
        found = [thing for thing in self.feed.things([f"own.{user}"]) if isinstance(thing, CallView)]
        return found[-1] if found else None

    def hears(self, leg: FakeLeg) -> set[str]:
        """Whom this leg hears, in whatever call it is."""
        bridge = next((b for b in self.engine.bridges if leg.port in b.members), None)
        return set() if bridge is None else bridge.hears(leg.party.device)

    @staticmethod
    def device(user: str, name: str, number: str, device: str) -> FakeDevice:
        return FakeDevice(Party(number, name, user, device))

    @property
    def bridge(self) -> FakeBridge:
        return self.engine.bridges[-1]

    @property
    def view(self) -> CallView:
        return self.news[-1]

    def answers(self, leg: FakeLeg, now: float) -> None:
        """A called phone is picked up: it has a port from then on."""
        assert isinstance(leg.bridge, FakeBridge)
        leg.opens(leg.bridge)
        self.switch.tell(leg, Answered(), now)


def owners_of(*devices: FakeDevice) -> Here:
    """Those whose devices these are, as the dial plan knows them; nobody is ever busy."""
    feed = Feed()  # one of its own: the house's is for what the switch says
    directory, live = Directory(), Devices[FakeDevice](feed)
    for device in devices:
        party = device.party
        directory.put_user(User(party.user, party.user, party.name, party.number))
        info = DeviceInfo(device.id, party.user, "Phone", "phone")
        directory.put_device(info)
        live.add(info, device)
    return Here(directory, live, Groups(feed), PresenceKeeper(feed, lambda: 0.0))
