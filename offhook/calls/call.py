"""A call: a conversation, from the first ring until fewer than two are left.

Its state says who takes part and how; what each of them hears follows from it, in `sound.py`.
"""

from collections.abc import Sequence
from typing import assert_never

from offhook.calls.cause import Cause
from offhook.calls.leg import (
    Answered,
    Asked,
    Back,
    Digit,
    Gone,
    Held,
    Leg,
    LegEvent,
    Lost,
    Outcome,
    Party,
    Redirect,
    Ringing,
)
from offhook.calls.media import Bridge, Codecs, NoMedia
from offhook.calls.member import LegState, Member, State
from offhook.calls.routing import Ask, Plan, Round, Router
from offhook.calls.sound import Sound, scene
from offhook.calls.view import CallView

REDIRECTIONS = 5  # followed at most, in one call
PREPARING_SECONDS = 30.0  # for one's own phone to be picked up
CLOSING_SECONDS = 5.0  # of busy tone
LOST_SECONDS = 30.0  # of music for the far side, then the lost leg is given up
KEEPING_SECONDS = 0.05  # an answer waits this long for the call's record to be on disk


class Call:
    """Legs join a call and leave it; everything else follows.

    Not to be called from outside but by the switch, which sees to it that moves never overlap.
    """

    def __init__(
        self,
        id: str,
        bridge: Bridge,
        route: Router,
        number: str,
        now: float,
        *,
        ringing_legs: int,  # at most, at once
        kept: bool,  # its record is on disk
    ) -> None:
        self.id = id
        self.state = State.RINGING
        self.deadline: float | None = None
        self.armed: float | None = None  # the deadline the switch has in its heap
        self.kept = kept
        self._ringing_legs = ringing_legs
        self._bridge = bridge
        self._sound = Sound(bridge)
        self._route = route
        self._members: dict[str, Member] = {}
        self._caller: Member | None = None
        self._called = Party(number)
        self._rounds: list[Round] = []
        self._otherwise = Cause.NO_ANSWER
        self._redirections = 0
        self._round_ends: float | None = None
        self._answer_due: tuple[Member, float] | None = None
        self._proceeded = False
        self._begun = now
        self._answered: float | None = None
        self._ended: float | None = None
        self._cause: Cause | None = None
        self._audience: tuple[str, ...] = ()

    # ---- how it begins

    def called_by(self, leg: Leg, now: float) -> None:
        """A leg called us: ring whoever its number means."""
        self._caller = self._members[leg.id] = Member(leg, calls_us=True)
        self._start(self._route(Ask(leg.party, self._called.number)), now)

    def prepare(self, legs: Sequence[Leg], called: Party, like: Codecs, now: float) -> None:
        """Ring the caller's own device first; who answers there is the caller.

        It is rung `like` those speak who will ring then, so that nobody has to change when they meet.
        """
        self.state, self._called = State.PREPARING, called
        self._round_ends = now + PREPARING_SECONDS
        for leg in legs:
            self._members[leg.id] = Member(leg, calls_us=True)
            leg.ring(called, self._bridge, like=like or None, auto_answer=True)
        self._set_deadline()

    # ---- what happens to it

    def handle(self, leg: Leg, event: LegEvent, now: float) -> None:
        """Take in what happened to one of our legs; what does not fit the state is ignored, only here."""
        member = self._members.get(leg.id)
        if member is None or member.state is LegState.GONE or self.state is State.ENDED:
            return
        match event:
            case Ringing(early):
                self._rings(member, early)
            case Answered():
                if member.state is LegState.RINGING and member is not self._caller:
                    self._picked_up(member, now)
            case Held(holding):
                member.holding = holding
            case Lost():
                if member.lost_since is None:
                    member.lost_since = now
            case Back():
                member.lost_since = None
            case Digit(key, carried):
                if not carried:
                    self.dial(member, key)
            case Asked(wish):
                if isinstance(wish, Redirect) and member.is_called:
                    self._redirected(member, wish.number)
                else:
                    leg.told(Outcome(wish, Cause.FORBIDDEN))
            case Gone(cause):
                self._gone(member, cause, now)
            case _:
                assert_never(event)
        self._settle(now)

    def tick(self, now: float) -> None:
        """Do what is due."""
        if self._answer_due is not None and self._answer_due[1] <= now:
            self.keep(now)
        if self._round_ends is not None and self._round_ends <= now:
            self._round_over(now)
        for member in list(self._members.values()):
            if member.lost_since is not None and member.lost_since + LOST_SECONDS <= now:
                member.leg.hangup(Cause.LOST)
                self._gone(member, Cause.LOST, now)
        self._settle(now)

    def keep(self, now: float) -> None:
        """The record is on disk, or the wait for it is over: an answer that waited goes ahead."""
        self.kept = True
        if self._answer_due is not None:
            (member, _), self._answer_due = self._answer_due, None
            if member.state is LegState.RINGING:
                self._connect(member, now)
            self._settle(now)

    # ---- what people do with it

    def member(self, leg_id: str) -> Member:
        return self._members[leg_id]

    def hold(self, member: Member, holding: bool, now: float) -> None:
        self.handle(member.leg, Held(holding), now)

    def mute(self, member: Member, muted: bool, now: float) -> None:
        member.muted = muted
        self._settle(now)

    def dial(self, member: Member, keys: str) -> None:
        """Let everyone else hear digits of this member."""
        for other in self._present():
            if other is not member and other.leg.port is not None:
                for key in keys:
                    other.leg.port.dial(key)

    def decline(self, user: str, now: float) -> None:
        """This user does not want the call, on whatever device."""
        for member in self._present():
            if member.leg.party.user == user and member.is_called:
                member.leg.hangup(Cause.DECLINED)
                self._gone(member, Cause.DECLINED, now)
        self._settle(now)

    def hangup(self, member: Member, now: float, cause: Cause = Cause.NORMAL) -> None:
        """One party leaves."""
        if member.state is LegState.GONE or self.state is State.ENDED:
            return
        if member.calls_us and self.state in (State.PREPARING, State.RINGING):
            self.end(Cause.CANCELLED, now)
            return
        member.leg.hangup(cause)
        self._gone(member, cause, now)
        self._settle(now)

    def forget(self, device: str, now: float) -> None:
        """This device is no longer one of ours; where it rings, others may still answer."""
        for member in self._present():
            if member.leg.party.device == device:
                self.hangup(member, now, Cause.UNREACHABLE if member.is_called else Cause.NORMAL)

    def end(self, cause: Cause, now: float) -> None:
        """The only way a call ends."""
        if self.state is State.ENDED:
            return
        self._audience = self._users()
        self.state, self._ended = State.ENDED, now
        self._cause = self._cause or cause
        self._round_ends = self._answer_due = self.deadline = None
        self._rounds.clear()
        self._sound.close()
        for member in self._present():
            member.state, member.cause = LegState.GONE, cause
            member.leg.hangup(cause)

    def view(self) -> CallView:
        return CallView(
            self.id,
            self.state,
            tuple([member.view() for member in self._members.values()]),
            self._called,
            self._begun,
            self._answered,
            self._ended,
            self._cause,
            self._audience if self.state is State.ENDED else self._users(),
        )

    @property
    def bridge(self) -> Bridge:
        return self._bridge

    # ---- ringing

    def _start(self, plan: Plan, now: float) -> None:
        self._called = plan.called or self._called
        self.state = State.RINGING
        self._rounds, self._otherwise = list(plan.rounds), plan.otherwise
        self._next_round(now)
        self._settle(now)

    def _next_round(self, now: float) -> None:
        caller = self._caller
        assert caller is not None, "a plan starts when there is a caller"
        self._round_ends = None
        while self._rounds:
            round = self._rounds.pop(0)
            legs = [leg for device in round.devices for leg in device.open_legs()]
            for leg in legs[self._ringing_legs :]:
                leg.hangup(Cause.OVERLOADED)
            del legs[self._ringing_legs :]
            for leg in legs:
                self._members[leg.id] = Member(leg, calls_us=False)
            for leg in legs:
                leg.ring(caller.leg.party, self._bridge, like=caller.leg.codecs or None, hops=caller.leg.hops)
            if legs:
                self._round_ends = now + round.seconds
                return
            self._otherwise = Cause.UNREACHABLE
        self._fail(self._otherwise, now)

    def _rings(self, member: Member, early: bool) -> None:
        if self.state is not State.RINGING or not member.is_called:
            return
        caller = self._caller
        if caller is None or caller.state is LegState.GONE:
            return
        ringing = self._ringing()
        if early and (len(ringing) == 1 or not any(other.sings for other in ringing)):
            member.sings = True
        if caller.state is LegState.RINGING:  # it waits for us to answer
            if early and member.sings and member.leg.port is not None:
                caller.leg.proceed(self._bridge, early=member.leg.codecs)
            elif not self._proceeded:
                caller.leg.proceed(self._bridge)
            self._proceeded = True

    def _picked_up(self, member: Member, now: float) -> None:
        if self.state is State.PREPARING:
            self._caller = member
            member.state = LegState.TALKING
            self._hang_up_others(member, Cause.ANSWERED_ELSEWHERE)
            self._start(self._route(Ask(member.leg.party, self._called.number)), now)
        elif self.state is State.RINGING and self._answer_due is None:
            if self.kept:
                self._connect(member, now)
            else:
                self._answer_due = member, now + KEEPING_SECONDS

    def _connect(self, member: Member, now: float) -> None:
        """The first to answer gets the call."""
        caller = self._caller
        assert caller is not None, "only a call with a caller rings"
        self.state, self._answered, self._round_ends = State.TALKING, now, None
        member.state, member.sings = LegState.TALKING, False
        self._rounds.clear()
        for other in self._ringing():
            self._let_go(other, Cause.ANSWERED_ELSEWHERE)
        if caller.state is LegState.RINGING:
            caller.state = LegState.TALKING
            caller.leg.answer(self._bridge, like=member.leg.codecs)
        if member.leg.party.number != self._called.number:
            caller.leg.connected_to(member.leg.party)

    def _redirected(self, member: Member, number: str) -> None:
        """Its phone sends the call on (302): the new number rings next, by the rights of who redirects."""
        if self._redirections < REDIRECTIONS:
            self._redirections += 1
            plan = self._route(Ask(member.leg.party, number))
            self._rounds[:0] = plan.rounds
            if not plan.rounds:
                self._otherwise = plan.otherwise
        else:
            self._otherwise = Cause.LOOP

    def _round_over(self, now: float) -> None:
        self._round_ends = None
        if self.state is State.CLOSING:
            self.end(self._cause or Cause.NORMAL, now)
        elif self.state is State.PREPARING:
            self.end(Cause.NO_ANSWER, now)
        elif self.state is State.RINGING and self._answer_due is None:
            for member in self._ringing():
                self._let_go(member, Cause.NO_ANSWER)
            self._next_round(now)

    def _fail(self, cause: Cause, now: float) -> None:
        """Nobody will answer. A caller whose phone is already off the hook hears it."""
        caller = self._caller
        if caller is not None and caller.state is LegState.TALKING and caller.leg.port is not None:
            self.state, self._cause = State.CLOSING, cause
            self._round_ends = now + CLOSING_SECONDS
        else:
            self.end(cause, now)

    # ---- leaving

    def _gone(self, member: Member, cause: Cause, now: float) -> None:
        was, member.state, member.cause = member.state, LegState.GONE, cause
        if self.state is State.TALKING:
            if len(self._present()) < 2:
                self.end(cause, now)
        elif self.state is State.PREPARING:
            if not self._present():
                self.end(cause, now)
        elif member is self._caller:
            self.end(Cause.CANCELLED if self.state is State.RINGING else cause, now)
        elif was is LegState.RINGING and self.state is State.RINGING:
            self._refused(member, cause, now)
        if self.state is not State.ENDED and member.leg.port is not None:
            self._sound.leave(member.leg.port)

    def _refused(self, member: Member, cause: Cause, now: float) -> None:
        if self._answer_due is not None and self._answer_due[0] is member:
            self._answer_due = None
        if not self._rounds:
            self._otherwise = _stronger(self._otherwise, cause)
        if cause is Cause.DECLINED and member.leg.party.user:
            for other in self._ringing():
                if other.leg.party.user == member.leg.party.user:
                    self._let_go(other, Cause.DECLINED)
        if not self._ringing():
            self._next_round(now)

    def _let_go(self, member: Member, cause: Cause) -> None:
        member.state, member.cause = LegState.GONE, cause
        if member.leg.port is not None:
            self._sound.leave(member.leg.port)
        member.leg.hangup(cause)

    def _hang_up_others(self, chosen: Member, cause: Cause) -> None:
        for other in self._present():
            if other is not chosen:
                self._let_go(other, cause)

    # ---- who is here

    def _present(self) -> list[Member]:
        return [member for member in self._members.values() if member.state is not LegState.GONE]

    def _ringing(self) -> list[Member]:
        """Those we call who have not answered."""
        return [member for member in self._members.values() if member.is_called]

    def _users(self) -> tuple[str, ...]:
        users = {m.leg.party.user: None for m in self._members.values() if m.state is not LegState.GONE}
        users.pop("", None)
        return tuple(users)

    # ---- sound and time

    def _settle(self, now: float) -> None:
        if self.state is not State.ENDED:
            try:
                self._sound.show(scene(self.state, self._caller, self._members.values()))
            except NoMedia:
                self.end(Cause.OVERLOADED, now)
            else:
                self._set_deadline()

    def _set_deadline(self) -> None:
        due = [
            member.lost_since + LOST_SECONDS for member in self._present() if member.lost_since is not None
        ]
        if self._round_ends is not None:
            due.append(self._round_ends)
        if self._answer_due is not None:
            due.append(self._answer_due[1])
        self.deadline = min(due) if due else None


_WEIGHT = {Cause.DECLINED: 4, Cause.BUSY: 3, Cause.INCOMPATIBLE: 2, Cause.NO_ANSWER: 1}


def _stronger(one: Cause, other: Cause) -> Cause:
    """Of two reasons why nobody answered, the one that tells the caller more."""
    return other if _WEIGHT.get(other, 2) >= _WEIGHT.get(one, 2) else one
