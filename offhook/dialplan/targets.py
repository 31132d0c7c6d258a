"""Where calls go instead: what a user or the administrator has written, as far as it leads somewhere."""

from collections.abc import Callable

from msgspec.structs import replace

from offhook.calls.cause import Cause
from offhook.calls.leg import Party
from offhook.calls.routing import Plan
from offhook.calls.view import Via
from offhook.dialplan.diversions import Case
from offhook.dialplan.emergency import Emergency
from offhook.dialplan.goals import Finder, Goal, ToNobody, ToOutside, key_of
from offhook.dialplan.location import clean
from offhook.dialplan.model import NOWHERE, Node, Trunk
from offhook.dialplan.walk import Payer, Walk
from offhook.dialplan.world import Group

_LEADS_NOWHERE = frozenset(
    (
        Cause.BARRED,
        Cause.UNKNOWN_NUMBER,
        Cause.INCOMPLETE,
        Cause.LIMITED,
        Cause.NO_LINE,
        Cause.NO_OUTSIDE,
        Cause.LOOP,
    )
)


class Targets:
    """`go` makes a plan of whatever a target turns out to be."""

    def __init__(self, finder: Finder, emergency: Emergency, go: Callable[[Walk, Goal], Plan]) -> None:
        self._finder = finder
        self._emergency = emergency
        self._go = go

    def find(self, walk: Walk, to: str) -> Goal:
        """What a target stands for. Emergency numbers are none: they would be called with every call."""
        goal = self._finder.find(walk, to)
        there = goal.number if isinstance(goal, ToOutside) else ""
        if self._emergency.is_no_target(clean(to)) or self._emergency.is_no_target(there):
            walk.say("Calls cannot be sent to an emergency number.")
            return ToNobody(Cause.BARRED)
        return goal

    def lead(self, walk: Walk, to: str) -> Plan | Cause:
        """Where a target leads; a cause if it leads nowhere at all, or back."""
        goal = self.find(walk, to)
        if isinstance(goal, ToNobody):
            return goal.cause
        if key_of(goal) in walk.passed:
            walk.say("That leads back to who has had the call, or is making it: it is ignored.")
            return Cause.LOOP
        plan = self._go(walk, goal)
        return plan if plan.rounds or plan.otherwise not in _LEADS_NOWHERE else plan.otherwise

    def laid_down(self, walk: Walk, to: str, by: Trunk | Node | Group, what: str) -> Plan | None:
        """A target of the administrator's: no filter holds it up, and nobody pays for it."""
        if not to or to == NOWHERE:
            return None
        match by:
            case Trunk():
                node, number = by.node, by.main or by.number
            case Node():
                node, number = by.name, by.number
            case Group():
                node, number = by.ringing.node, by.ringing.number
        walk.say("{} has {} for {}.", by.name, to, what)
        by_whom = Party(number, by.name) if isinstance(by, Group) else walk.called
        if by_whom is not None:
            walk = walk.because(Via("diverted", by_whom))
        payer = Payer(Party(number, by.name), None)
        led = self.lead(replace(walk, node=node, payer=payer, filters=(), diverting=None, why=""), to)
        if isinstance(led, Plan):
            return led
        walk.say("That leads nowhere: {}", led.sentence)
        return None

    def of_the_house(self, walk: Walk, node: str, case: Case) -> Plan | None:
        """For calls to this node that are not taken: those from other nodes, and those from a trunk."""
        found = self._finder.tree.node(node)
        if found is not None and found.name != walk.origin:
            to = found.busy if case == "busy" else found.no_answer
            if (plan := self.laid_down(walk, to, found, f"calls that are not taken ({case})")) is not None:
                return plan
        if (trunk := walk.trunk) is not None:
            to = trunk.busy if case == "busy" else trunk.no_answer
            return self.laid_down(walk, to, trunk, f"calls that are not taken ({case})")
        return None

    def misdialled(self, walk: Walk, goal: ToNobody) -> Plan | None:
        """For numbers that nobody has."""
        node = self._finder.tree.node(goal.node)
        if node is not None and node.name != walk.origin:
            plan = self.laid_down(walk, node.invalid, node, "wrong numbers")
            if plan is not None:
                return plan
        if (trunk := walk.trunk) is None:
            return None
        if goal.cause is Cause.INCOMPLETE:
            return self.laid_down(walk, trunk.incomplete, trunk, "incomplete numbers")
        return self.laid_down(walk, trunk.invalid, trunk, "wrong numbers")
