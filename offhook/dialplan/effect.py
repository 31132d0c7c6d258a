"""What a user's settings lead to, in sentences: for the user, who wants to know what happens to calls now."""

from collections.abc import Mapping
from dataclasses import dataclass

from offhook.calls.cause import Cause
from offhook.dialplan.diversions import Case, in_order
from offhook.dialplan.goals import Goal, ToNobody, ToOutside
from offhook.dialplan.location import clean
from offhook.dialplan.model import NOWHERE, Diversion
from offhook.dialplan.rules import Rules
from offhook.dialplan.tree import ToGroup, ToUser
from offhook.dialplan.walk import DIVERSIONS, Walk, party_of
from offhook.dialplan.world import Known, Own, People
from offhook.dialplan.writing import written


@dataclass(frozen=True, slots=True)
class Effect:
    """`barred` tells of diversions that are on why calls do not go there, by target; `loops` are among the
    warnings: who would send calls back."""

    sentences: tuple[str, ...]
    warnings: tuple[str, ...]
    barred: Mapping[str, str]
    loops: tuple[str, ...]


class Settings:
    """Looks at a user's settings as the rules will."""

    def __init__(self, rules: Rules, people: People) -> None:
        self._rules = rules
        self._people = people

    def effect(self, user: Known) -> Effect:
        sentences = [
            *self._always(user),
            *self._ringing(user),
            *self._otherwise(user, "busy", "If you are busy or decline", "callers hear that you are busy"),
            *self._otherwise(user, "no-answer", "If you do not answer", "callers hear that nobody answered"),
            *_refusals(user),
        ]
        targets = [each.to for each in user.line.diversions if each.on and each.to not in ("", NOWHERE)]
        barred = {to: why for to in targets if (why := self.why_not(user, to))}
        loops = [back for to in targets if to not in barred and (back := self._back(user, to))]
        warnings = [
            *[f"Calls do not go to {to}. {why}" for to, why in barred.items()],
            *loops,
            *self._silent_mobiles(user),
        ]
        return Effect(tuple(sentences), tuple(dict.fromkeys(warnings)), barred, tuple(dict.fromkeys(loops)))

    def why_not(self, user: Known, to: str) -> str:
        """Why this user's calls cannot be sent there; empty if they can."""
        if to == NOWHERE:
            return ""
        if not to.strip():
            return "Please enter a number."
        match goal := self._goal(user, to):
            case ToUser() if goal.user.id == user.id:
                return "This is your own number."
            case ToUser() | ToGroup():
                return ""
            case ToOutside():
                return "" if goal.trunks else Cause.NO_LINE.sentence
            case ToNobody() if goal.filter:
                return f"The filter {goal.filter} does not let this number pass."
            case ToNobody(cause=Cause.BARRED):
                return "Calls cannot be sent to an emergency number."
            case ToNobody() if not clean(to):
                return f"{to} is neither a number nor the name of a user."
            case ToNobody():
                return goal.cause.sentence

    def _goal(self, user: Known, to: str) -> Goal:
        party = party_of(user)
        walk = self._rules.users.sent_on(Walk(party, party, user.node), user, "always")
        return self._rules.targets.find(walk, to)

    def _first(self, user: Known, case: Case, *, from_outside: bool) -> Diversion | None:
        """The diversion that counts, if one leads anywhere."""
        for diversion in in_order(user.line, case, from_outside=from_outside):
            if diversion.to == NOWHERE:
                return None
            if not self.why_not(user, diversion.to):
                return diversion
        return None

    def _both(self, user: Known, case: Case) -> tuple[str, ...]:
        """Where calls of colleagues go in this case, and those from outside; empty: nowhere else."""
        inside, outside = (self._first(user, case, from_outside=external) for external in (False, True))
        return tuple([self._name(user, found.to) if found is not None else "" for found in (inside, outside)])

    def _name(self, user: Known, to: str) -> str:
        match goal := self._goal(user, to):
            case ToUser():
                return f"{goal.user.name} ({to})" if goal.user.name != to else to
            case ToGroup():
                return f"{goal.group.name} ({to})"
            case ToOutside():
                return written(goal.number)
            case ToNobody():
                return to

    def _always(self, user: Known) -> list[str]:
        inside, outside = self._both(user, "always")
        if inside == outside:
            return [f"All calls go to {inside}."] if inside else []
        found = [f"All calls from colleagues go to {inside}."] if inside else []
        return found + ([f"All calls from outside go to {outside}."] if outside else [])

    def _ringing(self, user: Known) -> list[str]:
        if all(self._both(user, "always")):
            return []
        if user.do_not_disturb:
            return ["Nothing rings: you do not want to be disturbed."]
        found = [f"Your devices ring for {user.line.seconds} seconds."]
        mobiles = [own for own in self._people.mobiles_of(user.id) if own.mobile.enabled]
        if mobiles and self._people.is_at_hand(user.id):
            return [*found, "Your mobile phones do not ring while a device is registered that replaces them."]
        for own in mobiles:
            if not self._why_not_mobile(user, own):
                delay = f", after {own.mobile.delay} seconds" if own.mobile.delay else ""
                found.append(f"{written(own.mobile.number)} rings too{delay}.")
        return found

    def _otherwise(self, user: Known, case: Case, when: str, nobody: str) -> list[str]:
        inside, outside = self._both(user, case)
        inside_rings, outside_rings = (not gone for gone in self._both(user, "always"))
        if not inside_rings and not outside_rings:
            return []
        if inside == outside or not outside_rings or not inside_rings:
            target = inside if inside_rings else outside
            return [f"{when}, {f'calls go to {target}' if target else nobody}."]
        found = [f"{when}, calls from colleagues go to {inside}."] if inside else []
        found += [f"{when}, calls from outside go to {outside}."] if outside else []
        return found if inside and outside else [*found, f"{when}, other {nobody}."]

    # ---- what will not be as it is set

    def _silent_mobiles(self, user: Known) -> list[str]:
        found = [f"{own.name} does not ring. {why}" for own, why in self._mobiles(user) if why]
        return found + [
            f"{own.name} does not ring: it would begin after {own.mobile.delay} seconds,"
            f" when your line rings no more."
            for own, why in self._mobiles(user)
            if not why and own.mobile.delay >= user.line.seconds
        ]

    def _back(self, user: Known, to: str) -> str:
        """Where all calls are sent on and on until they would come back: they ring with the last one."""
        goal = self._goal(user, to)
        passed = {user.id}
        while isinstance(goal, ToUser) and goal.user.id not in passed and len(passed) <= DIVERSIONS:
            there = goal.user
            passed.add(there.id)
            further = self._first(there, "always", from_outside=False)
            if further is None:
                return ""
            goal = self._goal(there, further.to)
            if isinstance(goal, ToUser) and goal.user.id in passed:
                whom = "you" if goal.user.id == user.id else goal.user.name
                return f"{there.name} diverts all calls back to {whom}: calls ring at {there.name}."
        return ""

    def _mobiles(self, user: Known) -> list[tuple[Own, str]]:
        enabled = [own for own in self._people.mobiles_of(user.id) if own.mobile.enabled]
        return [(own, self._why_not_mobile(user, own)) for own in enabled]

    def _why_not_mobile(self, user: Known, own: Own) -> str:
        if isinstance(self._goal(user, own.mobile.number), ToUser | ToGroup):
            return "Its number is one of the house."
        return self.why_not(user, own.mobile.number)


def _refusals(user: Known) -> list[str]:
    if user.line.reject_external:
        return ["Calls from outside are refused."]
    if user.line.reject_anonymous:
        return ["Calls from outside are refused when they hide their number."]
    return []
