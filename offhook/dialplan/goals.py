"""What a number stands for: cleaned, filtered, looked up in the numbering tree, and made +E.164 outside."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from offhook.calls.cause import Cause
from offhook.dialplan.filters import Filters
from offhook.dialplan.location import canonical, clean, may_be_abroad, toll_of
from offhook.dialplan.model import Trunk
from offhook.dialplan.outgoing import fitting
from offhook.dialplan.tree import Hit, Incomplete, ToGroup, ToTrunk, ToUser, Tree, Unknown
from offhook.dialplan.walk import Walk
from offhook.dialplan.world import Known, People, Toll

FindName = Callable[[str], Known | None]


@dataclass(frozen=True, slots=True)
class ToOutside:
    """A number outside, or behind a gateway, and the trunks that lead there, by priority."""

    number: str  # +E.164, or digits that have none
    dialled: str  # behind the trunk's number
    trunks: tuple[Trunk, ...]
    toll: Toll


@dataclass(frozen=True, slots=True)
class ToNobody:
    """`node` is where the search ended; `ours` is our own number, if it was dialled without an extension."""

    cause: Cause
    node: str = ""
    ours: str = ""
    filter: str = ""  # that bars it


Goal = ToUser | ToGroup | ToOutside | ToNobody


class Finder:
    """Looks numbers and names up as they are dialled in a node."""

    def __init__(self, tree: Tree, filters: Filters, people: People, find_name: FindName) -> None:
        self.tree = tree
        self._filters = filters
        self._people = people
        self._find_name = find_name

    def find(self, walk: Walk, typed: str) -> Goal:
        """What somebody reaches who dials this in the walk's node."""
        digits = clean(typed)
        is_outside = self._is_outside(walk, digits)
        if not digits:
            return self._named(walk, typed)
        if digits.startswith("+"):
            written, digits = digits, self.tree.dialled(digits, walk.node)
            walk.say("{} is dialled as {} here.", written, digits)
        if barring := self._barring(walk, digits):
            return ToNobody(Cause.BARRED, filter=barring)
        hit = self._resolve(walk, digits)
        match hit:
            case ToUser() | ToGroup():
                return hit
            case ToTrunk():
                return self._beyond(walk, hit, digits)
            case Incomplete():
                return ToNobody(Cause.INCOMPLETE, hit.node)
            case Unknown():
                named = self._people.named(typed) or self._find_name(typed)
                if named is not None and named.number != digits:
                    return self._named(walk, typed)
                if is_outside and not self.tree.leads_outside:
                    return ToNobody(Cause.NO_OUTSIDE, hit.node)
                return ToNobody(Cause.UNKNOWN_NUMBER, hit.node)

    def _is_outside(self, walk: Walk, digits: str) -> bool:
        """Whether it begins as numbers outside do at this place."""
        if digits.startswith("+"):
            return self.tree.ours(digits) is None
        external = self.tree.location(walk.node).external
        return external != "" and digits.startswith(external)

    def _barring(self, walk: Walk, digits: str) -> str:
        """Which of the walk's filters does not let these digits pass; empty if all do."""
        for name in walk.filters:
            verdict = self._filters.verdict(name, digits)
            for row in verdict.rows:
                walk.say("{}", row)
            if not verdict.allowed:
                return name
        return ""

    def _named(self, walk: Walk, typed: str) -> Goal:
        """Whoever goes by this name, if their number may be dialled."""
        user = self._people.named(typed) or self._find_name(typed)
        if user is None:
            walk.say("{} is neither a number nor the name of a user.", typed or "Nothing")
            return ToNobody(Cause.UNKNOWN_NUMBER)
        digits = self.tree.as_dialled(user.number, user.node, walk.node)
        walk.say("{} is the name of {}, who is dialled as {} here.", typed, user.name, digits)
        if barring := self._barring(walk, digits):
            return ToNobody(Cause.BARRED, filter=barring)
        return ToUser(user=user, node=user.node, digits="")

    def _resolve(self, walk: Walk, digits: str) -> Hit:
        hit = self.tree.resolve(walk.node, digits, self._people)
        for step in hit.steps:
            walk.say("{}", step)
        return hit

    def _beyond(self, walk: Walk, hit: ToTrunk, dialled: str) -> Goal:
        """What is dialled behind a trunk's number: behind a gateway, outside, or a number of our own.

        A number that can be dialled in several ways is barred if the usual one is.
        """
        if hit.trunks[0].gateway:
            return ToOutside(hit.digits, hit.digits, hit.trunks, "free")
        if not hit.digits:
            walk.say("That only takes a line to the outside.")
            return ToNobody(Cause.INCOMPLETE, hit.node)
        location = self.tree.location(hit.node)
        number = canonical(hit.digits, location) or hit.digits
        walk.say("Outside, {} is {}.", hit.digits, number)
        usual = self._usually(walk, hit.digits, number, dialled)
        if usual != dialled and (barring := self._barring(walk, usual)):
            return ToNobody(Cause.BARRED, filter=barring)
        if (ours := self.tree.ours(number)) is not None:
            return self._at_home(walk, number, ours.node, ours.extension)
        trunks = fitting(hit.trunks, number)
        for trunk in hit.trunks:
            if trunk not in trunks:
                walk.say("The trunk {} is not for this number.", trunk.name)
        if number in location.emergency:  # it comes here where they may not be used for calls for help
            trunks = tuple([trunk for trunk in trunks if trunk.emergency])
        return ToOutside(number, hit.digits, trunks, toll_of(number, location))

    def _usually(self, walk: Walk, digits: str, number: str, dialled: str) -> str:
        """How filters know it: as it is dialled in the walk's node; what may be abroad as if it were."""
        location = self.tree.location(walk.node)
        if not number.startswith("+") and may_be_abroad(number, location):
            return dialled.removesuffix(digits) + location.international + digits
        return self.tree.dialled(number, walk.node)

    def _at_home(self, walk: Walk, number: str, node: str, extension: str) -> Goal:
        """A number of our own, dialled as if it were outside: no way out again."""
        walk.say("{} is our own: the extension {} in {}.", number, extension or "(none)", node)
        if not extension:
            return ToNobody(Cause.UNKNOWN_NUMBER, node, number)
        hit = self._resolve(msgspec.structs.replace(walk, node=node), extension)
        match hit:
            case ToUser() | ToGroup():
                return hit
            case Incomplete():
                return ToNobody(Cause.INCOMPLETE, hit.node)
            case ToTrunk() if hit.trunks[0].gateway:
                return ToOutside(hit.digits, hit.digits, hit.trunks, "free")
            case _:
                return ToNobody(Cause.UNKNOWN_NUMBER, hit.node)


def key_of(goal: ToUser | ToGroup | ToOutside) -> str:
    """What it is known by to who must not come back to it."""
    match goal:
        case ToUser():
            return goal.user.id
        case ToGroup():
            return f"group:{goal.group.name}"
        case ToOutside():
            return goal.number
