"""The states of a call, and what it knows of each of its legs."""

from enum import StrEnum

from offhook.calls.cause import Cause
from offhook.calls.leg import Leg
from offhook.calls.routing import Manner
from offhook.calls.view import LegView, Via


class State(StrEnum):
    PREPARING = "preparing"  # the caller's own phone rings first (click-to-dial)
    RINGING = "ringing"
    TALKING = "talking"
    PARKED = "parked"  # one waits, with music, to be fetched
    CLOSING = "closing"  # nobody to talk to: the caller hears why
    ENDED = "ended"


class LegState(StrEnum):
    RINGING = "ringing"
    TALKING = "talking"
    GONE = "gone"


class Member:
    """One leg of a call, and how it takes part."""

    __slots__ = (
        "alerts_until", "believed_from", "calls_us", "cause", "holding", "leg", "lost_since", "manner",
        "muted", "rang", "replaces", "rings_until", "since", "sings", "state", "via", "waits",
    )  # fmt: skip

    def __init__(
        self,
        leg: Leg,
        *,
        calls_us: bool,
        waits: bool = False,
        via: Via | None = None,
        replaces: "Member | None" = None,
        rings_until: float | None = None,
        manner: Manner | None = None,
    ) -> None:
        self.leg = leg
        self.calls_us = calls_us  # the caller's side of the call
        self.waits = waits  # it called us and we have not answered
        self.via = via
        self.replaces = replaces  # whose place it takes when it answers
        self.rings_until = rings_until  # of one that is to fetch the call; None: it rings in a round
        self.manner = manner
        self.alerts_until: float | None = None  # within its round; None: as long as that lasts
        self.believed_from: float | None = None  # an earlier answer is a machine's
        self.state = LegState.RINGING
        self.rang = False
        self.holding = False
        self.muted = False
        self.sings = False  # rings with sound of its own (early media)
        self.since: float | None = None
        self.lost_since: float | None = None
        self.cause: Cause | None = None

    @property
    def is_called(self) -> bool:
        """We call it, and it has not answered."""
        return self.state is LegState.RINGING and not self.calls_us and not self.waits

    def alerts_from(self, now: float) -> None:
        """It begins to ring; again, as far as we know better now."""
        if (manner := self.manner) is not None:
            self.believed_from = now + manner.min_alert if manner.min_alert > 0 else None
            self.alerts_until = now + manner.max_alert if manner.max_alert > 0 else None

    def has_rung_out(self, now: float) -> bool:
        """It was to ring until now, and no longer."""
        fetches, alerts = self.rings_until, self.alerts_until
        return (fetches is not None and fetches <= now) or (alerts is not None and alerts <= now)

    def talks(self) -> None:
        """It is answered; with whom it talks is the call's business."""
        self.state, self.waits, self.sings, self.rings_until = LegState.TALKING, False, False, None
        self.alerts_until = None

    def view(self) -> LegView:
        leg = self.leg
        return LegView(
            leg.id,
            leg.party,
            self.calls_us,
            self.state,
            self.holding,
            self.muted,
            self.lost_since is not None,
            self.cause,
            self.since,
            leg.takes_orders,
            self.via,
        )
