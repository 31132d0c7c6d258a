"""The search for somebody who answers: the rounds of a plan, one after the other."""

from dataclasses import dataclass

from offhook.calls.cause import Cause
from offhook.calls.leg import Leg
from offhook.calls.routing import Plan, Round

REDIRECTIONS = 5  # followed at most, in one call


@dataclass(slots=True)
class Ringing:
    """One round under way: the legs to ring now, at most `legs_at_most` of them."""

    round: Round
    legs: list[Leg]


class Hunt:
    """What is left of a plan, and the best reason so far why nobody has answered."""

    def __init__(self, plan: Plan, *, legs_at_most: int) -> None:
        self.otherwise = plan.otherwise
        self.has_rung = False
        self._rounds = list(plan.rounds)
        self._legs_at_most = legs_at_most
        self._redirections = 0

    def next(self) -> Ringing | None:
        """The next round in which anything can ring; its legs are new. None: nobody is left."""
        while self._rounds:
            round = self._rounds.pop(0)
            legs = [leg for device in round.devices for leg in device.open_legs()]
            for leg in legs[self._legs_at_most :]:
                leg.hangup(Cause.OVERLOADED)
            del legs[self._legs_at_most :]
            if legs:
                self.has_rung = True
                return Ringing(round, legs)
            self.otherwise = Cause.UNREACHABLE
        return None

    def refused(self, cause: Cause) -> None:
        """One of those who ring will not answer."""
        if not self._rounds:
            self.otherwise = _stronger(self.otherwise, cause)

    def redirected(self, plan: Plan) -> bool:
        """Who was rung sends the call on: that comes next. False once it has gone in circles."""
        if self._redirections >= REDIRECTIONS:
            self.otherwise = Cause.LOOP
            return False
        self._redirections += 1
        self._rounds[:0] = plan.rounds
        if not plan.rounds:
            self.otherwise = plan.otherwise
        return True


_WEIGHT = {Cause.DECLINED: 4, Cause.BUSY: 3, Cause.INCOMPATIBLE: 2, Cause.NO_ANSWER: 1}


def _stronger(one: Cause, other: Cause) -> Cause:
    """Of two reasons why nobody answered, the one that tells the caller more."""
    return other if _WEIGHT.get(other, 2) >= _WEIGHT.get(one, 2) else one
