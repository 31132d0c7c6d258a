"""What the world may know of a call: small values, published on the feed at each change.

Times are monotonic seconds; the edges turn them into Unix time.
"""

import msgspec

from offhook.calls.cause import Cause
from offhook.calls.leg import Party


class LegView(msgspec.Struct, frozen=True):
    id: str
    party: Party
    calls_us: bool  # the caller's side
    state: str  # ringing, talking, gone
    holding: bool
    muted: bool
    lost: bool
    cause: Cause | None


class CallView(msgspec.Struct, frozen=True):
    id: str
    state: str  # preparing, ringing, talking, closing, ended
    legs: tuple[LegView, ...]
    called: Party
    begun: float
    answered: float | None
    ended: float | None
    cause: Cause | None
    audience: tuple[str, ...]  # ids of the users who take part now; when ended, who did last

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple([f"own.{user}" for user in self.audience])
