"""What happens in calls, step by step: all that a call record tells, said once and in order.

Moments are posted on the feed for those who watch them; no client follows them.
"""

from enum import StrEnum

import msgspec

from offhook.calls.cause import Cause
from offhook.calls.leg import NOBODY, Party
from offhook.calls.view import Via


class What(StrEnum):
    CALLED = "called"  # `party` at `leg` calls `other`
    RUNG = "rung"  # `leg` of `party` is called on behalf of `other`; `via` where nobody simply dialled it
    UNREACHED = "unreached"  # `party` was called by `other`, but nothing of theirs could ring: `cause`
    ALERTED = "alerted"  # `leg` rings, for the first time
    CONNECTED = "connected"  # `leg` talks from now on, to `other`
    DIVERTED = "diverted"  # what was for `party` goes on to `other`; `via.how` says which way
    TRANSFERRED = (
        "transferred"  # `party` leaves with `leg`; the others of this call go on with `other`, in `into`
    )
    CAME = "came"  # `leg` of `party` comes over from the call `into` names as its former one
    PARKED = "parked"  # `leg` waits at `other`'s position
    REFUSED = "refused"  # `party` may not send the call on to `other`: `cause`; nothing has come of it
    LEFT = "left"  # `leg` is gone: `cause`; `own` where it hung up by itself
    ENDED = "ended"  # the call is over: `cause`


class Moment(msgspec.Struct, frozen=True):
    """`at` is in monotonic seconds. A party without `user` is a stranger, of whom no record is kept."""

    call: str
    what: What
    at: float
    leg: str = ""
    party: Party = NOBODY
    other: Party = NOBODY
    cause: Cause | None = None
    via: Via | None = None
    own: bool = False
    into: str = ""

    @property
    def id(self) -> str:
        return self.call

    @property
    def topics(self) -> tuple[str, ...]:
        return ()
