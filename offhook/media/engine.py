"""The media engine's half in the server: bridges on workers, the least busy first.

Nothing here waits: what bridges and ports are told goes to their worker one way, and what
workers have to say comes to `news`, together with the port it is about.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from secrets import randbits

from offhook.calls.media import Bridge, NoMedia
from offhook.media.bridge import EngineBridge
from offhook.media.supervisor import START_SECONDS, Place
from offhook.media.workers import News, Worker, WorkerState

COMMAND = (sys.executable, "-m", "offhook.media.worker")


class MediaEngine:
    """`soon` calls a function after the present one has returned (`loop.call_soon`)."""

    def __init__(self, soon: Callable[[Callable[[], None]], object]) -> None:
        self.soon = soon
        self.workers: dict[int, Worker] = {}  # by their place; one that died is missing until replaced
        self.replaced = 0
        self._number = 0
        self._session = randbits(48)

    def bridge(self, *, near: Bridge | None = None) -> EngineBridge:
        if isinstance(near, EngineBridge) and near.worker.is_ready:
            worker = near.worker
        else:
            ready = [worker for worker in self.workers.values() if worker.is_ready]
            if not ready:
                raise NoMedia("no media worker is ready")
            worker = min(ready, key=_busyness)
        return EngineBridge(self.next_number(), worker, self)

    def states(self) -> list[WorkerState]:
        return [worker.state for worker in self.workers.values()]

    def next_number(self) -> int:
        """For ports and bridges; none is used twice, so late news of a closed port finds nobody."""
        self._number += 1
        return self._number

    def next_session(self) -> int:
        """For `o=` lines."""
        self._session += 1
        return self._session


def _busyness(worker: Worker) -> int:
    return len(worker.ports) + len(worker.bridges)


@asynccontextmanager
async def open_engine(
    workers: int,
    hosts: Sequence[str],
    port_range: tuple[int, int],
    news: News,
    *,
    command: Sequence[str] = COMMAND,
) -> AsyncIterator[MediaEngine]:
    """An engine whose workers are all ready. `port_range` is divided among them, both ends included."""
    engine = MediaEngine(asyncio.get_running_loop().call_soon)
    places = [
        Place(engine, number, command, json.dumps({"hosts": list(hosts), "ports": ports}), news)
        for number, ports in enumerate(_shares(port_range, workers))
    ]
    tasks = [asyncio.create_task(place.keep(), name=f"media worker {place.number}") for place in places]
    try:
        try:
            async with asyncio.timeout(START_SECONDS):
                for place in places:
                    await place.ready.wait()
        except TimeoutError as why:
            where = f"{', '.join(hosts)}, ports {port_range[0]} to {port_range[1]}"
            raise RuntimeError(f"the media workers found no sockets on {where}") from why
        yield engine
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _shares(port_range: tuple[int, int], workers: int) -> list[tuple[int, int]]:
    """Each worker's part of the range, beginning with an even port."""
    low, high = port_range[0] + port_range[0] % 2, port_range[1]
    size = (high + 1 - low) // workers // 2 * 2
    if size < 2:
        raise ValueError(f"ports {port_range[0]} to {port_range[1]} are too few for {workers} media workers")
    return [(low + n * size, low + (n + 1) * size - 1) for n in range(workers)]
