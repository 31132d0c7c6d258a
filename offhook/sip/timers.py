"""Timers as queues: one queue for each duration, first in first out, so that nothing is ever sorted.

Cancelling is marking: whoever set a timer is told when it is due and looks at its own
state. What is due is swept together, at a grain of 20 ms.
"""

from collections import deque
from typing import Final, Protocol

T1: Final = 0.5  # a round trip, RFC 3261 §17.1.1.1
T2: Final = 4.0  # the longest wait between two copies
LIFE: Final = 64 * T1  # how long an answer is waited for, and copies may come
LATER: Final = LIFE - T1  # what is left of it once the first copy has gone out
GRAIN: Final = 0.02
NEVER: Final = float("inf")

_DURATIONS: Final = (T1, 1.0, 2.0, T2, 8.0, 16.0, LATER, LIFE, GRAIN)
_HOPS: Final = (LIFE, 8.0, 2.0, T1, GRAIN)


class Timed(Protocol):
    def due(self, token: object, now: float) -> None:
        """The time named `token` has come; it may no longer matter."""


class Timers:
    def __init__(self) -> None:
        self._queues: dict[float, deque[tuple[float, Timed, object]]] = {
            seconds: deque() for seconds in _DURATIONS
        }
        self._next = NEVER  # no head of a queue is earlier
        self._swept = -NEVER

    def after(self, seconds: float, target: Timed, token: object, now: float) -> None:
        """Tell `target` in so many seconds: one of the durations that have a queue."""
        due = now + seconds
        self._queues[seconds].append((due, target, token))
        if due < self._next:
            self._next = due

    def at(self, when: float, target: Timed, token: object, now: float) -> "Alarm":
        """Tell `target` at any other time; reached by hops through the queues there are."""
        alarm = Alarm(self, when, target, token)
        if when - now >= LIFE:
            self.after(LIFE, alarm, None, now)
        else:
            alarm.due(None, now)
        return alarm

    def next_timeout(self) -> float | None:
        """When `tick` has something to do, at the earliest a grain after the last time."""
        if self._next == NEVER:
            return None
        return max(self._next, self._swept + GRAIN)

    def tick(self, now: float) -> None:
        if now < self._next:
            return
        self._swept = self._next = now  # should a target raise, the next tick goes on
        queues = self._queues.values()
        for queue in queues:
            while queue and queue[0][0] <= now:
                _, target, token = queue.popleft()
                target.due(token, now)
        self._next = min((queue[0][0] for queue in queues if queue), default=NEVER)


class Alarm:
    """A time that fits no queue. Cancelled, it holds on to nobody."""

    __slots__ = ("_target", "_timers", "_token", "when")

    def __init__(self, timers: Timers, when: float, target: Timed, token: object) -> None:
        self.when = when
        self._timers = timers
        self._target: Timed | None = target
        self._token = token

    def cancel(self) -> None:
        self._target = None

    def due(self, token: object, now: float) -> None:
        target = self._target
        if target is None:
            return
        left = self.when - now
        if left <= 0:
            self._target = None
            target.due(self._token, now)
            return
        for hop in _HOPS:
            if hop <= left:
                break
        self._timers.after(hop, self, None, now)  # the shortest, where none fits
