"""Every live call, and the one queue through which anything happens to them."""

from collections.abc import Callable, Mapping, Sequence
from heapq import heappop, heappush
from typing import Any, TypeVar

from offhook.calls.call import Call
from offhook.calls.cause import Cannot, Cause
from offhook.calls.leg import Asked, Leg, LegEvent, Party
from offhook.calls.live import LiveCalls
from offhook.calls.media import Engine, NoMedia
from offhook.calls.member import Member, State
from offhook.calls.moments import Moment
from offhook.calls.moves import Moves
from offhook.calls.routing import Ask, Deed, Device, Router
from offhook.calls.view import CallView, Place
from offhook.feed import Feed
from offhook.turns import Turns

T = TypeVar("T")


class Switch:
    """All conversations. Every move, whoever makes it, waits its turn in one queue.

    A move that cannot be made raises Cannot and has changed nothing. With `recorded`, an answer
    waits up to 50 ms for `kept(call)`, so that no call is answered of which a crash would leave no record.
    """

    def __init__(
        self,
        route: Router,
        engine: Engine,
        feed: Feed,
        ids: Callable[[], str],
        *,
        devices_of: Callable[[str], Sequence[Device]] = lambda user: (),
        seen: Callable[[Party, Party], Party] = lambda party, by: party,  # as `by` would dial them
        may_join: Callable[[Party, Party, Party], bool] = lambda by, one, other: True,  # two outside
        recorded: bool = False,
        calls_at_most: int = 1000,  # in all
        ringing_legs: int = 32,  # at most, in one call
        due: Callable[[float], object] = lambda at: None,  # told when `tick` is wanted, at the latest
    ) -> None:
        self.devices_of = devices_of
        self.route = route
        self.seen = seen
        self.may_join = may_join
        self.note: Callable[[Moment], None] = feed.post
        self._feed = feed
        self._live = LiveCalls(engine, ids, recorded=recorded, ringing_legs=ringing_legs)
        self._moves = Moves(self._live, self, self._settled)
        self._calls_at_most = calls_at_most
        self._due = due
        self._deadlines: list[tuple[float, str]] = []
        self._turns: Turns[Callable[[], None]] = Turns(_do)

    @property
    def calls(self) -> Mapping[str, Call]:
        return self._live.all

    @property
    def is_full(self) -> bool:
        """No more calls, please. The edges ask before they take one, for some calls are always taken."""
        return len(self._live.all) >= self._calls_at_most

    # ---- how calls begin

    def incoming(self, leg: Leg, number: str, now: float) -> str:
        """A party dialled `number`: ring whoever should ring. Returns the call's id, "" if none can be."""
        try:
            call = self._live.open(self, number, now)
        except NoMedia:
            leg.hangup(Cause.OVERLOADED)
            return ""
        self._soon(call, call.called_by, leg, now)
        return call.id

    def replace(self, leg: Leg, replaced: str, now: float) -> None:
        """A party calls to take the place of another leg of its user (RFC 3891); refused, the leg is told."""

        def move() -> None:
            try:
                self._moves.replace(leg, replaced, now)
            except Cannot as why:
                leg.hangup(why.cause)

        self._turns.add(move)

    def dial(self, device: Device, number: str, now: float) -> tuple[str, str]:
        """Ring `device`; when it is picked up, ring `number`. Returns the ids of call and leg."""
        plan = self.route(Ask(device.party, number))
        if self.is_full and not plan.emergency:
            raise Cannot(Cause.OVERLOADED)
        if not plan.rounds and plan.deed is None:
            raise Cannot(plan.otherwise)
        legs = device.open_legs()
        if not legs:
            raise Cannot(Cause.UNREACHABLE)
        try:
            call = self._live.open(self, number, now)
        except NoMedia:
            for leg in legs:
                leg.hangup(Cause.OVERLOADED)
            raise Cannot(Cause.OVERLOADED) from None
        self._move(call, lambda: call.prepare(legs, plan, now))
        return call.id, legs[0].id

    # ---- what legs say

    def tell(self, leg: Leg, event: LegEvent, now: float) -> None:
        """Take in what happened to a leg.

        Hanging up one leg may make another speak at once. It waits its turn,
        and so never finds its call half changed.
        """

        def move() -> None:
            if (call := self._live.of(leg.id)) is not None:
                if isinstance(event, Asked):
                    self._moves.wished(call, leg, event.wish, now)
                else:
                    call.handle(leg, event, now)
                self._settled(call)

        self._turns.add(move)

    # ---- what people do within a call

    def answer(self, call_id: str, user: str, device: str, now: float) -> None:
        """Have this device of the user, which rings, pick up by itself."""
        for member in self._live.get(call_id).ringing():
            if (member.leg.party.user, member.leg.party.device) == (user, device):
                if not member.leg.takes_orders:
                    raise Cannot(Cause.NO_REMOTE)
                self._turns.add(member.leg.pick_up)
                return
        raise Cannot(Cause.NOT_RINGING)

    def hold(self, leg_id: str, holding: bool, now: float) -> None:
        """Hold or resume for this leg."""
        call, member = self._live.find(leg_id)
        self._move(call, lambda: call.hold(member, holding, now))

    def mute(self, leg_id: str, muted: bool, now: float) -> None:
        """Let nobody hear this leg, or let them again."""
        call, member = self._live.find(leg_id)
        self._move(call, lambda: call.mute(member, muted, now))

    def digits(self, leg_id: str, keys: str, now: float) -> None:
        """Send digits to the others in the call, as if pressed on this leg's phone."""
        call, member = self._live.find(leg_id)
        self._move(call, lambda: call.dial(member, keys))

    def hangup(self, leg_id: str, now: float) -> None:
        call, member = self._live.find(leg_id)
        self._move(call, lambda: call.hangup(member, now))

    def decline(self, call_id: str, user: str, now: float) -> None:
        """A user does not want this call, on any device."""
        call = self._live.get(call_id)
        self._move(call, lambda: call.decline(user, now))

    def redirect(self, call_id: str, user: str, number: str, now: float) -> None:
        """What rings for this user goes on to `number`."""
        call = self._live.get(call_id)
        self._move(call, lambda: self._moves.redirect(call, user, number, now))

    # ---- what people do with calls

    def transfer(self, leg_id: str, number: str, now: float) -> None:
        """Put the other one through to `number` and leave; unanswered, the call comes back."""
        call, _ = self._live.find(leg_id)
        self._move(call, lambda: self._moves.transfer(leg_id, number, now))

    def connect(self, leg_id: str, other_leg_id: str, now: float) -> None:
        """Put those together whom these two legs of one user talk to, and leave; one may still be rung."""
        self._made(lambda: self._moves.connect(leg_id, other_leg_id, now))

    def join(self, leg_id: str, other_leg_id: str, now: float) -> None:
        """Make the calls of these two legs of one user a conference of three."""
        self._made(lambda: self._moves.join(leg_id, other_leg_id, now))

    def part(self, leg_id: str, other_leg_id: str, now: float) -> None:
        """Put the other leg of a conference back on hold, and go on with the third."""
        self._made(lambda: self._moves.part(leg_id, other_leg_id, now))

    def park(self, leg_id: str, place: Place, now: float) -> Place:
        """Let the other one wait at `place`, or at its first free slot, and leave. Returns where."""
        call, _ = self._live.find(leg_id)
        return self._move(call, lambda: self._moves.park(leg_id, place, now))

    def retrieve(self, call_id: str, device: Device, now: float) -> tuple[str, str]:
        """Ring `device`, which takes the parked call when picked up. Returns the ids of call and leg."""
        call = self._live.get(call_id)
        return call.id, self._move(call, lambda: self._moves.retrieve(call, device, now))

    def pick_up(self, call_id: str, device: Device, now: float) -> tuple[str, str]:
        """Ring `device`, which takes the call that rings elsewhere. Returns the ids of call and leg."""
        call = self._live.get(call_id)
        return call.id, self._move(call, lambda: self._moves.pick_up(call, device, now))

    def move(self, leg_id: str, device: Device, now: float) -> str:
        """Ring another device of the same user, to go on there. Returns its leg's id."""
        call, _ = self._live.find(leg_id)
        return self._move(call, lambda: self._moves.move(leg_id, device, now))

    # ---- for the rest of the house

    def kept(self, call_id: str, now: float) -> None:
        """The call's record is on disk."""
        if (call := self._live.all.get(call_id)) is not None:
            self._soon(call, call.keep, now)

    def forget(self, device: str, now: float) -> None:
        """A device is no longer one of ours: its legs leave their calls."""
        for call in list(self._live.all.values()):
            self._soon(call, call.forget, device, now)

    def end_all(self, cause: Cause, now: float) -> None:
        """The server stops."""
        for call in list(self._live.all.values()):
            self._soon(call, call.end, cause, now)

    def leg(self, leg_id: str) -> Leg | None:
        call = self._live.of(leg_id)
        return None if call is None else call.member(leg_id).leg

    def next_timeout(self) -> float | None:
        """When `tick` is due; earlier than needed at worst."""
        return self._deadlines[0][0] if self._deadlines else None

    def tick(self, now: float) -> None:
        while self._deadlines and self._deadlines[0][0] <= now:
            at, id = heappop(self._deadlines)
            call = self._live.all.get(id)
            if call is not None and call.deadline == at:
                call.armed = None
                self._soon(call, call.tick, now)
        if self._deadlines:
            self._due(self._deadlines[0][0])

    # ---- for calls

    def serve(self, call: str, member: Member, deed: Deed, now: float) -> None:
        self._moves.serve(self._live.get(call), member, deed, now)

    # ---- how

    def _soon(self, call: Call, move: Callable[..., None], *how: Any) -> None:
        """Let this happen to a call when its turn comes: at once, or after the move under way."""

        def turn() -> None:
            move(*how)
            self._settled(call)

        self._turns.add(turn)

    def _move(self, call: Call, move: Callable[[], T]) -> T:
        def moved() -> T:
            try:
                return move()
            finally:
                self._settled(call)

        return self._made(moved)

    def _made(self, move: Callable[[], T]) -> T:
        """Make a move, and hand back what it returns or why it cannot be made. Not from within another."""
        done: list[T] = []
        refused: list[Cannot] = []

        def turn() -> None:
            try:
                done.append(move())
            except Cannot as why:
                refused.append(why)

        self._turns.add(turn)
        if refused:
            raise refused[0]
        return done[0]

    def _settled(self, call: Call) -> None:
        """After each move: file its legs, arm its deadline, publish what changed."""
        if call.state is State.ENDED:
            view = call.view()
            if self._live.close(call):
                self._feed.set(view)
                self._feed.drop(CallView, call.id)
            return
        if call.deadline is not None and call.deadline != call.armed:
            heappush(self._deadlines, (call.deadline, call.id))
            self._due(self._deadlines[0][0])
        call.armed = call.deadline
        if call.is_changed:
            self._live.filed(call)
            if call.parting:
                self._feed.set(call.farewell())
            self._feed.set(call.view())


def _do(move: Callable[[], None]) -> None:
    move()
