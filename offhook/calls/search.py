"""A call that looks for somebody to answer it: rounds of a plan, refusals, and the way back."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from offhook.calls.cause import Cause
from offhook.calls.gathering import Gathering
from offhook.calls.hunt import Hunt, Rung
from offhook.calls.leg import Party
from offhook.calls.member import LegState, Member, State
from offhook.calls.moments import Moment, What
from offhook.calls.routing import Plan, Round
from offhook.calls.view import Via

CLOSING_SECONDS = 5.0  # of busy tone
PARKED_SECONDS = 300.0  # then it comes back to whoever parked it
RECALL_SECONDS = 30.0


class Search(Gathering):
    """From the start of a plan to the first who answers, or until nobody is left to ring."""

    def _start(self, plan: Plan, now: float) -> None:
        caller = self._caller
        assert caller is not None, "a plan starts when there is a caller"
        if plan.deed is not None:
            self._house.serve(self.id, caller, plan.deed, now)
            return
        self._called = plan.called or self._called
        if caller.waits:
            self._note(What.CALLED, now, caller, self._called)
        self.state = State.RINGING
        self._hunt, self._diverted = Hunt(plan, legs_at_most=self._ringing_legs), ()
        self._next_round(now)

    def _next_round(self, now: float, *, has_lasted: bool = False) -> None:
        caller, hunt = self._caller, self._hunt
        assert caller is not None, "somebody waits while we look for whom to ring"
        assert hunt is not None, "rounds are those of a plan"
        self._due = None
        found = hunt.next(now, has_lasted=has_lasted)
        if found is None:
            if not hunt.has_rung and self._called.user not in ("", caller.leg.party.user):
                self._unreached(caller.leg.party, hunt.otherwise, now)
            self._unanswered(hunt.otherwise, now)
            return
        (round, legs), self.is_changed = found, True
        self._due, self._called = now + round.seconds, round.called or self._called
        if round.via is not None and (round.passed or round.via.how == "diverted"):
            self._diverts(round.via, round.passed, now)
        self._ring(round, legs, caller, now)

    def _ring(self, round: Round, legs: Sequence[Rung], caller: Member, now: float) -> None:
        for leg, manner in legs:
            member = self._put(Member(leg, calls_us=False, via=round.via, manner=manner))
            if manner is not None:
                member.alerts_from(now)
            self._note(What.RUNG, now, member, caller.leg.party)
        for leg, _ in legs:
            who = self._house.seen(caller.leg.party, leg.party)
            leg.ring(who, self.bridge, like=caller.leg.codecs or None, hops=caller.leg.hops)

    def _ring_more(self, now: float) -> None:
        """The time has come for devices that ring after the others of their round."""
        hunt, caller = self._hunt, self._caller
        if hunt is None or hunt.due is None or hunt.due > now or self._answer_due is not None:
            return
        assert hunt.round is not None, "it is in a round that devices are yet to ring"
        assert caller is not None, "somebody waits while we look for whom to ring"
        self._ring(hunt.round, hunt.next_devices(now, len(self.ringing())), caller, now)
        self._go_on(now)

    def _go_on(self, now: float) -> None:
        """To the next round, if nobody of this one rings any more, or is about to."""
        if self._hunt is not None and self._hunt.due is not None:
            return
        if not any(other.rings_until is None for other in self.ringing()):
            self._next_round(now)

    def _rings(self, member: Member, early: bool, now: float) -> None:
        if self.state is not State.RINGING or not member.is_called:
            return
        caller = self._caller
        if caller is None or caller.state is LegState.GONE:
            return
        if not member.rang and member.rings_until is None:
            member.rang = True
            if member.manner is not None:
                member.alerts_from(now)
            self._note(What.ALERTED, now, member, caller.leg.party)
        if member.leg.takes_orders:
            self.is_changed = True  # it may have learned so just now
        ringing = self.ringing()
        if early and (len(ringing) == 1 or not any(other.sings for other in ringing)):
            member.sings = True
        if caller.waits:
            self._show(caller, self._called)
            if early and member.sings and member.leg.port is not None:
                caller.leg.proceed(self.bridge, early=member.leg.codecs)
            elif not self._proceeded:
                caller.leg.proceed(self.bridge)
            self._proceeded = True

    def _refused(self, member: Member, cause: Cause, now: float) -> None:
        if member.rings_until is not None:
            return  # it was only to fetch the call
        if self._hunt is not None:
            self._hunt.refused(cause)
        if cause is Cause.DECLINED and member.leg.party.user:
            self._silence(member.leg.party.user, Cause.DECLINED, now)
        self._go_on(now)

    def _silence(self, user: str, cause: Cause, now: float, *, but: Member | None = None) -> None:
        """Nothing of this user's rings any more in this round, nor will."""
        if self._hunt is not None:
            self._hunt.forget(user=user)
        for other in self.ringing():
            if other.leg.party.user == user and other is not but:
                self._let_go(other, cause, now)

    def _connect(self, member: Member, now: float) -> None:
        """The first to answer gets the call."""
        caller = self._caller
        assert caller is not None, "only a call with a caller rings"
        picked = member.via is not None and member.via.how == "picked-up"
        for one in (caller, member):
            if one.since is None:
                one.since = now
        self._answered = self._answered or now
        self.state, self.place, self._due, self._hunt, self._recall = State.TALKING, None, None, None, None
        self._joins(member, caller, now)
        for other in self.ringing():
            if other.leg.party.user not in ("", member.leg.party.user):
                self.parting += (other.leg.party.user,)
            self._let_go(other, Cause.PICKED_UP if picked else Cause.ANSWERED_ELSEWHERE, now)
        self._show(caller, member.leg.party)
        self._show(member, caller.leg.party)
        if caller.waits:
            caller.talks()
            caller.leg.answer(self.bridge, like=member.leg.codecs)
        self._note(What.CONNECTED, now, member, caller.leg.party)

    def _joins(self, member: Member, other: Member, now: float) -> None:
        """It talks from now on; one that was not rung by a plan is introduced first."""
        if member.waits or member.rings_until is not None:
            self._note(What.RUNG, now, member, other.leg.party)
        waits, member.replaces, self.is_changed = member.waits, None, True
        member.talks()
        if waits:
            self._show(member, other.leg.party)
            member.leg.answer(self.bridge, like=other.leg.codecs)

    def _unanswered(self, cause: Cause, now: float) -> None:
        """Nobody is left to ring: it goes back to where it comes from, if it was handed on."""
        if self.place is not None:
            self.state, self._due, self.is_changed = State.PARKED, now + PARKED_SECONDS, True
        elif not self._goes_back(cause, now):
            self.fail(cause, now)

    def _goes_back(self, cause: Cause, now: float) -> bool:
        """Ring whoever transferred or parked it, whatever they do: they have a word with who waits."""
        back = self._recall
        if self.place is None:
            self._recall = None
        if back is None or not back.user:
            return False
        devices = tuple([device for device in self._house.devices_of(back.user) if device.is_reachable])
        if not devices:
            return False
        round = Round(devices, RECALL_SECONDS, Via("recalled", self._called), back)
        self.state = State.RINGING
        self._hunt = Hunt(Plan((round,), cause, back), legs_at_most=self._ringing_legs)
        self._next_round(now)
        return True

    def fail(self, cause: Cause, now: float) -> None:
        """Nobody will answer. A caller whose phone is already off the hook hears it."""
        caller = self._caller
        if caller is not None and caller.state is LegState.TALKING and caller.leg.port is not None:
            self.state, self._cause, self.is_changed = State.CLOSING, cause, True
            self._due = now + CLOSING_SECONDS
        else:
            self.end(cause, now)

    def _diverts(self, via: Via, passed: tuple[Party, ...], now: float) -> None:
        """Tell who has sent it on to whom; once, however many rounds that means."""
        way = (*passed, via.by, self._called) if via.how == "diverted" else (*passed, self._called)
        if way == self._diverted:
            return
        self._diverted = way
        for by, to in pairwise(way):
            if by != to:
                said = Moment(self.id, What.DIVERTED, now, party=by, other=to, via=Via("diverted", by))
                self._house.note(said)

    def _unreached(self, who: Party, cause: Cause, now: float) -> None:
        self._house.note(Moment(self.id, What.UNREACHED, now, party=self._called, other=who, cause=cause))


def sent_on(plan: Plan, by: Party) -> Plan:
    """The same plan, for what is sent on by somebody it rang for."""
    return replace(plan, rounds=tuple([_sent_on(round, plan, by) for round in plan.rounds]))


def _sent_on(round: Round, plan: Plan, by: Party) -> Round:
    called = round.called or plan.called
    if round.via is None:
        return replace(round, via=Via("diverted", by), called=called)
    return replace(round, called=called, passed=(by, *round.passed))
