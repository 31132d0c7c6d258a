"""What a server process is made ready with, and what it does every so often."""

import asyncio
import gc
import logging
import resource
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable

logger = logging.getLogger(__name__)

Work = Callable[[], Awaitable[object]]


def prepare() -> None:
    """Sockets for every call, short turns beside busy threads, and few pauses of the collector."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    sys.setswitchinterval(0.0005)
    gc.set_threshold(50_000, 20, 100)


def stop_signals() -> asyncio.Event:
    """Set when the process is asked to end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    return stop


class Alarm:
    """One timer: rings no later than the earliest time it was set for."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.ring: Callable[[], None] = lambda: None
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._at = float("inf")

    def set(self, at: float) -> None:
        if at < self._at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer, self._at = self._loop.call_at(at, self._due), at

    def _due(self) -> None:
        self._timer, self._at = None, float("inf")
        self.ring()


async def every(seconds: float, work: Work) -> None:
    """Do it now and every so often; what fails once is reported and tried again."""
    while True:
        try:
            await work()
        except Exception:
            logger.exception("something that is done every %g s failed", seconds)
        await asyncio.sleep(seconds)


def waiting_for_nothing(work: Callable[[], object]) -> Work:
    """`work` for `every`, though it has nothing to wait for."""

    async def done() -> None:
        work()

    return done


async def end(tasks: Iterable["asyncio.Task[None]"]) -> None:
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
