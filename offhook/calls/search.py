"""A call that looks for somebody to answer it: rounds of a plan, refusals, and the way back."""

from collections.abc import Iterable
from dataclasses import replace

from offhook.calls.cause import Cause
from offhook.calls.gathering import Gathering
from offhook.calls.hunt import Hunt
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
        self._hunt = Hunt(plan, legs_at_most=self._ringing_legs)
        self._next_round(now)

    def _next_round(self, now: float) -> None:
        caller, hunt = self._caller, self._hunt
        assert caller is not None, "somebody waits while we look for whom to ring"
        assert hunt is not None, "rounds are those of a plan"
        self._due = None
        found = hunt.next()
        if found is None:
            if not hunt.has_rung and self._called.user not in ("", caller.leg.party.user):
                self._unreached(caller.leg.party, hunt.otherwise, now)
            self._unanswered(hunt.otherwise, now)
            return
        (round, legs), who = found, caller.leg.party
        self._due, self._called = now + round.seconds, round.called or self._called
        if round.via is not None and round.via.how == "diverted":
            self._house.note(
                Moment(self.id, What.DIVERTED, now, party=round.via.by, other=self._called, via=round.via)
            )
        for leg in legs:
            member = self._put(Member(leg, calls_us=False, via=round.via))
            self._note(What.RUNG, now, member, who)
        for leg in legs:
            leg.ring(who, self.bridge, like=caller.leg.codecs or None, hops=caller.leg.hops)

    def _rings(self, member: Member, early: bool, now: float) -> None:
        if self.state is not State.RINGING or not member.is_called:
            return
        caller = self._caller
        if caller is None or caller.state is LegState.GONE:
            return
        if not member.rang and member.rings_until is None:
            member.rang = True
            self._note(What.ALERTED, now, member, caller.leg.party)
        if member.leg.takes_orders:
            self.is_changed = True  # it may have learned so just now
        ringing = self.ringing()
        if early and (len(ringing) == 1 or not any(other.sings for other in ringing)):
            member.sings = True
        if caller.waits:
            caller.leg.connected_to(self._called)
            if early and member.sings and member.leg.port is not None:
                caller.leg.proceed(self.bridge, early=member.leg.codecs)
            elif not self._proceeded:
                caller.leg.proceed(self.bridge)
            self._proceeded = True

    def _refused(self, member: Member, cause: Cause, now: float) -> None:
        if self._answer_due is not None and self._answer_due[0] is member:
            self._answer_due = None
        if member.rings_until is not None:
            return  # it was only to fetch the call
        if self._hunt is not None:
            self._hunt.refused(cause)
        if cause is Cause.DECLINED and member.leg.party.user:
            for other in self.ringing():
                if other.leg.party.user == member.leg.party.user:
                    self._let_go(other, Cause.DECLINED, now)
        if not any(other.rings_until is None for other in self.ringing()):
            self._next_round(now)

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
            self._let_go(other, Cause.PICKED_UP if picked else Cause.ANSWERED_ELSEWHERE, now)
        caller.leg.connected_to(member.leg.party)
        member.leg.connected_to(caller.leg.party)
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
            member.leg.connected_to(other.leg.party)
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

    def _unreached(self, who: Party, cause: Cause, now: float) -> None:
        self._house.note(Moment(self.id, What.UNREACHED, now, party=self._called, other=who, cause=cause))


def sent_on(plan: Plan, by: Party) -> Plan:
    """The same plan, for what is sent on by somebody it rang for."""
    via = Via("diverted", by)
    rounds: Iterable[Round] = (
        replace(round, via=via, called=round.called or plan.called) for round in plan.rounds
    )
    return replace(plan, rounds=tuple(rounds))
