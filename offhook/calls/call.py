"""A call: a conversation, from the first ring until fewer than two are left.

Its state says who takes part and how; what each of them hears follows from it, in `sound.py`.
What involves a second call (transfer, conference, parking) is in `moves.py`.

    PREPARING ──► RINGING ◄──transfer, recall──┐
                     │   ╲                     │
                     ▼    ╲──► CLOSING     PARKED
                  TALKING ─────park──────────► ▲
                     ▲──────────retrieve───────┘        anything ──end()──► ENDED
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from offhook.calls.cause import Cannot, Cause
from offhook.calls.gathering import LOST_SECONDS
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
    Party,
    Ringing,
)
from offhook.calls.member import LegState, Member, State
from offhook.calls.moments import What
from offhook.calls.routing import Ask, Plan
from offhook.calls.search import PARKED_SECONDS, Search, sent_on
from offhook.calls.view import Place, Via

PREPARING_SECONDS = 30.0  # for one's own phone to be picked up
DONE_SECONDS = 1.0  # to hear that a code has done what it stands for
KEEPING_SECONDS = 0.05  # an answer waits this long for the call's record to be on disk
FETCHING_SECONDS = 30.0  # for a device that is to take a call over to be picked up


class Call(Search):
    """Legs join a call and leave it; everything else follows.

    Not to be called from outside but by the switch, which sees to it that moves never overlap.
    """

    # ---- how it begins

    def called_by(self, leg: Leg, now: float) -> None:
        """A leg called us: ring whoever its number means."""
        self._caller = self._put(Member(leg, calls_us=True, waits=True))
        self._start(self._house.route(Ask(leg.party, self._dialled)), now)
        self.settle(now)

    def prepare(self, legs: Sequence[Leg], plan: Plan, now: float) -> None:
        """Ring the caller's own device first; who answers there is the caller.

        It is rung in the codecs of those who will ring then, so that nobody has to change when they meet.
        """
        self.state, self._called = State.PREPARING, plan.called or self._called
        self._due = now + PREPARING_SECONDS
        like = plan.rounds[0].speaks if plan.rounds else ()
        for leg in legs:
            member = self._put(Member(leg, calls_us=True))
            if plan.deed is None:
                self._note(What.CALLED, now, member, self._called)
        for leg in legs:
            who = self._house.seen(self._called, leg.party)
            leg.ring(who, self.bridge, like=like or None, auto_answer=True)
        self.settle(now)

    # ---- what happens to it

    def handle(self, leg: Leg, event: LegEvent, now: float) -> None:
        """Take in what happened to one of our legs; what does not fit the state is ignored, only here."""
        member = self._members.get(leg.id)
        if member is None or member.state is LegState.GONE or self.state is State.ENDED:
            return
        match event:
            case Ringing(early):
                self._rings(member, early, now)
            case Answered():
                if member.state is LegState.RINGING and not member.waits:
                    self._picked_up(member, now)
            case Held(holding):
                member.holding, self.is_changed = holding, True
            case Lost():
                if member.lost_since is None:
                    member.lost_since, self.is_changed = now, True
            case Back():
                member.lost_since, self.is_changed = None, True
            case Digit(key, carried):
                if not carried:
                    self.dial(member, key)
            case Asked():
                pass  # the switch answers wishes: most involve another call
            case Gone(cause):
                self._gone(member, cause, now, own=True)
            case _:
                assert_never(event)
        self.settle(now)

    def tick(self, now: float) -> None:
        """Do what is due."""
        if self._answer_due is not None and self._answer_due[1] <= now:
            self.keep(now)
        if self._due is not None and self._due <= now:
            self._overdue(now)
        for member in self.present():
            if member.state is LegState.GONE:
                continue  # for what was due for another
            if member.lost_since is not None and member.lost_since + LOST_SECONDS <= now:
                self._drop(member, Cause.LOST, now)
            elif member.has_rung_out(now):
                self._drop(member, Cause.NO_ANSWER, now)
        self._ring_more(now)
        self.settle(now)

    def keep(self, now: float) -> None:
        """The record is on disk, or the wait for it is over: an answer that waited goes ahead."""
        self.kept = True
        if self._answer_due is not None:
            (member, _), self._answer_due = self._answer_due, None
            if member.state is LegState.RINGING:
                self._connect(member, now)
            self.settle(now)

    # ---- what people do with it

    def member(self, leg_id: str) -> Member:
        return self._members[leg_id]

    def hold(self, member: Member, holding: bool, now: float) -> None:
        member.holding, self.is_changed = holding, True
        member.leg.hold(holding)
        self.settle(now)

    def mute(self, member: Member, muted: bool, now: float) -> None:
        member.muted, self.is_changed = muted, True
        self.settle(now)

    def dial(self, member: Member, keys: str) -> None:
        """Let everyone else hear digits of this member."""
        for other in self.present():
            if other is not member and other.leg.port is not None:
                for key in keys:
                    other.leg.port.dial(key)

    def decline(self, user: str, now: float) -> None:
        """This user does not want the call, on whatever device."""
        for member in self.present():
            if member.leg.party.user == user and member.is_called:
                self._drop(member, Cause.DECLINED, now)
        self.settle(now)

    def redirect(self, member: Member, plan: Plan, now: float) -> None:
        """What rings for this member's user goes on to others. Raises Cannot."""
        assert self._hunt is not None, "what rings is hunted"
        if self._hunt.is_going_in_circles:
            raise Cannot(Cause.LOOP)
        self._hunt.redirected(sent_on(plan, member.leg.party))
        self._silence(member.leg.party.user, Cause.ANSWERED_ELSEWHERE, now, but=member)
        self._drop(member, Cause.ANSWERED_ELSEWHERE, now)
        self.settle(now)

    def redirected(self, member: Member, plan: Plan) -> None:
        """Its phone has sent the call on by itself (302) and is about to be gone."""
        if self._hunt is not None:
            self._hunt.redirected(sent_on(plan, member.leg.party))

    def hangup(self, member: Member, now: float, cause: Cause = Cause.NORMAL) -> None:
        """One party leaves."""
        if member.state is LegState.GONE or self.state is State.ENDED:
            return
        if self.state is State.PREPARING or (member is self._caller and self.state is State.RINGING):
            self.end(Cause.CANCELLED, now)
            return
        self._drop(member, cause, now, own=cause is Cause.NORMAL)
        self.settle(now)

    def forget(self, device: str, now: float) -> None:
        """This device is no longer one of ours; where it rings, others may still answer."""
        if self._hunt is not None and self._hunt.due is not None:
            self._hunt.forget(device=device)
            self._go_on(now)
            self.settle(now)
        for member in self.present():
            if member.leg.party.device == device:
                self.hangup(member, now, Cause.UNREACHABLE if member.is_called else Cause.NORMAL)

    # ---- how it changes hands

    def transfer(self, member: Member, plan: Plan, now: float) -> None:
        """Of the two who talk this one leaves, and the other is put through to whom `plan` says."""
        (other,) = [one for one in self.talking() if one is not member]
        called = plan.called or self._called
        self._leaves_for(member, called, self, now)
        self.transfers += 1
        self._recall, self._caller, self._called = member.leg.party, other, called
        self._let_go(member, Cause.TRANSFERRED, now)
        self._let_fetchers_go(now)
        via = Via("transferred", member.leg.party)
        rounds = tuple([replace(round, via=round.via or via) for round in plan.rounds])
        self._start(replace(plan, rounds=rounds), now)
        self.settle(now)

    def give(self, member: Member, into: "Call", now: float, *, by: Member | None = None) -> None:
        """Let a leg go over to another call; `by` hands it over. Raises NoMedia, and changes nothing then."""
        if member.leg.port is not None:
            into.bridge.take(member.leg.port)
            self._sound.forget(member.leg.port)
        member.leg.enter(into.bridge)
        del self._members[member.leg.id]
        if member.leg.id in self.unfiled:
            self.unfiled.remove(member.leg.id)  # it has only just come
        self.is_changed = True
        self._let_fetchers_go(now)
        if by is not None:
            self._leaves_for(by, into.with_whom(by.leg.party.user), into, now)

    def adopt(self, member: Member, origin: "Call", now: float, *, instead_of: Member | None = None) -> None:
        """Take in a leg that talks already; whose place it takes is gone then."""
        self._put(member)
        self._note(What.CAME, now, member, self.with_whom(member.leg.party.user), into=origin.id)
        if instead_of is not None:
            self._leaves_for(instead_of, member.leg.party, self, now)
            member.via = Via("transferred", instead_of.leg.party)
            self.transfers += 1
            if instead_of is self._caller:
                self._caller = member
            if self.state is State.RINGING:
                self._recall = instead_of.leg.party
            self._let_go(instead_of, Cause.TRANSFERRED, now)
            self._let_fetchers_go(now)
            for other in self.talking():
                if other is not member:
                    self._show(other, member.leg.party)
                    self._show(member, other.leg.party)
        self.settle(now)

    def park(self, place: Place, now: float, *, by: Party, leaving: Member | None = None) -> None:
        """Who is left when `leaving` has gone waits at `place`, with music."""
        self.place, self._recall, self.state = place, by, State.PARKED
        self._due = now + PARKED_SECONDS
        if leaving is not None:
            self._let_go(leaving, Cause.TRANSFERRED, now)
        self._let_fetchers_go(now)
        for member in self.talking():
            self._caller = member
            self._note(What.PARKED, now, member, Party(place.number, "", place.user))
        self.settle(now)

    def fetch(self, legs: Sequence[Leg], via: Via, now: float, *, replaces: Member | None = None) -> None:
        """Ring a device that is to take the call: a parked one, one that rings elsewhere, one's own."""
        who = self.with_whom(legs[0].party.user)
        like = self._caller.leg.codecs if self._caller is not None else ()
        for leg in legs:
            until = now + FETCHING_SECONDS
            self._put(Member(leg, calls_us=False, via=via, replaces=replaces, rings_until=until))
            shown = self._house.seen(who, leg.party)
            leg.ring(shown, self.bridge, like=like or None, auto_answer=True)
        self.settle(now)

    def fetched(self, member: Member, via: Via, now: float) -> None:
        """A leg that talks to nobody yet takes the call."""
        member.via, member.state, member.calls_us = via, LegState.RINGING, False
        member.rings_until = now + FETCHING_SECONDS  # it was rung by no plan
        self._put(member)
        self._picked_up(member, now)
        self.settle(now)

    def take(self, leg: Leg, via: Via, now: float, *, replaces: Member | None = None) -> None:
        """A leg that called us takes the call: a parked one, one that rings elsewhere, one's own."""
        leg.enter(self.bridge)
        member = self._put(Member(leg, calls_us=False, waits=True, via=via, replaces=replaces))
        self._picked_up(member, now)
        self.settle(now)

    def confirm(self, member: Member, now: float) -> None:
        """The caller's code has done what it stands for."""
        self._closing, self._cause, self.state = "done", Cause.NORMAL, State.CLOSING
        self._due = now + DONE_SECONDS
        if member.waits:
            member.talks()
            member.leg.answer(self.bridge, like=member.leg.codecs)
        self._caller, self.is_changed = member, True
        self.settle(now)

    # ---- ringing

    def _picked_up(self, member: Member, now: float) -> None:
        match self.state:
            case State.PREPARING:
                self._caller = member
                member.talks()
                for other in self.present():
                    if other is not member:
                        self._let_go(other, Cause.ANSWERED_ELSEWHERE, now)
                self._start(self._house.route(Ask(member.leg.party, self._dialled)), now)
            case State.RINGING if member.believed_from is not None and now < member.believed_from:
                self._drop(member, Cause.NO_ANSWER, now)
            case State.RINGING if self._answer_due is None:
                if self.kept:
                    self._connect(member, now)
                else:
                    self._answer_due = member, now + KEEPING_SECONDS
            case State.PARKED:
                self._connect(member, now)
            case State.TALKING if member.replaces is not None:
                self._take_over(member, member.replaces, now)
            case _:
                pass  # another has answered before; it is about to be told

    def _take_over(self, member: Member, old: Member, now: float) -> None:
        """Another device of a party goes on in its place; the others notice nothing."""
        other = next(one for one in self.talking() if one is not old)
        member.calls_us, member.muted, member.since = old.calls_us, old.muted, old.since
        self._joins(member, other, now)
        if old is self._caller:
            self._caller = member
        self._note(What.CONNECTED, now, member, other.leg.party)
        self._let_go(old, Cause.MOVED, now)
        self._let_fetchers_go(now)

    def _overdue(self, now: float) -> None:
        """The round, the parking or the busy tone has lasted long enough."""
        self._due = None
        match self.state:
            case State.CLOSING:
                self.end(self._cause or Cause.NORMAL, now)
            case State.PREPARING:
                self.end(Cause.NO_ANSWER, now)
            case State.RINGING if self._answer_due is not None:
                self._due = self._answer_due[1]  # perhaps nothing comes of that answer
            case State.RINGING:
                for member in self.ringing():
                    if member.rings_until is None:
                        self._let_go(member, Cause.NO_ANSWER, now)
                self._next_round(now, has_lasted=True)
            case State.PARKED:
                if not self._goes_back(Cause.NO_ANSWER, now):
                    self._due = now + PARKED_SECONDS
            case _:
                pass

    # ---- leaving

    def _drop(self, member: Member, cause: Cause, now: float, *, own: bool = False) -> None:
        member.leg.hangup(cause)
        self._gone(member, cause, now, own=own)

    def _gone(self, member: Member, cause: Cause, now: float, *, own: bool) -> None:
        was, member.state, member.cause, self.is_changed = member.state, LegState.GONE, cause, True
        self._answers_no_more(member)
        self._note(What.LEFT, now, member, cause=cause, own=own)
        match self.state:
            case State.TALKING:
                if len(self.talking()) < 2:
                    self.end(cause, now)
                elif was is LegState.TALKING and not self._may_go_on_without(member):
                    self.end(Cause.NOT_JOINED, now)
                elif was is LegState.TALKING:
                    self._let_fetchers_go(now, of=member)
            case State.PARKED:
                if not self.talking():
                    self.end(cause, now)
            case State.PREPARING:
                if not self.present():
                    self.end(cause, now)
            case State.RINGING if member is self._caller:
                self.end(Cause.CANCELLED, now)
            case State.RINGING if was is LegState.RINGING:
                self._refused(member, cause, now)
            case State.CLOSING if member is self._caller:
                self.end(cause, now)
            case _:
                pass
        if self.state is not State.ENDED and member.leg.port is not None:
            self._sound.leave(member.leg.port)

    def _let_fetchers_go(self, now: float, *, of: Member | None = None) -> None:
        """Devices that ring to take a party's place are too late; `of`: those for this party only."""
        for member in self.present():
            if member.replaces is not None and (of is None or member.replaces is of):
                self._let_go(member, Cause.OVER, now)

    # ---- what is told of it

    def _leaves_for(self, member: Member, other: Party, into: "Call", now: float) -> None:
        self._note(What.TRANSFERRED, now, member, other, into=into.id)
