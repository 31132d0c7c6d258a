"""A company to dial in: people, groups, nodes and trunks, and a town outside that notes what rings there.

    root      Anna 10, Ben 20, Carla 30, Dora 40, Emil 11; group Service 200; trunks at 0; node Munich at 7
    Munich    Max 21, Mia 22, Moritz 23; its escape is 9

What is dialled from the outside are our numbers +49 7031 73009-…
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from offhook.calls.cause import Cause
from offhook.calls.leg import Leg, Party
from offhook.calls.media import G711, Codecs
from offhook.calls.routing import Ask, Plan
from offhook.dialplan.model import (
    ROOT,
    Diversion,
    Filter,
    FilterRow,
    Limits,
    Line,
    Location,
    Mobile,
    Node,
    Ringing,
    Tables,
    Trunk,
)
from offhook.dialplan.plan import Dialplan
from offhook.dialplan.world import Group, Outward, Own, Toll

GERMANY = Location("49", "7031", external="0", subscriber=("+49703173009",), emergency=("110", "112"))


@dataclass(frozen=True)
class Device:
    id: str
    party: Party
    is_reachable: bool = True
    speaks: Codecs = G711

    def open_legs(self) -> Sequence[Leg]:
        return ()


@dataclass(frozen=True)
class Somebody:
    name: str
    number: str
    node: str = ROOT
    do_not_disturb: bool = False
    call_waiting: bool = True
    line: Line = Line()  # noqa: RUF009  # it is frozen

    @property
    def id(self) -> str:
        return self.name.lower()


@dataclass
class Town:
    """The outside: which trunks are open, and what has been rung there, by the id of the device."""

    closed: set[str] = field(default_factory=set)
    full: set[str] = field(default_factory=set)
    rung: dict[str, Outward] = field(default_factory=dict)

    def is_open(self, trunk: str, *, emergency: bool = False) -> bool:
        return trunk not in self.closed and (emergency or trunk not in self.full)

    def device(self, outward: Outward, whose: Party | None = None) -> Device:
        party = whose or Party(outward.number, device=f"trunk:{outward.ways[0].trunk}", outside=True)
        ways = "+".join(way.trunk for way in outward.ways)
        id = party.device if whose is not None else f"{outward.number}@{ways}"
        self.rung[id] = outward
        return Device(id, party)


@dataclass
class Purse:
    """Who has spent all, and on what."""

    empty: set[tuple[str, Toll]] = field(default_factory=set)

    def refuses(self, user: str, toll: Toll, limits: Limits) -> Cause | None:
        return Cause.LIMITED if (user, toll) in self.empty else None


class Staff:
    """Everybody in the house. A device's id is the user's with "-desk" or "-tab" behind it."""

    def __init__(self, *users: Somebody) -> None:
        self.users: dict[str, Somebody] = {}
        self.devices: dict[str, list[Device]] = {}
        self.mobiles: dict[str, list[Own]] = {}
        self.groups: dict[str, Group] = {}
        self.calls: dict[str, int] = {}
        self.idle: dict[str, float] = {}
        self.at_hand: set[str] = set()
        for user in users:
            self.move_in(user)

    def move_in(self, user: Somebody) -> None:
        ids = [f"{user.id}-desk", f"{user.id}-tab"] if user.name in ("Anna", "Ben") else [f"{user.id}-desk"]
        self.users[user.id] = user
        self.devices[user.id] = [Device(id, Party(user.number, user.name, user.id, id)) for id in ids]

    def user(self, id: str) -> Somebody | None:
        return self.users.get(id)

    def at(self, node: str, number: str) -> Somebody | None:
        return next((u for u in self.users.values() if (u.node, u.number) == (node, number)), None)

    def named(self, username: str) -> Somebody | None:
        return self.users.get(username.lower())

    def begins(self, node: str, digits: str) -> bool:
        numbers = [u.number for u in self.users.values() if u.node == node]
        numbers += [g.ringing.number for g in self.groups.values() if g.ringing.node == node]
        return any(number.startswith(digits) and number != digits for number in numbers)

    def group(self, node: str, number: str) -> Group | None:
        where = (node, number)
        return next((g for g in self.groups.values() if (g.ringing.node, g.ringing.number) == where), None)

    def devices_of(self, user: str) -> Sequence[Device]:
        return self.devices.get(user, ())

    def mobiles_of(self, user: str) -> Sequence[Own]:
        return self.mobiles.get(user, ())

    def is_at_hand(self, user: str) -> bool:
        return user in self.at_hand

    def calls_of(self, user: str) -> int:
        return self.calls.get(user, 0)

    def idle_since(self, user: str) -> float:
        return self.idle.get(user, 0.0)


TABLES = Tables(
    location=GERMANY,
    nodes=(Node("Munich", number="7", escape="9"),),
    filters=(
        Filter("house", (FilterRow("0", "nok"),)),
        Filter("office", (FilterRow("00", "ok"), FilterRow("000", "nok"), FilterRow("00043", "dear"))),
        Filter("dear", (FilterRow("000431", "ok"), FilterRow("00043?00", "nok"), FilterRow("", "nok"))),
        Filter("no-mobiles", (FilterRow("0017", "nok"),)),
        Filter("not-the-old", (FilterRow("8", "nok"),)),
    ),
    trunks=(
        Trunk("Fibre", number="0", hosts=("fibre.example",), main="+497031730090", direct="+49703173009"),
        Trunk("Copper", number="0", priority=2, hosts=("copper.example",), main="+497031999"),
        Trunk("Sea", number="0", priority=3, hosts=("sea.example",), for_numbers=("+44",), emergency=False),
        Trunk("Old", number="8", gateway=True, hosts=("192.0.2.8",), emergency=False),
    ),
)


class House:
    """The company, with a dial plan. States are changed as they would be: by setting what people set."""

    def __init__(self, tables: Tables = TABLES) -> None:
        self.staff = Staff(
            Somebody("Anna", "10"),
            Somebody("Ben", "20"),
            Somebody("Carla", "30"),
            Somebody("Dora", "40"),
            Somebody("Emil", "11"),
            Somebody("Max", "21", "Munich"),
            Somebody("Mia", "22", "Munich"),
            Somebody("Moritz", "23", "Munich"),
        )
        self.group("Service", Ringing("200"), "ben", "carla", "dora")
        self.town = Town()
        self.purse = Purse()
        self.refused: list[tuple[str, str, Cause]] = []
        self.plan = Dialplan(
            tables,
            self.staff,
            self.town,
            self.purse,
            find_name=self._find_name,
            refused=lambda user, to, cause: self.refused.append((user, to, cause)),
        )

    # ---- what people and the administrator set

    def set(self, user: str, *, do_not_disturb: bool | None = None, call_waiting: bool | None = None) -> None:
        known = self.staff.users[user]
        self.staff.users[user] = replace(
            known,
            do_not_disturb=known.do_not_disturb if do_not_disturb is None else do_not_disturb,
            call_waiting=known.call_waiting if call_waiting is None else call_waiting,
        )

    def line(self, user: str, **changes: object) -> None:
        known = self.staff.users[user]
        self.staff.users[user] = replace(known, line=msgspec.structs.replace(known.line, **changes))

    def divert(self, user: str, *diversions: Diversion) -> None:
        self.line(user, diversions=(*self.staff.users[user].line.diversions, *diversions))

    def mobile(self, user: str, mobile: Mobile) -> None:
        mobiles = self.staff.mobiles.setdefault(user, [])
        id = f"{user}-mobile{len(mobiles) + 1 if mobiles else ''}"
        mobiles.append(Own(id, "Mobile", mobile))

    def group(self, name: str, ringing: Ringing, *active: str, passive: tuple[str, ...] = ()) -> None:
        self.staff.groups[name] = Group(name, ringing, active, (*active, *passive))

    def unplug(self, *users: str) -> None:
        for user in users:
            self.staff.devices[user] = [replace(d, is_reachable=False) for d in self.staff.devices[user]]

    def trunk(self, name: str, **changes: object) -> None:
        trunks = [
            msgspec.structs.replace(t, **changes) if t.name == name else t for t in self.plan.tables.trunks
        ]
        self.plan.use(msgspec.structs.replace(self.plan.tables, trunks=tuple(trunks)))

    def node(self, name: str, **changes: object) -> None:
        nodes = [
            msgspec.structs.replace(n, **changes) if n.name == name else n for n in self.plan.tables.nodes
        ]
        self.plan.use(msgspec.structs.replace(self.plan.tables, nodes=tuple(nodes)))

    # ---- who calls

    def party(self, who: str) -> Party:
        """A user by id at their desk, or "Fibre:+4930555": somebody outside who comes by that trunk."""
        if (user := self.staff.users.get(who)) is not None:
            return Party(user.number, user.name, user.id, f"{user.id}-desk")
        trunk, _, number = who.partition(":")
        return Party(number, device=f"trunk:{trunk}", outside=True)

    def ask(self, who: str, number: str, talks: str = "") -> Ask:
        return Ask(self.party(who), number, self.party(talks) if talks else None)

    def dial(self, who: str, number: str, talks: str = "") -> Plan:
        return self.plan.route(self.ask(who, number, talks))

    def _find_name(self, text: str) -> Somebody | None:
        """Like the server's: it knows numbers of the root too, whoever asks."""
        if text.startswith("sip:"):
            text, _, host = text.removeprefix("sip:").partition("@")
            if host != "pbx.example":
                return None
        return self.staff.at(ROOT, text) or self.staff.named(text)


def course(plan: Plan) -> str:
    """Who rings in which rounds, and what the caller hears at last: "ben-desk ben-tab 30 > no-answer".

    Behind a round stands in brackets what comes when it is busy or declined, and when nobody answers it.
    """
    return " > ".join([*_rounds(plan), plan.otherwise.value])


def _rounds(plan: Plan) -> Iterator[str]:
    for round in plan.rounds:
        rung = []
        for device in round.devices:
            m = (round.manners or {}).get(device.id)
            rung.append(
                device.id + (f"(+{m.delay:g},{m.min_alert:g},{m.max_alert:g})" if m is not None else "")
            )
        text = " ".join([*rung, f"{round.seconds:g}"])
        if round.onward is not None:
            busy, no_answer = round.onward(Cause.BUSY), round.onward(Cause.NO_ANSWER)
            if busy is not None:
                text += f" [busy: {course(busy)}]"
            if no_answer is not None:
                text += f" [else: {course(no_answer)}]"
        yield text
