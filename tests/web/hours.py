"""Hours that pass when a test says so."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Alarm:
    is_set: bool = True

    def cancel(self) -> None:
        self.is_set = False


class Time:
    """What happens after a while happens while the test lets that while pass."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._due: list[tuple[float, int, Callable[[], None], Alarm]] = []
        self._count = 0

    def now(self) -> float:
        return self._now

    def unix(self) -> float:
        """Runs 1,000,000 s ahead."""
        return self._now + 1_000_000

    def after(self, seconds: float, then: Callable[[], None]) -> Alarm:
        alarm = Alarm()
        self._count += 1
        heapq.heappush(self._due, (self._now + seconds, self._count, then, alarm))
        return alarm

    def passes(self, seconds: float) -> None:
        until = self._now + seconds
        while self._due and self._due[0][0] <= until:
            self._now, _, then, alarm = heapq.heappop(self._due)
            if alarm.is_set:
                then()
        self._now = until
