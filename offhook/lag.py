"""How late the loop is: the one figure that says whether the server has too much to do."""

import asyncio
from collections import deque

LOOKS_PER_SECOND = 25


class LagWatch:
    """Wakes up 25 times a second and notes how late it was. Figures are of the last second, in seconds."""

    def __init__(self) -> None:
        self._late: deque[float] = deque([0.0] * LOOKS_PER_SECOND, maxlen=LOOKS_PER_SECOND)
        self._p90 = 0.0
        self.worst = 0.0  # since the start

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        pause = 1 / LOOKS_PER_SECOND
        while True:
            due = loop.time() + pause
            await asyncio.sleep(pause)
            late = max(0.0, loop.time() - due)
            self._late.append(late)
            self.worst = max(self.worst, late)
            self._p90 = self._quantile(0.9)

    def p90(self) -> float:
        return self._p90

    def p99(self) -> float:
        return self._quantile(0.99)

    def _quantile(self, part: float) -> float:
        late = sorted(self._late)
        return late[min(len(late) - 1, int(part * len(late)))]
