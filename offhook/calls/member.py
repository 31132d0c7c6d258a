"""The states of a call, and what it knows of each of its legs."""

from enum import StrEnum

from offhook.calls.cause import Cause
from offhook.calls.leg import Leg
from offhook.calls.view import LegView


class State(StrEnum):
    PREPARING = "preparing"  # the caller's own phone rings first (click-to-dial)
    RINGING = "ringing"
    TALKING = "talking"
    CLOSING = "closing"  # nobody to talk to: the caller hears why
    ENDED = "ended"


class LegState(StrEnum):
    RINGING = "ringing"
    TALKING = "talking"
    GONE = "gone"


class Member:
    """One leg of a call, and how it takes part."""

    __slots__ = ("calls_us", "cause", "holding", "leg", "lost_since", "muted", "sings", "state")

    def __init__(self, leg: Leg, *, calls_us: bool) -> None:
        self.leg = leg
        self.calls_us = calls_us  # the caller's side of the call
        self.state = LegState.RINGING
        self.holding = False
        self.muted = False
        self.sings = False  # rings with sound of its own (early media)
        self.lost_since: float | None = None
        self.cause: Cause | None = None

    @property
    def is_called(self) -> bool:
        """We call it, and it has not answered."""
        return self.state is LegState.RINGING and not self.calls_us

    def view(self) -> LegView:
        leg, lost = self.leg, self.lost_since is not None
        return LegView(
            leg.id, leg.party, self.calls_us, self.state, self.holding, self.muted, lost, self.cause
        )
