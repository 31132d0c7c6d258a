"""The rules of the house, joined: who rings for a call, and what comes when nobody answers.

They are asked again while a call rings (`Round.onward`), and see then who is free by then. Whatever a
target leads to, a call never comes back to who has had it, and no rule raises for what somebody has written.
"""

from dataclasses import dataclass, replace

from msgspec import structs

from offhook.calls.cause import Cause
from offhook.calls.leg import Party
from offhook.calls.routing import Ask, Plan, Round
from offhook.dialplan import incoming
from offhook.dialplan.emergency import Emergency
from offhook.dialplan.filters import Filters
from offhook.dialplan.goals import Finder, FindName, Goal, ToNobody, ToOutside, key_of
from offhook.dialplan.groups import GroupRule
from offhook.dialplan.lines import SECONDS, Lines, outside_party
from offhook.dialplan.location import clean
from offhook.dialplan.model import ROOT, Tables, Trunk
from offhook.dialplan.targets import Targets
from offhook.dialplan.tree import ToGroup, ToUser, Tree
from offhook.dialplan.users import NotLed, UserRule, rights
from offhook.dialplan.walk import Payer, Say, Walk
from offhook.dialplan.world import Outside, Outward, People, Tolls

OVERLAP_SECONDS = 4.0  # for who dials digit by digit


@dataclass(frozen=True, slots=True)
class World:
    """What the rules are given."""

    people: People
    outside: Outside
    tolls: Tolls
    find_name: FindName
    refused: NotLed


class Rules:
    """All rules on one state of the tables."""

    def __init__(self, tables: Tables, world: World) -> None:
        self.tree = Tree(tables)
        self.emergency = Emergency(tables, self.tree)
        self.trunks = {trunk.name: trunk for trunk in tables.trunks}
        self.finder = Finder(self.tree, Filters(tables.filters), world.people, world.find_name)
        self._people = world.people
        self._outside = world.outside
        self._lines = Lines(tables, self.tree, world.people, world.outside, world.tolls)
        self.targets = Targets(self.finder, self.emergency, self._go)
        self.users = UserRule(world.people, world.outside, self.targets, self._mobile, world.refused)
        self._groups = GroupRule(world.people, self.targets)

    def route(self, ask: Ask, say: Say, *, is_discreet: bool = False) -> Plan:
        walk = self._begin(ask, say)
        if is_discreet:
            walk = structs.replace(walk, is_discreet=True)
        if walk.trunk is not None:
            return self._arrive(walk, walk.trunk, ask.number)
        if ask.diverts:
            return self._lead(walk, self.targets.find(walk, ask.number), ask.number)
        if walk.payer is not None and (number := self.emergency.number(clean(ask.number), walk.node)):
            return self._call_for_help(walk, number, ask.number)
        return self._dial(walk, ask.number)

    def _begin(self, ask: Ask, say: Say) -> Walk:
        caller, talker = ask.caller, ask.talks or ask.caller
        passed = frozenset([key for party in (caller, talker) if (key := _key(party))])
        user = self._people.user(caller.user) if caller.user else None
        if user is not None:
            filters = rights(user.line, diverts=ask.diverts)
            payer = Payer(caller, user)
            here = user.node
            return Walk(caller, talker, here, here, None, payer, filters, passed=passed, say=say)
        trunk = self.trunks.get(caller.device.removeprefix("trunk:")) if caller.outside else None
        node = trunk.node if trunk is not None else ROOT
        return Walk(caller, talker, node, node, trunk, passed=passed, say=say)

    def _call_for_help(self, walk: Walk, number: str, dialled: str) -> Plan:
        outward = self._lines.emergency(walk, number)
        if isinstance(outward, Cause):
            inside = self._dial(walk, dialled)
            return inside if inside.rounds else Plan((), outward, Party(number, outside=True), emergency=True)
        round = Round((self._outside.device(outward),), SECONDS)
        return Plan((round,), called=outside_party(outward), emergency=True)

    def _arrive(self, walk: Walk, trunk: Trunk, number: str) -> Plan:
        """A call from a trunk; which of our numbers it is for, the trunk's rules say."""
        extension = incoming.called(trunk, number, self.tree)
        if extension is None and trunk.gateway:
            extension = number
        if extension is None:
            walk.say("{} is none of our numbers.", number)
            return self._nobody(walk, ToNobody(Cause.UNKNOWN_NUMBER, walk.node), number)
        if not extension:
            walk.say("{} is our own number, without an extension.", number)
            return self._nobody(walk, ToNobody(Cause.UNKNOWN_NUMBER, walk.node, trunk.main or number), number)
        walk.say("{} is the extension {}.", number, extension)
        return self._dial(walk, extension)

    def _dial(self, walk: Walk, number: str) -> Plan:
        return self._lead(walk, self.finder.find(walk, number), number)

    def _lead(self, walk: Walk, goal: Goal, number: str) -> Plan:
        return self._nobody(walk, goal, number) if isinstance(goal, ToNobody) else self._go(walk, goal)

    def _go(self, walk: Walk, goal: Goal) -> Plan:
        match goal:
            case ToUser():
                return self.users.ring(walk, goal.user)
            case ToGroup():
                return self._groups.ring(walk, goal.group)
            case ToOutside():
                return self._out(walk, goal)
            case ToNobody():
                return Plan((), goal.cause, walk.called)

    def _out(self, walk: Walk, goal: ToOutside) -> Plan:
        outward = self._lines.outward(walk, goal)
        if isinstance(outward, Cause):
            return Plan((), outward, walk.called or Party(goal.number, outside=True))
        party = outside_party(outward)
        called = None if walk.called is None else party
        round = Round((self._outside.device(outward),), SECONDS, walk.via, called, passed=walk.before)
        return Plan((round,), called=walk.called or party, outside=walk.called is None)

    def _mobile(self, walk: Walk, number: str) -> Outward | Cause:
        match goal := self.targets.find(walk, number):
            case ToOutside():
                return Cause.LOOP if key_of(goal) in walk.passed else self._lines.outward(walk, goal)
            case ToNobody():
                return goal.cause
            case _:
                walk.say("{} is a number of the house, no mobile.", number)
                return Cause.LOOP

    def _nobody(self, walk: Walk, goal: ToNobody, number: str) -> Plan:
        """There is nobody: the switchboard, if the house has one for such calls."""
        plan = self._switchboard(walk, goal.ours) if goal.ours else None
        if plan is None and goal.cause in (Cause.UNKNOWN_NUMBER, Cause.INCOMPLETE):
            plan = self.targets.misdialled(walk, goal)
        plan = plan or Plan((), goal.cause, Party(number))
        if goal.cause is Cause.INCOMPLETE and walk.trunk is not None and walk.trunk.overlap:
            walk.say("It waits {:g} s for more digits.", OVERLAP_SECONDS)
            plan = replace(plan, rounds=(Round((), OVERLAP_SECONDS), *plan.rounds))
        return plan

    def _switchboard(self, walk: Walk, number: str) -> Plan | None:
        """Who takes calls to our own number: as this trunk says, or the trunk whose number it is."""
        for trunk in self.trunks.values() if walk.trunk is None else (walk.trunk,):
            if walk.trunk is not None or number in (trunk.main, trunk.direct):
                plan = self.targets.laid_down(walk, trunk.loopback, trunk, "its own number")
                if plan is not None:
                    return plan
        return None


def _key(party: Party) -> str:
    return party.user or (party.number if party.outside else "")
