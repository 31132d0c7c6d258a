"""Lines to the outside: which trunks are tried for a call, with which numbers, and at whose cost."""

from collections.abc import Iterator

from offhook.calls.cause import Cause
from offhook.calls.leg import Party
from offhook.dialplan.goals import ToOutside
from offhook.dialplan.model import ROOT, Tables, Trunk
from offhook.dialplan.outgoing import ways
from offhook.dialplan.tree import Tree
from offhook.dialplan.walk import Payer, Walk, Why
from offhook.dialplan.world import Known, Outside, Outward, People, Tolls

SECONDS = 180.0  # a telephone outside may ring for long; its own exchange ends it sooner


class Lines:
    """Makes an `Outward` of a number outside, or says why there is none."""

    def __init__(self, tables: Tables, tree: Tree, people: People, outside: Outside, tolls: Tolls) -> None:
        self._tables = tables
        self._tree = tree
        self._people = people
        self._outside = outside
        self._tolls = tolls

    def outward(self, walk: Walk, goal: ToOutside) -> Outward | Cause:
        """The call to this number at the cost of the walk's payer."""
        payer = walk.payer
        if payer is None:
            walk.say("Nobody here pays for it, so it cannot leave the house.")
            return Cause.BARRED
        if (refused := self._refused(walk, payer, goal)) is not None:
            return refused
        open = tuple([trunk for trunk in goal.trunks if self._is_open(walk, trunk)])
        if not open:
            walk.say("No trunk for it is open.")
            return Cause.NO_LINE
        caller_line = self._people.user(walk.talker.user) if walk.talker.user else None
        diverting, why = self._diverting(walk, payer)
        tried = ways(
            open,
            goal.number,
            tree=self._tree,
            caller=walk.talker,
            caller_line=caller_line,
            payer=payer.user,
            diverting=diverting,
            why=why,
            dialled=goal.dialled,
        )
        for way in tried:
            diverted = f", diverted by {way.diverting}" if way.diverting else ""
            walk.say("{} is called as {}, {}{}.", way.trunk, way.number, _calling(way.calling), diverted)
        return Outward(goal.number, tried, payer.party, goal.toll) if tried else Cause.NO_LINE

    def emergency(self, walk: Walk, number: str) -> Outward | Cause:
        """By whatever trunk may: those at hand and open first, but the others are tried as well."""
        usable = [trunk for trunk in self._tables.trunks if trunk.emergency]
        near = list(self._above(walk.origin))

        def rank(trunk: Trunk) -> tuple[int, bool, int]:
            far = near.index(trunk.node) if trunk.node in near else len(near)
            return far, trunk.gateway, trunk.priority

        usable.sort(key=rank)
        usable.sort(key=lambda trunk: not self._outside.is_open(trunk.name, emergency=True))
        caller_line = self._people.user(walk.talker.user) if walk.talker.user else None
        tried = ways(
            usable,
            number,
            tree=self._tree,
            caller=walk.talker,
            caller_line=caller_line,
            payer=walk.payer.user if walk.payer is not None else None,
            emergency=True,
            dialled=number,
        )
        walk.say("{} is an emergency number: no filter, limit or diversion counts.", number)
        for way in tried:
            walk.say("{} is called as {}, {}.", way.trunk, way.number, _calling(way.calling))
        if not tried:
            walk.say("No trunk may be used for emergency numbers.")
            return Cause.NO_LINE
        return Outward(number, tried, walk.caller, "free", emergency=True)

    def _refused(self, walk: Walk, payer: Payer, goal: ToOutside) -> Cause | None:
        if payer.user is None:
            walk.say("{} pays: the administrator has laid it down.", payer.party.name or payer.party.number)
            return None
        if goal.toll == "free":
            walk.say("It costs nothing.")
            return None
        limits = payer.user.line.limits or self._tables.limits
        refused = self._tolls.refuses(payer.user.id, goal.toll, limits)
        walk.say("{} pays: it is an {} call.", payer.user.name, goal.toll)
        if refused is not None:
            walk.say("{} has reached the limit for such calls.", payer.user.name)
        return refused

    def _is_open(self, walk: Walk, trunk: Trunk) -> bool:
        if self._outside.is_open(trunk.name):
            return True
        walk.say("The trunk {} is not open.", trunk.name)
        return False

    def _diverting(self, walk: Walk, payer: Payer) -> tuple[Known | None, Why]:
        """Who stands in between for the network: who diverted, or who transfers."""
        if walk.diverting is not None:
            return walk.diverting, walk.why
        if payer.user is not None and walk.talker.user != payer.user.id:
            return payer.user, "unconditional"
        return None, ""

    def _above(self, node: str) -> Iterator[str]:
        """This node and those above it."""
        seen: set[str] = set()
        while node not in seen:
            seen.add(node)
            yield node
            found = self._tree.node(node)
            if found is None or node == ROOT:
                return
            node = found.parent


def outside_party(outward: Outward) -> Party:
    """Who is called, as one end of the call; the first way stands for all."""
    return Party(outward.number, device=f"trunk:{outward.ways[0].trunk}", outside=True)


def _calling(number: str) -> str:
    return f"from {number}" if number else "from nobody who is named"
