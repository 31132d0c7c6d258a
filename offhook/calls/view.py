"""What the world may know of a call: small values, published on the feed at each change.

Times are monotonic seconds; the edges turn them into Unix time.
"""

import msgspec

from offhook.calls.cause import Cause
from offhook.calls.leg import Party


class Via(msgspec.Struct, frozen=True):
    """Why a leg is in a call, where nobody simply dialled it."""

    how: str  # diverted, transferred, recalled, picked-up, moved, retrieved, group
    by: Party


class Place(msgspec.Struct, frozen=True):
    """Where a call is parked: a user's position. Slots are "0" to "9"; "" is a hold of the user's own."""

    user: str
    number: str
    slot: str


class LegView(msgspec.Struct, frozen=True):
    id: str
    party: Party
    calls_us: bool  # the caller's side
    state: str  # ringing, talking, gone
    holding: bool
    muted: bool
    lost: bool
    cause: Cause | None
    since: float | None  # when it began to talk
    takes_orders: bool  # it can be told to answer and to hold
    via: Via | None


class CallView(msgspec.Struct, frozen=True):
    id: str
    state: str  # preparing, ringing, talking, parked, closing, ended
    legs: tuple[LegView, ...]
    called: Party
    begun: float
    answered: float | None
    ended: float | None
    cause: Cause | None
    parked: Place | None
    parked_by: Party | None
    audience: tuple[str, ...]  # ids of the users who take part now; when ended, who did last

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple([f"own.{user}" for user in self.audience])
