"""Every live call, and the one queue through which anything happens to them."""

from collections.abc import Callable, Mapping
from heapq import heappop, heappush

from offhook.calls.call import Call
from offhook.calls.cause import Cause
from offhook.calls.leg import Leg, LegEvent, Party
from offhook.calls.media import Engine, NoMedia
from offhook.calls.member import State
from offhook.calls.routing import Ask, Device, Router
from offhook.calls.view import CallView
from offhook.feed import Feed
from offhook.turns import Turns


class CannotDial(Exception):
    """The call cannot even begin; `cause` says why."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.sentence)
        self.cause = cause


class UnknownLeg(Exception):
    """No live call has this leg, or this call is over."""


class Switch:
    """All conversations. Every move, whoever makes it, waits its turn in one queue.

    With `recorded`, an answer waits up to 50 ms for `kept(call)`, so that no call is
    answered of which a crash would leave no record.
    """

    def __init__(
        self,
        route: Router,
        engine: Engine,
        feed: Feed,
        ids: Callable[[], str],
        *,
        recorded: bool = False,
        calls_at_most: int = 1000,  # in all
        ringing_legs: int = 32,  # at most, in one call
        due: Callable[[float], object] = lambda at: None,  # told when `tick` is wanted, at the latest
    ) -> None:
        self._calls: dict[str, Call] = {}
        self._call_of: dict[str, Call] = {}
        self._route = route
        self._engine = engine
        self._feed = feed
        self._ids = ids
        self._recorded = recorded
        self._calls_at_most = calls_at_most
        self._ringing_legs = ringing_legs
        self._due = due
        self._deadlines: list[tuple[float, str]] = []
        self._turns: Turns[Callable[[], None]] = Turns(_do)

    @property
    def calls(self) -> Mapping[str, Call]:
        return self._calls

    @property
    def is_full(self) -> bool:
        """No more calls, please. The edges ask before they take one, for some calls are always taken."""
        return len(self._calls) >= self._calls_at_most

    def incoming(self, leg: Leg, number: str, now: float) -> str:
        """A party dialled `number`: ring whoever should ring. Returns the call's id, "" if none can be."""
        try:
            call = self._open(number, now)
        except NoMedia:
            leg.hangup(Cause.OVERLOADED)
            return ""

        def begin() -> None:
            call.called_by(leg, now)
            self._settled(call)

        self._turns.add(begin)
        return call.id

    def dial(self, device: Device, number: str, now: float) -> tuple[str, str]:
        """Ring `device`; when it is picked up, ring `number`. Returns the ids of call and leg.

        Raises CannotDial when the device is not reachable, the number leads nowhere or no call has room.
        """
        if self.is_full:
            raise CannotDial(Cause.OVERLOADED)
        plan = self._route(Ask(device.party, number))
        if not plan.rounds:
            raise CannotDial(plan.otherwise)
        legs = device.open_legs()
        if not legs:
            raise CannotDial(Cause.UNREACHABLE)
        try:
            call = self._open(number, now)
        except NoMedia:
            for leg in legs:
                leg.hangup(Cause.OVERLOADED)
            raise CannotDial(Cause.OVERLOADED) from None

        def begin() -> None:
            call.prepare(legs, plan.called or Party(number), plan.rounds[0].speaks, now)
            self._settled(call)

        self._turns.add(begin)
        return call.id, legs[0].id

    def tell(self, leg: Leg, event: LegEvent, now: float) -> None:
        """Take in what happened to a leg.

        Hanging up one leg may make another speak at once. It waits its turn,
        and so never finds its call half changed.
        """

        def move() -> None:
            if (call := self._call_of.get(leg.id)) is not None:
                call.handle(leg, event, now)
                self._settled(call)

        self._turns.add(move)

    def hold(self, leg_id: str, holding: bool, now: float) -> None:
        """Hold or resume for this leg. This and the three below raise UnknownLeg."""
        call = self._find(leg_id)
        self._move(call, lambda: call.hold(call.member(leg_id), holding, now))

    def mute(self, leg_id: str, muted: bool, now: float) -> None:
        """Let nobody hear this leg, or let them again."""
        call = self._find(leg_id)
        self._move(call, lambda: call.mute(call.member(leg_id), muted, now))

    def digits(self, leg_id: str, keys: str, now: float) -> None:
        """Send digits to the others in the call, as if pressed on this leg's phone."""
        call = self._find(leg_id)
        self._move(call, lambda: call.dial(call.member(leg_id), keys))

    def hangup(self, leg_id: str, now: float) -> None:
        call = self._find(leg_id)
        self._move(call, lambda: call.hangup(call.member(leg_id), now))

    def decline(self, call_id: str, user: str, now: float) -> None:
        """A user does not want this call, on any device. Raises UnknownLeg."""
        if (call := self._calls.get(call_id)) is None:
            raise UnknownLeg(call_id)
        self._move(call, lambda: call.decline(user, now))

    def kept(self, call_id: str, now: float) -> None:
        """The call's record is on disk."""
        if (call := self._calls.get(call_id)) is not None:
            self._move(call, lambda: call.keep(now))

    def forget(self, device: str, now: float) -> None:
        """A device is no longer one of ours: its legs leave their calls."""
        for call in list(self._calls.values()):
            self._move(call, lambda call=call: call.forget(device, now))  # type: ignore[misc]  # mypy: lambda defaults

    def end_all(self, cause: Cause, now: float) -> None:
        """The server stops."""
        for call in list(self._calls.values()):
            self._move(call, lambda call=call: call.end(cause, now))  # type: ignore[misc]  # mypy: lambda defaults

    def leg(self, leg_id: str) -> Leg | None:
        call = self._call_of.get(leg_id)
        return None if call is None else call.member(leg_id).leg

    def next_timeout(self) -> float | None:
        """When `tick` is due; earlier than needed at worst."""
        return self._deadlines[0][0] if self._deadlines else None

    def tick(self, now: float) -> None:
        while self._deadlines and self._deadlines[0][0] <= now:
            at, id = heappop(self._deadlines)
            call = self._calls.get(id)
            if call is not None and call.deadline == at:
                self._move(call, lambda call=call: call.tick(now))  # type: ignore[misc]  # mypy: lambda defaults
        if self._deadlines:
            self._due(self._deadlines[0][0])

    def _open(self, number: str, now: float) -> Call:
        call = Call(
            self._ids(),
            self._engine.bridge(),
            self._route,
            number,
            now,
            ringing_legs=self._ringing_legs,
            kept=not self._recorded,
        )
        self._calls[call.id] = call
        return call

    def _find(self, leg_id: str) -> Call:
        if (call := self._call_of.get(leg_id)) is None:
            raise UnknownLeg(leg_id)
        return call

    def _move(self, call: Call, move: Callable[[], object]) -> None:
        def moved() -> None:
            move()
            self._settled(call)

        self._turns.add(moved)

    def _settled(self, call: Call) -> None:
        """After each move: file its legs, arm its deadline, publish what changed."""
        view = call.view()
        if call.state is State.ENDED:
            if self._calls.pop(call.id, None) is None:
                return
            for leg in view.legs:
                self._call_of.pop(leg.id, None)
            self._feed.set(view)
            self._feed.drop(CallView, call.id)
            return
        for leg in view.legs:
            if leg.id not in self._call_of and leg.state != "gone":
                self._call_of[leg.id] = call
        if call.deadline is not None and call.deadline != call.armed:
            heappush(self._deadlines, (call.deadline, call.id))
            self._due(self._deadlines[0][0])
        call.armed = call.deadline
        self._feed.set(view)


def _do(move: Callable[[], None]) -> None:
    move()
