"""The search for somebody who answers: the rounds of a plan, one after the other."""

from offhook.calls.cause import Cause
from offhook.calls.leg import Leg
from offhook.calls.routing import Plan, Round

REDIRECTIONS = 5  # followed at most, in one call


class Hunt:
    """What is left of a plan, and the best reason so far why nobody has answered."""

    def __init__(self, plan: Plan, *, legs_at_most: int) -> None:
        self.otherwise = plan.otherwise
        self.has_rung = False
        self._rounds = list(plan.rounds)
        self._legs_at_most = legs_at_most
        self._redirections = 0

    @property
    def is_going_in_circles(self) -> bool:
        """No redirection is followed any more."""
        return self._redirections >= REDIRECTIONS

    def next(self) -> tuple[Round, list[Leg]] | None:
        """The next round in which anything can ring, and its new legs. None: nobody is left."""
        while self._rounds:
            round = self._rounds.pop(0)
            legs = [leg for device in round.devices for leg in device.open_legs()]
            for leg in legs[self._legs_at_most :]:
                leg.hangup(Cause.OVERLOADED)
            del legs[self._legs_at_most :]
            if legs:
                self.has_rung = True
                return round, legs
            self.otherwise = Cause.UNREACHABLE
        return None

    def refused(self, cause: Cause) -> None:
        """One of those who ring will not answer."""
        if not self._rounds:
            self.otherwise = _stronger(self.otherwise, cause)

    def redirected(self, plan: Plan) -> None:
        """Who was rung sends the call on: that comes next, unless it goes in circles."""
        if self.is_going_in_circles:
            self.otherwise = Cause.LOOP
            return
        self._redirections += 1
        self._rounds[:0] = plan.rounds
        if not plan.rounds:
            self.otherwise = plan.otherwise


_WEIGHT = {Cause.DECLINED: 4, Cause.BUSY: 3, Cause.INCOMPATIBLE: 2, Cause.NO_ANSWER: 1}


def _stronger(one: Cause, other: Cause) -> Cause:
    """Of two reasons why nobody answered, the one that tells the caller more."""
    return other if _WEIGHT.get(other, 2) >= _WEIGHT.get(one, 2) else one
