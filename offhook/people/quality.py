"""How each leg sounds, for the user it belongs to.

Every kind of leg hears `PortReport` from its port and says so here, in one line:

    case PortReport():
        quality.heard(self, event, now)

What is published goes when the leg does, or its call.
"""

import msgspec

from offhook.calls.leg import Leg
from offhook.calls.media import PortReport
from offhook.calls.quality import complaint, worse_way
from offhook.calls.view import CallView
from offhook.feed import Feed

PUBLISHED_EVERY = 2.5  # seconds, at most


class LegQuality(msgspec.Struct, frozen=True):
    """`id` is the leg's. Losses are fractions, times in ms; `words` say what is wrong, if anything is.

    `loss` is of the sound from the user, `far_loss` of that to the user; `jitter` and `mos` are of the worse.
    """

    id: str
    user: str
    loss: float
    far_loss: float
    jitter: float
    round_trip: float | None
    mos: float
    words: str

    @property
    def topics(self) -> tuple[str, ...]:
        return (f"own.{self.user}",)


class QualityBoard:
    """The latest of each leg, for as long as it talks."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._shown: dict[str, float] = {}  # by leg: when
        feed.watch(CallView, self._call_changed)

    def heard(self, leg: Leg, report: PortReport, now: float) -> None:
        """A leg's port has reported. What a stranger hears is nobody's to see."""
        user = leg.party.user
        if not user or self._shown.get(leg.id, now - PUBLISHED_EVERY) > now - PUBLISHED_EVERY:
            return
        self._shown[leg.id] = now
        self._feed.set(
            LegQuality(
                leg.id,
                user,
                report.loss,
                report.far_loss,
                max(report.jitter, report.far_jitter),
                report.round_trip,
                worse_way(report, leg.codecs[0]),
                complaint(report),
            )
        )

    def _call_changed(self, old: CallView | None, new: CallView | None) -> None:
        call = old if new is None else new
        if not self._shown or call is None:
            return
        for leg in call.legs:
            if leg.id in self._shown and (new is None or leg.state == "gone"):
                del self._shown[leg.id]
                self._feed.drop(LegQuality, leg.id)
