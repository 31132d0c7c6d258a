"""A user who is called: what they have set, what they are doing, and which of their devices ring.

In this order: whose number it is calls; callers they do not take; a diversion of all calls; do not
disturb and busy; nobody there; and then it rings, with the mobiles.
"""

from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from offhook.calls.cause import Cause
from offhook.calls.leg import Party
from offhook.calls.routing import Device, Manner, Plan, Round
from offhook.calls.view import Via
from offhook.dialplan.diversions import Case, in_order
from offhook.dialplan.model import NOWHERE, Diversion, Line
from offhook.dialplan.targets import Targets
from offhook.dialplan.walk import DIVERSIONS, Payer, Walk, Why, party_of
from offhook.dialplan.world import Known, Outside, Outward, Own, People

NotLed = Callable[[Known, str, Cause], None]

_WHY: dict[Case, Why] = {"always": "unconditional", "busy": "user-busy", "no-answer": "no-answer"}
_IS_BUSY = frozenset((Cause.BUSY, Cause.DECLINED, Cause.DO_NOT_DISTURB))
_TO_BE_TOLD = frozenset(
    (Cause.BARRED, Cause.UNKNOWN_NUMBER, Cause.NO_OUTSIDE, Cause.INCOMPLETE, Cause.LIMITED)
)
_USUAL = Manner()


class UserRule:
    """`refused` is told of diversions and mobiles that cannot be had; `mobile` calls one of them."""

    def __init__(
        self,
        people: People,
        outside: Outside,
        targets: Targets,
        mobile: Callable[[Walk, str], Outward | Cause],
        refused: NotLed,
    ) -> None:
        self._people = people
        self._outside = outside
        self._targets = targets
        self._mobile = mobile
        self._refused = refused

    def ring(self, walk: Walk, user: Known) -> Plan:
        party = party_of(user)
        called = None if walk.called is None else party
        if user.id == walk.caller.user or user.id == walk.talker.user:
            return self._others(walk, user, party)
        walk = walk.arrived(user.id, party)
        if (cause := _unwanted(walk, user)) is not None:
            return Plan((), cause, walk.called)
        if (plan := self._case(walk, user, "always")) is not None:
            return plan
        if (cause := self._busy(walk, user)) is not None:
            return self._case(walk, user, "busy") or Plan((), cause, walk.called)
        devices = [device for device in self._people.devices_of(user.id) if device.is_reachable]
        manners = self._add_mobiles(walk, user, devices)
        if not devices:
            walk.say("No device of {} is reachable.", user.name)
            return self._case(walk, user, "no-answer") or Plan((), Cause.UNREACHABLE, walk.called)
        onward = partial(self._onward, walk, user.id)
        round = Round(tuple(devices), _seconds(user), walk.via, called, manners, onward, walk.before)
        return Plan((round,), Cause.NO_ANSWER, walk.called)

    def outward(self, walk: Walk, user: Known, own: Own) -> Outward | Cause:
        """A call to this mobile of the user's, at their cost and within their rights."""
        return self._mobile(_on_behalf(walk, user), own.mobile.number)

    def sent_on(self, walk: Walk, user: Known, case: Case) -> Walk:
        """What this user sends on is at their cost, within their rights, and dialled from their node."""
        walk = _on_behalf(walk, user).because(Via("diverted", party_of(user)))
        return replace(walk, diverting=user, why=_WHY[case], diversions=walk.diversions + 1)

    def _others(self, walk: Walk, user: Known, party: Party) -> Plan:
        walk.say("It is {}'s own number: the other devices ring, whatever is set.", user.name)
        taken = (walk.caller.device, walk.talker.device)
        devices = self._people.devices_of(user.id)
        ringing = tuple([device for device in devices if device.is_reachable and device.id not in taken])
        if not ringing:
            return Plan((), Cause.UNREACHABLE, party)
        return Plan((Round(ringing, _seconds(user), walk.via),), Cause.NO_ANSWER, party)

    def _busy(self, walk: Walk, user: Known) -> Cause | None:
        if user.do_not_disturb:
            walk.say("{} does not want to be disturbed.", user.name)
            return Cause.DO_NOT_DISTURB
        calls = self._people.calls_of(user.id)
        if calls and (not user.call_waiting or 0 < user.line.busy_on <= calls):
            walk.say("{} is busy; calls: {}.", user.name, calls)
            return Cause.BUSY
        return None

    def _add_mobiles(self, walk: Walk, user: Known, devices: list[Device]) -> dict[str, Manner] | None:
        """Lets the user's mobiles ring too; tells how, where it is not as the others do."""
        if not (mobiles := self._people.mobiles_of(user.id)):
            return None
        if self._people.is_at_hand(user.id):
            walk.say("A device of {} is registered that makes the mobiles needless.", user.name)
            return None
        follow = replace(walk, diverting=user, why="follow-me")
        is_alone, talks = not devices, self._people.calls_of(user.id) > 0
        manners: dict[str, Manner] = {}
        for own in mobiles:
            mobile = own.mobile
            if not mobile.enabled or (talks and not mobile.call_waiting):
                walk.say("{} is switched off{}.", own.name, " during calls" if mobile.enabled else "")
                continue
            outward = self.outward(follow, user, own)
            if isinstance(outward, Cause):
                self._not_led(walk, user, mobile.number, outward)
                continue
            device = self._outside.device(outward, Party(user.number, user.name, user.id, own.id))
            devices.append(device)
            manner = Manner(0 if is_alone else mobile.delay, mobile.min_alert, mobile.max_alert)
            if manner != _USUAL:
                manners[device.id] = manner
        return manners or None

    def _onward(self, walk: Walk, id: str, cause: Cause) -> Plan | None:
        """Nobody of the user's has answered; what is set may have changed meanwhile."""
        user = self._people.user(id)
        return None if user is None else self._case(walk, user, "busy" if cause in _IS_BUSY else "no-answer")

    def _case(self, walk: Walk, user: Known, case: Case) -> Plan | None:
        """Where the user's calls go in this case, or else those of the house."""
        for diversion in in_order(user.line, case, from_outside=walk.talker.outside):
            if diversion.to == NOWHERE:
                walk.say("{} wants no diversion ({}).", user.name, case)
                return None
            if (plan := self._divert(walk, user, diversion)) is not None:
                return plan
        return None if case == "always" else self._targets.of_the_house(walk, user.node, case)

    def _divert(self, walk: Walk, user: Known, diversion: Diversion) -> Plan | None:
        walk.say("{} diverts ({}) to {}.", user.name, diversion.when, diversion.to)
        if walk.diversions >= DIVERSIONS:
            walk.say("The call has been diverted {} times, and that is enough.", DIVERSIONS)
            return None
        led = self._targets.lead(self.sent_on(walk, user, diversion.when), diversion.to)
        if isinstance(led, Plan):
            return led
        self._not_led(walk, user, diversion.to, led)
        return None

    def _not_led(self, walk: Walk, user: Known, to: str, cause: Cause) -> None:
        walk.say("{} is left out: {}", to, cause.sentence)
        if cause in _TO_BE_TOLD and not walk.is_explained:
            self._refused(user, to, cause)


def _unwanted(walk: Walk, user: Known) -> Cause | None:
    """Why this user takes no call from this caller."""
    if not walk.talker.outside:
        return None
    if user.line.reject_anonymous and not walk.talker.number:
        walk.say("{} takes no calls from who hides their number.", user.name)
        return Cause.HIDDEN_CALLER
    if user.line.reject_external:
        walk.say("{} takes no calls from outside.", user.name)
        return Cause.NOT_FROM_OUTSIDE
    return None


def _on_behalf(walk: Walk, user: Known) -> Walk:
    payer = Payer(party_of(user), user)
    return replace(walk, node=user.node, payer=payer, filters=rights(user.line, diverts=True))


def rights(line: Line, *, diverts: bool) -> tuple[str, ...]:
    """The filters of what this user may dial, or have calls sent to."""
    names = (line.diversion_filter, line.filter) if diverts else (line.filter,)
    return tuple([name for name in dict.fromkeys(names) if name])


def _seconds(user: Known) -> float:
    return float(max(1, user.line.seconds))
