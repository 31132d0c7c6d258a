"""The numbering tree: what digits mean in a node, and how an object is dialled from another one."""

from dataclasses import dataclass

import msgspec

from offhook.dialplan.location import canonical, clean, sited, upwards
from offhook.dialplan.location import dialled as dialled_at
from offhook.dialplan.model import ROOT, Location, Node, Tables, Trunk
from offhook.dialplan.ours import Numbers, Ours
from offhook.dialplan.world import Group, Known, People


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """`node` is where the search ended, `digits` what was left there, `steps` how it came there."""

    node: str
    digits: str
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToUser(Found):
    user: Known


@dataclass(frozen=True, slots=True, kw_only=True)
class ToGroup(Found):
    group: Group


@dataclass(frozen=True, slots=True, kw_only=True)
class ToTrunk(Found):
    """`digits` are those behind the number of the trunks; for a gateway its number is among them."""

    trunks: tuple[Trunk, ...]  # by priority


@dataclass(frozen=True, slots=True, kw_only=True)
class Incomplete(Found):
    """With more digits it may be something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown(Found):
    """Nobody's number."""


Hit = ToUser | ToGroup | ToTrunk | Incomplete | Unknown


class Tree:
    """All nodes and trunks, indexed by their numbers. A node that is not there is taken for the root."""

    def __init__(self, tables: Tables) -> None:
        self._nodes = {each.name: each for each in tables.nodes if each.name != ROOT}
        self._nodes[ROOT] = Node(ROOT, parent="", location=tables.location)
        self._sited = {name: sited(name, self._nodes, tables.location) for name in self._nodes}
        self._below = {name: _Beginnings() for name in self._nodes}
        for each in tables.nodes:
            if each.name != ROOT:
                self._below[self._known(each.parent)].add_node(each)
        for trunk in sorted(tables.trunks, key=lambda trunk: trunk.priority):
            self._below[self._known(trunk.node)].add_trunk(trunk)
        self._numbers = Numbers(self._sited, tables.trunks)
        self.leads_outside = not all(trunk.gateway for trunk in tables.trunks)

    def resolve(self, node: str, digits: str, people: People) -> Hit:
        """What somebody in this node reaches with these digits.

        The way goes up and then down, never up again: what is barred as a number of the own node
        cannot be had by way of another one.
        """
        name = self._known(node)
        steps: list[str] = []
        incomplete: Hit | None = None
        passed: set[str] = set()
        while name not in passed:
            passed.add(name)
            here = self._nodes[name]
            above = self._known(here.parent)
            if here.escape and digits.startswith(here.escape):
                steps.append(f"{here.escape} leads out of {name}, to {above}.")
                digits = digits.removeprefix(here.escape)
                name, incomplete = above, None
                continue
            hit = self._down(name, digits, people, steps)
            if here.escape and here.escape.startswith(digits) and isinstance(hit, Unknown):
                return _incomplete(name, digits, steps)
            if hit.node != name or not isinstance(hit, Incomplete | Unknown):
                return hit
            if isinstance(hit, Incomplete):
                incomplete = incomplete or hit
            if here.escape or name == ROOT:
                break
            steps.append(f"{name} has no escape, so {digits} is looked up above it, in {above}.")
            name = above
        return incomplete or Unknown(node=name, digits=digits, steps=tuple(steps))

    def _down(self, name: str, digits: str, people: People, steps: list[str]) -> Hit:
        """What these digits are in a node and those below it."""
        while True:
            if not digits:
                return _incomplete(name, digits, steps)
            if (user := people.at(name, digits)) is not None:
                steps.append(f"{digits} in {name} is {user.name}.")
                return ToUser(node=name, digits="", steps=tuple(steps), user=user)
            if (group := people.group(name, digits)) is not None:
                steps.append(f"{digits} in {name} is the group {group.name}.")
                return ToGroup(node=name, digits="", steps=tuple(steps), group=group)
            below = self._below[name]
            match below.longest(digits):
                case Node(name=child, number=number):
                    steps.append(f"{number} leads from {name} into the node {child}.")
                    name, digits = child, digits.removeprefix(number)
                case (Trunk(), *_) as trunks:
                    return _outside(name, digits, trunks, steps)
                case _:
                    if below.begins(digits) or people.begins(name, digits):
                        return _incomplete(name, digits, steps)
                    steps.append(f"{digits} is nobody's number in {name}.")
                    return Unknown(node=name, digits=digits, steps=tuple(steps))

    def as_dialled(self, number: str, of: str, from_: str) -> str:
        """The number of an object in node `of`, as it is dialled in node `from_`."""
        of, from_ = self._known(of), self._known(from_)
        if of == from_:
            return number
        down = {}  # by the node from which on: what comes before the number
        prefix = ""
        for here in upwards(of, self._nodes):
            down[here.name] = prefix
            prefix = here.number + prefix
        down[ROOT] = prefix
        escapes = ""
        for here in upwards(from_, self._nodes):
            if here.name in down:
                return escapes + down[here.name] + number
            escapes += here.escape
        return escapes + prefix + number

    def dialled(self, number: str, node: str, *, from_book: bool = False) -> str:
        """Like `location.dialled`, with the numbers of every node in mind: a colleague's is internal."""
        digits = clean(number)
        here = self.location(node)
        if digits.startswith("+") and (ours := self.ours(canonical(digits, here))) is not None:
            if ours.extension:
                return self.as_dialled(ours.extension, ours.node, node)
            here = msgspec.structs.replace(here, subscriber=())  # the switchboard's 0 is no extension
        return dialled_at(digits, here, from_book=from_book)

    def ours(self, number: str) -> Ours | None:
        """Whether a +E.164 number is one of our own: by the locations, or by what the trunks have."""
        return self._numbers.find(number)

    def number_at(self, trunk: Trunk, number: str, node: str) -> str:
        """The +E.164 number that an extension in this node has at a trunk; empty if it has none there."""
        if not number or (base := self._numbers.base(trunk)) is None:
            return ""
        return base.number + self.as_dialled(number, node, base.node)

    def location(self, node: str) -> Location:
        return self._sited[self._known(node)].location

    def node(self, name: str) -> Node | None:
        return self._nodes.get(name)

    def _known(self, node: str) -> str:
        return node if node in self._nodes else ROOT


class _Beginnings:
    """The numbers in a node that more digits may follow: of nodes below it, and of trunks."""

    def __init__(self) -> None:
        self._all: dict[str, Node | tuple[Trunk, ...]] = {}
        self._lengths: list[int] = []

    def add_node(self, node: Node) -> None:
        self._add(node.number, node)

    def add_trunk(self, trunk: Trunk) -> None:
        same = self._all.get(trunk.number, ())
        if isinstance(same, tuple) and all(trunk.gateway == other.gateway for other in same):
            self._add(trunk.number, (*same, trunk))

    def _add(self, number: str, what: Node | tuple[Trunk, ...]) -> None:
        if number:  # without one it cannot be dialled
            self._all[number] = what
            self._lengths = sorted({len(each) for each in self._all}, reverse=True)

    def longest(self, digits: str) -> Node | tuple[Trunk, ...] | None:
        for length in self._lengths:
            if (found := self._all.get(digits[:length])) is not None:
                return found
        return None

    def begins(self, digits: str) -> bool:
        return any(number.startswith(digits) for number in self._all)


def _incomplete(name: str, digits: str, steps: list[str]) -> Incomplete:
    told = f"{digits} is the beginning of a number" if digits else "More digits must follow"
    return Incomplete(node=name, digits=digits, steps=(*steps, f"{told} in {name}."))


def _outside(name: str, digits: str, trunks: tuple[Trunk, ...], steps: list[str]) -> Hit:
    first = trunks[0]
    rest = digits if first.gateway else digits.removeprefix(first.number)
    if not rest:
        return _incomplete(name, rest, [*steps, f"{first.number} takes an outside line."])
    if not first.gateway and not rest.isdigit():
        # A provider may take *21*…# from whoever calls as an order to divert our line.
        steps.append(f"{rest} is no number outside: there are digits only.")
        return Unknown(node=name, digits=rest, steps=tuple(steps))
    names = ", ".join(trunk.name for trunk in trunks)
    steps.append(f"{first.number} in {name} takes an outside line: {names}.")
    return ToTrunk(node=name, digits=rest, steps=tuple(steps), trunks=trunks)
