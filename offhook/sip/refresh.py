"""Session timers, RFC 4028: who refreshes, how often, and what an interval too small is told."""

from typing import TYPE_CHECKING, Final

from offhook.sip.headers import param, seconds_of
from offhook.sip.message import Message, Request
from offhook.sip.timers import Alarm

if TYPE_CHECKING:
    from offhook.sip.session import Session

INTERVAL: Final = 1800  # what we ask for
MINIMUM: Final = 90  # what we bear, RFC 4028 §5
MIN_SE: Final = b"Min-SE: %d\r\n" % MINIMUM
_LONGEST: Final = 86_400
_FIRST: Final = b"Session-Expires: %d;refresher=uac\r\n" % INTERVAL  # what nearly each call begins with

_REFRESH: Final = "refresh"
_EXPIRE: Final = "expire"


def knows_timers(message: Message) -> bool:
    supported = message.get(b"supported")
    return supported is not None and b"timer" in supported


def is_too_small(request: Request) -> bool:
    """Whether a request for a session wants an interval that we refuse with a 422."""
    wanted = request.get(b"session-expires")
    return wanted is not None and knows_timers(request) and seconds_of(wanted, INTERVAL) < MINIMUM


class Refresh:
    """The timer of one session, which is told what is due. `ours`: the refreshing is for us to do."""

    __slots__ = ("_alarm", "interval", "minimum", "ours")

    def __init__(self) -> None:
        self._alarm: Alarm | None = None
        self.interval = 0  # 0: none was agreed
        self.minimum = 0  # what the other end or a proxy asked for in a 422
        self.ours = True

    def asked(self) -> bytes:
        """The headers of a request of ours that opens, changes or refreshes the session."""
        if not self.interval and not self.minimum and self.ours:
            return _FIRST
        minimum = b"Min-SE: %d\r\n" % self.minimum if self.minimum else b""
        interval = max(self.interval or INTERVAL, self.minimum)
        return b"Session-Expires: %d;refresher=%b\r\n%b" % (
            interval,
            b"uac" if self.ours else b"uas",
            minimum,
        )

    def refused(self, response: Message) -> bool:
        """A 422 came: ask for more, or give up if it wants no more than we asked for."""
        minimum = min(seconds_of(response.get(b"min-se"), 0), _LONGEST)
        if minimum <= max(self.interval or INTERVAL, self.minimum):
            return False
        self.minimum = minimum
        self.interval = max(self.interval, minimum) if self.interval else 0
        return True

    def answer(self, request: Request, session: "Session", now: float) -> bytes:
        """A request of theirs is answered with 2xx: the headers that go with it (RFC 4028 §9)."""
        wanted = request.get(b"session-expires")
        known = knows_timers(request)
        if wanted is None:
            if not known:
                self.stop()
                return b""
            interval = self.interval or INTERVAL
            refresher = b"uas"
        else:
            interval = min(max(seconds_of(wanted, INTERVAL), MINIMUM), _LONGEST)
            refresher = (param(wanted, b"refresher") or b"uas").lower() if known else b"uas"
        interval = max(interval, min(seconds_of(request.get(b"min-se"), 0), _LONGEST))
        self._begin(interval, refresher != b"uac", session, now)
        required = b"Require: timer\r\n" if refresher == b"uac" else b""
        return b"Session-Expires: %d;refresher=%b\r\n%b" % (interval, refresher, required)

    def answered(self, response: Message, session: "Session", now: float) -> None:
        """A request of ours was answered with 2xx (RFC 4028 §7.2)."""
        agreed = response.get(b"session-expires")
        if agreed is None:
            self.stop()
            return
        interval = min(max(seconds_of(agreed, INTERVAL), MINIMUM), _LONGEST)
        ours = (param(agreed, b"refresher") or b"uac").lower() != b"uas"
        self._begin(interval, ours, session, now)

    def stop(self) -> None:
        self.interval = 0
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def due(self, token: object, session: "Session", now: float) -> None:
        if token is _REFRESH:
            half = self.interval / 2
            self._alarm = session.core.timers.at(now + half - self._grace, session, _EXPIRE, now)
            session.change.refresh(now)
        else:
            session.expire(now)

    @property
    def _grace(self) -> float:
        """How long before the end of the interval one hangs up (RFC 4028 §10)."""
        return min(32.0, self.interval / 3)

    def _begin(self, interval: int, ours: bool, session: "Session", now: float) -> None:
        self.interval = interval
        self.ours = ours
        if self._alarm is not None:
            self._alarm.cancel()
        after, token = (interval / 2, _REFRESH) if ours else (interval - self._grace, _EXPIRE)
        self._alarm = session.core.timers.at(now + after, session, token, now)
