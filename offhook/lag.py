"""How late the loop is: the one figure that says whether the server has too much to do."""

import asyncio
import time
from collections import deque

LOOKS_PER_SECOND = 25


class LagWatch:
    """Wakes up 25 times a second and notes how late it was. Figures are of the last second, in seconds.

    New calls are refused by `own_p90`: lateness counts up to what the loop's own thread has
    computed meanwhile. While other programs or threads hold the processor, refusing calls would mend nothing.
    """

    def __init__(self) -> None:
        self._late: deque[float] = deque([0.0] * LOOKS_PER_SECOND, maxlen=LOOKS_PER_SECOND)
        self._own: deque[float] = deque([0.0] * LOOKS_PER_SECOND, maxlen=LOOKS_PER_SECOND)
        self._own_p90 = 0.0
        self.worst = 0.0  # since the start

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        pause = 1 / LOOKS_PER_SECOND
        while True:
            due, computed = loop.time() + pause, time.thread_time()
            await asyncio.sleep(pause)
            late = max(0.0, loop.time() - due)
            self._late.append(late)
            self._own.append(min(late, time.thread_time() - computed))
            self.worst = max(self.worst, late)
            self._own_p90 = _quantile(self._own, 0.9)

    def own_p90(self) -> float:
        return self._own_p90

    def p90(self) -> float:
        return _quantile(self._late, 0.9)

    def p99(self) -> float:
        return _quantile(self._late, 0.99)


def _quantile(late: deque[float], part: float) -> float:
    ordered = sorted(late)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
