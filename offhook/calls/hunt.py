"""The search for somebody who answers: the rounds of a plan, one after the other, and what comes instead."""

from collections.abc import Iterable
from dataclasses import replace

from offhook.calls.cause import Cause
from offhook.calls.leg import Leg
from offhook.calls.routing import Device, Manner, Plan, Round

REDIRECTIONS = 5  # followed at most, in one call
PLANS = 100  # asked for at most, in one search, by rounds that nobody has answered

Rung = tuple[Leg, Manner | None]


class Hunt:
    """What is left of a plan, who is yet to ring in this round, and why nobody has answered so far."""

    __slots__ = (
        "_is_sent_on", "_later", "_legs_at_most", "_planned", "_plans", "_redirections", "_refusal",
        "_rounds", "has_rung", "otherwise", "round",
    )  # fmt: skip

    def __init__(self, plan: Plan, *, legs_at_most: int) -> None:
        self.otherwise = plan.otherwise
        self.has_rung = False
        self.round: Round | None = None  # the one that lasts
        self._planned = plan.otherwise
        self._rounds = list(plan.rounds)
        self._later: tuple[tuple[float, Device, Manner], ...] = ()  # of this round, who rings after others
        self._refusal: Cause | None = None  # the strongest of this round
        self._is_sent_on = False  # by somebody for whom this round rings
        self._legs_at_most = None if plan.emergency else legs_at_most
        self._redirections = 0
        self._plans = 0

    @property
    def is_going_in_circles(self) -> bool:
        """No redirection is followed any more."""
        return self._redirections >= REDIRECTIONS

    @property
    def due(self) -> float | None:
        """When the next device of this round begins to ring; None: none is left that does."""
        return min([at for at, _, _ in self._later]) if self._later else None

    def next(self, now: float, *, has_lasted: bool = False) -> tuple[Round, list[Rung]] | None:
        """The next round in which anything can ring, or a pause, and its new legs. None: nobody is left.

        `has_lasted`: the round before went on until its end.
        """
        if self.round is not None:
            self._end(self.round, Cause.NO_ANSWER if has_lasted else self._refusal or Cause.NO_ANSWER)
        while self._rounds:
            self.round = round = self._rounds.pop(0)
            legs = self._begin(round, now)
            if legs or self._later or not round.devices:
                return round, legs
            if not self.has_rung:
                self.otherwise = Cause.UNREACHABLE
            self._end(round, Cause.UNREACHABLE)
        return None

    def next_devices(self, now: float, ringing: int) -> list[Rung]:
        """The new legs of those whose time has come."""
        due = [(device, manner) for at, device, manner in self._later if at <= now]
        self._later = tuple([one for one in self._later if one[0] > now])
        legs = self._open(due, ringing)
        if due and not legs:
            self.refused(Cause.UNREACHABLE)
        return legs

    def forget(self, *, user: str = "", device: str = "") -> None:
        """What is this user's, or this device, does not ring any more in this round."""
        self._later = tuple(
            [one for one in self._later if one[1].id != device and (not user or one[1].party.user != user)]
        )

    def refused(self, cause: Cause) -> None:
        """One of those who ring will not answer."""
        self._refusal = cause if self._refusal is None else _stronger(self._refusal, cause)
        if not self._rounds:
            self.otherwise = _stronger(self.otherwise, cause)

    def redirected(self, plan: Plan) -> None:
        """Who was rung sends the call on: that comes next, unless it goes in circles."""
        if self.is_going_in_circles:
            self.otherwise = Cause.LOOP
            return
        self._redirections += 1
        self._is_sent_on = True
        self._rounds[:0] = plan.rounds

    def _begin(self, round: Round, now: float) -> list[Rung]:
        self._refusal, self._is_sent_on = None, False
        if round.manners is None:
            return self._open([(device, None) for device in round.devices], 0)
        at_once: list[tuple[Device, Manner | None]] = []
        later: list[tuple[float, Device, Manner]] = []
        for device in round.devices:
            manner = round.manners.get(device.id)
            if manner is None or manner.delay <= 0:
                at_once.append((device, manner))
            elif manner.delay < round.seconds:  # later it would not ring in this round at all
                later.append((now + manner.delay, device, manner))
        self._later = tuple(later)
        return self._open(at_once, 0)

    def _open(self, devices: Iterable[tuple[Device, Manner | None]], ringing: int) -> list[Rung]:
        legs = [(leg, manner) for device, manner in devices for leg in device.open_legs()]
        if self._legs_at_most is not None and len(legs) + ringing > self._legs_at_most:
            room = max(0, self._legs_at_most - ringing)
            for leg, _ in legs[room:]:
                leg.hangup(Cause.OVERLOADED)
            del legs[room:]
        if legs and not self.has_rung:
            self.has_rung, self.otherwise = True, self._planned
        return legs

    def _end(self, round: Round, cause: Cause) -> None:
        """Nobody of this round has answered: ask what comes instead of those left."""
        self.round, self._later = None, ()
        if round.onward is None or self._is_sent_on:
            return
        self._plans += 1
        if self._plans > PLANS:
            self._rounds, self.otherwise = [], Cause.LOOP
        elif (plan := round.onward(cause)) is not None:
            self._rounds = [replace(round, called=round.called or plan.called) for round in plan.rounds]
            self.otherwise = self._planned = plan.otherwise


_WEIGHT = {Cause.DECLINED: 4, Cause.BUSY: 3, Cause.INCOMPATIBLE: 2, Cause.NO_ANSWER: 1}


def _stronger(one: Cause, other: Cause) -> Cause:
    """Of two reasons why nobody answered, the one that tells the caller more."""
    return other if _WEIGHT.get(other, 2) >= _WEIGHT.get(one, 2) else one
