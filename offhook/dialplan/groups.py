"""A group that is called: who of it is free, and who rings when."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from offhook.calls.cause import Cause
from offhook.calls.leg import Party
from offhook.calls.routing import Device, Plan, Round
from offhook.calls.view import Via
from offhook.dialplan.diversions import Case
from offhook.dialplan.model import NOWHERE, Ringing
from offhook.dialplan.targets import Targets
from offhook.dialplan.walk import Walk
from offhook.dialplan.world import Group, People

Devices = tuple[Device, ...]


class GroupRule:
    """The group rings; what its members have set for themselves does not count here."""

    def __init__(self, people: People, targets: Targets) -> None:
        self._people = people
        self._targets = targets

    def ring(self, walk: Walk, group: Group) -> Plan:
        party = Party(group.ringing.number, group.name)
        called = None if walk.called is None else party
        walk = walk.arrived(f"group:{group.name}", party).because(Via("group", party))
        free = members(group, self._people, walk)
        if not free.devices:
            return self._after(walk, group, free.cause) or Plan((), free.cause, walk.called)
        rounds = [
            Round(devices, seconds, walk.via, called, passed=walk.before)
            for devices, seconds in turns(group.ringing, free.devices)
        ]
        rounds[-1] = replace(rounds[-1], onward=partial(self._after, walk, group))
        return Plan(tuple(rounds), Cause.NO_ANSWER, walk.called)

    def _after(self, walk: Walk, group: Group, cause: Cause) -> Plan | None:
        """Nobody of it is free, or nobody has answered."""
        to = group.ringing.otherwise
        if to == NOWHERE:
            return None
        plan = self._targets.laid_down(walk, to, group, "calls that nobody of it takes")
        case: Case = "busy" if cause is Cause.BUSY else "no-answer"
        return plan or self._targets.of_the_house(walk, group.ringing.node, case)


@dataclass(frozen=True, slots=True)
class Members:
    """Whose devices ring, in order; if nobody's, the cause says why."""

    devices: tuple[Devices, ...]
    cause: Cause


def members(group: Group, people: People, walk: Walk) -> Members:
    """Who of the group rings for this call, each with what is theirs; no mobiles."""
    everybody = group.ringing.mode == "broadcast"
    ids: Sequence[str] = group.all if everybody else group.active
    if group.ringing.mode == "longest-idle":
        ids = sorted(ids, key=people.idle_since)
    found: list[Devices] = []
    cause = Cause.UNREACHABLE
    for id in ids:
        member = people.user(id)
        if member is None or id in (walk.caller.user, walk.talker.user):
            continue
        devices = tuple([device for device in people.devices_of(id) if device.is_reachable])
        if not devices:
            walk.say("{} of {} cannot be reached.", member.name, group.name)
        elif everybody:
            found.append(devices)
        elif id in walk.passed:
            walk.say("{} of {} has had this call already.", member.name, group.name)
        elif member.do_not_disturb or people.calls_of(id):
            walk.say("{} of {} is not free.", member.name, group.name)
            cause = Cause.BUSY
        else:
            found.append(devices)
    return Members(tuple(found), cause)


def turns(ringing: Ringing, devices: Sequence[Devices]) -> list[tuple[Devices, float]]:
    """Everybody at once, or one after the other and from the first again, for as long as the group rings."""
    left = float(max(1, ringing.seconds))
    if ringing.mode in ("all", "broadcast"):
        return [(tuple([device for theirs in devices for device in theirs]), left)]
    each = float(max(1, ringing.each))
    found: list[tuple[Devices, float]] = []
    while left > 0:
        found.append((devices[len(found) % len(devices)], min(each, left)))
        left -= each
    return found
