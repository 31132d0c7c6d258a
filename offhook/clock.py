"""The one place where monotonic time and Unix time meet.

Everything inside speaks of `loop.time()`. Records, the wire and the disk want Unix time: an anchor
ties the two together, and `renew`, called each minute, ties a new knot when somebody has set the
machine's clock. A moment before the knot keeps the Unix time it had, so an event is never
dated twice.
"""

from bisect import bisect_right
from collections.abc import Callable

_SLACK = 0.05  # seconds: a clock that is merely trimmed by NTP needs no new knot each minute
_MOST_KNOTS = 1000


class Clock:
    """`monotonic` is the loop's `time`, `unix` is `time.time`; tests hand in their own."""

    def __init__(self, monotonic: Callable[[], float], unix: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._unix = unix
        self._since = [float("-inf")]  # from which monotonic time on …
        self._offsets = [unix() - monotonic()]  # … Unix time is so far ahead of it

    def now(self) -> float:
        """Monotonic seconds."""
        return self._monotonic()

    def wall(self, now: float) -> float:
        """The Unix time of a monotonic one."""
        if now >= self._since[-1]:
            return now + self._offsets[-1]
        return now + self._offsets[bisect_right(self._since, now) - 1]

    def monotonic(self, wall: float) -> float:
        """The monotonic time of a Unix one that was read from disk; it may lie before our start."""
        return wall - self._offsets[-1]

    def renew(self) -> None:
        now = self._monotonic()
        offset = self._unix() - now
        if abs(offset - self._offsets[-1]) < _SLACK:
            return
        self._since.append(now)
        self._offsets.append(offset)
        if len(self._since) > _MOST_KNOTS:
            del self._since[1], self._offsets[0]
