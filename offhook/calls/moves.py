"""What people do with calls beyond one call and one leg: transfer, conference, parking, pick-up, codes.

Each move is checked first and made then: what raises Cannot has changed nothing. Moves run within
a turn of the switch.
"""

from collections.abc import Callable

from msgspec.structs import replace

from offhook.calls.call import Call
from offhook.calls.cause import Cannot, Cause
from offhook.calls.gathering import House
from offhook.calls.leg import NOBODY, Connect, Leg, Outcome, Party, Redirect, TransferTo, Wish
from offhook.calls.live import LiveCalls
from offhook.calls.media import NoMedia
from offhook.calls.member import LegState, Member, State
from offhook.calls.moments import Moment, What
from offhook.calls.routing import Ask, Deed, Device, Do, ParkAt, PickUp, Plan, Retrieve
from offhook.calls.view import Place, Via

TALKERS = 3  # in one call
TRANSFERS = 20  # of one call: phones that send it to each other for ever do not


class Moves:
    """`touched` is told of every other call a move has changed."""

    def __init__(self, live: LiveCalls, house: House, touched: Callable[[Call], None]) -> None:
        self._live = live
        self._house = house
        self._touched = touched

    # ---- out of a call

    def transfer(self, leg_id: str, number: str, now: float, *, wish: Wish | None = None) -> None:
        """The other one of two is put through to `number`, and this leg is out."""
        call, member = self._of_a_pair(leg_id)
        if call.transfers >= TRANSFERS:
            raise Cannot(Cause.LOOP)
        by, other = member.leg.party, _other(call, member).leg.party
        plan = self._house.route(Ask(by, number, other))
        if isinstance(plan.deed, ParkAt):
            self._park(call, member, self._live.free_place(plan.deed.place), now, wish)
            return
        if (why := self._refusal(plan, by, other)) is not None:
            raise self._refused(call, by, number, why, now)
        _came_true(member, wish)
        call.transfer(member, plan, now)

    def park(self, leg_id: str, place: Place, now: float) -> Place:
        """The other one of two waits at `place`, and this leg is out. Returns where."""
        call, member = self._of_a_pair(leg_id)
        place = self._live.free_place(place)
        self._park(call, member, place, now, None)
        return place

    def redirect(self, call: Call, user: str, number: str, now: float) -> None:
        """What rings for this user goes on to `number`."""
        mine = (m for m in call.ringing() if m.leg.party.user == user and m.rings_until is None)
        member = next(mine, None)
        if member is None or call.state is not State.RINGING:
            raise Cannot(Cause.NOT_RINGING)
        call.redirect(member, self._redirection(call, member, number, now), now)

    # ---- two calls become one, or one becomes two

    def connect(self, leg_id: str, other_id: str, now: float, *, wish: Wish | None = None) -> None:
        """Whoever these two legs of one user talk to go on with each other; one may still be rung."""
        (call, member), (into, leaving) = self._live.find(leg_id), self._live.find(other_id)
        if call.state is not State.TALKING and into.state is State.TALKING:
            call, member, into, leaving = into, leaving, call, member
        if call is into:
            raise Cannot(Cause.SAME_CALL)
        call, member = self._of_a_pair(member.leg.id)
        if into.state is State.TALKING:
            self._of_a_pair(leaving.leg.id)
        elif into.state is not State.RINGING or leaving is not into.caller:
            raise Cannot(Cause.NOT_TALKING)
        going = _other(call, member)
        for party in [other.leg.party for other in into.present() if other is not leaving]:
            if not self._may_join(member.leg.party, going.leg.party, party):
                raise self._refused(call, member.leg.party, party.number, Cause.NOT_JOINED, now)
        self._give(call, going, into, now, by=member)
        _came_true(member, wish)
        into.adopt(going, call, now, instead_of=leaving)
        call.end(Cause.TRANSFERRED, now)
        self._both(call, into)

    def join(self, leg_id: str, other_id: str, now: float) -> None:
        """The two calls of one user become a conference; the user stays with the leg that does not hold."""
        (call, member), (into, staying) = self._live.find(leg_id), self._live.find(other_id)
        if call is into:
            raise Cannot(Cause.SAME_CALL)
        if staying.holding and not member.holding:
            call, member, into, staying = into, staying, call, member
        for one, side in ((call, member), (into, staying)):
            if one.state is not State.TALKING or side.state is not LegState.TALKING:
                raise Cannot(Cause.NOT_TALKING)
        if len(call.talking()) + len(into.talking()) - 1 > TALKERS:
            raise Cannot(Cause.FULL)
        going = _other(call, member)  # the only one: more would be too many
        self._give(call, going, into, now)
        into.adopt(going, call, now)
        if staying.holding:
            into.hold(staying, False, now)
        call.end(Cause.MOVED, now)
        self._both(call, into)

    def part(self, leg_id: str, other_id: str, now: float) -> None:
        """In a conference: the other goes on hold, in a call of its own; this leg goes on with the third."""
        (call, member), (same, other) = self._live.find(leg_id), self._live.find(other_id)
        if call is not same or other is member or len(call.talking()) < TALKERS:
            raise Cannot(Cause.NOT_A_PAIR)
        by = member.leg.party
        try:
            alone = self._live.open(self._house, by.number, now, near=call.bridge)
        except NoMedia:
            raise Cannot(Cause.OVERLOADED) from None
        try:
            self._give(call, other, alone, now)
        except Cannot:
            alone.end(Cause.OVERLOADED, now)
            raise
        finally:
            self._touched(alone)
        call.settle(now)
        alone.adopt(other, call, now)
        alone.park(Place(by.user, by.number, ""), now, by=by)
        self._both(call, alone)

    # ---- into a call

    def retrieve(self, call: Call, device: Device, now: float) -> str:
        """Ring a device that is to take the parked call. Returns its leg's id."""
        if call.place is None:
            raise Cannot(Cause.NOTHING_PARKED)
        return self._fetch(call, device, "retrieved", now)

    def pick_up(self, call: Call, device: Device, now: float) -> str:
        """Ring a device that is to take the ringing call. Returns its leg's id."""
        if call.state is not State.RINGING or not call.ringing():
            raise Cannot(Cause.NOTHING_RINGS)
        return self._fetch(call, device, "picked-up", now)

    def move(self, leg_id: str, device: Device, now: float) -> str:
        """Ring another device of the same party, to go on there. Returns its leg's id."""
        call, member = self._live.find(leg_id)
        if call.state is not State.TALKING or member.state is not LegState.TALKING:
            raise Cannot(Cause.NOT_TALKING)
        if device.id == member.leg.party.device:
            raise Cannot(Cause.SAME_CALL)
        return self._fetch(call, device, "moved", now, replaces=member)

    def replace(self, leg: Leg, replaced: str, now: float) -> None:
        """A leg that calls us takes the place of one of its own user's, or picks up what rings there."""
        call, member = self._live.find(replaced)
        if leg.party.user != member.leg.party.user or not leg.party.user:
            raise Cannot(Cause.FORBIDDEN)
        if member.is_called and call.state is State.RINGING:
            call.take(leg, Via("picked-up", member.leg.party), now)
        elif call.state is State.TALKING and member.state is LegState.TALKING:
            call.take(leg, Via("moved", member.leg.party), now, replaces=member)
        else:
            raise Cannot(Cause.NOT_TALKING)
        self._touched(call)

    # ---- what legs and codes ask for

    def wished(self, call: Call, leg: Leg, wish: Wish, now: float) -> None:
        """A phone asks for something by itself; it is told what became of it."""
        try:
            match wish:
                case TransferTo(number):
                    self.transfer(leg.id, number, now, wish=wish)
                case Connect(other):
                    owner = self._live.find(other)[1].leg.party
                    if not _is_same(owner, leg.party):
                        raise self._refused(call, leg.party, owner.number, Cause.FORBIDDEN, now)
                    self.connect(leg.id, other, now, wish=wish)
                case Redirect(number):
                    member = call.member(leg.id)
                    if member.is_called and member.rings_until is None:
                        call.redirected(member, self._redirection(call, member, number, now))
        except Cannot as why:
            leg.told(Outcome(wish, why.cause))

    def serve(self, call: Call, member: Member, deed: Deed, now: float) -> None:
        """The caller of this call dialled a code."""
        try:
            match deed:
                case PickUp(users):
                    found = [call for user in users for call in self._live.ringing_for(user)]
                    ringing = [call for call in found if not _calls(call, member.leg.party.user)]
                    if not ringing:
                        raise Cannot(Cause.NOTHING_RINGS)
                    target = min(ringing, key=lambda call: call.begun)
                    rung = target.ringing()[0].leg.party
                    self._takes(call, member, target, Via("picked-up", rung), now)
                case Retrieve(place):
                    target = self._live.parked_at(place)
                    by = Party(place.number, "", place.user)
                    self._takes(call, member, target, Via("retrieved", by), now)
                case ParkAt(place):
                    held = self._live.held_by(member.leg.party.user, but=call)
                    if held is None:
                        raise Cannot(Cause.NOTHING_HELD)
                    holder = next(m for m in held.talking() if m.leg.party.user == member.leg.party.user)
                    self._park(held, holder, self._live.free_place(place), now, None)
                    self._touched(held)
                    call.confirm(member, now)
                case Do(run):
                    run()
                    call.confirm(member, now)
        except Cannot as why:
            call.fail(why.cause, now)

    # ---- where a call may go on

    def _redirection(self, call: Call, member: Member, number: str, now: float) -> Plan:
        """The plan by which what rings for this member goes on to `number`."""
        talks = None if call.caller is None else call.caller.leg.party
        plan = self._house.route(Ask(member.leg.party, number, talks, diverts=True))
        if not plan.rounds:
            why = Cause.FORBIDDEN if plan.deed is not None else plan.otherwise
            raise self._refused(call, member.leg.party, number, why, now)
        return plan

    def _refusal(self, plan: Plan, by: Party, other: Party) -> Cause | None:
        """Why `by` may not leave and let this plan be for the other one."""
        if plan.deed is not None:
            return Cause.FORBIDDEN
        if not plan.rounds:
            return plan.otherwise
        if plan.outside:
            rung = next((device.party for round in plan.rounds for device in round.devices), NOBODY)
            if not self._may_join(by, other, replace(rung, outside=True)):
                return Cause.NOT_JOINED
        return None

    def _may_join(self, by: Party, one: Party, other: Party) -> bool:
        return not (one.outside and other.outside) or self._house.may_join(by, one, other)

    def _refused(self, call: Call, by: Party, number: str, why: Cause, now: float) -> Cannot:
        """Let it be known: that somebody tries may matter to who looks after the house."""
        self._house.note(Moment(call.id, What.REFUSED, now, party=by, other=Party(number), cause=why))
        return Cannot(why)

    # ---- how

    def _of_a_pair(self, leg_id: str) -> tuple[Call, Member]:
        call, member = self._live.find(leg_id)
        if call.state is not State.TALKING or member.state is not LegState.TALKING:
            raise Cannot(Cause.NOT_TALKING)
        if len(call.talking()) != 2:
            raise Cannot(Cause.NOT_A_PAIR)
        return call, member

    def _park(self, call: Call, member: Member, place: Place, now: float, wish: Wish | None) -> None:
        _came_true(member, wish)
        call.park(place, now, by=member.leg.party, leaving=member)

    def _give(self, call: Call, going: Member, into: Call, now: float, *, by: Member | None = None) -> None:
        try:
            call.give(going, into, now, by=by)
        except NoMedia:
            raise Cannot(Cause.OVERLOADED) from None

    def _takes(self, call: Call, member: Member, target: Call, via: Via, now: float) -> None:
        """The one leg of `call` goes over to `target`, and `call` was only the way there."""
        self._give(call, member, target, now)
        if member.waits:
            target.take(member.leg, via, now)
        else:
            target.fetched(member, via, now)
        call.end(Cause.MOVED, now)
        self._touched(target)

    def _fetch(
        self, call: Call, device: Device, how: str, now: float, *, replaces: Member | None = None
    ) -> str:
        legs = device.open_legs()
        if not legs:
            raise Cannot(Cause.UNREACHABLE)
        by = device.party
        if how == "picked-up":
            by = call.ringing()[0].leg.party
        elif call.place is not None:
            by = Party(call.place.number, "", call.place.user)
        call.fetch(legs, Via(how, by), now, replaces=replaces)
        return legs[0].id

    def _both(self, one: Call, other: Call) -> None:
        self._touched(one)
        self._touched(other)


def _is_same(one: Party, other: Party) -> bool:
    """Whether two legs are of one user; of somebody outside, by the line and number they have."""
    if one.user or other.user:
        return one.user == other.user
    return (one.device, one.number) == (other.device, other.number)


def _calls(call: Call, user: str) -> bool:
    """Whether this user is the one who waits for an answer."""
    return call.caller is not None and call.caller.leg.party.user == user


def _other(call: Call, member: Member) -> Member:
    return next(one for one in call.talking() if one is not member)


def _came_true(member: Member, wish: Wish | None) -> None:
    if wish is not None:
        member.leg.told(Outcome(wish, Cause.NORMAL))
